"""Calls that block, in a bounded number of threads that never keep the program from ending."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

AT_ONCE_MAX = 8  # threads; a channel that hangs holds one for as long as its sockets let it

T = TypeVar("T")


class Threads:
    """Who gives up waiting for a call does not free its thread: the call does, by ending."""

    def __init__(self, most: int, name: str) -> None:
        self._free, self._name = asyncio.Semaphore(most), name

    async def call(self, work: Callable[[], T]) -> T:
        """What `work()` returns or raises. A call that is given up before it has a thread is never made."""
        await self._free.acquire()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()

        def ended(settle: Callable[[], None]) -> None:
            self._free.release()
            if not answer.done():
                settle()

        def run() -> None:
            settle: Callable[[], None]
            try:
                settle = partial(answer.set_result, work())
            except Exception as error:
                settle = partial(answer.set_exception, error)
            with suppress(RuntimeError):  # the loop has ended before the call
                loop.call_soon_threadsafe(ended, settle)

        threading.Thread(target=run, name=self._name, daemon=True).start()
        return await answer
