"""A group as rows of the tables, in the columns' order. What is written here a replay writes again, byte for byte."""

from __future__ import annotations

from collections import Counter
from hashlib import sha256
from typing import Any

from sqlalchemy.engine.interfaces import DBAPICursor

from gateway.store.chain import chain_hash
from gateway.store.group import Detection, Group, JournalRow
from gateway.store.statements import Statements
from gateway.store.texts import storable
from rules.codec import encode
from rules.drill import Drill
from rules.effects import Effect
from rules.handover import Handover
from rules.incident import Incident
from rules.order import WorkOrder
from rules.shelf import Shelf
from rules.state import ActionState
from rules.timeline import Entry

Row = tuple[Any, ...]

DUE_AT_ONCE = 0
NAME_CHARACTERS_MAX = 200  # of what people are called, where a column is searched by it; the body has all of it


def entry_row(entry: Entry) -> Row:
    return (
        entry.position,
        entry.incident,
        entry.number,
        entry.at,
        entry.kind.value,
        entry.device,
        encode(entry),
    )


def incident_row(incident: Incident) -> Row:
    return (
        incident.id,
        incident.site,
        incident.zone,
        incident.level.severity,
        incident.phase.value,
        incident.signal.value,
        incident.mode.value,
        incident.hazard,
        incident.open,
        incident.opened_at,
        incident.updated_at,
        encode(incident),
    )


def order_row(order: WorkOrder) -> Row:
    return (
        order.id,
        order.site,
        order.zone,
        order.asset,
        order.fault,
        order.kind.value,
        order.node.value,
        order.mode.value,
        _name(order.role),
        None if order.assignee is None else _name(order.assignee),
        order.open,
        order.overdue,
        order.opened_at,
        order.due_at,
        encode(order),
    )


def action_row(action: ActionState) -> Row:
    return (
        action.id,
        action.incident,
        action.site,
        _name(action.owner),
        action.open,
        action.overdue,
        action.asked_at,
        action.due_at,
        encode(action),
    )


def handover_row(handover: Handover) -> Row:
    return (
        handover.id,
        handover.site,
        _name(handover.outgoing),
        _name(handover.incoming),
        handover.done,
        handover.filled_at,
        encode(handover),
    )


def shelf_row(shelf: Shelf) -> Row:
    return (
        shelf.id,
        (shelf.device or shelf.zone or "").partition("/")[0] or None,
        shelf.device,
        shelf.zone,
        shelf.rule,
        shelf.maintenance,
        shelf.ended_at is None,
        shelf.since,
        shelf.until,
        encode(shelf),
    )


def drill_row(drill: Drill) -> Row:
    return (
        drill.id,
        drill.site,
        drill.stage.value,
        drill.open,
        None if drill.score is None else drill.score.passed,
        drill.started_at,
        encode(drill),
    )


def _name(text: str) -> str:
    return storable(text, NAME_CHARACTERS_MAX)


def effect_row(effect: Effect) -> Row:
    return (effect.id, type(effect).__name__, encode(effect), 0, DUE_AT_ONCE, effect.expires_at)


def check_journal(rows: list[JournalRow], head: tuple[int, bytes]) -> None:
    """Raises ValueError when the rows do not follow on the journal's head: a fault of the caller, never of the disk."""
    index, previous = head
    for row in rows:
        index += 1
        if row.index != index:
            raise ValueError(f"journal row {row.index} does not follow row {index - 1}")
        if chain_hash(previous, index, row.at, row.event, row.key) != row.hash:
            raise ValueError(f"journal row {index} has a hash that is not its own")
        previous = row.hash


def write_journal(cursor: DBAPICursor, sql: Statements, rows: list[JournalRow]) -> None:
    cursor.executemany(sql.journal, [(row.index, row.at, row.key, row.event, row.hash) for row in rows])
    cursor.execute(sql.head, (rows[-1].index, rows[-1].hash))


def write_projections(cursor: DBAPICursor, sql: Statements, group: Group) -> None:
    if group.entries:
        cursor.executemany(sql.entries, [entry_row(entry) for entry in group.entries])
    if group.incidents:
        cursor.executemany(sql.incidents, [incident_row(incident) for incident in group.incidents.values()])
    _write_records(cursor, sql, group)
    if group.outbox_put:
        cursor.executemany(sql.outbox_put, [effect_row(effect) for effect in group.outbox_put])
    if group.outbox_drop:
        cursor.executemany(sql.outbox_drop, [(id_,) for id_ in group.outbox_drop])
    if group.detections_open or group.detections_closed:
        opened, closed = _net(group.detections_open, group.detections_closed)
        if closed:
            cursor.executemany(sql.detections_closed, closed)
        if opened:
            cursor.executemany(sql.detections_open, opened)


def _write_records(cursor: DBAPICursor, sql: Statements, group: Group) -> None:
    if group.orders:
        cursor.executemany(sql.orders, [order_row(order) for order in group.orders.values()])
    if group.actions:
        cursor.executemany(sql.actions, [action_row(action) for action in group.actions.values()])
    if group.handovers:
        cursor.executemany(sql.handovers, [handover_row(handover) for handover in group.handovers.values()])
    if group.shelves:
        cursor.executemany(sql.shelves, [shelf_row(shelf) for shelf in group.shelves.values()])
    if group.drills:
        cursor.executemany(sql.drills, [drill_row(drill) for drill in group.drills.values()])


def write_rest(cursor: DBAPICursor, sql: Statements, group: Group) -> None:
    if group.answers:
        cursor.executemany(sql.answers, group.answers)
    if group.documents:
        cursor.executemany(sql.documents, group.documents)
    if group.texts:
        cursor.executemany(sql.texts, group.texts)
    if group.snapshot is not None:
        index, body = group.snapshot
        cursor.execute(sql.snapshot, (index, body, sha256(body).digest()))
        cursor.execute(sql.snapshots_expire, ())


def _net(opened: list[Detection], closed: list[Detection]) -> tuple[list[Detection], list[Detection]]:
    """What is left of openings and closings when those that cancel out are gone; their order does not matter then.

    One that opens twice stays twice, for the database to refuse.
    """
    if not (opened and closed):
        return opened, closed
    opens, closes = Counter(opened), Counter(closed)
    return list((opens - closes).elements()), list((closes - opens).elements())
