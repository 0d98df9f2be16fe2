"""A reader of an event stream, straight at the ASGI interface: nothing is buffered, and it can refuse to read."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Self

from starlette.types import ASGIApp, Message


class StreamClient:
    """`async with StreamClient(app, "/api/v1/stream") as stream: await stream.event()`"""

    def __init__(self, app: ASGIApp, path: str, query: str = "", headers: dict[str, str] | None = None) -> None:
        given = {"host": "localhost"} | (headers or {})
        self._app = app
        self._scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()],
            "client": ("127.0.0.1", 50_000),
            "server": ("127.0.0.1", 80),
        }
        self._messages: asyncio.Queue[Message] = asyncio.Queue()
        self._gone = asyncio.Event()
        self._reading = asyncio.Event()
        self._reading.set()
        self._asked = False
        self._rest = ""  # events that came with the last one
        self.status = 0
        self.headers: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        start = await self._messages.get()
        self.status = start["status"]
        self.headers = {name.decode(): value.decode() for name, value in start["headers"]}
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.read_on()
        self._gone.set()
        await self._task

    async def _run(self) -> None:
        await self._app(self._scope, self._receive, self._send)

    async def body(self) -> bytes:
        """The next bytes; none at the end."""
        message = await self._messages.get()
        return bytes(message.get("body", b""))

    async def event(self) -> dict[str, str]:
        """The next event's fields; a comment's is `""`. Empty at the end of the stream."""
        block, _, self._rest = (self._rest or (await self.body()).decode()).partition("\n\n")
        fields = (line.partition(": ") for line in block.splitlines() if line)
        return {name: value for name, _, value in fields}

    async def __aiter__(self) -> AsyncIterator[dict[str, str]]:
        """Events to the end of the stream."""
        while event := await self.event():
            yield event

    async def entry(self) -> dict[str, Any]:
        """The `data` of the next event that is neither a comment nor the opening."""
        while True:
            event = await self.event()
            if "data" in event:
                entry: dict[str, Any] = json.loads(event["data"])
                return entry

    def stop_reading(self) -> None:
        """From now on the peer takes nothing; the server's `send` waits, as behind a full socket."""
        self._reading.clear()

    def read_on(self) -> None:
        self._reading.set()

    async def _receive(self) -> Message:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        await self._reading.wait()
        await self._messages.put(message)
