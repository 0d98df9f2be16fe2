"""From MQTT messages to verdicts, telemetry and acknowledgements: the hot path.

A message is acknowledged only after the commit that holds what it caused, journal first, telemetry after it: so
whatever telemetry knows of, the journal knows the consequences of. Messages of one batch are committed together and
acknowledged in one write. What changes a verdict is in the journal at once; telemetry and acknowledgement follow with
the batch, so that commands are on their way before them.

Order. A device's messages are ordered by its `seq`, else by its own time. What is newer than all before is *live*.
What is not is a *replay* if it is stored already (a redelivery after a crash), else *late*: it can raise, never
clear. A `seq` that falls back with a later time is a rebooted device.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol
from zlib import crc32

from gateway.clock import Clock, monotonic_s
from gateway.codecs import native
from gateway.codecs.native import Kind, Undecodable
from gateway.counts import Counts
from gateway.desk import Desk
from gateway.history import BATCH_MS_MAX
from gateway.letters import Letters
from gateway.pace import Pace
from gateway.store import Store, StoreFailed
from gateway.telemetry import Row, Telemetry
from gateway.wire import DUP, OVERSIZE, RETAIN, Message
from rules.events import CommandAnswered, VerdictChanged
from rules.history import Past, replay
from rules.instant import DAY_MS, HOUR_MS, Instant
from rules.reading import Rejected
from rules.screen import Cause, Change, Screen
from rules.state import Cursor
from rules.watched import Watched

AHEAD_MS_MAX = 5_000  # a clock further ahead is wrong (GB 50440: 5 s, confidence low); received time stands in
BEHIND_MS_MAX = 30 * DAY_MS  # older than any device buffers: the clock is wrong
CLOCK_BACK_MS = 60_000  # longer than any reordering on the way; until then what comes can only raise
RETAINED_KNOWN_MS = 2 * HOUR_MS  # how far back a message without a time is looked for
BATCH_MESSAGES_MAX = 2_000  # a commit of so many takes about 5 ms

Take = Callable[[Watched, bytes, bytes, int, Instant], Change | None]
Route = tuple[Take, Watched]

log = logging.getLogger("tocsin.ingest")


class Timer(Protocol):
    """The event loop, as far as a batch needs it."""

    def call_later(self, delay: float, callback: Callable[[], None]) -> Any: ...


class Ingest:
    """`acknowledge(generation, packet_ids)` writes PUBACKs; `failed(error)` is told when nothing can be stored:
    from then on nothing is taken in and nothing is acknowledged. `ahead`: see `gateway.history`."""

    def __init__(
        self,
        screen: Screen,
        desk: Desk,
        store: Store,
        telemetry: Telemetry,
        clock: Clock,
        timer: Timer,
        acknowledge: Callable[[int, list[int]], object],
        failed: Callable[[StoreFailed], None],
        batch_ms: float = 5.0,
        ahead: dict[str, Cursor] | None = None,
    ) -> None:
        self._screen, self._desk, self._store, self._telemetry = screen, desk, store, telemetry
        self._clock, self._timer, self._acknowledge, self._failed = clock, timer, acknowledge, failed
        self._batch_s = batch_ms / 1000
        self._ahead = ahead or {}
        self._routes: dict[bytes, Route] = {}
        self._ids: list[int] = []
        self._generation = 0
        self._waiting: Any = None
        self._began_s = 0.0
        self._began: Instant = 0  # when the batch's first message was received
        self._urgent = False  # a verdict has changed: what a device answers to a command can wait for its batch
        self._stopped = False
        self._pace = Pace()
        self.letters = Letters()
        self.counts = Counts()
        self.on_answer: Callable[[str], None] = lambda command: None  # a device has answered a command

    # ---- batches

    def on_messages(self, messages: list[Message], generation: int) -> None:
        """Takes the messages of one read of the socket."""
        if self._stopped:
            return
        if generation != self._generation:
            self._generation, self._ids = generation, []  # the broker sends again what was not acknowledged
        now = self.counts.last_at = self._clock()
        if not self._ids:
            self._began_s = monotonic_s()
        try:
            if self._waiting is not None and not 0 <= now - self._began < BATCH_MS_MAX:
                self.flush()  # a slow disk, a clock set anew: so `gateway.history` can tell what telemetry may lack
            self._take(messages, now)
            if self._urgent:
                self._urgent = False
                self._desk.commit()
            if self._pace.full(len(self._ids)) or len(self._ids) >= BATCH_MESSAGES_MAX:
                self.flush()
            elif self._waiting is None:
                self._began = now
                self._waiting = self._timer.call_later(self._batch_s, self._time_is_up)
        except StoreFailed as error:
            self._stop(error)

    def _take(self, messages: list[Message], now: Instant) -> None:
        routes, ids = self._routes, self._ids
        self.counts.messages += len(messages)
        for topic, payload, packet_id, flags in messages:
            if packet_id:
                ids.append(packet_id)
            route = routes.get(topic) or self._route(topic, payload, now)
            if route is None:
                continue
            take, watched = route
            if len(payload) > native.PAYLOAD_BYTES_MAX or flags & OVERSIZE:
                self.letters.add(topic, "payload too large", f"at most {native.PAYLOAD_BYTES_MAX} bytes", payload, now)
                continue
            change = take(watched, topic, payload, flags, now)
            if change is not None:
                self._submit(change, topic, payload, now)

    def _submit(self, change: Change, topic: bytes, payload: bytes, now: Instant) -> None:
        for verdict in change.verdicts:
            self.submit(verdict)
        for reason, detail in change.faults:
            self.letters.add(topic, reason, detail, payload, now)

    def submit(self, verdict: VerdictChanged) -> None:
        self.counts.verdicts += 1
        self._desk.submit(verdict)
        self._urgent = True

    def flush(self) -> None:
        """Commits what was taken and acknowledges it. Raises StoreFailed: then nothing was acknowledged."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        self._urgent = False
        self._desk.commit()
        if self.letters:
            self._store.dead_letters_add(self.letters.take())
        began_s = monotonic_s()
        self._telemetry.commit()
        if self._ids:
            ids, self._ids = self._ids, []
            counts, done_s = self.counts, monotonic_s()
            counts.batches += 1
            self._acknowledge(self._generation, ids)
            counts.telemetry_s.observe(done_s - began_s)
            counts.ingest_s.observe(done_s - self._began_s)
            counts.batch_messages.observe(len(ids))

    def _time_is_up(self) -> None:
        self._waiting = None
        self._pace.learn(len(self._ids))
        try:
            self.flush()
        except StoreFailed as error:
            self._stop(error)

    def _stop(self, error: StoreFailed) -> None:
        self._stopped = True
        self._ids = []
        self._failed(error)

    @property
    def unacknowledged(self) -> int:
        """Messages taken in and not committed yet."""
        return len(self._ids)

    def forget_routes(self) -> None:
        """After a reload: devices may have come and gone."""
        self._routes.clear()

    # ---- routes

    def _route(self, topic: bytes, payload: bytes, now: Instant) -> Route | None:
        """Where messages of a topic go; kept for the topics of known devices, so that bogus ones cost no memory."""
        where = native.address(topic)
        if isinstance(where, Rejected):
            self.letters.add(topic, where.reason, where.detail, payload, now)
            return None
        if where.kind is Kind.OURS:
            return None
        watched = self._screen.watched(where.mode, where.device, now)
        if watched is None:
            site = where.device.partition("/")[0]
            reason = "unknown device" if site in self._screen.directory.sites else "unknown site"
            self.letters.add(topic, reason, where.device, payload, now)
            return None
        if watched.source < 0:
            watched.source = self._telemetry.source(where.mode.value, watched.device.id)  # kept: not another copy of it
        take: Take = {
            Kind.TELEMETRY: self._telemetry_of,
            Kind.EVENT: self._event_of,
            Kind.STATUS: self._status_of,
            Kind.RESULT: self._result_of,
        }[where.kind]
        route = self._routes[topic] = (take, watched)
        return route

    # ---- kinds of message

    def _telemetry_of(self, w: Watched, topic: bytes, payload: bytes, flags: int, now: Instant) -> Change | None:
        try:
            message: Any = native.decode_telemetry(payload)
        except Undecodable as error:
            message = self._without_time(Kind.TELEMETRY, topic, payload, error, now)
            if message is None:
                return None
        seq, body = message.seq, native.encode_values(message.values)
        at = self._instant(message.ts, topic, payload, now)
        dated = at is not None
        at = now if at is None else at
        newer = at > w.at if seq is None else (seq > w.seq and at >= w.at)
        live = (newer and not flags & RETAIN and not w.unseen) or self._is_live(w, seq, at, dated, flags)
        mark = crc32(body) if seq is None else 0
        past = (w.source, at, -1 if seq is None else seq, mark, now, None, body)
        if not live and not self._clock_fell_back(w, past, flags):
            return self._late(w, message.values, past, flags, dated)
        if self._ahead and self._is_journaled(w, seq, at, dated, flags):
            self._take_back(w, message.values, past)
            return None
        w.at, w.received_at = at, now
        if seq is not None:
            w.seq = seq
        self.counts.live += 1
        self._telemetry.rows.append(past)
        cause = Cause(at, now, seq, False, bool(flags & RETAIN), dated)
        change = self._screen.reading(w, message.values, cause)
        if dated and w.plan.on_metric[w.plan.skew]:
            change = _both(change, self._screen.skew(w, (now - _sent(message.ts)) / 1000, cause))
        return change

    def _event_of(self, w: Watched, topic: bytes, payload: bytes, flags: int, now: Instant) -> Change | None:
        try:
            message: Any = native.decode_event(payload)
        except Undecodable as error:
            message = self._without_time(Kind.EVENT, topic, payload, error, now)
            if message is None:
                return None
        seq, body = message.seq, native.encode_values(message.attributes)
        at = self._instant(message.ts, topic, payload, now)
        dated = at is not None
        at = now if at is None else at
        live = self._is_live(w, seq, at, dated, flags)
        mark = crc32(body + message.event.encode()) if seq is None else 0
        past = (w.source, at, -1 if seq is None else seq, mark, now, message.event, body)
        if not live and self._is_replay(past, message.attributes, flags, dated):
            self.counts.replayed += 1
            return None
        if live and self._ahead and self._is_journaled(w, seq, at, dated, flags):
            self._take_back(w, message.attributes, past)
            return None
        if live:
            w.at, w.received_at, w.seq = at, now, w.seq if seq is None else seq
        self.counts.live += live
        self.counts.late += not live
        self._telemetry.rows.append(past)
        cause = Cause(at, now, seq, not live, bool(flags & RETAIN), dated)
        return self._screen.event(w, message.event, message.attributes, cause)

    def _status_of(self, w: Watched, topic: bytes, payload: bytes, flags: int, now: Instant) -> Change | None:
        online = native.decode_status(payload)
        if isinstance(online, Rejected):
            self.letters.add(topic, online.reason, online.detail, payload, now)
            return None
        if w.unseen:
            self._screen.remember(w)
        retained = bool(flags & RETAIN)
        if online and not retained:
            w.received_at = now
        return self._screen.status(w, online, Cause(now, now, retained=retained))

    def _result_of(self, w: Watched, topic: bytes, payload: bytes, flags: int, now: Instant) -> Change | None:
        result = native.decode_result(payload)
        if isinstance(result, Rejected):
            self.letters.add(topic, result.reason, result.detail, payload, now)
            return None
        key = f"result/{w.mode.value}/{w.device.id}/{result.id}/{result.ok}"  # redelivered: the same answer
        self._desk.submit(CommandAnswered(w.mode, result.id, w.device.id, result.ok, now, result.detail), key)
        self.on_answer(result.id)
        return None

    # ---- time and order

    def _instant(self, ts: datetime | float | None, topic: bytes, payload: bytes, now: Instant) -> Instant | None:
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

    def _without_time(self, kind: Kind, topic: bytes, payload: bytes, error: Exception, now: Instant) -> Any | None:
        message = native.without_time(kind, payload)
        rejected = native.rejection(payload, error)
        reason = rejected.reason if message is None else "implausible time"
        self.letters.add(topic, reason, rejected.detail, payload, now)
        return message

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


def _sent(ts: datetime | float) -> Instant:
    at = native.instant(ts)
    assert at is not None
    return at


def _both(one: Change | None, other: Change | None) -> Change | None:
    if one is None or other is None:
        return one or other
    return Change([*one.verdicts, *other.verdicts], [*one.faults, *other.faults])
