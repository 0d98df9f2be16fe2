"""Everything that can happen to the engine; each is journaled before anything comes of it.

Facts, in the past tense. What people ask for is `requests.py`.
"""

from __future__ import annotations

from msgspec import Struct

from rules.instant import Instant
from rules.mode import Mode
from rules.reading import Value
from rules.requests import PersonCommand
from rules.verdict import Verdict


class VerdictChanged(Struct, frozen=True, tag=True, omit_defaults=True):
    """The screen sees a rule's condition change for a device."""

    mode: Mode
    rule: str
    device: str
    verdict: Verdict
    at: Instant  # the device's own time of the reading that did it; for time alone, the instant it fell due
    received_at: Instant
    values: dict[str, Value] = {}  # what the condition looked at
    seq: int | None = None
    late: bool = False  # arrived after a newer reading of the device
    retained: bool = False
    dated: bool = False  # said where it cannot be seen: the device's own time is the millisecond of its receipt

    @property
    def has_time(self) -> bool:
        """Whether `at` is the device's own; else the received time stands in."""
        return self.dated or self.at != self.received_at

    def key(self) -> str | None:
        """The journal's unique key: the same reading redelivered gives the same key. None: nothing to go by."""
        if self.seq is None and not self.has_time:
            return None
        return f"{self.mode.value}/{self.device}/{self.rule}/{self.seq}/{self.at}/{self.verdict.value}"


class DirectoryLoaded(Struct, frozen=True, tag=True):
    """Sites and device classes with this content hash are in force."""

    version: str


class RulesLoaded(Struct, frozen=True, tag=True):
    """Rules with this content hash are in force."""

    version: str


class GatewayStarted(Struct, frozen=True, tag=True):
    """The gateway came up; deadlines that passed while it was down are late."""

    version: str  # of the program


class TimePassed(Struct, frozen=True, tag=True):
    """Nothing happened but a deadline."""


class CommandPublished(Struct, frozen=True, tag=True):
    """The broker has a command (its PUBACK came)."""

    id: str
    attempts: int = 1


class CommandFailed(Struct, frozen=True, tag=True):
    """A command could not be published before it expired."""

    id: str
    reason: str
    attempts: int


class CommandAnswered(Struct, frozen=True, tag=True):
    """The device says what came of a command. `mode`: by the topic tree it said it in."""

    mode: Mode
    id: str
    device: str
    ok: bool
    received_at: Instant
    detail: str = ""


class RosterLoaded(Struct, frozen=True, tag=True):
    """People, shifts, rota and absences with this content hash are in force."""

    version: str


class PlansLoaded(Struct, frozen=True, tag=True):
    """Response plans and inhibitions with this content hash are in force."""

    version: str


class EffectTried(Struct, frozen=True, tag=True, omit_defaults=True):
    """One attempt at a notification, notice, authority message or order push. `last`: it will not be tried again."""

    id: str
    ok: bool
    attempt: int
    last: bool
    detail: str = ""  # a receipt, or what went wrong


class AuditFailed(Struct, frozen=True, tag=True):
    """The auditor found in the journal a step that fell due and was not done within tolerance."""

    what: str
    due_at: Instant


class AuditPassed(Struct, frozen=True, tag=True):
    """What had failed is done by now."""

    what: str


class PartFailed(Struct, frozen=True, tag=True):
    """A part of the gateway finds itself not well: "influxdb"…"""

    part: str
    reason: str


class PartWell(Struct, frozen=True, tag=True):
    """It is well again."""

    part: str
    reason: str = "well again"


class JournalPruned(Struct, frozen=True, tag=True, omit_defaults=True):
    """What stands in the journal up to `until` is over and past its keeping: it may be deleted from now on.

    `digest` is of the anchor: of the last row's hash, of the state after it, and of what was carried over.
    """

    until: int
    at: Instant  # of that row
    digest: str
    removed: dict[str, int] = {}  # kind of record → how many go


Event = (
    VerdictChanged
    | DirectoryLoaded
    | RulesLoaded
    | GatewayStarted
    | TimePassed
    | CommandPublished
    | CommandFailed
    | CommandAnswered
    | RosterLoaded
    | PlansLoaded
    | EffectTried
    | AuditFailed
    | AuditPassed
    | PartFailed
    | PartWell
    | JournalPruned
    | PersonCommand
)
