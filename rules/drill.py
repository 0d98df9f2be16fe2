"""A drill: an exercise that somebody has started, with its life as a table, and what is remembered of it to score it.

A drill owns the exercise tree of its site while it lasts. What is told on that tree makes incidents in mode `exercise`,
beside those that are real.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from msgspec import Struct

from rules.instant import DAY_MS, MINUTE_MS, Instant
from rules.mode import Mode
from rules.score import Score
from rules.site import Title
from rules.timeline import Entry, Kind

KEPT_MS = 30 * DAY_MS  # so long a drill that is over stays in the state: theory is still taken (ours)
ENDED_KEPT_MAX = 200  # drills that are over, in the state; the store has all of them
SETTLES_MS = 10 * MINUTE_MS  # after a drill what still comes on its tree raises nothing: players stop late (ours)
MARKS_MAX = 5_000  # of one drill; a flood of 500 acknowledges fewer
MARKED = (
    Kind.ACKNOWLEDGED,
    Kind.ESCALATED,
    Kind.LEVEL_RAISED,
    Kind.CONFIRMED,
    Kind.RESPONDED,
    Kind.OVERDUE,
    Kind.CLOSED,
)
NO_DRILL = "no drill"  # keeps quiet what nobody has started


class Stage(Enum):
    RUNNING = "running"
    SUSPENDED = "suspended"  # something real has happened, or a person said so
    ENDED = "ended"
    ABORTED = "aborted"  # counts for nothing


class Turning(Enum):
    """What moves a drill from stage to stage."""

    SUSPEND = "suspend"
    RESUME = "resume"
    END = "end"
    ABORT = "abort"


TRANSITIONS: dict[tuple[Stage, Turning], Stage] = {
    (Stage.RUNNING, Turning.SUSPEND): Stage.SUSPENDED,
    (Stage.RUNNING, Turning.END): Stage.ENDED,
    (Stage.RUNNING, Turning.ABORT): Stage.ABORTED,
    (Stage.SUSPENDED, Turning.RESUME): Stage.RUNNING,
    (Stage.SUSPENDED, Turning.END): Stage.ENDED,
    (Stage.SUSPENDED, Turning.ABORT): Stage.ABORTED,
}


class Mark(Struct, frozen=True):
    """One thing that counts for the score and that an incident does not remember for good."""

    at: Instant
    incident: str
    kind: str  # of the entry: one of `MARKED`
    by: str = ""
    role: str = ""  # in which it was acknowledged, to which it was escalated
    what: str = ""  # the level it was raised to; what is overdue


class Theory(Struct, frozen=True):
    """One person's answers to the questions of a plan."""

    person: str
    plan: str
    at: Instant
    points: int
    of: int
    passed: bool
    wrong: list[str] = []  # ids of the questions


class Drill(Struct):
    id: str  # "DRL-000003"
    site: str
    scenario: str  # what was played, by its name
    title: Title
    started_at: Instant
    started_by: str
    ends_at: Instant  # at the latest; later by every suspension
    onset_ms: int = 0  # from the start until the first thing happens
    stage: Stage = Stage.RUNNING
    suspended_at: Instant | None = None
    suspended_for: str | None = None  # the incident that broke through
    suspended_until: Instant | None = None  # aborted by then
    pauses: list[tuple[Instant, Instant]] = []  # suspensions that are over: from, until
    ended_at: Instant | None = None
    ended_by: str | None = None  # a person, or "tocsin"
    reason: str = ""  # of the latest turning
    incidents: list[str] = []
    hazards: list[str] = []  # that were drilled, in the order in which they came
    marks: list[Mark] = []
    score: Score | None = None  # of one that has ended
    theory: list[Theory] = []
    positions: list[int] = []  # of its own entries, on the timeline of no incident
    leaves_at: Instant | None = None  # when one that is over leaves the state
    revision: int = 0

    @property
    def open(self) -> bool:
        return self.stage in (Stage.RUNNING, Stage.SUSPENDED)

    @property
    def named(self) -> str:
        return f"drill {self.id}"

    @property
    def due(self) -> Instant | None:
        """When time alone next changes it."""
        if self.stage is Stage.RUNNING:
            return self.ends_at
        return self.suspended_until if self.stage is Stage.SUSPENDED else self.leaves_at

    @property
    def mode(self) -> Mode:
        """Always. Never a field that could say otherwise."""
        return Mode.EXERCISE


def remember(drill: Drill, entry: Entry) -> bool:
    """What is written on the timeline of one of its incidents. → whether it counts for the score."""
    if entry.kind not in MARKED or not drill.open or entry.incident is None or len(drill.marks) >= MARKS_MAX:
        return False
    facts = entry.facts
    what = str(facts.get("to") or facts.get("what") or "")
    role = str(facts.get("role") or "")
    drill.marks.append(Mark(entry.at, entry.incident, entry.kind.value, entry.by or "", role, what))
    return True


def drill_at(drills: Mapping[str, Drill], site: str) -> Drill | None:
    """The drill that is on at a site: there is one at most."""
    return next((each for each in drills.values() if each.open and each.site == site), None)


def drill_for(drills: Mapping[str, Drill], mode: Mode, site: str) -> Drill | None:
    """To which drill something belongs that happens in a mode at a site. What is of no site (a channel that does not
    deliver) belongs to the drill that is on, if there is but one."""
    if mode is not Mode.EXERCISE:
        return None
    if site:
        return drill_at(drills, site)
    found = [each for each in drills.values() if each.open]
    return found[0] if len(found) == 1 else None


def suspended_for(drills: Mapping[str, Drill], mode: Mode, site: str) -> str:
    """Why nothing leaves now that belongs to an exercise at the site; empty: it may."""
    drill = drill_for(drills, mode, site)
    return f"{drill.named} is suspended" if drill is not None and drill.stage is Stage.SUSPENDED else ""


def latest_over(drills: Mapping[str, Drill], site: str) -> Drill | None:
    """The drill of a site that was the last to end or to be aborted, as long as it is known."""
    over = [each for each in drills.values() if not each.open and each.site == site]
    return max(over, key=lambda each: each.ended_at or 0, default=None)


def exercises_from(drills: Mapping[str, Drill]) -> dict[str, Instant]:
    """Site → since when what is said on its exercise tree counts: the start or the end of its latest drill."""
    found: dict[str, Instant] = {}
    for drill in drills.values():
        found[drill.site] = max(found.get(drill.site, 0), drill.started_at, drill.ended_at or 0)
    return found


def settling(drills: Mapping[str, Drill], site: str, now: Instant) -> Drill | None:
    """The drill that has just ended at the site (empty: at any), where none is on."""
    if (drill_at(drills, site) if site else next((each for each in drills.values() if each.open), None)) is not None:
        return None
    sites = [site] if site else list(dict.fromkeys(each.site for each in drills.values()))
    over = [last for each in sites if (last := latest_over(drills, each)) is not None]
    return next((each for each in over if now < (each.ended_at or 0) + SETTLES_MS), None)
