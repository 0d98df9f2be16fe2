"""Brings what stands in a SQLite write-ahead log into its database, in a thread of its own.

SQLite would do it inside the commit that makes the log too long, and that commit would then wait for the disk for tens
of milliseconds, the event loop with it.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from pathlib import Path

log = logging.getLogger(__name__)

WAL_BYTES_WANTED = 4 * 1024 * 1024  # SQLite's own default, 1000 pages: read back quickly after a crash
WAL_BYTES_MAX = 64 * 1024 * 1024  # a log that never came to rest: the writer stops for it, once
PASSES_MAX = 4  # each goes over what was written during the one before: the second is short already
BUSY_TIMEOUT_MS = 1_000


class Checkpointer:
    """One for a database file. The writer calls `look` after commits; it costs a stat."""

    def __init__(self, database: Path) -> None:
        self.database = database
        self._wal = f"{database}-wal"
        self._wanted = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name=f"checkpoint {database.name}", daemon=True)
        self._thread.start()

    def look(self, writer: sqlite3.Connection) -> None:
        """`writer` must not be in a transaction."""
        try:
            wal_bytes = os.stat(self._wal).st_size
        except OSError:
            return
        if wal_bytes > WAL_BYTES_MAX:
            writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        elif wal_bytes > WAL_BYTES_WANTED:
            self._wanted.set()

    def close(self) -> None:
        self._closing = True
        self._wanted.set()
        self._thread.join()

    def _run(self) -> None:
        connection = sqlite3.connect(self.database, isolation_level=None)
        try:
            connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
            while self._wanted.wait() and not self._closing:
                self._wanted.clear()
                self._checkpoint(connection)
        finally:
            connection.close()

    def _checkpoint(self, connection: sqlite3.Connection) -> None:
        try:
            for _ in range(PASSES_MAX):
                busy, written, brought = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
                if busy or written == brought:
                    return
        except sqlite3.Error as error:  # the next commit asks again; past WAL_BYTES_MAX the writer sees it itself
            log.warning("checkpoint of %s failed: %s", self.database, error)
