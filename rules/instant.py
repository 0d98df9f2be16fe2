"""Instants and durations: whole milliseconds, so that equality is exact and order is total."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

Instant = int  # Unix milliseconds, UTC

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

_UNITS_MS = {"ms": 1, "s": SECOND_MS, "min": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min|h|d)")
DURATION_MS_MAX = 366 * DAY_MS  # a longer hold, window or limit in a file is a slip of the pen


def parse_duration_ms(text: Any) -> int:
    """`"90s"`, `"5min"`, `"1.5h"` → milliseconds. Raises ValueError with the offending value."""
    match = _DURATION.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{text!r} is not a duration; expected a number with a unit, e.g. 500ms, 60s, 5min, 2h, 3d")
    duration_ms = round(float(match[1]) * _UNITS_MS[match[2]])
    if duration_ms > DURATION_MS_MAX:
        raise ValueError(f"{text!r} is longer than the longest duration, 366d")
    return duration_ms


def format_duration(duration_ms: int) -> str:
    """Milliseconds → the shortest exact text that `parse_duration_ms` reads back."""
    for unit in ("d", "h", "min", "s"):
        if duration_ms and duration_ms % _UNITS_MS[unit] == 0:
            return f"{duration_ms // _UNITS_MS[unit]}{unit}"
    return f"{duration_ms}ms"


def rfc3339(instant: Instant) -> str:
    """`2026-11-24T05:00:00.120Z`: UTC, always three digits of milliseconds."""
    seconds, ms = divmod(instant, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{ms:03d}Z"


def parse_rfc3339(text: str) -> Instant:
    """RFC 3339 with an offset → Instant. Raises ValueError for anything else, also for a time without a zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no zone; expected RFC 3339 with Z or an offset")
    return round(moment.timestamp() * 1000)


DurationMs = Annotated[
    int,
    BeforeValidator(parse_duration_ms),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?\s*(ms|s|min|h|d)$", "examples": ["60s", "5min"]}),
    Field(description="a duration: a number with a unit ms, s, min, h or d"),
]
