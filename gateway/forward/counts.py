"""What the forwarder has done, and how far behind it is: one value, told to the gateway."""

from __future__ import annotations

from msgspec import Struct


class Counts(Struct):
    """Since the forwarder's start, but `lag_…`, `fault` and `up`, which are of now."""

    rows: int = 0  # of telemetry that the server has, or that need not go there
    points: int = 0  # sent and taken
    batches: int = 0
    body_bytes: int = 0  # before compression
    failures: dict[str, int] = {}  # attempts, by what came of them: "away", "denied"
    lost: dict[str, int] = {}  # rows or points that the server will never have, by reason
    lag_rows: int = 0
    lag_ms: int = 0  # age of the oldest row that waits
    up: bool = False  # the last attempt was taken
    fault: str = ""  # why somebody should look; empty: all is well

    def failed(self, what: str) -> None:
        self.failures[what] = self.failures.get(what, 0) + 1

    def lose(self, reason: str, number: int) -> None:
        self.lost[reason] = self.lost.get(reason, 0) + number


class Lost(Struct, frozen=True):
    """Told once per reason: what the server will never have, and an example."""

    reason: str
    detail: str
    example: bytes
    count: int


def plus(one: Counts, other: Counts) -> Counts:
    """The sums of both, and of `other` what is of now."""
    total = Counts(
        rows=one.rows + other.rows,
        points=one.points + other.points,
        batches=one.batches + other.batches,
        body_bytes=one.body_bytes + other.body_bytes,
        failures=dict(one.failures),
        lost=dict(one.lost),
        lag_rows=other.lag_rows,
        lag_ms=other.lag_ms,
        up=other.up,
        fault=other.fault,
    )
    for name, number in other.failures.items():
        total.failures[name] = total.failures.get(name, 0) + number
    for name, number in other.lost.items():
        total.lose(name, number)
    return total
