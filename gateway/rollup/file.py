"""The file of the roll-up: `energy.sqlite` beside the files of telemetry.

A row is a day (of UTC) of a meter: `whole` is the day put together, `parts` are its hours for as long as their readings
are kept (one that comes late makes its hour anew), `hours` the energy of each hour by itself, which baselines compare.
It follows from telemetry and may be deleted: what telemetry still holds is made again, what is older is gone with it.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import nan
from pathlib import Path

import msgspec

from gateway.rollup.packed import decode_parts, decode_whole, encode, pack, unpack
from gateway.store.errors import StoreFailed
from gateway.telemetry.hours import Hour, is_broken, set_aside
from rules.energy import Stretch, consumption_kwh, join
from rules.instant import DAY_MS, HOUR_MS

FILE = "energy.sqlite"
HOURS = 24
BUSY_TIMEOUT_MS = 5_000  # readers and the one writer: a commit takes milliseconds
NONE_YET = -1

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meters (meter INTEGER PRIMARY KEY, device TEXT NOT NULL UNIQUE, done INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS days (
    meter INTEGER NOT NULL, day INTEGER NOT NULL, whole BLOB NOT NULL, parts BLOB, hours BLOB NOT NULL,
    PRIMARY KEY (meter, day)
) WITHOUT ROWID;
"""
_PUT = (
    "INSERT INTO days VALUES (?, ?, ?, ?, ?) ON CONFLICT (meter, day)"
    " DO UPDATE SET whole = excluded.whole, parts = excluded.parts, hours = excluded.hours"
)


class RollUp:
    """Not for two threads at once. Days and hours are counted from 1970, in UTC. Raises StoreFailed."""

    def __init__(self, folder: Path, writer: bool = False) -> None:
        """As the writer makes the file, and sets one aside that cannot be read. For a reader there may be none yet."""
        self._path = folder / FILE
        self._connection: sqlite3.Connection | None = None
        with self._failing():
            if writer:
                self._connection = self._made()
            elif self._path.exists():
                self._connection = self._opened()
        self._meters: dict[str, tuple[int, Hour]] = {}
        if self._connection is not None:
            with self._failing():
                rows = self._connection.execute("SELECT device, meter, done FROM meters").fetchall()
                self._meters = {device: (meter, done) for device, meter, done in rows}

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def done(self, device: str) -> Hour:
        """The last hour of receipt that is in it; NONE_YET."""
        return self._meters.get(device, (0, NONE_YET))[1]

    # ---- reading

    def stretch(self, device: str, since: Hour, until: Hour) -> dict[int, Stretch]:
        """Day → what is known of its hours within `since` … `until` (excluded). A day whose hours are not kept apart
        any more comes as a whole."""
        found: dict[int, Stretch] = {}
        for day, whole, parts in self._days(device, since // HOURS, -(-until // HOURS)):
            begins, first, after = day * DAY_MS, day * HOURS, day * HOURS + HOURS
            if parts is None or (since <= first and after <= until):
                found[day] = unpack(decode_whole(whole), begins)
                continue
            wanted = [(hour, part) for hour, part in decode_parts(parts).items() if since <= first + hour < until]
            found[day] = join((unpack(part, begins) for _, part in sorted(wanted)), None)
        return found

    def hours(self, device: str, since: Hour, until: Hour) -> array[float]:
        """Kilowatt hours of each hour by itself, `since` … `until` (excluded); not a number where not enough of it was
        measured."""
        found = array("d", [nan]) * max(0, until - since)
        if self._connection is None or device not in self._meters:
            return found
        sql = "SELECT day, hours FROM days WHERE meter = ? AND day >= ? AND day < ?"
        with self._failing():
            rows = self._connection.execute(sql, (self._meters[device][0], since // HOURS, -(-until // HOURS)))
            for day, body in rows:
                for number, value in enumerate(array("d", body)):
                    at = day * HOURS + number - since
                    if 0 <= at < len(found):
                        found[at] = value
        return found

    def _days(self, device: str, first: int, last: int) -> Iterator[tuple[int, bytes, bytes | None]]:
        if self._connection is None or device not in self._meters:
            return
        sql = "SELECT day, whole, parts FROM days WHERE meter = ? AND day >= ? AND day < ? ORDER BY day"
        with self._failing():
            yield from self._connection.execute(sql, (self._meters[device][0], first, last))

    # ---- writing

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction."""
        with self._failing():
            assert self._connection is not None
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def knows(self, device: str, hour: Hour) -> bool:
        """Whether anything is known of that hour."""
        day, of_day = divmod(hour, HOURS)
        days = self._days(device, day, day + 1)
        return any(parts is None or of_day in decode_parts(parts) for _, _, parts in days)

    def put(self, device: str, day: int, hours: Mapping[int, Stretch], rated_w: float | None) -> None:
        """Hours of that day (0 … 23) are these now; the others stay what they were."""
        assert self._connection is not None
        begins = day * DAY_MS
        known = next(iter(self._days(device, day, day + 1)), None)
        parts = decode_parts(known[2]) if known is not None else {}
        parts |= {hour: pack(stretch, begins) for hour, stretch in hours.items()}
        stretches = {hour: unpack(parts[hour], begins) for hour in sorted(parts)}
        alone = array("d", [nan]) * HOURS
        for hour, stretch in stretches.items():
            energy = consumption_kwh(stretch, begins + hour * HOUR_MS)
            alone[hour] = nan if energy is None else energy
        whole = encode(pack(join(stretches.values(), rated_w), begins))
        self._connection.execute(_PUT, (self._number(device), day, whole, encode(parts), alone.tobytes()))

    def mark(self, devices: Sequence[str], hour: Hour) -> None:
        """Everything of these that was received up to the end of that hour is in it."""
        assert self._connection is not None
        for device in devices:
            number = self._number(device)
            self._connection.execute("UPDATE meters SET done = max(done, ?) WHERE meter = ?", (hour, number))
            self._meters[device] = (number, max(hour, self._meters[device][1]))

    def settle(self, day: int) -> None:
        """Readings of days before that one are gone: their hours need not be kept apart."""
        assert self._connection is not None
        self._connection.execute("UPDATE days SET parts = NULL WHERE day < ? AND parts IS NOT NULL", (day,))

    def _number(self, device: str) -> int:
        if device not in self._meters:
            assert self._connection is not None
            done = self._connection.execute("INSERT INTO meters (device, done) VALUES (?, ?)", (device, NONE_YET))
            self._meters[device] = (int(done.lastrowid or 0), NONE_YET)
        return self._meters[device][0]

    # ---- the file

    def _made(self) -> sqlite3.Connection:
        try:
            return self._prepared()
        except sqlite3.DatabaseError as error:
            if not is_broken(error):
                raise
            set_aside(self._path, error)
            return self._prepared()

    def _prepared(self) -> sqlite3.Connection:
        connection = self._opened()
        try:
            connection.execute("PRAGMA journal_mode=WAL").fetchall()
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.executescript(_SCHEMA)
            connection.execute("SELECT meter, day, whole, parts, hours FROM days LIMIT 1").fetchall()
        except BaseException:
            connection.close()
            raise
        return connection

    def _opened(self) -> sqlite3.Connection:
        uri = f"{self._path.resolve().as_uri()}?mode=rwc"
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        return connection

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error, msgspec.MsgspecError) as error:
            raise StoreFailed(f"{self._path}: {error}") from error
