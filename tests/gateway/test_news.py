"""Those who watch a timeline see every entry once, in order, from memory or from the store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from gateway.news import KEPT_ENTRIES, News
from rules.timeline import Entry, Kind


def _entries(first: int, last: int, incident: str | None = None) -> list[Entry]:
    return [Entry(position, incident, 0, 0, Kind.NOTED) for position in range(first, last + 1)]


class Stored:
    """What the store has, and how often it was asked."""

    def __init__(self, entries: list[Entry]) -> None:
        self.entries, self.asked = entries, 0

    async def older(self, after: int, limit: int) -> list[Entry]:
        self.asked += 1
        return [entry for entry in self.entries if entry.position > after][:limit]


async def _take(watch: AsyncIterator[Entry], count: int) -> list[int]:
    async with asyncio.timeout(20):
        return [(await anext(watch)).position for _ in range(count)]


async def test_what_is_in_memory_is_not_read_from_the_store() -> None:
    news, stored = News(), Stored(_entries(1, 10))
    news.publish(_entries(1, 10))
    assert await _take(news.watch(4, stored.older), 6) == [5, 6, 7, 8, 9, 10]
    assert stored.asked == 0


async def test_who_has_fallen_behind_reads_from_the_store_and_then_from_memory() -> None:
    last = KEPT_ENTRIES + 700
    news, stored = News(), Stored(_entries(1, last))
    news.publish(_entries(1, last))
    assert await _take(news.watch(0, stored.older), last) == list(range(1, last + 1))
    assert stored.asked == 2


async def test_before_anything_was_published_the_store_is_asked() -> None:
    news, stored = News(), Stored(_entries(1, 3))
    assert await _take(news.watch(1, stored.older), 2) == [2, 3]


async def test_a_watcher_waits_for_what_comes_next() -> None:
    news, stored = News(), Stored([])
    watching = asyncio.create_task(_take(news.watch(0, stored.older, "INC-000002"), 1))
    await asyncio.sleep(0)
    news.publish(_entries(1, 5, "INC-000001"))
    await asyncio.sleep(0)
    news.publish(_entries(6, 6, "INC-000002"))
    assert await watching == [6]


async def test_every_watcher_ends_when_it_closes() -> None:
    news, stored = News(), Stored([])

    async def read() -> list[Entry]:
        return [entry async for entry in news.watch(0, stored.older)]

    watching = [asyncio.create_task(read()) for _ in range(3)]
    await asyncio.sleep(0)
    news.close()
    async with asyncio.timeout(20):
        assert await asyncio.gather(*watching) == [[], [], []]
