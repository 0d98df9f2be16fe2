"""Years of consumption: the same from the same seed, with what was planted where it is said to be."""

from __future__ import annotations

from datetime import date
from math import isnan
from zoneinfo import ZoneInfo

import pytest

from rules.instant import HOUR_MS, parse_rfc3339
from simulators.consumption import APART_DAYS, DAYS, WARM_UP_DAYS, Kind, year
from simulators.meters import Use

ZONE = ZoneInfo("Europe/Berlin")
BEGINS = parse_rfc3339("2025-01-06T00:00:00Z")


def known(hours: list[float]) -> list[float]:
    return [each for each in hours if not isnan(each)]


@pytest.mark.parametrize("use", Use)
def test_a_year_is_the_same_from_the_same_seed_and_another_from_another(use: Use) -> None:
    one, again, other = (year(use, None, seed, ZONE, BEGINS) for seed in (1, 1, 2))
    assert repr(one) == repr(again)
    assert known(one.hours) != known(other.hours)
    assert len(one.hours) == DAYS * 24
    assert min(known(one.hours)) > 0


@pytest.mark.parametrize("use", Use)
@pytest.mark.parametrize("kind", Kind)
def test_what_is_planted_is_all_that_differs_from_what_the_year_would_have_been(use: Use, kind: Kind) -> None:
    found = year(use, kind, 3, ZONE, BEGINS)
    assert found.planted
    assert found.planted[0].first >= found.first + WARM_UP_DAYS * 24
    for one, other in zip(found.planted, found.planted[1:], strict=False):
        assert other.first - one.until >= (APART_DAYS - 7) * 24


def test_hours_that_were_not_measured_are_no_numbers() -> None:
    hours = year(Use.PLANT, None, 1, ZONE, BEGINS).hours
    missing = len(hours) - len(known(hours))
    assert 0.005 < missing / len(hours) < 0.05


def test_an_office_rests_on_holidays_and_works_the_day_after() -> None:
    of = year(Use.OFFICE, None, 1, ZONE, BEGINS)

    def at_noon(day: str) -> float:
        return of.hours[parse_rfc3339(f"{day}T12:00:00+02:00") // HOUR_MS - of.first]

    assert date(2025, 10, 7) in of.holidays
    assert at_noon("2025-10-07") < 0.6 * at_noon("2025-10-08")
