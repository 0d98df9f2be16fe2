"""What the API sees of incidents: lists by filters and by words; and the index of words, kept beside the store."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from functools import cached_property

from api.ports import IncidentQuery, Page, Unavailable
from gateway.front_core import FrontReads, Stored
from gateway.search.follow import Follower, id_of
from gateway.search.index import Index
from gateway.search.words import expression
from gateway.store.listed import incidents_named, those_that_match
from rules.incident import Incident
from rules.site import Title

FILE = "search.sqlite"
PAUSE_SECONDS = 0.25  # many entries of a moment are taken up at once
AGAIN_SECONDS = 5.0  # a store that is away comes back
CANDIDATES_AT_ONCE = 500
LOOKED_AT_MAX = 2 * CANDIDATES_AT_ONCE  # for one page: some 20 ms; the next page goes on from there
NUMBER_MAX = 2**62

log = logging.getLogger("tocsin.search")


class FrontSearch(FrontReads):
    async def incidents(self, query: IncidentQuery) -> Page[Incident]:
        if query.text is None:
            return await self._read(lambda core: core.store.incidents(query))
        asked = query.text
        return await self._read(lambda core: self._found(core, query, expression(asked)))

    async def keep_search(self) -> None:
        """Until cancelled: the index follows the store."""
        while True:
            try:
                await self._follow(Follower(self._index))
            except Unavailable as error:
                log.debug("the index waits: %s", error)
                await asyncio.sleep(AGAIN_SECONDS)

    async def _follow(self, follower: Follower) -> None:
        while True:
            more = self._gateway.news.more
            while await self._read(lambda core: follower.step(core.store, self.titles())):  # noqa: ASYNC110 - others first
                await asyncio.sleep(0)
            await more.wait()
            await asyncio.sleep(PAUSE_SECONDS)

    def titles(self) -> Mapping[str, Title]:
        raise NotImplementedError

    @cached_property
    def _index(self) -> Index:
        return Index(self._gateway.settings.data / FILE)

    def _found(self, core: Stored, query: IncidentQuery, words: str) -> Page[Incident]:
        """A page may hold fewer than the limit, and still have a next one."""
        before = _number(query.cursor)
        chosen: list[str] = []
        looked_at, following, at_once = 0, None, 2 * query.limit
        while following is None:
            numbers = self._index.matching(words, before, at_once)
            matching = _matching(core, [id_of(number) for number in numbers], query)
            for number in numbers:
                before = number
                if id_of(number) in matching:
                    chosen.append(id_of(number))
                    if len(chosen) == query.limit:
                        following = str(before)
                        break
            looked_at += len(numbers)
            if following is None and len(numbers) < at_once:
                break
            if looked_at >= LOOKED_AT_MAX:
                following = str(before)
            at_once = CANDIDATES_AT_ONCE
        known = core.store.look(lambda ask: incidents_named(ask, chosen))
        return Page([known[id] for id in chosen], following)


def _matching(core: Stored, ids: list[str], query: IncidentQuery) -> set[str]:
    return core.store.look(lambda ask: those_that_match(ask, ids, query)) if ids else set()


def _number(cursor: str | None) -> int:
    if cursor is None:
        return NUMBER_MAX
    if not (cursor.isascii() and cursor.isdecimal()) or len(cursor) > 18:
        raise ValueError(f"{cursor!r} is not a cursor; expected the next_cursor of an earlier page")
    return int(cursor)
