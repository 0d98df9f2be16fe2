"""Plays the devices of drills that somebody has started elsewhere, at a console say; people do the rest.

It tells the gateway's API again and again what it can play, hears what it is to play, and plays that on the exercise
tree until the drill is over. The drill is the gateway's: while it is suspended the scene stands still.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress

import httpx

from api.playing_schemas import ScenarioIn, ToPlayOut
from gateway.clock import now_ms
from gateway.library import Loaded
from rules.drill import Stage
from rules.drilling import LASTS_MS_MAX
from rules.mode import Mode
from simulators.control_room import ControlRoom
from simulators.live import Live
from simulators.scenario import Scenario, read_scenario, shipped
from simulators.scenario_check import find_faults

TELLS_SECONDS = 2.0
LOOKS_SECONDS = 1.0  # between two looks at how the drill stands
AT_ONCE_MAX = 8  # drills; one a site is on at most

log = logging.getLogger("tocsin.drills")


def playable(loaded: Loaded) -> dict[tuple[str, str], Scenario]:
    """(site, name) → those shipped scenarios whose places and devices there are, and that are not too long."""
    found: dict[tuple[str, str], Scenario] = {}
    for name in shipped():
        scenario, problems = read_scenario(name)
        if scenario is None or problems or scenario.lasts > LASTS_MS_MAX or not scenario.happens:
            continue
        for site in loaded.directory.sites:
            if not find_faults(scenario, loaded.directory, site):  # its people are not played: they need not be there
                found[site, name] = scenario
    return found


class DrillPlayer:
    """`run` it. `speed`: how much faster than life."""

    def __init__(
        self, loaded: Loaded, broker_url: str, api_url: str, api_token: str | None = None, speed: float = 1.0
    ) -> None:
        self._loaded, self._broker_url, self._speed = loaded, broker_url, speed
        self._api = (api_url, api_token)
        self._scenarios = playable(loaded)
        self._playing: set[asyncio.Task[None]] = set()
        self._name = f"play-drills-{now_ms()}"

    @property
    def scenarios(self) -> Sequence[ScenarioIn]:
        return [
            ScenarioIn(
                name=name,
                site=site,
                title=dict(each.title),
                lasts_ms=max(1, round(each.lasts / self._speed)),
                hazards=_hazards(each),
            )
            for (site, name), each in self._scenarios.items()
        ]

    @property
    def playing(self) -> int:
        """How many drills."""
        return len(self._playing)

    async def run(self) -> None:
        """Until cancelled. A gateway that does not answer is asked again."""
        try:
            async with ControlRoom(*self._api) as room:
                while True:
                    try:
                        for wanted in await room.can_play(self._name, self.scenarios):
                            self._begin(wanted)
                    except httpx.HTTPError as error:
                        log.info("not heard: %r", error)
                    await asyncio.sleep(TELLS_SECONDS)
        finally:
            for task in self._playing:
                task.cancel()
            await asyncio.gather(*self._playing, self._leave(), return_exceptions=True)

    async def _leave(self) -> None:
        """What it said counts no more, at once."""
        async with ControlRoom(*self._api) as room:
            await room.can_play(self._name, [])

    def _begin(self, wanted: ToPlayOut) -> None:
        scenario = self._scenarios.get((wanted.site, wanted.scenario))
        if scenario is None or len(self._playing) >= AT_ONCE_MAX:
            log.warning("%s is not played: %s", wanted.drill, "too many are" if scenario else "no such scenario")
            return
        task = asyncio.create_task(self._play(scenario, wanted))
        self._playing.add(task)
        task.add_done_callback(self._playing.discard)

    async def _play(self, scenario: Scenario, wanted: ToPlayOut) -> None:
        log.info("%s: %s is played at %s", wanted.drill, wanted.scenario, wanted.site)
        live = Live(
            scenario, self._loaded.directory, wanted.site, self._broker_url, speed=self._speed, mode=Mode.EXERCISE
        )
        playing = asyncio.create_task(live.run())
        try:
            async with ControlRoom(*self._api) as room:
                while not playing.done():
                    with suppress(httpx.HTTPError):
                        _obey(live, (await room.drill(wanted.drill)).stage)
                    await asyncio.wait([playing], timeout=LOOKS_SECONDS)
            await playing
        except (OSError, TimeoutError) as error:
            log.error("%s is no longer played: %r", wanted.drill, error)
        finally:
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)


def _obey(live: Live, stage: Stage) -> None:
    if stage is Stage.SUSPENDED:
        live.pause()
    elif stage is Stage.RUNNING:
        live.resume()
    else:
        live.stop()


def _hazards(scenario: Scenario) -> list[str]:
    expected = scenario.expects.incidents if scenario.expects is not None else ()
    return list(dict.fromkeys(each.incident for each in expected if each.times))
