"""What the API sees of what is stored: incidents and timelines, orders, actions, shelves, handovers, messages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from api.board_port import Board, BoardQuery
from api.ports import (
    ActionQuery,
    DeadLetter,
    HandoverQuery,
    NoticeQuery,
    OrderQuery,
    Page,
    ShelfQuery,
    Unknown,
    UnknownAction,
    UnknownDeadLetter,
    UnknownHandover,
    UnknownIncident,
    UnknownOrder,
    UnknownShelf,
)
from gateway.front_core import Stored
from gateway.front_search import FrontSearch
from gateway.store import dead_letters
from gateway.store.listed import board, notices
from rules.handover import Handover
from rules.incident import Incident
from rules.order import WorkOrder
from rules.shelf import Shelf
from rules.state import ActionState
from rules.timeline import Entry

T = TypeVar("T")

CURSOR_DIGITS_MAX = 18


class FrontStored(FrontSearch):
    async def incident(self, incident: str) -> Incident:
        return await self._one(lambda core: core.store.incident(incident), UnknownIncident(incident))

    async def timeline(self, incident: str, after: int = 0, limit: int = 500) -> Page[Entry]:
        entries = await self._read(lambda core: core.store.entries_of(incident, after, limit + 1))
        if not entries:
            await self.incident(incident)  # there is none, or it has no more
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

    async def dead_letter(self, topic: str, reason: str) -> DeadLetter:
        rows = await self._read(lambda core: core.store.look(lambda ask: list(ask(dead_letters.one(topic, reason)))))
        if not rows:
            raise UnknownDeadLetter(topic)
        return DeadLetter(*rows[0])

    async def orders(self, query: OrderQuery) -> Page[WorkOrder]:
        return await self._read(lambda core: core.store.orders(query))

    async def board(self, query: BoardQuery) -> Board:
        return await self._read(lambda core: core.store.look(lambda ask: board(ask, query)))

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
    """Raises ValueError for a cursor that is none: it is the position of the last message of the page before."""
    before = _position(query.cursor) if query.cursor else latest + 1
    found = core.store.look(lambda ask: notices(ask, query, before))
    page = found[: query.limit]
    return Page(page, str(page[-1].position) if len(found) > len(page) else None)


def _position(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdecimal()) or len(cursor) > CURSOR_DIGITS_MAX:
        raise ValueError(f"{cursor!r} is not a cursor; expected the next_cursor of an earlier page")
    return int(cursor)
