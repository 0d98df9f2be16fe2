"""Backup: everything that is not in files of the operator's own, as it was at one moment, beside a running gateway.

The store is frozen first; attachments, keys and telemetry are copied after it, so that whatever the store names is
there. Sites, rules, plans and people in force are in the store; settings and the files of secrets that they name are
the operator's to keep.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Table

from gateway.config import ASSIGNED
from gateway.identity.secret_files import KEY_FILE
from gateway.keeping import lines
from gateway.keeping.archive import FORMAT, ArchiveWriter, Manifest, Part, hash_of, writing
from gateway.keeping.proof import Proof, prove
from gateway.keeping.tables import STORE, USERS, Kind, url_of
from gateway.store.engines import sqlite_path
from gateway.store.errors import StoreFailed
from gateway.store.frozen import Held, copy_sqlite, frozen, held_store
from rules.instant import Instant, rfc3339

ATTACHMENTS, TELEMETRY = "attachments", "telemetry"  # folders of the data folder, and of the archive
KEYS = (KEY_FILE, ASSIGNED)  # single files of the data folder
NOTE = "last-backup.json"


class Backup(Struct, frozen=True):
    """What was made."""

    archive: Path
    sha256: str
    proof: Proof
    parts: dict[str, Part]


class Noted(Struct, frozen=True):
    """What the data folder remembers of the last backup: retention takes nothing that is not in it."""

    at: Instant
    entries: int  # journal rows that are in it
    sha256: str
    archive: str


def back_up(url: str, data: Path, to: Path, now: Instant, telemetry: bool = False) -> Backup:
    """Makes the archive `to`, or one named by the instant in the folder `to`. The gateway may run.

    Raises StoreFailed, OSError.
    """
    path = to / f"tocsin-{rfc3339(now)[:19].replace('-', '').replace(':', '')}Z.zip" if to.is_dir() else to
    if path.exists():
        raise FileExistsError(f"{path} is there already")
    with TemporaryDirectory(dir=path.parent, prefix=".tocsin-backup-") as folder, writing(path) as archive:
        with frozen(url_of(STORE, url), Path(folder)) as connection:
            if not STORE.refuse_other(connection):
                raise StoreFailed(f"{connection.engine.url.database} is no store of Tocsin")
            _add_tables(archive, connection, STORE)
            proof = prove(held_store(connection))
            with _users(connection, url, Path(folder)) as theirs:
                users = theirs is not None and USERS.refuse_other(theirs)
                if theirs is not None and users:
                    _add_tables(archive, theirs, USERS)
            database = connection.dialect.name
        _add_folder(archive, data / ATTACHMENTS, ATTACHMENTS)
        for name in KEYS:
            if (data / name).exists():
                archive.add_file(f"keys/{name}", data / name)
        if telemetry:
            _add_telemetry(archive, data / TELEMETRY, Path(folder))
        archive.finish(
            Manifest(
                FORMAT, rfc3339(now), version("tocsin"), STORE.head, USERS.head if users else None, database, proof
            )
        )
    made = Backup(path, hash_of(path), proof, archive.parts)
    _note(data, Noted(now, proof.entries, made.sha256, str(path.resolve())))
    return made


def noted(data: Path) -> Noted | None:
    """The last backup that was made of this data folder; None: of none is known."""
    try:
        return msgspec.json.decode((data / NOTE).read_bytes(), type=Noted)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def _note(data: Path, note: Noted) -> None:
    partial = data / f".{NOTE}.part"
    partial.write_bytes(msgspec.json.encode(note))
    os.replace(partial, data / NOTE)


@contextmanager
def _users(connection: Connection, url: str, folder: Path) -> Iterator[Connection | None]:
    """Where the users are: beside the store in PostgreSQL, in another file with SQLite; None: nowhere yet."""
    theirs = url_of(USERS, url)
    path = sqlite_path(theirs)
    if path is None:
        yield connection
    elif not path.exists():
        yield None
    else:
        with frozen(theirs, folder) as other:
            yield other


def _add_tables(archive: ArchiveWriter, connection: Connection, kind: Kind) -> None:
    held = Held(connection)
    for table in kind.tables:
        archive.add(f"{kind.folder}/{table.name}.jsonl", _lines(held, table), compress=True, rows=1)


def _lines(held: Held, table: Table) -> Iterator[bytes]:
    yield lines.heading(table)
    for row in held.stream(lines.in_order(table, held.engine.dialect.name)):
        yield lines.line(row)


def _add_folder(archive: ArchiveWriter, folder: Path, name: str) -> None:
    """Files that are complete; what begins with a dot is still being written."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            archive.add_file(f"{name}/{path.relative_to(folder).as_posix()}", path)


def _add_telemetry(archive: ArchiveWriter, folder: Path, scratch: Path) -> None:
    """Each file as a copy of its own: the newest is being written."""
    for path in sorted(folder.glob("*.sqlite")):
        copy = scratch / f"{TELEMETRY}-{path.name}"
        try:
            copy_sqlite(path, copy)
        except StoreFailed:
            if path.exists():  # else its time was over meanwhile
                raise
            continue
        archive.add_file(f"{TELEMETRY}/{path.name}", copy, compress=True)
        copy.unlink()
