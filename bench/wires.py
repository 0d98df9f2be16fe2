"""What stands at the other ends while latency is measured: devices on MQTT, and a reader of the gateway's stream.

Bare asyncio protocols, so that what they add to a measured time is a few microseconds.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import cast

from gateway.wire import Reader
from gateway.wire_packets import DISCONNECT_BYTES, ConnAck, SubAck, connect, pubacks, subscribe

Heard = Callable[[str, bytes, float], None]
"""(topic, payload, when its bytes arrived)."""

now_s = time.perf_counter


class Devices(asyncio.Protocol):
    """Listens as devices do: QoS 1, acknowledged at once."""

    def __init__(self, client_id: str, topics: tuple[str, ...], heard: Heard) -> None:
        self.listening: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._client_id, self._topics, self._heard = client_id, topics, heard
        self._reader = Reader("3.1.1")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(connect("3.1.1", self._client_id, keepalive_seconds=0))

    def data_received(self, data: bytes) -> None:
        at = now_s()
        messages = self._reader.feed(data)
        self._transport.write(pubacks([packet_id for _, _, packet_id, _ in messages if packet_id]))
        for topic, payload, _, _ in messages:
            self._heard(topic.decode(), payload, at)
        for control in self._reader.controls:
            if isinstance(control, ConnAck):
                self._transport.write(subscribe("3.1.1", 1, self._topics))
            elif isinstance(control, SubAck):
                self.listening.set_result(None)
        self._reader.controls.clear()

    def close(self) -> None:
        self._transport.write(DISCONNECT_BYTES)
        self._transport.close()


class Publisher(asyncio.Protocol):
    """Speaks as devices do, at QoS 1; what the broker answers is passed over."""

    def __init__(self, client_id: str) -> None:
        self.accepted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._client_id, self._packet_id = client_id, 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(connect("3.1.1", self._client_id, keepalive_seconds=0))

    def data_received(self, data: bytes) -> None:
        if not self.accepted.done():
            self.accepted.set_result(None)

    def publish(self, topic: str, payload: bytes) -> float:
        """→ when."""
        self._packet_id = self._packet_id % 65_535 + 1
        name = topic.encode()
        body = len(name).to_bytes(2, "big") + name + self._packet_id.to_bytes(2, "big") + payload
        packet = b"\x32" + bytes(_length(len(body))) + body
        at = now_s()
        self._transport.write(packet)
        return at

    def close(self) -> None:
        self._transport.write(DISCONNECT_BYTES)
        self._transport.close()


class Stream(asyncio.Protocol):
    """Reads `/api/v1/stream`: `seen(kind, when)` for every entry, as soon as its last byte is here."""

    def __init__(self, host: str, port: int, seen: Callable[[str, float], None]) -> None:
        self.connected: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._host, self._port, self._seen = host, port, seen
        self._rest = b""
        self._kind = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        request = f"GET /api/v1/stream HTTP/1.1\r\nHost: {self._host}:{self._port}\r\nAccept: text/event-stream\r\n\r\n"
        self._transport.write(request.encode())

    def data_received(self, data: bytes) -> None:
        at = now_s()
        *lines, self._rest = (self._rest + data).split(b"\n")  # the lines between chunks are none of ours
        for line in lines:
            if line.startswith(b"event: "):
                self._kind = line[7:].strip().decode()
            elif line.startswith(b"data: "):
                self._seen(self._kind, at)
            elif line.startswith(b"retry:") and not self.connected.done():
                self.connected.set_result(None)

    def close(self) -> None:
        self._transport.abort()


def _length(value: int) -> list[int]:
    digits = []
    while value > 0x7F:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    return [*digits, value]
