"""The forwarder: what telemetry has stored goes to InfluxDB in order, and the cursor moves once the server has it.

Never in the path of a reading: it reads files that are written anyway. What was sent is sent again after a crash, by
the same rows, places and field names, so that it overwrites itself. What the server will never take is counted, said
once per reason, and left behind; whatever may still be taken is tried again, for as long as the files are kept.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from typing import NamedTuple

from gateway.config import InfluxPart
from gateway.forward.backlog import Backlog
from gateway.forward.counts import Counts, Lost
from gateway.forward.durable import Durable
from gateway.forward.hint import hint
from gateway.forward.lines import Lines, Places, Row
from gateway.forward.names import FIELDS_MAX, OF_TYPE, Fields
from gateway.forward.server import Away, Conflict, Denied, Partly, Refused, Server
from gateway.forward.stored import Gone, StoredRows
from gateway.telemetry.hours import Hour
from rules.instant import SECOND_MS, Instant

BACKOFF_SECONDS_MIN = 0.5
DENIED_SECONDS = 30.0  # somebody has to change something first
CONFLICTS_MAX = 100  # fields that one batch may teach; then their points are lost
CAUGHT_UP = 0.1  # of the limit: less behind, and the trouble is over

log = logging.getLogger("tocsin.forward")


class Batch(NamedTuple):
    hour: Hour
    rows: list[Row]  # of the modes that are wanted
    lines: list[bytes]
    last: Row
    lost: list[Lost]  # what cannot even be sent


class NotNow(Exception):
    """`after_seconds`: what the server asks for."""

    def __init__(self, answer: Away | Denied) -> None:
        super().__init__(answer.detail)
        self.answer = answer


class Forwarder:
    """Call `turn` again and again. Raises sqlite3.Error when its own file cannot be written."""

    def __init__(
        self,
        settings: InfluxPart,
        stored: StoredRows,
        durable: Durable,
        server: Server,
        lost: Callable[[Lost], None],
        chance: Callable[[], float],
    ) -> None:
        """`chance()` is in 0 … 1 and spreads the attempts of many gateways."""
        self._settings, self._stored, self._durable = settings, stored, durable
        self._server, self._tell_lost, self._chance = server, lost, chance
        self.counts = Counts()
        self._backlog = Backlog(stored, durable, self.counts)
        self._sources: dict[int, tuple[str, str]] = {}
        self._lines = Lines(settings.prefix, Fields(durable.fields), self._sources)
        self._lines.stand(durable.places or Places())
        self._next_places: Places | None = None
        self._failures = 0
        self._denied = ""
        self._reason = ""  # of the last attempt that was not taken
        self._lagging = False
        self._told: set[str] = set()  # reasons

    def stand(self, places: Places) -> None:
        """From the next batch on; one that may be there already is sent as it was."""
        self._next_places = places

    def turn(self, now: Instant) -> float:
        """Looks, and sends one batch when there is one. → seconds until the next turn."""
        self._backlog.look(now)
        seconds = self._turn()
        self._backlog.measure(now)
        self._judge()
        return seconds

    def _turn(self) -> float:
        if self._durable.sending is None:
            self._move()
        batch = self._batch()
        if batch is None:
            return self._settings.interval_seconds
        try:
            self._deliver(batch)
        except NotNow as error:
            return self._failed(error.answer)
        self._failures, self._denied, self._reason = 0, "", ""
        self.counts.up = True
        return 0.0 if self._backlog.oldest() is not None else self._settings.interval_seconds

    # ---- a batch

    def _move(self) -> None:
        """Devices stand where they are said to stand now."""
        if self._next_places is not None:
            places, self._next_places = self._next_places, None
            if places != self._durable.places:
                self._durable.places = places
            self._lines.stand(places)

    def _batch(self) -> Batch | None:
        """The next one; or the one that was being sent when the process ended."""
        again = self._durable.sending
        hour = self._backlog.oldest() if again is None else again[0]
        if hour is None or self._durable.places is None:
            return None
        reached = self._durable.reached(hour)
        try:
            if again is not None:
                rows = self._stored.after(hour, reached.row, again[1] - reached.row, again[1])
            else:
                rows = self._stored.after(hour, reached.row, self._settings.batch_rows)
            self._know({row.source for row in rows})
        except (Gone, sqlite3.Error) as error:
            self._unread(hour, error)
            return None
        if not rows:
            self._durable.restart(hour)  # fewer than there were: the next look finds out
            return None
        return self._made(hour, rows, None if again is not None else self._settings.batch_bytes)

    def _made(self, hour: Hour, rows: list[Row], bytes_max: int | None) -> Batch:
        """As many of the rows as go into so many bytes, and one at least."""
        wanted: list[Row] = []
        lines: list[bytes] = []
        lost: list[Lost] = []
        total, last, self._lines.left_out = 0, rows[0], 0
        for row in rows:
            known = self._sources.get(row.source)
            if known is None:
                lost.append(Lost("unknown source", f"number {row.source}", row.body, 1))
            elif known[0] in self._settings.modes:
                line = self._lines.line(hour, row)
                if line is not None:
                    total += len(line) + 1
                    if bytes_max is not None and total > bytes_max and lines:
                        break
                    lines.append(line)
                    wanted.append(row)
            last = row
        if self._lines.left_out:
            lost.append(Lost("value of one field too many", f"more than {FIELDS_MAX}", last.body, self._lines.left_out))
        return Batch(hour, wanted, lines, last, lost)

    def _unread(self, hour: Hour, error: Gone | sqlite3.Error) -> None:
        if isinstance(error, sqlite3.Error):
            self._backlog.unreadable(hour, error)

    def _know(self, sources: set[int]) -> None:
        if not sources <= self._sources.keys():
            self._sources.update(self._stored.sources())

    # ---- sending

    def _deliver(self, batch: Batch) -> None:
        """Raises NotNow, and nothing has changed."""
        fields = self._lines.fields
        lines = batch.lines
        for attempt in range(CONFLICTS_MAX + 1):
            self._durable.begin(batch.hour, batch.last.row, fields.new)
            fields.new.clear()
            lost: list[Lost] = []
            conflicts: list[Conflict] = []
            if lines:
                self._write(lines, lost, conflicts)
            if not self._learn(conflicts) or attempt == CONFLICTS_MAX:
                break
            lines = [line for row in batch.rows if (line := self._lines.line(batch.hour, row)) is not None]
        before = self._durable.reached(batch.hour).row
        self._durable.done(batch.hour, batch.last)
        counts = self.counts
        counts.rows += batch.last.row - before
        counts.points += len(lines) - sum(each.count for each in lost)
        counts.batches += 1
        for each in (*batch.lost, *lost):
            self._lose(each)

    def _write(self, lines: list[bytes], lost: list[Lost], conflicts: list[Conflict]) -> None:
        """What is refused is halved until it is known which lines are at fault. Raises NotNow."""
        body = b"\n".join(lines)
        answer = self._server.write(body)
        if isinstance(answer, Away | Denied):
            raise NotNow(answer)
        self.counts.body_bytes += len(body)
        if isinstance(answer, Partly):
            lost.append(Lost(answer.reason, answer.detail, lines[0], min(answer.dropped, len(lines))))
            if answer.conflict is not None:
                conflicts.append(answer.conflict)
        elif isinstance(answer, Refused) and len(lines) == 1:
            lost.append(Lost(answer.reason, answer.detail, lines[0], 1))
        elif isinstance(answer, Refused):
            middle = len(lines) // 2
            self._write(lines[:middle], lost, conflicts)
            self._write(lines[middle:], lost, conflicts)

    def _learn(self, conflicts: list[Conflict]) -> bool:
        """Which type a field holds there; → whether the batch can be sent with other names."""
        fields = self._lines.fields
        news = [fields.learn(each.measurement, each.field, OF_TYPE.get(each.theirs, each.theirs)) for each in conflicts]
        if any(news):
            self._lines.forget_names()
        return any(news)

    # ---- what came of it

    def _lose(self, lost: Lost) -> None:
        self.counts.lose(lost.reason, lost.count)
        if lost.reason not in self._told:
            self._told.add(lost.reason)
            log.error("InfluxDB will never have %d of them: %s (%s)", lost.count, lost.reason, lost.detail)
            self._tell_lost(lost)

    def _failed(self, answer: Away | Denied) -> float:
        self._failures += 1
        self.counts.up = False
        if self._reason != answer.detail:
            self._reason = answer.detail
            log.warning("InfluxDB at %s: %s", hint(self._settings.url), answer.detail)
        if isinstance(answer, Denied):
            self._denied = answer.detail
            self.counts.failed("denied")
            return min(DENIED_SECONDS, self._settings.retry_seconds_max) * (0.5 + 0.5 * self._chance())
        self._denied = ""
        self.counts.failed("away")
        whole = min(self._settings.retry_seconds_max, BACKOFF_SECONDS_MIN * 2.0 ** min(self._failures - 1, 16))
        return max(answer.after_seconds or 0.0, whole * (0.5 + 0.5 * self._chance()))

    def _judge(self) -> None:
        """Whether somebody should look."""
        counts, limit_ms = self.counts, self._settings.lag_seconds_max * SECOND_MS
        over = max(limit_ms * CAUGHT_UP, 2 * self._settings.interval_seconds * SECOND_MS)
        self._lagging = counts.lag_ms > (min(over, limit_ms) if self._lagging else limit_ms)
        where = f"InfluxDB at {hint(self._settings.url)}"
        if self._denied:
            counts.fault = f"{where}: {self._denied}"
        elif self._lagging:
            why = f": {self._reason}" if self._reason else ""
            counts.fault = f"{where} is {counts.lag_ms // SECOND_MS} s behind, {counts.lag_rows} rows wait{why}"
        else:
            counts.fault = ""
