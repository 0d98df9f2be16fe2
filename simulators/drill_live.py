"""A drill against a running gateway: devices over real MQTT on the exercise tree, people over its API.

The gateway decides: whether the drill may begin, whether something real suspends it (then the scene stands still),
whether somebody has ended or aborted it meanwhile (then it stops). Nothing is ever published on the actual tree.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx

from api.drill_schemas import DrillOut
from api.schemas import EntryOut
from rules.drill import Stage
from rules.mode import Mode
from rules.requests import EndDrill
from rules.site import Directory
from rules.timeline import Kind
from simulators.control_room import ControlRoom
from simulators.drill import LEADER, start_request
from simulators.live import RETRY_SECONDS, Live
from simulators.scenario import Scenario

See = Callable[[EntryOut], None]


class LiveDrill:
    """`hold` plays it. `see` is shown every entry of an exercise as it is made. `live.played`: what was sent."""

    def __init__(
        self,
        scenario: Scenario,
        directory: Directory,
        site: str,
        broker_url: str,
        api_url: str,
        *,
        api_token: str | None = None,
        speed: float = 1.0,
        by: str = LEADER,
        see: See = lambda entry: None,
    ) -> None:
        self.live = Live(
            scenario,
            directory,
            site,
            broker_url,
            api_url=api_url,
            api_token=api_token,
            speed=speed,
            mode=Mode.EXERCISE,
        )
        self._request = start_request(scenario, site, by, speed)
        self._by, self._see = by, see
        self._api = (api_url, api_token)

    async def hold(self) -> DrillOut:
        """→ the drill as it is in the end. Raises DrillRefused where it may not begin; OSError, TimeoutError or
        httpx.HTTPError where broker or gateway cannot be reached."""
        async with ControlRoom(*self._api) as room:
            begun = await room.start_drill(self._request)
            drill, position = begun.drill, begun.entries[0].position - 1
            following = asyncio.create_task(self._follow(room, drill.id, position))
            try:
                await self.live.run()
                if (await room.drill(drill.id)).open:
                    await room.ask(EndDrill(by=self._by, drill=drill.id))
                return await room.drill(drill.id)
            finally:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)

    async def _follow(self, room: ControlRoom, drill: str, position: int) -> None:
        """What the gateway says of it: stand still, go on, stop."""
        while True:
            try:
                async for entry in room.entries(position):
                    position = entry.position
                    if entry.mode is Mode.EXERCISE:
                        self._see(entry)
                    if entry.kind is Kind.DRILL and entry.facts.get("id") == drill:
                        self._obey(str(entry.facts.get("what")))
            except httpx.HTTPError:
                await asyncio.sleep(RETRY_SECONDS)

    def _obey(self, what: str) -> None:
        if what == Stage.SUSPENDED.value:
            self.live.pause()
        elif what == "resumed":
            self.live.resume()
        elif what in (Stage.ENDED.value, Stage.ABORTED.value):
            self.live.stop()
