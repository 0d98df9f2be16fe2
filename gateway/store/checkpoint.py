"""Brings what stands in a SQLite write-ahead log into its database, in a thread of its own.

SQLite would do it inside the commit that makes the log too long, and that commit would then wait until thousands of
pages are on the disk, the event loop with it. Here the thread brings over the bulk, and the writer, between two
commits, the few pages that were written meanwhile: only when nothing is left can the log begin anew.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from pathlib import Path

log = logging.getLogger(__name__)

WAL_BYTES_WANTED = 4 * 1024 * 1024  # SQLite's own default, 1000 pages: read back quickly after a crash
WAL_BYTES_MAX = 64 * 1024 * 1024  # the thread does not keep up: the writer does it all, and waits for it
PRAGMAS = ("wal_autocheckpoint=0", f"journal_size_limit={WAL_BYTES_WANTED}")  # for the connection that writes
BUSY_TIMEOUT_MS = 1_000

_CHECKPOINT = "PRAGMA wal_checkpoint(PASSIVE)"  # waits for nobody; goes over what was in the log when it began


class Checkpointer:
    """One for a database file. The writer calls `look` after commits; it costs a stat."""

    def __init__(self, database: Path) -> None:
        self.database = database
        self._wal = f"{database}-wal"
        self._wanted = threading.Event()
        self._running = False
        self._left = False  # the thread is through; what was committed meanwhile is the writer's to bring over
        self._closing = False
        self._retiring: sqlite3.Connection | None = None
        self._thread = threading.Thread(target=self._run, name=f"checkpoint {database.name}", daemon=True)
        self._thread.start()

    def look(self, writer: sqlite3.Connection) -> None:
        """`writer` must not be in a transaction. What it has committed stays so, whatever happens here."""
        if self._left:
            self._left = False
            self._try(writer, _CHECKPOINT)
            return
        try:
            wal_bytes = os.stat(self._wal).st_size  # a log that began anew is shortened to WAL_BYTES_WANTED
        except OSError:
            return
        if wal_bytes > WAL_BYTES_MAX:
            self._try(writer, "PRAGMA wal_checkpoint(TRUNCATE)")
        elif wal_bytes > WAL_BYTES_WANTED and not self._running:
            self._running = True
            self._wanted.set()

    def retire(self, writer: sqlite3.Connection | None = None) -> None:
        """Ends the thread, which closes `writer` first: the last one to close a database brings its whole log over."""
        self._retiring = writer
        self._closing = True
        self._wanted.set()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def join(self) -> None:
        self._thread.join()

    def close(self) -> None:
        self.retire()
        self.join()

    def _run(self) -> None:
        connection = sqlite3.connect(self.database, isolation_level=None)
        try:
            connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
            while self._wanted.wait() and not self._closing:
                self._wanted.clear()
                self._checkpoint(connection)
        finally:
            connection.close()
            if self._retiring is not None:
                self._retiring.close()

    def _checkpoint(self, connection: sqlite3.Connection) -> None:
        self._left = self._try(connection, _CHECKPOINT)
        self._running = False

    def _try(self, connection: sqlite3.Connection, checkpoint: str) -> bool:
        try:
            connection.execute(checkpoint).fetchall()
        except sqlite3.Error as error:  # the log grows on; in the end a commit says that the disk is full
            log.warning("checkpoint of %s failed: %s", self.database, error)
            return False
        return True
