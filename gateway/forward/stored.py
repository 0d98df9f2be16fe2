"""What stands in telemetry's files behind a cursor. Reads beside whoever writes; a file may go at any moment."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from gateway.forward.durable import mark_of
from gateway.forward.lines import Row
from gateway.telemetry.hours import Hour, file_of, hours_in
from rules.instant import Instant

BUSY_TIMEOUT_MS = 2_000
_COLUMNS = "row, source, at, seq, mark, received, event, body"
_RANK = (  # by the unique index, which begins with (at, source)
    "(SELECT count(*) FROM rows AS other"
    " WHERE other.at = rows.at AND other.source = rows.source AND other.row < rows.row)"
)
_SOME = "FROM rows WHERE row > ? AND row <= ? ORDER BY row LIMIT ?"
_AFTER = f"SELECT {_COLUMNS}, {_RANK} {_SOME}"  # nosec B608 - constants
_ONE = f"SELECT {_COLUMNS}, 0 FROM rows WHERE row = ?"  # noqa: S608 # nosec B608 - constants
_NEWEST = "SELECT coalesce(max(row), 0) FROM rows"
_MADE = "SELECT 1 FROM sqlite_master WHERE name = 'rows'"
_RECEIVED = "SELECT received FROM rows WHERE row > ? ORDER BY row LIMIT 1"
_SOURCES = "SELECT source, mode, device FROM sources"
ROW_MAX = 2**62


class Gone(Exception):
    """The file is not there any more."""


class StoredRows:
    """Raises Gone, and sqlite3.Error for a file that cannot be read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def hours(self) -> list[Hour]:
        """Oldest first; empty while there is no folder."""
        try:
            return hours_in(self.folder)
        except OSError:
            return []

    def touched(self, hour: Hour) -> tuple[int, ...]:
        """Changes when the file does."""
        path = file_of(self.folder, hour)
        found: list[int] = []
        for each in (path, path.with_name(f"{path.name}-wal")):
            try:
                status = each.stat()
            except OSError:
                found += (0, 0)
            else:
                found += (status.st_size, status.st_mtime_ns)
        return tuple(found)

    def newest(self, hour: Hour) -> int:
        """The number of the last row; 0: none."""
        with self._opened(hour) as connection:
            if connection.execute(_MADE).fetchone() is None:  # whoever writes has just begun it
                return 0
            return int(connection.execute(_NEWEST).fetchone()[0])

    def after(self, hour: Hour, row: int, limit: int, until: int = ROW_MAX) -> list[Row]:
        with self._opened(hour) as connection:
            return [Row(*each) for each in connection.execute(_AFTER, (row, until, limit))]

    def mark(self, hour: Hour, row: int) -> str | None:
        """What the row holds; None: it is not there."""
        with self._opened(hour) as connection:
            found = connection.execute(_ONE, (row,)).fetchone()
        return None if found is None else mark_of(Row(*found))

    def received(self, hour: Hour, row: int) -> Instant | None:
        """When the row after this one was received."""
        with self._opened(hour) as connection:
            found = connection.execute(_RECEIVED, (row,)).fetchone()
        return None if found is None else int(found[0])

    def sources(self) -> dict[int, tuple[str, str]]:
        """Number → (mode, device)."""
        path = self.folder / "index.sqlite"
        with _opened(path) as connection:
            return {source: (mode, device) for source, mode, device in connection.execute(_SOURCES)}

    @contextmanager
    def _opened(self, hour: Hour) -> Iterator[sqlite3.Connection]:
        with _opened(file_of(self.folder, hour)) as connection:
            yield connection


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    if not path.exists():
        raise Gone(path.name)
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, isolation_level=None)
    except sqlite3.OperationalError as error:
        if not path.exists():
            raise Gone(path.name) from error
        raise
    with closing(connection):
        connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA query_only=1")
        yield connection
