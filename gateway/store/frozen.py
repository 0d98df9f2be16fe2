"""One moment of a store, held still while it is read: for backups, beside a running gateway.

SQLite is copied first, page by page through its own backup interface, because a long read would keep the write-ahead
log of the running gateway from beginning anew. PostgreSQL gives one connection a moment of its own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, NullPool, Select, create_engine
from sqlalchemy.exc import SQLAlchemyError

from gateway.store.dead_letters import DEAD_LETTER_ROWS_MAX
from gateway.store.engines import sqlite_path
from gateway.store.errors import StoreFailed
from gateway.store.reader import CHUNK_ROWS, Ask, Reader
from gateway.store.store import Store


class Held(Reader):
    """Reads by one connection within its transaction; whoever opened it closes it."""

    def __init__(self, connection: Connection) -> None:
        self.engine = connection.engine
        self._connection = connection
        self._name = connection.engine.url.render_as_string(hide_password=True)

    def rows(self, statement: Select[Any]) -> Sequence[Any]:
        try:
            return self._connection.execute(statement).all()
        except SQLAlchemyError as error:
            raise StoreFailed(f"{self._name}: {error}") from error

    @contextmanager
    def at_once(self) -> Iterator[Ask]:
        """It is all of one moment."""
        yield self.rows

    def stream(self, statement: Select[Any]) -> Iterator[Any]:
        """Row by row, a few thousand in memory at a time. Raises StoreFailed."""
        try:
            with self._connection.execution_options(yield_per=CHUNK_ROWS).execute(statement) as result:
                yield from result
        except SQLAlchemyError as error:
            raise StoreFailed(f"{self._name}: {error}") from error

    def close(self) -> None:
        """The connection stays."""


def held_store(connection: Connection) -> Store:
    """A store that reads what that connection sees, of the schema of this version."""
    return Store(Held(connection), None, DEAD_LETTER_ROWS_MAX)


@contextmanager
def frozen(url: URL, folder: Path) -> Iterator[Connection]:
    """A connection that sees one moment of a database. A copy of a SQLite file lies in `folder` meanwhile.

    Raises StoreFailed.
    """
    path = sqlite_path(url)
    if path is not None:
        if not path.exists():
            raise StoreFailed(f"{path} does not exist")
        copy_sqlite(path, folder / path.name)
        url = url.set(database=str(folder / path.name))
    options: dict[str, Any] = {} if path is not None else {"isolation_level": "REPEATABLE READ"}
    engine = create_engine(url, poolclass=NullPool, **options)
    try:
        with engine.connect() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise StoreFailed(f"{url.render_as_string(hide_password=True)}: {error}") from error
    finally:
        engine.dispose()


def copy_sqlite(path: Path, to: Path) -> None:
    """A consistent copy of a database that others may be writing to meanwhile. Raises StoreFailed."""
    try:
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(to)) as target:
            source.execute("PRAGMA query_only=ON")
            source.backup(target)  # all pages in one step: one read transaction, which no writer waits for
    except sqlite3.Error as error:
        raise StoreFailed(f"{path} cannot be copied: {error}") from error
