"""The demo itself: gateway, building, fire, people; and the timeline as it grows."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from rich.console import Console
from rich.live import Live as LiveDisplay
from rich.text import Text

from api.schemas import EntryOut
from gateway.broker_process import free_port, port_is_free
from gateway.check import check as check_files
from gateway.clock import monotonic_s, now_ms
from gateway.library import load
from rules.instant import SECOND_MS, Instant, parse_rfc3339
from rules.site import Directory
from rules.timeline import Kind
from simulators.building import demo_tower, site_yaml
from simulators.control_room import ControlRoom
from simulators.crew import CHANNELS
from simulators.drill_player import DrillPlayer
from simulators.happens import FireStarts
from simulators.live import Live
from simulators.scenario import Scenario, read_scenario
from tocsin import demo_expected, demo_view
from tocsin.console_child import keep_console
from tocsin.demo_gateway import HOST, ChildGateway, GatewayFailed
from tocsin.demo_lines import BURSTS, Digest, Line
from tocsin.demo_phones import Phones

SCENARIO = "fire-on-12f"
REFRESH_SECONDS = 0.25


@dataclass(frozen=True)
class Options:
    """`leave`: end by itself when the incident is closed. Ports 0: any free one."""

    leave: bool
    speed: float
    http_port: int
    mqtt_port: int
    console_port: int
    timeout_s: float


class Demo:
    """One run. `run` → exit code: 0 if the timeline holds what it should."""

    def __init__(self, options: Options, console: Console) -> None:
        self._options = options
        self._console = console
        scenario, problems = read_scenario(SCENARIO)
        assert scenario is not None, problems
        self._scenario: Scenario = scenario
        self._status = demo_view.Status()
        self._digest = Digest()
        self._entries: list[EntryOut] = []
        self._incident: str | None = None
        self._opened_at: Instant | None = None
        self._closed = asyncio.Event()

    async def run(self) -> int:
        """Raises GatewayFailed when the gateway cannot be started or ends."""
        with TemporaryDirectory(prefix="tocsin-demo-") as folder:
            async with AsyncExitStack() as stack:
                phones = await stack.enter_async_context(Phones())
                gateway = ChildGateway(
                    Path(folder),
                    "".join(site_yaml(demo_tower(self._scenario.seed))),
                    phones.channels_file(CHANNELS),
                    http_port=_port(self._options.http_port),
                    mqtt_port=_port(self._options.mqtt_port),
                )
                with self._console.status("starting the gateway and its broker …"):
                    await stack.enter_async_context(gateway)
                return await self._show(gateway)

    async def _show(self, gateway: ChildGateway) -> int:
        directory = check_files([gateway.site_file]).directory
        assert directory is not None
        site = next(iter(directory.sites))
        port = _port(self._options.console_port)
        pages = None if self._options.leave else f"http://{HOST}:{port}"  # nobody looks at a run that ends by itself
        demo_view.banner(self._console, self._facts(directory, site, gateway, pages))
        live = Live(self._scenario, directory, site, gateway.broker_url, api_url=gateway.url, speed=self._options.speed)
        playing = asyncio.create_task(live.run(on_and_on=True))
        tasks = [playing, asyncio.create_task(gateway.ended()), asyncio.create_task(self._follow(gateway.url))]
        beside = [asyncio.create_task(self._refresh(live)), asyncio.create_task(self._narrate())]
        if pages:
            beside.append(asyncio.create_task(keep_console(gateway.url, HOST, port)))
            player = DrillPlayer(load([gateway.site_file]), gateway.broker_url, gateway.url)
            beside.append(asyncio.create_task(player.run()))
        try:
            code = await self._until_closed(tasks)
            self._conclude(live, gateway, code)
            if not self._options.leave and code == 0:
                self._console.print(Text("The building lives on. Ctrl-C ends it.", style="dim"))
                await self._fails(tasks)
            return code
        finally:
            for task in (*tasks, *beside):
                task.cancel()
            await asyncio.gather(*tasks, *beside, return_exceptions=True)

    # ---- watching

    async def _follow(self, api_url: str) -> None:
        """Reads the stream for as long as the gateway gives it; an incident's entries from its first."""
        position: int | None = 0
        async with ControlRoom(api_url) as room:
            while True:
                try:
                    async for entry in room.entries(position):
                        position = entry.position
                        await self._take(entry, room)
                except httpx.HTTPError:
                    await asyncio.sleep(REFRESH_SECONDS)

    async def _take(self, entry: EntryOut, room: ControlRoom) -> None:
        if entry.kind is Kind.OPENED and self._incident is None and entry.facts.get("hazard") == "fire":
            self._incident, self._opened_at = entry.incident, parse_rfc3339(entry.at)
            self._status.commands = self._digest.commands
        if entry.incident is None or entry.incident != self._incident:
            return
        self._entries.append(entry)
        for line in self._digest.feed(entry):
            demo_view.show(self._console, line, self._opened_at)
        if entry.kind not in BURSTS:
            self._status.incident = await room.incident(entry.incident)
        if entry.kind is Kind.CLOSED:
            self._closed.set()

    async def _narrate(self) -> None:
        """Says what the devices cannot: when the fire begins and when it is put out. Life, not timeline."""
        started_s = monotonic_s()
        for at_ms, text in _story(self._scenario):
            await asyncio.sleep(max(0.0, started_s + at_ms / SECOND_MS / self._options.speed - monotonic_s()))
            self._status.quiet = text
            demo_view.show(self._console, Line(now_ms(), "~", f"in the simulation: {text}", "dim"), self._opened_at)

    async def _refresh(self, live: Live) -> None:
        """The status line, and bursts that take long."""
        if not self._console.is_terminal:
            return
        with LiveDisplay(console=self._console, auto_refresh=False, transient=True) as display:
            while True:
                self._status.sent, self._status.acknowledged = live.played.sent, live.played.acknowledged
                display.update(self._status.render(now_ms()), refresh=True)
                await asyncio.sleep(REFRESH_SECONDS)

    # ---- the end

    async def _until_closed(self, tasks: Sequence[asyncio.Task[object]]) -> int:
        closed = asyncio.create_task(self._closed.wait())
        try:
            done, _ = await asyncio.wait(
                (*tasks, closed), timeout=self._options.timeout_s, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                task.result()
        finally:
            closed.cancel()
        return self._code()

    def _code(self) -> int:
        return int(any(each.entry is None for each in demo_expected.check(self._entries)))

    async def _fails(self, tasks: Sequence[asyncio.Task[object]]) -> None:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    def _conclude(self, live: Live, gateway: ChildGateway, code: int) -> None:
        for line in self._digest.flush():
            demo_view.show(self._console, line, self._opened_at)
        self._console.print()
        if not self._closed.is_set():
            late = f"The incident was not closed within {self._options.timeout_s:g} s."
            self._console.print(Text(late, style="bold red"))
        for refused in live.played.refused:
            self._console.print(Text(f"refused: {refused}", style="red"))
        demo_view.check_list(self._console, demo_expected.check(self._entries))
        verdict = "The timeline holds what it should." if code == 0 else "The timeline does not hold what it should."
        self._console.print(Text(verdict, style="bold green" if code == 0 else "bold red"))
        demo_view.farewell(self._console, gateway.url, self._incident)

    # ---- the beginning

    def _facts(
        self, directory: Directory, site: str, gateway: ChildGateway, pages: str | None
    ) -> list[tuple[str, str]]:
        floors = len(directory.sites[site].buildings[0].floors)
        title = directory.sites[site].title["en"]
        facts = [
            ("building", f"{title}, {floors} floors, {len(directory.devices)} devices"),
            ("scenario", f"{self._scenario.title['en']}, {self._options.speed:g} times as fast as life"),
            ("API", f"{gateway.url}/api/v1/incidents"),
            ("MQTT", gateway.broker_url),
        ]
        return facts + ([("console", pages)] if pages else [])


def _story(scenario: Scenario) -> list[tuple[int, str]]:
    """(milliseconds of the scene, what happens) in order."""
    story = [(0, "a quiet afternoon")]
    for each in scenario.happens:
        if isinstance(each, FireStarts):
            how = "something begins to smoulder" if each.smoulders else "a fire starts"
            story.append((each.at, f"{how} in {each.fire}"))
            if each.put_out_after is not None:
                story.append((each.at + each.put_out_after, f"the fire in {each.fire} is put out"))
    return sorted(story)


def _port(wanted: int) -> int:
    """The port asked for if it is free, else one that is."""
    return wanted if wanted and port_is_free(HOST, wanted) else free_port(HOST)


__all__ = ["Demo", "GatewayFailed", "Options"]
