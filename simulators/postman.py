"""Delivers what the engine wants delivered, on virtual time: nobody is there, and everything has arrived.

Each kind of effect takes its own time, always the same (ours, as measured on a loopback and rounded up). What the
scenario says is undelivered is tried again as the gateway would: messages to people three times, then their next
channel's turn has come; all else until it expires, at ever longer intervals.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from itertools import count

from rules.effects import Effect, Notify, PublishCommand, PushOrder, SendToAuthority, TellOccupants
from rules.events import CommandPublished, EffectTried, Event
from rules.instant import MINUTE_MS, SECOND_MS, Instant

TAKES_MS: dict[type[Effect], int] = {
    PublishCommand: 30,
    Notify: 600,
    TellOccupants: 900,
    SendToAuthority: 300,
    PushOrder: 200,
}
ATTEMPTS_MAX: dict[type[Effect], int] = {Notify: 3}
ATTEMPTS_MAX_OTHERS = 20
AGAIN_MS, AGAIN_MS_MAX = SECOND_MS, MINUTE_MS

Fails = Callable[[str, Instant], bool]  # a channel or an authority, when
BackAt = Callable[[Instant], Instant | None]  # when the broker is back; None: it is there


class Postman:
    """`take` what is to be delivered; `due` says what has become of it. `fails`: what is not delivered when; `back_at`:
    commands wait for the broker, and are not sent when they have expired by then, as in the gateway."""

    def __init__(self, fails: Fails = lambda channel, at: False, back_at: BackAt = lambda at: None) -> None:
        self._fails, self._back_at = fails, back_at
        self._way: list[tuple[Instant, int, Effect, int]] = []  # (when it is there, order, effect, attempt)
        self._order = count()

    @property
    def next_due(self) -> Instant | None:
        return self._way[0][0] if self._way else None

    def take(self, effect: Effect, at: Instant, attempt: int = 1) -> None:
        heapq.heappush(self._way, (at + TAKES_MS[type(effect)], next(self._order), effect, attempt))

    def due(self, at: Instant) -> Iterator[tuple[Effect, Event]]:
        """What has been tried by now: the effect, and what came of it."""
        while self._way and self._way[0][0] <= at:
            _, _, effect, attempt = heapq.heappop(self._way)
            if isinstance(effect, PublishCommand) and (back_at := self._back_at(at)) is not None:
                heapq.heappush(self._way, (back_at, next(self._order), effect, attempt))
            elif not isinstance(effect, PublishCommand) or at < effect.expires_at:
                yield effect, self._tried(effect, attempt, at)

    def _tried(self, effect: Effect, attempt: int, at: Instant) -> Event:
        if isinstance(effect, PublishCommand):
            return CommandPublished(effect.id)
        to = _receiver(effect)
        if not self._fails(to, at):
            return EffectTried(effect.id, ok=True, attempt=attempt, last=True, detail=_receipt(effect))
        last = attempt >= ATTEMPTS_MAX.get(type(effect), ATTEMPTS_MAX_OTHERS)
        again_at = at + min(AGAIN_MS * 2 ** (attempt - 1), AGAIN_MS_MAX)
        if not last and again_at < effect.expires_at:
            self.take(effect, again_at, attempt + 1)
        return EffectTried(effect.id, ok=False, attempt=attempt, last=last, detail=f"{to}: it did not take it")


def _receiver(effect: Effect) -> str:
    if isinstance(effect, SendToAuthority):
        return effect.to
    return effect.channel if isinstance(effect, Notify | TellOccupants) else ""


def _receipt(effect: Effect) -> str:
    if isinstance(effect, SendToAuthority):
        return f"written: {effect.identifier}.xml"
    return f"taken by {_receiver(effect)}" if _receiver(effect) else "200"
