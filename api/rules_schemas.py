"""The wire's shapes of rules, trials, readings, shifts, commands and the journal's proof."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from api.readings_port import Aggregate
from api.rules_port import BacktestState, VersionKind
from api.schemas import At, CommandOut, EntryOut, IncidentOut, ListOf, NewEntries, Repeated, Title, Values, Wire
from rules.level import Level
from rules.mode import Mode
from rules.reading import Value
from rules.signal import Signal
from rules.verdict import Verdict

# ---- rules and versions


class RuleOut(Wire):
    id: str
    kind: Literal["detection", "confirmation"]
    title: Title
    hazard: str
    signal: Signal | None = Field(description="of a detection")
    level: Level | None = Field(description="null: evidence for others")
    device_classes: list[str] = Field(description="whose readings it looks at; `*`: every class")
    version: str = Field(description="of this rule; evidence names it")
    confirmed_by: list[str] = Field(description="confirmations that count it")


class RulesOut(ListOf[RuleOut]):
    """By id."""

    version: str = Field(description="of all rules in force together")


class RuleDetailOut(RuleOut):
    written: dict[str, Any] = Field(description="as a file would have it; JSON is YAML, too")


class VersionOut(Wire):
    """One stay in force."""

    version: str = Field(description="hash of the content")
    kind: VersionKind
    since: At
    until: At | None = Field(description="null: in force")
    position: int = Field(description="of the timeline's entry that says so")


class VersionsOut(ListOf[VersionOut]):
    """Newest first."""


class VersionTextOut(Wire):
    version: str
    kind: VersionKind
    content: dict[str, Any] = Field(description="all that was in force, the shipped library with it")
    files: dict[str, str] = Field(description="the site's own files as they were written; empty: not kept")


# ---- files


class FileProblemOut(Wire):
    file: str
    line: int = Field(description="0: the file as a whole")
    path: str
    message: str
    text: str = Field(description="the line that `tocsin check` prints")


class FilesCheckedOut(Wire):
    ok: bool
    problems: list[FileProblemOut]
    remarks: list[str] = Field(description="no fault, and worth knowing")
    summary: str


# ---- dry run


class VerdictOut(Wire):
    rule: str
    device: str
    verdict: Verdict
    at: At
    values: Values


class FiringOut(Wire):
    """A detection that fired."""

    rule: str
    device: str
    since: At
    until: At | None = Field(description="null: it still did at the end")
    values: Values
    quiet: bool = Field(description="kept quiet: inhibited")


class FaultOut(Wire):
    number: int = Field(description="of the reading, from 0")
    reason: str
    detail: str


class DryRunOut(Wire):
    ok: bool = Field(description="false: the files have problems, and nothing was tried")
    problems: list[FileProblemOut]
    begins: At | None
    ends: At | None
    verdicts: list[VerdictOut]
    firings: list[FiringOut]
    incidents: list[IncidentOut] = Field(description="as they stand at the end")
    entries: list[EntryOut]
    effects: dict[str, int] = Field(description="what would have been sent: kind → how often")
    faults: list[FaultOut] = Field(description="what is wrong with the readings")
    left_out: int = Field(description="verdicts, firings and entries beyond those shown")


# ---- backtest


class WouldBeOut(Wire):
    """An incident that would have been opened."""

    zone: str
    hazard: str
    level: Level = Field(description="the worst it came to, with nobody acting")
    opened_at: At
    confirmed: bool
    closed_at: At | None


class JudgedOut(Wire):
    """What one set of rules would have made of it."""

    fired: int
    firings: list[FiringOut] = Field(description="at most 2 000")
    by_rule: dict[str, int]
    by_device: dict[str, int]
    held_before: int = Field(description="fired already when the range began; not counted")
    incidents_opened: int
    incidents: list[WouldBeOut] = Field(description="at most 1 000")


class ComparedOut(Wire):
    summary: str
    rules: list[str] = Field(description="that were judged: those that differ, and what they build on")
    candidate: JudgedOut
    running: JudgedOut
    both: int = Field(description="firings of the candidate that overlap one of the running rules'")
    only_candidate: list[int] = Field(description="indexes into `candidate.firings`")
    only_running: list[int] = Field(description="indexes into `running.firings`")
    readings: int
    remarks: list[str]


class BacktestOut(Wire):
    id: str
    state: BacktestState
    asked_by: str
    asked_at: At
    ended_at: At | None
    since: At = Field(serialization_alias="from")
    until: At = Field(serialization_alias="to")
    site: str | None
    files: list[str]
    progress: float = Field(description="0 to 1")
    problems: list[FileProblemOut] = Field(description="of the files; then it is `refused`")
    why: str = Field(description="it failed")
    compared: ComparedOut | None


class BacktestsOut(Wire):
    """Newest first; what each came to is asked for by its id."""

    items: list[BacktestOut]


# ---- readings


class SeriesOut(Wire):
    metric: str
    points: list[tuple[At, Value]] = Field(description="beginning of the step, value; an empty step has none")


class ReadingsOut(Wire):
    device: str
    mode: Mode
    since: At = Field(serialization_alias="from")
    until: At = Field(serialization_alias="to")
    step_ms: int
    agg: Aggregate
    series: list[SeriesOut]
    complete: bool
    complete_until: At = Field(description="where it is not complete: ask on from here")
    missing_before: At | None = Field(
        default=None, description="what lies before it is kept in InfluxDB, which does not answer now"
    )
    missing: str = Field(default="", description="why; empty: nothing is missing")


# ---- shifts


class ShiftOut(Wire):
    role: str
    site: str | None = Field(description="null: any")
    since: At
    until: At
    person: str | None = Field(description="null: everybody of the rota is absent")
    name: str
    stands_in_for: str | None


class ShiftsOut(Wire):
    """By beginning."""

    items: list[ShiftOut]


class AbsenceOut(Wire):
    person: str
    since: At
    until: At


class AbsencesOut(Wire):
    items: list[AbsenceOut]


# ---- commands, messages not understood


class CommandOfOut(Wire):
    incident: str
    site: str
    zone: str
    hazard: str
    mode: Mode
    incident_open: bool
    command: CommandOut


class CommandsOut(ListOf[CommandOfOut]):
    """Newest first."""


class LettersDoneOut(Wire):
    letters: int = Field(description="how many topics and reasons were cleared")
    entries: NewEntries
    repeated: Repeated


# ---- the journal


class VerificationOut(Wire):
    state: Literal["never", "running", "whole", "broken", "failed"]
    asked_by: str
    asked_at: At | None
    ended_at: At | None
    rows: int = Field(description="that are as they were written")
    head: str = Field(description="hash of the last row; compare it with one noted elsewhere")
    broken_at: int | None
    why: str
