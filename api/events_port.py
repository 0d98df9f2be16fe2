"""What the API asks about events that devices have said: doors opened, cards refused. Local telemetry answers."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from rules.instant import Instant
from rules.mode import Mode
from rules.reading import Value


class EventsQuery(Struct, frozen=True):
    """`since` ≤ at < `until`, newest first. `unmasked`: card holders too, for those who may see them."""

    device: str  # "site/name"
    since: Instant
    until: Instant
    mode: Mode = Mode.ACTUAL
    limit: int = 100
    unmasked: bool = False


class Happened(Struct, frozen=True):
    """`at` by the device's own time."""

    at: Instant
    event: str
    attributes: dict[str, Value]


class EventsDesk(Protocol):
    async def events(self, query: EventsQuery) -> list[Happened]:
        """Raises TooBusy, Unavailable."""
        ...
