"""Everything that was received in a time, of all devices, in the order in which it was received: for backtests.

Reads the files beside whoever writes them, in pieces, so that no read holds a file's log back for long.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from gateway.store.errors import StoreFailed
from gateway.telemetry.hours import file_of, hour_of, hours_in
from rules.instant import Instant

ROWS_AT_ONCE = 10_000  # some MB; the index of a file is not needed for it

Received = tuple[int, Instant, int, Instant, str | None, bytes]
"""(source, at, seq: -1 none, received, event, body: JSON)."""

_NEXT = "SELECT row, source, at, seq, received, event, body FROM rows WHERE row > ? ORDER BY row LIMIT ?"
_SOURCES = "SELECT source, device FROM sources WHERE mode = ?"
BUSY_TIMEOUT_MS = 1_000


def devices_of(folder: Path, mode: str) -> dict[int, str]:
    """Source → device ("site/name"). Raises StoreFailed."""
    path = folder / "index.sqlite"
    if not path.exists():
        return {}
    try:
        connection = _opened(path)
        try:
            return dict(connection.execute(_SOURCES, (mode,)).fetchall())
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise StoreFailed(f"{path}: {error}") from error


def received(folder: Path, since: Instant, until: Instant) -> Iterator[list[Received]]:
    """`since` ≤ received < `until`, in pieces that may be empty. A file that cannot be read is passed over: the gateway
    sets it aside when it comes to it. Raises StoreFailed when there is no folder."""
    try:
        hours = hours_in(folder)
    except OSError as error:
        raise StoreFailed(f"telemetry in {folder}: {error}") from error
    for hour in hours:
        if hour_of(since) <= hour <= hour_of(until):
            yield from _of_file(file_of(folder, hour), since, until)


def _of_file(path: Path, since: Instant, until: Instant) -> Iterator[list[Received]]:
    row = 0
    while True:
        try:
            connection = _opened(path)
            try:
                rows = connection.execute(_NEXT, (row, ROWS_AT_ONCE)).fetchall()
            finally:
                connection.close()
        except sqlite3.Error:
            return
        yield [each[1:] for each in rows if since <= each[4] < until]
        if len(rows) < ROWS_AT_ONCE or rows[-1][4] >= until:
            return
        row = rows[-1][0]


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, isolation_level=None)
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA query_only=1")
    return connection
