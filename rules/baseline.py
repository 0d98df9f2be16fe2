"""Whether an hour's consumption is what this hour of the week usually is: median and spread of the same hour on past
days.

The hours come from outside (`Screen.consumed`), each once it is over, so that no reading costs anything; an hour by
itself, and what it is compared with, are the same after a restart. A weekday is compared with the same weekday, a
Sunday and a holiday with Sundays and holidays. The spread is the median absolute deviation, by 1.4826, which makes it
the standard deviation of what is normally distributed (P. J. Rousseeuw, C. Croux: Alternatives to the Median Absolute
Deviation, 1993; confidence high), and never less than a share of what is expected: where the past was the same to the
watt, a watt more is not abnormal.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from math import isnan, nan
from typing import NamedTuple

from rules.condition_file import WEEKS_MAX, Baseline
from rules.instant import HOUR_MS, Instant
from rules.memory import Values
from rules.reading import Value
from rules.schedule import Calendar
from rules.site import Title

WEEK_HOURS = 7 * 24
HOURS_MAX = WEEKS_MAX * WEEK_HOURS + 24  # of a device; at 8 bytes each 35 kB
NORMAL = 1.4826  # 1 / the third quartile of the standard normal distribution
STALE_MS = 3 * HOUR_MS  # an hour that is over for so long says nothing of now (ours)
CANDIDATES_KEPT = 64  # of hours for which it is known which past hours they are compared with
SPREAD_KWH_MIN = 0.01  # what counters show: one that stood still for weeks may move (ours)
SUNDAY = 6
SAID: dict[str, Title] = {  # with a verdict, beside the values of metrics
    "consumption_kwh": {"en": "energy in the hour, kWh", "zh": "本小时电量（kWh）"},
    "expected_kwh": {"en": "expected, kWh", "zh": "预期（kWh）"},
    "spread_kwh": {"en": "usual spread, kWh", "zh": "正常离散（kWh）"},
    "past_hours": {"en": "past hours compared with", "zh": "参照历史小时数"},
}


Consumed = Callable[[str, int], tuple[int, Sequence[float]]]
"""(device, weeks) → the first hour (since 1970), and the kilowatt hours of each from there on; not a number where it is
not known."""


def nothing_known(device: str, weeks: int) -> tuple[int, Sequence[float]]:
    return 0, ()


class Expectation(NamedTuple):
    """What an hour is compared with, in kilowatt hours. `hours`: how many past ones it rests on."""

    expected: float
    spread: float
    hours: int


class Consumption:
    """The hours of one device, oldest first. What is not known is not a number."""

    __slots__ = ("first", "usual", "values")

    def __init__(self) -> None:
        self.first = 0  # hours since 1970
        self.values: array[float] = array("d")
        self.usual: dict[tuple[int, int, float], Expectation | None] = {}  # of the last hour, by what was asked

    @property
    def empty(self) -> bool:
        return not self.values

    @property
    def last(self) -> int:
        return self.first + len(self.values) - 1

    def of(self, hour: int) -> float | None:
        place = hour - self.first
        value = self.values[place] if 0 <= place < len(self.values) else nan
        return None if isnan(value) else value

    def take(self, first: int, values: Sequence[float]) -> None:
        """Hours from `first` on are these now; what lies further back than is ever asked for is let go."""
        if not values:
            return
        if not self.values:
            self.first = first
        elif first < self.first:
            self.values[0:0] = array("d", [nan]) * (self.first - first)
            self.first = first
        missing = first + len(values) - self.first - len(self.values)
        if missing > 0:
            self.values.extend([nan] * missing)
        place = first - self.first
        self.values[place : place + len(values)] = array("d", values)
        old = len(self.values) - HOURS_MAX
        if old > 0:
            del self.values[:old]
            self.first += old
        self.usual = {}

    def expectation(self, baseline: Baseline, calendar: Calendar) -> Expectation | None:
        """Of the last hour. None: too few past hours are known."""
        key = baseline.weeks, baseline.hours_min, baseline.floor
        if key not in self.usual:
            hours = past_hours(calendar, self.last, baseline.weeks)
            values = [value for hour in hours if (value := self.of(hour)) is not None]
            self.usual[key] = expectation(values, baseline)
        return self.usual[key]


def expectation(values: Sequence[float], baseline: Baseline) -> Expectation | None:
    """`values`: of the past hours it is compared with."""
    if len(values) < baseline.hours_min:
        return None
    expected = median(values)
    spread = NORMAL * median([abs(value - expected) for value in values])
    return Expectation(expected, max(spread, baseline.floor * abs(expected), SPREAD_KWH_MIN), len(values))


def median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


_candidates: OrderedDict[tuple[int, int, int], tuple[Calendar, tuple[int, ...]]] = OrderedDict()


def past_hours(calendar: Calendar, hour: int, weeks: int) -> tuple[int, ...]:
    """The hours of past days that `hour` (since 1970) is compared with, latest first: the same hour by the site's
    clock. On the day a clock is put back an hour may come twice, on the day it is put forward not at all."""
    key = (id(calendar), hour, weeks)
    known = _candidates.get(key)
    if known is None or known[0] is not calendar:
        known = _candidates[key] = (calendar, tuple(_past_hours(calendar, hour, weeks)))
        while len(_candidates) > CANDIDATES_KEPT:
            _candidates.popitem(last=False)
    return known[1]


def _past_hours(calendar: Calendar, hour: int, weeks: int) -> list[int]:
    local = _local(calendar, hour)
    quiet, found = _is_quiet(calendar, local.date()), []
    for days in range(1, 7 * weeks + 1):
        day = local.date() - timedelta(days=days)
        same = _is_quiet(calendar, day) if quiet else day.weekday() == local.weekday() and day not in calendar.holidays
        if same:
            about = hour - 24 * days  # a clock is put forward or back by one hour
            found += [each for each in (about + 1, about, about - 1) if _same_hour(calendar, each, day, local.hour)]
    return found


def _is_quiet(calendar: Calendar, day: date) -> bool:
    return day.weekday() == SUNDAY or day in calendar.holidays


def _same_hour(calendar: Calendar, hour: int, day: date, of_day: int) -> bool:
    local = _local(calendar, hour)
    return local.date() == day and local.hour == of_day


def _local(calendar: Calendar, hour: int) -> datetime:
    return datetime.fromtimestamp(hour * HOUR_MS / 1000, calendar.zone)


def is_stale(consumption: Consumption, now: Instant) -> bool:
    return now >= stale_at(consumption)


def stale_at(consumption: Consumption) -> Instant:
    return (consumption.last + 1) * HOUR_MS + STALE_MS


class _Recall:
    """`rules.memory.Recall` that no message feeds: the screen is told of hours."""

    key, span_ms = "consumption", 0

    def new(self) -> Consumption:
        return Consumption()

    def feed(
        self, memory: Consumption, values: Values, at: Instant, event: str | None, attributes: Mapping[str, Value]
    ) -> None:
        """Nothing."""

    def due(self, memory: Consumption, now: Instant) -> Instant | None:
        at = stale_at(memory)
        return at if not memory.empty and at > now else None


CONSUMPTION = _Recall()
