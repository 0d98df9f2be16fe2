"""One writer: two gateways on one database would each believe in a journal of their own."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Any, TextIO

from gateway.store.errors import StoreFailed, StoreLocked

POSTGRES_LOCK = 0x746F6373696E  # "tocsin": advisory locks are numbers, shared by all who use the database
POSTGRES_LOCK_WAIT_MS = 1_000  # of a writer that was killed the server hears only when its last statement is done


class FileLock:
    """Held as long as the file is open: a process that dies lets go of it."""

    def __init__(self, database: Path) -> None:
        self.path = database.with_name(database.name + ".lock")
        try:
            self._file: TextIO = self.path.open("a+")
        except OSError as error:
            raise StoreFailed(f"{self.path} cannot be opened: {error.strerror}") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.seek(0)
            holder = self._file.read().strip() or "unknown"
            self._file.close()
            raise StoreLocked(f"another gateway (process {holder}) writes to {database}; only one may") from None
        self._file.truncate(0)
        self._file.write(f"{os.getpid()}\n")
        self._file.flush()

    def release(self) -> None:
        self._file.close()


def take_postgres_lock(connection: Any, name: str) -> None:
    """A session lock on a psycopg connection: the server lets go of it when the connection ends."""
    import psycopg  # with a SQLite store nobody needs it: 40 ms of a start

    try:
        connection.execute(f"SET LOCAL lock_timeout = {POSTGRES_LOCK_WAIT_MS}")
        connection.execute("SELECT pg_advisory_lock(%s)", (POSTGRES_LOCK,))
        connection.commit()
    except psycopg.errors.LockNotAvailable:
        connection.rollback()
        raise StoreLocked(f"another gateway writes to the database {name}; only one may") from None
