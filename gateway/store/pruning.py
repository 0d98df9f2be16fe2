"""Deletes what lies before the anchor, a little at a time, so that no commit of the gateway has to wait for it.

What goes follows from the anchor alone: killed at any moment, the next run goes on. The triggers of the tables refuse
whatever lies behind the anchor or was carried over it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Table, Text, and_, cast, delete, func, or_, select
from sqlalchemy.engine.interfaces import DBAPICursor, Dialect

from gateway.store.anchor import Anchor
from gateway.store.schema import (
    actions,
    anchors,
    carried,
    entries,
    handovers,
    incidents,
    journal,
    milestones,
    orders,
    shelves,
)

ROWS_AT_ONCE = 200  # a few milliseconds
RECORDS = (incidents, orders, actions, handovers, shelves)
Step = Callable[[DBAPICursor], int]


def steps(anchor: Anchor, made: dict[str, int], dialect: Dialect) -> list[Step]:
    """Each deletes some rows and says how many; it is done with when it says none. `made`: table → highest number."""
    at = anchor.index
    key_of_entry = and_(
        carried.c.anchor == at, carried.c.kind == "entries", carried.c.key == cast(entries.c.position, Text)
    )
    wanted = [
        _some(journal, journal.c["index"], journal.c["index"] <= at),
        _some(
            entries,
            entries.c.position,
            and_(entries.c.position <= anchor.entries, ~select(carried.c.key).where(key_of_entry).exists()),
        ),
    ]
    wanted += [_some(table, table.c.id, _past(table, at, made[table.name])) for table in RECORDS]
    wanted += [
        _some(milestones, milestones.c["index"], milestones.c["index"] <= at),
        _some(anchors, anchors.c["index"], anchors.c["index"] < at),
    ]
    wanted.append(_some(carried, carried.c.number, carried.c.anchor < at, carried.c.anchor < at))
    return [step_of(statement, dialect) for statement in wanted]


def _some(table: Table, key: ColumnElement[Any], where: ColumnElement[bool], *also: ColumnElement[bool]) -> Any:
    some = select(key).where(where).order_by(key).limit(ROWS_AT_ONCE)
    return delete(table).where(key.in_(some), *also).returning(key)


def _past(table: Table, anchor: int, made: int) -> ColumnElement[bool]:
    """`INC-999999` comes before `INC-1000000`: the length decides first."""
    id_ = table.c.id
    prefix = {"incidents": "INC", "orders": "WO", "actions": "CA", "handovers": "HO", "shelves": "SH"}[table.name]
    last = f"{prefix}-{made:06d}"
    older = or_(func.length(id_) < len(last), and_(func.length(id_) == len(last), id_ <= last))
    kept = select(carried.c.key).where(carried.c.anchor == anchor, carried.c.kind == table.name, carried.c.key == id_)
    return and_(older, ~kept.exists())


def step_of(statement: Any, dialect: Dialect) -> Step:
    sql = str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))  # numbers and our own ids

    def run(cursor: DBAPICursor) -> int:
        cursor.execute(sql, ())
        return len(cursor.fetchall())

    return run
