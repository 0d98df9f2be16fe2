"""Whose turn it is to look into the core's memory: one question after the other, and no more of the core's time than
a share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

SHARE = 0.1  # of the time; what is left is the readings'
WAITING_MAX = 1_000  # different questions; clients that ask more than that at once are told to come back


class TooMany(Exception):
    """So many questions wait that another one would not be answered in time."""


class Turns:
    """Equal questions that wait are asked once. Between two the loop is free for `1 / SHARE - 1` times as long."""

    def __init__(self, ask: Callable[[str, bytes], Awaitable[bytes]]) -> None:
        self._ask = ask
        self._waiting: dict[tuple[str, bytes], asyncio.Future[bytes]] = {}
        self._some = asyncio.Event()

    async def answer(self, name: str, arguments: bytes) -> bytes:
        """Raises TooMany, and what `ask` raises."""
        key = (name, arguments)
        future = self._waiting.get(key)
        if future is None:
            if len(self._waiting) >= WAITING_MAX:
                raise TooMany(f"{WAITING_MAX} questions wait")
            future = self._waiting[key] = asyncio.get_running_loop().create_future()
            self._some.set()
        return await asyncio.shield(future)

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await self._some.wait()
            key = next(iter(self._waiting))
            future = self._waiting.pop(key)
            if not self._waiting:
                self._some.clear()
            begun = loop.time()
            await self._one(future, *key)
            await asyncio.sleep((loop.time() - begun) * (1 / SHARE - 1))

    async def _one(self, future: asyncio.Future[bytes], name: str, arguments: bytes) -> None:
        try:
            answer = await self._ask(name, arguments)
        except Exception as error:
            future.set_exception(error)
            future.exception()  # whoever asked may be gone
        else:
            future.set_result(answer)
