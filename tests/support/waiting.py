"""Waiting for a condition, with a deadline, in a test that runs in real time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

SECONDS_MAX = 20.0  # a loaded CI machine
_CHECK_SECONDS = 0.01


async def until(condition: Callable[[], object], seconds: float = SECONDS_MAX) -> None:
    """Returns as soon as `condition()` is true. Raises TimeoutError when it does not become so."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - a condition of another process, which tells nobody
            await asyncio.sleep(_CHECK_SECONDS)
