"""Devices of a drill that somebody has started: they speak on the exercise tree, until it is over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import httpx
import msgspec
import pytest

from gateway.library import Loaded, load
from rules.drill import Stage
from simulators.building import demo_tower, site_yaml
from simulators.drill_player import DrillPlayer, playable
from tests.api.fake_desk import FakeDesk
from tests.simulators.test_live import served
from tests.support.servers import Mosquitto
from tests.support.waiting import until

FASTER = 20.0


@pytest.fixture
def building(tmp_path: Path) -> Loaded:
    path = tmp_path / "tower-a.yaml"
    path.write_text("".join(site_yaml(demo_tower())), encoding="utf-8")
    return load([path])


@asynccontextmanager
async def running(player: DrillPlayer) -> AsyncIterator[None]:
    task = asyncio.create_task(player.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def test_a_tower_can_play_what_happens_in_its_own_places(building: Loaded) -> None:
    known = playable(building)
    assert known["tower-a", "fire-on-12f"].title["zh"]
    assert {site for site, _ in known} == {"tower-a"}


async def test_a_drill_that_is_wanted_is_played_on_the_exercise_tree_alone_until_it_is_over(
    mosquitto: Callable[..., Mosquitto], building: Loaded
) -> None:
    broker, desk = mosquitto(), FakeDesk()
    drill = desk.drilling(scenario="fire-on-12f")
    async with served(desk) as url, httpx.AsyncClient(base_url=f"{url}/api/v1") as api:
        player = DrillPlayer(building, broker.url, url, speed=FASTER)
        async with aiomqtt.Client(broker.host, broker.port) as client, running(player):
            await client.subscribe("#", qos=1)
            async with asyncio.timeout(20):
                while not (await api.post(f"/drills/{drill.id}/play", json={})).json()["played"]:  # noqa: ASYNC110
                    await asyncio.sleep(0)
                topics: set[str] = set()
                async for message in client.messages:
                    topics.add(str(message.topic).partition("/")[0])
                    if str(message.topic).endswith("sd-1201/telemetry"):
                        break
            assert topics == {"tocsin-exercise"}
            assert player.playing == 1
            desk.known_drills[drill.id] = msgspec.structs.replace(drill, stage=Stage.ENDED)
            await until(lambda: player.playing == 0)
