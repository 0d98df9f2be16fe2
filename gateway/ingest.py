"""From MQTT messages to verdicts, telemetry and acknowledgements: the hot path.

A message is acknowledged only after the commit that holds what it caused, journal first, telemetry after it: so
whatever telemetry knows of, the journal knows the consequences of. Messages of one batch are committed together and
acknowledged in one write. What changes a verdict is in the journal at once; telemetry and acknowledgement follow with
the batch, so that commands are on their way before them.

In which order a device's messages count is `gateway.ordering`'s; what other formats say, `gateway.foreign`'s.
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
from gateway.desk import Desk
from gateway.history import BATCH_MS_MAX
from gateway.ordering import Ordering, both
from gateway.pace import Pace
from gateway.store import Store, StoreFailed
from gateway.telemetry import Telemetry
from gateway.wire import OVERSIZE, RETAIN, Message
from rules.events import CommandAnswered, VerdictChanged
from rules.instant import Instant
from rules.reading import Rejected
from rules.screen import Cause, Change, Screen
from rules.state import Cursor
from rules.watched import Watched

BATCH_MESSAGES_MAX = 2_000  # a commit of so many takes about 5 ms

Take = Callable[[Any, bytes, bytes, int, Instant], Change | None]
Route = tuple[Take, Any]  # of native topics: whose they are

log = logging.getLogger("tocsin.ingest")


class Timer(Protocol):
    """The event loop, as far as a batch needs it."""

    def call_later(self, delay: float, callback: Callable[[], None]) -> Any: ...


class Foreign(Protocol):
    """Formats that are not ours, as far as ingest needs them: `gateway.foreign.intake.Intake`."""

    def route(self, topic: bytes) -> Route | None: ...

    def flush(self, now: Instant) -> None: ...


class Ingest(Ordering):
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
        super().__init__(screen, desk, telemetry, ahead)
        self._store = store
        self._clock, self._timer, self._acknowledge, self._failed = clock, timer, acknowledge, failed
        self._batch_s = batch_ms / 1000
        self.foreign: Foreign | None = None
        self._routes: dict[bytes, Route] = {}
        self._ids: list[int] = []
        self._generation = 0
        self._waiting: Any = None
        self._began_s = 0.0
        self._began: Instant = 0  # when the batch's first message was received
        self._urgent = False  # a verdict has changed: what a device answers to a command can wait for its batch
        self._stopped = False
        self._pace = Pace()
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
            if (len(payload) > native.PAYLOAD_BYTES_MAX and topic in routes) or flags & OVERSIZE:
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
        if self.foreign is not None:
            self.foreign.flush(self._clock())
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
        """Where messages of a topic go; kept for native topics of known devices, so that bogus ones cost no memory."""
        if self.foreign is not None and (found := self.foreign.route(topic)) is not None:
            return found
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
        at = self.instant_of(message.ts, topic, payload, now)
        dated = at is not None
        at = now if at is None else at
        newer = at > w.at if seq is None else (seq > w.seq and at >= w.at)
        if not newer or flags & RETAIN or w.unseen or self._ahead:
            sent = native.instant(message.ts)
            return self.reading(w, message.values, body, sent, at if dated else None, seq, flags, now)
        w.at, w.received_at = at, now  # nearly always: newer than all before
        if seq is not None:
            w.seq = seq
        self.counts.live += 1
        mark = crc32(body) if seq is None else 0
        self._telemetry.rows.append((w.source, at, -1 if seq is None else seq, mark, now, None, body))
        cause = Cause(at, now, seq, False, False, dated)
        change = self._screen.reading(w, message.values, cause)
        if dated and w.plan.on_metric[w.plan.skew]:
            change = both(change, self._screen.skew(w, (now - _sent(message.ts)) / 1000, cause))
        return change

    def _event_of(self, w: Watched, topic: bytes, payload: bytes, flags: int, now: Instant) -> Change | None:
        try:
            message: Any = native.decode_event(payload)
        except Undecodable as error:
            message = self._without_time(Kind.EVENT, topic, payload, error, now)
            if message is None:
                return None
        at = self.instant_of(message.ts, topic, payload, now)
        return self.event(w, message.event, message.attributes, at, message.seq, flags, now)

    def _status_of(self, w: Watched, topic: bytes, payload: bytes, flags: int, now: Instant) -> Change | None:
        online = native.decode_status(payload)
        if isinstance(online, Rejected):
            self.letters.add(topic, online.reason, online.detail, payload, now)
            return None
        return self.status(w, online, flags, now)

    def _result_of(self, w: Watched, topic: bytes, payload: bytes, flags: int, now: Instant) -> Change | None:
        result = native.decode_result(payload)
        if isinstance(result, Rejected):
            self.letters.add(topic, result.reason, result.detail, payload, now)
            return None
        key = f"result/{w.mode.value}/{w.device.id}/{result.id}/{result.ok}"  # redelivered: the same answer
        self._desk.submit(CommandAnswered(w.mode, result.id, w.device.id, result.ok, now, result.detail), key)
        self.on_answer(result.id)
        return None

    def _without_time(self, kind: Kind, topic: bytes, payload: bytes, error: Exception, now: Instant) -> Any | None:
        message = native.without_time(kind, payload)
        rejected = native.rejection(payload, error)
        reason = rejected.reason if message is None else "implausible time"
        self.letters.add(topic, reason, rejected.detail, payload, now)
        return message


def _sent(ts: datetime | float) -> Instant:
    at = native.instant(ts)
    assert at is not None
    return at
