"""What the API says of rules: those in force, their versions, what others would do; and whether the journal is whole.

Runs in the API's process: what is in force it reads from the store, and what takes long is done by child processes.
"""

from __future__ import annotations

from functools import lru_cache

from msgspec.structs import replace

from api.port_basics import Page
from api.ports import BadCursor, Unavailable
from api.rules_port import (
    Backtest,
    BacktestQuestion,
    DryRunAnswer,
    DryRunQuestion,
    FilesChecked,
    Posted,
    Verification,
    Version,
    VersionKind,
    VersionText,
)
from gateway.clock import Clock
from gateway.front_core import FrontReads
from gateway.store import Store
from gateway.trials.backtests import Backtests
from gateway.trials.bench import LONG, PROOF, QUICK, Bench
from gateway.trials.proof import Proof
from gateway.trials.words import Answer, Check, Checked, DryRun, Failed, Problems, Ran, Where
from gateway.versions import in_force, stays, text_of
from rules.ruleset import Ruleset

TELEMETRY_FOLDER = "telemetry"  # in the folder of the settings, as `gateway.core` has it


class Works:
    """What is under way, made when somebody first asks."""

    def __init__(self, clock: Clock) -> None:
        self.quick = Bench(QUICK)
        self.backtests = Backtests(Bench(LONG), clock)
        self.proof = Proof(Bench(PROOF), clock)


class FrontRules(FrontReads):
    _works: Works | None = None

    async def ruleset(self) -> tuple[str, Ruleset]:
        return await self._read(lambda core: _ruleset(core.store))

    async def versions(self, kind: VersionKind, cursor: str | None = None, limit: int = 50) -> Page[Version]:
        found = await self._read(lambda core: stays(core.store, kind))
        after = _position(cursor)
        page = [each for each in found if after is None or each.position < after]
        more = len(page) > limit
        return Page(page[:limit], str(page[limit - 1].position) if more else None)

    async def version_text(self, version: str) -> VersionText:
        return await self._read(lambda core: text_of(core.store, version))

    async def check_files(self, posted: Posted) -> FilesChecked:
        answer = await self._at_work().quick.answer(Check(self._where(), posted))
        if not isinstance(answer, Checked):
            raise _no_answer(answer)
        return answer.found

    async def dry_run(self, question: DryRunQuestion) -> DryRunAnswer:
        answer = await self._at_work().quick.answer(DryRun(self._where(), question))
        if isinstance(answer, Problems):
            return DryRunAnswer(answer.problems)
        if not isinstance(answer, Ran):
            raise _no_answer(answer)
        return answer.answer

    async def backtest(self, question: BacktestQuestion, asked_by: str, key: str | None = None) -> Backtest:
        return self._at_work().backtests.begin(question, self._where(), asked_by, self._clock(), key)

    async def backtests(self) -> list[Backtest]:
        return [replace(each, compared=None, problems=[]) for each in self._at_work().backtests.all()]

    async def backtest_of(self, id: str) -> Backtest:
        return self._at_work().backtests.one(id)

    async def cancel_backtest(self, id: str) -> Backtest:
        return self._at_work().backtests.cancel(id, self._clock())

    async def verify(self, asked_by: str) -> Verification:
        head = await self._read(lambda core: core.store.head())
        return self._at_work().proof.begin(self._where(), head[1].hex(), asked_by, self._clock())

    async def verification(self) -> Verification | None:
        return self._at_work().proof.last

    def _at_work(self) -> Works:
        if self._works is None:
            self._works = Works(self._clock)
        return self._works

    def _where(self) -> Where:
        settings = self._gateway.settings
        files = [str(each) for each in settings.all_files]
        return Where(settings.store_url, str(settings.data / TELEMETRY_FOLDER), files)


def _ruleset(store: Store) -> tuple[str, Ruleset]:
    version = in_force(store, "rules")
    return version, _decoded(store.document(version)) if version else Ruleset()


@lru_cache(2)
def _decoded(body: bytes) -> Ruleset:
    return Ruleset.model_validate_json(body)


def _position(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not cursor.isascii() or not cursor.isdecimal() or len(cursor) > 18:
        raise BadCursor(cursor)
    return int(cursor)


def _no_answer(answer: Answer) -> Unavailable:
    return Unavailable(answer.why if isinstance(answer, Failed) else "the process that tries it gave no answer")
