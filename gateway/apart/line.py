"""The line between the core and the API's process: a Unix socket that only these two hold, frames of msgpack."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from typing import Any, cast

import msgspec
from msgspec import Struct

from rules.instant import Instant
from rules.site import Title
from rules.timeline import Entry

FRAME_BYTES_MAX = 256 * 1024**2  # titles of 100 000 devices are 10 MB
_LENGTH = struct.Struct("!I")


class Begin(Struct, frozen=True, tag=True):
    """The first thing the core says: `settings` as JSON, and what is logged."""

    settings: str
    log_level: int


class Ask(Struct, frozen=True, tag=True):
    """A method of the port, and its arguments by the method's shape."""

    number: int
    name: str
    arguments: bytes


class Answer(Struct, frozen=True, tag=True):
    number: int
    body: bytes


class Fault(Struct, frozen=True, tag=True):
    """What the method has raised: an exception of the port's, by its module and name."""

    number: int
    module: str
    name: str
    arguments: list[str]


class Stands(Struct, frozen=True, tag=True):
    """How the core stands: whether it runs, and the position of its latest entry."""

    up: bool
    position: int


class Titles(Struct, frozen=True, tag=True):
    titles: dict[str, Title]


class Entries(Struct, frozen=True, tag=True):
    """What was committed, in order."""

    entries: list[Entry]


class Skipped(Struct, frozen=True, tag=True):
    """So much was committed that it is better read from the store: up to this position."""

    position: int


class Serving(Struct, frozen=True, tag=True):
    """The API's process takes requests."""

    at: Instant = 0


Message = Begin | Ask | Answer | Fault | Stands | Titles | Entries | Skipped | Serving

_encode = msgspec.msgpack.Encoder().encode
_decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)


class Line(asyncio.BufferedProtocol):
    """One end. `heard(message)` for each message, in order; `lost()` once, when the other end is gone."""

    def __init__(self, heard: Callable[[Message], None], lost: Callable[[], None]) -> None:
        self._heard, self._lost = heard, lost
        self._transport: asyncio.Transport | None = None
        self._chunk = bytearray(256 * 1024)
        self._received = bytearray()

    @property
    def waiting_bytes(self) -> int:
        """What the other end has not taken yet."""
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    def say(self, message: Message) -> None:
        """Harmless when the other end is gone."""
        if self._transport is not None and not self._transport.is_closing():
            body = _encode(message)
            self._transport.write(_LENGTH.pack(len(body)) + body)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost()

    def get_buffer(self, sizehint: int) -> bytearray:
        return self._chunk

    def buffer_updated(self, nbytes: int) -> None:
        self._received += memoryview(self._chunk)[:nbytes]
        start = 0
        while len(self._received) - start >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._received, start)
            if length > FRAME_BYTES_MAX:
                self.close()
                return
            end = start + _LENGTH.size + length
            if len(self._received) < end:
                break
            message = _decoder.decode(memoryview(self._received)[start + _LENGTH.size : end])
            start = end
            self._heard(message)
        del self._received[:start]


async def take_line(socket: Any, heard: Callable[[Message], None], lost: Callable[[], None]) -> Line:
    """The end that `socket` (a connected Unix stream socket) is."""
    loop = asyncio.get_running_loop()
    _, line = await loop.create_unix_connection(lambda: Line(heard, lost), sock=socket)
    return line
