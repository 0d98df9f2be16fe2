"""Load: QoS 1 telemetry at a given rate or flat out, from one process, never the bottleneck of what it measures.

How it stays cheap: packets are made of prepared bytes (`load_frames`); hundreds go out in one write; PUBACKs come
in by the hundred and are compared, order and packet ids included, with one slice of a table (MQTT 3.1.1, 4.6.0-2: a
receiver acknowledges in the order of arrival).

A rate is kept by a virtual schedule: message n is due at start + n / rate, and each turn sends all that is due,
so a late wake-up delays messages but loses none.
"""

from __future__ import annotations

import asyncio
import math
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

from gateway.clock import monotonic_s, now_ms
from gateway.link_settings import LinkSettings, link_settings_from_url
from gateway.wire_packets import DISCONNECT_BYTES, ConnAck, connect, read_control
from simulators.load_frames import PACKET_ID_BYTES, PACKET_IDS, Frames, LoadDevice

IN_FLIGHT_MAX = 2_000  # 300 KiB or so under way: enough to hide a round trip, small beside any broker's buffers
FRAMES_PER_WRITE = 400  # about 64 KiB: one socket buffer
TICK_SECONDS = 0.002  # how often a sender reads its acknowledgements and looks what is due
CONNECT_SECONDS_MAX = 10.0
STALL_SECONDS_MAX = 30.0  # a broker that acknowledges nothing for so long will not

_PUBACKS = b"".join(b"\x40\x02" + packet_id for packet_id in PACKET_ID_BYTES) * 2  # twice: a slice may run over the end


@dataclass(frozen=True)
class Sent:
    """What a run came to. `cpu_seconds` is this whole process's, so a benchmark runs the load in its own.

    `behind_seconds`: how late the schedule ever was; if it is not near 0 the rate asked for was not reached.
    """

    sent: int
    acknowledged: int
    seconds: float  # from the first message to the last acknowledgement
    cpu_seconds: float
    behind_seconds: float = 0.0
    of_first: int = 0  # of the messages sent, those of the first device

    @property
    def rate_per_s(self) -> float:
        return self.acknowledged / self.seconds if self.seconds else 0.0


class LoadFailed(Exception):
    """The broker refused or broke the connection, or acknowledged what was not sent; the text says which."""


@dataclass(frozen=True)
class Plan:
    """How much and how fast one connection sends. Without a rate: flat out; one of `count`, `seconds` is given."""

    rate_per_s: float | None
    count: int | None
    seconds: float | None
    in_flight_max: int

    def due(self, elapsed_s: float) -> int | None:
        """How many messages should have gone out by now; None: as many as can be."""
        if self.rate_per_s is None:
            return self.count
        due = int(elapsed_s * self.rate_per_s) + 1
        return due if self.count is None else min(due, self.count)

    def over(self, elapsed_s: float, sent: int) -> bool:
        """Whether nothing more is to be sent."""
        if self.count is not None:
            return sent >= self.count
        return self.seconds is not None and elapsed_s >= self.seconds


class Sender(asyncio.Protocol):
    """One connection: writes what is due while the window has room, counts what comes back."""

    def __init__(self, hello: bytes, frames: Frames, plan: Plan) -> None:
        loop = asyncio.get_running_loop()
        self.accepted: asyncio.Future[None] = loop.create_future()
        self.finished: asyncio.Future[None] = loop.create_future()
        self.sent = 0
        self.acknowledged = 0
        self.behind_seconds = 0.0
        self._hello, self._frames, self._plan = hello, frames, plan
        self._rest = b""
        self.started_at = self.ended_at = self._moved_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._hello)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(f"the broker closed the connection after {self.acknowledged} acknowledgements ({exc or 'no error'})")

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        whole = len(data) & ~3  # CONNACK and PUBACK both have four bytes
        self._rest = data[whole:]
        if not self.accepted.done() and whole:
            self._connected(data[:4])
            data, whole = data[4:], whole - 4
        if whole and not self._count(data[:whole]):
            self._fail(f"not the acknowledgements of what was sent: {data[:16]!r}")
        elif self.acknowledged and not self.finished.done():
            self._transport.pause_reading()  # until the next tick: Mosquitto sends PUBACKs one by one
            self.pump()

    def start(self) -> None:
        self.started_at = self._moved_at = monotonic_s()
        self._tick()

    def pump(self) -> None:
        """Send all that is due and fits in the window; finish when all is sent and acknowledged."""
        now_s = monotonic_s()
        due = self._plan.due(now_s - self.started_at)
        if self._plan.rate_per_s and due is not None:
            self.behind_seconds = max(self.behind_seconds, (due - 1 - self.sent) / self._plan.rate_per_s)
        while not self._plan.over(now_s - self.started_at, self.sent):
            count = min(FRAMES_PER_WRITE, self._plan.in_flight_max - (self.sent - self.acknowledged))
            count = count if due is None else min(count, due - self.sent)
            if count <= 0:
                return
            self._transport.write(self._frames.take(count, now_ms()))
            self.sent += count
        if self.sent == self.acknowledged and not self.finished.done():
            self.ended_at = now_s
            self.finished.set_result(None)

    def close(self) -> None:
        """Say goodbye after the last acknowledgement; otherwise cut the connection."""
        if self.finished.done() and not self.finished.cancelled() and not self.finished.exception():
            self._transport.write(DISCONNECT_BYTES)
            self._transport.close()
        else:
            self._transport.abort()

    def _tick(self) -> None:
        if self.finished.done() or self._transport.is_closing():
            return
        self._transport.resume_reading()
        self.pump()
        if self.sent > self.acknowledged and monotonic_s() - self._moved_at > STALL_SECONDS_MAX:
            self._fail(f"no acknowledgement for {STALL_SECONDS_MAX:.0f} s after {self.acknowledged} of {self.sent}")
        asyncio.get_running_loop().call_later(TICK_SECONDS, self._tick)

    def _connected(self, packet: bytes) -> None:
        answer = read_control("3.1.1", packet[0], packet[2:4])
        if isinstance(answer, ConnAck) and answer.code == 0:
            self.accepted.set_result(None)
        else:
            self._fail(f"the broker refused the connection: {answer}")

    def _count(self, pubacks: bytes) -> bool:
        count = len(pubacks) // 4
        first = self.acknowledged % PACKET_IDS * 4
        if count > self.sent - self.acknowledged or pubacks != _PUBACKS[first : first + len(pubacks)]:
            return False
        self.acknowledged += count
        self._moved_at = monotonic_s()
        return True

    def _fail(self, reason: str) -> None:
        for future in (self.accepted, self.finished):
            if not future.done():
                future.set_exception(LoadFailed(reason))
                future.exception()  # seen: whoever waits still gets it, and nobody else need


