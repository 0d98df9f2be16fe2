"""Energy for charts and tables: sums over meters, load from what flowed, days beside one another. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from console.client import Json
from console.drawing import ms

HOUR_MS = 3_600_000
STEPS_MS = {"15min": HOUR_MS // 4, "1h": HOUR_MS, "1d": 24 * HOUR_MS}
HOURS = 24
COMPARED_DAYS_MAX = 7  # lines that can still be told apart


class Sum(NamedTuple):
    """Of several meters together. None where nothing was measured. `covered`: share of the time, of all meters."""

    energy_kwh: float | None
    peak_w: float | None
    peak_at: int | None
    night_kwh: float | None
    mean_w: float | None
    covered: float
    estimated_kwh: float
    faults: int

    @property
    def night_share(self) -> float | None:
        return None if not self.energy_kwh or self.night_kwh is None else self.night_kwh / self.energy_kwh

    @property
    def load_factor(self) -> float | None:
        return None if not self.peak_w or self.mean_w is None else min(1.0, self.mean_w / self.peak_w)


def load(meters: Iterable[Json], step_ms: int, span: tuple[int, int]) -> list[tuple[int, float | None]]:
    """(beginning of the step, kW) of all of them together; a gap where no meter said anything.

    `span`: what was asked about; the steps at its ends may lie in it in part only.
    """
    kwh: dict[int, float] = {}
    for meter in meters:
        for each in meter["intervals"]:
            at = ms(each["at"])
            kwh[at] = kwh.get(at, 0.0) + each["energy_kwh"]
    made: list[tuple[int, float | None]] = []
    for at in sorted(kwh):
        if made and at - made[-1][0] > 1.5 * step_ms:
            made.append((made[-1][0] + step_ms, None))
        lasts_ms = min(at + step_ms, span[1]) - max(at, span[0])
        if lasts_ms > 0:
            made.append((max(at, span[0]), round(kwh[at] * HOUR_MS / lasts_ms, 3)))
    return made


def later(points: Sequence[tuple[int, float | None]], by_ms: int) -> list[tuple[int, float | None]]:
    """The same, so much later: the week before, beside this one."""
    return [(at + by_ms, value) for at, value in points]


def total(meters: Sequence[Json], step_ms: int, span: tuple[int, int]) -> Sum:
    """The peak is that of the sum where there are several meters: their own peaks are at other times."""
    measured = [each for each in meters if each["energy_kwh"] is not None]
    if len(measured) == 1:
        only = measured[0]
        peak_w, peak_at = only["peak_w"], ms(only["peak_at"]) or None
    else:
        highest = max(((kw, at) for at, kw in load(measured, step_ms, span) if kw is not None), default=None)
        peak_w, peak_at = (None, None) if highest is None else (highest[0] * 1000, highest[1])
    return Sum(
        _sum(each["energy_kwh"] for each in measured),
        peak_w,
        peak_at,
        _sum(each["night_kwh"] for each in measured),
        _sum(each["mean_w"] for each in measured),
        sum(each["covered"] for each in meters) / len(meters) if meters else 0.0,
        sum(each["estimated_kwh"] for each in meters),
        sum(each["rolled_over"] + each["reset"] + each["jumped"] for each in meters),
    )


def by_day(hourly: Iterable[Json], days: Iterable[Json], span: tuple[int, int]) -> dict[int, list[float | None]]:
    """Local midnight → kW in each hour of that day. `days`: the same meters in steps of a day, the site's own.

    On the day a clock is put forward the last hour is missing; on the day it is put back the 25th is left out.
    """
    midnights = sorted({ms(each["at"]) for meter in days for each in meter["intervals"]})
    made: dict[int, list[float | None]] = {day: [None] * HOURS for day in midnights}
    for at, kw in load(hourly, HOUR_MS, span):
        day = max((each for each in midnights if each <= at), default=None)
        hour = HOURS if day is None else (at - day) // HOUR_MS
        if day is not None and hour < HOURS:
            made[day][hour] = kw
    return made


def mean_day(days: Sequence[Sequence[float | None]]) -> list[float | None]:
    """Hour by hour."""
    found = [[day[hour] for day in days if day[hour] is not None] for hour in range(HOURS)]
    return [round(sum(each) / len(each), 3) if each else None for each in found]  # type: ignore[arg-type]


def change(now: float | None, before: float | None) -> float | None:
    """As a share of before: 0.1 is ten per cent more."""
    return None if now is None or not before else now / before - 1


def of_building(meters: Iterable[Json], buildings: Mapping[str, str], building: str) -> list[Json]:
    """`buildings`: device → `site/building`."""
    return [each for each in meters if buildings.get(each["name"]) == building]


def _sum(values: Iterable[float | None]) -> float | None:
    known = [each for each in values if each is not None]
    return sum(known) if known else None
