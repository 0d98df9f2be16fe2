"""How much of telemetry the server does not have yet, file by file."""

from __future__ import annotations

import logging
import sqlite3

from gateway.forward.counts import Counts
from gateway.forward.durable import Durable
from gateway.forward.stored import Gone, StoredRows
from gateway.telemetry.hours import Hour, file_of, is_broken
from rules.instant import Instant

ALWAYS_LOOKED_AT = 2  # the newest files: the time of a change is as coarse as the system's clock tick
KEEP_SEEN_MS = 10_000  # how often the sizes of what waits are written down

log = logging.getLogger("tocsin.forward")


class Backlog:
    """`look` before asking anything else. Files that cannot be read are passed over, once counted."""

    def __init__(self, stored: StoredRows, durable: Durable, counts: Counts) -> None:
        self._stored, self._durable, self._counts = stored, durable, counts
        self._touched: dict[Hour, tuple[int, ...]] = {}  # as the file was when it was last looked at
        self._checked: set[Hour] = set()  # whose last acknowledged row was found to be still the same
        self._unreadable: set[Hour] = set()
        self._kept_seen_at: Instant = 0

    def look(self, now: Instant) -> None:
        """Finds what is new, what is gone, and what is not the file it was."""
        hours = self._stored.hours()
        for hour in self._durable.hours.keys() - set(hours):
            self._gone(hour)
        for hour in hours:
            touched = self._stored.touched(hour)
            if touched == self._touched.get(hour) and hour not in hours[-ALWAYS_LOOKED_AT:]:
                continue
            self._touched[hour] = touched
            try:
                self._look_at(hour)
            except Gone:
                self._gone(hour)
            except sqlite3.Error as error:
                self.unreadable(hour, error)
        self.measure(now)

    def oldest(self) -> Hour | None:
        """The first file of which rows wait."""
        return next((hour for hour, reached in sorted(self._durable.hours.items()) if reached.seen > reached.row), None)

    def unreadable(self, hour: Hour, error: sqlite3.Error) -> None:
        if is_broken(error):
            self._broken(hour, error)
        else:  # busy, or no more descriptors: looked at again
            log.warning("telemetry of %s cannot be read now: %s", self.name(hour), error)
            self._touched.pop(hour, None)

    def name(self, hour: Hour) -> str:
        return file_of(self._stored.folder, hour).stem

    def _look_at(self, hour: Hour) -> None:
        newest = self._stored.newest(hour)
        self._unreadable.discard(hour)
        reached = self._durable.reached(hour)
        known = hour in self._checked and newest >= reached.row
        if not known and reached.row and self._stored.mark(hour, reached.row) != reached.mark:
            log.warning("telemetry of %s is not what it was: it is sent from its beginning", self.name(hour))
            self._durable.restart(hour)
            reached = self._durable.reached(hour)
        self._checked.add(hour)
        reached.seen = newest

    def _gone(self, hour: Hour) -> None:
        """Past its keeping, or removed by somebody."""
        reached = self._durable.hours.get(hour)
        waited = reached.seen - reached.row if reached is not None else 0
        if waited > 0:
            self._counts.lose("expired here", waited)
            log.error("telemetry of %s has expired, and %d rows of it were never forwarded", self.name(hour), waited)
        self._durable.forget(hour)
        self._touched.pop(hour, None)
        self._checked.discard(hour)

    def _broken(self, hour: Hour, error: sqlite3.Error) -> None:
        """Nobody will be able to read the rest of it; a file that takes its place is a new one."""
        reached = self._durable.reached(hour)
        waited = max(reached.seen - reached.row, 0)
        if hour not in self._unreadable:
            self._unreadable.add(hour)
            self._counts.lose("unreadable here", waited)
            log.error("telemetry of %s cannot be read (%s): %d rows are not forwarded", self.name(hour), error, waited)
        reached.seen = reached.row
        self._durable.abandon(hour)
        self._checked.discard(hour)

    def measure(self, now: Instant) -> None:
        waiting = {hour: each.seen - each.row for hour, each in self._durable.hours.items() if each.seen > each.row}
        self._counts.lag_rows = sum(waiting.values())
        self._counts.lag_ms = 0
        oldest = self.oldest()
        if oldest is None:
            return
        try:
            received = self._stored.received(oldest, self._durable.reached(oldest).row)
        except (Gone, sqlite3.Error):
            received = None  # the next look finds out
        self._counts.lag_ms = max(0, now - received) if received is not None else 0
        if now - self._kept_seen_at >= KEEP_SEEN_MS:
            self._kept_seen_at = now
            self._durable.keep_seen()
