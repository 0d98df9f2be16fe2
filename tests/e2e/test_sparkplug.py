"""A Sparkplug edge node on a real broker: found, heard, commanded, asked for its birth; also when it says nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from pysparkplug import DataType, DCmd, NCmd

from tests.support.field_client import say
from tests.support.gateway import ROOT, SECONDS_MAX, RunningGateway
from tests.support.servers import Mosquitto
from tests.support.sparkplug import EdgeNode, M, Sent, by_alias

SITE = (
    (ROOT / "deploy" / "example" / "site.yaml")
    .read_text(encoding="utf-8")
    .replace(
        "{id: sd-101, class: smoke_detector, title: {en: Lobby smoke detector 1, zh: 大堂感烟探测器1号}}",
        '{id: sd-101, class: smoke_detector, source: {codec: plant, id: "tower/plant/sd-1", points: {Smoke: alarm}}}',
    )
    .replace(
        "{id: sr-101, class: siren, title: {en: Lobby siren, zh: 大堂声光警报器}}",
        '{id: sr-101, class: siren, source: {codec: plant, id: "tower/plant/siren", '
        "commands: {sound: {Sound: true}, silence: {Sound: false}}}}",
    )
)
CODECS = {"plant": {"format": "sparkplug", "host_id": "tocsin"}}
HOST = "spBv1.0/STATE/tocsin"

Made = Callable[..., RunningGateway]


class Node:
    """Obeys: births when it is asked, echoes what it is told, is quiet otherwise."""

    def __init__(self, port: int) -> None:
        self.node, self.smoke, self.sound = EdgeNode(), False, False
        self.rebirths = 0
        self.states: list[bytes] = []
        self.told: list[Any] = []
        self._lock = threading.Lock()
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="edge")
        topic, will = self.node.death(at=now())
        self.client.will_set(topic.decode(), will, qos=1)
        self.client.on_message = self._hears
        self.client.connect("127.0.0.1", port)
        for topic_filter in ("spBv1.0/tower/NCMD/plant", "spBv1.0/tower/DCMD/plant/+", HOST):
            self.client.subscribe(topic_filter, qos=1)
        self.client.loop_start()

    def births(self) -> None:
        with self._lock:
            smoke = M("Smoke", self.smoke, DataType.BOOLEAN, alias=1, at=now())
            sound = M("Sound", self.sound, DataType.BOOLEAN, alias=2, at=now())
            at = now()
            self._say(self.node.birth(at=at))
            self._say(self.node.device_birth("sd-1", smoke, at=at))
            self._say(self.node.device_birth("siren", sound, at=at))

    def says(self, device: str, alias: int, value: bool) -> None:
        with self._lock:
            told = by_alias(alias, value, DataType.BOOLEAN, at=now())
            self._say(self.node.device_data(device, told, at=now()))

    def end(self) -> None:
        """As a cable that is cut: the broker publishes the will."""
        self.client.loop_stop()
        sock = self.client.socket()
        if sock is not None:
            sock.close()

    def _say(self, message: Sent) -> None:
        self.client.publish(message[0].decode(), message[1], qos=0)

    def _hears(self, client: Any, userdata: Any, message: mqtt.MQTTMessage) -> None:
        if message.topic == HOST:
            self.states.append(message.payload)
        elif "/NCMD/" in message.topic:
            assert [each.name for each in NCmd.decode(message.payload).metrics] == ["Node Control/Rebirth"]
            self.rebirths += 1
            self.births()
        else:
            for metric in DCmd.decode(message.payload).metrics:
                self.told.append((message.topic, metric.alias, metric.value))
                self.sound = bool(metric.value)
                self.says("siren", 2, self.sound)


def now() -> int:
    return time.time_ns() // 1_000_000  # noqa: TID251 - the node's own clock


@contextmanager
def _node(broker: Mosquitto) -> Iterator[Node]:
    node = Node(broker.port)
    try:
        yield node
    finally:
        node.end()


def _until(condition: Callable[[], object]) -> None:
    ends, never = time.monotonic() + SECONDS_MAX, threading.Event()
    while not condition():
        assert time.monotonic() < ends
        never.wait(0.02)


def test_a_node_is_found_raises_an_alarm_sounds_its_siren_and_is_asked_again_after_our_restart(
    mosquitto: Callable[..., Mosquitto], gateway: Made
) -> None:
    broker = mosquitto()
    running = gateway(SITE, broker.url, codecs=CODECS)
    running.start()
    with _node(broker) as node:
        _until(lambda: node.states and b'"online":true' in node.states[-1])
        node.births()
        running.until(lambda: running.get("devices/example/sd-101")["online"])
        node.smoke = True
        node.says("sd-1", 1, True)
        running.until(lambda: running.get("incidents")["items"])
        assert running.get("devices/example/sd-101")["firing"] == ["smoke-alarm"]
        assert node.told == []

        say(broker, "example/sd-102", {"values": {"smoke": 0.4, "alarm": True}})  # confirmed: the siren is to sound
        _until(lambda: node.told)
        assert node.told[0] == ("spBv1.0/tower/DCMD/plant/siren", 2, True)
        running.until(lambda: "command_done" in [each["kind"] for each in running.timeline("INC-000001")])

        assert running.stop() == 0
        _until(lambda: b'"online":false' in node.states[-1])
        asked = node.rebirths
        running.start()  # and the node, whose alarm goes on, says nothing by itself
        _until(lambda: node.rebirths > asked)
        running.until(lambda: running.get("devices/example/sd-101")["online"])
        assert [each["id"] for each in running.get("incidents")["items"]] == ["INC-000001"]
        assert running.get("devices/example/sd-101")["firing"] == ["smoke-alarm"]

    running.until(lambda: running.get("devices/example/sd-101")["online"] is False)
