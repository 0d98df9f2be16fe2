"""What the API sees of what is stored: incidents and timelines, orders, actions, shelves, handovers, messages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import TypeVar

from api.ports import (
    ActionQuery,
    DeadLetter,
    HandoverQuery,
    IncidentQuery,
    NoticeQuery,
    OrderQuery,
    Page,
    ShelfQuery,
    Unknown,
    UnknownAction,
    UnknownHandover,
    UnknownIncident,
    UnknownOrder,
    UnknownShelf,
)
from gateway.front_core import FrontReads, Stored
from rules.handover import Handover
from rules.incident import Incident
from rules.order import WorkOrder
from rules.shelf import Shelf
from rules.state import ActionState
from rules.timeline import Entry, Kind

T = TypeVar("T")

NOTICES = frozenset(kind for kind in Kind if kind.value.startswith("notice_"))
NOT_ARRIVED = frozenset({Kind.NOTICE_FAILED})  # what the rate limit holds back is said later
CHUNK_ENTRIES = 1_000
LOOKED_AT_MAX = 10 * CHUNK_ENTRIES  # entries a page of messages is sought in: some 50 ms; the next goes on from there
CURSOR_DIGITS_MAX = 18


class FrontStored(FrontReads):
    async def incidents(self, query: IncidentQuery) -> Page[Incident]:
        return await self._read(lambda core: core.store.incidents(query))

    async def incident(self, incident: str) -> Incident:
        return await self._one(lambda core: core.store.incident(incident), UnknownIncident(incident))

    async def timeline(self, incident: str, after: int = 0, limit: int = 500) -> Page[Entry]:
        await self.incident(incident)
        entries = await self._read(lambda core: core.store.entries_of(incident, after, limit + 1))
        more = len(entries) > limit
        return Page(entries[:limit], str(entries[limit - 1].number) if more else None)

    async def watch(self, after: int | None = None, incident: str | None = None) -> AsyncIterator[Entry]:
        position = self._latest() if after is None else after

        async def older(position: int, limit: int) -> list[Entry]:
            return await self._read(lambda core: core.store.entries_after(position, limit))

        async for entry in self._gateway.news.watch(position, older, incident):
            yield entry

    async def dead_letters(self, cursor: str | None = None, limit: int = 100) -> Page[DeadLetter]:
        return await self._read(lambda core: core.store.dead_letters(cursor, limit))

    async def orders(self, query: OrderQuery) -> Page[WorkOrder]:
        return await self._read(lambda core: core.store.orders(query))

    async def order(self, order: str) -> WorkOrder:
        return await self._one(lambda core: core.store.order(order), UnknownOrder(order))

    async def actions(self, query: ActionQuery) -> Page[ActionState]:
        return await self._read(lambda core: core.store.actions(query))

    async def action(self, action: str) -> ActionState:
        return await self._one(lambda core: core.store.action(action), UnknownAction(action))

    async def shelves(self, query: ShelfQuery) -> Page[Shelf]:
        return await self._read(lambda core: core.store.shelves(query))

    async def shelf(self, shelf: str) -> Shelf:
        return await self._one(lambda core: core.store.shelf(shelf), UnknownShelf(shelf))

    async def handovers(self, query: HandoverQuery) -> Page[Handover]:
        return await self._read(lambda core: core.store.handovers(query))

    async def handover(self, handover: str) -> Handover:
        return await self._one(lambda core: core.store.handover(handover), UnknownHandover(handover))

    async def notices(self, query: NoticeQuery) -> Page[Entry]:
        latest = self._latest()
        return await self._read(lambda core: _notices(core, query, latest))

    async def _one(self, read: Callable[[Stored], T | None], unknown: Unknown) -> T:
        found = await self._read(read)
        if found is None:
            raise unknown
        return found


def _notices(core: Stored, query: NoticeQuery, latest: int) -> Page[Entry]:
    """Raises ValueError for a cursor that is none: it is the position that the page before has got to."""
    before = _position(query.cursor) if query.cursor else latest + 1
    backwards = _of_incident(core, query.incident, before) if query.incident else _of_all(core, before)
    wanted = NOTICES if query.failed is None else NOT_ARRIVED if query.failed else NOTICES - NOT_ARRIVED
    found: list[Entry] = []
    for looked_at, entry in enumerate(backwards, start=1):
        if entry.kind in wanted:
            found.append(entry)
        if entry.position > 1 and (len(found) >= query.limit or looked_at >= LOOKED_AT_MAX):
            return Page(found, str(entry.position))
    return Page(found)


def _position(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdecimal()) or len(cursor) > CURSOR_DIGITS_MAX:
        raise ValueError(f"{cursor!r} is not a cursor; expected the next_cursor of an earlier page")
    return int(cursor)


def _of_all(core: Stored, before: int) -> Iterator[Entry]:
    """Entries below a position, the newest first. Positions have no gaps."""
    while before > 1:
        first = max(1, before - CHUNK_ENTRIES)
        yield from reversed(core.store.entries_after(first - 1, before - first))
        before = first


def _of_incident(core: Stored, incident: str, before: int) -> Iterator[Entry]:
    entries: list[Entry] = []
    while chunk := core.store.entries_of(incident, entries[-1].number if entries else 0, CHUNK_ENTRIES):
        entries += chunk
    yield from (entry for entry in reversed(entries) if entry.position < before)
