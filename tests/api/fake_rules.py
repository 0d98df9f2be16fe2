"""The part of a desk in memory that knows rules, trials, readings, shifts and the journal's proof."""

from __future__ import annotations

from dataclasses import dataclass, field

from msgspec.structs import replace

from api.duty_port import CommandOf, CommandQuery, OnDuty
from api.events_port import EventsQuery, Happened
from api.ports import DeadLetter, Page, UnknownDeadLetter
from api.readings_port import Readings, ReadingsQuery, Series
from api.rules_port import (
    Backtest,
    BacktestQuestion,
    BacktestState,
    Compared,
    DryRunAnswer,
    DryRunQuestion,
    FileProblem,
    FilesChecked,
    Posted,
    UnknownBacktest,
    UnknownVersion,
    Verification,
    Version,
    VersionKind,
    VersionText,
)
from rules.backtest import Judged
from rules.dry_run import Rehearsed
from rules.duty import Shift
from rules.firings import Firing
from rules.instant import HOUR_MS, Instant
from rules.people import Absence
from rules.ruleset import Ruleset
from tests.api.fake_response import START, page_of
from tests.support import building

VERSION = "3f2a9c51e07b" + "0" * 52


@dataclass
class FakeRules:
    broken: Exception | None = None
    rules_in_force: Ruleset = field(default_factory=Ruleset)
    stays: list[Version] = field(default_factory=list)
    problems: list[FileProblem] = field(default_factory=list)
    posted: list[Posted] = field(default_factory=list)
    dry_runs: list[DryRunQuestion] = field(default_factory=list)
    rehearsed: Rehearsed = field(default_factory=lambda: Rehearsed(START, START + 1_000))
    known_backtests: dict[str, Backtest] = field(default_factory=dict)
    backtest_keys: dict[str, str] = field(default_factory=dict)
    series: list[Series] = field(default_factory=lambda: [Series("smoke", [(START, 0.1), (START + 60_000, 0.2)])])
    happened: list[Happened] = field(default_factory=list)
    complete_until: Instant | None = None
    readings_asked: list[ReadingsQuery] = field(default_factory=list)
    known_shifts: list[Shift] = field(default_factory=list)
    known_absences: list[Absence] = field(default_factory=list)
    duties: list[tuple[Instant, str | None, str | None]] = field(default_factory=list)
    known_commands: list[CommandOf] = field(default_factory=list)
    proof: Verification | None = None
    letters: list[DeadLetter] = field(default_factory=list)
    duty: list[OnDuty] = field(default_factory=list)

    def ruled(self) -> None:
        """The fire rules are in force."""
        self.rules_in_force = building.rules(building.FIRE)
        self.stays = [Version(VERSION, VersionKind.RULES, START, None, 3)]

    def backtested(self, state: BacktestState = BacktestState.DONE) -> Backtest:
        """One that has ended, with a card number among its values."""
        firing = Firing("card-denied", "tower-a/ac-1", START, None, {"card": "1234", "tries": 5.0}, False)
        judged = Judged(fired=1, firings=[firing], by_rule={"card-denied": 1})
        compared = Compared(["card-denied"], judged, Judged(), 0, [0], [], 17, [])
        question = BacktestQuestion(Posted([]), START - HOUR_MS, START)
        made = Backtest("BT-000001", state, "ada", START, question, START, 1.0, compared=compared)
        self.known_backtests[made.id] = made
        return made

    async def now(self) -> Instant:
        return START

    async def readings(self, query: ReadingsQuery) -> Readings:
        self._check_rules()
        self.readings_asked.append(query)
        wanted = [each for each in self.series if not query.metrics or each.metric in query.metrics]
        return Readings(wanted, query.until if self.complete_until is None else self.complete_until)

    async def events(self, query: EventsQuery) -> list[Happened]:
        self._check_rules()
        return [each for each in self.happened if query.since <= each.at < query.until][: query.limit]

    async def ruleset(self) -> tuple[str, Ruleset]:
        self._check_rules()
        return VERSION, self.rules_in_force

    async def versions(self, kind: VersionKind, cursor: str | None = None, limit: int = 50) -> Page[Version]:
        self._check_rules()
        return page_of([each for each in self.stays if each.kind is kind], cursor, limit)

    async def version_text(self, version: str) -> VersionText:
        if not any(each.version.startswith(version) for each in self.stays):
            raise UnknownVersion(version)
        body = self.rules_in_force.to_bytes().decode()
        return VersionText(VERSION, VersionKind.RULES, body, {"rules/fire.yaml": "# ours\n" + building.FIRE})

    async def check_files(self, posted: Posted) -> FilesChecked:
        self._check_rules()
        self.posted.append(posted)
        return FilesChecked(self.problems, ["nobody has the role duty_officer"], "1 file, no problems")

    async def dry_run(self, question: DryRunQuestion) -> DryRunAnswer:
        self._check_rules()
        self.dry_runs.append(question)
        return DryRunAnswer(self.problems) if self.problems else DryRunAnswer(rehearsed=self.rehearsed)

    async def backtest(self, question: BacktestQuestion, asked_by: str, key: str | None = None) -> Backtest:
        self._check_rules()
        if key is not None and key in self.backtest_keys:
            return self.known_backtests[self.backtest_keys[key]]
        id = f"BT-{len(self.known_backtests) + 1:06d}"
        made = self.known_backtests[id] = Backtest(id, BacktestState.WAITING, asked_by, START, question)
        if key is not None:
            self.backtest_keys[key] = id
        return made

    async def backtests(self) -> list[Backtest]:
        return [replace(each, compared=None) for each in reversed(self.known_backtests.values())]

    async def backtest_of(self, id: str) -> Backtest:
        if id not in self.known_backtests:
            raise UnknownBacktest(id)
        return self.known_backtests[id]

    async def cancel_backtest(self, id: str) -> Backtest:
        self.known_backtests[id] = replace(await self.backtest_of(id), state=BacktestState.CANCELLED, ended_at=START)
        return self.known_backtests[id]

    async def verify(self, asked_by: str) -> Verification:
        self._check_rules()
        self.proof = Verification("running", asked_by, START)
        return self.proof

    async def verification(self) -> Verification | None:
        return self.proof

    async def duty_at(self, at: Instant, role: str | None = None, site: str | None = None) -> list[OnDuty]:
        self.duties.append((at, role, site))
        return self.duty

    async def shifts(
        self, since: Instant, until: Instant, role: str | None = None, site: str | None = None
    ) -> list[Shift]:
        return [each for each in self.known_shifts if each.until > since and each.since < until]

    async def absences(self, since: Instant, until: Instant) -> list[Absence]:
        return self.known_absences

    async def commands(self, query: CommandQuery) -> Page[CommandOf]:
        found = [each for each in self.known_commands if query.sites is None or each.site in query.sites]
        found = [each for each in found if query.stage in (None, each.command.stage)]
        return page_of(found, query.cursor, query.limit)

    async def dead_letter(self, topic: str, reason: str) -> DeadLetter:
        for letter in self.letters:
            if (letter.topic, letter.reason) == (topic, reason):
                return letter
        raise UnknownDeadLetter(topic)

    def _check_rules(self) -> None:
        if self.broken is not None:
            raise self.broken
