"""What the API needs of the core. The gateway implements it; tests pass a fake; a process of its own could too."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from rules.incident import Incident, Phase
from rules.instant import Instant
from rules.level import Level
from rules.mode import Mode
from rules.outcome import Refused as Refused  # part of this port
from rules.reading import Value
from rules.requests import AboutIncident
from rules.signal import Signal
from rules.site import Title
from rules.timeline import Entry

T = TypeVar("T")


class Page(Struct, Generic[T], frozen=True):
    """Some of a list. `next_cursor` is opaque; None at the end."""

    items: list[T]
    next_cursor: str | None = None


class IncidentQuery(Struct, frozen=True):
    """Newest first. None: any."""

    site: str | None = None
    zone: str | None = None
    level: Level | None = None
    phase: Phase | None = None
    signal: Signal | None = None
    mode: Mode | None = None
    hazard: str | None = None
    open: bool | None = None
    since: Instant | None = None  # opened at or after
    until: Instant | None = None  # opened before
    cursor: str | None = None
    limit: int = 50


class DeviceQuery(Struct, frozen=True):
    site: str | None = None
    zone: str | None = None
    device_class: str | None = None
    silent: bool | None = None
    cursor: str | None = None
    limit: int = 100


class DeviceState(Struct, frozen=True):
    id: str
    name: str
    device_class: str
    site: str
    building: str
    floor: str
    zone: str
    title: Title
    values: dict[str, Value]  # the latest believed values, actual mode
    last_seen_at: Instant | None
    online: bool | None  # what its last will says; None: it never said
    silent: bool  # longer without a message than its limit
    firing: list[str]  # rules that fire for it now


class ZoneState(Struct, frozen=True):
    id: str
    name: str
    site: str
    building: str
    floor: str
    title: Title
    devices: int
    silent: int
    open_incidents: list[str]
    level: Level | None  # the worst of them


class DeadLetter(Struct, frozen=True):
    """Messages that said nothing Tocsin understands, counted by topic and reason."""

    topic: str  # as text; bytes that are no UTF-8 are escaped
    reason: str
    detail: str
    first_bytes: str  # of the latest payload, escaped
    count: int
    first_at: Instant
    last_at: Instant


class Health(Struct, frozen=True):
    """`ready`: readings are being taken, judged and stored."""

    ready: bool
    parts: dict[str, str]  # part → "ok" or what is wrong: "broker", "store", "rules", "telemetry"
    version: str
    started_at: Instant


class Done(Struct, frozen=True):
    incident: Incident
    entries: list[Entry]
    repeated: bool = False  # the same idempotency key was answered before


class UnknownIncident(LookupError):
    """No incident has this id."""


class UnknownDevice(LookupError):
    """No device has this id."""


class Unavailable(RuntimeError):
    """The core cannot answer now: it is starting, or its store has failed. The text says which."""


class BadCursor(ValueError):
    """A cursor that no page has given."""


class Desk(Protocol):
    """Everything the API may ask of the core. Instants are Unix milliseconds UTC.

    Lists raise BadCursor; everything but `health` and `metrics` raises Unavailable.
    """

    async def carry_out(
        self, command: AboutIncident, idempotency_key: str | None = None, if_revision: int | None = None
    ) -> Done | Refused:
        """Answers when the command is committed. The same key again answers the same, without doing it twice.

        The key is looked at first (a repetition is answered whatever the revision), then `if_revision`: where the
        incident has another revision by now, Refused(code="revision_changed"). The same key with another command:
        Refused(code="idempotency_key_reused").
        """
        ...

    async def incidents(self, query: IncidentQuery) -> Page[Incident]: ...

    async def incident(self, incident: str) -> Incident:
        """Raises UnknownIncident."""
        ...

    async def timeline(self, incident: str, after: int = 0, limit: int = 500) -> Page[Entry]:
        """Entries with `number` above `after`, in order. Raises UnknownIncident."""
        ...

    def watch(self, after: int | None = None, incident: str | None = None) -> AsyncIterator[Entry]:
        """Entries with `position` above `after` (None: from now on), then each new one once it is committed.

        Pulled: reads on when asked for the next entry, and keeps nothing for a reader but its position, so that a
        slow reader costs no memory. Ends when the desk closes.
        """
        ...

    async def devices(self, query: DeviceQuery) -> Page[DeviceState]: ...

    async def device(self, device: str) -> DeviceState:
        """Raises UnknownDevice."""
        ...

    async def zones(self, site: str | None = None) -> list[ZoneState]: ...

    async def dead_letters(self, cursor: str | None = None, limit: int = 100) -> Page[DeadLetter]: ...

    def titles(self) -> Mapping[str, Title]:
        """What devices, zones and metrics are called, by id, for texts that people read."""
        ...

    async def health(self) -> Health: ...

    def metrics(self) -> bytes:
        """Prometheus text exposition."""
        ...
