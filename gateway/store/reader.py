"""The connections that only read, for any thread; they never hold up the writer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Engine, Select, select
from sqlalchemy.exc import SQLAlchemyError

from gateway.store.engines import reading_engine
from gateway.store.errors import StoreFailed
from gateway.store.schema import journal

CHUNK_ROWS = 5_000  # a few MB of events; each chunk is a read of its own, so that a long one holds no log back
INDEX_MIN = -(2**63)  # below any that a tamperer could have put in

Ask = Callable[[Select[Any]], Sequence[Any]]
_ONE_MOMENT: dict[str, dict[str, Any]] = {
    "sqlite": {},
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
}


class Reader:
    def __init__(self, url: URL) -> None:
        self.engine: Engine = reading_engine(url)
        self._name = url.render_as_string(hide_password=True)

    def rows(self, statement: Select[Any]) -> Sequence[Any]:
        """Raises StoreFailed."""
        try:
            with self.engine.connect() as connection:
                return connection.execute(statement).all()
        except SQLAlchemyError as error:
            raise StoreFailed(f"{self._name}: {error}") from error

    def one(self, statement: Select[Any]) -> Any | None:
        """The first column of the first row; None when there is no row. Raises StoreFailed."""
        rows = self.rows(statement.limit(1))
        return rows[0][0] if rows else None

    def journal(self, after: int = INDEX_MIN, chunk_rows: int = CHUNK_ROWS) -> Iterator[Sequence[Any]]:
        """Chunks of rows (index, at, key, event, hash) in order of the index. Raises StoreFailed."""
        c = journal.c
        statement = select(c.index, c.at, c.key, c.event, c.hash).order_by(c.index).limit(chunk_rows)
        while chunk := self.rows(statement.where(c.index > after)):
            yield chunk
            after = chunk[-1][0]

    @contextmanager
    def at_once(self) -> Iterator[Ask]:
        """Several questions, all answered as of one moment. Raises StoreFailed."""
        try:
            with self.engine.connect() as fresh:
                connection = fresh.execution_options(**_ONE_MOMENT[self.engine.dialect.name])
                with connection.begin():
                    if self.engine.dialect.name == "sqlite":
                        connection.exec_driver_sql("BEGIN")  # the driver is told to begin nothing by itself
                    yield lambda statement: connection.execute(statement).all()
        except SQLAlchemyError as error:
            raise StoreFailed(f"{self._name}: {error}") from error

    def close(self) -> None:
        self.engine.dispose()
