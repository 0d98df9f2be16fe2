"""In which order the messages of a device count, whatever format they came in.

A device's messages are ordered by its `seq`, else by its own time. What is newer than all before is *live*. What is
not is a *replay* if it is stored already (a redelivery after a crash), else *late*: it can raise, never clear. A `seq`
that falls back with a later time is a rebooted device. What a device had *buffered* is stored, and can do neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zlib import crc32

from gateway.codecs import native
from gateway.counts import Counts
from gateway.desk import Desk
from gateway.letters import Letters
from gateway.telemetry import Row, Telemetry, buffered_mark
from gateway.wire import DUP, RETAIN
from rules.history import Past, replay
from rules.instant import DAY_MS, HOUR_MS, Instant
from rules.reading import Value
from rules.screen import Cause, Change, Screen
from rules.state import Cursor
from rules.watched import Watched

AHEAD_MS_MAX = 5_000  # a clock further ahead is wrong (GB 50440: 5 s, confidence low); received time stands in
BEHIND_MS_MAX = 30 * DAY_MS  # older than any device buffers: the clock is wrong
CLOCK_BACK_MS = 60_000  # longer than any reordering on the way; until then what comes can only raise
RETAINED_KNOWN_MS = 2 * HOUR_MS  # how far back a message without a time is looked for


class Ordering:
    """`ahead`: see `gateway.history`. Puts the row of each message on the telemetry batch; commits nothing."""

    def __init__(self, screen: Screen, desk: Desk, telemetry: Telemetry, ahead: dict[str, Cursor] | None) -> None:
        self._screen, self._desk, self._telemetry = screen, desk, telemetry
        self._ahead = ahead or {}
        self.letters = Letters()
        self.counts = Counts()

    def reading(
        self,
        w: Watched,
        values: Mapping[str, Value | None],
        body: bytes,
        sent: Instant | None,
        at: Instant | None,
        seq: int | None,
        flags: int,
        now: Instant,
    ) -> Change | None:
        """Of any message. `body`: the values that are known, as telemetry keeps them; `sent`: the device's own time,
        `at`: as far as that is believable. A value None: what was known counts no longer."""
        dated = at is not None
        at = now if at is None else at
        mark = crc32(body) if seq is None else 0
        past = (w.source, at, -1 if seq is None else seq, mark, now, None, body)
        if not self._is_live(w, seq, at, dated, flags) and not self._clock_fell_back(w, past, flags):
            return self._late(w, _known(values), past, flags, dated)
        if self._ahead and self._is_journaled(w, seq, at, dated, flags):
            self._take_back(w, _known(values), past)
            return None
        w.at, w.received_at = at, now
        if seq is not None:
            w.seq = seq
        self.counts.live += 1
        self._telemetry.rows.append(past)
        cause = Cause(at, now, seq, False, bool(flags & RETAIN), dated)
        change = self._screen.reading(w, values, cause)
        if dated and sent is not None and w.plan.on_metric[w.plan.skew]:
            change = both(change, self._screen.skew(w, (now - sent) / 1000, cause))
        return change

    def event(
        self,
        w: Watched,
        event: str,
        attributes: dict[str, Value],
        at: Instant | None,
        seq: int | None,
        flags: int,
        now: Instant,
    ) -> Change | None:
        dated, body = at is not None, native.encode_values(attributes)
        at = now if at is None else at
        live = self._is_live(w, seq, at, dated, flags)
        mark = crc32(body + event.encode()) if seq is None else 0
        past = (w.source, at, -1 if seq is None else seq, mark, now, event, body)
        if not live and self._is_replay(past, attributes, flags, dated):
            self.counts.replayed += 1
            return None
        if live and self._ahead and self._is_journaled(w, seq, at, dated, flags):
            self._take_back(w, attributes, past)
            return None
        if live:
            w.at, w.received_at, w.seq = at, now, w.seq if seq is None else seq
        self.counts.live += live
        self.counts.late += not live
        self._telemetry.rows.append(past)
        cause = Cause(at, now, seq, not live, bool(flags & RETAIN), dated)
        return self._screen.event(w, event, attributes, cause)

    def status(self, w: Watched, online: bool, flags: int, now: Instant) -> Change | None:
        if w.unseen:
            self._screen.remember(w)
        retained = bool(flags & RETAIN)
        if online and not retained:
            w.received_at = now
        return self._screen.status(w, online, Cause(now, now, retained=retained))

    def buffered(
        self, w: Watched, event: str | None, body: bytes, at: Instant | None, seq: int | None, now: Instant
    ) -> None:
        """What a device had kept while nobody heard it: for charts alone."""
        self.counts.late += 1
        row = (w.source, now if at is None else at, -1 if seq is None else seq, buffered_mark(body), now, event, body)
        self._telemetry.rows.append(row)

    def first_words(self, w: Watched, values: dict[str, Value], body: bytes, now: Instant) -> Change | None:
        """Values without a time that a broker had kept, of a device that has spoken, of which nothing was known."""
        if values:
            self._telemetry.rows.append((w.source, now, -1, crc32(body), now, None, body))
            self.counts.live += 1
        return self._screen.reading(w, values, Cause(now, now, retained=True))

    # ---- time and order

    def instant_of(self, ts: datetime | float | None, topic: bytes, payload: bytes, now: Instant) -> Instant | None:
        """The device's time as far as it is believable. None: the received time stands in."""
        at = native.instant(ts)
        if at is None:
            return None
        if now - BEHIND_MS_MAX <= at <= now + AHEAD_MS_MAX:
            return at
        if not now - BEHIND_MS_MAX <= at <= now + DAY_MS:
            detail = f"{str(ts)[:60]} is no time of now; the message counts as of when it was received"
            self.letters.add(topic, "implausible time", detail, payload, now)
        return None

    def _is_live(self, w: Watched, seq: int | None, at: Instant, dated: bool, flags: int) -> bool:
        """Whether it is newer than all before of its device; the module's docstring has the rules."""
        if w.unseen:
            self._screen.remember(w)
        repeated = bool(flags & (DUP | RETAIN))
        if flags & RETAIN and not dated:
            return w.at == 0  # of unknown age: the device's first word, or nothing new
        if seq is None:
            return at > w.at if dated else True
        if seq > w.seq:
            return at >= w.at or not (repeated and dated)  # with a clock set back, theirs or ours, the counter decides
        return at > w.at if dated else (seq < w.seq and not repeated)  # the device was started anew

    def _clock_fell_back(self, w: Watched, past: Row, flags: int) -> bool:
        """A device without a counter has said nothing newer for a while, and speaks: its clock was set back."""
        source, at, seq, mark, now, _, _ = past
        speaks = seq < 0 and at != now and not flags & (DUP | RETAIN)
        return speaks and now - w.received_at > CLOCK_BACK_MS and not self._telemetry.has(source, at, seq, mark, now)

    def _is_replay(self, past: Row, values: Any, flags: int, dated: bool) -> bool:
        """Whether what is not live was taken before. Without a time of its own a message is known by its content; if it
        has a counter, by both: a device that was started anew may say something else under the same number."""
        source, at, seq, mark, now, event, body = past
        if dated:
            return self._telemetry.has(source, at, seq, mark, now)
        retained = bool(flags & RETAIN)
        if seq < 0 and not retained:
            return False
        if any(
            row[0] == source and row[5:] == (event, body) and (retained or row[2] == seq)
            for row in self._telemetry.rows
        ):
            return True
        stored = self._telemetry.window(source, now - RETAINED_KNOWN_MS)
        return any((each[3], each[4]) == (event, values) and (retained or each[1] == seq) for each in stored)

    def _is_journaled(self, w: Watched, seq: int | None, at: Instant, dated: bool, flags: int) -> bool:
        """Whether what telemetry does not have was journaled before a crash; what is new ends the question."""
        key = f"{w.mode.value}|{w.device.id}"
        journaled = self._ahead.get(key)
        if journaled is None:
            return False
        if flags & DUP and (dated and at <= journaled.at if seq is None else seq <= journaled.seq):
            return True
        del self._ahead[key]
        return False

    def _take_back(self, w: Watched, values: Any, past: Row) -> None:
        """For telemetry and for what is believed of the device; what it causes is journaled."""
        _, at, seq, _, now, event, _ = past
        self.counts.replayed += 1
        w.at, w.received_at, w.seq = at, now, seq if seq >= 0 else w.seq
        self._telemetry.rows.append(past)
        replay(w, [Past(at, seq, now, event, values)])

    def _late(self, w: Watched, values: Any, past: Row, flags: int, dated: bool) -> Change | None:
        _, at, seq, _, now, _, _ = past
        if self._is_replay(past, values, flags, dated):
            self.counts.replayed += 1
            return None
        self.counts.late += 1
        self._telemetry.rows.append(past)
        known_by = seq if seq >= 0 and dated else None  # without a time: the message itself may come yet, as live
        cause = Cause(at, now, known_by, True, bool(flags & RETAIN), dated)
        return self._screen.late_reading(w, values, cause, self._desk.knows)


def _known(values: Mapping[str, Value | None]) -> dict[str, Value]:
    return {name: value for name, value in values.items() if value is not None}


def both(one: Change | None, other: Change | None) -> Change | None:
    if one is None or other is None:
        return one or other
    return Change([*one.verdicts, *other.verdicts], [*one.faults, *other.faults])
