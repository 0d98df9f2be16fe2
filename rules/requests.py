"""What people ask of the engine. Imperative, for it can be refused; asked and refused is journaled all the same.

`by` is a person's id or name as the shell vouches for it, `role` the role in which the person acts (empty: none
named). Texts are bounded by `TEXT_CHARACTERS_MAX`.
"""

from __future__ import annotations

from enum import Enum

from msgspec import Struct

from rules.instant import Instant
from rules.level import Level
from rules.mode import Mode
from rules.order import Attachment, OrderKind, OrderStep
from rules.reading import Value
from rules.signal import Signal
from rules.site import Source, Title

TEXT_CHARACTERS_MAX = 4_000  # a note, a cause: two typed pages


class Finding(Enum):
    """What an incident turned out to be."""

    REAL = "real"
    FALSE_ALARM = "false_alarm"


class Request(Struct, frozen=True, kw_only=True, omit_defaults=True):
    by: str
    role: str = ""
    whence: str = ""  # the address it was asked from


# ---- incidents


class Acknowledge(Request, frozen=True, tag=True):
    """A person has seen the incident and takes it. At a level with a quorum one of each role has to."""

    incident: str
    note: str = ""


class AddNote(Request, frozen=True, tag=True):
    incident: str
    text: str


class Confirm(Request, frozen=True, tag=True):
    """A person on site says it is real: the pre-alarm ends, linkage runs."""

    incident: str
    reason: str = ""


class ChangeLevel(Request, frozen=True, tag=True):
    """Up or down; down only ever this way, and only with a reason."""

    incident: str
    level: Level
    reason: str


class Assign(Request, frozen=True, tag=True):
    """Who has it from now on: a level I incident needs a named owner."""

    incident: str
    to: str


class Respond(Request, frozen=True, tag=True):
    """The first responder is on site: the first response is met."""

    incident: str
    note: str = ""


class CompleteTask(Request, frozen=True, tag=True):
    incident: str
    step: str
    note: str = ""


class SkipTask(Request, frozen=True, tag=True):
    """A mandatory task may be left out with a reason."""

    incident: str
    step: str
    reason: str


class OverrideCommand(Request, frozen=True, tag=True):
    """A person sends a command by hand, past the plan; never past the mode."""

    incident: str
    device: str
    command: str
    reason: str
    args: dict[str, Value] = {}


class WithdrawCommand(Request, frozen=True, tag=True):
    """A command that nobody has answered yet is taken back: not published any more, not tried again."""

    incident: str
    command: str  # "CMD-000007"
    reason: str


class EndReport(Request, frozen=True, tag=True):
    """What a person has reported is over."""

    incident: str
    note: str = ""


class Resolve(Request, frozen=True, tag=True):
    """A person closes the incident, with its cause. Refused with the list of what is missing."""

    incident: str
    finding: Finding
    cause: str
    note: str = ""


class ReportIncident(Request, frozen=True, tag=True):
    """A person has seen what no device has: an incident of this zone ("site/zone") and hazard, or more evidence for
    the one that is open. `device` ("site/name"): the one concerned, if any."""

    zone: str
    hazard: str
    level: Level
    note: str
    signal: Signal = Signal.ALARM
    device: str | None = None
    mode: Mode = Mode.ACTUAL


# ---- after the incident


class Corrective(Struct, frozen=True):
    """A corrective action as it is asked for. `due_at` None: 15 working days."""

    text: str
    owner: str
    due_at: Instant | None = None


class Review(Request, frozen=True, tag=True):
    """After-action review: cause, measures, result, what is to be done about it."""

    incident: str
    cause: str
    measures: str
    result: str
    actions: list[Corrective] = []


class ActionDone(Request, frozen=True, tag=True):
    action: str  # "CA-000003"
    note: str = ""


class RecheckAction(Request, frozen=True, tag=True):
    """Another person looks whether it helped; `ok` False opens it again."""

    action: str
    ok: bool
    note: str = ""


# ---- work orders


class OpenOrder(Request, frozen=True, tag=True):
    """`asset`: a device ("site/name") or a zone ("site/zone")."""

    asset: str
    fault: str
    summary: str
    kind: OrderKind = OrderKind.ORDINARY
    incident: str | None = None
    for_role: str = "engineer"


class AdvanceOrder(Request, frozen=True, tag=True):
    """One step of the order's table. Verifying wants a fresh normal reading of the asset since the repair
    (`normal_at`, which the shell fills in from what it knows), or a `reason`."""

    order: str
    step: OrderStep
    note: str = ""
    reason: str = ""
    attachments: list[Attachment] = []
    normal_at: Instant | None = None


