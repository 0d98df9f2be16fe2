"""Restore: an archive into a store and a data folder that are empty, proven before it counts.

The store is filled in one transaction, which is committed only when the chain holds and the engine comes to the state
that the archive names. An older archive is filled in at its own schema and brought forward by the migrations.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import URL, Connection, MetaData, Table, inspect, select
from sqlalchemy.exc import NoSuchTableError, SQLAlchemyError

from gateway.keeping import lines
from gateway.keeping.archive import CHUNK_BYTES, ArchiveReader, BadArchive, Manifest, reading
from gateway.keeping.backup import ATTACHMENTS, TELEMETRY
from gateway.keeping.proof import Proof, prove
from gateway.keeping.tables import STORE, USERS, Kind, url_of
from gateway.store import migrate
from gateway.store.engines import sqlite_path, writing_engine
from gateway.store.errors import StoreFailed
from gateway.store.frozen import held_store
from gateway.store.lock import FileLock, take_postgres_lock

FOLDERS = (ATTACHMENTS, TELEMETRY)
RESTORING = ".restoring"


class NotEmpty(Exception):
    """What stands in the way: nothing is ever overwritten."""


def restore(archive: Path, url: str, data: Path, expected: str | None = None) -> Manifest:
    """`expected`: the archive's SHA-256, noted elsewhere. → the manifest of what was restored.

    Raises BadArchive, NotEmpty, StoreLocked, StoreFailed, OSError. Then nothing is there that was not there before.
    """
    with reading(archive, expected) as opened:
        manifest = opened.manifest
        for kind, schema in ((STORE, manifest.schema), (USERS, manifest.users)):
            if schema is not None and schema > kind.head:
                raise BadArchive(f"{archive} has schema {schema}; this version of Tocsin knows up to {kind.head}")
        _refuse_to_overwrite(data, opened)
        data.mkdir(parents=True, exist_ok=True)
        with _unpacked(opened, data) as ready, _store(url) as connection, _users(url, connection, manifest) as theirs:
            _fill(connection, opened, STORE, manifest.schema)
            _check(manifest, prove(held_store(connection)), archive)
            if theirs is not None and manifest.users is not None:
                _fill(theirs, opened, USERS, manifest.users)
            for path in ready:  # whole already: a rename each
                os.rename(path, path.with_name(path.name.removesuffix(RESTORING)))
    return manifest


def _refuse_to_overwrite(data: Path, opened: ArchiveReader) -> None:
    for name in FOLDERS:
        folder = data / name
        if opened.names(name) and folder.exists() and any(folder.iterdir()):
            raise _in_the_way(folder, "is not empty")
    for part in opened.names("keys"):
        if (data / part.removeprefix("keys/")).exists():
            raise _in_the_way(data / part.removeprefix("keys/"), "is there already")


def _in_the_way(path: Path, why: str) -> NotEmpty:
    return NotEmpty(f"{path} {why}; a backup is restored where nothing is, never over it")


@contextmanager
def _unpacked(opened: ArchiveReader, data: Path) -> Iterator[list[Path]]:
    """The archive's folders and keys under names of their own; what is not renamed in the block is removed after it."""
    made: list[Path] = []
    try:
        for name in FOLDERS:
            if parts := opened.names(name):
                made.append(data / f"{name}{RESTORING}")
                shutil.rmtree(made[-1], ignore_errors=True)  # of a restore that was killed
                for part in parts:
                    _unpack(opened, part, made[-1] / part.removeprefix(f"{name}/"))
                with suppress(OSError):
                    (data / name).rmdir()  # empty: a rename would not replace it everywhere
        for part in opened.names("keys"):
            made.append(data / f"{part.removeprefix('keys/')}{RESTORING}")
            made[-1].unlink(missing_ok=True)
            _unpack(opened, part, made[-1])
        yield made
    finally:
        for path in made:
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def _unpack(opened: ArchiveReader, part: str, path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as to, opened.open(part) as source:
        shutil.copyfileobj(source, to, CHUNK_BYTES)
        to.flush()
        os.fsync(to.fileno())


# ---- databases: a connection in the one transaction that fills them; an exception in the block leaves nothing behind


@contextmanager
def _store(url: str) -> Iterator[Connection]:
    parsed = url_of(STORE, url)
    path = sqlite_path(parsed)
    if path is not None:
        lock = FileLock(path)
        try:
            with _new_file(parsed, path) as connection:
                yield connection
        finally:
            lock.release()
        return
    with _connection(parsed) as connection:
        take_postgres_lock(connection.connection.driver_connection, str(parsed.database))
        if tables := inspect(connection).get_table_names():
            raise NotEmpty(f"the database {parsed.database} is not empty: it has a table {sorted(tables)[0]}")
        yield connection


@contextmanager
def _users(url: str, store: Connection, manifest: Manifest) -> Iterator[Connection | None]:
    """In PostgreSQL they are beside the store, in its transaction."""
    parsed = url_of(USERS, url)
    path = sqlite_path(parsed)
    if manifest.users is None:
        yield None
    elif path is None:
        yield store
    else:
        with _new_file(parsed, path) as connection:
            yield connection


@contextmanager
def _new_file(url: URL, path: Path) -> Iterator[Connection]:
    if path.exists():
        raise _in_the_way(path, "is there already")
    partial = path.with_name(path.name + RESTORING)
    _discard(partial)
    try:
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with _connection(url.set(database=str(partial))) as connection:
            yield connection
        os.rename(partial, path)
    finally:
        _discard(partial)


@contextmanager
def _connection(url: URL) -> Iterator[Connection]:
    engine = writing_engine(url)
    try:
        with engine.begin() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise StoreFailed(f"{url.render_as_string(hide_password=True)}: {error}") from error
    finally:
        engine.dispose()  # the last connection of a SQLite file brings its whole log into it


def _discard(path: Path) -> None:
    for ending in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + ending).unlink(missing_ok=True)


# ---- rows


def _fill(connection: Connection, opened: ArchiveReader, kind: Kind, schema: str) -> None:
    """Raises BadArchive."""
    migrate.upgrade(connection, schema, kind.scripts)
    for name in opened.names(kind.folder):
        table = name.removeprefix(f"{kind.folder}/").removesuffix(".jsonl")
        try:
            _empty(connection, table)
            with opened.open(name) as stream:
                rows = lines.load(connection, table, stream)
        except (lines.BadLine, LookupError, NoSuchTableError) as error:
            raise BadArchive(f"{name} cannot be read: {error!r}") from None
        if rows != opened.manifest.parts[name].rows:
            raise BadArchive(f"{name} has {rows} rows; its manifest says {opened.manifest.parts[name].rows}")
    if schema != kind.head:
        migrate.upgrade(connection, scripts=kind.scripts)


def _empty(connection: Connection, name: str) -> None:
    """Of what a migration has put in; a table without rows may refuse even to be asked."""
    table = Table(name, MetaData(), autoload_with=connection)
    if connection.execute(select(table).limit(1)).first() is not None:
        connection.execute(table.delete())


def _check(manifest: Manifest, found: Proof, archive: Path) -> None:
    """Another version may come to a state that is written differently; the journal is the same for ever."""
    was = manifest.proof
    same_state = found.state == was.state or (manifest.tocsin != version("tocsin") and bool(found.state))
    if (found.entries, found.head, found.chain) != (was.entries, was.head, was.chain) or not same_state:
        raise BadArchive(f"{archive}: what was restored is not what was backed up: {found}, and not {was}")
