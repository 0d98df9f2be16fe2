"""The database of users: how it is reached, made, and brought to the schema of this version."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, inspect, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError

from gateway.store.engines import BUSY_TIMEOUT_MS, CONNECT_SECONDS_MAX, parse_url, sqlite_path
from gateway.store.errors import StoreFailed
from gateway.store.migrate import upgrade

HEAD = "0001"  # the newest file in gateway/identity/migrations/versions
SCRIPTS = Path(__file__).parent / "migrations"
VERSION_TABLE = "identity_version"
FILE = "identity.sqlite"
OWNER_ALONE = 0o600


def identity_url(store_url: str) -> URL:
    """Where users are kept beside a store: a file in the same folder, or the same PostgreSQL. Raises StoreFailed."""
    url = parse_url(store_url)
    path = sqlite_path(url)
    return url if path is None else url.set(database=str(path.with_name(FILE)))


class Database:
    """One transaction at a time, in whichever thread asks; not for two threads at once."""

    def __init__(self, url: URL, durable: bool = True) -> None:
        """Nothing is reached yet. `durable`: not in tests, which survive no power cut."""
        self.name = url.render_as_string(hide_password=True)
        self._path = sqlite_path(url)
        self._engine = _sqlite(url, durable) if self._path else _postgres(url)
        self._prepared = False

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Committed at the end of the block; an exception leaves nothing of it. Raises StoreFailed."""
        with self._failing():
            self._prepare()
            with self._engine.begin() as connection:
                yield connection

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            raise StoreFailed(f"{self.name}: {getattr(error, 'orig', error)}") from None  # a row may hold a secret
        except OSError as error:
            raise StoreFailed(f"{self.name}: {error.strerror}") from error

    def _prepare(self) -> None:
        """At the first use: private, and of this version's schema."""
        if self._prepared:
            return
        if self._path is not None:
            _make_private(self._path)
        with self._engine.begin() as connection:
            version = _version(connection)
            if version is not None and version > HEAD:
                raise StoreFailed(f"{self.name} has schema {version}; this version of Tocsin knows up to {HEAD}")
            if version != HEAD:
                upgrade(connection, scripts=SCRIPTS)
        self._prepared = True


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608  # nosec B608


def _make_private(path: Path) -> None:
    """SQLite gives its log files the rights of the database."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, OWNER_ALONE))
    path.chmod(OWNER_ALONE)


def _sqlite(url: URL, durable: bool) -> Engine:
    engine = create_engine(url, connect_args={"isolation_level": None}, poolclass=NullPool)
    pragmas = ("journal_mode=WAL", f"synchronous={'FULL' if durable else 'OFF'}", f"busy_timeout={BUSY_TIMEOUT_MS}")
    event.listen(engine, "connect", lambda connection, _: _tell(connection, pragmas))
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def _tell(connection: DBAPIConnection, pragmas: tuple[str, ...]) -> None:
    cursor = connection.cursor()
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _postgres(url: URL) -> Engine:
    connect = {"connect_timeout": CONNECT_SECONDS_MAX, "application_name": "tocsin-identity"}
    return create_engine(url, connect_args=connect, pool_size=1, max_overflow=1, pool_pre_ping=True)
