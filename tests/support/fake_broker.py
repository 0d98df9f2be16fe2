"""A broker that does what the test says, packet by packet, on a real socket."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from tests.support.encoders import CONNACK

CONNECT, PUBACK, SUBSCRIBE, PINGREQ, DISCONNECT = 0x10, 0x40, 0x82, 0xC0, 0xE0


class Peer:
    """One client's connection, seen from the broker."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self) -> tuple[int, bytes]:
        """The client's next packet: (first byte, body of at most 127 bytes). (0, b"") when it has closed."""
        try:
            first, length = await self._reader.readexactly(2)
            return first, await self._reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            return 0, b""

    async def expect(self, first: int) -> bytes:
        found, body = await self.read()
        assert found == first, f"expected a packet {first:#x}, got {found:#x} {body!r}"
        return body

    async def greet(self, suback: bytes = b"\x90\x03\x00\x01\x01", connack: bytes = CONNACK["3.1.1"]) -> None:
        await self.expect(CONNECT)
        self.send(connack)
        await self.expect(SUBSCRIBE)
        self.send(suback)

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    def drop(self) -> None:
        """The connection breaks."""
        self._writer.transport.abort()


class FakeBroker:
    """`async with FakeBroker() as broker: peer = await broker.accept()`."""

    port = 0

    async def __aenter__(self) -> Self:
        self._peers: asyncio.Queue[Peer] = asyncio.Queue()
        self._all: list[Peer] = []
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for peer in self._all:
            peer.drop()
        await self._server.wait_closed()

    async def accept(self) -> Peer:
        return await self._peers.get()

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer)
        self._all.append(peer)
        self._peers.put_nowait(peer)
