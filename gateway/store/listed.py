"""What lists and search ask of the store beyond one table's pages: the board, messages newest first, what was said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, func, select

from api.board_port import Board, BoardQuery, Column
from api.ports import IncidentQuery, NoticeQuery
from gateway.store.queries import clamp, incident_filters
from gateway.store.reader import Ask
from gateway.store.schema import FAILED_NOTICES, NOTICES, OPEN, entries, incidents, orders
from rules.codec import decode_entry, decode_incident, decode_order
from rules.incident import Incident
from rules.instant import DAY_MS
from rules.order import Node
from rules.timeline import Entry, Kind

NEVER = 1_000_000 * DAY_MS  # after every limit: an order without one stands behind those that have one
_COLUMNS = {
    "acceptance": Node.OPEN,
    "survey": Node.ACCEPTED,
    "repair": Node.SURVEYED,
    "verification": Node.REPAIRED,
}


def board(ask: Ask, query: BoardQuery) -> Board:
    counted: dict[tuple[str, bool], int] = {}
    c = orders.c
    counts = _waiting(select(c.node, c.overdue, func.count()), query).group_by(c.node, c.overdue)
    for node, overdue, count in ask(counts):
        counted[node, bool(overdue)] = count
    columns = {name: _column(ask, query, node, counted) for name, node in _COLUMNS.items()}
    return Board(**columns)


def _column(ask: Ask, query: BoardQuery, node: Node, counted: dict[tuple[str, bool], int]) -> Column:
    overdue = counted.get((node.value, True), 0)
    count = overdue + counted.get((node.value, False), 0)
    if not count:
        return Column(0, 0, [])
    c = orders.c
    statement = _waiting(select(c.body), query).where(c.node == node.value)
    ordered = statement.order_by(c.overdue.desc(), func.coalesce(c.due_at, NEVER), c.opened_at, c.id)
    rows = ask(ordered.limit(clamp(query.limit)))
    return Column(count, overdue, [decode_order(row[0]) for row in rows])


def _waiting(statement: Select[Any], query: BoardQuery) -> Select[Any]:
    wanted = {
        "site": query.site,
        "zone": query.zone,
        "kind": query.kind and query.kind.value,
        "mode": query.mode and query.mode.value,
        "role": query.role,
        "assignee": query.assignee,
    }
    statement = statement.where(OPEN)
    statement = statement.where(*(orders.c[name] == value for name, value in wanted.items() if value is not None))
    return statement if query.sites is None else statement.where(orders.c.site.in_(sorted(query.sites)))


def notices(ask: Ask, query: NoticeQuery, before: int) -> list[Entry]:
    """Below a position, the newest first, one more than the limit: so that the caller knows of a next page."""
    c = entries.c
    part = FAILED_NOTICES if query.failed else NOTICES
    statement = select(c.body).where(part, c.position < before)
    if query.failed is False:
        statement = statement.where(c.kind != Kind.NOTICE_FAILED.value)
    if query.incident is not None:
        statement = statement.where(c.incident == query.incident)
    rows = ask(statement.order_by(c.position.desc()).limit(clamp(query.limit) + 1))
    return [decode_entry(row[0]) for row in rows]


# Search


def last_position(ask: Ask) -> int:
    last: int = ask(select(func.coalesce(func.max(entries.c.position), 0)))[0][0]
    return last


def entry_at(ask: Ask, position: int) -> bytes | None:
    rows = ask(select(entries.c.body).where(entries.c.position == position))
    return bytes(rows[0][0]) if rows else None


def touched(ask: Ask, after: int, until: int) -> list[str]:
    """The incidents that have entries with `after` < position ≤ `until`."""
    c = entries.c
    statement = select(c.incident).where(c.position > after, c.position <= until, c.incident.is_not(None)).distinct()
    return [row[0] for row in ask(statement)]


def said(ask: Ask, after: int, until: int, kinds: Sequence[str]) -> list[Entry]:
    c = entries.c
    statement = select(c.body).where(c.position > after, c.position <= until, c.kind.in_(kinds))
    return [decode_entry(row[0]) for row in ask(statement.where(c.incident.is_not(None)).order_by(c.position))]


def incidents_named(ask: Ask, ids: Sequence[str]) -> dict[str, Incident]:
    """Those of `ids` that there are."""
    statement = select(incidents.c.id, incidents.c.body).where(incidents.c.id.in_(ids))
    return {row[0]: decode_incident(row[1]) for row in ask(statement)}


def those_that_match(ask: Ask, ids: Sequence[str], query: IncidentQuery) -> set[str]:
    """Those of `ids` that all filters of `query` hold for, but its text and cursor; none of their documents is read."""
    statement = incident_filters(select(incidents.c.id).where(incidents.c.id.in_(ids)), query)
    return {row[0] for row in ask(statement)}
