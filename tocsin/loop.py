"""Running a coroutine until it ends or the process is told to stop."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

import uvloop

# How long a thread (the auditor, a query, a checkpoint) may keep the interpreter from the one that takes readings. With
# Python's own 5 ms an alarm waits so long at each turn of the loop.
SWITCH_SECONDS = 0.0005


def run_until_signal(
    work: Callable[[], Coroutine[Any, Any, None]], stopping: Callable[[], None] = lambda: None
) -> None:
    """SIGINT and SIGTERM cancel the work, which then stops in its own order. `stopping` is called first."""
    sys.setswitchinterval(SWITCH_SECONDS)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_until_signal(work(), stopping))


async def _until_signal(work: Awaitable[None], stopping: Callable[[], None]) -> None:
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()

    def stop() -> None:
        stopping()
        task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    with suppress(asyncio.CancelledError):
        await task
