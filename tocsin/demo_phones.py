"""The phones and screens of the demo: a web server on loopback that the gateway's messages are posted to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress

HOST = "127.0.0.1"
HEAD_BYTES_MAX = 64 * 1024
BODY_BYTES_MAX = 1024 * 1024  # a message is some hundred bytes
SECONDS_MAX = 10.0
_TAKEN = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Phones:
    """`async with Phones() as phones`: takes every message, counts them by channel."""

    def __init__(self) -> None:
        self.taken: dict[str, int] = {}
        self.port = 0
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Phones:
        self._server = await asyncio.start_server(self._take, HOST, 0, limit=HEAD_BYTES_MAX)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    def channels_file(self, channels: Iterable[str]) -> str:
        """Where each channel leads, as the gateway's `notify.channels_file` says it."""
        return "".join(f"{channel} json://{HOST}:{self.port}/{channel}\n" for channel in channels)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, TimeoutError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            async with asyncio.timeout(SECONDS_MAX):
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").splitlines()
                headers = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
                await reader.readexactly(min(BODY_BYTES_MAX, int(headers.get("content-length", "0"))))
                channel = head[0].split()[1].strip("/")
                self.taken[channel] = self.taken.get(channel, 0) + 1
                writer.write(_TAKEN)
                await writer.drain()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
