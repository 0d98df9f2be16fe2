"""What is going on, kept up to date for every page of one person: open incidents, zones, whether the API is heard.

One connection to the stream, however many pages are open. An entry only says that its incident has changed: those that
have changed are asked for again in short, all at once, so that what a page shows is what the API answers. The longer
that takes, the longer it waits until the next.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from console import clock as times
from console.client import Api, Json, Problem, SignedOut, Unreachable
from console.clock import monotonic_s
from console.drawing import sounding

if TYPE_CHECKING:
    from console.board import Board

HEARD_SECONDS = 1.0  # between two questions whether the API is there
STALE_SECONDS = 3.0  # without an answer: what pages show may be old. They say so within 5 s
GATHER_SECONDS = 0.05  # entries that come together are one change
REST_SECONDS_MIN, REST_SECONDS_MAX = 0.15, 2.0
REST_RATIO = 2.0  # after it has asked, it waits so many times as long as that took: two thirds of the time it rests
ASKED_AT_ONCE = 100  # ids in one question
ZONES_SECONDS = 10.0  # between two looks at what is silent
CLOSED_KEPT = 8  # the last that were closed
TAILS_READ, TAIL_ENTRIES = 6, 12  # at first: what the latest incidents' timelines end with
AGAIN_SECONDS = 1.0
ENTRIES_KEPT = 300
SIRENS_KEPT = 100  # choices of sites

log = logging.getLogger("tocsin.console")


class Live:
    """`run` it as a task. `listen(callback)`: after each change; → what ends it. `entered(callback)`: each entry."""

    def __init__(
        self,
        api: Api,
        clock: Callable[[], float] = monotonic_s,
        another: Callable[[Api], Api | None] = lambda gone: None,
    ) -> None:
        """`another(gone)`: whose token is asked with when that one is good no more; None: nobody's."""
        self.api, self._clock, self._another = api, clock, another
        self.incidents: dict[str, Json] = {}
        """Open ones, in short (`view=summary`)."""
        self.closed: list[Json] = []  # the last closed, in short
        self.zones: list[Json] = []
        self.entries: deque[Json] = deque(maxlen=ENTRIES_KEPT)  # the latest, newest last
        self.version = 0  # rises with every change: what is drawn of one is drawn once
        self.boards: dict[Any, Board] = {}  # drawings that pages share, by what they look like
        self._hazards: list[str] = []
        self._sirens: dict[frozenset[str], tuple[int, str]] = {}
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

    async def hazards(self) -> list[str]:
        """Those that there is a plan for. Asked for once, and again when what is configured has changed."""
        if not self._hazards:
            self._hazards = [str(plan["hazard"]) for plan in (await self.api.get("/plans"))["items"]]
        return self._hazards

    def siren(self, sites: frozenset[str]) -> str:
        """The level to sound for at these sites, none: at all; empty: quiet. Looked for once a change."""
        known = self._sirens.get(sites)
        if known is None or known[0] != self.version:
            if len(self._sirens) >= SIRENS_KEPT:
                self._sirens.clear()
            here = [each for each in self.incidents.values() if not sites or each["site"] in sites]
            known = self._sirens[sites] = self.version, sounding(here)
        return known[1]

    async def run(self) -> None:
        """Until cancelled, or nobody is signed in any more."""
        async with asyncio.TaskGroup() as group:
            for work in (self._follow, self._keep_up, self._look_at_zones, self._listen_for_life):
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
        self.entries.append(entry)
        for reader in list(self._readers):
            reader(entry)
        if entry["kind"] == "configuration":
            self._hazards = []
        if entry["incident"]:
            self._dirty[entry["incident"]] = None
        self._waking.set()

    async def _load(self) -> None:
        """All that is open."""
        short = await self.api.all("/incidents", open=True, view="summary", limit=200)
        self.incidents = {each["id"]: each for each in short}
        self.zones = (await self.api.get("/zones"))["items"]
        times.zone.sites_are_in({site["timezone"] for site in (await self.api.get("/sites"))["items"]})
        await self._load_closed()
        if not self.loaded:
            await self._load_tails()
        self.loaded, self._heard_at = True, self._clock()
        self._place()
        self.changed()

    async def _load_closed(self) -> None:
        self.closed = (await self.api.get("/incidents", status="closed", view="summary", limit=CLOSED_KEPT))["items"]

    def _place(self) -> None:
        """Which real incidents are open in which zone: as `GET /zones` has it, without asking again."""
        there: dict[str, list[str]] = {}
        for incident in self.incidents.values():
            if incident["mode"] == "actual":
                there.setdefault(incident["zone"], []).append(incident["id"])
        for zone in self.zones:
            zone["open_incidents"] = sorted(there.get(zone["id"], []))

    async def _load_tails(self) -> None:
        """What has happened lately, before the stream was listened to."""
        latest = (await self.api.get("/incidents", view="summary", limit=TAILS_READ))["items"]
        entries: dict[int, Json] = {each["position"]: each for each in self.entries}
        for each in latest:
            after = max(0, each["entries"] - TAIL_ENTRIES)
            page = await self.api.get(f"/incidents/{each['id']}/timeline", after=after, limit=TAIL_ENTRIES)
            entries |= {entry["position"]: entry for entry in page["items"]}
        self.entries.clear()
        self.entries.extend(entries[position] for position in sorted(entries))

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
                rest = REST_RATIO * (self._clock() - begun)
                await asyncio.sleep(min(REST_SECONDS_MAX, max(REST_SECONDS_MIN, rest)))

    async def _ask_again(self, dirty: list[str]) -> None:
        closed = False
        for first in range(0, len(dirty), ASKED_AT_ONCE):
            ids = dirty[first : first + ASKED_AT_ONCE]
            page = await self.api.get("/incidents", ids=",".join(ids), view="summary", limit=ASKED_AT_ONCE)
            for incident in page["items"]:
                if incident["open"]:
                    self.incidents[incident["id"]] = incident
                else:
                    closed = self.incidents.pop(incident["id"], None) is not None or closed
        if closed:
            await self._load_closed()
        self._heard_at = self._clock()
        self._place()
        self.changed()

    async def _look_at_zones(self) -> None:
        """Devices fall silent without an entry."""
        while True:
            await asyncio.sleep(ZONES_SECONDS)
            try:
                zones = (await self.api.get("/zones"))["items"]
            except (Unreachable, Problem) as error:
                log.info("zones are not up to date: %s", error)
                continue
            before, self.zones = self.zones, zones
            self._place()
            if zones != before:
                self.changed()

    def changed(self) -> None:
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
                other = self._another(self.api)
                if other is None:
                    self.signed_out = True
                    self.changed()
                    return
                self.api = other
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
