"""Child processes that try something: with limits in time, memory and number, and with telemetry of real files."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.port_basics import TooBusy
from api.rules_port import BacktestQuestion, BacktestState, Compared, Posted, PostedFile, UnknownBacktest, Verification
from gateway.clock import now_ms
from gateway.store import Store
from gateway.telemetry import Telemetry
from gateway.telemetry.hours import file_of, hour_of
from gateway.telemetry.sequence import devices_of, received
from gateway.trials.backtests import KEPT_MAX, Backtests
from gateway.trials.bench import QUICK, Bench, Limits
from gateway.trials.comparison import Comparison
from gateway.trials.proof import Proof
from gateway.trials.words import Chain, Check, Checked, Failed, Problems, VerifyJournal, Where
from rules.instant import HOUR_MS, MINUTE_MS
from tests.rules.test_dry_run import in_force
from tests.support import building, groups
from tests.support.stage import START, Stage

TINY = Limits("trials", seconds=30, megabytes=1_536, at_once=1, waiting=0)
RULES = """
rules:
  - id: smoke-high
    title: {en: Smoke}
    device_class: smoke_detector
    hazard: fire
    signal: alarm
    level: II
    when: {metric: smoke, above: 0.25}
"""
HIGHER = building.FIRE.replace("above: 0.15", "above: 0.25")
QUESTION = BacktestQuestion(Posted([PostedFile("fire.yaml", RULES)]), START - MINUTE_MS, START + HOUR_MS)


def where(folder: Path) -> Where:
    return Where(f"sqlite:///{folder / 'journal.sqlite'}", str(folder / "telemetry"), [])


@pytest.fixture
def empty(tmp_path: Path) -> Where:
    Store.open(where(tmp_path).store_url).close()
    return where(tmp_path)


# ---- the processes


async def test_a_process_answers_a_question_and_is_gone(empty: Where) -> None:
    posted = Posted([PostedFile("fire.yaml", RULES)], "library")
    found = await Bench(QUICK).answer(Check(empty, posted))
    assert isinstance(found, Checked)
    assert found.found.problems[0].line == 3  # the library has a rule of this name


async def test_one_that_takes_too_long_is_ended_and_said_so(empty: Where) -> None:
    hasty = Bench(TINY._replace(seconds=0.05))
    assert await hasty.answer(VerifyJournal(empty)) == Failed("it took longer than 0 s")


async def test_one_that_takes_too_much_memory_fails_alone(empty: Where) -> None:
    small = Bench(TINY._replace(megabytes=40))
    found = await small.answer(VerifyJournal(empty))
    assert isinstance(found, Failed)
    assert "memory" in found.why


async def test_more_than_may_wait_is_refused(empty: Where) -> None:
    bench = Bench(TINY)
    first = asyncio.create_task(bench.answer(VerifyJournal(empty)))
    await asyncio.sleep(0)
    with pytest.raises(TooBusy, match="1 trials are under way"):
        await bench.answer(VerifyJournal(empty))
    assert isinstance(await first, Chain)
    assert isinstance(await bench.answer(VerifyJournal(empty)), Chain)


async def test_a_store_that_does_not_open_is_a_failure_with_its_reason(tmp_path: Path) -> None:
    found = await Bench(TINY).answer(VerifyJournal(where(tmp_path)))
    assert isinstance(found, Failed)
    assert "does not exist" in found.why


# ---- the journal's proof


async def settled(proof: Proof) -> Verification:
    found = await proof.settled()
    assert found is not None
    return found


async def test_a_journal_that_somebody_has_changed_is_found_broken_and_it_is_said_who_asked(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.publish("sd-1", smoke=0.4)
    stage.deliver()
    head = stage.store.head()[1].hex()
    stage.close()
    at, proof = where(tmp_path), Proof(Bench(TINY), now_ms)
    proof.begin(at, head, "auditor", 7)
    whole = await settled(proof)
    assert (whole.state, whole.head, whole.asked_by, whole.asked_at) == ("whole", head, "auditor", 7)
    assert proof.begin(at, head, "another", 8) is whole
    change = ("DROP TRIGGER journal_refuses_update", 'UPDATE journal SET at = at + 1 WHERE "index" = 2')
    groups.execute(at.store_url, *change)
    proof.begin(at, "another head", "auditor", 9)
    broken = await settled(proof)
    assert (broken.state, broken.broken_at) == ("broken", 2)
    assert broken.why


# ---- what is kept of backtests


def backtests(bench: Any) -> Backtests:
    return Backtests(bench, lambda: START)


class Idle:
    """`Bench`, as far as backtests need it: never done, or done with what it is told to be."""

    def __init__(self, found: Any = None) -> None:
        self.found = found
        self.begun = asyncio.Event()

    def refuse_more(self) -> None:
        """There is always room."""

    async def answer(self, question: Any, told: Callable[[float], None]) -> Any:
        told(0.5)
        self.begun.set()
        if self.found is None:
            await asyncio.Event().wait()
        return self.found


async def test_a_backtest_tells_how_far_it_is_and_can_be_ended(empty: Where) -> None:
    idle = Idle()
    known = backtests(idle)
    begun = known.begin(QUESTION, empty, "ada", START, "key")
    assert begun.state is BacktestState.WAITING
    await idle.begun.wait()
    assert (known.one(begun.id).state, known.one(begun.id).progress) == (BacktestState.RUNNING, 0.5)
    assert known.begin(QUESTION, empty, "ada", START, "key") == known.one(begun.id)
    assert known.cancel(begun.id, START).state is BacktestState.CANCELLED
    assert known.cancel(begun.id, START + 1).ended_at == START
    with pytest.raises(UnknownBacktest):
        known.one("BT-000099")


async def test_files_with_faults_end_a_backtest_as_refused(empty: Where) -> None:
    idle = Idle(Problems([]))
    known = backtests(idle)
    id = known.begin(QUESTION, empty, "ada", START, None).id
    await idle.begun.wait()
    await asyncio.sleep(0)
    assert known.one(id).state is BacktestState.REFUSED


async def test_only_so_many_backtests_are_kept_the_oldest_are_forgotten(empty: Where) -> None:
    known = backtests(Idle(Failed("no")))
    for number in range(KEPT_MAX + 3):
        known.begin(QUESTION, empty, "ada", START, f"key-{number}")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert [each.id for each in known.all()] == [f"BT-{number:06d}" for number in range(KEPT_MAX + 3, 3, -1)]


# ---- telemetry


def test_everything_received_in_a_time_comes_in_order_file_by_file(tmp_path: Path) -> None:
    telemetry = Telemetry(tmp_path / "telemetry")
    source = telemetry.source("actual", "tower-a/sd-1")
    telemetry.source("exercise", "tower-a/sd-1")
    for number in range(6):
        at = START + number * HOUR_MS // 2
        telemetry.rows.append((source, at, number, 0, at, None, json.dumps({"smoke": float(number)}).encode()))
    telemetry.commit()
    assert devices_of(telemetry.folder, "actual") == {source: "tower-a/sd-1"}
    rows = [row for piece in received(telemetry.folder, START, START + 2 * HOUR_MS) for row in piece]
    assert [row[2] for row in rows] == [0, 1, 2, 3]
    telemetry.close()
    (file_of(tmp_path / "telemetry", hour_of(START))).write_bytes(b"broken")
    rest = [row for piece in received(tmp_path / "telemetry", START, START + 9 * HOUR_MS) for row in piece]
    assert rest
    assert len(rest) < 6


def tried(folder: Path, rules: str, since: int = START - MINUTE_MS, site: str | None = None) -> Compared:
    """Other rules than the fire rules of the building, on what the stage has stored."""
    asked = BacktestQuestion(Posted([]), since, START + 3 * HOUR_MS, site)
    comparison = Comparison(asked, in_force(rules), in_force(building.FIRE), ["smoke-high"])
    comparison.play(folder / "telemetry", lambda share: None)
    return comparison.compared()


def heard(stage: Stage, device: str, *values: float, every_ms: int = MINUTE_MS) -> None:
    for smoke in values:
        stage.publish(device, smoke=smoke)
        stage.deliver()
        stage.time_is_up()
        stage.now += every_ms


def test_a_backtest_judges_what_the_gateway_has_stored_beside_what_was_in_force(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    heard(stage, "sd-1", 0.2, 0.0, 0.3, 0.0)
    head = stage.store.head()
    found = tried(tmp_path, HIGHER)
    assert (found.candidate.fired, found.running.fired, found.both, found.only_running) == (1, 2, 1, [0])
    assert found.candidate.firings[0].values == {"smoke": 0.3}
    assert found.readings == 4
    assert stage.store.head() == head
    stage.close()


def test_rules_that_do_not_differ_are_judged_and_it_is_said(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    heard(stage, "sd-1", 0.2, 0.0)
    found = tried(tmp_path, building.FIRE)
    assert (found.candidate.fired, found.both) == (1, 1)
    assert "no rule differs" in found.remarks[0]
    stage.close()


def test_a_backtest_of_another_site_finds_nothing(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    heard(stage, "sd-1", 0.2, 0.0)
    assert tried(tmp_path, HIGHER, site="tower-b").readings == 0
    stage.close()


def test_hours_in_which_nothing_was_received_are_remarked_and_silence_nobody(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    heard(stage, "sd-1", 0.0, every_ms=2 * HOUR_MS)
    heard(stage, "sd-1", 0.0)
    silent = """
rules:
  - {id: silent, title: {en: S}, device_class: smoke_detector, hazard: device, signal: trouble, level: III,
     when: {silent_for: limit}}
"""
    found = tried(tmp_path, building.FIRE + silent.replace("rules:\n", ""))
    assert found.candidate.by_rule == {}
    assert any("nothing was received for" in remark for remark in found.remarks)
    stage.close()


def test_what_held_before_the_range_is_not_new_in_it(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    heard(stage, "sd-1", 0.3, 0.3, 0.3)
    found = tried(tmp_path, HIGHER, since=START + MINUTE_MS + 1_000)
    assert (found.candidate.fired, found.candidate.held_before) == (0, 1)
    stage.close()
