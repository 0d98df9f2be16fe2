"""Who has a role now: people, shifts, rota, absences. Pure; content-addressed like rules and sites.

How they are written in a file is `roster_file.py`. A person's addresses are not here: `channels` name entries of
the gateway's settings, where the secrets are.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta, tzinfo

from msgspec import Struct

from rules.instant import Instant
from rules.notice import NoticeBook

DAY_MINUTES = 1_440


class Channel(Struct, frozen=True):
    """A way to reach people. Its address stands in the gateway's settings, under the same name."""

    exercise: bool = False  # whether messages of an exercise go out by it
    characters_max: int | None = None  # of a message, e.g. 70 for one SMS in Chinese; None: any


class Person(Struct, frozen=True):
    id: str
    name: str
    roles: tuple[str, ...]
    language: str  # "en", "zh"
    channels: tuple[str, ...]  # first choice first; the next is the fallback
    site: str | None = None  # None: all sites


class Rota(Struct, frozen=True):
    """People who take turns in a role: a turn is some days long, and on each of them one shift.

    A shift belongs to the local day on which it begins, also where it goes over midnight.
    """

    role: str
    site: str | None
    people: tuple[str, ...]
    starts: str  # ISO date, local: the day of the first person's first shift
    turn_days: int
    from_minute: int = 0  # of the local day, when the shift begins
    to_minute: int = 0  # and ends; not after `from_minute`: on the next day


class Absence(Struct, frozen=True):
    """From `since` until before `until`."""

    person: str
    since: Instant
    until: Instant


class Roster(Struct, frozen=True):
    """Who is told, by what way, and in what words."""

    people: dict[str, Person] = {}
    rota: tuple[Rota, ...] = ()
    absences: tuple[Absence, ...] = ()
    timezone: str = "UTC"  # IANA name, where no site is concerned
    channels: dict[str, Channel] = {}
    places: dict[str, tuple[str, ...]] = {}  # place, as `rules.places.place` names it → its notice channels
    notices: NoticeBook = NoticeBook()


def who(roster: Roster, role: str, site: str | None, instant: Instant, timezone: tzinfo) -> list[Person]:
    """Everybody who has the role at the instant, the rota's people first.

    Where a rota of the role has a shift at the instant, it is those whose turn it is; for one who is absent the next
    of the rota stands in. Else it is all who have the role. Empty: nobody, or all are absent. `site` None: any.
    """
    absent = {each.person for each in roster.absences if each.since <= instant < each.until}
    on_duty: dict[str, Person] = {}
    for rota in roster.rota:
        if rota.role == role and _concerns(rota.site, site):
            found = _whose_turn(roster, rota, absent, instant, timezone)
            if found is not None:
                on_duty[found.id] = found
    if on_duty:
        return list(on_duty.values())
    return [
        person
        for person in roster.people.values()
        if role in person.roles and _concerns(person.site, site) and person.id not in absent
    ]


def _concerns(theirs: str | None, site: str | None) -> bool:
    return theirs is None or site is None or theirs == site


def _whose_turn(roster: Roster, rota: Rota, absent: set[str], instant: Instant, timezone: tzinfo) -> Person | None:
    day = shift_day(rota, instant, timezone)
    if day is None:
        return None
    turn = (day - date.fromisoformat(rota.starts)).days // rota.turn_days
    for stand_in in range(len(rota.people)):
        person = roster.people.get(rota.people[(turn + stand_in) % len(rota.people)])
        if person is not None and person.id not in absent:
            return person
    return None


def shift_day(rota: Rota, instant: Instant, timezone: tzinfo) -> date | None:
    """The local day whose shift of the rota it is at the instant; None: no shift, or the rota has not begun.

    A shift is a span between two instants, so that of two shifts that follow on each other exactly one holds at any
    moment, also while clocks are set forward or back.
    """
    today = datetime.fromtimestamp(instant / 1000, timezone).date()
    for day in _around(today):
        if day >= date.fromisoformat(rota.starts):
            ends_on = day if rota.to_minute > rota.from_minute else day + timedelta(days=1)
            begins, ends = (
                local_instant(day, rota.from_minute, timezone),
                local_instant(ends_on, rota.to_minute, timezone),
            )
            if begins <= instant < ends:
                return day
    return None


def _around(day: date) -> Iterator[date]:
    for offset in (-1, 0, 1):
        yield day + timedelta(days=offset)


def local_instant(day: date, minute: int, timezone: tzinfo) -> Instant:
    """When clocks on the wall show that minute of the day; where they show it twice, the first time.

    A time that clocks leave out counts as if they had not: half past two is then half past three.
    """
    hours, minutes = divmod(minute, 60)
    days, hours = divmod(hours, 24)
    there = day + timedelta(days=days)
    return round(datetime(there.year, there.month, there.day, hours, minutes, tzinfo=timezone).timestamp() * 1000)
