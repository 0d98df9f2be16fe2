"""The roll-up of energy: the same as telemetry says, and kept when telemetry is gone."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from api.report_port import EnergyQuery
from gateway.kpis.energy import MeterDays
from gateway.rollup import RollUp, make
from gateway.rollup.file import FILE, NONE_YET
from gateway.rollup.keeper import LAG_MS, Keeper, Past
from gateway.rollup.making import meters_in
from gateway.store.errors import StoreFailed
from gateway.telemetry import Telemetry
from gateway.telemetry.hours import file_of
from rules.instant import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from rules.kpi_energy import EnergyFigures
from tests.support import building

DAY = 1_795_500_000_000 // DAY_MS
START, HOUR = DAY * DAY_MS, DAY * 24
DIRECTORY = building.directory()
METERS = [meter for meter in meters_in(DIRECTORY) if meter.device == "tower-a/em-1"]
DEVICE = METERS[0].device
ROUNDS_MAX = 2_000


class Plant:
    """A meter that says what it counts, and the folder in which that is stored."""

    def __init__(self, folder: Path) -> None:
        self.telemetry = Telemetry(folder)
        self.folder = folder
        self._number = 0

    def say(self, after_ms: int, *, late_ms: int = 0, **values: float) -> None:
        self._number += 1
        at = START + after_ms
        source = self.telemetry.source("actual", DEVICE)
        self.telemetry.rows.append((source, at, self._number, 0, at + late_ms, None, json.dumps(values).encode()))
        self.telemetry.commit()

    def run(self, hours: int, kw: float = 0.6, *, skip: Sequence[int] = (), every_ms: int = 10 * MINUTE_MS) -> None:
        """From midnight on."""
        for after_ms in range(0, hours * HOUR_MS + 1, every_ms):
            if after_ms // HOUR_MS not in skip:
                self.say(after_ms, power_w=kw * 1000, energy_kwh=round(100 + kw * after_ms / HOUR_MS, 6))

    def roll_up(self, until: int) -> None:
        """`until`: the hour after midnight that is the last."""
        rollup = RollUp(self.folder, writer=True)
        for _ in make(self.telemetry, rollup, METERS, HOUR + until):
            pass
        rollup.close()

    def hours(self, first: int, until: int) -> list[float | None]:
        rollup = RollUp(self.folder)
        found = [
            None if math.isnan(each) else round(each, 6) for each in rollup.hours(DEVICE, HOUR + first, HOUR + until)
        ]
        rollup.close()
        return found

    def figures(self, hours: int = 24, step_ms: int = HOUR_MS) -> EnergyFigures:
        query = EnergyQuery(device=DEVICE, step_ms=step_ms)
        now = START + 40 * DAY_MS
        return MeterDays(self.folder).figures(DIRECTORY, query, (START, START + hours * HOUR_MS), now)

    def lose(self, hours: range) -> None:
        """Retention: their files go."""
        for hour in hours:
            self.telemetry._forget(HOUR + hour)
            for ending in (".sqlite", ".sqlite-wal", ".sqlite-shm", ".by_source"):
                file_of(self.folder, HOUR + hour).with_suffix(ending).unlink(missing_ok=True)


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    made = Plant(tmp_path / "telemetry")
    yield made
    made.telemetry.close()


def test_figures_are_the_same_from_the_roll_up_and_from_telemetry(plant: Plant) -> None:
    plant.run(30, skip=(9, 10))
    before = plant.figures(26)
    plant.roll_up(29)
    assert plant.figures(26) == before
    assert before.meters[0].energy_kwh == pytest.approx(26 * 0.6)


def test_figures_are_the_same_while_some_hours_are_rolled_up_and_some_are_not(plant: Plant) -> None:
    plant.run(30)
    before = plant.figures(28)
    plant.roll_up(13)
    after = plant.figures(28)
    assert after.meters[0].energy_kwh == pytest.approx(before.meters[0].energy_kwh)
    assert [each.quality for each in after.meters[0].intervals] == ["measured"] * 28


def test_an_hour_without_readings_is_estimated_from_the_counter_and_says_so(plant: Plant) -> None:
    plant.run(24, skip=(9, 10))
    plant.roll_up(23)
    qualities = [each.quality for each in plant.figures().meters[0].intervals]
    assert [qualities[hour] for hour in (7, 9, 10, 12)] == ["measured", "estimated", "estimated", "measured"]
    assert plant.figures().meters[0].energy_kwh == pytest.approx(24 * 0.6)
    assert plant.hours(8, 12) == [0.6, None, None, 0.6]


def test_an_hour_of_which_nothing_was_counted_before_is_partial(plant: Plant) -> None:
    for after_ms in range(30 * MINUTE_MS, 2 * HOUR_MS + 1, 10 * MINUTE_MS):
        plant.say(after_ms, energy_kwh=after_ms / HOUR_MS)
    assert [each.quality for each in plant.figures(2).meters[0].intervals] == ["partial", "measured"]


def test_the_roll_up_outlives_the_readings_it_was_made_of(plant: Plant) -> None:
    plant.run(48)
    plant.roll_up(47)
    before = plant.figures(24)
    plant.lose(range(24))
    plant.roll_up(48)
    assert plant.figures(24) == before
    assert plant.hours(0, 24) == [0.6] * 24


def test_a_reading_that_comes_late_makes_its_hour_anew(plant: Plant) -> None:
    plant.run(5, skip=(2,))
    plant.roll_up(4)
    assert plant.hours(1, 4) == [0.6, None, 0.6]
    for minute in range(0, 60, 10):
        after_ms = 2 * HOUR_MS + minute * MINUTE_MS
        plant.say(after_ms, late_ms=4 * HOUR_MS, energy_kwh=round(100 + 0.6 * after_ms / HOUR_MS, 6))
    plant.roll_up(6)
    assert plant.hours(1, 4) == [0.6, 0.6, 0.6]
    assert plant.figures(5).meters[0].intervals[2].quality == "measured"


def test_a_reading_that_comes_when_its_hour_s_files_are_gone_does_not_spoil_the_hour(plant: Plant) -> None:
    plant.run(30)
    plant.roll_up(29)
    plant.lose(range(20))
    plant.say(2 * HOUR_MS + MINUTE_MS, late_ms=31 * HOUR_MS, energy_kwh=101.2)
    plant.roll_up(33)
    assert plant.hours(0, 20) == [0.6] * 20


def test_a_roll_up_that_was_deleted_is_made_again(plant: Plant) -> None:
    plant.run(26)
    plant.roll_up(25)
    before = plant.hours(0, 26)
    (plant.folder / FILE).unlink()
    plant.roll_up(25)
    assert plant.hours(0, 26) == before == [0.6] * 26


def test_a_roll_up_that_cannot_be_read_is_set_aside_and_made_again(plant: Plant) -> None:
    plant.run(3)
    (plant.folder / FILE).write_bytes(b"no database " * 1_000)
    with pytest.raises(StoreFailed, match="not a database"):
        plant.figures(2)
    plant.roll_up(2)
    assert plant.hours(0, 3) == [0.6] * 3
    assert len(list(plant.folder.glob(f"{FILE}.broken-*"))) == 1


def test_an_hour_in_which_the_meter_was_replaced_stands_for_nothing(plant: Plant) -> None:
    plant.run(2)
    for minute in range(10, 180, 10):
        plant.say(2 * HOUR_MS + minute * MINUTE_MS, energy_kwh=round(minute / 100, 3))
    plant.roll_up(4)
    assert plant.hours(0, 5) == [0.6, 0.6, None, 0.6, 0.6]
    (meter,) = plant.figures(4).meters
    assert meter.reset == 1
    assert meter.energy_kwh == pytest.approx(2 * 0.6 + 1.2)


def test_a_meter_that_says_its_power_alone_is_rolled_up_too(plant: Plant) -> None:
    for after_ms in range(0, 2 * HOUR_MS + 1, MINUTE_MS):
        plant.say(after_ms, power_w=1_200.0)
    plant.roll_up(1)
    assert plant.hours(0, 2) == [1.2, 1.2]


def test_the_last_moments_of_an_hour_are_taken_for_as_full_as_the_rest(plant: Plant) -> None:
    """A meter that speaks every five minutes: nothing is known of the last five when the hour closes."""
    plant.run(3, every_ms=5 * MINUTE_MS)
    plant.roll_up(2)
    assert plant.hours(0, 3) == [0.6] * 3


async def test_the_gateway_makes_it_in_a_process_of_its_own_once_the_hour_is_over(plant: Plant) -> None:
    plant.run(4)
    told: list[tuple[str, int, list[float]]] = []
    heard = asyncio.Event()

    def hear(device: str, first: int, hours: Sequence[float]) -> None:
        told.append((device, first, list(hours)))
        heard.set()

    keeper = Keeper(plant.folder, lambda: METERS, lambda: [DEVICE], hear, lambda: START + 4 * HOUR_MS + LAG_MS)
    running = asyncio.create_task(keeper.run())
    async with asyncio.timeout(60):
        await heard.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    (device, first, hours) = told[0]
    assert (device, first + len(hours)) == (DEVICE, HOUR + 4)
    assert hours[-4:] == pytest.approx([0.6] * 4)
    assert keeper.until == HOUR + 3
    first, known = Past(plant.folder)(DEVICE, 1)
    assert first + len(known) == HOUR + 4


async def test_a_roll_up_that_cannot_be_made_leaves_the_gateway_running(plant: Plant) -> None:
    plant.run(2)
    (plant.folder / FILE).mkdir()
    keeper = Keeper(plant.folder, lambda: METERS, lambda: [DEVICE], lambda *told: None, lambda: START + 3 * HOUR_MS)
    running = asyncio.create_task(keeper.run())
    for _ in range(ROUNDS_MAX):
        if keeper.failures:
            break
        await asyncio.sleep(0.005)
    assert keeper.failures == 1
    assert not running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert keeper.until == NONE_YET


def test_an_hour_is_not_over_before_it_is_over(plant: Plant) -> None:
    plant.run(2)
    plant.say(2 * HOUR_MS + 30 * SECOND_MS, power_w=600.0, energy_kwh=101.205)
    plant.roll_up(1)
    rollup = RollUp(plant.folder)
    assert rollup.done(DEVICE) == HOUR + 1
    rollup.close()
