"""Writing: one open file, in order of receipt. The hot path.

Measured with 400 and 100 000 sources in random order: a table clustered by source costs 8–20 µs a row, for every row
dirties a page of its own; rows in order of arrival, with a unique index that begins with the time and so grows at its
end too, 1.8–2.4. Which rows are a source's is indexed afterwards, in another file (`read.py`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from zlib import crc32

from gateway.store.checkpoint import PRAGMAS, Checkpointer
from gateway.telemetry.hours import is_broken, set_aside

Row = tuple[int, int, int, int, int, str | None, bytes]
"""(source, at, seq: -1 none, mark: crc32 of the body where there is no seq, else 0, received, event, body).

A mark below 0 (`buffered_mark`): told long after it was so. It is for charts; what is believed does not come of it.
"""

ROWS_A_STATEMENT = 10  # 4 or 40 are slower; one at a time costs 1 µs more a row
CACHE_KIB = 8 * 1024  # the ends of table and index; late rows reach further back
BUSY_TIMEOUT_MS = 1_000  # nobody else writes; a person with the sqlite3 shell may

_COLUMNS = "source, at, seq, mark, received, event, body"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS rows (
    row INTEGER PRIMARY KEY, source INTEGER NOT NULL, at INTEGER NOT NULL, seq INTEGER NOT NULL, mark INTEGER NOT NULL,
    received INTEGER NOT NULL, event TEXT, body BLOB NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS rows_once ON rows (at, source, seq, mark);
"""
_VALUES = "(?,?,?,?,?,?,?)"
_INSERT = f"INSERT OR IGNORE INTO rows ({_COLUMNS}) VALUES "  # noqa: S608 - constants
_INSERT_ONE = _INSERT + _VALUES
_INSERT_SOME = _INSERT + ",".join([_VALUES] * ROWS_A_STATEMENT)
_SOME = ROWS_A_STATEMENT * 7


def buffered_mark(body: bytes) -> int:
    return -1 - crc32(body)


class HourWriter:
    """Raises sqlite3.Error."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            for pragma in (
                "journal_mode=WAL",
                "synchronous=NORMAL",
                f"busy_timeout={BUSY_TIMEOUT_MS}",
                f"cache_size=-{CACHE_KIB}",
                *PRAGMAS,
            ):
                self._connection.execute(f"PRAGMA {pragma}").fetchall()
            self._connection.executescript(_SCHEMA)
            self._connection.execute(f"SELECT {_COLUMNS} FROM rows LIMIT 1").fetchall()  # noqa: S608  # nosec B608
        except BaseException:
            self._connection.close()
            raise
        self._checkpointer = Checkpointer(path)

    def insert(self, rows: Sequence[Row]) -> int:
        """One transaction. Returns how many were not there yet."""
        connection = self._connection
        before = connection.total_changes
        whole = len(rows) // ROWS_A_STATEMENT * ROWS_A_STATEMENT
        connection.execute("BEGIN IMMEDIATE")
        try:
            if whole:
                flat = list(chain.from_iterable(rows[:whole]))
                connection.executemany(_INSERT_SOME, [flat[i : i + _SOME] for i in range(0, len(flat), _SOME)])
            if whole < len(rows):
                connection.executemany(_INSERT_ONE, rows[whole:])
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        self._checkpointer.look(connection)
        return connection.total_changes - before

    def retire(self) -> None:
        """Closes in the checkpoint thread, for it means to bring the whole log over; `close` waits for that."""
        self._checkpointer.retire(self._connection)

    @property
    def closing(self) -> bool:
        return self._checkpointer.running

    def close(self) -> None:
        self.retire()
        self._checkpointer.join()


def open_writer(path: Path) -> HourWriter:
    """A file that is none of ours, or not readable any more, is set aside. Raises sqlite3.Error."""
    try:
        return HourWriter(path)
    except sqlite3.DatabaseError as error:
        if not is_broken(error):
            raise
        set_aside(path, error)
        return HourWriter(path)
