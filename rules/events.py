"""Everything that can happen to the engine; each is journaled before anything comes of it.

Facts are in the past tense. What a person asks for is imperative, for it can be refused; asked and refused is
journaled all the same.
"""

from __future__ import annotations

from enum import Enum

from msgspec import Struct

from rules.instant import Instant
from rules.mode import Mode
from rules.reading import Value
from rules.verdict import Verdict

TEXT_CHARACTERS_MAX = 4_000  # a note, a cause: two typed pages


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

    def key(self) -> str | None:
        """The journal's unique key: the same reading redelivered gives the same key. None: nothing to go by."""
        if self.seq is None and self.at == self.received_at:
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


class Acknowledge(Struct, frozen=True, tag=True):
    """A person has seen the incident and takes it."""

    incident: str
    by: str
    note: str = ""


class AddNote(Struct, frozen=True, tag=True):
    incident: str
    by: str
    text: str


class Finding(Enum):
    """What an incident turned out to be."""

    REAL = "real"
    FALSE_ALARM = "false_alarm"


class Resolve(Struct, frozen=True, tag=True):
    """A person closes the incident, with its cause."""

    incident: str
    by: str
    finding: Finding
    cause: str
    note: str = ""


PersonCommand = Acknowledge | AddNote | Resolve
Event = (
    VerdictChanged
    | DirectoryLoaded
    | RulesLoaded
    | GatewayStarted
    | TimePassed
    | CommandPublished
    | CommandFailed
    | CommandAnswered
    | PersonCommand
)
