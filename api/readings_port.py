"""What the API asks about a device's readings over time. Local telemetry answers; a time-series database could."""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from msgspec import Struct

from rules.instant import Instant
from rules.mode import Mode
from rules.reading import Value

POINTS_MAX = 10_000  # of one answer, over all its metrics: 400 KB of JSON


class Aggregate(Enum):
    """How the readings of one step become one point. Of a boolean, true counts as 1; of a text only two are known."""

    AVG = "avg"
    MIN = "min"
    MAX = "max"
    SUM = "sum"
    LAST = "last"
    COUNT = "count"


class ReadingsQuery(Struct, frozen=True):
    """`since` ≤ at < `until`, in steps that begin at `since`; an empty step has no point. `metrics` empty: all."""

    device: str  # "site/name"
    since: Instant
    until: Instant
    step_ms: int
    aggregate: Aggregate = Aggregate.AVG
    metrics: list[str] = []
    mode: Mode = Mode.ACTUAL


class Series(Struct, frozen=True):
    """(beginning of the step, value) of one metric, in order."""

    metric: str
    points: list[tuple[Instant, Value]]


class Readings(Struct, frozen=True):
    """`complete_until`: what lies after it was not looked at, for it would have taken too long; ask on from there.

    `missing_before`: what lies before it is kept elsewhere, and `missing` says why it cannot be had now.
    """

    series: list[Series]
    complete_until: Instant
    missing_before: Instant | None = None
    missing: str = ""


class ReadingsDesk(Protocol):
    async def now(self) -> Instant: ...

    async def readings(self, query: ReadingsQuery) -> Readings:
        """By the device's own time. A device that never said anything has no series. Raises TooBusy, Unavailable.

        Whether the device is known is not looked at: what a device that is gone has said is still there.
        """
        ...
