"""What is still known of a device after a restart: its telemetry, and the cursor in the journal."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.desk import Desk
from gateway.telemetry import Telemetry
from rules.instant import Instant
from rules.mode import Mode
from rules.screen import Past
from rules.state import Cursor

BATCH_MS_MAX = 1_000  # the settings allow no longer batch; telemetry is never further behind what is journaled


class StoredHistory:
    """`rules.screen.History` over the stores."""

    def __init__(self, telemetry: Telemetry, desk: Desk) -> None:
        self._telemetry, self._desk = telemetry, desk
        self.ahead = self._ahead()

    def _ahead(self) -> dict[str, Cursor]:
        """After a crash between the two commits: the devices of which the journal knows a newer message than telemetry.

        The broker sends these messages again, up to this cursor; their consequences are journaled.
        """
        cursors = self._desk.engine.state.cursors
        last = next(reversed(cursors.values())).received_at if cursors else 0  # not the greatest: clocks are set back
        newest = {key: each for key, each in cursors.items() if each.received_at >= last - BATCH_MS_MAX}
        return {key: each for key, each in newest.items() if self._stored_until(key) < each.received_at}

    def _stored_until(self, key: str) -> Instant:
        mode, _, device = key.partition("|")
        stored = self._telemetry.last(self._telemetry.source(mode, device))
        return 0 if stored is None else stored[2]

    def cursor(self, mode: Mode, device: str) -> tuple[Instant, int, Instant] | None:
        """Of the newest message that telemetry has, unless the journal knows a newer one that will not come again."""
        key = f"{mode.value}|{device}"
        stored = self._telemetry.last(self._telemetry.source(mode.value, device))
        journaled = None if key in self.ahead else self._desk.engine.state.cursors.get(key)
        if journaled is None or (stored is not None and stored[2] >= journaled.received_at):
            return stored
        return journaled.at, journaled.seq, journaled.received_at

    def window(self, mode: Mode, device: str, since: Instant) -> Iterator[Past]:
        source = self._telemetry.source(mode.value, device)
        for at, seq, received_at, event, values in self._telemetry.window(source, since):
            yield Past(at, seq, received_at, event, values)
