"""The stores of runs: real ones, in memory, opened once and emptied for each run; and what they hold when it is over.

To open a database takes longer than an ordinary run. What a crash leaves in it does not depend on who opens it again:
that a killed gateway's files can be taken up is shown with real processes (`tests/e2e/test_kill.py`).
"""

from __future__ import annotations

import atexit
import shutil
import sqlite3
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from api.ports import IncidentQuery
from gateway.auditor import audit
from gateway.core import TELEMETRY_FOLDER
from gateway.desk import recover
from gateway.documents import StoredDocuments
from gateway.replay import add_outcome, compared
from gateway.store import Group, Store, StoreFailed
from gateway.store.chain import BrokenAt
from gateway.telemetry import Telemetry
from rules.codec import decode_event, decode_incident, decode_order, decode_shelf
from rules.engine import Engine
from rules.instant import Instant
from rules.level import Level
from rules.state import State, encode_state
from simulators.record import Record

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 # nosec B108 - a folder of one's own is made there
AUDIT_TOLERANCE_MS = 1_500  # beyond the second in which a clock that was set is noticed
EFFECTS_MAX = 10_000


def memory() -> Path | None:
    """Where files cost no disk, if there is such a place."""
    return SHARED_MEMORY if SHARED_MEMORY.is_dir() else None


class Stores:
    """One process's."""

    def __init__(self, folder: Path) -> None:
        self._file, self._empty = folder / "journal.sqlite", folder / "empty.sqlite"
        Store.open(f"sqlite:///{self._empty}").close()
        self.journal = Store.open(f"sqlite:///{self._file}")
        self.scratch = Store.open(f"sqlite:///{folder / 'scratch.sqlite'}")

    def fresh(self) -> Store:
        """The journal's, empty. The one of the run before must not be used any more."""
        with sqlite3.connect(self._empty) as empty, sqlite3.connect(self._file) as file:
            empty.backup(file)
        empty.close()
        file.close()
        self._forget_the_end()
        return self.journal

    def close(self) -> None:
        self.journal.close()
        self.scratch.close()
        shutil.rmtree(self._file.parent, ignore_errors=True)

    def _forget_the_end(self) -> None:
        """A writer that has failed reads anew where the journal ends."""

        def breaks() -> Iterator[Group]:
            raise ValueError("emptied")
            yield

        try:
            self.journal.replace_projections(breaks())
        except StoreFailed:
            return


@cache
def stores() -> Stores:
    made = Stores(Path(mkdtemp(prefix="tocsin-fuzz-", dir=memory())))
    atexit.register(made.close)
    return made


def read_stores(record: Record, store: Store, scratch: Store, folder: Path) -> None:
    while page := store.entries_after(len(record.entries), 5_000):
        record.entries += page
    record.journal = list(store.journal())
    for table, key, body in store.projections():
        if not body.startswith(b"{"):
            continue  # it does not read back: a difference to what the journal makes
        if table == "incidents":
            record.incidents[key] = decode_incident(body)
        elif table == "orders":
            record.orders[key] = decode_order(body)
        elif table == "shelves":
            record.shelves[key] = decode_shelf(body)
    record.outbox = [due.effect for due in store.outbox_due(2**62, EFFECTS_MAX)]
    open_ones = store.incidents(IncidentQuery(level=Level.I, open=True, limit=200)).items
    record.open_incidents = {each.id for each in open_ones}
    record.letters = sum(letter.count for letter in store.dead_letters(limit=200).items)
    verified = store.verify()
    record.chain = verified.why if isinstance(verified, BrokenAt) else ""
    _replay(record, store, scratch)
    findings, _, _ = audit(store, AUDIT_TOLERANCE_MS)
    record.audit = [(each.what, each.due_at, each.done_at) for each in findings]
    _read_telemetry(record, folder)


def _replay(record: Record, store: Store, scratch: Store) -> None:
    engine, group = Engine(State(), StoredDocuments(store)), Group()
    for row in record.journal:
        add_outcome(group, engine.step(decode_event(row.event), row.at))
    record.replayed = encode_state(engine.state)
    record.recovered = encode_state(recover(store, StoredDocuments(store))[0].state)
    scratch.replace_projections([group])
    record.differences = list(compared(store.projections(), scratch.projections()))


def _read_telemetry(record: Record, folder: Path) -> None:
    stored = Telemetry(folder / TELEMETRY_FOLDER, writer=False)
    try:
        for message in record.messages:
            key = message.mode.value, message.device
            if key not in record.telemetry:
                record.telemetry[key] = list(stored.window(stored.source(*key), 0))
    finally:
        stored.close()


def lose_telemetry(folder: Path, since: Instant) -> None:
    """A power cut: what was written last never came to the disk."""
    for path in (folder / TELEMETRY_FOLDER).glob("*.sqlite"):
        if path.name == "index.sqlite":
            continue
        with sqlite3.connect(path) as connection:
            connection.execute("DELETE FROM rows WHERE received >= ?", (since,))
        connection.close()
        path.with_suffix(".by_source").unlink(missing_ok=True)
