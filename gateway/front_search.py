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
from gateway.store.listed import incidents_named
from rules.incident import Incident
from rules.site import Title

FILE = "search.sqlite"
PAUSE_SECONDS = 0.25  # many entries of a moment are taken up at once
AGAIN_SECONDS = 5.0  # a store that is away comes back
CANDIDATES_AT_ONCE = 500
LOOKED_AT_MAX = 10 * CANDIDATES_AT_ONCE  # for one page: some 40 ms; the next page goes on from there
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
        found: list[Incident] = []
        looked_at = 0
        while looked_at < LOOKED_AT_MAX:
            numbers = self._index.matching(words, before, CANDIDATES_AT_ONCE)
            ids = [id_of(number) for number in numbers]
            known = core.store.look(lambda ask, ids=ids: incidents_named(ask, ids, query)) if ids else {}  # type: ignore[misc]
            for number, id in zip(numbers, ids, strict=True):
                before = number
                if id in known:
                    found.append(known[id])
                    if len(found) == query.limit:
                        return Page(found, str(before))
            if len(numbers) < CANDIDATES_AT_ONCE:
                return Page(found)
            looked_at += len(numbers)
        return Page(found, str(before))


def _number(cursor: str | None) -> int:
    if cursor is None:
        return NUMBER_MAX
    if not (cursor.isascii() and cursor.isdecimal()) or len(cursor) > 18:
        raise ValueError(f"{cursor!r} is not a cursor; expected the next_cursor of an earlier page")
    return int(cursor)
