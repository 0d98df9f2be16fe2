"""Who is on duty: rota, shifts, absences, on any day of the year and in any time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.instant import DAY_MS, HOUR_MS, MINUTE_MS, Instant, parse_rfc3339
from rules.people import Absence, Person, Roster, Rota, local_instant, shift_day, who
from rules.site import Directory
from tests.support.roster import roster

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")  # has summer time
ZONES = st.sampled_from([SHANGHAI, BERLIN, ZoneInfo("America/St_Johns"), ZoneInfo("Australia/Lord_Howe"), UTC])
INSTANTS = st.integers(parse_rfc3339("2026-01-02T00:00:00Z"), parse_rfc3339("2028-12-30T00:00:00Z"))
MINUTES = st.integers(0, 1439)

TWO_SHIFTS = """
timezone: Asia/Shanghai
channels: {app: {}}
people:
  - {id: officer-1, name: Officer 1, roles: [duty_officer], channels: [app]}
  - {id: officer-2, name: Officer 2, roles: [duty_officer], channels: [app]}
  - {id: officer-3, name: Officer 3, roles: [duty_officer, engineer], channels: [app]}
  - {id: officer-9, name: Officer 9, roles: [duty_officer], channels: [app], site: tower-b}
shifts:
  day: {from: "08:00", to: "20:00"}
  night: {from: "20:00", to: "08:00"}
rota:
  - {role: duty_officer, people: [officer-1, officer-2], starts: 2026-11-23, turn: 7d, shift: day}
  - {role: duty_officer, people: [officer-3], starts: 2026-11-23, turn: 1d, shift: night}
absences:
  - {person: officer-2, from: 2026-12-01, to: 2026-12-02}
"""

ROSTER = roster(TWO_SHIFTS, site=Directory())


def names(local: str, role: str = "duty_officer", site: str | None = "tower-a") -> list[str]:
    instant = parse_rfc3339(f"{local}:00+08:00")
    return [person.id for person in who(ROSTER, role, site, instant, SHANGHAI)]


def test_whose_turn_it_is_has_the_role_and_nobody_else() -> None:
    assert names("2026-11-24T09:00") == ["officer-1"]
    assert names("2026-11-30T09:00") == ["officer-2"]
    assert names("2026-12-07T09:00") == ["officer-1"]


def test_a_shift_over_midnight_belongs_to_the_evening_on_which_it_began() -> None:
    assert names("2026-11-24T19:59") == ["officer-1"]
    assert names("2026-11-24T20:00") == ["officer-3"]
    assert names("2026-11-25T07:59") == ["officer-3"]
    assert names("2026-11-25T08:00") == ["officer-1"]


def test_the_next_of_the_rota_stands_in_for_one_who_is_absent() -> None:
    assert names("2026-11-30T12:00") == ["officer-2"]
    assert names("2026-12-01T12:00") == ["officer-1"]
    assert names("2026-12-03T12:00") == ["officer-2"]


def test_before_the_rota_begins_all_who_have_the_role_have_it() -> None:
    assert names("2026-11-20T12:00") == ["officer-1", "officer-2", "officer-3"]


def test_a_role_without_a_rota_is_had_by_all_who_have_it() -> None:
    assert names("2026-11-24T12:00", "engineer") == ["officer-3"]
    assert names("2026-11-24T12:00", "fire_warden") == []


def test_people_of_another_site_are_left_alone() -> None:
    assert "officer-9" not in names("2026-11-20T12:00")
    assert "officer-9" in names("2026-11-20T12:00", site="tower-b")
    assert "officer-9" in names("2026-11-20T12:00", site=None)


def test_when_all_of_a_rota_are_absent_the_others_who_have_the_role_are_told() -> None:
    others = {id: Person(id, id, ("r",), "en", ("app",)) for id in ("a", "b", "c")}
    away = tuple(Absence(id, 0, 10**14) for id in ("a", "b"))
    made = Roster(others, (Rota("r", None, ("a", "b"), "2026-01-01", 1),), away)
    assert [person.id for person in who(made, "r", None, parse_rfc3339("2026-11-24T00:00:00Z"), UTC)] == ["c"]


def test_an_absence_covers_whole_local_days_to_the_last_minute() -> None:
    (absence,) = ROSTER.absences
    assert absence.since == parse_rfc3339("2026-12-01T00:00:00+08:00")
    assert absence.until == parse_rfc3339("2026-12-03T00:00:00+08:00")


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("2026-03-29T01:59:59+01:00", 28),  # clocks go from 02:00 to 03:00
        ("2026-03-29T03:00:00+02:00", 28),
        ("2026-03-29T03:30:00+02:00", 29),
        ("2026-10-25T02:29:00+02:00", 24),  # 02:30 comes twice: the first time counts
        ("2026-10-25T02:31:00+02:00", 25),
        ("2026-10-25T02:10:00+01:00", 25),
    ],
)
def test_a_shift_changes_once_where_clocks_are_set(local: str, expected: int) -> None:
    rota = Rota("r", None, ("a",), "2026-01-01", 1, 150, 150)  # 02:30 to 02:30
    day = shift_day(rota, parse_rfc3339(local), BERLIN)
    assert day is not None
    assert day.day == expected


@given(ZONES, INSTANTS, MINUTES, MINUTES)
def test_of_two_shifts_that_follow_on_each_other_exactly_one_holds(
    zone: ZoneInfo, instant: Instant, first: int, second: int
) -> None:
    if first == second:
        second = (first + 1) % 1440
    shifts = [Rota("r", None, ("a",), "2025-12-01", 1, *span) for span in ((first, second), (second, first))]
    assert sum(shift_day(shift, instant, zone) is not None for shift in shifts) == 1


@given(ZONES, INSTANTS, MINUTES, st.integers(1, 30), st.integers(1, 5))
def test_somebody_of_the_rota_has_the_role_at_every_moment(
    zone: ZoneInfo, instant: Instant, minute: int, turn_days: int, people: int
) -> None:
    ids = tuple(f"p-{number}" for number in range(people))
    made = Roster(
        {id: Person(id, id, ("r",), "en", ("app",)) for id in ids},
        (Rota("r", None, ids, "2025-12-01", turn_days, minute, minute),),
    )
    (now,) = who(made, "r", None, instant, zone)
    (later,) = who(made, "r", None, instant + people * turn_days * DAY_MS + 2 * HOUR_MS, zone)
    (latest,) = who(made, "r", None, instant + people * turn_days * DAY_MS - 2 * HOUR_MS, zone)
    assert now in (later, latest)  # a whole round later it is the same one's turn again, give or take a set clock


@given(ZONES, st.dates(date(2026, 1, 2), date(2028, 12, 30)), st.integers(0, 1440))
def test_local_minutes_come_in_order_also_where_clocks_are_set(zone: ZoneInfo, day: date, minute: int) -> None:
    here = local_instant(day, minute, zone)
    assert local_instant(day - timedelta(days=1), minute, zone) < here
    shown = datetime.fromtimestamp(here / 1000, zone)
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    if shown.utcoffset() == midnight.utcoffset():
        assert here == round(midnight.timestamp() * 1000) + minute * MINUTE_MS