async def publish(
    url: str,
    devices: Sequence[LoadDevice],
    rate_per_s: float | None = None,
    *,
    seconds: float | None = None,
    count: int | None = None,
    connections: int = 1,
    in_flight_max: int = IN_FLIGHT_MAX,
    first_seq: int | None = None,
    prefix: str = "tocsin/v1",
    tls: ssl.SSLContext | None = None,
) -> Sent:
    """Publish quiet telemetry of `devices` in turn to the broker at `url` (`mqtt[s]://[user:password@]host[:port]`).

    Ends, when all is acknowledged, after `count` messages or, without one, after `rate_per_s * seconds` messages;
    without a rate flat out for `seconds`. A broker that is too slow for the rate makes the run longer, which
    `behind_seconds` tells. Devices, rate and count are divided among the `connections`; `in_flight_max` holds for
    each. `first_seq` defaults to the Unix milliseconds, so that a later run's counters go on rising.
    Raises LoadFailed, OSError when there is no broker, TimeoutError when it does not answer the CONNECT, ValueError
    for a wrong URL and the like.
    """
    if count is None and seconds is None:
        raise ValueError("neither count nor seconds is given: the load would never end")
    if count is None and rate_per_s is not None and seconds is not None:
        count = math.ceil(rate_per_s * seconds)
    if not 0 < in_flight_max < PACKET_IDS:
        raise ValueError(f"in_flight_max {in_flight_max} is not between 1 and {PACKET_IDS - 1}")
    whole = Plan(rate_per_s, count, seconds, in_flight_max)
    connections = min(connections, len(devices))
    seq = now_ms() if first_seq is None else first_seq
    cpu_started = time.process_time()
    tasks = []
    for index in range(connections):
        settings = link_settings_from_url(url, f"tocsin-load-{seq}-{index}", tls=tls)
        frames = Frames(devices[index::connections], seq, prefix)
        tasks.append(asyncio.create_task(_run(settings, frames, _share(whole, index, connections, len(devices)))))
    try:
        senders = await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()  # when one connection fails the others end with it
    return Sent(
        sent=sum(sender.sent for sender in senders),
        acknowledged=sum(sender.acknowledged for sender in senders),
        seconds=max(sender.ended_at for sender in senders) - min(sender.started_at for sender in senders),
        cpu_seconds=time.process_time() - cpu_started,
        behind_seconds=max(sender.behind_seconds for sender in senders),
        of_first=-(-senders[0].sent // len(devices[0::connections])),
    )


def _share(whole: Plan, index: int, connections: int, devices: int) -> Plan:
    """What one of the connections does of the whole, so that together they serve the devices strictly in turn."""
    own = len(range(index, devices, connections))
    rate = None if whole.rate_per_s is None else whole.rate_per_s * own / devices
    if whole.count is None:
        return replace(whole, rate_per_s=rate)
    turns, rest = divmod(whole.count, devices)
    return replace(whole, rate_per_s=rate, count=turns * own + len(range(index, rest, connections)))


async def _run(settings: LinkSettings, frames: Frames, plan: Plan) -> Sender:
    """One connection from CONNECT to DISCONNECT."""
    hello = connect(
        "3.1.1",
        settings.client_id,
        username=settings.username,
        password=settings.password,
        clean=True,
        keepalive_seconds=0,  # the load itself keeps the connection alive
        will=None,
        session_expiry_seconds=0,
        receive_maximum=PACKET_IDS,
    )
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(CONNECT_SECONDS_MAX):
        _, sender = await loop.create_connection(
            lambda: Sender(hello, frames, plan), settings.host, settings.port, ssl=settings.tls
        )
    try:
        async with asyncio.timeout(CONNECT_SECONDS_MAX):
            await sender.accepted
        sender.start()
        await sender.finished
    finally:
        sender.close()
    return sender
