"""What is older than the anchor of a pruned journal and kept all the same: how it is carried over, read and proven."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Any

import msgspec
from sqlalchemy import Select, select
from sqlalchemy.engine.interfaces import DBAPICursor

from gateway.store.group import Group
from gateway.store.reader import CHUNK_ROWS, Reader
from gateway.store.schema import anchors, carried, milestones
from gateway.store.statements import Statements
from rules.codec import (
    decode_action,
    decode_effect,
    decode_entry,
    decode_handover,
    decode_incident,
    decode_order,
    decode_shelf,
)
from rules.instant import Instant

Carried = tuple[str, str, bytes]
"""(table, key, body). A detection has no body; its key is (mode, rule, device) as JSON."""


# ---- reading


def newest_anchor() -> Select[Any]:
    c = anchors.c
    return select(c["index"], c.at, c.hash, c.state, c.carried, c.entries).order_by(c["index"].desc())


def milestones_before(at: Instant, after: int, until: int) -> Select[Any]:
    """The newest first."""
    c = milestones.c
    statement = select(c["index"], c.at, c.hash, c.state).where(c.at <= at, c["index"] > after, c["index"] <= until)
    return statement.order_by(c["index"].desc())


def newest_milestone() -> Select[Any]:
    return select(milestones.c.at).order_by(milestones.c["index"].desc())


def carried_rows(reader: Reader, anchor: int) -> Iterator[Carried]:
    """In the order they were carried over."""
    c = carried.c
    statement = select(c.number, c.kind, c.key, c.body).where(c.anchor == anchor).order_by(c.number).limit(CHUNK_ROWS)
    last = 0
    while chunk := reader.rows(statement.where(c.number > last)):
        yield from ((row.kind, row.key, row.body) for row in chunk)
        last = chunk[-1].number


def hash_of_carried(rows: Iterable[Carried]) -> str:
    hash_ = sha256()
    for row in rows:
        hash_.update(msgspec.json.encode(row))
    return hash_.hexdigest()


def group_of(rows: Iterable[Carried]) -> Group:
    """What was carried over, to begin a rebuild with."""
    group = Group()
    for kind, key, body in rows:
        _TAKE[kind](group, key, body)
    return group


_TAKE: dict[str, Callable[[Group, str, bytes], object]] = {
    "entries": lambda group, _, body: group.entries.append(decode_entry(body)),
    "incidents": lambda group, key, body: group.incidents.__setitem__(key, decode_incident(body)),
    "orders": lambda group, key, body: group.orders.__setitem__(key, decode_order(body)),
    "actions": lambda group, key, body: group.actions.__setitem__(key, decode_action(body)),
    "handovers": lambda group, key, body: group.handovers.__setitem__(key, decode_handover(body)),
    "shelves": lambda group, key, body: group.shelves.__setitem__(key, decode_shelf(body)),
    "outbox": lambda group, _, body: group.outbox_put.append(decode_effect(body)),
    "detections": lambda group, key, _: group.detections_open.append(tuple(msgspec.json.decode(key))),
}


# ---- writing


def write(cursor: DBAPICursor, sql: Statements, group: Group) -> None:
    if group.milestone is not None:
        cursor.execute(sql.milestone, msgspec.structs.astuple(group.milestone))
    if group.anchor is not None:
        cursor.execute(sql.anchor, msgspec.structs.astuple(group.anchor))


def carry(cursor: DBAPICursor, sql: Statements, anchor: int, first: int, rows: Sequence[Carried]) -> None:
    """Numbered from `first`. They count once the anchor is committed."""
    values = [(anchor, first + place, *row) for place, row in enumerate(rows)]
    cursor.executemany(sql.carried, values)
