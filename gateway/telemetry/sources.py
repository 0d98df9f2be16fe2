"""What the integers in the rows stand for: `index.sqlite` maps (mode, device) to source."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from gateway.telemetry.hours import file_of, hours_in, is_broken, set_aside

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sources (
    source INTEGER PRIMARY KEY, mode TEXT NOT NULL, device TEXT NOT NULL, UNIQUE (mode, device)
)
"""


class Sources:
    """All of them in memory. A new one has its number at once, and is on disk (`flush`) before any row that uses it."""

    def __init__(self, folder: Path, repair: bool) -> None:
        """`repair`: a map that is not readable is set aside and begun anew; else sqlite3.Error is raised."""
        self._path = folder / "index.sqlite"
        self._numbers: dict[tuple[str, str], int] = {}
        self._new: list[tuple[int, str, str]] = []
        first = 1
        try:
            self._connection = self._open()
        except sqlite3.DatabaseError as error:
            if not (repair and is_broken(error)):
                raise
            set_aside(self._path, error)
            first = _highest_used(folder) + 1  # the old numbers stay with what they once meant
            self._connection = self._open()
        self._next = max((first, *(number + 1 for number in self._numbers.values())))

    def number(self, mode: str, device: str) -> int:
        key = mode, device
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = self._next
            self._next += 1
            self._new.append((number, mode, device))
        return number

    def flush(self) -> None:
        """Raises sqlite3.Error; what was new is then still to be flushed."""
        if not self._new:
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._connection.executemany("INSERT INTO sources VALUES (?, ?, ?)", self._new)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        self._new.clear()

    def close(self) -> None:
        self._connection.close()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode=WAL").fetchall()
            connection.execute("PRAGMA synchronous=FULL")  # a number that was lost would be given to another device
            connection.execute(_SCHEMA)
            rows = connection.execute("SELECT source, mode, device FROM sources").fetchall()
        except BaseException:
            connection.close()
            raise
        self._numbers = {(mode, device): source for source, mode, device in rows}
        return connection


def _highest_used(folder: Path) -> int:
    highest = 0
    for hour in hours_in(folder):
        try:
            connection = sqlite3.connect(file_of(folder, hour))
            highest = max(highest, connection.execute("SELECT max(source) FROM rows").fetchone()[0] or 0)
            connection.close()
        except sqlite3.Error:
            continue  # will be set aside when it is opened
    return highest
