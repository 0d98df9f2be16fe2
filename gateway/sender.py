"""What a kind of effect needs to be done: a sender, and how patient to be with it.

    async def push(effect: PushOrder) -> str: ...                  # → a receipt, or raises Undelivered
    Delivery(push, Patience(attempts_max=20, seconds_max=15, at_once_max=2))

A sender may be called twice with the same effect (after a crash): its `id` is the idempotency key. It need not think
of retries, of time, or of what becomes of its failure; and whatever it raises, nothing else stops.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from rules.instant import SECOND_MS

DETAIL_CHARACTERS_MAX = 300  # of a receipt or a failure: it is one line of a timeline

Sender = Callable[[Any], Awaitable[str]]
"""Takes an effect of its kind, does it, → a receipt. Raises Undelivered; whatever else it raises is a failure, too."""


class Undelivered(Exception):
    """Why not, in words that may be shown to anybody. `again`: another attempt may do better."""

    def __init__(self, reason: str, *, again: bool = True) -> None:
        super().__init__(reason)
        self.again = again


class Patience(NamedTuple):
    attempts_max: int
    seconds_max: float  # of one attempt
    at_once_max: int  # attempts side by side
    wait_ms_min: int = SECOND_MS  # before the second attempt; doubles with each
    wait_ms_max: int = 300 * SECOND_MS

    def wait_ms(self, attempts: int) -> int:
        """After so many attempts that failed."""
        doublings: int = min(attempts - 1, 20)
        return min(self.wait_ms_max, self.wait_ms_min << doublings)


class Delivery(NamedTuple):
    send: Sender
    patience: Patience
    begin: Callable[[], Awaitable[None]] | None = None  # once, before anything is sent


async def not_set_up(effect: Any) -> str:
    """The sender of a kind for which the settings name nothing."""
    raise Undelivered("nothing is set up for this in the gateway's settings", again=False)
