"""Whether the journal is whole: proven by a child process, and not proven twice of the same journal."""

from __future__ import annotations

import asyncio

from msgspec.structs import replace

from api.port_basics import TooBusy
from api.rules_port import Verification
from gateway.clock import Clock
from gateway.trials.bench import Bench
from gateway.trials.words import Answer, Chain, Failed, VerifyJournal, Where
from rules.instant import Instant


class Proof:
    def __init__(self, bench: Bench, clock: Clock) -> None:
        self._bench, self._clock = bench, clock
        self.last: Verification | None = None
        self._task: asyncio.Task[None] | None = None

    def begin(self, where: Where, head: str, asked_by: str, at: Instant) -> Verification:
        """The one that runs; the last one, where it proved the journal up to `head`; else a new one. Raises TooBusy."""
        last = self.last
        if last is not None and (last.state == "running" or (last.state == "whole" and last.head == head)):
            return last
        self._bench.refuse_more()
        self.last = Verification("running", asked_by, at)
        self._task = asyncio.create_task(self._run(VerifyJournal(where)))
        return self.last

    async def settled(self) -> Verification | None:
        """The last one, once it does not run any more."""
        if self._task is not None:
            await asyncio.wait([self._task])
        return self.last

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _run(self, question: VerifyJournal) -> None:
        assert self.last is not None
        try:
            answer: Answer = await self._bench.answer(question)
        except TooBusy as error:
            answer = Failed(str(error))
        self.last = _ended(self.last, answer, self._clock())


def _ended(begun: Verification, answer: Answer, at: Instant) -> Verification:
    if isinstance(answer, Chain):
        return Verification(
            "whole" if answer.broken_at is None else "broken",
            begun.asked_by,
            begun.asked_at,
            at,
            answer.rows,
            answer.head,
            answer.broken_at,
            answer.why,
        )
    why = answer.why if isinstance(answer, Failed) else "no answer"
    return replace(begun, state="failed", ended_at=at, why=why)
