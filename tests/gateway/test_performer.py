"""Commands on a real broker: published once, tried again, given up when they have expired."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from gateway.broker_process import free_port
from gateway.command_lane import RETRY_MS_MAX, RETRY_MS_MIN, CommandLane, command_payload, command_topic
from gateway.link import LinkSettings
from rules.effects import PublishCommand
from rules.mode import Mode
from rules.timeline import Kind
from tests.support import building
from tests.support.servers import Mosquitto
from tests.support.stage import START, Stage
from tests.support.waiting import until

STATUS = "tocsin/v1/tower-a/gateway/status"


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    made = Stage(tmp_path, plans=(building.FIRE_PLAN,))
    yield made
    made.close()


def _fire(stage: Stage) -> None:
    """Two detectors: the vents of the zone are to be opened."""
    for device in ("sd-1", "sd-2"):
        stage.publish(device, smoke=0.4)
    stage.deliver()


@asynccontextmanager
async def _performing(stage: Stage, port: int) -> AsyncIterator[tuple[CommandLane, list[tuple[bool, str]]]]:
    said: list[tuple[bool, str]] = []
    settings = LinkSettings("127.0.0.1", port, "gateway")
    performer = CommandLane(
        stage.desk,
        stage.store,
        settings,
        lambda: ["tower-a"],
        lambda: stage.now,
        lambda up, why: said.append((up, why)),
    )
    task = asyncio.create_task(performer.run())
    try:
        yield performer, said
    finally:
        task.cancel()
        await asyncio.wait({task}, timeout=20)
        assert task.done()


@asynccontextmanager
async def _device(broker: Mosquitto, topic: str = "+/v1/tower-a/+/command") -> AsyncIterator[list[Any]]:
    heard: list[Any] = []

    async def listen(client: aiomqtt.Client) -> None:
        async for message in client.messages:
            heard.append((str(message.topic), message.payload))

    async with aiomqtt.Client(broker.host, broker.port) as client:
        await client.subscribe(topic, qos=1)
        task = asyncio.create_task(listen(client))
        try:
            yield heard
        finally:
            task.cancel()
            await asyncio.wait({task})


async def test_commands_of_the_outbox_are_published_once_and_their_publication_is_journaled(
    mosquitto: Callable[..., Mosquitto], stage: Stage
) -> None:
    broker = mosquitto()
    async with _device(broker) as heard, _performing(stage, broker.port) as (performer, _):
        _fire(stage)
        performer.wake()
        await until(lambda: performer.published == 2)
        await until(lambda: len(heard) == 2)
    assert [topic for topic, _ in heard] == [f"tocsin/v1/tower-a/vent-{n}/command" for n in (1, 2)]
    assert stage.kinds().count(Kind.COMMAND_PUBLISHED) == 2
    assert stage.store.outbox_next(stage.now) is None


async def test_a_command_s_round_trip_ends_with_its_device_s_answer_and_is_measured_once(
    mosquitto: Callable[..., Mosquitto], stage: Stage
) -> None:
    broker = mosquitto()
    async with _device(broker) as heard, _performing(stage, broker.port) as (performer, _):
        stage.ingest.on_answer = performer.answered
        _fire(stage)
        performer.wake()
        await until(lambda: performer.published == 2 and len(heard) == 2)
        assert performer.round_trip_s.count == 0
        id = json.loads(heard[0][1])["id"]
        for _ in range(2):
            stage.publish("vent-1", kind="command/result", payload=json.dumps({"id": id, "ok": True}).encode())
            stage.deliver()
        assert performer.round_trip_s.count == 1


async def test_what_the_outbox_held_before_a_crash_is_published_after_it(
    mosquitto: Callable[..., Mosquitto], stage: Stage
) -> None:
    broker = mosquitto()
    _fire(stage)
    stage.restart()
    async with _device(broker) as heard, _performing(stage, broker.port):
        await until(lambda: len(heard) == 2)
    assert len({json.loads(payload)["id"] for _, payload in heard}) == 2


async def test_a_broker_that_is_away_is_tried_again_and_the_commands_are_kept(
    mosquitto: Callable[..., Mosquitto], stage: Stage
) -> None:
    port = free_port("127.0.0.1")
    async with _performing(stage, port) as (performer, said):
        _fire(stage)
        performer.wake()
        await until(lambda: any(not up for up, _ in said))
        assert performer.published == 0
        mosquitto(port=port)
        await until(lambda: performer.published == 2)
    assert said[-1] == (True, "connected") or said[-2] == (True, "connected")


async def test_an_expired_command_is_not_published(mosquitto: Callable[..., Mosquitto], stage: Stage) -> None:
    broker = mosquitto()
    _fire(stage)
    stage.now = START + 60_000  # a command lives for 30 s
    async with _device(broker, "tocsin/#") as heard, _performing(stage, broker.port) as (performer, _):
        await until(lambda: heard)  # its own status
        stage.desk.advance()
        stage.desk.commit()
        performer.wake()
        await until(lambda: stage.store.outbox_next(stage.now) is None)
    assert {topic for topic, _ in heard} == {STATUS}
    assert stage.kinds().count(Kind.COMMAND_FAILED) == 2


async def test_an_attempt_that_failed_is_put_off_longer_each_time(stage: Stage) -> None:
    _fire(stage)
    performer = CommandLane(stage.desk, stage.store, LinkSettings("127.0.0.1", 1, "g"), list, lambda: stage.now)
    waits = []
    for _ in range(6):
        due = stage.store.outbox_due(stage.now, 10)
        performer._settle(due, [False] * len(due))
        next_try = stage.store.outbox_next(stage.now)
        assert next_try is not None
        waits.append(next_try - stage.now)
        stage.now = next_try
    assert waits == [RETRY_MS_MIN, 1_000, 2_000, 4_000, RETRY_MS_MAX, RETRY_MS_MAX]
    assert performer.failed == 12


async def test_the_gateways_status_says_online_and_offline(mosquitto: Callable[..., Mosquitto], stage: Stage) -> None:
    broker = mosquitto()
    async with _device(broker, STATUS) as heard:
        async with _performing(stage, broker.port):
            await until(lambda: heard)
        await until(lambda: len(heard) == 2)
    assert [payload for _, payload in heard] == [b"online", b"offline"]


async def test_stopping_ends_it_at_any_moment(mosquitto: Callable[..., Mosquitto], stage: Stage) -> None:
    broker = mosquitto()
    for ticks in range(0, 40, 2):
        async with _performing(stage, broker.port):
            for _ in range(ticks):
                await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("mode", "tree"), [(Mode.ACTUAL, "tocsin"), (Mode.EXERCISE, "tocsin-exercise"), (Mode.TEST, "tocsin-test")]
)
def test_a_command_goes_to_the_tree_of_its_mode(mode: Mode, tree: str) -> None:
    effect = PublishCommand("CMD-000001", mode, "tower-a/vent-1", "open", {"by": 1.0}, "INC-000001", START, START + 1)
    assert command_topic(effect) == f"{tree}/v1/tower-a/vent-1/command"
    assert json.loads(command_payload(effect)) == {
        "id": "CMD-000001",
        "command": "open",
        "args": {"by": 1.0},
        "incident": "INC-000001",
        "mode": mode.value,
        "expires_at": "2026-11-24T06:00:00.001Z",
    }
