"""Plays a scenario live: its devices over real MQTT, its people over the gateway's HTTP API.

Scene time runs `speed` times as fast as the clock. Devices stamp what they say with the clock's time, as a device
would; only what happens is hurried, and so are the people.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from gateway.clock import monotonic_s, now_ms
from gateway.link_settings import link_settings_from_url
from rules.instant import SECOND_MS, Instant
from rules.mode import Mode
from rules.site import Directory
from rules.timeline import Kind
from simulators.control_room import ControlRoom
from simulators.field import Field
from simulators.field_link import Command, FieldLink, encode
from simulators.people import Due, People
from simulators.scenario import Scenario, scene_of

TICK_SECONDS = 0.1
RETRY_SECONDS = 0.5  # until the API is asked again when it did not answer
PREFIXES = {Mode.ACTUAL: "tocsin/v1", Mode.EXERCISE: "tocsin-exercise/v1"}


@dataclass
class Played:
    """What it came to. `refused`: what people did that the API did not take, in its words."""

    scene_seconds: float = 0.0
    sent: int = 0
    acknowledged: int = 0
    lost: int = 0
    commands: int = 0
    acts: int = 0
    refused: list[str] = field(default_factory=list)


class SceneClock:
    """The scene's instants. `begins` is now."""

    def __init__(self, begins: Instant, speed: float, seconds: Callable[[], float] = monotonic_s) -> None:
        if not 0.01 <= speed <= 1_000:
            raise ValueError(f"speed {speed:g} is not between 0.01 and 1000")
        self._begins, self._speed, self._seconds = begins, speed, seconds
        self._started_at = seconds()
        self._stood_since: float | None = None

    def now(self) -> Instant:
        seconds = self._seconds() if self._stood_since is None else self._stood_since
        return self._begins + round((seconds - self._started_at) * self._speed * SECOND_MS)

    def pause(self) -> None:
        """Stands still until `resume`. Harmless when it does already."""
        if self._stood_since is None:
            self._stood_since = self._seconds()

    def resume(self) -> None:
        if self._stood_since is not None:
            self._started_at += self._seconds() - self._stood_since
            self._stood_since = None


class Live:
    """One scenario in one site of the directory. `run` plays it; `played` grows meanwhile."""

    def __init__(
        self,
        scenario: Scenario,
        directory: Directory,
        site: str,
        broker_url: str,
        *,
        api_url: str | None = None,
        api_token: str | None = None,
        speed: float = 1.0,
        mode: Mode = Mode.ACTUAL,
    ) -> None:
        # nothing but what is of this mode: a drill that is played live must not make up anything real
        scene, begins = scene_of(scenario, directory, site, mode, mode)
        devices = [device for device in directory.devices.values() if device.site == site]
        if not devices:
            raise ValueError(f"the site {site} has no devices")
        self.played = Played()
        self._scenario = scenario
        self._site = site
        self._first = devices[0].name
        self._prefix = PREFIXES[mode]
        self._settings = link_settings_from_url(broker_url, f"tocsin-field-{site}-{now_ms()}")
        self._field = Field(devices, directory.device_classes, scene, mode, first_seq=now_ms())
        self._people = People(scenario.people, site, mode)
        self._api = (api_url, api_token) if api_url else None
        self._clock_from = (begins, speed)
        self._stopped = False

    def pause(self) -> None:
        """The scene stands still: devices say nothing, people do nothing."""
        self._clock.pause()

    def resume(self) -> None:
        self._clock.resume()

    def stop(self) -> None:
        """`run` ends soon."""
        self._stopped = True

    async def run(self, *, on_and_on: bool = False) -> Played:
        """Until the scenario is over; with `on_and_on` the building lives on until this is cancelled.

        Raises OSError or TimeoutError when the broker cannot be reached.
        """
        begins, speed = self._clock_from
        self._clock = SceneClock(begins, speed)
        end = None if on_and_on else begins + self._scenario.lasts
        async with FieldLink(self._settings, self._prefix, self._site, self._first, self._obey) as link:
            people = asyncio.create_task(self._live_people()) if self._api else None
            try:
                await self._live_devices(link, begins, end)
                await link.drained()
            finally:
                self._count(link, begins)
                if people is not None:
                    people.cancel()
                    await asyncio.gather(people, return_exceptions=True)
        return self.played

    async def _live_devices(self, link: FieldLink, begins: Instant, end: Instant | None) -> None:
        for said in self._field.statuses(begins):
            link.publish(encode(self._prefix, said, now_ms()))
        while not self._stopped and (end is None or self._clock.now() < end):
            for said in self._field.advance(self._clock.now()):
                link.publish(encode(self._prefix, said, now_ms()))
            self._count(link, begins)
            await asyncio.sleep(TICK_SECONDS)

    def _obey(self, command: Command) -> None:
        expired = command.expires_at is not None and command.expires_at < now_ms()
        self._field.obey(command.device, command.id, command.command, self._clock.now(), expired=expired)

    async def _live_people(self) -> None:
        assert self._api is not None
        self._people.begin(self._clock.now())
        async with ControlRoom(*self._api) as room:
            watching = asyncio.create_task(self._watch(room))
            try:
                while not self._people.idle:
                    for due in self._people.take_due(self._clock.now()):
                        await self._act(room, due)
                    await asyncio.sleep(TICK_SECONDS)
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)

    async def _act(self, room: ControlRoom, due: Due) -> None:
        self.played.acts += 1
        try:
            answers = await room.carry_out(due.act, due.incident, self._site)
            faults = [answer.detail for answer in answers if not answer.ok]
        except httpx.HTTPError as error:
            faults = [repr(error)]
        self.played.refused += [f"{due.act.does} {due.incident}: {fault}" for fault in faults]

    async def _watch(self, room: ControlRoom) -> None:
        """See every incident that opens from now on, whenever the stream speaks of it; resumes where it broke."""
        position: int | None = None
        opened: set[str] = set()
        while True:
            try:
                async for entry in room.entries(position):
                    position = entry.position
                    if entry.incident is not None and entry.kind is Kind.OPENED:
                        opened.add(entry.incident)
                    if entry.incident in opened:
                        self._people.see(await room.incident(entry.incident), self._clock.now())
            except httpx.HTTPError:
                await asyncio.sleep(RETRY_SECONDS)

    def _count(self, link: FieldLink, begins: Instant) -> None:
        traffic, played = link.traffic, self.played
        played.scene_seconds = (self._clock.now() - begins) / SECOND_MS
        played.sent, played.acknowledged = traffic.sent, traffic.acknowledged
        played.lost, played.commands = traffic.lost, traffic.commands
