"""What the forwarder must know after a crash: how far it is in each file, and what it was about to send.

A SQLite file of its own, flushed at every commit. The last row that was acknowledged is remembered with what it held:
after a power cut a telemetry file may have lost its end, and have other rows in its place; then the file is sent anew,
which overwrites. It belongs to one target (server, bucket, prefix): for another one everything stored is sent.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path

import msgspec

from gateway.forward.lines import Places, Row
from gateway.telemetry.hours import Hour

_SCHEMA = """
CREATE TABLE IF NOT EXISTS hours (hour INTEGER PRIMARY KEY, row INTEGER NOT NULL, seen INTEGER NOT NULL, mark TEXT);
CREATE TABLE IF NOT EXISTS fields (measurement TEXT, field TEXT, kind TEXT NOT NULL, PRIMARY KEY (measurement, field));
CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS sending (hour INTEGER PRIMARY KEY, until INTEGER NOT NULL);
"""
_ANEW = ("DELETE FROM hours", "DELETE FROM fields", "DELETE FROM sending", "DELETE FROM kept")
_DONE = (
    "INSERT INTO hours VALUES (?, ?, ?, ?) ON CONFLICT (hour)"
    " DO UPDATE SET row = excluded.row, seen = max(seen, excluded.row), mark = excluded.mark"
)
_SEEN = "INSERT INTO hours VALUES (?, 0, ?, NULL) ON CONFLICT (hour) DO UPDATE SET seen = excluded.seen"


Statement = tuple[str, list[tuple[object, ...]]]
"""SQL, and the values of each time it is executed."""


class Reached(msgspec.Struct):
    row: int = 0  # the last that the server has
    seen: int = 0  # the last that was there when the file was last looked at
    mark: str | None = None


class Durable:
    """One writer. Raises sqlite3.Error."""

    def __init__(self, path: Path, target: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000"):
            self._connection.execute(f"PRAGMA {pragma}").fetchall()
        self._connection.executescript(_SCHEMA)
        self.began_anew = self._take_up(target)
        execute = self._connection.execute
        self.hours = {hour: Reached(*rest) for hour, *rest in execute("SELECT hour, row, seen, mark FROM hours")}
        self.fields = {(of, field): kind for of, field, kind in execute("SELECT * FROM fields")}
        self.sending: tuple[Hour, int] | None = execute("SELECT hour, until FROM sending").fetchone()

    def _take_up(self, target: str) -> bool:
        """→ whether it was of another target."""
        known = self._kept("target")
        if known == target.encode():
            return False
        anew: list[Statement] = [(sql, [()]) for sql in _ANEW]
        self._transact(*anew, ("INSERT INTO kept VALUES ('target', ?)", [(target.encode(),)]))
        return known is not None

    def close(self) -> None:
        self._connection.close()

    # ---- how far it is

    def reached(self, hour: Hour) -> Reached:
        return self.hours.setdefault(hour, Reached())

    def begin(self, hour: Hour, until: int, fields: Mapping[tuple[str, str], str]) -> None:
        """Rows up to `until` are sent next, with the places that are kept now."""
        rows: list[tuple[object, ...]] = [(*key, kind) for key, kind in fields.items()]
        self._transact(
            ("DELETE FROM sending", [()]),
            ("INSERT INTO sending VALUES (?, ?)", [(hour, until)]),
            ("INSERT OR REPLACE INTO fields VALUES (?, ?, ?)", rows),
        )
        self.sending = hour, until

    def done(self, hour: Hour, row: Row) -> None:
        """The server has acknowledged everything up to this row."""
        reached = self.reached(hour)
        reached.row, reached.mark, reached.seen = row.row, mark_of(row), max(reached.seen, row.row)
        self._transact((_DONE, [(hour, reached.row, reached.seen, reached.mark)]), ("DELETE FROM sending", [()]))
        self.sending = None

    def restart(self, hour: Hour) -> None:
        """The file is not the one it was: from its beginning."""
        self.hours[hour] = Reached()
        self._transact(("DELETE FROM hours WHERE hour = ?", [(hour,)]), ("DELETE FROM sending", [()]))
        self.sending = None

    def keep_seen(self) -> None:
        """How many rows there were, so that of a file that goes unsent it can be said how much it was."""
        waiting = [(hour, reached.seen) for hour, reached in self.hours.items() if reached.seen > reached.row]
        self._transact((_SEEN, [*waiting]))

    def forget(self, hour: Hour) -> None:
        """The file is gone."""
        self.hours.pop(hour, None)
        self._transact(("DELETE FROM hours WHERE hour = ?", [(hour,)]))
        self.abandon(hour)

    def abandon(self, hour: Hour) -> None:
        """What was being sent of it cannot be read any more."""
        if self.sending is not None and self.sending[0] == hour:
            self._transact(("DELETE FROM sending", [()]))
            self.sending = None

    # ---- where devices stand

    @property
    def places(self) -> Places | None:
        """None: not told yet."""
        kept = self._kept("places")
        return None if kept is None else msgspec.msgpack.decode(kept, type=Places)

    @places.setter
    def places(self, places: Places) -> None:
        self._keep("places", msgspec.msgpack.encode(places))

    def _kept(self, name: str) -> bytes | None:
        found = self._connection.execute("SELECT value FROM kept WHERE name = ?", (name,)).fetchone()
        return None if found is None else bytes(found[0])

    def _keep(self, name: str, value: bytes) -> None:
        self._connection.execute("INSERT OR REPLACE INTO kept VALUES (?, ?)", (name, value))

    def _transact(self, *statements: Statement) -> None:
        execute = self._connection
        execute.execute("BEGIN IMMEDIATE")
        try:
            for sql, rows in statements:
                execute.executemany(sql, rows)
            execute.execute("COMMIT")
        except BaseException:
            if execute.in_transaction:
                execute.execute("ROLLBACK")
            raise


def mark_of(row: Row) -> str:
    """What the row held, as far as it tells it from another."""
    return json.dumps([row.source, row.at, row.seq, row.mark, row.received])
