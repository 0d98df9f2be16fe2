"""The turnstile: one question is worked on at a time, so that those who only look cannot keep a stream waiting.

An answer of a long list takes the interpreter for some milliseconds. Twenty of them at once would come between an alarm
and the screens that wait for it; here they queue, and what a stream has to say goes in between.
"""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

AT_ONCE = 1  # what a stream has to say then waits for one answer at the most (bench: polling)
STREAM_PATH_END = "/stream"
READINGS_PATH_END = "/readings"  # these take turns of their own, and up to two seconds each
_READS = frozenset({"GET", "HEAD"})
_FREE = frozenset({"/healthz", "/readyz"})  # a probe must not wait behind those it is to tell of


class Turnstile:
    """ASGI. Holds a place from the request until the answer begins: a client that is slow to take it holds none."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._places = asyncio.Semaphore(AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _queues(scope):
            await self._app(scope, receive, send)
            return
        await self._places.acquire()
        held = True

        def leave() -> None:
            nonlocal held
            if held:
                held = False
                self._places.release()

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.body":
                leave()
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            leave()


def _queues(scope: Scope) -> bool:
    """Commands do not: they are few, and what they change is waited for."""
    path: str = scope["path"]
    return scope["method"] in _READS and not path.endswith((STREAM_PATH_END, READINGS_PATH_END)) and path not in _FREE
