"""Consumption unusual for its hour of the week: with what it is compared, when nothing is said, over restarts."""

from __future__ import annotations

from datetime import date, datetime
from math import inf, nan
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.baseline import HOURS_MAX, NORMAL, STALE_MS, Consumption, expectation, median, past_hours
from rules.condition_file import Baseline
from rules.explain import explain_device
from rules.in_force import in_force
from rules.instant import HOUR_MS, parse_rfc3339
from rules.mode import Mode
from rules.schedule import Calendar
from rules.site import Directory
from rules.timeline import Kind
from rules.timeline_text import text
from rules.verdict import Verdict
from tests.support import building
from tests.support.core import Core

H, N, D, X = Verdict.HOLDS, Verdict.DOES_NOT, Verdict.DEADBAND, Verdict.NO_DATA
SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
ABOVE = Baseline(above=6)
WEEK = 7 * 24
RULES = """
rules:
  - id: unusual
    title: {en: Unusual, zh: 异常}
    device_class: energy_meter
    hazard: electrical
    signal: supervisory
    level: III
    when: {any: [{baseline: {above: 6}}, {baseline: {below: 6}}]}
    clear: {all: [{not: {baseline: {above: 3}}}, {not: {baseline: {below: 3}}}]}
"""


def hour(text: str) -> int:
    return parse_rfc3339(text) // HOUR_MS


def days(hours: tuple[int, ...], zone: ZoneInfo) -> list[str]:
    return [f"{datetime.fromtimestamp(each * 3600, zone):%a %d %H}" for each in hours]


@pytest.fixture
def core() -> Core:
    """Eight weeks of ten kilowatt hours an hour."""
    core = Core(RULES)
    core.consumed("em-1", *[10.0] * (8 * WEEK))
    return core


def next_hour(core: Core, kwh: float) -> Verdict:
    core.wait("1h")
    core.consumed("em-1", kwh)
    return core.held("em-1", "unusual")


# ---- with what it is compared


def test_a_weekday_is_compared_with_the_same_hour_of_the_same_weekday() -> None:
    hours = past_hours(Calendar(SHANGHAI), hour("2026-11-24T08:00:00+08:00"), 3)
    assert days(hours, SHANGHAI) == ["Tue 17 08", "Tue 10 08", "Tue 03 08"]


def test_a_holiday_is_compared_with_sundays_and_holidays_and_no_weekday_with_it() -> None:
    calendar = Calendar(SHANGHAI, frozenset({date(2026, 11, 24), date(2026, 11, 11)}))
    holiday = past_hours(calendar, hour("2026-11-24T08:00:00+08:00"), 2)
    assert days(holiday, SHANGHAI) == ["Sun 22 08", "Sun 15 08", "Wed 11 08"]
    wednesday = past_hours(calendar, hour("2026-11-25T08:00:00+08:00"), 3)
    assert days(wednesday, SHANGHAI) == ["Wed 18 08", "Wed 04 08"]


def test_the_hour_is_the_site_s_own_when_its_clock_was_put_back_meanwhile() -> None:
    """In Berlin on 25 October 2026."""
    hours = past_hours(Calendar(BERLIN), hour("2026-10-27T08:00:00+01:00"), 2)
    assert [hour("2026-10-27T08:00:00+01:00") - each for each in hours] == [WEEK + 1, 2 * WEEK + 1]
    assert days(hours, BERLIN) == ["Tue 20 08", "Tue 13 08"]


def test_an_hour_that_came_twice_counts_twice_and_one_that_was_left_out_not_at_all() -> None:
    twice = past_hours(Calendar(BERLIN), hour("2026-11-01T02:00:00+01:00"), 1)
    assert days(twice, BERLIN) == ["Sun 25 02", "Sun 25 02"]
    none = past_hours(Calendar(BERLIN), hour("2026-04-05T02:00:00+02:00"), 1)
    assert none == ()


def test_hours_in_a_zone_of_half_hours_are_compared_all_the_same() -> None:
    kolkata = ZoneInfo("Asia/Kolkata")
    assert days(past_hours(Calendar(kolkata), hour("2026-11-24T08:30:00+05:30"), 1), kolkata) == ["Tue 17 08"]


# ---- median and spread


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60))
def test_the_median_has_as_many_below_as_above(values: list[float]) -> None:
    middle = median(values)
    assert sum(value < middle for value in values) <= len(values) / 2
    assert sum(value > middle for value in values) <= len(values) / 2


