"""What is past its keeping, and what is carried over: worked out from a milestone, beside the running gateway.

Whatever the engine still had in its hands at the milestone is carried over, whole: it may have changed since, and a
rebuild has to come to it. What it had let go of by then no event can have touched again; of that, what a setting keeps
longer is carried over too, and so is what belongs to anything that is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Select, Table, select

from gateway.store import Store
from gateway.store.anchor import Anchor, Milestone, state_of
from gateway.store.carried import Carried, hash_of_carried
from gateway.store.reader import CHUNK_ROWS
from gateway.store.schema import actions, entries, handovers, incidents, orders, outbox, shelves
from rules.codec import (
    decode_action,
    decode_entry,
    decode_handover,
    decode_incident,
    decode_order,
    decode_shelf,
)
from rules.instant import Instant
from rules.state import State
from rules.timeline import Kind


class Records(Struct, frozen=True):
    """One kind of record: where it is, and when one of it was over."""

    table: Table
    began: str  # the column by which it can be asked for
    decode: Callable[[bytes], Any]
    over_at: Callable[[Any], Instant]

    @property
    def name(self) -> str:
        return str(self.table.name)


KINDS = (
    Records(incidents, "opened_at", decode_incident, lambda each: each.updated_at),
    Records(orders, "opened_at", decode_order, lambda each: each.records[-1].at if each.records else each.opened_at),
    Records(actions, "asked_at", decode_action, lambda each: each.rechecked_at or each.asked_at),
    Records(
        handovers,
        "filled_at",
        decode_handover,
        lambda each: max(each.signed_by_outgoing_at or 0, each.signed_by_incoming_at or 0, each.filled_at),
    ),
    Records(shelves, "since", decode_shelf, lambda each: each.ended_at or each.until),
)


def number_of(id_: str) -> int:
    """`INC-000042` → 42."""
    return int(id_.rpartition("-")[2])


def made(state: State) -> dict[str, int]:
    """How many of each kind there were: the numbers of their ids."""
    return {each.name: getattr(state, f"{each.name}_made") for each in KINDS}


class Past(Struct):
    """`anchor` is what the journal may begin at; `carried` what goes with it; `removed` how much does not."""

    anchor: Anchor
    carried: list[Carried]
    removed: dict[str, int]


def past(store: Store, milestone: Milestone, cutoffs: dict[str, Instant]) -> Past:
    """`cutoffs`: kind of record → what was over before that instant need not be kept. Raises StoreFailed."""
    state = state_of(milestone)
    kept = {each.name: _kept(store, each, state, milestone.at, cutoffs[each.name]) for each in KINDS}
    _with_what_belongs(store, kept, state, milestone.at)
    carried = [*_records(store, kept), *_timelines(store, kept, state), *_still_open(store, state)]
    removed = {each.name: _count(store, each, state, milestone.at) - len(kept[each.name]) for each in KINDS}
    anchor = Anchor(
        milestone.index, milestone.at, milestone.hash, milestone.state, hash_of_carried(carried), state.entries_made
    )
    return Past(anchor, carried, {name: count for name, count in removed.items() if count})


def _older(store: Store, each: Records, state: State, at: Instant) -> Iterator[tuple[str, bytes]]:
    """(id, body) of all that there was at the milestone."""
    most = made(state)[each.name]
    id_, began = each.table.c.id, each.table.c[each.began]
    statement = select(id_, each.table.c.body).where(began <= at).order_by(id_).limit(CHUNK_ROWS)
    last = ""
    while chunk := _asked(store, statement.where(id_ > last)):
        yield from ((row[0], row[1]) for row in chunk if number_of(row[0]) <= most)
        last = chunk[-1][0]


def _kept(store: Store, each: Records, state: State, at: Instant, cutoff: Instant) -> dict[str, Any]:
    """By id. The engine's hands count by what it had then, for what was over since is not over in the rebuild."""
    alive = getattr(state, each.name)
    found = ((id_, each.decode(body)) for id_, body in _older(store, each, state, at))
    return {id_: record for id_, record in found if id_ in alive or each.over_at(record) >= cutoff}


def _count(store: Store, each: Records, state: State, at: Instant) -> int:
    return sum(1 for _ in _older(store, each, state, at))


def _with_what_belongs(store: Store, kept: dict[str, dict[str, Any]], state: State, at: Instant) -> None:
    """Incidents of orders and actions that are kept, then orders and actions of incidents that are."""
    wanted = {id_ for order in kept["orders"].values() for id_ in order.incidents}
    wanted |= {action.incident for action in kept["actions"].values()}
    for each in KINDS[:3]:
        for id_, body in _older(store, each, state, at):
            if id_ in kept[each.name]:
                continue
            record = each.decode(body)
            belongs_to = [id_] if each.table is incidents else _incidents_of(record)
            if wanted.intersection(belongs_to):
                kept[each.name][id_] = record
        wanted = wanted | kept["incidents"].keys()


def _incidents_of(record: Any) -> list[str]:
    return list(record.incidents) if hasattr(record, "incidents") else [record.incident]


def _records(store: Store, kept: dict[str, dict[str, Any]]) -> Iterator[Carried]:
    """Each as it is stored now."""
    for each in KINDS:
        c = each.table.c
        for ids in _chunks(sorted(kept[each.name])):
            statement = select(c.id, c.body).where(c.id.in_(ids)).order_by(c.id)
            yield from ((each.name, row[0], row[1]) for row in _asked(store, statement))


def _timelines(store: Store, kept: dict[str, dict[str, Any]], state: State) -> Iterator[Carried]:
    """Of the incidents that are kept, what was written by then; and since when what was in force was in force."""
    c = entries.c
    for id_ in sorted(kept["incidents"]):
        after = 0
        while page := store.entries_of(id_, after):
            after = page[-1].number
            positions = [entry.position for entry in page if entry.position <= state.entries_made]
            statement = select(c.position, c.body).where(c.position.in_(positions)).order_by(c.position)
            yield from (("entries", str(row[0]), row[1]) for row in _asked(store, statement))
            if len(positions) < len(page):
                break
    yield from _configuration(store, state)


def _configuration(store: Store, state: State) -> Iterator[Carried]:
    c = entries.c
    statement = select(c.position, c.body).where(c.kind == Kind.CONFIGURATION.value, c.position <= state.entries_made)
    latest: dict[str, tuple[int, bytes]] = {}
    for position, body in _asked(store, statement.order_by(c.position)):
        latest[str(decode_entry(body).facts.get("what"))] = (position, body)
    yield from (("entries", str(position), body) for position, body in sorted(latest.values()))


def _still_open(store: Store, state: State) -> Iterator[Carried]:
    """Detections as they were at the milestone; effects that were put by then and are still there."""
    for each in state.detections.values():
        if each.fires:
            yield "detections", msgspec.json.encode([each.mode.value, each.rule, each.device]).decode(), b""
    for id_, body in _asked(store, select(outbox.c.id, outbox.c.body).order_by(outbox.c.id)):
        if number_of(id_) <= (state.commands_made if id_.startswith("CMD-") else state.effects_made):
            yield "outbox", id_, body


def _asked(store: Store, statement: Select[Any]) -> Sequence[Any]:
    return store.look(lambda ask: ask(statement))


def _chunks(ids: list[str]) -> Iterator[list[str]]:
    rest = iter(ids)
    while some := list(islice(rest, 500)):
        yield some
