"""What follows from the journal, laid open so that it can be compared with a rebuild, and replaced by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sqlalchemy import Table, collate, select
from sqlalchemy.engine.interfaces import DBAPICursor

from gateway.store.group import Group
from gateway.store.reader import CHUNK_ROWS, Reader
from gateway.store.rows import (
    action_row,
    drill_row,
    effect_row,
    entry_row,
    handover_row,
    incident_row,
    order_row,
    shelf_row,
    write_projections,
)
from gateway.store.schema import actions, detections, drills, entries, handovers, incidents, orders, outbox, shelves
from gateway.store.statements import Statements
from rules.codec import (
    decode_action,
    decode_drill,
    decode_effect,
    decode_entry,
    decode_handover,
    decode_incident,
    decode_order,
    decode_shelf,
)

Projected = tuple[str, str, bytes]
"""(table, key, body)."""

_BODIES: dict[Table, Callable[[bytes], tuple[Any, ...]]] = {
    entries: lambda body: entry_row(decode_entry(body)),
    incidents: lambda body: incident_row(decode_incident(body)),
    orders: lambda body: order_row(decode_order(body)),
    actions: lambda body: action_row(decode_action(body)),
    handovers: lambda body: handover_row(decode_handover(body)),
    drills: lambda body: drill_row(decode_drill(body)),
    shelves: lambda body: shelf_row(decode_shelf(body)),
    outbox: lambda body: effect_row(decode_effect(body)),
}
TABLES = (actions, detections, drills, entries, handovers, incidents, orders, outbox, shelves)  # by name
_RUNNING = {"attempts", "next_try_at"}  # of the outbox: what became of trying, which no journal row says


def read(reader: Reader) -> Iterator[Projected]:
    """By table, then key, in the order of bytes: the same on every database. Raises StoreFailed.

    A body comes as this version writes it: one that an earlier version has written lacks the fields that came since.
    Where a column contradicts the body, the body comes with that column's name before it and so equals no rebuild.
    """
    for table in TABLES:
        for key, row in _ordered(reader, table):
            yield table.name, str(key), _body(table, row)


def _ordered(reader: Reader, table: Table) -> Iterator[tuple[Any, Any]]:
    """(key, row): a whole number in its order, names joined by "/" in the order of their bytes."""
    first, *others = table.primary_key
    key: Any = first
    for column in others:
        key = key + "/" + column
    if key.type.python_type is str:
        key = collate(key, "C" if reader.engine.dialect.name == "postgresql" else "BINARY")
    statement = select(table, key.label("key_of_row")).order_by(key).limit(CHUNK_ROWS)
    chunk = reader.rows(statement)
    while chunk:
        yield from ((row.key_of_row, row._mapping) for row in chunk)
        chunk = reader.rows(statement.where(key > chunk[-1].key_of_row))


def _body(table: Table, row: Any) -> bytes:
    if table not in _BODIES:
        return b""
    body = row["body"]
    if not isinstance(body, bytes):
        return f"body is not bytes: {body!r}".encode()
    try:
        said = _BODIES[table](body)
    except ValueError as error:
        return f"body is not readable ({error}): ".encode() + body
    columns = {column.name: value for column, value in zip(table.c, said, strict=True)}
    written: bytes = columns.pop("body")
    for name, value in columns.items():
        if name not in _RUNNING and row[name] != value:
            return f"column {name} is {row[name]!r}: ".encode() + body
    return written


def replace(cursor: DBAPICursor, sql: Statements, groups: Iterable[Group]) -> None:
    """Empties the projections and writes those of `groups`; journal, answers, documents and snapshots stay."""
    guards = _lift_guards(cursor, sql)
    for table in TABLES:
        cursor.execute(str(table.delete()), ())
    for group in groups:
        write_projections(cursor, sql, group)
    for guard in guards:
        cursor.execute(guard, ())


def _lift_guards(cursor: DBAPICursor, sql: Statements) -> list[str]:
    """Lets rows of `entries` be deleted; returns the statements that forbid it again."""
    if sql.dialect == "postgresql":
        cursor.execute("ALTER TABLE entries DISABLE TRIGGER entries_refuses_delete", ())
        return ["ALTER TABLE entries ENABLE TRIGGER entries_refuses_delete"]
    cursor.execute("SELECT sql FROM sqlite_master WHERE name = 'entries_refuses_delete'", ())
    guards = [row[0] for row in cursor.fetchall()]
    cursor.execute("DROP TRIGGER IF EXISTS entries_refuses_delete", ())
    return guards
