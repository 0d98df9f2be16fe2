"""An event loop whose clock jumps: timers take no time, sockets on loopback work as ever."""

from __future__ import annotations

import asyncio
import selectors
from typing import Any

_STUCK_SECONDS = 10.0  # real ones: nothing to read, and no timer to wait for
TURNS_MAX = 1_000_000  # in one instant; a building that wakes up takes a few hundred


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """`time()` starts at 0 and passes only when nothing is ready: then straight to the next timer."""

    def __init__(self) -> None:
        self.now = 0.0
        super().__init__(_Jumping(self))

    def time(self) -> float:
        return self.now


class _Jumping(selectors.DefaultSelector):
    def __init__(self, loop: VirtualTimeLoop) -> None:
        super().__init__()
        self._loop, self._turns = loop, 0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(_STUCK_SECONDS if timeout is None else 0)
        if timeout is None and not ready:
            raise TimeoutError("nothing will ever happen in this loop")
        self._turns += 1
        if timeout and not ready:
            self._loop.now += timeout
            self._turns = 0
        if self._turns > TURNS_MAX:
            self._turns = 0
            raise TimeoutError(f"time stands still at {self._loop.now} s: something in this loop never rests")
        return ready
