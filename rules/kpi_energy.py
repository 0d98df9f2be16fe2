"""Energy figures: how much, per meter and zone; the load curve over the day; the share of the night."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Literal, NamedTuple

from msgspec import Struct

from rules.energy import QUARTER_MS, Stretch
from rules.instant import DAY_MS, HOUR_MS, Instant

DAY_HOURS = 24
COVERED_MIN = 0.9  # of an interval that counts as measured (ours)
NIGHT_FROM_HOUR, NIGHT_TO_HOUR = 22, 6  # local (ours; time-of-use tariffs have their low hours about then)


class Meter(Struct, frozen=True):
    """A device that measures energy."""

    device: str
    zone: str
    rated_w: float | None


class EnergyQuestion(Struct, frozen=True):
    """`since` and `until` are beginnings of quarters. A night that ends before it begins goes over midnight."""

    since: Instant
    until: Instant
    step_ms: int = HOUR_MS
    night_from_hour: int = NIGHT_FROM_HOUR
    night_to_hour: int = NIGHT_TO_HOUR


Quality = Literal["measured", "estimated", "partial"]
"""Estimated: some of it is spread over a gap in the readings. Partial: for some of the interval nothing is known."""


class Interval(Struct, frozen=True):
    at: Instant
    energy_kwh: float
    quality: Quality = "measured"


class Energy(Struct, frozen=True):
    """Of one meter, or of all of a zone. Figures are None where nothing was measured.

    `peak_w`: the mean of the fullest quarter. `load_curve_w`: mean power in each local hour of the day, None where none
    was measured. `covered`: the share of the time for which there are readings. `estimated_kwh`: what is spread over
    gaps in the readings.
    """

    name: str  # device or zone
    by: str  # "counter", "power", "both" (of a zone), "nothing"
    energy_kwh: float | None
    mean_w: float | None
    peak_w: float | None
    peak_at: Instant | None
    load_factor: float | None  # mean over peak
    night_kwh: float | None
    night_share: float | None
    load_curve_w: list[float | None]
    intervals: list[Interval]
    covered: float
    estimated_kwh: float
    rolled_over: int
    reset: int
    jumped: int


class EnergyFigures(Struct, frozen=True):
    since: Instant
    until: Instant
    meters: list[Energy]
    zones: list[Energy]


def energy_figures(
    meters: Sequence[Meter], stretches: Mapping[str, Stretch], question: EnergyQuestion, zone: tzinfo
) -> EnergyFigures:
    """`stretches` by device. A zone is the sum of its meters: one behind another is counted twice."""
    hours = _hours(question, zone)
    of_zone: dict[str, list[Meter]] = {}
    for meter in meters:
        of_zone.setdefault(meter.zone, []).append(meter)
    return EnergyFigures(
        since=question.since,
        until=question.until,
        meters=[_energy(meter.device, [stretches[meter.device]], question, hours) for meter in meters],
        zones=[
            _energy(name, [stretches[meter.device] for meter in of_zone[name]], question, hours)
            for name in sorted(of_zone)
        ],
    )


class _Hours(NamedTuple):
    """What every quarter asked about is at the site: worked out once for all meters."""

    hour: dict[Instant, int]  # quarter → local hour of the day
    night: set[Instant]
    begins: dict[Instant, Instant]  # quarter → where its interval begins
    quarters: Counter[Instant]  # beginning of an interval → how many quarters of it were asked about


def _hours(question: EnergyQuestion, zone: tzinfo) -> _Hours:
    found = _Hours({}, set(), {}, Counter())
    for at in range(question.since - question.since % QUARTER_MS, question.until, QUARTER_MS):
        local = _local(at, zone)
        found.hour[at] = local.hour
        if is_night(local.hour, question):
            found.night.add(at)
        found.begins[at] = begins = _begins(at, local, question.step_ms)
        found.quarters[begins] += 1
    return found


def _energy(name: str, stretches: Sequence[Stretch], question: EnergyQuestion, hours: _Hours) -> Energy:
    quarters = _sum(_within(each.counted if each.counts else each.integrated, hours) for each in stretches)
    estimated = _sum(_within(each.estimated, hours) for each in stretches)
    covered = _sum(_within(each.covered_ms, hours) for each in stretches)
    time_ms = max(1, question.until - question.since)
    ways = {"counter" if each.counts else "power" for each in stretches if each.counts or each.first_power is not None}
    total = sum(quarters.values()) if quarters else None
    peak_at, peak_w = _peak(quarters)
    mean_w = None if total is None else total * 1000 * HOUR_MS / (len(quarters) * QUARTER_MS)
    night = sum(energy for at, energy in quarters.items() if at in hours.night) if quarters else None
    return Energy(
        name=name,
        by="both" if len(ways) == 2 else next(iter(ways), "nothing"),
        energy_kwh=total,
        mean_w=mean_w,
        peak_w=peak_w,
        peak_at=peak_at,
        load_factor=mean_w / peak_w if mean_w is not None and peak_w is not None and peak_w > 0 else None,
        night_kwh=night,
        night_share=night / total if night is not None and total is not None and total > 0 else None,
        load_curve_w=_curve(quarters, hours),
        intervals=_intervals(quarters, estimated, covered, hours, len(stretches)),
        covered=min(1.0, sum(covered.values()) / time_ms / max(1, len(stretches))),
        estimated_kwh=sum(estimated.values()),
        rolled_over=sum(each.rolled_over for each in stretches),
        reset=sum(each.reset for each in stretches),
        jumped=sum(each.jumped for each in stretches),
    )


def _within(of_quarters: Mapping[Instant, float], hours: _Hours) -> dict[Instant, float]:
    return {at: value for at, value in of_quarters.items() if at in hours.hour}


def _sum(each: Iterable[Mapping[Instant, float]]) -> dict[Instant, float]:
    whole: dict[Instant, float] = {}
    for quarters in each:
        for at, energy in quarters.items():
            whole[at] = whole.get(at, 0.0) + energy
    return dict(sorted(whole.items()))


def _peak(quarters: Mapping[Instant, float]) -> tuple[Instant | None, float | None]:
    """The first of the fullest."""
    if not quarters:
        return None, None
    at = max(quarters, key=lambda quarter: (quarters[quarter], -quarter))
    return at, quarters[at] * 1000 * HOUR_MS / QUARTER_MS


def is_night(hour: int, question: EnergyQuestion) -> bool:
    """`hour`: local. A night that ends before it begins goes over midnight."""
    begins, ends = question.night_from_hour, question.night_to_hour
    return begins <= hour < ends if begins <= ends else hour >= begins or hour < ends


def _curve(quarters: Mapping[Instant, float], hours: _Hours) -> list[float | None]:
    energy, counted = [0.0] * DAY_HOURS, [0] * DAY_HOURS
    for at, each in quarters.items():
        hour = hours.hour[at]
        energy[hour] += each
        counted[hour] += 1
    return [
        total * 1000 * HOUR_MS / (number * QUARTER_MS) if number else None
        for total, number in zip(energy, counted, strict=True)
    ]


def _intervals(
    quarters: Mapping[Instant, float],
    estimated: Mapping[Instant, float],
    covered_ms: Mapping[Instant, float],
    hours: _Hours,
    meters: int,
) -> list[Interval]:
    """Hours and days begin when they do at the site; what was not measured is left out."""
    found: dict[Instant, float] = {}
    for at, energy in quarters.items():
        found[hours.begins[at]] = found.get(hours.begins[at], 0.0) + energy
    spread = {hours.begins[at] for at in estimated}
    known: Counter[Instant] = Counter()
    for at, part_ms in covered_ms.items():
        known[hours.begins[at]] += round(part_ms)

    def quality(at: Instant) -> Quality:
        if at in spread:
            return "estimated"
        least_ms = COVERED_MIN * hours.quarters[at] * QUARTER_MS * meters
        return "measured" if known[at] >= least_ms else "partial"

    return [Interval(at, energy, quality(at)) for at, energy in found.items()]


def _begins(at: Instant, local: datetime, step_ms: int) -> Instant:
    if step_ms < HOUR_MS:
        return at - at % step_ms
    hour = 0 if step_ms >= DAY_MS else local.hour
    start = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    return round(start.timestamp() * 1000)


def _local(at: Instant, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(at / 1000, zone)
