"""Who has which shift when: the rota laid out over a time, with who stands in for whom. Pure, as `people.py`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta, tzinfo

from msgspec import Struct

from rules.instant import DAY_MS, Instant
from rules.people import Absence, Roster, Rota, local_instant

RANGE_MS_MAX = 92 * DAY_MS
SHIFTS_MAX = 5_000


class Shift(Struct, frozen=True):
    """One shift of a rota. `person` None: everybody of the rota is absent when it begins."""

    role: str
    site: str | None
    since: Instant
    until: Instant
    person: str | None
    name: str
    stands_in_for: str | None  # whose turn it would be


def shifts(
    roster: Roster,
    since: Instant,
    until: Instant,
    zone_of: Mapping[str | None, tzinfo],
    role: str | None = None,
    site: str | None = None,
) -> list[Shift]:
    """Those that overlap `since` to `until`, by beginning, at most `SHIFTS_MAX`. `zone_of`: by site; None: of none.

    Who stands in is told as of a shift's beginning; an absence that begins later changes who is on duty then.
    """
    found = [
        shift
        for rota in roster.rota
        if role in (None, rota.role) and (site is None or rota.site in (None, site))
        for shift in _of_rota(roster, rota, since, until, zone_of.get(rota.site, zone_of[None]))
    ]
    return sorted(found, key=lambda each: (each.since, each.role, each.site or ""))[:SHIFTS_MAX]


def absences(roster: Roster, since: Instant, until: Instant) -> list[Absence]:
    """Those that overlap, by beginning."""
    found = [each for each in roster.absences if each.since < until and since < each.until]
    return sorted(found, key=lambda each: (each.since, each.person))


def _of_rota(roster: Roster, rota: Rota, since: Instant, until: Instant, zone: tzinfo) -> Iterator[Shift]:
    first = datetime.fromtimestamp(since / 1000, zone).date() - timedelta(days=1)
    day = max(first, date.fromisoformat(rota.starts))
    while (begins := local_instant(day, rota.from_minute, zone)) < until:
        ends_on = day if rota.to_minute > rota.from_minute else day + timedelta(days=1)
        ends = local_instant(ends_on, rota.to_minute, zone)
        if ends > since:
            yield _shift(roster, rota, day, begins, ends)
        day += timedelta(days=1)


def _shift(roster: Roster, rota: Rota, day: date, begins: Instant, ends: Instant) -> Shift:
    absent = {each.person for each in roster.absences if each.since <= begins < each.until}
    turn = (day - date.fromisoformat(rota.starts)).days // rota.turn_days
    in_turn = [rota.people[(turn + offset) % len(rota.people)] for offset in range(len(rota.people))]
    here = next((id for id in in_turn if id in roster.people and id not in absent), None)
    name = roster.people[here].name if here is not None else ""
    return Shift(rota.role, rota.site, begins, ends, here, name, in_turn[0] if here != in_turn[0] else None)
