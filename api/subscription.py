"""One reader of the timeline: takes entries from the desk, holds a few, and gives up on a reader that stalls.

The queue is all that a reader costs in memory. A reader that is merely behind (it resumed after a night) keeps the
desk waiting, not growing; one whose queue stays full for `stall_seconds` is told so and closed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress

from msgspec import Struct

from rules.timeline import Entry

log = logging.getLogger(__name__)


class End(Struct, frozen=True):
    """Why a stream ends. The reader may come back with its Last-Event-ID and misses nothing."""

    code: str
    reason: str


SLOW = End("slow_client", "entries were not read fast enough; come back with Last-Event-ID")
SHUTTING_DOWN = End("shutting_down", "the gateway is stopping")
SIGNED_OUT = End("signed_out", "the token is over, or what it may see has changed; come back with one that is good")
FAILED = End("failed", "entries can no longer be read; the gateway's log says why")


class Subscription:
    def __init__(self, entries: AsyncIterator[Entry], queue_entries: int, stall_seconds: float) -> None:
        self._entries = entries
        self._stall_seconds = stall_seconds
        self._queue: asyncio.Queue[Entry | None] = asyncio.Queue(queue_entries)  # None only wakes the reader
        self._end: End | None = None

    @property
    def waiting(self) -> int:
        """Entries held for the reader."""
        return self._queue.qsize()

    async def pump(self) -> None:
        """Moves entries from the desk into the queue until either end stops. Never raises but when cancelled."""
        try:
            async for entry in self._entries:
                if self._end is not None:
                    return
                if not await self._offer(entry):
                    self.stop(SLOW)
                    return
            self.stop(SHUTTING_DOWN)
        except Exception:
            log.exception("a stream could not be read on")
            self.stop(FAILED)
        finally:
            await self._close_entries()

    async def _offer(self, entry: Entry) -> bool:
        if not self._queue.full():
            self._queue.put_nowait(entry)
            return True
        try:
            async with asyncio.timeout(self._stall_seconds):
                await self._queue.put(entry)
        except TimeoutError:
            return False
        return True

    async def _close_entries(self) -> None:
        close = getattr(self._entries, "aclose", None)
        if close is not None:
            await close()

    def stop(self, end: End) -> None:
        """The reader still gets what waits for it, then `end`. The first reason given stays."""
        self._end = self._end or end
        with suppress(asyncio.QueueFull):  # a full queue has no reader that sleeps
            self._queue.put_nowait(None)

    async def read(self) -> AsyncIterator[list[Entry] | End]:
        """Every entry in order, as many at a time as there are; an `End` is the last."""
        while not (self._end is not None and self._queue.empty()):
            entry = await self._queue.get()
            entries = [] if entry is None else [entry]
            while not self._queue.empty():
                entry = self._queue.get_nowait()
                if entry is not None:
                    entries.append(entry)
            if entries:
                yield entries
        yield self._end
