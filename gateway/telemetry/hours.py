"""The files of a telemetry folder.

`2026-11-24T05.sqlite` holds what was received between 05:00 and 06:00 UTC, `2026-11-24T05.by_source` (derived, may be
deleted) which rows are whose, `2026-11-24T05.sqlite.broken-1` what could not be read any more.
"""

from __future__ import annotations

import logging
import sqlite3
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

from rules.instant import HOUR_MS, Instant

log = logging.getLogger(__name__)

Hour = int
"""Hours since 1970."""

_NAME = "%Y-%m-%dT%H"
_NAME_CHARACTERS = len("2026-11-24T05")
_ENDINGS = ("", "-wal", "-shm")  # a SQLite database is up to three files

# With these no later try succeeds. SQLITE_ERROR, for our SQL does not change: a table is not there, or not ours.
_BROKEN_CODES = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT, sqlite3.SQLITE_ERROR)


def hour_of(received: Instant) -> Hour:
    return received // HOUR_MS


def file_of(folder: Path, hour: Hour) -> Path:
    return folder / f"{datetime.fromtimestamp(hour * 3600, UTC):{_NAME}}.sqlite"


def by_source_file(path: Path) -> Path:
    return path.with_suffix(".by_source")


def hours_in(folder: Path) -> list[Hour]:
    """Those that can be read, oldest first."""
    return [hour for hour, paths in files_in(folder).items() if any(path.suffix == ".sqlite" for path in paths)]


def files_in(folder: Path) -> dict[Hour, list[Path]]:
    """All there is of each hour, broken files and SQLite's own beside them too, oldest hour first."""
    found: dict[Hour, list[Path]] = defaultdict(list)
    for path in folder.iterdir():
        hour = _hour_named(path.name[:_NAME_CHARACTERS])
        if hour is not None:
            found[hour].append(path)
    return dict(sorted(found.items()))


def bytes_of(paths: list[Path]) -> int:
    total = 0
    for path in paths:
        try:
            total += path.stat().st_size
        except FileNotFoundError:  # SQLite removes its log when the last connection closes
            continue
    return total


def holds_rows(path: Path) -> bool:
    """Neither derived nor SQLite's own."""
    return not path.name.endswith((".by_source", "-wal", "-shm"))


def is_broken(error: sqlite3.Error) -> bool:
    """Whether the file itself is at fault, so that no later try can succeed."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF in _BROKEN_CODES


def set_aside(path: Path, error: Exception) -> Path:
    """Gives a broken database another name, so that a new one can take its place."""
    number = 1
    while (aside := path.with_name(f"{path.name}.broken-{number}")).exists():
        number += 1
    for ending in _ENDINGS:
        part = path.with_name(path.name + ending)
        if part.exists():
            part.rename(aside.with_name(aside.name + ending))
    log.error("%s is broken (%s); it is kept as %s", path, error, aside.name)
    return aside


def discard(path: Path) -> None:
    """A database that can be made anew."""
    for ending in _ENDINGS:
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _hour_named(name: str) -> Hour | None:
    try:
        return int(datetime.fromisoformat(name).replace(tzinfo=UTC).timestamp()) // 3600 if "T" in name else None
    except ValueError:
        return None
