"""Energy from what meters say: from their counters, over resets and roll-overs; from their power where they count
nothing.

A `Stretch` is what a time's readings come to, in quarters of an hour of UTC, which all zones' hours and days are made
of. Stretches that follow each other are joined, so that what is known of a day that is over need not be read again.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import NamedTuple

from msgspec import Struct

from rules.instant import HOUR_MS, MINUTE_MS, Instant
from rules.site import DeviceClass

COUNTER, POWER = "energy_kwh", "power_w"  # the metrics of whatever measures energy
QUARTER_MS = 15 * MINUTE_MS  # what utilities settle by; every zone's offset is a multiple of it
JITTER_KWH = 0.01  # a counter that falls by less has been rounded (ours; counters show 0.01 or 0.1)
COUNTER_GAP_MS_MAX = HOUR_MS  # over a longer one it is known how much there was, not when (ours)
POWER_GAP_MS_MAX = 15 * MINUTE_MS  # over a longer one nothing is known: as long as a meter may be silent
OVERLOAD = 2.0  # of its rated power a meter has at most, on average between two readings (ours)
SLACK_KWH = 1.0  # a counter that counts whole kilowatt hours may be so much late (ours)
ROLLS_FROM, ROLLS_TO = 0.9, 0.1  # of its size: where a counter stands before and after it has rolled over (ours)
HOUR_COVERED_MIN = 0.7  # of an hour that stands for itself: a meter that speaks every quarter covers three (ours)
DIGITS_MIN = 3  # no counter has fewer before the point: one at 9 that falls was reset


def measures_energy(device_class: DeviceClass) -> bool:
    return COUNTER in device_class.metrics or POWER in device_class.metrics


class Sample(NamedTuple):
    """One reading. None: it said nothing about it."""

    at: Instant
    energy_kwh: float | None
    power_w: float | None


class Change(Enum):
    """What a counter did between two readings."""

    COUNTED = "counted"
    ROLLED_OVER = "rolled_over"
    RESET = "reset"
    JUMPED = "jumped"  # more than the meter can have measured: another meter, or a fault


class Stretch(Struct):
    """What some time's readings come to. Keys are the beginnings of quarters; energy in kilowatt hours."""

    counted: dict[Instant, float] = {}  # by the counter
    estimated: dict[Instant, float] = {}  # of these, what is spread over a gap
    integrated: dict[Instant, float] = {}  # by the power
    covered_ms: dict[Instant, int] = {}  # how much of a quarter lies between readings close to each other
    first_counter: Sample | None = None
    last_counter: Sample | None = None
    first_power: Sample | None = None
    last_power: Sample | None = None
    rolled_over: int = 0
    reset: int = 0
    jumped: int = 0

    @property
    def counts(self) -> bool:
        return self.first_counter is not None


def stretch_of(samples: Iterable[Sample], rated_w: float | None) -> Stretch:
    """`samples` in order of time; those of one instant but the first are passed over. `rated_w` None: unknown."""
    stretch = Stretch()
    for sample in samples:
        if sample.energy_kwh is not None and math.isfinite(sample.energy_kwh):
            _count(stretch, sample, rated_w)
        if sample.power_w is not None and math.isfinite(sample.power_w):
            _integrate(stretch, sample)
    return stretch


def join(stretches: Iterable[Stretch], rated_w: float | None) -> Stretch:
    """One after the other, in order of time; with what lies between them."""
    whole = Stretch()
    for each in stretches:
        if each.first_counter is not None:
            _count(whole, each.first_counter, rated_w)
            whole.last_counter = each.last_counter
        if each.first_power is not None:
            _integrate(whole, each.first_power)
            whole.last_power = each.last_power
        for mine, its in (
            (whole.counted, each.counted),
            (whole.estimated, each.estimated),
            (whole.integrated, each.integrated),
        ):
            for quarter, energy in its.items():
                mine[quarter] = mine.get(quarter, 0.0) + energy
        for quarter, covered in each.covered_ms.items():
            whole.covered_ms[quarter] = whole.covered_ms.get(quarter, 0) + covered
        whole.rolled_over += each.rolled_over
        whole.reset += each.reset
        whole.jumped += each.jumped
    return whole


