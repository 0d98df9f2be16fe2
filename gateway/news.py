"""Committed timeline entries for those who watch: the latest in memory, older ones from the store."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable

from rules.timeline import Entry

KEPT_ENTRIES = 5_000  # an alarm flood's worth; who has fallen further behind reads from the store
READ_ENTRIES = 500


class News:
    """A reader costs nothing but its position: it pulls, so a slow one falls back on the store.

    `told(entries)` is called with each batch, before any reader.
    """

    def __init__(self, told: Callable[[list[Entry]], None] = lambda entries: None) -> None:
        self._latest: deque[Entry] = deque(maxlen=KEPT_ENTRIES)
        self._changed = asyncio.Event()
        self._closed = False
        self._told = told

    def publish(self, entries: list[Entry]) -> None:
        """Entries that were committed, in order. What does not follow on those before is a new beginning."""
        if entries:
            if self._latest and self._latest[-1].position + 1 != entries[0].position:
                self._latest.clear()
            self._latest.extend(entries)
            self._told(entries)
            self._wake()

    def skip(self) -> None:
        """More was committed than was published: it is in the store."""
        self._latest.clear()
        self._wake()

    @property
    def more(self) -> asyncio.Event:
        """Set when the next entries are published."""
        return self._changed

    def close(self) -> None:
        """Every watcher ends."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def watch(
        self, after: int, older: Callable[[int, int], Awaitable[list[Entry]]], incident: str | None = None
    ) -> AsyncIterator[Entry]:
        """`older(position, limit)` reads from the store what is not in memory any more."""
        while not self._closed:
            changed = self._changed
            entries = self._since(after)
            if entries is None:
                entries = await older(after, READ_ENTRIES)
            for entry in entries:
                after = entry.position
                if incident is None or entry.incident == incident:
                    yield entry
            if not entries:
                await changed.wait()

    def _since(self, after: int) -> list[Entry] | None:
        """None: some of them are no longer, or not yet, in memory."""
        if not self._latest or self._latest[0].position > after + 1:
            return None
        first = self._latest[0].position
        start = after + 1 - first
        return [self._latest[i] for i in range(start, min(len(self._latest), start + READ_ENTRIES))]
