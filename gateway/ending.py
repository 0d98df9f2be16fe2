"""Ending tasks for good."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

GOODBYE_SECONDS_MAX = 2.0  # for what a task still has to say when it is told to end


def stop_if_told() -> None:
    """Raises CancelledError where the task was cancelled and `wait_for`, which aiomqtt uses, has swallowed it."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def end(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancels them until they have ended.

    Once is not always enough: `wait_for` of Python 3.11 swallows a cancellation that comes with what it waits for.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=GOODBYE_SECONDS_MAX)
