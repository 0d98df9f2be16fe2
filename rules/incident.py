"""An incident: what is known of it, and the table of its life.

Level, phase, signal and mode are four fields that never stand for one another.
"""

from __future__ import annotations

from enum import Enum

from msgspec import Struct

from rules.instant import Instant
from rules.level import Level
from rules.mode import Mode
from rules.reading import Value
from rules.requests import Finding
from rules.signal import Signal
from rules.site import Title


class Phase(Enum):
    """Where the response stands (启动、实施、收尾)."""

    ACTIVATED = "activated"  # raised, nobody has it
    RESPONDING = "responding"  # somebody has it
    CLOSING = "closing"  # somebody has it and its sources are normal again
    CLOSED = "closed"


class Step(Enum):
    """What moves an incident from phase to phase."""

    ACKNOWLEDGED = "acknowledged"
    SOURCES_NORMAL = "sources normal"
    EVIDENCE_RETURNED = "evidence returned"
    RESOLVED = "resolved"


TRANSITIONS: dict[tuple[Phase, Step], Phase] = {
    (Phase.ACTIVATED, Step.ACKNOWLEDGED): Phase.RESPONDING,
    (Phase.ACTIVATED, Step.RESOLVED): Phase.CLOSED,
    (Phase.RESPONDING, Step.SOURCES_NORMAL): Phase.CLOSING,
    (Phase.RESPONDING, Step.RESOLVED): Phase.CLOSED,
    (Phase.CLOSING, Step.EVIDENCE_RETURNED): Phase.RESPONDING,
    (Phase.CLOSING, Step.RESOLVED): Phase.CLOSED,
}


class Confirmation(Enum):
    """Whether the incident is taken for real yet."""

    PRE_ALARM = "pre_alarm"  # one automatic detector: investigate, the countdown runs
    CONFIRMED = "confirmed"  # two devices, a call point, a person, or the countdown ran out
    NOT_NEEDED = "not_needed"  # nothing about this hazard waits for confirmation


class CommandStage(Enum):
    ISSUED = "issued"
    PUBLISHED = "published"
    DONE = "done"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"  # a person has taken it back


class Evidence(Struct):
    """One rule that fired for one device, as part of an incident."""

    rule: str
    device: str
    title: Title
    signal: Signal
    level: Level
    fired_at: Instant
    values: dict[str, Value]  # the inputs that made it fire (last time)
    rule_version: str
    holds: bool = True
    cleared_at: Instant | None = None
    times: int = 1  # how often it has fired within this incident
    internal: bool = False  # no rule's: Tocsin found it by itself (`trouble.py`), `rule` is its source


class CommandState(Struct):
    """A linkage command of the incident and what became of it."""

    id: str
    device: str
    command: str
    linkage: str  # the plan's step that sent it; empty: a person
    stage: CommandStage
    issued_at: Instant
    expires_at: Instant
    detail: str = ""
    args: dict[str, Value] = {}
    attempt: int = 1
    retries_left: int = 0
    by: str | None = None  # who sent it by hand

    @property
    def hopeful(self) -> bool:
        """It was done, or may still be."""
        return self.stage not in (CommandStage.FAILED, CommandStage.WITHDRAWN)


class StepStage(Enum):
    ISSUED = "issued"  # a task to do, a message on its way
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


class StepState(Struct):
    """A step of the plan as far as it has come."""

    id: str
    action: str  # "command", "notify", "occupant_notice", "authority", "task", "work_order"
    title: Title
    stage: StepStage
    issued_at: Instant
    role: str = ""
    mandatory: bool = False
    due_at: Instant | None = None
    overdue: bool = False
    done_at: Instant | None = None
    done_by: str | None = None
    note: str = ""
    effects: list[str] = []  # what was issued for it
    assets: list[str] = []  # of a work order: what has had one; of a command: what another incident had told so
    carried_by: str | None = None  # the incident that does it for this one as well: `sharing.py`


class Acknowledged(Struct, frozen=True):
    by: str
    role: str
    at: Instant


class Ladder(Struct):
    """Who is told next, and when, while nobody (or not everybody needed) has acknowledged."""

    rung: int  # of the roles that are told in turn, told last
    due_at: Instant
    level: Level = Level.III  # for which it began
    times: int = 0  # how often it has been gone through without leading anywhere


class AuthorityMessage(Struct, frozen=True):
    """A CAP message of the incident, as later ones refer to it."""

    to: str
    kind: str  # "Alert", "Update", "Cancel"
    event: str
    sender: str
    identifier: str
    sent: str  # local time with its offset, as in the message


class ReviewState(Struct, frozen=True):
    by: str
    at: Instant
    cause: str
    measures: str
    result: str
    actions: list[str]  # ids of corrective actions


class Countdown(Struct):
    """The pre-alarm's clock (NFPA 72 ch. 23 positive alarm sequence, confidence high)."""

    rule: str  # the confirmation that set it going
    level: Level  # what the incident becomes when it runs out
    acknowledge_by: Instant
    investigate_ms: int
    investigate_by: Instant | None = None  # set when acknowledged

    @property
    def due(self) -> Instant:
        return self.acknowledge_by if self.investigate_by is None else self.investigate_by


class Incident(Struct):
    id: str  # "INC-000042"
    mode: Mode
    site: str
    building: str
    floor: str
    zone: str
    hazard: str
    signal: Signal  # the gravest of its evidence
    level: Level
    phase: Phase
    confirmation: Confirmation
    title: Title
    first_out: str  # the device that was first to detect it
    opened_at: Instant
    updated_at: Instant
    evidence: list[Evidence] = []
    commands: list[CommandState] = []
    countdown: Countdown | None = None
    plan: str | None = None
    plan_version: str = ""
    steps: list[StepState] = []
    orders: list[str] = []
    owner: str | None = None
    acknowledgements: list[Acknowledged] = []
    ladder: Ladder | None = None
    re_alarm_at: Instant | None = None
    first_response_by: Instant | None = None  # the limit, while it runs
    first_response_at: Instant | None = None
    authority_messages: list[AuthorityMessage] = []  # newest last
    carries: list[str] = []  # "incident/step" of what it does for others: `sharing.py`
    review: ReviewState | None = None
    stale_at: Instant | None = None  # when it counts as stale
    acknowledged_at: Instant | None = None
    acknowledged_by: str | None = None
    normal_since: Instant | None = None
    closed_at: Instant | None = None
    closed_by: str | None = None  # a person, or "tocsin" where the rule lets it close by itself
    leaves_at: Instant | None = None  # when it leaves the state: a day after it is closed and, where due, reviewed
    lowered_by: str | None = None  # a person has lowered its level: it may be milder than its evidence
    finding: Finding | None = None
    cause: str | None = None
    drill: str | None = None  # to which it belongs
    suspended: bool = False  # its drill is: nothing comes of it, no limit runs
    entries: int = 0  # how many timeline entries it has
    revision: int = 0  # rises with every change: the ETag

    def step(self, id: str) -> StepState | None:
        """A step of the plan, if it was issued."""
        return next((step for step in self.steps if step.id == id), None)

    @property
    def open(self) -> bool:
        return self.phase is not Phase.CLOSED

    @property
    def awaits_review(self) -> bool:
        """A closed incident of level I or II, drills among them, that nobody has reviewed."""
        return (
            self.phase is Phase.CLOSED and self.level >= Level.II and self.mode is not Mode.TEST and self.review is None
        )

    @property
    def sources_normal(self) -> bool:
        return not any(evidence.holds for evidence in self.evidence)
