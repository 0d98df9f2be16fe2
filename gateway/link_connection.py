"""One connection to the broker, from the first byte to the last: greeting, subscription, keep-alive, back-pressure.

asyncio calls in; `link.py` owns it and opens the next one. All times are the loop's monotonic seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from operator import itemgetter
from typing import Literal, cast

from gateway.link_settings import LinkSettings
from gateway.wire import Message, Reader
from gateway.wire_packets import (
    DISCONNECT_BYTES,
    PINGREQ_BYTES,
    ConnAck,
    Control,
    Disconnect,
    ProtocolError,
    SubAck,
    connect,
    pubacks,
    subscribe,
)
from gateway.wire_reasons import reason_name

PING_SHARE = 0.75  # of the keep-alive: a PINGREQ sent by then reaches the broker in time over a slow network
DEAD_SHARE = 1.5  # of the keep-alive: what MQTT lets a broker wait; we wait no longer for it
GOODBYE_SECONDS_MAX = 2.0  # a stop must not hang on a dead peer
GREETING_SECONDS_MAX = 10.0  # for CONNACK and SUBACK; a broker that replays a large session is slow to answer

_SUBSCRIBE_ID = 1  # our packet ids and the broker's are separate; there is one SUBSCRIBE a connection
_packet_id = itemgetter(2)


class Keepalive:
    """When to ask whether the broker is still there, and when to give it up."""

    def __init__(self, seconds: float, now: float) -> None:
        self._seconds = seconds
        self.sent = now  # when we last wrote
        self.heard = now  # when anything last arrived
        self._pinged = now

    def step(self, now: float, reading: bool) -> tuple[Literal["ping", "dead", ""], float]:
        """(what to do now, the moment of the next step). While `reading` is paused silence proves nothing."""
        if not reading:
            self.heard = now
        if now >= self.heard + DEAD_SHARE * self._seconds:
            return "dead", now
        ping_at = max(min(self.sent, self.heard), self._pinged) + PING_SHARE * self._seconds
        if now >= ping_at:
            self._pinged = self.sent = now
            ping_at = now + PING_SHARE * self._seconds
            return "ping", min(ping_at, self.heard + DEAD_SHARE * self._seconds)
        return "", min(ping_at, self.heard + DEAD_SHARE * self._seconds)


class Connection(asyncio.Protocol):
    """`on_listening` is called when the broker has granted the subscription; `ended` is why the connection is over."""

    def __init__(
        self,
        settings: LinkSettings,
        generation: int,
        on_messages: Callable[[list[Message], int], None],
        on_listening: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._generation = generation
        self._on_messages = on_messages
        self._on_listening = on_listening
        self._reader = Reader(settings.protocol, settings.packet_bytes_max)
        self._loop = asyncio.get_running_loop()
        self._keepalive = Keepalive(settings.keepalive_seconds, self._loop.time())
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None
        self._unacknowledged = 0
        self._paused = False
        self._greeting = ""
        self._reason = ""
        self.listening = False
        self.refused: tuple[str, ...] = ()
        self.ended: asyncio.Future[str] = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own is no subclass
        self._timer = self._loop.call_later(GREETING_SECONDS_MAX, self._greeting_is_late)
        s = self._settings
        self._write(
            connect(
                s.protocol,
                s.client_id,
                username=s.username,
                password=s.password,
                clean=s.clean,
                keepalive_seconds=s.keepalive_seconds,
                will=s.will,
                session_expiry_seconds=s.session_expiry_seconds,
                receive_maximum=s.inflight_max,
            )
        )

    def data_received(self, data: bytes) -> None:
        self._keepalive.heard = self._loop.time()
        if self._reason:
            return  # closing: what still comes stays unacknowledged, and comes again
        try:
            messages = self._reader.feed(data)
            if self._reader.controls:
                self._take_controls()
        except ProtocolError as error:
            self.abort(f"the broker broke the protocol: {error}")
            return
        if messages:
            self._unacknowledged += len(messages) - list(map(_packet_id, messages)).count(0)
            if self._unacknowledged > self._settings.inflight_max and not self._paused:
                self._pause(True)
            self._on_messages(messages, self._generation)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(f"connection lost: {exc}" if exc else "the broker closed the connection")

    def acknowledge(self, packet_ids: list[int]) -> bool:
        """Write the PUBACKs in one piece; False when the connection is not open (any more)."""
        if self._reason or self._transport is None:
            return False
        self._write(pubacks(packet_ids))
        self._unacknowledged = max(0, self._unacknowledged - len(packet_ids) + packet_ids.count(0))
        if self._paused and self._unacknowledged <= self._settings.inflight_max // 2:
            self._pause(False)
        return True

    async def close(self, reason: str) -> None:
        """A wanted end: say goodbye, so that the broker discards the will, and wait until that is written."""
        if self._transport is not None and not self._reason:
            self._reason = reason
            self._transport.write(DISCONNECT_BYTES)
            self._transport.close()
            await asyncio.wait({self.ended}, timeout=GOODBYE_SECONDS_MAX)
            self._transport.abort()

    def abort(self, reason: str) -> None:
        """An unwanted end: close without a word. The broker publishes the will: nobody listens now."""
        if self._transport is not None:
            self._transport.abort()
        self._end(reason)  # at once: nothing more is expected of a transport that may be broken itself

    def _end(self, reason: str) -> None:
        self.listening = False
        self._reason = self._reason or reason
        if self._timer is not None:
            self._timer.cancel()
        if not self.ended.done():
            self.ended.set_result(self._reason)

    def _write(self, data: bytes) -> None:
        assert self._transport is not None
        if data:
            self._transport.write(data)
            self._keepalive.sent = self._loop.time()

    def _pause(self, paused: bool) -> None:
        assert self._transport is not None
        self._paused = paused
        if paused:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def _take_controls(self) -> None:
        controls, self._reader.controls = self._reader.controls, []
        for control in controls:
            self._take(control)

    def _take(self, control: Control) -> None:
        match control:
            case ConnAck(code=0):
                self._subscribe(control)
            case ConnAck():
                self.abort(f"the broker refuses the connection: {control.reason}")
            case SubAck():
                self._subscribed(control)
            case Disconnect():
                self.abort(f"the broker closed the connection: {control.reason}")

    def _subscribe(self, greeting: ConnAck) -> None:
        """Always, also in a session that goes on: the topics of the last run need not be those of this one."""
        settings = self._settings
        if greeting.keepalive_seconds is not None:
            self._keepalive = Keepalive(greeting.keepalive_seconds or float("inf"), self._loop.time())
        self._greeting = "session goes on" if greeting.session_present else "new session"
        if settings.topics:
            self._write(subscribe(settings.protocol, _SUBSCRIBE_ID, settings.topics))
        else:
            self._listen([])

    def _subscribed(self, answer: SubAck) -> None:
        topics, version = self._settings.topics, self._settings.protocol
        if answer.packet_id != _SUBSCRIBE_ID or len(answer.codes) != len(topics) or self.listening:
            raise ProtocolError("SUBACK that answers no SUBSCRIBE of ours")
        granted = dict(zip(topics, answer.codes, strict=True))
        self.refused = tuple(topic for topic, code in granted.items() if code >= 0x80)
        faults = [
            f"the broker refuses the subscription to {topic!r}: {reason_name(version, granted[topic])}"
            for topic in self.refused
        ]
        if len(self.refused) == len(topics):
            self.abort("; ".join(faults))
            return
        weak = [topic for topic, code in granted.items() if code == 0]
        self._listen(faults + [f"{topic!r} at QoS 0 only: what is lost does not come again" for topic in weak])

    def _listen(self, remarks: list[str]) -> None:
        self.listening = True
        self._restart_timer(self._loop.time())
        self._on_listening("; ".join([self._greeting, *remarks]))

    def _greeting_is_late(self) -> None:
        if self._paused:  # the SUBACK may stand behind a long replay of the session that we do not read yet
            self._timer = self._loop.call_later(GREETING_SECONDS_MAX, self._greeting_is_late)
            return
        self.abort(f"the broker did not answer within {GREETING_SECONDS_MAX:g} s")

    def _tick(self) -> None:
        step, again = self._keepalive.step(self._loop.time(), reading=not self._paused)
        if step == "dead":
            self.abort("the broker does not answer any more")
            return
        if step == "ping":
            self._write(PINGREQ_BYTES)
        self._restart_timer(again)

    def _restart_timer(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if when != float("inf"):
            self._timer = self._loop.call_at(when, self._tick)
