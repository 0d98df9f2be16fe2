"""Connections: one to write with, a pool to read with, and what each database has to be told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool

from gateway.store import checkpoint
from gateway.store.errors import StoreFailed

BUSY_TIMEOUT_MS = 5_000  # only a checkpoint or a person with the sqlite3 shell ever makes a connection wait
WRITER_CACHE_KIB = 16 * 1024  # the index leaves of a month of entries
READ_CONNECTIONS_MAX = 8  # as many as the API's thread pool keeps busy on two cores
CONNECT_SECONDS_MAX = 10  # to PostgreSQL; a server that is up answers at once

# A server that fell silent is given up after 10 s, also in a commit, for which everything waits; and the server gives
# up a gateway that fell silent after a minute, with the one-writer lock it held.
_POSTGRES_GONE = {
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 10,
    "options": "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3",
}

_SQLITE_PRAGMAS = ("synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_TIMEOUT_MS}")


def parse_url(text: str) -> URL:
    """`sqlite:///path/to/file` or `postgresql+psycopg://user@host/name`. Raises StoreFailed for anything else."""
    try:
        url = make_url(text)
    except ArgumentError:
        raise StoreFailed(
            f"{text!r} is not a database URL; expected sqlite:///FILE or postgresql+psycopg://…"
        ) from None
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in ("sqlite", "postgresql+psycopg"):
        raise StoreFailed(f"{url.drivername!r} is not a database Tocsin knows; expected sqlite or postgresql+psycopg")
    if url.drivername == "sqlite" and (not url.database or url.database == ":memory:" or "mode=memory" in text):
        raise StoreFailed(f"{text!r} is kept in memory only; expected sqlite:///FILE")
    return url


def sqlite_path(url: URL) -> Path | None:
    return Path(url.database) if url.drivername == "sqlite" and url.database else None


def writing_engine(url: URL) -> Engine:
    """Connections begin a transaction when they are told to, also for the schema changes of a migration."""
    engine = _engine(url, poolclass=NullPool)
    if url.drivername == "sqlite":
        pragmas = ("journal_mode=WAL", *_SQLITE_PRAGMAS, f"cache_size=-{WRITER_CACHE_KIB}", *checkpoint.PRAGMAS)
        event.listen(engine, "connect", lambda connection, _: _tell(connection, pragmas))
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def reading_engine(url: URL) -> Engine:
    """Connections that cannot write, each statement on its own; from any thread."""
    engine = _engine(url, pool_size=READ_CONNECTIONS_MAX, max_overflow=0, pool_pre_ping=url.drivername != "sqlite")
    if url.drivername == "sqlite":
        pragmas = (*_SQLITE_PRAGMAS, "query_only=ON")
        event.listen(engine, "connect", lambda connection, _: _tell(connection, pragmas))
        return engine
    return engine.execution_options(isolation_level="AUTOCOMMIT", postgresql_readonly=True)


def _engine(url: URL, **options: Any) -> Engine:
    connect: dict[str, Any]
    if url.drivername == "sqlite":
        connect = {"isolation_level": None, "check_same_thread": False}
    else:
        connect = {"connect_timeout": CONNECT_SECONDS_MAX, "application_name": "tocsin", **_POSTGRES_GONE}
    return create_engine(url, connect_args=connect, **options)


def _tell(connection: DBAPIConnection, pragmas: tuple[str, ...]) -> None:
    cursor = connection.cursor()
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


class SqlitePen:
    """What writes: one transaction at a time, committed at the end of the block; an exception leaves nothing of it."""

    def __init__(self, engine: Engine) -> None:
        self._pooled = engine.raw_connection()
        self.connection: Any = self._pooled.driver_connection
        self._cursor: Any = self._pooled.cursor()

    @contextmanager
    def transaction(self) -> Iterator[DBAPICursor]:
        cursor = self._cursor
        try:
            cursor.execute("BEGIN IMMEDIATE")
            yield cursor
            cursor.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:  # a full disk makes SQLite roll back by itself
                cursor.execute("ROLLBACK")
            raise

    def ask(self, sql: str, values: Sequence[Any]) -> list[Any]:
        """Rows, of what is committed."""
        return list(self._cursor.execute(sql, values).fetchall())

    def close(self) -> None:
        self._pooled.close()


class PostgresPen:
    """All statements of a transaction go out together (a pipeline): one round trip, not one a table."""

    def __init__(self, engine: Engine) -> None:
        self._pooled = engine.raw_connection()
        self.connection: Any = self._pooled.driver_connection

    @contextmanager
    def transaction(self) -> Iterator[DBAPICursor]:
        connection = self.connection
        try:
            with connection.pipeline(), connection.cursor() as cursor:
                yield cursor
                connection.commit()
        except BaseException:
            if not connection.closed:
                connection.rollback()
            raise

    def ask(self, sql: str, values: Sequence[Any]) -> list[Any]:
        try:
            rows = list(self.connection.execute(sql, values).fetchall())
            self.connection.commit()
        except BaseException:
            if not self.connection.closed:
                self.connection.rollback()
            raise
        return rows

    @property
    def lost(self) -> bool:
        return bool(self.connection.closed)

    def close(self) -> None:
        self._pooled.close()
