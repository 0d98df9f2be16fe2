"""Curves over a day: 24 values, for the full hours, with straight lines between them, round the clock."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate


def at_hour(curve: Sequence[float], hour: float) -> float:
    """The curve's value at an hour of the day, 0 ≤ hour < 24."""
    index = int(hour)
    return curve[index] + (curve[(index + 1) % 24] - curve[index]) * (hour - index)


def until_hour(curve: tuple[float, ...], hour: float) -> float:
    """The integral from midnight to an hour of the day, 0 ≤ hour ≤ 24, in value-hours."""
    index = min(int(hour), 23)
    part = hour - index
    last = curve[index] + (curve[(index + 1) % 24] - curve[index]) * part
    return _sums(curve)[index] + (curve[index] + last) / 2 * part


@lru_cache(maxsize=64)
def _sums(curve: tuple[float, ...]) -> tuple[float, ...]:
    """The integral from midnight to each full hour."""
    hours = [(curve[index] + curve[(index + 1) % 24]) / 2 for index in range(24)]
    return tuple(accumulate(hours, initial=0.0))
