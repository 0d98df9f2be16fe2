"""Numbered alarm/normal cycles from many devices, and what of them must be on the timelines."""

from __future__ import annotations

import itertools
import json
import random
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import paho.mqtt.client as paho

from rules.instant import Instant

SITE = "kill"
SHARED_ZONES, DEVICES_SHARED = 5, 5  # smoke detectors by the shipped rules: one incident a zone, which stays open
SOLO_ZONES = 25  # a probe each: every cycle is an incident of its own, which closes by itself
NUMBER_STEP = 1e-5  # cycle n is told from all others by its values: 1 + n steps, and n steps
SECONDS_MAX = 30.0  # for the broker's acknowledgements

CLASSES = """
device_classes:
  probe:
    title: {en: Probe}
    life_safety: true   # it chatters, and every change of it shall be an entry all the same
    silent_after: 1h
    metrics: {leak: {kind: number, unit: "%", min: 0, max: 10}}
"""
RULES = """
rules:
  - id: leak
    title: {en: Leak}
    device_class: probe
    hazard: leak
    signal: alarm
    level: III
    when: {metric: leak, above: 0.5}
    clear: {metric: leak, below: 0.1}
    closes: when_normal
"""


class Device(NamedTuple):
    name: str
    zone: str
    metric: str
    dated: bool
    counted: bool

    def payload(self, value: float, seq: int, at: Instant) -> bytes:
        message: dict[str, Any] = {"values": {self.metric: value}}
        if self.counted:
            message["seq"] = seq
        if self.dated:
            message["ts"] = at
        return json.dumps(message).encode()


def building() -> list[Device]:
    """A third of the devices has a clock and a counter, a third a counter, a third a clock."""
    kinds = itertools.cycle([(True, True), (False, True), (True, False)])
    shared = [(f"sd-{z}{d}", f"fire-{z}", "smoke") for z in range(SHARED_ZONES) for d in range(DEVICES_SHARED)]
    solo = [(f"pr-{z}", f"solo-{z}", "leak") for z in range(SOLO_ZONES)]
    return [Device(*place, *next(kinds)) for place in shared + solo]


def site_file(devices: list[Device]) -> str:
    zones = []
    for zone in dict.fromkeys(device.zone for device in devices):
        inside = [
            {"id": device.name, "class": "smoke_detector" if device.metric == "smoke" else "probe"}
            for device in devices
            if device.zone == zone
        ]
        zones.append({"id": zone, "devices": inside})
    zones.append({"id": "hall", "devices": [{"id": "sr-1", "class": "siren"}, {"id": "marker", "class": "probe"}]})
    floors = [{"id": "1F", "zones": zones}]
    site = {"site": SITE, "title": {"en": "Kill"}, "timezone": "UTC", "buildings": [{"id": "b", "floors": floors}]}
    return json.dumps(site)  # which is YAML too


class Publisher:
    """Sends the messages of all cycles, shuffled over the devices, each device's own in order; counts PUBACKs."""

    def __init__(self, host: str, port: int, cycles: int, seed: int, clock: Callable[[], Instant]) -> None:
        self._clock = clock
        self.devices = building()
        self.sent: dict[Device, list[float]] = {device: [] for device in self.devices}
        self.alarms: list[tuple[Device, float]] = []
        self._last_at: dict[Device, Instant] = dict.fromkeys(self.devices, 0)
        turns = [self.devices[n % len(self.devices)] for n in range(cycles)]
        random.Random(seed).shuffle(turns)
        self._plan = iter([(device, n, alarm) for n, device in enumerate(turns) for alarm in (True, False)])
        self._accepted = 0
        self._acknowledged = threading.Condition()
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, "publisher")
        self._client.max_inflight_messages_set(200)
        self._client.on_publish = self._on_publish
        self._client.connect(host, port)
        self._client.loop_start()

    def send(self, messages: int, seconds: float = 0.0) -> None:
        """So many more messages, spread over so long."""
        for device, number, alarm in itertools.islice(self._plan, messages):
            value = round((1 if alarm else 0) + number * NUMBER_STEP, 6)
            at = self._last_at[device] = max(self._clock(), self._last_at[device] + 1)
            seq = len(self.sent[device])
            self.sent[device].append(value)
            if alarm:
                self.alarms.append((device, value))
            self._publish(device.name, device.payload(value, seq, at))
            if seconds:
                threading.Event().wait(seconds / messages)  # a pace

    def finish(self) -> int:
        """Everything sent and accepted by the broker, and behind it the marker. → PUBACKs that came"""
        self.send(1_000_000)
        self._publish("marker", b'{"values": {"leak": 0.01}}')
        expected = sum(map(len, self.sent.values())) + 1
        with self._acknowledged:
            assert self._acknowledged.wait_for(lambda: self._accepted == expected, SECONDS_MAX), self._accepted
        return self._accepted

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _publish(self, device: str, payload: bytes) -> None:
        self._client.publish(f"tocsin/v1/{SITE}/{device}/telemetry", payload, qos=1)

    def _on_publish(self, client: Any, userdata: Any, mid: int, reason: Any, properties: Any) -> None:
        with self._acknowledged:
            self._accepted += 1
            self._acknowledged.notify_all()
