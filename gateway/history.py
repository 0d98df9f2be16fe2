"""What is still known of a device after a restart: its telemetry, and the cursor in the journal."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.desk import Desk
from gateway.telemetry import Telemetry
from rules.instant import Instant
from rules.mode import Mode
from rules.screen import Past


class StoredHistory:
    """`rules.screen.History` over the stores."""

    def __init__(self, telemetry: Telemetry, desk: Desk) -> None:
        self._telemetry, self._desk = telemetry, desk

    def cursor(self, mode: Mode, device: str) -> tuple[Instant, int, Instant] | None:
        """Of the newest message; the journal may know a newer one than telemetry (it is committed first)."""
        stored = self._telemetry.last(self._telemetry.source(mode.value, device))
        journaled = self._desk.engine.state.cursors.get(f"{mode.value}|{device}")
        if journaled is None or (stored is not None and stored[2] >= journaled.received_at):
            return stored
        return journaled.at, journaled.seq, journaled.received_at

    def window(self, mode: Mode, device: str, since: Instant) -> Iterator[Past]:
        source = self._telemetry.source(mode.value, device)
        for at, seq, received_at, event, values in self._telemetry.window(source, since):
            yield Past(at, seq, received_at, event, values)
