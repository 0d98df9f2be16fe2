"""The one place that reads the clock. Everything below the shell is given the instant."""

from __future__ import annotations

import time
from collections.abc import Callable

from rules.instant import Instant

Clock = Callable[[], Instant]


def now_ms() -> Instant:
    """Unix milliseconds, UTC."""
    return time.time_ns() // 1_000_000


def monotonic_s() -> float:
    """Seconds that never go back: for how long something took, never for when it was."""
    return time.perf_counter()
