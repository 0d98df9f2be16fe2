"""Backtests that wait, run, and have ended: a few of them, in memory, until others take their place."""

from __future__ import annotations

import asyncio
from typing import Any

from msgspec.structs import replace

from api.port_basics import TooBusy
from api.rules_port import Backtest, BacktestQuestion, BacktestState, UnknownBacktest
from gateway.clock import Clock
from gateway.trials import words
from gateway.trials.bench import Bench
from rules.instant import Instant

KEPT_MAX = 20  # an answer is a megabyte at the most; whoever wants to keep one saves it
_UNDER_WAY = (BacktestState.WAITING, BacktestState.RUNNING)


class Backtests:
    def __init__(self, bench: Bench, clock: Clock) -> None:
        self._bench, self._clock = bench, clock
        self._made = 0
        self._known: dict[str, Backtest] = {}
        self._keys: dict[str, str] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def begin(
        self, question: BacktestQuestion, where: words.Where, asked_by: str, at: Instant, key: str | None
    ) -> Backtest:
        """The same `key` again is the same backtest, as it stands. Raises TooBusy."""
        known = self._known.get(self._keys.get(key or "", ""))
        if known is not None:
            return known
        self._bench.refuse_more()
        self._forget_one()
        self._made += 1
        id = f"BT-{self._made:06d}"
        begun = self._known[id] = Backtest(id, BacktestState.WAITING, asked_by, at, question)
        if key is not None:
            self._keys[key] = id
        task = self._tasks[id] = asyncio.create_task(self._run(id, words.Backtest(where, question)))
        task.add_done_callback(lambda _: self._tasks.pop(id, None))
        return begun

    def all(self) -> list[Backtest]:
        """Newest first."""
        return list(reversed(self._known.values()))

    def one(self, id: str) -> Backtest:
        if id not in self._known:
            raise UnknownBacktest(id)
        return self._known[id]

    def cancel(self, id: str, at: Instant) -> Backtest:
        known = self.one(id)
        if known.state in _UNDER_WAY:
            self._tasks[id].cancel()
            self._change(id, state=BacktestState.CANCELLED, ended_at=at)
        return self.one(id)

    def close(self) -> None:
        for task in list(self._tasks.values()):
            task.cancel()

    async def _run(self, id: str, question: words.Backtest) -> None:
        def told(share: float) -> None:
            self._change(id, state=BacktestState.RUNNING, progress=min(1.0, max(0.0, share)))

        try:
            answer = await self._bench.answer(question, told)
        except TooBusy as error:
            answer = words.Failed(str(error))
        self._change(id, ended_at=self._clock(), **_ended(answer))

    def _change(self, id: str, **fields: Any) -> None:
        known = self._known.get(id)
        if known is not None and known.state in _UNDER_WAY:
            self._known[id] = replace(known, **fields)

    def _forget_one(self) -> None:
        """The oldest that has ended."""
        if len(self._known) < KEPT_MAX:
            return
        ended = next((id for id, each in self._known.items() if each.state not in _UNDER_WAY), None)
        if ended is not None:
            del self._known[ended]
            self._keys = {key: id for key, id in self._keys.items() if id != ended}


def _ended(answer: words.Answer) -> dict[str, Any]:
    if isinstance(answer, words.Tested):
        return {"state": BacktestState.DONE, "progress": 1.0, "compared": answer.compared}
    if isinstance(answer, words.Problems):
        return {"state": BacktestState.REFUSED, "problems": answer.problems}
    return {"state": BacktestState.FAILED, "why": answer.why if isinstance(answer, words.Failed) else "no answer"}
