"""From the roll-up to an incident: the core is told of hours, takes them up after a restart, explains and backtests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from math import nan
from pathlib import Path

import pytest

from api.rules_port import BacktestQuestion, Posted
from gateway.config import GatewaySettings
from gateway.core import Core
from gateway.inquiry import explain
from gateway.library import Loaded
from gateway.news import News
from gateway.rollup import RollUp
from gateway.rollup.keeper import LAG_MS
from gateway.store import Store
from gateway.telemetry import Telemetry
from gateway.trials.comparison import Comparison
from rules.energy import Sample, stretch_of
from rules.instant import DAY_MS, HOUR_MS, MINUTE_MS
from rules.people import Roster
from rules.verdict import Verdict
from tests.rules.test_baseline import RULES
from tests.rules.test_dry_run import in_force
from tests.support import building

DEVICE = "tower-a/em-1"
DAYS = 8 * 7
BEGINS = 1_795_500_000_000 // DAY_MS * DAY_MS
NOW = BEGINS + DAYS * DAY_MS  # midnight of UTC
LAST = NOW // HOUR_MS - 1


def roll_up(folder: Path, until: int, *odd: tuple[int, float]) -> None:
    """Ten kilowatt hours in each hour up to `until` (excluded), but in the odd ones."""
    folder.mkdir(parents=True, exist_ok=True)
    rollup, wanted = RollUp(folder, writer=True), dict(odd)
    with rollup.writing():
        for day in range(BEGINS // DAY_MS, -(-until * HOUR_MS // DAY_MS)):
            hours = [hour for hour in range(day * 24, day * 24 + 24) if hour < until]
            stretches = {hour % 24: stretch_of(_hour(hour, wanted.get(hour, 10.0)), None) for hour in hours}
            rollup.put(DEVICE, day, stretches, None)
        rollup.mark([DEVICE], until - 1)
    rollup.close()


def _hour(hour: int, kwh: float) -> list[Sample]:
    return [Sample(hour * HOUR_MS + part * 10 * MINUTE_MS, None, kwh * 1000) for part in range(6)]


class Gateway:
    def __init__(self, folder: Path) -> None:
        self.now = NOW
        self.settings = GatewaySettings(data=folder)
        self.start()

    def start(self) -> None:
        loaded = Loaded(building.directory(), building.rules(RULES), building.plans(), Roster())
        link = self.settings.link("mqtt://127.0.0.1:1")
        self.core = Core(self.settings, link, loaded, lambda: self.now, News(), lambda part, fault: None)

    def restart(self) -> None:
        self.core.close()
        self.start()

    def told(self, first: int, *hours: float) -> Verdict:
        """As the keeper tells it, a minute after the last of the hours."""
        self.now = (first + len(hours)) * HOUR_MS + LAG_MS
        self.core._on_consumed(DEVICE, first, hours)
        return self.verdict

    @property
    def verdict(self) -> Verdict:
        watched = self.core.screen.known(DEVICE)
        assert watched is not None
        return watched.verdict("unusual")

    @property
    def journaled(self) -> int:
        return self.core.ingest.counts.verdicts


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    roll_up(tmp_path / "telemetry", LAST + 1)
    made = Gateway(tmp_path)
    yield made
    made.core.close()


async def test_an_hour_that_is_unusual_is_a_supervisory_incident(gateway: Gateway) -> None:
    assert gateway.told(LAST + 1, 10.5) is Verdict.DOES_NOT
    assert gateway.told(LAST + 2, 30.0) is Verdict.HOLDS
    (incident,) = gateway.core.desk.engine.state.incidents.values()
    (evidence,) = incident.evidence
    assert evidence.values == {
        "consumption_kwh": 30.0,
        "expected_kwh": 10.0,
        "spread_kwh": 1.0,
        "past_hours": 8.0,
    }


async def test_after_a_restart_the_verdict_is_what_it_was_and_nothing_is_said_twice(gateway: Gateway) -> None:
    gateway.told(LAST + 1, 30.0)
    roll_up(gateway.settings.data / "telemetry", LAST + 2, (LAST + 1, 30.0))
    gateway.restart()
    assert gateway.verdict is Verdict.HOLDS
    gateway.told(LAST + 1, 30.0)
    assert (gateway.verdict, gateway.journaled) == (Verdict.HOLDS, 0)


async def test_an_hour_that_was_not_measured_is_no_data(gateway: Gateway) -> None:
    gateway.told(LAST + 1, 30.0)
    assert gateway.told(LAST + 2, nan) is Verdict.NO_DATA


async def test_explain_says_what_the_stored_hours_come_to(gateway: Gateway) -> None:
    gateway.told(LAST + 1, 30.0)
    roll_up(gateway.settings.data / "telemetry", LAST + 2, (LAST + 1, 30.0))
    gateway.core.ingest.flush()
    with Store.open(gateway.settings.store_url, writer=False) as store:
        lines = [each.en for each in explain(store, gateway.settings.data / "telemetry", DEVICE, gateway.now)]
    assert "its last whole hour: 30 kWh; expected 10, usual spread 1 (+20.0 spreads), by 8 past hours" in lines


def test_a_backtest_is_told_of_hours_as_they_closed(tmp_path: Path) -> None:
    odd = LAST + 5
    roll_up(tmp_path / "telemetry", LAST + 25, (odd, 30.0))
    telemetry = Telemetry(tmp_path / "telemetry")
    source = telemetry.source("actual", DEVICE)
    for number in range(24 * 60):
        at = NOW + number * MINUTE_MS
        telemetry.rows.append((source, at, number, 0, at, None, b'{"power_w": 10000.0}'))
    telemetry.commit()
    telemetry.close()
    asked = BacktestQuestion(Posted([]), NOW, NOW + DAY_MS, None)
    other = RULES.replace("above: 6", "above: 25")
    run = Comparison(asked, in_force(RULES), in_force(other), ["unusual"])
    run.play(tmp_path / "telemetry", lambda share: None)
    found = run.compared()
    (firing,) = found.candidate.firings
    assert firing.since == (odd + 1) * HOUR_MS + LAG_MS
    assert firing.until == (odd + 2) * HOUR_MS + LAG_MS
    assert found.running.fired == 0
