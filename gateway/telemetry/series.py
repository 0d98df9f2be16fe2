"""Readings of one device over time, put together by steps: SQLite reads the JSON and does the sums.

It reads beside whoever writes, without the index of the file where there is none yet: a file of 300 000 rows takes
30 ms to look through, and an index would cost ten times that for one question.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from api.readings_port import Aggregate, Readings, ReadingsQuery, Series
from gateway.clock import monotonic_s
from gateway.store.errors import StoreFailed
from gateway.telemetry.hours import by_source_file, file_of, hour_of, hours_in
from rules.instant import HOUR_MS, Instant
from rules.mode import Mode
from rules.reading import Value

SECONDS_MAX = 2.0  # of one answer; what is left is asked for by the next question
LATE_MS_MAX = 31 * 24 * HOUR_MS  # a device sends again what it could not send: by no more does a file's time differ
BUSY_TIMEOUT_MS = 1_000

# A step's number, the metric, how many, how many numbers, sum, least, greatest; and of the row with the latest time, of
# those received last, its value.
_STEPS = """
SELECT (rows.at - :since) / :step, each.key, count(*),
    sum(each.type IN ('integer', 'real', 'true', 'false')),
    sum(CASE WHEN each.type IN ('integer', 'real', 'true', 'false') THEN each.value END),
    min(CASE WHEN each.type IN ('integer', 'real', 'true', 'false') THEN each.value END),
    max(CASE WHEN each.type IN ('integer', 'real', 'true', 'false') THEN each.value END)
FROM hour.rows, json_each(rows.body) AS each
WHERE rows.row IN ({rows}) AND rows.at >= :from AND rows.at < :until AND rows.event IS NULL
GROUP BY 1, 2
"""
_LAST = """
SELECT (rows.at - :since) / :step, each.key, each.value, each.type, rows.at,
    max((rows.at - :since) * 134217728 + rows.row)