class AssignOrder(Request, frozen=True, tag=True):
    order: str
    to: str


class HandOverOrder(Request, frozen=True, tag=True):
    """An order goes on outside: its incident may close."""

    order: str
    to: str
    reason: str


# ---- keeping quiet


class PutOnShelf(Request, frozen=True, tag=True):
    """Exactly one of device, zone, rule at least. Smoke detection needs a `second` person."""

    reason: str
    duration_ms: int
    device: str | None = None
    zone: str | None = None
    rule: str | None = None
    one_shot: bool = False
    second: str | None = None
    maintenance: bool = False


class EndShelf(Request, frozen=True, tag=True):
    shelf: str
    reason: str = ""


# ---- shifts


class FillHandover(Request, frozen=True, tag=True):
    """`silent_devices`: what the shell knows of the site at this moment."""

    site: str
    incoming: str
    silent_devices: list[str] = []


class NoteHandover(Request, frozen=True, tag=True):
    handover: str
    text: str


class SignHandover(Request, frozen=True, tag=True):
    handover: str


# ---- the gateway's own


class ClearDeadLetters(Request, frozen=True, tag=True):
    """Messages that were not understood have been looked at and are forgotten. Both None: all of them.

    `letters`: how many topics and reasons it concerns, which the shell fills in.
    """

    reason: str
    topic: str | None = None
    fault: str | None = None  # why they were not understood
    letters: int = 0


class AssignDevice(Request, frozen=True, tag=True):
    """A device that a codec has found gets a place: `device` is "site/name", `zone` "site/zone".

    `against`: why it cannot be, as code and reason, which the shell fills in; both empty: it can.
    """

    device: str
    zone: str
    device_class: str
    source: Source
    reason: str
    title: Title = {}
    rated: dict[str, float] = {}
    silent_after_ms: int | None = None  # None: what the device announces, else its class's
    against: tuple[str, str] = ("", "")


class UnassignDevice(Request, frozen=True, tag=True):
    """It gives up its place, and is in the inbox again. `codec` and `native_id`: what it is found by."""

    codec: str
    native_id: str
    reason: str
    device: str = ""  # which place that was, by the shell
    against: tuple[str, str] = ("", "")


class IgnoreDevice(Request, frozen=True, tag=True):
    """It is none of ours, or (`ignored` false) is looked at again."""

    codec: str
    native_id: str
    ignored: bool = True
    reason: str = ""
    against: tuple[str, str] = ("", "")


AboutInbox = AssignDevice | UnassignDevice | IgnoreDevice

# ---- drills


class StartDrill(Request, frozen=True, tag=True):
    """An exercise begins at a site, over after `lasts_ms` at the latest; after `onset_ms` the first thing happens."""

    site: str
    scenario: str
    title: dict[str, str] = {}
    lasts_ms: int = 3_600_000
    onset_ms: int = 0


class EndDrill(Request, frozen=True, tag=True):
    """It is over and is scored."""

    drill: str
    reason: str = ""


class AbortDrill(Request, frozen=True, tag=True):
    """It is over and counts for nothing."""

    drill: str
    reason: str


class SuspendDrill(Request, frozen=True, tag=True):
    """It stands still: nobody is told anything more, no limit runs."""

    drill: str
    reason: str


class ResumeDrill(Request, frozen=True, tag=True):
    drill: str
    reason: str = ""


class TakeTheory(Request, frozen=True, tag=True):
    """Answers to the questions of a plan, in a drill. `answers`: id of the question → choice, counted from 1."""

    drill: str
    plan: str
    answers: dict[str, int]


AboutDrill = EndDrill | AbortDrill | SuspendDrill | ResumeDrill | TakeTheory
AboutIncident = (
    Acknowledge
    | AddNote
    | Confirm
    | ChangeLevel
    | Assign
    | Respond
    | CompleteTask
    | SkipTask
    | OverrideCommand
    | WithdrawCommand
    | EndReport
    | Resolve
    | Review
)
PersonCommand = (
    AboutIncident
    | ReportIncident
    | ActionDone
    | RecheckAction
    | OpenOrder
    | AdvanceOrder
    | AssignOrder
    | HandOverOrder
    | PutOnShelf
    | EndShelf
    | FillHandover
    | NoteHandover
    | SignHandover
    | ClearDeadLetters
    | AboutInbox
    | StartDrill
    | AboutDrill
)
