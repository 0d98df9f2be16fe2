"""Whoever changes the journal behind the gateway's back is refused, or found out."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError

from gateway.store import BrokenAt, Group, Store, Verified
from tests.support import groups
from tests.support.groups import AT, Journal, entry

ROWS = 12


def filled(url: str) -> None:
    journal = Journal()
    with Store.open(url) as store:
        rows = [
            journal.row(event=b'{"n":%d}' % n, key=f"{n:02d}/{n:02d}" if n % 3 else None, at=AT + n)
            for n in range(ROWS)
        ]
        store.commit(Group(journal=rows, entries=[entry(position) for position in range(1, 4)]))


@pytest.mark.parametrize("table", ["journal", "entries"])
@pytest.mark.parametrize("change", ["UPDATE {0} SET at = 0", "DELETE FROM {0}", "UPDATE {0} SET at = at"])
def test_the_database_itself_refuses_to_change_what_was_appended(url: str, table: str, change: str) -> None:
    filled(url)
    with pytest.raises(DBAPIError, match=f"{table} is append-only"):
        groups.execute(url, change.format(table))
    with Store.open(url) as store:
        assert isinstance(store.verify(), Verified)
        assert len(store.entries_after(0)) == 3


@pytest.mark.parametrize(
    "replacement",
    [
        "INSERT OR REPLACE INTO journal VALUES (4, 0, NULL, x'7b7d', x'00')",
        "INSERT OR REPLACE INTO journal VALUES (99, 0, '04/04', x'7b7d', x'00')",
        "INSERT OR REPLACE INTO entries VALUES (2, NULL, 0, 0, 'noted', NULL, x'7b7d')",
    ],
)
def test_sqlite_refuses_to_replace_what_was_appended(tmp_path: Path, replacement: str) -> None:
    url = f"sqlite:///{tmp_path}/tocsin.sqlite"
    filled(url)
    with pytest.raises(DBAPIError, match="already"):
        groups.execute(url, replacement)


def test_postgresql_refuses_to_truncate_what_was_appended(postgres: object) -> None:
    assert callable(postgres)
    url = postgres()
    filled(url)
    for table in ("journal", "entries"):
        with pytest.raises(DBAPIError, match=f"{table} is append-only"):
            groups.execute(url, f"TRUNCATE {table}")


class Tampered:
    """A filled database without its triggers; each `verify` is of one change, which is taken back."""

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder}/tocsin.sqlite"
        filled(self.url)
        self.connection = sqlite3.connect(folder / "tocsin.sqlite", isolation_level=None)
        for name in ("update", "delete", "replace"):
            self.connection.execute(f"DROP TRIGGER journal_refuses_{name}")

    def verify(self, *changes: tuple[str, tuple[object, ...]]) -> Verified | BrokenAt:
        self.connection.execute("CREATE TABLE kept AS SELECT * FROM journal")
        self.connection.execute("CREATE TABLE kept_head AS SELECT * FROM journal_head")
        for sql, values in changes:
            self.connection.execute(sql, values)
        with Store.open(self.url, writer=False) as store:
            verified = store.verify()
        for table in ("journal", "journal_head"):
            kept = "kept" if table == "journal" else "kept_head"
            self.connection.executescript(
                f"DELETE FROM {table}; INSERT INTO {table} SELECT * FROM {kept}; DROP TABLE {kept}"
            )
        return verified


@pytest.fixture
def tampered(tmp_path: Path) -> Iterator[Tampered]:
    made = Tampered(tmp_path)
    yield made
    made.connection.close()


def test_an_untouched_journal_is_verified_to_its_head(tampered: Tampered) -> None:
    verified = tampered.verify()
    assert isinstance(verified, Verified)
    assert verified.rows == ROWS


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, ROWS), st.sampled_from(["event", "hash", "key"]), st.integers(0, 31), st.integers(1, 255))
def test_any_changed_byte_is_found_and_named_by_its_row(
    tampered: Tampered, index: int, column: str, place: int, flip: int
) -> None:
    (old,) = tampered.connection.execute(f'SELECT {column} FROM journal WHERE "index" = ?', (index,)).fetchone()
    changed: object = "a key it never had"
    if isinstance(old, str):
        place %= len(old)
        changed = old[:place] + chr(ord(old[place]) ^ flip) + old[place + 1 :]
    elif isinstance(old, bytes):
        place %= len(old)
        changed = old[:place] + bytes([old[place] ^ flip]) + old[place + 1 :]
    found = tampered.verify((f'UPDATE journal SET {column} = ? WHERE "index" = ?', (changed, index)))
    assert found == BrokenAt(index, "what the row says does not give its hash")


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, ROWS), st.integers(-(2**63), 2**63 - 1))
def test_a_changed_instant_is_found(tampered: Tampered, index: int, at: int) -> None:
    found = tampered.verify(('UPDATE journal SET at = ? WHERE "index" = ?', (at, index)))
    assert isinstance(found, Verified) if at == AT + index - 1 else found.index == index  # type: ignore[union-attr]


@pytest.mark.parametrize("value", ["text", 7, 1.5])
@pytest.mark.parametrize("column", ["event", "hash", "at"])
def test_a_value_of_another_type_is_found_too(tampered: Tampered, column: str, value: object) -> None:
    found = tampered.verify((f'UPDATE journal SET {column} = ? WHERE "index" = 5', (value,)))
    assert found == BrokenAt(5, "what the row says does not give its hash")


@pytest.mark.parametrize("index", range(1, ROWS + 1))
def test_a_removed_row_is_missed_by_name(tampered: Tampered, index: int) -> None:
    found = tampered.verify(('DELETE FROM journal WHERE "index" = ?', (index,)))
    assert isinstance(found, BrokenAt)
    assert found.index == index


def test_a_journal_that_was_cut_off_is_missed(tampered: Tampered) -> None:
    found = tampered.verify(('DELETE FROM journal WHERE "index" > 7', ()))
    assert found == BrokenAt(8, f"the journal ends at 7, but {ROWS} rows were written")
    assert isinstance(tampered.verify(("DELETE FROM journal", ())), BrokenAt)


def test_a_row_that_was_added_is_found(tampered: Tampered) -> None:
    journal = Journal()
    with Store.open(tampered.url, writer=False) as store:
        journal.index, journal.hash = store.head()
    row = journal.row()
    added = (row.index, row.at, row.key, row.event, row.hash)
    found = tampered.verify(("INSERT INTO journal VALUES (?, ?, ?, ?, ?)", added))
    assert found == BrokenAt(ROWS + 1, f"the row was added: {ROWS} rows were written")
    before_all = (0, *added[1:])
    assert isinstance(tampered.verify(("INSERT INTO journal VALUES (?, ?, ?, ?, ?)", before_all)), BrokenAt)


def test_two_rows_that_changed_places_are_found(tampered: Tampered) -> None:
    swap = 'UPDATE journal SET "index" = ? WHERE "index" = ?'
    found = tampered.verify((swap, (-1, 4)), (swap, (4, 5)), (swap, (5, -1)))
    assert found == BrokenAt(4, "what the row says does not give its hash")


def test_a_record_of_the_end_that_was_changed_or_removed_is_found(tampered: Tampered) -> None:
    assert isinstance(tampered.verify(("DELETE FROM journal_head", ())), BrokenAt)
    found = tampered.verify(("UPDATE journal_head SET hash = x'00'", ()))
    assert found == BrokenAt(ROWS, "the last row's hash is not the one on record: rows were rewritten")


@pytest.mark.parametrize("change", ["event = '\\x7b'", "at = at + 1", "key = 'other'", "hash = '\\x00'"])
def test_what_was_altered_in_postgresql_is_found_by_its_row(postgres: Callable[[], str], change: str) -> None:
    url = postgres()
    filled(url)
    groups.execute(url, "ALTER TABLE journal DISABLE TRIGGER ALL", f'UPDATE journal SET {change} WHERE "index" = 5')
    with Store.open(url, writer=False) as store:
        assert store.verify() == BrokenAt(5, "what the row says does not give its hash")


def test_a_row_that_is_missing_in_postgresql_is_missed_by_name(postgres: Callable[[], str]) -> None:
    url = postgres()
    filled(url)
    groups.execute(url, "ALTER TABLE journal DISABLE TRIGGER ALL", 'DELETE FROM journal WHERE "index" IN (1, 7)')
    with Store.open(url, writer=False) as store:
        found = store.verify()
    assert isinstance(found, BrokenAt)
    assert found.index == 1
