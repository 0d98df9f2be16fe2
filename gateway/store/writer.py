"""The one connection that writes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import URL
from sqlalchemy.engine.interfaces import DBAPICursor

from gateway.store import carried, migrate
from gateway.store.checkpoint import Checkpointer
from gateway.store.engines import PostgresPen, SqlitePen, sqlite_path, writing_engine
from gateway.store.errors import StoreFailed
from gateway.store.group import Group
from gateway.store.lock import FileLock, take_postgres_lock
from gateway.store.rows import check_journal, write_journal, write_projections, write_rest
from gateway.store.statements import KEYS_AT_ONCE, Statements

Head = tuple[int, bytes]
NO_HEAD = "the record of the journal's end is missing; `tocsin verify-log` says more"


class Writer:
    """Holds the one-writer lock until `close`. One transaction at a time, from any thread."""

    def __init__(self, url: URL) -> None:
        self._name = url.render_as_string(hide_password=True)
        self._engine = writing_engine(url)
        self.statements = Statements(self._engine.dialect)
        self._mutex = threading.Lock()
        self._head: Head | None = None
        self._in_doubt = False  # the last commit failed; it may have arrived all the same
        self._lock: FileLock | None = None
        self._pen: SqlitePen | PostgresPen | None = None
        self._checkpointer: Checkpointer | None = None
        path = sqlite_path(url)
        try:
            if path is None:
                self._pen = self._postgres_pen()
                migrate.bring_to_head(self._engine)
            else:
                self._lock = FileLock(path)
                migrate.bring_to_head(self._engine)
                self._pen = SqlitePen(self._engine)
                self._checkpointer = Checkpointer(path)
        except StoreFailed:
            self.close()
            raise
        except Exception as error:
            self.close()
            raise StoreFailed(f"{self._name} cannot be opened: {error}") from error

    def commit(self, group: Group) -> None:
        """Raises StoreFailed. The same group again is then right: should it have arrived after all, nothing is done."""
        with self._mutex:
            rows = group.journal
            if rows:
                head = self._head or self._read_head()
                if self._in_doubt and rows[-1].hash == head[1]:
                    self._in_doubt = False
                    return
                check_journal(rows, head)
            self._transact(lambda cursor: _write(cursor, self.statements, group))
            if rows:
                self._head = (rows[-1].index, rows[-1].hash)
            if self._checkpointer is not None and isinstance(self._pen, SqlitePen):
                self._checkpointer.look(self._pen.connection)

    def run(self, work: Callable[[DBAPICursor], Any]) -> None:
        """Everything `work` writes, in one transaction. Raises StoreFailed."""
        with self._mutex:
            self._transact(work)

    def asked(self, work: Callable[[DBAPICursor], int]) -> int:
        """What `work` says of what it has written, in one transaction. Raises StoreFailed."""
        said: list[int] = []
        self.run(lambda cursor: said.append(work(cursor)))
        return said[0]

    def known_keys(self, keys: Sequence[str]) -> set[str]:
        """Those that are in the journal. Asked for every change of a verdict: 10 µs, where a pooled read takes 110."""
        found: set[str] = set()
        most = KEYS_AT_ONCE[-1]
        with self._mutex:
            for start in range(0, len(keys), most):
                some = list(keys[start : start + most])
                size = next(size for size in KEYS_AT_ONCE if size >= len(some))
                some += some[-1:] * (size - len(some))
                found.update(row[0] for row in self._ask(self.statements.known_keys[size], some))
        return found

    def close(self) -> None:
        """Lets go of the database; the lock last."""
        if self._checkpointer is not None:
            self._checkpointer.close()
        if self._pen is not None:
            self._pen.close()
        self._engine.dispose()
        if self._lock is not None:
            self._lock.release()

    def _transact(self, work: Callable[[DBAPICursor], Any]) -> None:
        pen = self._pen or self._reconnect()
        try:
            with pen.transaction() as cursor:
                work(cursor)
            self._in_doubt = False
        except Exception as error:
            self._in_doubt = True
            self._head = None
            raise self._failed(pen, error) from error

    def _failed(self, pen: SqlitePen | PostgresPen, error: Exception) -> StoreFailed:
        if isinstance(pen, PostgresPen) and pen.lost:
            pen.close()
            self._pen = None
        return StoreFailed(f"{self._name}: {error}")

    def _read_head(self) -> Head:
        rows = self._ask(self.statements.read_head, ())
        if not rows:
            raise StoreFailed(f"{self._name}: {NO_HEAD}")
        self._head = rows[0][0], rows[0][1]
        return self._head

    def _ask(self, sql: str, values: Sequence[Any]) -> list[Any]:
        pen = self._pen or self._reconnect()
        try:
            return pen.ask(sql, values)
        except Exception as error:
            raise self._failed(pen, error) from error

    def _reconnect(self) -> PostgresPen:
        try:
            self._pen = pen = self._postgres_pen()
        except StoreFailed:
            raise
        except Exception as error:
            raise StoreFailed(f"{self._name} cannot be reached: {error}") from error
        return pen

    def _postgres_pen(self) -> PostgresPen:
        pen = PostgresPen(self._engine)
        try:
            take_postgres_lock(pen.connection, self._name)
        except Exception:
            pen.close()
            raise
        return pen


def _write(cursor: DBAPICursor, statements: Statements, group: Group) -> None:
    if group.journal:
        write_journal(cursor, statements, group.journal)
    write_projections(cursor, statements, group)
    if group.answers or group.documents or group.texts or group.snapshot is not None:
        write_rest(cursor, statements, group)
    if group.milestone is not None or group.anchor is not None:
        carried.write(cursor, statements, group)
