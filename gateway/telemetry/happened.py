"""Events of one device, newest first, out of telemetry. Reads beside whoever writes, as `series.py` does."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec

from api.events_port import EventsQuery, Happened
from gateway.clock import monotonic_s
from gateway.telemetry.hours import by_source_file, file_of, hour_of
from gateway.telemetry.series import (
    INDEXED,
    LATE_MS_MAX,
    NOT_INDEXED,
    SECONDS_MAX,
    hours_of,
    opened,
    source_of,
)
from rules.reading import Value

_EVENTS = """
SELECT rows.at, rows.event, rows.body FROM hour.rows
WHERE rows.row IN ({rows}) AND rows.at >= :since AND rows.at < :until AND rows.event IS NOT NULL
ORDER BY rows.at DESC LIMIT :limit
"""
_decode = msgspec.json.Decoder(dict[str, Value]).decode


def happened(folder: Path, query: EventsQuery) -> list[Happened]:
    """As many as are found in `SECONDS_MAX`, the newest files first. Raises StoreFailed."""
    deadline = monotonic_s() + SECONDS_MAX
    source = source_of(folder, query.mode, query.device)
    found: list[Happened] = []
    if source is None:
        return found
    wanted = range(hour_of(query.since) - 1, hour_of(query.until + LATE_MS_MAX) + 1)
    for hour in sorted((hour for hour in hours_of(folder) if hour in wanted), reverse=True):
        found += _of_hour(folder, hour, source, query)
        if monotonic_s() > deadline:
            break
    return sorted(found, key=lambda each: each.at, reverse=True)[: query.limit]


def _of_hour(folder: Path, hour: int, source: int, query: EventsQuery) -> list[Happened]:
    """Of a file that cannot be read, nothing: the gateway sets it aside when it comes to it."""
    path = file_of(folder, hour)
    index = by_source_file(path)
    given = {"source": source, "since": query.since, "until": query.until, "limit": query.limit}
    try:
        connection = opened(index) if index.exists() else sqlite3.connect(":memory:")
        try:
            connection.execute("ATTACH ? AS hour", (f"{path.resolve().as_uri()}?mode=rw",))
            connection.execute("PRAGMA query_only=1")
            rows = INDEXED if index.exists() else NOT_INDEXED
            sql = _EVENTS.format(rows=rows)
            return [Happened(at, event, _decode(body)) for at, event, body in connection.execute(sql, given)]
        finally:
            connection.close()
    except sqlite3.Error:
        return []
