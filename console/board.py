"""One drawing for all the pages that show the same: made once a change, sent as what is different.

When it is quiet a change is drawn at once. The larger it was the longer the next waits, up to REST_SECONDS_MAX: nobody
reads faster, and to lay out and paint the page takes its browser most of what a wall costs.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from console.clock import monotonic_s
from console.live import Live
from console.parts import NOTHING, Parts, difference

REST_SECONDS_MIN, REST_SECONDS_MAX = 0.2, 1.0
CHARACTERS_A_SECOND = 10_000
SENT_AT_ONCE = 4  # pages

Send = Callable[[str], object]
Later = Callable[[float, Callable[[], None]], object]


class Seat(NamedTuple):
    """What a page shows first, and which drawing that is; `stop` when the page is gone."""

    parts: Parts
    number: int
    stop: Callable[[], None]


def later(seconds: float, work: Callable[[], None]) -> object:
    return asyncio.get_running_loop().call_later(seconds, work)


class Board:
    """`sit(send)`: from now on `send(script)` for every change. Lives as long as somebody looks."""

    def __init__(
        self,
        live: Live,
        draw: Callable[[], Parts],
        call_later: Later = later,
        clock: Callable[[], float] = monotonic_s,
        left: Callable[[], None] = lambda: None,
    ) -> None:
        """`left()`: nobody looks any more."""
        self._left = left
        self._live, self._draw, self._later, self._clock = live, draw, call_later, clock
        self._parts, self._number = NOTHING, 0
        self._seats: dict[int, Send] = {}
        self._next_seat = 0
        self._not_before = 0.0
        self._waiting = False
        self._stop_listening: Callable[[], None] | None = None

    def sit(self, send: Send) -> Seat:
        if not self._seats:
            self._stop_listening = self._live.listen(self._changed)
            self._parts = self._draw()
            self._number += 1
        seat = self._next_seat
        self._next_seat += 1
        self._seats[seat] = send
        return Seat(self._parts, self._number, lambda: self._leave(seat))

    def _leave(self, seat: int) -> None:
        self._seats.pop(seat, None)
        if not self._seats and self._stop_listening is not None:
            self._stop_listening()
            self._stop_listening = None
            self._left()

    def _changed(self) -> None:
        if self._waiting:
            return
        self._waiting = True
        wait = self._not_before - self._clock()
        if wait > 0:
            self._later(wait, self._redraw)
        else:
            self._redraw()

    def _redraw(self) -> None:
        self._waiting = False
        if not self._seats:
            return
        before, self._parts = self._parts, self._draw()
        what = difference(before, self._parts)
        if not what:
            return
        script = f"tocsinPatch({json.dumps(what | {'from': self._number, 'to': self._number + 1}, ensure_ascii=False)})"
        self._number += 1
        rest = min(REST_SECONDS_MAX, max(REST_SECONDS_MIN, len(script) / CHARACTERS_A_SECOND))
        self._not_before = self._clock() + rest
        self._send(script, rest)

    def _send(self, script: str, within_seconds: float) -> None:
        """To some at once, to others by and by, and to all before the next: several walls often hang on one machine."""
        seats = list(self._seats)
        for first in range(0, len(seats), SENT_AT_ONCE):
            group = partial(self._send_to, seats[first : first + SENT_AT_ONCE], script)
            if first:
                self._later(within_seconds * first / len(seats), group)
            else:
                group()

    def _send_to(self, seats: list[int], script: str) -> None:
        for seat in seats:
            if seat in self._seats:
                self._seats[seat](script)
