"""A scenario over a real broker and a real HTTP server: what the devices publish, what they answer, what people do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiomqtt
import pytest
import uvicorn

from api.app import make_app
from gateway.broker_process import free_port
from gateway.clock import now_ms
from rules.incident import Confirmation, Phase
from rules.instant import parse_rfc3339, rfc3339
from rules.site import Directory
from rules.timeline import Kind
from simulators.field_link import decode_command
from simulators.live import Live, SceneClock
from simulators.scenario import Scenario
from tests.api.fake_desk import FakeDesk
from tests.support.servers import Mosquitto
from tests.support.waiting import until

BURNING = Scenario.model_validate(
    {
        "scenario": "burning",
        "title": {"en": "Burning"},
        "lasts": "10min",
        "happens": [{"at": "5s", "fire": "12F-east", "growth": "fast"}],
        "people": [
            {"when": "opened", "wait": "2s", "does": "acknowledge", "by": "duty officer"},
            {"when": "acknowledged", "wait": "2s", "does": "note", "by": "patrol", "text": "I see it."},
        ],
    }
)


@asynccontextmanager
async def served(desk: FakeDesk) -> AsyncIterator[str]:
    port = free_port("127.0.0.1")
    server = uvicorn.Server(uvicorn.Config(make_app(desk), "127.0.0.1", port, log_level="error", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    try:
        await until(lambda: server.started)
        yield f"http://127.0.0.1:{port}"
    finally:
        desk.close()
        server.should_exit = True
        await serving


@asynccontextmanager
async def playing(live: Live) -> AsyncIterator[None]:
    task = asyncio.create_task(live.run(on_and_on=True))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_fire_is_published_and_a_command_is_answered(
    mosquitto: Callable[..., Mosquitto], tower: Directory
) -> None:
    broker = mosquitto()
    live = Live(BURNING, tower, "tower-a", broker.url, speed=50)
    async with aiomqtt.Client("127.0.0.1", broker.port) as client:
        await client.subscribe("tocsin/v1/tower-a/+/telemetry", qos=1)
        await client.subscribe("tocsin/v1/tower-a/+/command/result", qos=1)
        commanded = False
        async with playing(live), asyncio.timeout(20):
            async for message in client.messages:
                body = json.loads(bytes(message.payload))
                name = str(message.topic).split("/")[3]
                if str(message.topic).endswith("result"):
                    break
                if body["values"].get("smoke", 0) > 0.15 and not commanded:
                    assert name.startswith("sd-12")
                    assert abs(parse_rfc3339(body["ts"]) - now_ms()) < 5_000
                    commanded = True
                    order = {
                        "id": "CMD-000001",
                        "command": "sound",
                        "args": {},
                        "expires_at": rfc3339(now_ms() + 30_000),
                    }
                    await client.publish("tocsin/v1/tower-a/sr-1201/command", json.dumps(order), qos=1)
    assert (name, body["id"], body["ok"]) == ("sr-1201", "CMD-000001", True)
    assert live.played.commands == 1
    assert live.played.sent > 2 * 408


async def test_statuses_are_retained_and_the_scenario_ends_by_itself_with_everything_acknowledged(
    mosquitto: Callable[..., Mosquitto], tower: Directory
) -> None:
    broker = mosquitto()
    played = await Live(BURNING, tower, "tower-a", broker.url, speed=1_000).run()
    assert played.sent == played.acknowledged > 2 * 408
    assert played.lost == 0
    assert played.scene_seconds >= 600
    async with aiomqtt.Client("127.0.0.1", broker.port) as client, asyncio.timeout(10):
        await client.subscribe("tocsin/v1/tower-a/+/status", qos=1)
        online = set()
        async for message in client.messages:
            assert bytes(message.payload) == b"online"
            online.add(str(message.topic))
            if len(online) == 408:
                break


async def test_the_building_comes_back_by_itself_after_an_outage_of_the_broker(
    mosquitto: Callable[..., Mosquitto], tower: Directory
) -> None:
    broker = mosquitto()
    live = Live(BURNING, tower, "tower-a", broker.url, speed=5)
    async with playing(live):
        await until(lambda: live.played.acknowledged > 408)
        await asyncio.to_thread(broker.restart)
        sent = live.played.sent
        await until(lambda: live.played.acknowledged > sent)
        async with aiomqtt.Client("127.0.0.1", broker.port) as client, asyncio.timeout(10):
            await client.subscribe("tocsin/v1/tower-a/sr-1201/command/result", qos=1)
            order = json.dumps({"id": "CMD-000009", "command": "sound", "args": {}})
            await client.publish("tocsin/v1/tower-a/sr-1201/command", order, qos=1)
            message = await anext(client.messages)
    assert json.loads(bytes(message.payload))["ok"] is True


async def test_people_act_over_the_api_on_what_the_stream_shows(
    mosquitto: Callable[..., Mosquitto], tower: Directory
) -> None:
    desk = FakeDesk()
    desk.opened(hazard="fire", phase=Phase.ACTIVATED)  # an old one: nobody in the scenario has to do with it
    async with served(desk) as api_url:
        live = Live(BURNING, tower, "tower-a", mosquitto().url, api_url=api_url, speed=20)
        async with playing(live), asyncio.timeout(20):
            await desk.until_watched_by(1)
            desk.opened(hazard="fire", phase=Phase.ACTIVATED, confirmation=Confirmation.PRE_ALARM)
            await until(lambda: live.played.acts == 2)
            await until(lambda: desk.entries[-1].kind is Kind.NOTED)
    acts = [(entry.incident, entry.kind, entry.by) for entry in desk.entries if entry.by]
    assert acts == [("INC-000002", Kind.ACKNOWLEDGED, "duty officer"), ("INC-000002", Kind.NOTED, "patrol")]
    assert not live.played.refused


async def test_an_act_that_is_refused_is_reported_in_the_words_of_the_api(
    mosquitto: Callable[..., Mosquitto], tower: Directory
) -> None:
    desk = FakeDesk()
    async with served(desk) as api_url:
        live = Live(BURNING, tower, "tower-a", mosquitto().url, api_url=api_url, speed=20)
        async with playing(live), asyncio.timeout(20):
            await desk.until_watched_by(1)
            desk.opened(hazard="fire", acknowledged_by="somebody else")
            await until(lambda: live.played.refused)
    assert "already_acknowledged" in live.played.refused[0]


async def test_a_broker_that_is_not_there_is_an_error_at_once(tower: Directory) -> None:
    with pytest.raises(OSError, match="refused"):
        await Live(BURNING, tower, "tower-a", f"mqtt://127.0.0.1:{free_port('127.0.0.1')}").run()


@pytest.mark.parametrize("speed", [0, -1, float("inf"), float("nan")])
def test_a_speed_that_is_none_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="is not between"):
        SceneClock(0, speed)


def test_scene_time_passes_as_fast_as_asked() -> None:
    seconds = iter([100.0, 100.0, 101.5])
    clock = SceneClock(1_000_000, 4, lambda: next(seconds))
    assert [clock.now(), clock.now()] == [1_000_000, 1_006_000]


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"{}", b'{"id": 1}', b"\xff", b'{"id":"a","command":"b","expires_at":"soon"}']
)
def test_what_is_no_command_is_ignored(payload: bytes) -> None:
    assert decode_command("tocsin/v1/tower-a/sr-1201/command", payload) is None
