"""The local store of telemetry: the surface."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from gateway.store.errors import StoreFailed
from gateway.store.lock import FileLock
from gateway.telemetry import hours
from gateway.telemetry.files import OpenFiles
from gateway.telemetry.hours import Hour, file_of, hour_of, hours_in, is_broken
from gateway.telemetry.read import Cursor, Stored
from gateway.telemetry.sources import Sources
from gateway.telemetry.write import HourWriter, Row, open_writer
from rules.instant import HOUR_MS, Instant

WRITERS_OPEN_MAX = 2  # a batch may straddle the hour
LAST_FILES = 2  # what is silent for longer than two files of messages counts as never seen


class Telemetry:
    """Whoever takes messages appends to `rows`, in order of receipt, and calls `commit`.

    A row that is stored already (same source, at, seq, mark, in the same hour) is passed over. `rows`, `source`,
    `commit`, `last`, `has` and `expire` belong to one thread (the event loop's); the rest may be called from any.
    """

    def __init__(self, folder: Path, writer: bool = True) -> None:
        """As the writer: makes the folder when it is not there, and raises StoreLocked while another process writes.

        `writer=False`: reads only, beside a running gateway or without one. Raises StoreFailed.
        """
        self.folder = folder
        self.rows: list[Row] = []
        self._keys: set[tuple[int, Instant, int, int]] = set()  # of the first so many rows, for `has`
        self._keys_of_rows = 0
        self._writers: dict[Hour, HourWriter] = {}
        self._retired: list[HourWriter] = []
        self._lock: FileLock | None = None
        self._suspects: dict[Hour, Exception] = {}  # files that a reader found broken while they are written
        self._spans: dict[Hour, tuple[Instant, Instant] | None] = {}
        try:
            if writer:
                folder.mkdir(parents=True, exist_ok=True)
                self._lock = FileLock(folder / "index.sqlite")
            self._sources = Sources(folder, repair=writer)
        except (OSError, sqlite3.Error) as error:
            self._release()
            raise StoreFailed(f"telemetry in {folder}: {error}") from error
        self._known_hours = hours_in(folder)
        self._own = OpenFiles(folder, self._is_writers)  # the event loop's, which must not wait for others
        self._shared = OpenFiles(folder, self._is_writers)

    def source(self, mode: str, device: str) -> int:
        """The number of a device in a mode; a new one is on disk with the next commit."""
        return self._sources.number(mode, device)

    def commit(self) -> int:
        """Stores `rows` and empties it. Returns how many were new. StoreFailed: `rows` is as it was; call again."""
        rows = self.rows
        if not rows:
            return 0
        if self._lock is None:
            raise StoreFailed("this telemetry was opened to read only")
        try:
            self._sources.flush()
            if hour_of(rows[0][4]) == hour_of(rows[-1][4]):
                new = self._write(hour_of(rows[0][4]), rows)
            else:
                by_hour = groupby(rows, key=lambda row: hour_of(row[4]))
                new = sum(self._write(hour, list(some)) for hour, some in by_hour)
        except (OSError, sqlite3.Error) as error:
            raise StoreFailed(f"telemetry in {self.folder}: {error}") from error
        rows.clear()
        self._keys.clear()
        self._keys_of_rows = 0
        return new

    def last(self, source: int) -> Cursor | None:
        """(at, seq, received) of the message received last, of those committed in the last two files."""
        for hour in reversed(self._hours()[-LAST_FILES:]):
            found = self._own.ask(hour, lambda reader: reader.last(source))
            if found is not None:
                return found
        return None

    def has(self, source: int, at: Instant, seq: int, mark: int, received_hint: Instant) -> bool:
        """Whether that row waits in `rows`, or is stored in the last two files up to `received_hint`."""
        if self._keys_of_rows < len(self.rows):
            self._keys.update(row[:4] for row in self.rows[self._keys_of_rows :])
            self._keys_of_rows = len(self.rows)
        if (source, at, seq, mark) in self._keys:
            return True
        earlier = [hour for hour in self._hours() if hour <= hour_of(received_hint)]
        return any(
            self._own.ask(hour, lambda reader: reader.has(source, at, seq, mark))
            for hour in reversed(earlier[-LAST_FILES:])
        )

    def window(self, source: int, since_received: Instant) -> Iterator[Stored]:
        """(at, seq, received, event, values) of all committed since then, in order of receipt."""
        for hour in self._hours():
            if hour >= hour_of(since_received):
                yield from self._shared.ask(hour, lambda reader: reader.since(source, since_received)) or ()

    def readings(
        self, source: int, since: Instant, until: Instant, limit: int, hours: list[Hour] | None = None
    ) -> list[Stored]:
        """The first `limit` with `since` ≤ at < `until`, ordered by `at`, whenever they were received.

        `hours`: of the files, for who asks often: a reader reads the folder for them.
        """
        found: list[Stored] = []
        hours = self._hours() if hours is None else hours
        for hour in hours:
            span = self._span(hour, hours)
            if span is not None and span[0] < until and span[1] >= since:
                found += self._shared.ask(hour, lambda reader: reader.between(source, since, until, limit)) or ()
        return sorted(found, key=lambda stored: (stored[0], stored[2]))[:limit]

    def hours(self) -> list[Hour]:
        """Of the files there are, oldest first."""
        return list(self._hours())

    def hours_told(self, source: int, hour: Hour) -> list[Hour]:
        """The hours in which was measured what was received in one."""
        return self._shared.ask(hour, lambda reader: reader.hours(source)) or []

    def catch_up(self) -> int:
        """Brings the indexes of the last two files up to date, 1 µs a row, so that `last` need not."""
        newest = self._hours()[-LAST_FILES:]
        return sum(self._shared.ask(hour, lambda reader: reader.catch_up()) or 0 for hour in newest)

    def expire(self, now: Instant, age_ms: int, bytes_max: int) -> list[Path]:
        """Unlinks hours older than `age_ms`, then the oldest while all together exceed `bytes_max`.

        Never one that is being written. Returns the files that are gone.
        """
        files = hours.files_in(self.folder)
        sizes = {hour: hours.bytes_of(paths) for hour, paths in files.items()}
        total, removed = sum(sizes.values()), []
        for hour, paths in files.items():
            if hour in self._writers or ((hour + 1) * HOUR_MS > now - age_ms and total <= bytes_max):
                break
            self._forget(hour)
            for path in paths:
                path.unlink(missing_ok=True)
            removed += [path for path in paths if hours.holds_rows(path)]
            total -= sizes[hour]
        return removed

    def close(self) -> None:
        """What still waits in `rows` is lost."""
        for writer in (*self._writers.values(), *self._retired):
            writer.close()
        self._writers.clear()
        self._own.close()
        self._shared.close()
        self._sources.close()
        self._release()

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()

    def _hours(self) -> list[Hour]:
        """Oldest first. Who does not write cannot know what was added."""
        return self._known_hours if self._lock is not None else hours_in(self.folder)

    def _is_writers(self, hour: Hour, error: Exception) -> bool:
        if hour not in self._writers:
            return False
        self._suspects[hour] = error
        return True

    def _write(self, hour: Hour, rows: list[Row]) -> int:
        if hour in self._suspects:
            self._set_aside(hour, self._suspects.pop(hour))
        try:
            return self._writer(hour).insert(rows)
        except sqlite3.DatabaseError as error:
            if not is_broken(error):
                raise
            self._set_aside(hour, error)
        return self._writer(hour).insert(rows)

    def _writer(self, hour: Hour) -> HourWriter:
        writer = self._writers.get(hour)
        if writer is None:
            while len(self._writers) >= WRITERS_OPEN_MAX:
                oldest = self._writers.pop(min(self._writers))
                oldest.retire()
                self._retired = [*(each for each in self._retired if each.closing), oldest]
            writer = self._writers[hour] = open_writer(file_of(self.folder, hour))
            self._known_hours = hours_in(self.folder)
        return writer

    def _set_aside(self, hour: Hour, error: Exception) -> None:
        self._forget(hour)
        path = file_of(self.folder, hour)
        hours.set_aside(path, error)
        hours.discard(hours.by_source_file(path))

    def _forget(self, hour: Hour) -> None:
        writer = self._writers.pop(hour, None)
        if writer is not None:
            writer.close()
        self._own.forget(hour)
        self._shared.forget(hour)
        self._spans.pop(hour, None)
        self._known_hours = [each for each in self._known_hours if each != hour]

    def _span(self, hour: Hour, hours: list[Hour]) -> tuple[Instant, Instant] | None:
        if hour not in self._spans or hour in hours[-LAST_FILES:]:
            self._spans[hour] = self._shared.ask(hour, lambda reader: reader.span())
        return self._spans[hour]
