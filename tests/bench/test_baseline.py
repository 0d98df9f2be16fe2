"""The bench of baselines, small: what it says of a year is what happened in it."""

from __future__ import annotations

from bench.baseline import BEGINS, ZONE, Found, firings_of, judged, shipped, table
from simulators.consumption import Kind, year
from simulators.meters import Use


def test_nights_that_are_too_full_are_found_and_little_else() -> None:
    found = judged(shipped(), Use.OFFICE, Kind.NIGHT_LOAD, year(Use.OFFICE, Kind.NIGHT_LOAD, 7, ZONE, BEGINS))
    assert found.planted >= 8
    assert found.hit == found.planted
    assert found.right >= 0.8 * found.firings


def test_a_year_in_which_nothing_was_planted_has_few_alarms() -> None:
    quiet = year(Use.RESIDENTIAL, None, 7, ZONE, BEGINS)
    assert judged(shipped(), Use.RESIDENTIAL, None, quiet).firings <= 5


def test_a_firing_lasts_until_it_is_normal_again_and_counts_once() -> None:
    of = year(Use.OFFICE, Kind.DROP, 7, ZONE, BEGINS)
    firings = firings_of(shipped(), of)
    assert len(firings) == len(set(firings))
    for planted in of.planted:
        assert sum(planted.first <= each < planted.until for each in firings) <= 3


def test_the_table_says_precision_and_recall_of_each_kind_and_use() -> None:
    found = [Found(Use.OFFICE, Kind.SPIKE, 10, 8, 12, 9), Found(Use.OFFICE, None, 0, 0, 3, 0)]
    lines = list(table(found))
    assert lines[0] == "| precision / recall | office | retail | residential | plant |"
    assert next(line for line in lines if line.startswith("| spike")).startswith("| spike | 0.75 / 0.80 | nan / 0.00 |")
    assert "alarms a meter and year | 3.6 |" in lines[-1]
