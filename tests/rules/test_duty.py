"""The rota laid out over a time: each shift once, also while clocks are set, and who stands in."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from rules.duty import absences, shifts
from rules.instant import DAY_MS, HOUR_MS, parse_rfc3339
from rules.people import Absence, Person, Roster, Rota, who

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = {None: BERLIN, "tower-a": BERLIN}
MONDAY = parse_rfc3339("2026-11-23T00:00:00+01:00")


def person(id: str, *roles: str) -> Person:
    return Person(id, id.upper(), roles or ("duty_officer",), "en", ())


PEOPLE = {id: person(id) for id in ("a", "b", "c")}
DAY = Rota("duty_officer", "tower-a", ("a", "b"), "2026-11-23", 1, 6 * 60, 18 * 60)
NIGHT = Rota("duty_officer", "tower-a", ("c",), "2026-11-23", 7, 18 * 60, 6 * 60)
ROSTER = Roster(people=PEOPLE, rota=(DAY, NIGHT))


def test_shifts_follow_on_each_other_and_take_turns() -> None:
    found = shifts(ROSTER, MONDAY, MONDAY + 2 * DAY_MS, ZONES)
    assert [(each.person, (each.since - MONDAY) // HOUR_MS, (each.until - MONDAY) // HOUR_MS) for each in found] == [
        ("a", 6, 18),
        ("c", 18, 30),
        ("b", 30, 42),
        ("c", 42, 54),
    ]


def test_a_shift_that_has_begun_before_the_range_is_in_it() -> None:
    (found,) = shifts(ROSTER, MONDAY + 27 * HOUR_MS, MONDAY + 28 * HOUR_MS, ZONES)
    assert found.person == "c"


def test_nobody_has_a_shift_before_the_rota_begins() -> None:
    assert shifts(ROSTER, MONDAY - 7 * DAY_MS, MONDAY, ZONES) == []


def test_who_is_absent_is_stood_in_for_and_where_all_are_nobody_is_named() -> None:
    away = Roster(people=PEOPLE, rota=(DAY, NIGHT), absences=(Absence("a", MONDAY, MONDAY + DAY_MS),))
    found = shifts(away, MONDAY, MONDAY + DAY_MS, ZONES)
    assert [(each.person, each.name, each.stands_in_for) for each in found] == [("b", "B", "a"), ("c", "C", None)]
    alone = Roster(people=PEOPLE, rota=(NIGHT,), absences=(Absence("c", MONDAY, MONDAY + DAY_MS),))
    (shift,) = shifts(alone, MONDAY, MONDAY + DAY_MS, ZONES)
    assert (shift.person, shift.name, shift.stands_in_for) == (None, "", "c")


def test_the_calendar_agrees_with_who_is_told_at_every_moment() -> None:
    found = shifts(ROSTER, MONDAY, MONDAY + 7 * DAY_MS, ZONES)
    for at in range(MONDAY + 6 * HOUR_MS, MONDAY + 7 * DAY_MS, 97 * 60_000):
        told = [each.id for each in who(ROSTER, "duty_officer", "tower-a", at, BERLIN)]
        assert told == [each.person for each in found if each.since <= at < each.until]


def test_a_night_in_which_clocks_are_set_back_is_an_hour_longer() -> None:
    autumn = Rota("duty_officer", "tower-a", ("a",), "2026-10-24", 1, 18 * 60, 6 * 60)
    since = parse_rfc3339("2026-10-24T18:00:00+02:00")
    (found,) = shifts(Roster(people=PEOPLE, rota=(autumn,)), since, since + HOUR_MS, ZONES)
    assert found.until - found.since == 13 * HOUR_MS


def test_shifts_can_be_asked_for_by_role_and_site() -> None:
    other = Rota("engineer", None, ("a",), "2026-11-23", 1)
    roster = Roster(people={"a": person("a", "engineer")}, rota=(other, DAY))
    by_role = shifts(roster, MONDAY, MONDAY + DAY_MS, ZONES, role="engineer")
    assert {each.role for each in by_role} == {"engineer"}
    elsewhere = shifts(roster, MONDAY, MONDAY + DAY_MS, ZONES, site="tower-b")
    assert {each.role for each in elsewhere} == {"engineer"}  # of no site: of all of them


def test_absences_that_overlap_the_range_are_told_in_order() -> None:
    roster = Roster(
        absences=(
            Absence("b", MONDAY + HOUR_MS, MONDAY + DAY_MS),
            Absence("a", MONDAY - DAY_MS, MONDAY + 1),
            Absence("c", MONDAY + 2 * DAY_MS, MONDAY + 3 * DAY_MS),
        )
    )
    assert [each.person for each in absences(roster, MONDAY, MONDAY + DAY_MS)] == ["a", "b"]
