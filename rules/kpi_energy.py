"""Energy figures: how much, per meter and zone; the load curve over the day; the share of the night."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, tzinfo

from msgspec import Struct

from rules.energy import QUARTER_MS, Stretch
from rules.instant import DAY_MS, HOUR_MS, Instant

DAY_HOURS = 24
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


class Interval(Struct, frozen=True):
    at: Instant
    energy_kwh: float


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
    of_zone: dict[str, list[Meter]] = {}
    for meter in meters:
        of_zone.setdefault(meter.zone, []).append(meter)
    return EnergyFigures(
        since=question.since,
        until=question.until,
        meters=[_energy(meter.device, [stretches[meter.device]], question, zone) for meter in meters],
        zones=[
            _energy(name, [stretches[meter.device] for meter in of_zone[name]], question, zone)
            for name in sorted(of_zone)
        ],
    )


def _energy(name: str, stretches: Sequence[Stretch], question: EnergyQuestion, zone: tzinfo) -> Energy:
    quarters = _sum(_within(each.counted if each.counts else each.integrated, question) for each in stretches)
    estimated = _sum(_within(each.estimated, question) for each in stretches)
    time_ms = max(1, question.until - question.since)
    covered_ms = sum(sum(_within(each.covered_ms, question).values()) for each in stretches)
    ways = {"counter" if each.counts else "power" for each in stretches if each.counts or each.first_power is not None}
    total = sum(quarters.values()) if quarters else None
    peak_at, peak_w = _peak(quarters)
    mean_w = None if total is None else total * 1000 * HOUR_MS / (len(quarters) * QUARTER_MS)
    night = sum(energy for at, energy in quarters.items() if is_night(at, question, zone)) if quarters else None
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
        load_curve_w=_curve(quarters, zone),
        intervals=_intervals(quarters, question, zone),
        covered=min(1.0, covered_ms / time_ms / max(1, len(stretches))),
        estimated_kwh=sum(estimated.values()),
        rolled_over=sum(each.rolled_over for each in stretches),
        reset=sum(each.reset for each in stretches),
        jumped=sum(each.jumped for each in stretches),
    )


def _within(of_quarters: Mapping[Instant, float], question: EnergyQuestion) -> dict[Instant, float]:
    return {at: value for at, value in of_quarters.items() if question.since <= at < question.until}


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


def is_night(at: Instant, question: EnergyQuestion, zone: tzinfo) -> bool:
    hour, begins, ends = _local(at, zone).hour, question.night_from_hour, question.night_to_hour
    if begins <= ends:
        return begins <= hour < ends
    return hour >= begins or hour < ends


def _curve(quarters: Mapping[Instant, float], zone: tzinfo) -> list[float | None]:
    energy, counted = [0.0] * DAY_HOURS, [0] * DAY_HOURS
    for at, each in quarters.items():
        hour = _local(at, zone).hour
        energy[hour] += each
        counted[hour] += 1
    return [
        total * 1000 * HOUR_MS / (number * QUARTER_MS) if number else None
        for total, number in zip(energy, counted, strict=True)
    ]


def _intervals(quarters: Mapping[Instant, float], question: EnergyQuestion, zone: tzinfo) -> list[Interval]:
    """Hours and days begin when they do at the site; what was not measured is left out."""
    found: dict[Instant, float] = {}
    for at, energy in quarters.items():
        begins = _begins(at, question.step_ms, zone)
        found[begins] = found.get(begins, 0.0) + energy
    return [Interval(at, energy) for at, energy in found.items()]


def _begins(at: Instant, step_ms: int, zone: tzinfo) -> Instant:
    if step_ms < HOUR_MS:
        return at - at % step_ms
    local = _local(at, zone)
    hour = 0 if step_ms >= DAY_MS else local.hour
    start = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    return round(start.timestamp() * 1000)


def _local(at: Instant, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(at / 1000, zone)