@given(st.lists(st.floats(1, 100), min_size=9, max_size=9), st.floats(0, 1e6))
def test_what_happened_in_a_few_past_weeks_moves_expectation_by_no_more_than_the_others_reach(
    usual: list[float], wild: float
) -> None:
    found = expectation([*usual, wild, wild, wild], ABOVE)
    assert found is not None
    assert min(usual) <= found.expected <= max(*usual, min(wild, max(usual)))


def test_the_spread_is_that_of_the_past_and_never_less_than_a_share_of_what_is_expected() -> None:
    wide = expectation([8, 9, 10, 11, 12], ABOVE)
    assert wide is not None
    assert (wide.expected, wide.spread, wide.hours) == (10, pytest.approx(NORMAL), 5)
    narrow = expectation([10, 10, 10, 10], ABOVE)
    assert narrow is not None
    assert narrow.spread == pytest.approx(1.0)


def test_few_past_hours_say_nothing() -> None:
    assert expectation([10, 10, 10], ABOVE) is None


@given(st.data())
def test_hours_taken_in_any_pieces_are_the_same_hours(data: st.DataObject) -> None:
    values = data.draw(st.lists(st.floats(0, 10), min_size=1, max_size=50))
    at_once, in_pieces = Consumption(), Consumption()
    at_once.take(100, values)
    order = data.draw(st.permutations(range(len(values))))
    for number in order:
        in_pieces.take(100 + number, values[number : number + 1])
    assert (in_pieces.first, list(in_pieces.values)) == (at_once.first, list(at_once.values))


def test_no_more_hours_are_kept_than_can_be_asked_for() -> None:
    consumption = Consumption()
    consumption.take(0, [1.0] * (HOURS_MAX + 100))
    assert (len(consumption.values), consumption.last) == (HOURS_MAX, HOURS_MAX + 99)


# ---- verdicts


def test_an_hour_far_from_what_is_usual_holds_on_either_side_and_a_little_off_does_not(core: Core) -> None:
    assert next_hour(core, 15.9) is N
    assert next_hour(core, 16.1) is H
    assert next_hour(core, 14.0) is D
    assert next_hour(core, 12.9) is N
    assert next_hour(core, 3.9) is H


def test_an_entry_says_what_it_was_what_was_expected_and_on_how_many_hours_that_rests(core: Core) -> None:
    next_hour(core, 25.0)
    detected = core.entry(Kind.DETECTED)
    values = {name: detected.facts[name] for name in ("consumption_kwh", "expected_kwh", "spread_kwh", "past_hours")}
    assert values == {"consumption_kwh": 25.0, "expected_kwh": 10.0, "spread_kwh": 1.0, "past_hours": 8.0}
    from rules.place_names import titles_of

    titles = titles_of(core.directory)
    assert "energy in the hour, kWh 25, expected, kWh 10" in text(detected, "en", titles)
    assert "预期（kWh） 10" in text(detected, "zh", titles)


def test_no_reading_is_looked_at_for_it(core: Core) -> None:
    watched = core.screen.watched(Mode.ACTUAL, "tower-a/em-1", core.now)
    assert watched is not None
    assert not any(watched.plan.on_reading)
    core.reading("em-1", power_w=500.0, energy_kwh=7.0)
    low, high = watched.lows[watched.plan.index["power_w"]], watched.highs[watched.plan.index["power_w"]]
    assert low < 500.0 < high


def test_a_device_that_is_new_says_nothing_until_it_has_enough_past() -> None:
    core = Core(RULES)
    for number in range(5 * WEEK):
        core.now += HOUR_MS
        core.consumed("em-1", 10.0 if number < 4 * WEEK else 99.0)
        if number >= 4 * WEEK:
            break
        assert core.changes == []
    assert core.held("em-1", "unusual") is H


def test_an_hour_that_was_not_measured_is_no_data_and_what_fired_goes_on(core: Core) -> None:
    next_hour(core, 25.0)
    assert next_hour(core, nan) is X
    assert core.incident().open
    assert next_hour(core, 10.0) is N


def test_hours_that_are_not_told_any_more_are_no_data_after_a_while(core: Core) -> None:
    core.listen()
    next_hour(core, 25.0)
    core.wait(f"{STALE_MS - 1}ms")
    assert core.held("em-1", "unusual") is H
    core.wait("1ms")
    assert core.held("em-1", "unusual") is X


