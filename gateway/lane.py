"""One lane of the outbox: does the effects of one kind, some at a time, apart from all others.

A slow or broken receiver holds up nothing but its own kind, and of that only as many attempts as are made at once.
Each attempt comes back to the desk as an event; the last one says that it is the last.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import NamedTuple

from gateway.clock import Clock
from gateway.desk import Desk
from gateway.sender import DETAIL_CHARACTERS_MAX, Delivery, Undelivered
from gateway.store import Due, Store
from rules.events import EffectTried
from rules.mode import Mode

LOOKED_AT_MAX = 200  # of what waits, the urgent first

log = logging.getLogger("tocsin.performer")


class _Result(NamedTuple):
    ok: bool
    detail: str
    again: bool


class Lane:
    """`kind` is the name of an effect's class. `run` it as a task; `wake` it when effects were committed."""

    def __init__(self, kind: str, delivery: Delivery, desk: Desk, store: Store, clock: Clock) -> None:
        self.kind, self._delivery = kind, delivery
        self._desk, self._store, self._clock = desk, store, clock
        self._awake = asyncio.Event()
        self._flying: dict[str, tuple[Due, asyncio.Task[_Result]]] = {}
        self.delivered = self.failed = 0
        self.failed_by_channel: dict[str, int] = {}  # channels are the settings' own, a few

    @property
    def under_way(self) -> int:
        return len(self._flying)

    def wake(self) -> None:
        self._awake.set()

    async def run(self) -> None:
        """Until cancelled. Raises StoreFailed."""
        try:
            await self._begin()
            while True:
                self._awake.clear()
                self._settle()
                now = self._clock()
                self._start(now)
                await self._rest(now)
        finally:
            for _, task in self._flying.values():
                task.cancel()

    async def _begin(self) -> None:
        if self._delivery.begin is not None:
            try:
                await self._delivery.begin()
            except Exception as error:  # what does not begin well may still send
                log.error("%s: %s", self.kind, _named(error))

    def _start(self, now: int) -> None:
        free = self._delivery.patience.at_once_max - len(self._flying)
        if free <= 0:
            return
        due = [
            each
            for each in self._store.outbox_due(now, LOOKED_AT_MAX + len(self._flying), self.kind)
            if each.effect.id not in self._flying and each.effect.expires_at > now  # the engine gives up the expired
        ]
        for each in sorted(due, key=_precedence)[:free]:
            task = asyncio.create_task(self._attempt(each, now))
            task.add_done_callback(lambda _: self._awake.set())
            self._flying[each.effect.id] = each, task

    async def _attempt(self, due: Due, now: int) -> _Result:
        seconds = min(self._delivery.patience.seconds_max, (due.effect.expires_at - now) / 1000)
        try:
            async with asyncio.timeout(seconds):
                return _Result(True, await self._delivery.send(due.effect), again=False)
        except Undelivered as error:
            return _Result(False, str(error), error.again)
        except TimeoutError:
            return _Result(False, f"no answer within {seconds:g} s", again=True)
        except Exception as error:  # a fault of one sender is no fault of the others
            log.error("%s: %s failed: %s", self.kind, due.effect.id, _named(error))
            return _Result(False, f"the sender failed: {_named(error)}", again=True)

    def _settle(self) -> None:
        """What has come back since: to the desk, in one commit."""
        finished = [(due, task.result()) for due, task in self._flying.values() if task.done()]
        again: list[tuple[Due, int]] = []
        for due, result in finished:
            del self._flying[due.effect.id]
            attempt = due.attempts + 1
            last = result.ok or not result.again or attempt >= self._delivery.patience.attempts_max
            self._desk.submit(
                EffectTried(due.effect.id, result.ok, attempt, last, _one_line(result.detail)),
            )
            if result.ok:
                self.delivered += 1
            else:
                self.failed += 1
                channel = str(getattr(due.effect, "channel", ""))
                self.failed_by_channel[channel] = self.failed_by_channel.get(channel, 0) + 1
                log.warning("%s not delivered (attempt %d): %s", due.effect.id, attempt, _one_line(result.detail))
            if not last:
                again.append((due, attempt))
        if finished:
            self._desk.commit()
        for due, attempt in again:
            wait_ms = self._delivery.patience.wait_ms(attempt)
            self._store.outbox_retry(due.effect.id, attempt, self._clock() + wait_ms)

    async def _rest(self, now: int) -> None:
        """Until something is put, has come back, or falls due."""
        next_try = self._store.outbox_next_after(now, self.kind)
        wait_s = None if next_try is None else max(0.01, (next_try - self._clock()) / 1000)
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._awake.wait()


def _precedence(due: Due) -> tuple[bool, bool]:
    """What is real goes before any exercise."""
    return due.effect.mode is not Mode.ACTUAL, not getattr(due.effect, "urgent", False)


def _named(error: Exception) -> str:
    """Never its text: a library's message may hold an address with a password in it."""
    return type(error).__name__


def _one_line(text: str) -> str:
    return " ".join(text.split())[:DETAIL_CHARACTERS_MAX]
