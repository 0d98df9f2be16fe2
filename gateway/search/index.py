"""The index: a SQLite file of its own (FTS5), whatever the store is; nothing in it that is not in the store."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

from gateway.store import StoreFailed

VERSION = 1  # of what is kept and how it is made to words; another one is made anew
BUSY_SECONDS_MAX = 5.0
_MADE = (
    "CREATE TABLE followed (one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL, mark BLOB NOT NULL)",
    "INSERT INTO followed VALUES (1, 0, x'')",
    "CREATE VIRTUAL TABLE words USING fts5(known, said, tokenize = 'ascii')",
    f"PRAGMA user_version = {VERSION}",
)


class Followed(Struct, frozen=True):
    """How far the store is followed; `mark` tells this store from another one, of which a backup was restored."""

    position: int
    mark: bytes


class Kept(Struct, frozen=True):
    """Words of one incident; `said`: what was said since."""

    number: int
    known: str
    said: str


class Index:
    """One writes, any thread reads. Raises StoreFailed."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def open(self) -> Followed:
        """For the writer: makes it where there is none of this version."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if self._path.exists():  # to connect would make an empty one, in which who searches finds no words
                with closing(self._connection()) as connection:
                    if connection.execute("PRAGMA user_version").fetchone()[0] == VERSION:
                        return Followed(*connection.execute("SELECT position, mark FROM followed").fetchone())
        except sqlite3.DatabaseError:
            pass  # no database of ours: it is made anew
        self.forget()
        return Followed(0, b"")

    def forget(self) -> None:
        """An empty one takes its place. It is made beside it, so that who searches meanwhile never meets half of it."""
        made = self._path.with_name(f"{self._path.name}.made")
        try:
            _remove(made)
            with closing(_connection(made)) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("BEGIN IMMEDIATE")
                for statement in _MADE:
                    connection.execute(statement)
                connection.execute("COMMIT")
            _remove(self._path, ("-wal", "-shm"))
            made.replace(self._path)
        except (sqlite3.Error, OSError) as error:
            raise StoreFailed(f"{self._path}: {error}") from error

    def keep(self, rows: Iterable[Kept], followed: Followed) -> None:
        """All of it, or nothing."""
        with closing(self._connection()) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
                for row in rows:
                    before = connection.execute("SELECT said FROM words WHERE rowid = ?", (row.number,)).fetchone()
                    said = " ".join(part for part in (before[0] if before else "", row.said) if part)
                    if before:
                        connection.execute("DELETE FROM words WHERE rowid = ?", (row.number,))
                    connection.execute(
                        "INSERT INTO words (rowid, known, said) VALUES (?, ?, ?)", (row.number, row.known, said)
                    )
                connection.execute("UPDATE followed SET position = ?, mark = ?", (followed.position, followed.mark))
                connection.execute("COMMIT")
            except sqlite3.Error as error:
                raise StoreFailed(f"{self._path}: {error}") from error

    def purge(self, until: int, kept: Collection[int]) -> None:
        """Forgets the words of incidents up to that number, but for those."""
        with closing(self._connection()) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
                numbers = [row[0] for row in connection.execute("SELECT rowid FROM words WHERE rowid <= ?", (until,))]
                gone = [(number,) for number in numbers if number not in kept]
                connection.executemany("DELETE FROM words WHERE rowid = ?", gone)
                connection.execute("COMMIT")
            except sqlite3.Error as error:
                raise StoreFailed(f"{self._path}: {error}") from error

    def matching(self, expression: str, before: int, limit: int) -> Sequence[int]:
        """Numbers of incidents below `before`, the newest first; none while there is no index yet."""
        if not self._path.exists():
            return []
        statement = "SELECT rowid FROM words WHERE words MATCH ? AND rowid < ? ORDER BY rowid DESC LIMIT ?"
        try:
            with closing(self._connection()) as connection:
                return [row[0] for row in connection.execute(statement, (expression, before, limit))]
        except sqlite3.Error as error:
            raise StoreFailed(f"{self._path}: {error}") from error

    def _connection(self) -> sqlite3.Connection:
        """Fresh for each use: to open a file takes 0.1 ms, and no thread keeps one that was made anew meanwhile."""
        return _connection(self._path)


def _connection(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS_MAX, isolation_level=None)
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def _remove(path: Path, endings: Iterable[str] = ("", "-wal", "-shm")) -> None:
    """A SQLite database is up to three files."""
    for ending in endings:
        path.with_name(path.name + ending).unlink(missing_ok=True)


def mark_of(body: bytes) -> bytes:
    return sha256(body).digest()