def test_what_is_told_again_changes_nothing(core: Core) -> None:
    next_hour(core, 25.0)
    before = len(core.changes)
    core.consumed("em-1", *[10.0] * 40, 25.0)
    assert len(core.changes) == before


@pytest.mark.parametrize("kwh", [25.0, 10.0, 14.0])
def test_a_restart_neither_forgets_nor_repeats_a_verdict(core: Core, kwh: float) -> None:
    next_hour(core, 25.0)
    next_hour(core, kwh)
    held, before = core.held("em-1", "unusual"), len(core.changes)
    core.restart("20min")
    core.listen()
    core.reading("em-1", power_w=500.0)
    core.consumed("em-1", kwh)
    assert core.held("em-1", "unusual") is held
    assert len(core.changes) == before


def test_a_reload_of_rules_keeps_the_past(core: Core) -> None:
    next_hour(core, 15.0)
    assert core.held("em-1", "unusual") is N
    core.reload(RULES.replace("above: 6", "above: 4"))
    assert core.held("em-1", "unusual") is H


def test_a_hold_lets_one_odd_hour_pass() -> None:
    core = Core(RULES.replace("{baseline: {below: 6}}]}", "{baseline: {below: 6}}], for: 30min}"))
    core.consumed("em-1", *[10.0] * (8 * WEEK))
    core.listen()
    next_hour(core, 25.0)
    core.wait("29min")
    assert Kind.DETECTED not in [entry.kind for entry in core.entries]
    core.wait("1min")
    assert Kind.DETECTED in [entry.kind for entry in core.entries]


def test_a_drill_does_not_look_at_consumption(core: Core) -> None:
    watched = core.screen.watched(Mode.EXERCISE, "tower-a/em-1", core.now)
    assert watched is not None
    assert not watched.memories


def test_holidays_come_from_the_site_file() -> None:
    site = building.directory()
    (known,) = [each for each in site.sites.values() if each.id == "tower-a"]
    from msgspec.structs import replace

    holiday = replace(known, holidays=("2026-11-24",))
    core = Core(RULES, site=replace_site(site, holiday))
    calendar = building.calendars(core.directory)["tower-a"]
    begins = core.now // HOUR_MS - 8 * WEEK
    sundays = set(past_hours(calendar, core.now // HOUR_MS, 8))
    core.consumed("em-1", *[2.0 if begins + n in sundays else 10.0 for n in range(8 * WEEK)])
    assert next_hour(core, 10.0) is H  # as on a Tuesday, but it is a holiday
    assert core.entry(Kind.DETECTED).facts["expected_kwh"] == 2.0


def replace_site(directory: Directory, site: object) -> Directory:
    from msgspec.structs import replace

    return replace(directory, sites={**directory.sites, "tower-a": site})  # type: ignore[arg-type]


# ---- what people ask


def test_explain_says_what_an_hour_is_compared_with(core: Core) -> None:
    next_hour(core, 25.0)
    lines = explained(core)
    assert "its last whole hour: 25 kWh; expected 10, usual spread 1 (+15.0 spreads), by 8 past hours" in lines
    assert "上一整小时 25 kWh；预期 10，正常离散 1（偏离 +15.0 倍），依据 8 个历史小时" in lines


def test_explain_says_why_there_is_nothing_to_compare() -> None:
    core = Core(RULES)
    core.consumed("em-1", 10.0)
    assert any("too few past hours are rolled up" in line for line in explained(core))


def explained(core: Core) -> list[str]:
    watched = core.screen.watched(Mode.ACTUAL, "tower-a/em-1", core.now)
    assert watched is not None
    lines = explain_device(core.state, in_force(core.state, core.documents), watched, core.now)
    return [text for line in lines for text in (line.en, line.zh)]


# ---- what may be written


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({}, "neither given; expected exactly one of 'above' and 'below'"),
        ({"above": 6, "below": 6}, "above and below given; expected exactly one"),
        ({"above": 0}, "greater than 0"),
        ({"above": inf}, "less than or equal to 1000"),
        ({"above": 6, "weeks": 27}, "less than or equal to 26"),
        ({"above": 6, "weeks": 3}, "hours_min 4 of 3 weeks"),
        ({"above": 6, "hours_min": 1}, "greater than or equal to 2"),
        ({"above": 6, "floor": -1}, "greater than or equal to 0"),
        ({"above": 6, "metric": "power_w"}, "Extra inputs"),
    ],
)
def test_a_baseline_that_says_nothing_sensible_is_refused(written: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Baseline.model_validate(written)
