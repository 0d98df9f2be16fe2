"""What is going on, kept up to date for every page of one person: open incidents, zones, whether the API is heard.

One connection to the stream, however many pages are open. An entry only says that its incident has changed: the
incident itself is asked for again, so that what a page shows is what the API answers. In a flood all of them are asked
for in short, and only those that a wall shows in full; and the longer that takes, the longer it waits until the next.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from console.client import Api, Json, Problem, SignedOut, Unreachable
from console.clock import monotonic_s
from console.drawing import worst_first

HEARD_SECONDS = 1.0  # between two questions whether the API is there
STALE_SECONDS = 3.0  # without an answer: what pages show may be old. They say so within 5 s
GATHER_SECONDS = 0.15  # entries that come together are one change
REST_RATIO = 2.0  # after it has asked, it waits so many times as long as that took: two thirds of the time it rests
REST_SECONDS_MAX = 2.0
ASKED_ONE_BY_ONE_MAX = 5  # more incidents that have changed are asked for as a list, in short
WHOLE_MAX = 12  # of those, the worst are asked for in full: what is due next is in no list
ASKED_AT_ONCE = 4
CLOSED_KEPT = 8  # the last that were closed
TAILS_READ, TAIL_ENTRIES = 6, 12  # at first: what the latest incidents' timelines end with
AGAIN_SECONDS = 1.0
ENTRIES_KEPT = 300

log = logging.getLogger("tocsin.console")


class Live:
    """`run` it as a task. `listen(callback)`: after each change; → what ends it. `entered(callback)`: each entry."""

    def __init__(self, api: Api, clock: Callable[[], float] = monotonic_s) -> None:
        self.api, self._clock = api, clock
        self.incidents: dict[str, Json] = {}
        """Open ones. In full where it has `steps`; else in short, and nothing is known to be due."""
        self.closed: list[Json] = []  # the last closed, in short
        self.zones: list[Json] = []
        self.entries: list[Json] = []  # the latest, newest last
        self.version = 0  # rises with every change: what is drawn of one is drawn once
        self.drawn: dict[Any, tuple[int, str]] = {}  # what was drawn of which version
        self.loaded = False
        self.signed_out = False
        self._heard_at = -STALE_SECONDS
        self._position = ""
        self._dirty: dict[str, None] = {}
        self._waking = asyncio.Event()
        self._listeners: dict[Callable[[], None], None] = {}
        self._readers: dict[Callable[[Json], None], None] = {}

    @property
    def stale(self) -> bool:
        """What is known may be old: the API was not heard for some seconds, or never."""
        return not self.loaded or self._clock() - self._heard_at > STALE_SECONDS

    @property
    def silent_seconds(self) -> float:
        return self._clock() - self._heard_at

    def listen(self, changed: Callable[[], None]) -> Callable[[], None]:
        self._listeners[changed] = None
        return lambda: self._listeners.pop(changed, None) and None

    def read(self, entered: Callable[[Json], None]) -> Callable[[], None]:
        self._readers[entered] = None
        return lambda: self._readers.pop(entered, None) and None

    @property
    def watched(self) -> bool:
        return bool(self._listeners or self._readers)

    async def run(self) -> None:
        """Until cancelled, or nobody is signed in any more."""
        async with asyncio.TaskGroup() as group:
            for work in (self._follow, self._keep_up, self._listen_for_life):
                group.create_task(work())

    # ---- the stream

    async def _follow(self) -> None:
        await self._again_and_again(self._follow_once)

    async def _follow_once(self) -> None:
        async with self.api.stream("/stream", self._position) as events:
            await self._load()  # after the stream is open: nothing falls between the two
            async for event in events:
                if event.id:
                    self._position = event.id
                if event.name == "end":
                    return
                if event.data and event.name != "message":
                    self._entered(json.loads(event.data))

    def _entered(self, entry: Json) -> None:
        self.entries = [*self.entries[-ENTRIES_KEPT + 1 :], entry]
        for reader in list(self._readers):
            reader(entry)
        if entry["incident"]:
            self._dirty[entry["incident"]] = None
        self._waking.set()

    async def _load(self) -> None:
        """All that is open, in short; the worst of what is new or has changed, in full."""
        short = await self.api.all("/incidents", open=True, view="summary", limit=200)
        known: dict[str, Json] = {}
        for each in short:
            had = self.incidents.get(each["id"])
            current = had is not None and had["revision"] >= each["revision"] and "steps" in had
            known[each["id"]] = had if had is not None and current else each | {"due": []}
        worst = [each["id"] for each in worst_first(list(known.values()))[:WHOLE_MAX] if "steps" not in each]
        for each in await self._in_full(worst):
            known[each["id"]] = each
        self.incidents = {id: each for id, each in known.items() if each["open"]}
        await self._load_beside()
        if not self.loaded:
            await self._load_tails()
        self.loaded, self._heard_at = True, self._clock()
        self._changed()

    async def _in_full(self, ids: list[str]) -> list[Json]:
        few = asyncio.Semaphore(ASKED_AT_ONCE)

        async def one(id: str) -> Json:
            async with few:
                return dict(await self.api.get(f"/incidents/{id}"))

        return await asyncio.gather(*(one(id) for id in ids))

    async def _load_beside(self) -> None:
        self.zones = (await self.api.get("/zones"))["items"]
        self.closed = (await self.api.get("/incidents", status="closed", view="summary", limit=CLOSED_KEPT))["items"]

    async def _load_tails(self) -> None:
        """What has happened lately, before the stream was listened to."""
        latest = (await self.api.get("/incidents", view="summary", limit=TAILS_READ))["items"]
        entries: dict[int, Json] = {each["position"]: each for each in self.entries}
        for each in latest:
            after = max(0, each["entries"] - TAIL_ENTRIES)
            page = await self.api.get(f"/incidents/{each['id']}/timeline", after=after, limit=TAIL_ENTRIES)
            entries |= {entry["position"]: entry for entry in page["items"]}
        self.entries = [entries[position] for position in sorted(entries)][-ENTRIES_KEPT:]

    # ---- what has changed

    async def _keep_up(self) -> None:
        while True:
            await self._waking.wait()
            await asyncio.sleep(GATHER_SECONDS)
            self._waking.clear()
            dirty, self._dirty = self._dirty, {}
            begun = self._clock()
            try:
                await self._ask_again(list(dirty))
            except (Unreachable, Problem) as error:
                log.info("not up to date: %s", error)
                self._dirty = dirty | self._dirty
                await asyncio.sleep(AGAIN_SECONDS)
                self._waking.set()
            else:
                await asyncio.sleep(min(REST_SECONDS_MAX, REST_RATIO * (self._clock() - begun)))

    async def _ask_again(self, dirty: list[str]) -> None:
        if len(dirty) > ASKED_ONE_BY_ONE_MAX:
            await self._load()
            return
        for incident in await self._in_full(dirty):
            if incident["open"]:
                self.incidents[incident["id"]] = incident
            else:
                self.incidents.pop(incident["id"], None)
        if dirty:
            await self._load_beside()
        self._heard_at = self._clock()
        self._changed()

    def _changed(self) -> None:
        self.version += 1
        for listener in list(self._listeners):
            listener()

    # ---- whether the API is there

    async def _listen_for_life(self) -> None:
        while True:
            if await self.api.healthy():
                self._heard_at = self._clock()
            await asyncio.sleep(HEARD_SECONDS)

    async def _again_and_again(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        while True:
            try:
                await work()
            except SignedOut:
                self.signed_out = True
                self._changed()
                return
            except (Unreachable, Problem, json.JSONDecodeError) as error:
                log.info("the stream has ended: %s", error)
            await asyncio.sleep(AGAIN_SECONDS)


@contextlib.asynccontextmanager
async def running(live: Live) -> Any:
    task = asyncio.create_task(live.run())
    try:
        yield live
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, ExceptionGroup):
            await task
