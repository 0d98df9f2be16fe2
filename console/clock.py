"""The one place where the console reads the clock."""

from __future__ import annotations

import time


def now_ms() -> int:
    """Unix milliseconds UTC."""
    return time.time_ns() // 1_000_000  # noqa: TID251


monotonic_s = time.monotonic
