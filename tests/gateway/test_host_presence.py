"""Sparkplug's host certificate on a real broker: there while we are, gone when we are, whatever was kept of before."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiomqtt

from gateway.codecs.sparkplug import Options, Sparkplug
from gateway.foreign.host_presence import Host, HostPresence, presences
from gateway.link_settings import LinkSettings
from tests.support.plain_codec import PlainCodec
from tests.support.servers import Mosquitto
from tests.support.waiting import until

TOPIC = "spBv1.0/STATE/tocsin"
NOW = 1_795_500_000_000


class Clock:
    now = NOW

    def __call__(self) -> int:
        self.now += 1
        return self.now


@asynccontextmanager
async def _running(port: int, **settings: Any) -> AsyncIterator[tuple[HostPresence, asyncio.Task[None]]]:
    presence = HostPresence("tocsin", LinkSettings("127.0.0.1", port, "gateway", **settings), Clock())
    task = asyncio.create_task(presence.run())
    try:
        yield presence, task
    finally:
        task.cancel()
        await asyncio.wait({task}, timeout=20)


@asynccontextmanager
async def _watching(port: int) -> AsyncIterator[tuple[aiomqtt.Client, list[tuple[dict[str, Any], bool]]]]:
    """A node, and the states that it has heard, each with whether the broker had kept it."""
    heard: list[tuple[dict[str, Any], bool]] = []

    async def listen() -> None:
        async for message in node.messages:
            assert isinstance(message.payload, bytes)
            heard.append((json.loads(message.payload), message.retain))

    async with aiomqtt.Client("127.0.0.1", port, identifier="node") as node:
        await node.subscribe(TOPIC, qos=1)
        task = asyncio.create_task(listen())
        try:
            yield node, heard
        finally:
            task.cancel()


async def test_a_node_that_comes_later_hears_that_its_host_is_there_and_hears_its_orderly_end(
    mosquitto: Callable[..., Mosquitto],
) -> None:
    broker = mosquitto()
    for protocol in ("3.1.1", "5"):
        async with _running(broker.port, protocol=protocol) as (presence, task):
            async with _watching(broker.port) as (_, heard):
                await until(lambda: heard and heard[-1][0]["online"])
            at = presence.connected_at
            async with _watching(broker.port) as (_, heard):
                await until(lambda: ({"online": True, "timestamp": at}, True) in heard)  # noqa: B023
                task.cancel()
                await asyncio.wait({task}, timeout=20)
                await until(lambda: heard[-1][0]["online"] is False)
                assert at is not None
                assert heard[-1][0]["timestamp"] >= at  # an older one a node would not believe


async def test_a_connection_that_breaks_is_told_by_the_broker_and_made_again(
    mosquitto: Callable[..., Mosquitto],
) -> None:
    broker = mosquitto()
    async with _running(broker.port) as (presence, _), _watching(broker.port) as (_, heard):
        await until(lambda: heard and heard[-1][0]["online"])
        first = presence.connected_at
        async with aiomqtt.Client("127.0.0.1", broker.port, identifier="gateway-host"):
            await until(lambda: {"online": False, "timestamp": first} in [state for state, _ in heard])
        await until(lambda: heard[-1][0]["online"] and heard[-1][0]["timestamp"] != first)


async def test_a_will_of_before_that_comes_late_is_set_right_at_once(mosquitto: Callable[..., Mosquitto]) -> None:
    broker = mosquitto()
    async with _running(broker.port) as (presence, _), _watching(broker.port) as (node, heard):
        await until(lambda: heard and heard[-1][0]["online"])
        await node.publish(TOPIC, '{"online":false,"timestamp":1}', qos=1, retain=True)
        await until(lambda: len(heard) >= 3 and heard[-1][0] == {"online": True, "timestamp": presence.connected_at})


def test_only_a_codec_with_a_host_id_is_present() -> None:
    settings = LinkSettings("127.0.0.1", 1883, "gateway")
    named, unnamed = Sparkplug(Options(host_id="tocsin")), Sparkplug(Options())
    assert isinstance(named, Host)
    made = presences([named, unnamed, named, PlainCodec()], settings, Clock())
    assert [each.host_id for each in made] == ["tocsin"]
