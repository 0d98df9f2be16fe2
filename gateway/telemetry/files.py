"""The few files that are open for reading."""

from __future__ import annotations

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from gateway.store.errors import StoreFailed
from gateway.telemetry.hours import Hour, by_source_file, discard, file_of, is_broken, set_aside
from gateway.telemetry.read import HourReader

FILES_OPEN_MAX = 4  # a window spans two files as a rule; one costs 100 kB and 0.5 ms to open

T = TypeVar("T")


class OpenFiles:
    """For any thread, one at a time."""

    def __init__(self, folder: Path, is_writers: Callable[[Hour, Exception], bool]) -> None:
        """`is_writers(hour, error)`: the file is being written, so the writer has to set it aside, not we."""
        self._folder, self._is_writers = folder, is_writers
        self._readers: OrderedDict[Hour, HourReader] = OrderedDict()
        self._mutex = threading.Lock()

    def ask(self, hour: Hour, question: Callable[[HourReader], T]) -> T | None:
        """None also when the file is not there or is broken: then it is set aside, and reported. Raises StoreFailed."""
        path = file_of(self._folder, hour)
        with self._mutex:
            for last_try in (False, True):
                if not path.exists():
                    self._forget(hour)
                    return None
                try:
                    return question(self._reader(hour, path))
                except sqlite3.Error as error:
                    self._forget(hour)
                    if not is_broken(error):
                        raise StoreFailed(f"{path}: {error}") from error
                    discard(by_source_file(path))  # it may be only the index that is broken
                    if last_try:
                        self._give_up(hour, path, error)
            return None

    def forget(self, hour: Hour) -> None:
        with self._mutex:
            self._forget(hour)

    def close(self) -> None:
        with self._mutex:
            for hour in list(self._readers):
                self._forget(hour)

    def _reader(self, hour: Hour, path: Path) -> HourReader:
        reader = self._readers.get(hour)
        if reader is None:
            while len(self._readers) >= FILES_OPEN_MAX:
                self._readers.popitem(last=False)[1].close()
            reader = self._readers[hour] = HourReader(path)
        self._readers.move_to_end(hour)
        return reader

    def _give_up(self, hour: Hour, path: Path, error: sqlite3.Error) -> None:
        if not self._is_writers(hour, error):
            set_aside(path, error)

    def _forget(self, hour: Hour) -> None:
        reader = self._readers.pop(hour, None)
        if reader is not None:
            reader.close()
