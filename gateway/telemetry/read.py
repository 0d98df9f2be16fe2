"""Reading: a source's rows, by an index that is made when somebody asks.

Keeping it up to date with every row would cost more than the row itself (see `write.py`); catching up in one go costs
less than 1 µs a row, since they come sorted. It lives in a file of its own, which only readers write, so that who
writes telemetry never waits for it.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import msgspec

from gateway.telemetry.hours import by_source_file
from rules.instant import Instant
from rules.reading import Value

INDEX_BEHIND_ROWS_MAX = 500  # so many are looked through in 25 µs; to bring them into the index takes 150
INDEX_CACHE_KIB = 4 * 1024
BUSY_TIMEOUT_MS = 60_000  # another reader brings the same index up to date: 20 s for an hour of 5 000 rows/s

_SCHEMA = """
CREATE TABLE IF NOT EXISTS by_source (source INTEGER, row INTEGER, PRIMARY KEY (source, row)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS indexed (row, source, at, seq, mark, received);
"""
_PRAGMAS = (
    f"busy_timeout={BUSY_TIMEOUT_MS}",
    "main.journal_mode=WAL",
    "main.synchronous=NORMAL",
    f"main.cache_size=-{INDEX_CACHE_KIB}",
)
_SELECT = (
    "SELECT at, seq, received, event, body FROM hour.rows"
    " WHERE row IN (SELECT row FROM by_source WHERE source = :source"
    " UNION ALL SELECT row FROM hour.rows WHERE row > :indexed AND source = :source)"
)
_SINCE = _SELECT + " AND received >= :received AND mark >= 0 ORDER BY row"
_BETWEEN = _SELECT + " AND at >= :since AND at < :until ORDER BY at, row LIMIT :limit"
_HOURS = (
    "SELECT DISTINCT at / 3600000 FROM hour.rows"
    " WHERE row IN (SELECT row FROM by_source WHERE source = :source"
    " UNION ALL SELECT row FROM hour.rows WHERE row > :indexed AND source = :source) AND event IS NULL ORDER BY 1"
)
_HAS = "SELECT 1 FROM hour.rows WHERE at = :at AND source = :source AND seq = :seq AND mark = :mark"
_LAST = (  # first of the rows not indexed yet, then of the others
    "SELECT at, seq, received FROM hour.rows"
    " WHERE row = (SELECT max(row) FROM hour.rows WHERE row > :indexed AND source = :source AND mark >= 0)",
    "SELECT at, seq, received FROM hour.rows WHERE row = (SELECT each.row FROM by_source AS each"
    " JOIN hour.rows AS whole ON whole.row = each.row WHERE each.source = :source AND whole.mark >= 0"
    " ORDER BY each.row DESC LIMIT 1)",
)
_INDEX = "INSERT INTO by_source SELECT source, row FROM hour.rows WHERE row > ? AND row <= ? ORDER BY source, row"
_MARK = "SELECT row, source, at, seq, mark, received FROM hour.rows WHERE row = ?"

Stored = tuple[Instant, int, Instant, str | None, dict[str, Value]]
"""(at, seq: -1 none, received, event, values or attributes)."""
Cursor = tuple[Instant, int, Instant]
"""(at, seq: -1 none, received)."""

_decode = msgspec.json.Decoder(dict[str, Value]).decode


class HourReader:
    """One file, and its index by source. Not for two threads at once. Raises sqlite3.Error."""

    def __init__(self, path: Path) -> None:
        index = by_source_file(path).resolve().as_uri()
        self._connection = sqlite3.connect(index, uri=True, isolation_level=None, check_same_thread=False)
        try:
            self._connection.execute("ATTACH ? AS hour", (f"{path.resolve().as_uri()}?mode=rw",))
            for pragma in _PRAGMAS:
                self._connection.execute(f"PRAGMA {pragma}").fetchall()
            self._connection.executescript(_SCHEMA)
            self._indexed = self._indexed_so_far()
        except BaseException:
            self._connection.close()
            raise

    def last(self, source: int) -> Cursor | None:
        """Of the row received last, but for those of a past that the device had buffered."""
        self.catch_up(INDEX_BEHIND_ROWS_MAX)
        for sql in _LAST:
            found: Cursor | None = self._one(sql, source)
            if found is not None:
                return found
        return None

    def has(self, source: int, at: Instant, seq: int, mark: int) -> bool:
        return self._one(_HAS, source, at=at, seq=seq, mark=mark) is not None

    def since(self, source: int, received: Instant) -> list[Stored]:
        """In order of receipt, without what was buffered: that says nothing of now."""
        self.catch_up(INDEX_BEHIND_ROWS_MAX)
        return self._stored(_SINCE, source, received=received)

    def between(self, source: int, since: Instant, until: Instant, limit: int) -> list[Stored]:
        """`since` ≤ at < `until`, ordered by `at`."""
        self.catch_up(INDEX_BEHIND_ROWS_MAX)
        return self._stored(_BETWEEN, source, since=since, until=until, limit=limit)

    def hours(self, source: int) -> list[int]:
        """The hours, since 1970, in which its readings were measured."""
        self.catch_up(INDEX_BEHIND_ROWS_MAX)
        named = {"source": source, "indexed": self._indexed}
        return [hour for (hour,) in self._connection.execute(_HOURS, named)]

    def span(self) -> tuple[Instant, Instant] | None:
        """First and last `at` of all rows."""
        first, last = self._one("SELECT (SELECT min(at) FROM hour.rows), (SELECT max(at) FROM hour.rows)", 0)
        return None if first is None else (first, last)

    def catch_up(self, behind_max: int = 0) -> int:
        """Brings the index to the last row when it is more than `behind_max` behind. Returns how many it indexed."""
        newest = self._one("SELECT max(row) FROM hour.rows", 0)[0] or 0
        if newest - self._indexed <= behind_max:
            return 0
        execute = self._connection.execute
        execute("BEGIN IMMEDIATE")
        try:
            done: int = execute("SELECT max(row) FROM indexed").fetchone()[0] or 0  # another reader may have been here
            added = execute(_INDEX, (done, newest)).rowcount
            if newest > done:
                execute("DELETE FROM indexed")
                execute("INSERT INTO indexed " + _MARK, (newest,))
            execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                execute("ROLLBACK")
            raise
        self._indexed = max(newest, done)
        return added

    def close(self) -> None:
        self._connection.close()

    def _indexed_so_far(self) -> int:
        """The last row that the index knows.

        After a power cut the file may have lost its last rows, and have others in their place by now: when the row
        the index went up to is no longer what it was, the index begins anew.
        """
        known = self._connection.execute("SELECT * FROM indexed").fetchone()
        if known is None:
            return 0
        if self._connection.execute(_MARK, (known[0],)).fetchone() != known:
            self._connection.executescript("BEGIN; DELETE FROM by_source; DELETE FROM indexed; COMMIT")
            return 0
        return int(known[0])

    def _one(self, sql: str, source: int, **values: int) -> Any:
        return self._connection.execute(sql, {"source": source, "indexed": self._indexed, **values}).fetchone()

    def _stored(self, sql: str, source: int, **values: int) -> list[Stored]:
        named = {"source": source, "indexed": self._indexed, **values}
        return [
            (at, seq, received, event, _decode(body))
            for at, seq, received, event, body in self._connection.execute(sql, named)
        ]
