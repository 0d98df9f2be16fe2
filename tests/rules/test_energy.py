"""Energy from counters that are reset and roll over, and from power where nothing is counted."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.energy import QUARTER_MS, Change, Sample, counter_step, join, stretch_of
from rules.instant import DAY_MS, HOUR_MS, MINUTE_MS, parse_rfc3339
from rules.kpi_energy import Energy, EnergyQuestion, Meter, energy_figures
from tests.support.reported import ZONE

MIDNIGHT = parse_rfc3339("2026-11-24T00:00:00+08:00")
RATED_W = 10_000.0


def counted(*values: float, every_ms: int = 10 * MINUTE_MS) -> list[Sample]:
    return [Sample(MIDNIGHT + number * every_ms, value, None) for number, value in enumerate(values)]


def total(samples: list[Sample], rated_w: float | None = RATED_W) -> float:
    return sum(stretch_of(samples, rated_w).counted.values())


def figures(samples: list[Sample], **question: int) -> Energy:
    meter = Meter("tower-a/em-1", "tower-a/12F-east", RATED_W)
    asked = EnergyQuestion(**({"since": MIDNIGHT, "until": MIDNIGHT + DAY_MS} | question))
    (found,) = energy_figures([meter], {meter.device: stretch_of(samples, RATED_W)}, asked, ZONE).meters
    return found


def test_energy_is_what_a_counter_rose_by() -> None:
    assert total(counted(100.0, 101.0, 102.5)) == pytest.approx(2.5)


def test_a_counter_that_was_reset_adds_what_it_shows_since_and_never_takes_away() -> None:
    stretch = stretch_of(counted(512.0, 513.0, 0.5, 1.5), RATED_W)
    assert sum(stretch.counted.values()) == pytest.approx(2.5)
    assert (stretch.reset, stretch.rolled_over) == (1, 0)


def test_a_counter_that_rolls_over_goes_on_from_its_last_digit() -> None:
    stretch = stretch_of(counted(99_999.0, 99_999.5, 0.25), RATED_W)
    assert sum(stretch.counted.values()) == pytest.approx(1.25)
    assert (stretch.reset, stretch.rolled_over) == (0, 1)


def test_a_fall_from_the_end_of_the_digits_is_a_reset_when_so_much_cannot_have_flowed() -> None:
    """From 93 000 a counter of five digits would have 7 000 kWh to go: not in ten minutes."""
    assert counter_step(93_000.0, 0.2, 10 * MINUTE_MS, RATED_W) == (Change.RESET, 0.2)
    assert counter_step(99_999.9, 0.2, 10 * MINUTE_MS, RATED_W)[0] is Change.ROLLED_OVER


def test_a_counter_that_was_rounded_down_has_not_been_reset() -> None:
    assert counter_step(100.02, 100.015, MINUTE_MS, RATED_W) == (Change.COUNTED, 0.0)


def test_a_jump_beyond_what_the_meter_can_measure_is_not_energy() -> None:
    stretch = stretch_of(counted(100.0, 90_000.0, 90_001.0), RATED_W)
    assert sum(stretch.counted.values()) == pytest.approx(1.0)
    assert stretch.jumped == 1


def test_what_flowed_over_a_gap_is_spread_over_it_and_said_to_be_estimated() -> None:
    gap = figures(counted(100.0, 108.0, every_ms=4 * HOUR_MS))
    assert gap.energy_kwh == pytest.approx(8.0)
    assert gap.estimated_kwh == pytest.approx(8.0)
    assert gap.covered == 0.0
    assert gap.load_curve_w[:5] == [pytest.approx(2_000)] * 4 + [None]


def test_a_meter_without_a_counter_has_the_energy_of_its_power() -> None:
    samples = [Sample(MIDNIGHT + minute * MINUTE_MS, None, 3_000.0) for minute in range(0, 121, 5)]
    found = figures(samples)
    assert (found.by, found.energy_kwh) == ("power", pytest.approx(6.0))


def test_nothing_is_made_up_where_a_meter_was_silent() -> None:
    samples = [Sample(MIDNIGHT, None, 3_000.0), Sample(MIDNIGHT + 2 * HOUR_MS, None, 3_000.0)]
    assert figures(samples).energy_kwh is None
    assert figures([]).by == "nothing"


def test_a_night_that_goes_over_midnight_has_its_share() -> None:
    """One kilowatt round the clock: eight hours of twenty-four."""
    samples = counted(*(100.0 + number / 4 for number in range(97)), every_ms=QUARTER_MS)
    found = figures(samples)
    assert found.night_share == pytest.approx(8 / 24)
    assert figures(samples, night_from_hour=0, night_to_hour=6).night_share == pytest.approx(6 / 24)
    assert found.load_factor == pytest.approx(1.0)
    assert found.covered == 1.0


def test_the_fullest_quarter_is_the_peak() -> None:
    found = figures(counted(100.0, 100.5, 102.5, 103.0, every_ms=QUARTER_MS))
    assert (found.peak_w, found.peak_at) == (pytest.approx(8_000), MIDNIGHT + QUARTER_MS)


def test_days_begin_when_they_do_at_the_site() -> None:
    samples = counted(*(100.0 + number / 4 for number in range(193)), every_ms=QUARTER_MS)
    found = figures(samples, until=MIDNIGHT + 2 * DAY_MS, step_ms=DAY_MS)
    assert [(each.at, each.energy_kwh) for each in found.intervals] == [
        (MIDNIGHT, pytest.approx(24)),
        (MIDNIGHT + DAY_MS, pytest.approx(24)),
    ]


def test_a_zone_has_the_sum_of_its_meters() -> None:
    meters = [Meter(f"tower-a/em-{number}", "tower-a/12F-east", RATED_W) for number in (1, 2)]
    stretches = {meter.device: stretch_of(counted(100.0, 101.0), RATED_W) for meter in meters}
    found = energy_figures(meters, stretches, EnergyQuestion(MIDNIGHT, MIDNIGHT + HOUR_MS), ZONE)
    assert [zone.energy_kwh for zone in found.zones] == [pytest.approx(2.0)]


steps = st.tuples(st.integers(1, 3 * HOUR_MS), st.one_of(st.floats(0, 1_000), st.none()), st.floats(-5_000, 9_000))


@given(st.lists(steps, max_size=40), st.lists(st.integers(0, 40), max_size=4))
def test_a_day_in_pieces_is_the_same_as_in_one(told: list[tuple[int, float | None, float]], cuts: list[int]) -> None:
    samples, at = [], MIDNIGHT
    for elapsed, energy, power in told:
        at += elapsed
        samples.append(Sample(at, energy, power))
    edges = sorted({0, len(samples), *(min(cut, len(samples)) for cut in cuts)})
    pieces = [samples[since:until] for since, until in itertools.pairwise(edges)]
    whole, joined = stretch_of(samples, RATED_W), join((stretch_of(piece, RATED_W) for piece in pieces), RATED_W)
    for mine, its in ((whole.counted, joined.counted), (whole.integrated, joined.integrated)):
        assert mine.keys() == its.keys()
        assert all(mine[quarter] == pytest.approx(its[quarter], abs=1e-6) for quarter in mine)
    assert (whole.reset, whole.rolled_over, whole.jumped) == (joined.reset, joined.rolled_over, joined.jumped)


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.integers(1, DAY_MS), st.one_of(st.none(), st.floats(0, 1e7)))
def test_a_counter_never_gives_energy_back(before: float, after: float, elapsed: int, rated: float | None) -> None:
    assert counter_step(before, after, elapsed, rated)[1] >= 0
