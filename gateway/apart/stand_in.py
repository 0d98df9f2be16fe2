"""Who answers while the API's process is being started again: whether the gateway lives and works, and to come back."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import Callable

from api.ports import Health
from rules.instant import rfc3339

HEAD_BYTES_MAX = 16 * 1024
HEAD_SECONDS_MAX = 5.0
TITLE = "The API is being started again"
RETRY_AFTER_SECONDS = 2

log = logging.getLogger("tocsin.api")


class StandIn:
    """Takes what comes in on `listening`, which stays open, between `start` and `stop`."""

    def __init__(self, listening: socket.socket, health: Callable[[], Health]) -> None:
        self._listening, self._health = listening, health
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, sock=self._listening.dup(), limit=HEAD_BYTES_MAX)

    def stop(self) -> None:
        """Answers that are under way are finished."""
        server, self._server = self._server, None
        if server is not None:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(HEAD_SECONDS_MAX):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(self.answer(head))
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError, OSError) as error:
            log.debug("a request that could not be read: %r", error)
        finally:
            writer.close()

    def answer(self, head: bytes) -> bytes:
        """The whole answer to a request's head."""
        method, _, rest = head.partition(b" ")
        path = rest.partition(b" ")[0].partition(b"?")[0]
        if method in (b"GET", b"HEAD") and path == b"/healthz":
            return _answer("200 OK", "application/json", {"alive": True}, method)
        if method in (b"GET", b"HEAD") and path == b"/readyz":
            health = self._health()
            parts = {part: "ok" if state == "ok" else "not ok" for part, state in health.parts.items()}
            told = {"ready": health.ready, "parts": parts, "version": health.version}
            status = "200 OK" if health.ready else "503 Service Unavailable"
            return _answer(status, "application/json", told | {"started_at": rfc3339(health.started_at)}, method)
        problem = {
            "type": "urn:tocsin:problem:unavailable",
            "title": TITLE,
            "status": 503,
            "detail": "come back in a moment; nothing was done",
            "code": "unavailable",
        }
        return _answer("503 Service Unavailable", "application/problem+json", problem, method)


def _answer(status: str, media_type: str, document: dict[str, object], method: bytes) -> bytes:
    body = json.dumps(document).encode()
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}\r\n"
        f"Retry-After: {RETRY_AFTER_SECONDS}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + (b"" if method == b"HEAD" else body)
