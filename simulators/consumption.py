"""Years of consumption, hour by hour, with anomalies planted where they are known: what baselines are tried on.

The load is that of `meters.py` by use. On top of it (ours, so that a year is not the same week fifty-two times):
cooling in summer and heating in winter, which follow a temperature that drifts from day to day; a factor for each day
and one for each hour; holidays that run as Sundays do; hours that were not measured, and days that were not. Local time
is the site's, so that clocks are put forward and back.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from math import nan
from typing import NamedTuple
from zoneinfo import ZoneInfo

from rules.instant import HOUR_MS, Instant
from simulators.chance import key, noise, uniform
from simulators.meters import Use, demand_share

DEMAND_KWH = 40.0  # of an hour at the height of the day
DAYS = 364
WARM_UP_DAYS = 9 * 7  # nothing is planted before: baselines have no past yet
APART_DAYS = 21  # between two anomalies: what one does to the past is not the other's
COOLED = {Use.OFFICE: 0.25, Use.RETAIL: 0.3, Use.RESIDENTIAL: 0.15, Use.PLANT: 0.2}  # of the demand, on a hot day
HEATED = {Use.OFFICE: 0.05, Use.RETAIL: 0.05, Use.RESIDENTIAL: 0.2, Use.PLANT: 0.1}  # on a cold one
DAY_NOISE = {Use.OFFICE: 0.03, Use.RETAIL: 0.04, Use.RESIDENTIAL: 0.06, Use.PLANT: 0.02}
HOUR_NOISE = {Use.OFFICE: 0.03, Use.RETAIL: 0.04, Use.RESIDENTIAL: 0.08, Use.PLANT: 0.03}
MISSING = 0.01  # of all hours; and some days on end
GAPS, GAP_DAYS_MAX = 3, 3


class Kind(Enum):
    """What goes wrong, and for how long."""

    NIGHT_LOAD = "night_load"  # something stays on at night: a quarter of the demand more, five nights
    WEEKEND = "weekend"  # a weekend at the load of a working day, or two fifths of the demand more where that is none
    STUCK = "stuck"  # the same value for five days
    DROP = "drop"  # nothing for a day
    CREEP = "creep"  # one per cent more each day for sixty days, then fifteen days so
    SPIKE = "spike"  # one hour with one and a half times the demand more


LASTS_H = {
    Kind.NIGHT_LOAD: 5 * 24,
    Kind.WEEKEND: 48,
    Kind.STUCK: 5 * 24,
    Kind.DROP: 24,
    Kind.CREEP: 75 * 24,
    Kind.SPIKE: 1,
}


class Planted(NamedTuple):
    """Hours since 1970: `first` … `until` (excluded)."""

    kind: Kind
    first: int
    until: int


class Year(NamedTuple):
    """`hours` from `first` (since 1970) on; not a number where nothing was measured."""

    first: int
    hours: list[float]
    planted: list[Planted]
    holidays: frozenset[date]


def year(use: Use, kind: Kind | None, seed: int, zone: ZoneInfo, begins: Instant) -> Year:
    """`kind`: what is planted, as often as it fits; None: nothing. `begins`: a midnight of UTC."""
    chance, first = key(seed, f"{use.value}/{kind}"), begins // HOUR_MS
    holidays = _holidays(datetime.fromtimestamp(begins / 1000, zone).year)
    lies = _Lies(use, chance, zone, first, holidays)
    hours = [lies.usual(first + number) for number in range(DAYS * 24)]
    planted = list(_planted(kind, chance, zone, first)) if kind else []
    for each in planted:
        _plant(each, hours, lies, first)
    for number in _missing(chance, len(hours)):
        hours[number] = nan
    return Year(first, hours, planted, holidays)


class _Lies:
    """How the load of one meter lies."""

    def __init__(self, use: Use, chance: int, zone: ZoneInfo, first: int, holidays: frozenset[date]) -> None:
        self.use, self.chance, self.zone, self.first, self.holidays = use, chance, zone, first, holidays
        self._drift = [0.0]  # of the temperature, in parts of what seasons make of it
        for day in range(DAYS):
            self._drift.append(0.8 * self._drift[-1] + 0.12 * noise(chance, 100_000 + day))

    def usual(self, hour: int) -> float:
        local = datetime.fromtimestamp(hour * 3600, self.zone)
        quiet = local.date() in self.holidays
        return DEMAND_KWH * self._factor(hour) * (self._share(local, quiet) + self._weather(hour, local))

    def on_a_working_day(self, hour: int) -> float:
        local = datetime.fromtimestamp(hour * 3600, self.zone)
        wednesday = local + timedelta(days=2 - local.weekday())
        return DEMAND_KWH * self._factor(hour) * (self._share(wednesday, False) + self._weather(hour, local))

    def local(self, hour: int) -> datetime:
        return datetime.fromtimestamp(hour * 3600, self.zone)

    def _share(self, local: datetime, quiet: bool) -> float:
        """The mean of the hour, about its middle."""
        day = local + timedelta(days=6 - local.weekday()) if quiet else local
        naive = day.replace(tzinfo=UTC, minute=30)
        return demand_share(self.use, round(naive.timestamp() * 1000))

    def _weather(self, hour: int, local: datetime) -> float:
        season = math.cos((local.timetuple().tm_yday - 200) / 365 * 2 * math.pi)  # 1: the middle of July
        felt = season + self._drift[min(DAYS, (hour - self.first) // 24)]
        by_day = 0.4 + 0.6 * max(0.0, math.cos((local.hour - 15) / 24 * 2 * math.pi))
        return by_day * (COOLED[self.use] * max(0.0, felt - 0.2) + HEATED[self.use] * max(0.0, -felt - 0.2))

    def _factor(self, hour: int) -> float:
        day = DAY_NOISE[self.use] * noise(self.chance, 200_000 + hour // 24)
        return max(0.05, 1 + day + HOUR_NOISE[self.use] * noise(self.chance, hour))


def _planted(kind: Kind, chance: int, zone: ZoneInfo, first: int) -> Iterator[Planted]:
    lasts_days, day = -(-LASTS_H[kind] // 24), WARM_UP_DAYS
    while True:
        day += int(uniform(chance, 300_000 + day) * 7)
        begins = first + day * 24 + int(uniform(chance, 400_000 + day) * 24)
        if kind is Kind.WEEKEND:
            local = datetime.fromtimestamp(begins * 3600, zone)
            begins += (5 - local.weekday()) % 7 * 24 - local.hour
        if begins + LASTS_H[kind] > first + (DAYS - 7) * 24:
            return
        yield Planted(kind, begins, begins + LASTS_H[kind])
        day += lasts_days + APART_DAYS


def _plant(planted: Planted, hours: list[float], lies: _Lies, first: int) -> None:
    frozen = hours[planted.first - first]
    for hour in range(planted.first, planted.until):
        number = hour - first
        hours[number] = _gone_wrong(planted, hour, hours[number], frozen, lies)


def _gone_wrong(planted: Planted, hour: int, usual: float, frozen: float, lies: _Lies) -> float:
    kind = planted.kind
    if kind is Kind.NIGHT_LOAD:
        of_day = lies.local(hour).hour
        return usual + (0.25 * DEMAND_KWH if of_day >= 22 or of_day < 6 else 0.0)
    if kind is Kind.WEEKEND:
        busy = lies.on_a_working_day(hour)
        return busy if lies.use in (Use.OFFICE, Use.PLANT) else usual + 0.4 * DEMAND_KWH
    if kind is Kind.CREEP:
        return usual * (1 + 0.01 * min(60, (hour - planted.first) // 24))
    return {Kind.STUCK: frozen, Kind.DROP: 0.0, Kind.SPIKE: usual + 1.5 * DEMAND_KWH}[kind]


def _missing(chance: int, length: int) -> Iterator[int]:
    yield from (number for number in range(length) if uniform(chance, 500_000 + number) < MISSING)
    for gap in range(GAPS):
        begins = int(uniform(chance, 600_000 + gap) * length)
        lasts = 1 + int(uniform(chance, 700_000 + gap) * GAP_DAYS_MAX * 24)
        yield from range(begins, min(length, begins + lasts))


def _holidays(of: int) -> frozenset[date]:
    """Some twenty days, one of them a week on end, over the year and the next."""
    found: set[date] = set()
    for each in (of, of + 1):
        found |= {date(each, *day) for day in ((1, 1), (4, 5), (5, 1), (5, 2), (5, 3), (6, 10), (9, 17))}
        found |= {date(each, 2, day) for day in range(10, 17)} | {date(each, 10, day) for day in range(1, 8)}
    return frozenset(found)