def consumption_kwh(stretch: Stretch, hour: Instant) -> float | None:
    """What flowed in the hour, by that hour's own readings: scaled to the whole of it, for what lies between its last
    reading and the next hour's first is not known when it closes. `stretch`: of that hour alone.

    None: too little of it was measured, or its counter was another's for some of it.
    """
    quarters = range(hour, hour + HOUR_MS, QUARTER_MS)
    covered_ms = sum(stretch.covered_ms.get(quarter, 0) for quarter in quarters)
    if covered_ms < HOUR_COVERED_MIN * HOUR_MS or stretch.reset or stretch.jumped:
        return None
    measured = stretch.counted if stretch.counts else stretch.integrated
    return sum(measured.get(quarter, 0.0) for quarter in quarters) * HOUR_MS / covered_ms


def counter_step(before: float, after: float, elapsed_ms: int, rated_w: float | None) -> tuple[Change, float]:
    """What a counter did from one reading to the next, and how much energy that was.

    A counter that falls has rolled over where it stood near the end of its digits and stands near their beginning, and
    as much as that can have flowed; else it was reset, and at least what it shows has flowed since.
    """
    most = None if rated_w is None else rated_w * OVERLOAD * elapsed_ms / HOUR_MS / 1000 + SLACK_KWH
    rise = after - before
    if rise >= 0:
        return (Change.JUMPED, 0.0) if most is not None and rise > most else (Change.COUNTED, rise)
    if rise > -JITTER_KWH:
        return Change.COUNTED, 0.0
    size = 10.0 ** max(DIGITS_MIN, math.ceil(math.log10(before)) if before > 0 else 0)
    over = size - before + after
    if before >= ROLLS_FROM * size and after <= ROLLS_TO * size and (most is None or over <= most):
        return Change.ROLLED_OVER, over
    since = max(0.0, after)
    return Change.RESET, since if most is None or since <= most else 0.0


def _count(stretch: Stretch, sample: Sample, rated_w: float | None) -> None:
    last = stretch.last_counter
    if last is None:
        stretch.first_counter = stretch.last_counter = sample
        return
    elapsed = sample.at - last.at
    if elapsed <= 0:
        return
    assert last.energy_kwh is not None
    assert sample.energy_kwh is not None
    change, energy = counter_step(last.energy_kwh, sample.energy_kwh, elapsed, rated_w)
    stretch.rolled_over += change is Change.ROLLED_OVER
    stretch.reset += change is Change.RESET
    stretch.jumped += change is Change.JUMPED
    gap = elapsed > COUNTER_GAP_MS_MAX
    for quarter, share, part_ms in _quarters(last.at, sample.at):
        stretch.counted[quarter] = stretch.counted.get(quarter, 0.0) + energy * share
        if gap:
            stretch.estimated[quarter] = stretch.estimated.get(quarter, 0.0) + energy * share
        else:
            stretch.covered_ms[quarter] = stretch.covered_ms.get(quarter, 0) + part_ms
    stretch.last_counter = sample


def _integrate(stretch: Stretch, sample: Sample) -> None:
    """By the trapezoid between two readings."""
    last = stretch.last_power
    if last is None:
        stretch.first_power = stretch.last_power = sample
        return
    elapsed = sample.at - last.at
    if elapsed <= 0:
        return
    assert last.power_w is not None
    assert sample.power_w is not None
    if elapsed <= POWER_GAP_MS_MAX:
        energy = (last.power_w + sample.power_w) / 2 * elapsed / HOUR_MS / 1000
        for quarter, share, part_ms in _quarters(last.at, sample.at):
            stretch.integrated[quarter] = stretch.integrated.get(quarter, 0.0) + energy * share
            if not stretch.counts:
                stretch.covered_ms[quarter] = stretch.covered_ms.get(quarter, 0) + part_ms
    stretch.last_power = sample


def _quarters(since: Instant, until: Instant) -> Iterable[tuple[Instant, float, int]]:
    """(quarter, its share of the time, its milliseconds) of `since` … `until`."""
    first = since - since % QUARTER_MS
    return ((first, 1.0, until - since),) if until <= first + QUARTER_MS else _several(since, until)


def _several(since: Instant, until: Instant) -> Iterator[tuple[Instant, float, int]]:
    at = since
    while at < until:
        quarter = at - at % QUARTER_MS
        end = min(until, quarter + QUARTER_MS)
        yield quarter, (end - at) / (until - since), end - at
        at = end
