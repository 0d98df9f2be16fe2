"""Devices of Home Assistant's discovery and of Homie over a real Mosquitto: found, heard, told, lost, back again."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as paho
import pytest

from tests.support.field_client import SECONDS_MAX, send
from tests.support.gateway import RunningGateway
from tests.support.servers import Mosquitto

SITE = """
site: tower-a
title: {en: Tower A, zh: A座}
timezone: Asia/Shanghai
buildings:
  - id: tower
    title: {en: Tower, zh: 塔楼}
    floors:
      - id: 12F
        title: {en: Floor 12, zh: 十二层}
        zones:
          - id: 12F-east
            title: {en: East, zh: 东区}
            devices:
              - {id: sd-1, class: smoke_detector, source: {codec: ha, id: zigbee2mqtt_0x1}}
              - {id: sr-1, class: siren, source: {codec: ha, id: horn}}
              - {id: em-1, class: energy_meter, rated: {power_w: 1000}, source: {codec: homie, id: 5/riser}}
              - {id: mcp-1, class: manual_call_point}
"""
CODECS = {"ha": {"format": "homeassistant", "state_topics": ["zigbee2mqtt/#", "horn/#"]}, "homie": {"format": "homie"}}
SMOKE, BRIDGE = "zigbee2mqtt/12F smoke", "zigbee2mqtt/bridge/state"
ABOUT = {"dev": {"ids": ["zigbee2mqtt_0x1"], "name": "12F smoke"}, "stat_t": SMOKE}
THERE = {"avty": [{"t": BRIDGE, "val_tpl": "{{ value_json.state }}"}]}
POWER = {"$profile": ["homie-sensor-power/1/0"], "properties": {"value": {"datatype": "float", "unit": "W"}}}
RETAINED: dict[str, Any] = {  # states first: a broker says what it has kept in whatever order
    SMOKE: {"smoke": False, "battery": 90},
    BRIDGE: {"state": "online"},
    "homie/5/riser/power/value": 850.5,
    "homie/5/bridge/$state": "ready",
    "homie/5/riser/$state": "ready",
    "homeassistant/binary_sensor/0x1/smoke/config": {
        **(ABOUT | THERE),
        "dev_cla": "smoke",
        "val_tpl": "{{ value_json.smoke }}",
        "pl_on": True,
        "pl_off": False,
    },
    "homeassistant/sensor/0x1/battery/config": {
        **(ABOUT | THERE),
        "dev_cla": "battery",
        "unit_of_meas": "%",
        "val_tpl": "{{ value_json.battery | round(0) }}",
    },
    "homeassistant/siren/horn/config": {"dev": {"ids": "horn"}, "cmd_t": "horn/set", "stat_t": "horn/state"},
    "homie/5/riser/$description": {"homie": "5.0", "version": 1, "root": "bridge", "nodes": {"power": POWER}},
}


class Field:
    def __init__(self, running: RunningGateway, broker: Mosquitto) -> None:
        self.running, self.broker = running, broker

    def say(self, topic: str, payload: Any, *options: str) -> None:
        send(self.broker, topic, payload if isinstance(payload, str) else json.dumps(payload), *options)

    def until(self, device: str, metric: str, value: Any) -> None:
        self.running.until(lambda: self.running.get(f"devices/tower-a/{device}")["values"].get(metric) == value)

    def until_online(self, device: str, online: bool) -> None:
        self.running.until(lambda: self.running.get(f"devices/tower-a/{device}")["online"] is online)


@pytest.fixture
def field(mosquitto: Callable[..., Mosquitto], gateway: Callable[..., RunningGateway]) -> Field:
    broker = mosquitto(persistence=True)
    made = Field(gateway(SITE, broker.url, codecs=CODECS), broker)
    for topic, payload in RETAINED.items():
        made.say(topic, payload, "-r")
    made.running.start()
    return made


def test_what_the_broker_has_kept_is_known_when_the_gateway_comes_up(field: Field) -> None:
    field.until("sd-1", "alarm", False)
    field.until("sd-1", "battery", 90)
    field.until("em-1", "power_w", 850.5)
    found = {each["native_id"]: each["device_class"] for each in field.running.get("inbox")["items"]}
    assert found == {"zigbee2mqtt_0x1": "smoke_detector", "horn": "siren", "5/riser": "energy_meter"}


def test_a_smoke_alarm_of_home_assistant_opens_an_incident_and_its_siren_is_told_to_sound(field: Field) -> None:
    told: list[tuple[str, bytes]] = []
    heard, client = threading.Event(), paho.Client(paho.CallbackAPIVersion.VERSION2, "horn")
    client.on_connect = lambda client, *_: client.subscribe("horn/set", 1)
    client.on_message = lambda _, __, message: (told.append((message.topic, message.payload)), heard.set())
    client.connect(field.broker.host, field.broker.port)
    client.loop_start()
    try:
        field.until("sd-1", "alarm", False)
        field.say(SMOKE, {"smoke": True, "battery": 90})
        (incident,) = field.running.until(lambda: field.running.get("incidents")["items"])
        assert incident["first_out"] == "tower-a/sd-1"
        field.say("tocsin/v1/tower-a/mcp-1/telemetry", {"values": {"alarm": True}})
        assert heard.wait(SECONDS_MAX)
        assert told[0] == ("horn/set", b'{"state":"ON"}')
        field.say("horn/state", "ON")
        field.until("sr-1", "sounding", True)
    finally:
        client.disconnect()
        client.loop_stop()


def test_devices_are_lost_with_their_bridge_and_back_with_it_over_a_kill(field: Field) -> None:
    field.until_online("sd-1", True)
    field.until_online("em-1", True)
    field.say(BRIDGE, {"state": "offline"}, "-r")
    field.say("homie/5/bridge/$state", "lost", "-r")
    field.until_online("sd-1", False)
    field.until_online("em-1", False)
    field.running.kill()
    field.say(BRIDGE, {"state": "online"}, "-r")
    field.say("homie/5/bridge/$state", "ready", "-r")
    field.running.start()
    field.until_online("sd-1", True)
    field.until_online("em-1", True)
    assert field.running.get("dead-letters")["items"] == []