FROM hour.rows, json_each(rows.body) AS each
WHERE rows.row IN ({rows}) AND rows.at >= :from AND rows.at < :until AND rows.event IS NULL
GROUP BY 1, 2
"""
INDEXED = (
    "SELECT row FROM main.by_source WHERE source = :source"
    " UNION ALL SELECT row FROM hour.rows WHERE source = :source"
    " AND row > (SELECT coalesce(max(row), 0) FROM main.indexed)"
)
NOT_INDEXED = "SELECT row FROM hour.rows WHERE source = :source"
_SOURCE = "SELECT source FROM sources WHERE mode = ? AND device = ?"

Step = tuple[int, str]
"""(number of the step, metric)."""


class _Sums:
    """What is known of one step: of several files, where a device sent late."""

    __slots__ = ("count", "greatest", "least", "numbers", "total")

    def __init__(self) -> None:
        self.count, self.numbers, self.total = 0, 0, 0.0
        self.least: float | None = None
        self.greatest: float | None = None

    def add(self, count: int, numbers: int, total: float | None, least: float | None, greatest: float | None) -> None:
        self.count += count
        self.numbers += numbers  # booleans too; text is counted, and no more
        self.total += total or 0.0
        self.least = least if self.least is None else self.least if least is None else min(self.least, least)
        self.greatest = (
            greatest if self.greatest is None else self.greatest if greatest is None else max(self.greatest, greatest)
        )

    def value(self, aggregate: Aggregate) -> float | None:
        if aggregate is Aggregate.COUNT:
            return float(self.count)
        if self.least is None:  # text, of which there is no sum
            return None
        return {
            Aggregate.AVG: self.total / self.numbers,
            Aggregate.SUM: self.total,
            Aggregate.MIN: self.least,
            Aggregate.MAX: self.greatest,
        }[aggregate]


Earlier = Callable[[ReadingsQuery, Instant, "Found"], str]
"""(question, up to when, into) → why what was before cannot be had; empty: it is in there."""


def series(
    folder: Path,
    query: ReadingsQuery,
    monotonic_s: Callable[[], float] = monotonic_s,
    earlier: Earlier | None = None,
) -> Readings:
    """Oldest first, hour by hour, as far as it comes in `SECONDS_MAX`. Raises StoreFailed.

    `earlier` is asked for what was measured before the first message that is still kept here; what is here of that
    time, because it came late, is there as well.
    """
    found, missing, here_since = Found(query), "", query.since
    if earlier is not None:
        begins = begins_at(folder)
        ends = query.until if begins is None else min(begins, query.until)
        if query.since < ends:
            missing = earlier(query, ends, found)
            here_since = query.since if missing else ends
    deadline = monotonic_s() + SECONDS_MAX
    source = source_of(folder, query.mode, query.device)
    complete_until = query.until
    if source is not None:
        hours = [hour for hour in hours_of(folder) if _may_hold(hour, query)]
        for number, hour in enumerate(hours):
            if number and monotonic_s() > deadline:
                # what was received so far holds nothing that was measured later, but for clocks that are ahead
                complete_until = max(query.since, min(query.until, hour * HOUR_MS))
                break
            _ask(folder, hour, source, query, here_since, found)
    return Readings(found.series(complete_until), complete_until, ends if missing else None, missing)


def begins_at(folder: Path) -> Instant | None:
    """When the first message was received that is still here; None: there is none. Raises StoreFailed."""
    for hour in hours_of(folder):
        try:
            connection = opened(file_of(folder, hour))
            try:
                row = connection.execute("SELECT received FROM rows ORDER BY row LIMIT 1").fetchone()
            finally:
                connection.close()
        except sqlite3.Error:
            continue
        if row is not None:
            return int(row[0])
    return None


def _may_hold(hour: int, query: ReadingsQuery) -> bool:
    """Whether what was received in the hour can have been measured in the range."""
    return hour_of(query.since) - 1 <= hour <= hour_of(query.until + LATE_MS_MAX)


def _told(value: Value, kind: str) -> Value:
    """As the device said it: SQLite knows no booleans, and JSON no whole numbers that were not floats here."""
    if kind in ("true", "false"):
        return bool(value)
    return value if isinstance(value, str) else float(value)


class Found:
    def __init__(self, query: ReadingsQuery) -> None:
        self._query = query
        self._wanted = set(query.metrics)
        self.sums: dict[Step, _Sums] = {}
        self.lasts: dict[Step, tuple[Instant, Value]] = {}

    def take_sums(self, step: int, metric: str, count: int, *sums: float | None, numbers: int) -> None:
        """`sums`: of all numbers, the least, the greatest."""
        if not self._wanted or metric in self._wanted:
            self.sums.setdefault((step, metric), _Sums()).add(count, numbers, *sums)

    def take_last(self, step: int, metric: str, value: Value, kind: str, at: Instant) -> None:
        if not self._wanted or metric in self._wanted:
            known = self.lasts.get((step, metric))
            if known is None or at >= known[0]:
                self.lasts[step, metric] = at, _told(value, kind)

    def series(self, until: Instant) -> list[Series]:
        query = self._query
        values: dict[str, list[tuple[Instant, Value]]] = {}
        steps = sorted(self.lasts if query.aggregate is Aggregate.LAST else self.sums)
        for step, metric in steps:
            at = query.since + step * query.step_ms
            value: Value | None = (
                self.lasts[step, metric][1]
                if query.aggregate is Aggregate.LAST
                else self.sums[step, metric].value(query.aggregate)
            )
            if value is not None and at < until:
                values.setdefault(metric, []).append((at, value))
        return [Series(metric, points) for metric, points in sorted(values.items())]


def hours_of(folder: Path) -> list[int]:
    try:
        return hours_in(folder)
    except OSError as error:
        raise StoreFailed(f"telemetry in {folder}: {error}") from error


def source_of(folder: Path, mode: Mode, device: str) -> int | None:
    """The number of a device; None: it never said anything. Raises StoreFailed."""
    path = folder / "index.sqlite"
    if not path.exists():
        return None
    try:
        connection = opened(path)
        try:
            row = connection.execute(_SOURCE, (mode.value, device)).fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise StoreFailed(f"{path}: {error}") from error
    return None if row is None else int(row[0])


def _ask(folder: Path, hour: int, source: int, query: ReadingsQuery, since: Instant, found: Found) -> None:
    """A file that cannot be read is passed over: the gateway sets it aside when it comes to it."""
    path = file_of(folder, hour)
    index = by_source_file(path)
    given = {"source": source, "since": query.since, "from": since, "until": query.until, "step": query.step_ms}
    last = query.aggregate is Aggregate.LAST
    try:
        connection = opened(index) if index.exists() else sqlite3.connect(":memory:")
        try:
            connection.execute("ATTACH ? AS hour", (f"{path.resolve().as_uri()}?mode=rw",))
            connection.execute("PRAGMA query_only=1")
            rows = INDEXED if index.exists() else NOT_INDEXED
            for row in connection.execute((_LAST if last else _STEPS).format(rows=rows), given):
                if last:
                    found.take_last(*row[:-1])
                else:
                    step, metric, count, numbers, *sums = row
                    found.take_sums(step, metric, count, *sums, numbers=numbers)
        finally:
            connection.close()
    except sqlite3.Error:
        return


def opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, isolation_level=None)
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    return connection
