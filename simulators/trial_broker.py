"""A broker as a run needs it: it keeps what devices say until it is acknowledged, sends again, replays what it retains,
goes away and comes back; and passes commands on to devices.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Self

import aiomqtt

from gateway.link import backoff_seconds
from gateway.wire import DUP, RETAIN
from gateway.wire import Message as WireMessage
from simulators.perils import Perils
from simulators.record import Delivered, Message

INFLIGHT_MAX = 20  # Mosquitto's default
PUBLISH_SECONDS = 0.01  # to the broker and back
SILENCE_SECONDS = 5.0  # after which a publisher gives up waiting for an acknowledgement
Obey = Callable[[str, bytes], None]
OnMessages = Callable[[list[WireMessage], int], None]
OnState = Callable[[bool, str], None]


@dataclass
class Packet:
    id: int
    message: Message
    retained: bool  # a copy of what was kept
    given: bool = False  # ever
    sent: bool = False  # on this connection


class TrialBroker:
    """`clock` is the gateway's, to note when it was given something. `obey(topic, payload)` takes commands."""

    def __init__(self, perils: Perils, clock: Callable[[], int], chance: Random, obey: Obey) -> None:
        self._perils, self._clock, self._chance, self._obey = perils, clock, chance, obey
        self.queue: list[Packet] = []
        self.loses_acks = False
        self.changed = asyncio.Event()
        self._away = False
        self._retained: dict[str, Message] = {}
        self._packets = 0
        self._on_messages: OnMessages | None = None
        self.generation = 0
        self._scheduled = False

    # ---- devices

    def publish(self, message: Message, retained: bool = False) -> None:
        """At QoS 1; it is the broker's from now on."""
        if retained:
            self._retained[message.topic] = message
        self._add(message, False)
        self._soon()

    def _add(self, message: Message, retained: bool) -> Packet:
        self._packets += 1
        packet = Packet(self._packets, message, retained)
        self.queue.append(packet)
        return packet

    # ---- the gateway's connection

    @property
    def away(self) -> bool:
        return self._away

    def go(self) -> None:
        self._away = True
        self._on_messages = None
        self.tell()

    def come(self) -> None:
        self._away = False
        self.tell()

    def cut(self) -> None:
        """The connection breaks; the broker is there."""
        self._on_messages = None
        self.tell()

    def tell(self) -> None:
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()

    def connected(self, generation: int) -> bool:
        return self._on_messages is not None and generation == self.generation

    def connect(self, on_messages: OnMessages) -> int:
        self.generation += 1
        self._on_messages = on_messages
        for packet in self.queue:
            packet.sent = False
        kept = [self._add(message, True) for message in self._retained.values()]
        if self._chance.random() < 0.5:  # in which order they come no broker promises
            self.queue = [*kept, *(packet for packet in self.queue if packet not in kept)]
        self._soon()
        return self.generation

    def disconnect(self, generation: int) -> None:
        if generation == self.generation:
            self._on_messages = None

    def acknowledge(self, generation: int, packet_ids: list[int]) -> bool:
        self._perils.live()
        if not self.connected(generation):
            return False
        if self.loses_acks:
            return True
        for packet in [packet for packet in self.queue if packet.id in packet_ids]:
            self.queue.remove(packet)
            if (
                packet.message.acknowledged_at is None and not packet.retained
            ):  # the message itself is still to come, then
                packet.message.acknowledged_at = self._perils.position
        self._soon()
        return True

    def _soon(self) -> None:
        if not self._scheduled and self._on_messages is not None:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._deliver)

    def _deliver(self) -> None:
        """Whatever is to be sent, in one read of the socket."""
        self._scheduled = False
        if self._on_messages is None or self._perils.dead:
            return
        room = INFLIGHT_MAX - sum(packet.sent for packet in self.queue)
        some = [packet for packet in self.queue if not packet.sent][: max(0, room)]
        messages = []
        for packet in some:
            flags = (DUP if packet.given else 0) | (RETAIN if packet.retained else 0) | 0b10
            message = packet.message
            messages.append((message.topic.encode(), message.payload, packet.id, flags))
            packet.sent = packet.given = True
            message.delivered.append(Delivered(self._perils.life, self._clock(), self._perils.position))
        if messages:
            self._on_messages(messages, self.generation)

    # ---- commands

    async def take(self, topic: str, payload: bytes) -> None:
        """A command on its way to a device. Raises MqttError where the gateway is not told that it arrived."""
        await asyncio.sleep(PUBLISH_SECONDS)
        self._perils.live()
        if self._away:
            raise aiomqtt.MqttError("the broker is gone")
        self._obey(topic, payload)
        self._perils.come_to("after sending")
        if self.loses_acks:
            await asyncio.sleep(SILENCE_SECONDS)
            raise aiomqtt.MqttError("no acknowledgement")


class TrialLink:
    """`gateway.link.Link`, as far as the core needs it: connected whenever the broker is there."""

    def __init__(self, broker: TrialBroker, on_messages: OnMessages, on_state: OnState, chance: Random) -> None:
        self._broker, self._on_messages, self._on_state, self._chance = broker, on_messages, on_state, chance
        self.generation = 0

    @property
    def connected(self) -> bool:
        return self._broker.connected(self.generation)

    def acknowledge(self, generation: int, packet_ids: list[int]) -> bool:
        return self._broker.acknowledge(generation, packet_ids)

    async def run(self) -> None:
        failures = 0
        try:
            while True:
                failures += 1
                changed = self._broker.changed
                if not self._broker.away:
                    failures = 0
                    self.generation = self._broker.connect(self._on_messages)
                    self._on_state(True, "listening")
                    while self.connected:
                        await changed.wait()
                        changed = self._broker.changed
                    self._on_state(False, "the connection broke")
                await asyncio.sleep(backoff_seconds(max(1, failures), self._chance.random()))
        finally:
            self._broker.disconnect(self.generation)


class TrialClient:
    """`aiomqtt.Client`, as far as the command lane needs it. `began(topic, payload)` → how it ended is told."""

    def __init__(self, broker: TrialBroker, began: Callable[[str, bytes], Callable[[str], None]]) -> None:
        self._broker, self._began = broker, began

    async def __aenter__(self) -> Self:
        if self._broker.away:
            raise aiomqtt.MqttError("the broker is away")
        return self

    async def __aexit__(self, *error: Any) -> None:
        """Nothing to be let go of."""

    async def publish(self, topic: str, payload: bytes | str, qos: int = 0, retain: bool = False) -> None:
        if not topic.endswith("/command"):
            return  # that the gateway is online: nobody in a run looks at it
        assert isinstance(payload, bytes)
        ended = self._began(topic, payload)
        try:
            await self._broker.take(topic, payload)
        except aiomqtt.MqttError:
            ended("failed")
            raise
        ended("ok")


def command_of(payload: bytes) -> dict[str, Any]:
    command: dict[str, Any] = json.loads(payload)
    return command
