"""The wire's shapes of drills: how they stand, how they went, which are due, and the questions for training."""

from __future__ import annotations

from pydantic import Field

from api.schemas import At, ListOf, NewEntries, Repeated, Title, Wire
from rules.drill import Stage
from rules.mode import Mode
from rules.score import Met, Part

Milliseconds = int


class ScoreLineOut(Wire):
    """One thing that had to be done."""

    what: str = Field(description="stable: `detect`, `acknowledge`, `quorum`, `respond`, `control`, `task`, `order`, …")
    title: Title
    part: Part = Field(description="what a drill has to cover: start, handling, liaison, information; and its close")
    met: Met = Field(description="`late`: half the points; `not_asked`: no points either way")
    points: float
    of: float
    incident: str
    role: str = Field(description="who had to; empty: Tocsin itself")
    person: str = Field(description="who did, or who was on duty and did not; empty: nobody in particular")
    took_ms: Milliseconds | None = Field(description="without the time for which the drill stood still")
    limit_ms: Milliseconds | None
    mandatory: bool
    reason: str


class TallyOut(Wire):
    name: str
    points: float
    of: float
    passed: bool
    missed: list[Title] = Field(description="what was mandatory and not done")


class ScoreOut(Wire):
    points: float
    of: float
    percent: int
    pass_percent: int
    passed: bool = Field(description="enough points, and nothing mandatory was left undone; else: retrain")
    complete: bool = Field(description="false: something real cut it off; nothing is proven then")
    lines: list[ScoreLineOut]
    roles: list[TallyOut]
    people: list[TallyOut]
    parts: dict[str, bool] = Field(description="part → whether the drill has covered it")


class TheoryOut(Wire):
    person: str
    plan: str
    at: At
    points: int
    of: int
    passed: bool
    wrong: list[str] = Field(description="ids of the questions")


class DrillOut(Wire):
    """`mode` is always `exercise`."""

    id: str
    mode: Mode
    site: str
    scenario: str
    title: Title
    stage: Stage = Field(description="running, suspended, ended, aborted")
    open: bool
    started_at: At
    started_by: str
    ends_at: At = Field(description="at the latest")
    suspended_at: At | None
    suspended_for: str | None = Field(description="the real incident that broke through")
    suspended_until: At | None = Field(description="aborted by then")
    ended_at: At | None
    ended_by: str | None
    reason: str = Field(description="why it stands as it does")
    incidents: list[str]
    hazards: list[str]
    score: ScoreOut | None = Field(description="of one that has ended")
    theory: list[TheoryOut]
    revision: int = Field(description="rises with every change; the ETag")


class DrillsOut(ListOf[DrillOut]):
    """Newest first."""


class DrillDoneOut(Wire):
    """What a command has led to."""

    drill: DrillOut
    entries: NewEntries
    repeated: Repeated


class HeldOut(Wire):
    drill: str
    at: At
    passed: bool


class RequiredDrillOut(Wire):
    """One field of the coverage matrix."""

    site: str
    id: str
    title: Title
    hazards: list[str] = Field(description="a drill of any of these counts")
    every_ms: Milliseconds
    due_at: At = Field(description="by when the next has to be held")
    overdue: bool
    last_at: At | None
    last: str
    held: list[HeldOut] = Field(description="in the year that was asked for, the oldest first")


class CalendarOut(Wire):
    year: int
    items: list[RequiredDrillOut] = Field(description="site by site")


class QuestionOut(Wire):
    """Without the answer."""

    id: str
    question: Title
    choices: list[Title]
    points: int


class PaperOut(Wire):
    plan: str
    questions: list[QuestionOut]


class PapersOut(Wire):
    items: list[PaperOut]
