"""Alarm management by ISA-18.2."""

from __future__ import annotations

import itertools
from datetime import UTC

from hypothesis import given
from hypothesis import strategies as st

from rules.instant import DAY_MS, HOUR_MS, MINUTE_MS, Instant
from rules.kpi_alarms import (
    TEN_MINUTES_MS,
    AlarmFacts,
    AlarmFigures,
    Annunciation,
    Occurrence,
    alarm_figures,
    floods_of,
)
from rules.level import Level

SINCE: Instant = 1_795_478_400_000  # 2026-11-24T00:00:00Z


def alarm(after_ms: int, device: str = "sd-1", level: Level = Level.III, site: str = "tower-a") -> Annunciation:
    return Annunciation(SINCE + after_ms, site, "smoke-high", f"{site}/{device}", level)


def figures(
    *annunciated: Annunciation, days: int = 1, operators: int = 1, **occurrences: list[Occurrence]
) -> AlarmFigures:
    known = {"chattering": [], "stale": []} | occurrences
    return alarm_figures(AlarmFacts(SINCE, SINCE + days * DAY_MS, operators, annunciated, **known), UTC)


def measure(found: AlarmFigures, id: str) -> tuple[float, bool | None]:
    return next((each.value, each.met) for each in found.measures if each.target.id == id)


def test_a_day_with_150_alarms_is_acceptable_and_one_more_is_not() -> None:
    alarms = [alarm(number * 9 * MINUTE_MS) for number in range(151)]
    assert measure(figures(*alarms[:150]), "per_day") == (150, True)
    assert measure(figures(*alarms), "per_day") == (151, False)


def test_two_desks_share_the_alarms_of_two_sites() -> None:
    alarms = [alarm(number * MINUTE_MS, site=site) for number in range(100) for site in ("tower-a", "tower-b")]
    assert measure(figures(*alarms, operators=2), "per_day") == (100, True)


def test_the_eleventh_alarm_within_ten_minutes_makes_a_flood() -> None:
    ten = [SINCE + number * MINUTE_MS for number in range(10)]
    assert list(floods_of(ten, "tower-a", SINCE + DAY_MS)) == []
    (flood,) = floods_of([*ten, SINCE + 9 * MINUTE_MS + 1], "tower-a", SINCE + DAY_MS)
    assert (flood.since, flood.annunciated, flood.peak) == (SINCE, 11, 11)


def test_a_flood_is_over_when_fewer_than_five_are_left_within_ten_minutes() -> None:
    times = [SINCE + number * MINUTE_MS // 2 for number in range(12)]
    (flood,) = floods_of(times, "tower-a", SINCE + DAY_MS)
    assert flood.until == times[-5] + TEN_MINUTES_MS


def test_floods_of_two_sites_are_two() -> None:
    burst = [alarm(number * 1_000, site=site) for number in range(11) for site in ("tower-a", "tower-b")]
    found = figures(*burst, operators=2)
    assert sorted(flood.site for flood in found.flood_spans) == ["tower-a", "tower-b"]
    assert found.floods == 2


def test_the_ten_most_frequent_are_named_with_their_share() -> None:
    alarms = [alarm(number * HOUR_MS // 4, device="sd-7") for number in range(6)]
    alarms += [alarm(number * HOUR_MS, device=f"sd-{number}") for number in range(20, 24)]
    found = figures(*sorted(alarms, key=lambda each: each.at))
    assert (found.top[0].device, found.top[0].annunciated, found.top[0].share) == ("tower-a/sd-7", 6, 0.6)


def test_the_mix_of_priorities_stands_beside_what_is_aimed_at() -> None:
    found = figures(alarm(0), alarm(1), alarm(2, level=Level.II), alarm(3, level=Level.I))
    assert [(each.level, each.share, each.target) for each in found.priorities] == [
        (Level.III, 0.5, 0.80),
        (Level.II, 0.25, 0.15),
        (Level.I, 0.25, 0.05),
    ]


def test_stale_alarms_are_counted_by_their_worst_day_and_chattering_ones_once() -> None:
    stale = [Occurrence(SINCE + day * DAY_MS, "tower-a", f"INC-{number}") for day in (0, 1) for number in range(3)]
    chattering = [Occurrence(SINCE + number, "tower-a", "smoke-high tower-a/sd-1") for number in range(4)]
    found = figures(days=2, stale=stale, chattering=chattering)
    assert measure(found, "stale") == (3, True)
    assert measure(found, "chattering") == (1, False)
    assert found.stale == ["INC-0", "INC-1", "INC-2"]


def test_a_quiet_month_has_all_its_days_and_no_fault() -> None:
    found = figures(days=30)
    assert [day.annunciated for day in found.days] == [0] * 30
    assert (found.days[0].day, found.days[-1].day) == ("2026-11-24", "2026-12-23")
    assert all(each.met is not False for each in found.measures)


@given(st.lists(st.integers(0, DAY_MS - 1), max_size=200))
def test_floods_follow_each_other_and_hold_more_than_ten_each(offsets: list[int]) -> None:
    times = sorted(SINCE + offset for offset in offsets)
    found = list(floods_of(times, "tower-a", SINCE + DAY_MS))
    assert all(flood.annunciated > 10 and flood.since < flood.until for flood in found)
    assert all(
        before.until <= after.until and before.since < after.since for before, after in itertools.pairwise(found)
    )
