"""Working days at a site, by its own calendar and its own time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.instant import parse_rfc3339
from rules.schedule import Calendar
from rules.site import Directory
from rules.working_days import after_working_days, calendar_of, is_working_day, last_day
from tests.support.building import directory

SHANGHAI = ZoneInfo("Asia/Shanghai")
NEW_YEAR = frozenset({date(2027, 1, 1)})
days = st.dates(date(2020, 1, 1), date(2039, 1, 1))
zones = st.sampled_from(["Asia/Shanghai", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "UTC"])
calendars = st.builds(
    lambda zone, holidays: Calendar(ZoneInfo(zone), frozenset(holidays)), zones, st.lists(days, max_size=30)
)
instants = st.integers(1_577_836_800, 2_177_452_800).map(lambda seconds: seconds * 1_000)  # 2020 to 2039


@pytest.mark.parametrize(
    ("now", "count", "due"),
    [
        ("2026-11-24T08:00:00+08:00", 1, "2026-11-26T00:00:00+08:00"),  # Tuesday: all of Wednesday
        ("2026-11-27T23:59:59+08:00", 1, "2026-12-01T00:00:00+08:00"),  # Friday night: all of Monday
        ("2026-11-28T12:00:00+08:00", 1, "2026-12-01T00:00:00+08:00"),  # Saturday: all of Monday
        ("2026-11-24T08:00:00+08:00", 15, "2026-12-16T00:00:00+08:00"),
        ("2026-12-31T08:00:00+08:00", 1, "2027-01-05T00:00:00+08:00"),  # New Year's Day is a Friday
        ("2026-11-24T08:00:00+08:00", 0, "2026-11-25T00:00:00+08:00"),
    ],
)
def test_a_limit_ends_with_the_last_working_day(now: str, count: int, due: str) -> None:
    calendar = Calendar(SHANGHAI, NEW_YEAR)
    assert after_working_days(parse_rfc3339(now), count, calendar) == parse_rfc3339(due)


def test_today_is_today_where_the_site_is() -> None:
    late = parse_rfc3339("2026-11-24T20:00:00Z")  # already Wednesday in Shanghai
    assert last_day(after_working_days(late, 1, Calendar(SHANGHAI)), Calendar(SHANGHAI)) == date(2026, 11, 26)
    assert last_day(after_working_days(late, 1, Calendar(UTC)), Calendar(UTC)) == date(2026, 11, 25)


@given(instants, st.integers(0, 40), calendars)
def test_between_now_and_the_limit_lie_exactly_so_many_working_days(now: int, count: int, calendar: Calendar) -> None:
    due = after_working_days(now, count, calendar)
    today, last = datetime.fromtimestamp(now / 1000, calendar.zone).date(), last_day(due, calendar)
    between = [today + timedelta(days=number) for number in range(1, (last - today).days + 1)]
    assert sum(is_working_day(day, calendar) for day in between) == count
    assert not count or is_working_day(last, calendar)
    assert due > now


@given(instants, st.integers(0, 40), calendars)
def test_more_days_and_later_beginnings_never_end_sooner(now: int, count: int, calendar: Calendar) -> None:
    due = after_working_days(now, count, calendar)
    assert after_working_days(now, count + 1, calendar) > due
    assert after_working_days(now + 3_600_000, count, calendar) >= due


@given(instants, st.integers(1, 20), calendars, days)
def test_another_holiday_never_ends_it_sooner(now: int, count: int, calendar: Calendar, holiday: date) -> None:
    more = Calendar(calendar.zone, calendar.holidays | {holiday})
    assert after_working_days(now, count, more) >= after_working_days(now, count, calendar)


def test_the_calendar_is_that_of_the_site() -> None:
    site = directory(timezone="Europe/Berlin", holidays=("2026-12-25",))
    calendar = calendar_of(site, "tower-a")
    assert not is_working_day(date(2026, 12, 25), calendar)
    assert is_working_day(date(2026, 12, 24), calendar)
    assert str(calendar.zone) == "Europe/Berlin"


def test_a_site_that_is_gone_has_weekends_only() -> None:
    calendar = calendar_of(Directory(), "tower-z")
    assert is_working_day(date(2026, 12, 25), calendar)
    assert not is_working_day(date(2026, 12, 26), calendar)


def test_a_calendar_without_any_working_day_ends_all_the_same() -> None:
    every_day = frozenset(date(2026, 1, 1) + timedelta(days=number) for number in range(5_000))
    now = parse_rfc3339("2026-11-24T08:00:00+08:00")
    assert after_working_days(now, 3, Calendar(SHANGHAI, every_day)) > now
