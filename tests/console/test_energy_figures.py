"""Energy put together from what the API says of each meter."""

from __future__ import annotations

from typing import Any

from console.drawing import ms, rfc3339
from console.energy_figures import HOUR_MS, by_day, change, later, load, mean_day, of_building, total

BEGIN = ms("2026-11-24T00:00:00.000Z")
SPAN = (BEGIN, BEGIN + 4 * HOUR_MS)


def meter(name: str, *kwh: float | None, **known: Any) -> dict[str, Any]:
    """`kwh`: of each hour; None: nothing was measured."""
    intervals = [
        {"at": rfc3339(BEGIN + hour * HOUR_MS), "energy_kwh": each} for hour, each in enumerate(kwh) if each is not None
    ]
    energy = sum(each["energy_kwh"] for each in intervals)
    return {
        "name": name,
        "energy_kwh": energy,
        "mean_w": energy * 1000 / max(1, len(intervals)),
        "peak_w": 9_000.0,
        "peak_at": rfc3339(BEGIN + HOUR_MS),
        "night_kwh": energy / 4,
        "intervals": intervals,
        "covered": 1.0,
        "estimated_kwh": 0.0,
        "rolled_over": 0,
        "reset": 0,
        "jumped": 0,
    } | known


def test_the_load_is_what_all_meters_took_together() -> None:
    made = load([meter("a", 1.0, 2.0), meter("b", 3.0, 4.0)], HOUR_MS, SPAN)
    assert made == [(BEGIN, 4.0), (BEGIN + HOUR_MS, 6.0)]


def test_an_hour_without_readings_is_a_gap_and_not_zero() -> None:
    assert [value for _, value in load([meter("a", 1.0, None, 2.0)], HOUR_MS, SPAN)] == [1.0, None, 2.0]


def test_an_hour_that_was_asked_about_in_part_has_its_true_load() -> None:
    half = (BEGIN + HOUR_MS // 2, BEGIN + 4 * HOUR_MS)
    assert load([meter("a", 1.0)], HOUR_MS, half) == [(BEGIN + HOUR_MS // 2, 2.0)]


def test_the_peak_of_several_meters_is_that_of_their_sum() -> None:
    summed = total([meter("a", 1.0, 5.0), meter("b", 6.0, 1.0)], HOUR_MS, SPAN)
    assert (summed.peak_w, summed.peak_at) == (7_000.0, BEGIN)
    assert summed.energy_kwh == 13.0
    assert summed.night_share == 0.25


def test_the_peak_of_one_meter_is_its_own_quarter_of_an_hour() -> None:
    assert total([meter("a", 1.0, 5.0)], HOUR_MS, SPAN).peak_w == 9_000.0


def test_nothing_measured_is_not_nought() -> None:
    silent = meter("a") | {"energy_kwh": None, "mean_w": None, "peak_w": None, "night_kwh": None, "covered": 0.0}
    summed = total([silent], HOUR_MS, SPAN)
    assert (summed.energy_kwh, summed.night_share, summed.load_factor) == (None, None, None)


def test_days_begin_where_the_site_says() -> None:
    local_midnight = BEGIN + 2 * HOUR_MS
    days = [{"intervals": [{"at": rfc3339(local_midnight - 24 * HOUR_MS)}, {"at": rfc3339(local_midnight)}]}]
    made = by_day([meter("a", 1.0, 2.0, 3.0)], days, SPAN)
    assert made[local_midnight - 24 * HOUR_MS][22:] == [1.0, 2.0]
    assert made[local_midnight][:2] == [3.0, None]


def test_the_mean_day_leaves_out_what_is_not_known() -> None:
    none: list[float | None] = [None] * 23
    assert mean_day([[2.0, *none], [4.0, *none], [None, *none]]) == [3.0, *none]


def test_the_period_before_is_laid_over_this_one() -> None:
    assert later([(BEGIN, 1.0)], HOUR_MS) == [(BEGIN + HOUR_MS, 1.0)]
    assert change(110.0, 100.0) == 110.0 / 100.0 - 1
    assert change(110.0, 0.0) is None


def test_a_building_has_its_own_meters() -> None:
    some = [meter("s/a", 1.0), meter("s/b", 1.0)]
    assert [each["name"] for each in of_building(some, {"s/a": "s/one", "s/b": "s/two"}, "s/two")] == ["s/b"]
