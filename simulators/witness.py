"""The broker's own view of a load: what it hands on of one device to somebody who subscribes.

A PUBACK says that the broker has taken a message; a subscriber says that it has kept its word. One device of many is
enough to see by, and costs the broker next to nothing.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import cast

from gateway.link_settings import LinkSettings
from gateway.wire import Reader
from gateway.wire_packets import DISCONNECT_BYTES, ConnAck, ProtocolError, SubAck, connect, pubacks, subscribe

CONNECT_SECONDS_MAX = 10.0
AFTERWARDS_SECONDS_MAX = 5.0  # for what is still on its way when the last message was acknowledged


class WitnessFailed(Exception):
    """The broker lets nobody listen; the text says why."""


class Witness(asyncio.Protocol):
    """`async with await Witness.at(settings, topic) as witness`, then `heard(wanted)`."""

    def __init__(self, hello: bytes, topic: str) -> None:
        loop = asyncio.get_running_loop()
        self.count = 0
        self._hello, self._topic = hello, topic
        self._reader = Reader("3.1.1")
        self._listening: asyncio.Future[None] = loop.create_future()
        self._wanted: tuple[int, asyncio.Future[None]] | None = None

    @classmethod
    async def at(cls, settings: LinkSettings, topic: str) -> Witness:
        """Raises WitnessFailed, OSError, TimeoutError."""
        hello = connect(
            "3.1.1",
            settings.client_id,
            username=settings.username,
            password=settings.password,
            clean=True,
            keepalive_seconds=0,
        )
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_SECONDS_MAX):
            _, witness = await loop.create_connection(
                lambda: cls(hello, topic), settings.host, settings.port, ssl=settings.tls
            )
            await witness._listening
        return witness

    async def __aenter__(self) -> Witness:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._transport.write(DISCONNECT_BYTES)
        self._transport.close()

    async def heard(self, wanted: int) -> int:
        """How many messages came; waits a little for so many."""
        if self.count < wanted:
            arrived = asyncio.get_running_loop().create_future()
            self._wanted = wanted, arrived
            await asyncio.wait([arrived], timeout=AFTERWARDS_SECONDS_MAX)
        return self.count

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._hello)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(f"the broker closed the connection ({exc or 'no error'})")

    def data_received(self, data: bytes) -> None:
        try:
            messages = self._reader.feed(data)
        except ProtocolError as error:
            self._fail(str(error))
            self._transport.abort()
            return
        for control in self._reader.controls:
            if isinstance(control, ConnAck) and control.code:
                self._fail(f"the broker refused the connection: {control.reason}")
            elif isinstance(control, ConnAck):
                self._transport.write(subscribe("3.1.1", 1, [self._topic]))
            elif isinstance(control, SubAck) and control.codes[0] >= 0x80:
                self._fail(f"the broker refused the subscription to {self._topic}")
            elif not self._listening.done():
                self._listening.set_result(None)
        self._reader.controls.clear()
        self.count += len(messages)
        self._transport.write(pubacks(packet_id for _, _, packet_id, _ in messages))
        if self._wanted is not None and self.count >= self._wanted[0] and not self._wanted[1].done():
            self._wanted[1].set_result(None)

    def _fail(self, reason: str) -> None:
        if not self._listening.done():
            self._listening.set_exception(WitnessFailed(reason))
