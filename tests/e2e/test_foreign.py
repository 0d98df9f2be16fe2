"""A new Zigbee2MQTT smoke alarm comes under watch by the commands of docs/devices.md: Mosquitto, gateway, siren."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest

from tests.support.documented import RUN_BY
from tests.support.field_client import SECONDS_MAX, send
from tests.support.gateway import ROOT, RunningGateway
from tests.support.markdown import blocks, commands
from tests.support.servers import Mosquitto

SITE = (ROOT / "deploy" / "example" / "site.yaml").read_text(encoding="utf-8")
CODECS = {"z2m": {"format": "zigbee2mqtt"}}
PAGE = Path("docs/devices.md")
NAMES = {
    "0x00158d0001dc126a": "2F/office smoke",
    "0x00124b0022b1f5aa": "2F/siren",
    "0x0017880104e45517": "bulb",
}
SMOKE, SIREN, BULB = NAMES
Made = Callable[..., RunningGateway]


def declared() -> str:
    """`bridge/devices`, of the recorded samples, with the names of the page."""
    line = (ROOT / "tests/gateway/samples/zigbee2mqtt/devices.jsonl").read_text().splitlines()[0]
    devices = json.loads(json.loads(line)["payload"])
    return json.dumps([each | {"friendly_name": NAMES[each["ieee_address"]]} for each in devices if _is_named(each)])


def _is_named(device: dict[str, Any]) -> bool:
    return device["ieee_address"] in NAMES


def written() -> dict[str, list[str]]:
    """The page's commands, by their first three words."""
    here = str(Path(__file__).relative_to(ROOT))
    found = [command for block in blocks(PAGE, "sh") for command in commands(block) if RUN_BY.get(command) == here]
    return {command: shlex.split(command) for command in found}


class Site:
    """`do("assign", …)` runs the page's one command that has all these words in it. → what it printed"""

    def __init__(self, running: RunningGateway, broker: Mosquitto) -> None:
        self.running, self.broker = running, broker
        self.done: set[str] = set()

    def do(self, *words: str) -> str:
        matching = [each for each in written() if all(word in each for word in words)]
        (command,) = [each for each in matching if each == words[0]] or matching
        self.done.add(command)
        argv = written()[command]
        if argv[0] == "tocsin":
            argv = [sys.executable, "-m", *argv, "--api", self.running.url]
        elif argv[0] == "curl":
            argv = [word.replace("http://127.0.0.1:8080", self.running.url) for word in argv]
        else:
            argv = [argv[0], "-q", "1", "-p", str(self.broker.port), *argv[1:]]
        done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def found(self) -> dict[str, dict[str, Any]]:
        return {each["native_id"]: each for each in self.running.get("inbox")["items"]}


@pytest.fixture
def site(mosquitto: Callable[..., Mosquitto], gateway: Made) -> Site:
    return _site(mosquitto, gateway)


@pytest.fixture
def small(mosquitto: Callable[..., Mosquitto], gateway: Made) -> Site:
    """The API in the gateway's own process: one less to start."""
    return _site(mosquitto, gateway, http={"port": 0, "process": "shared"})


def _site(mosquitto: Callable[..., Mosquitto], gateway: Made, **others: Any) -> Site:
    broker = mosquitto(persistence=True)
    running = gateway(SITE, broker.url, codecs=CODECS, **others)
    running.start()
    return Site(running, broker)


def test_the_page_leads_from_a_found_smoke_alarm_to_a_siren_that_is_told_to_sound(site: Site) -> None:
    told: list[tuple[str, dict[str, Any]]] = []
    heard, client = threading.Event(), paho.Client(paho.CallbackAPIVersion.VERSION2, "bridge")
    client.on_connect = lambda client, *_: client.subscribe("zigbee2mqtt/+/+/set", 1)
    client.on_message = lambda _, __, message: (told.append((message.topic, json.loads(message.payload))), heard.set())
    client.connect(site.broker.host, site.broker.port)
    client.loop_start()
    try:
        send(site.broker, "zigbee2mqtt/bridge/devices", declared(), "-r")
        site.running.until(lambda: set(site.found()) == set(NAMES))
        assert "2F/office smoke" in site.do("tocsin devices")
        assert "alarm" in site.do("devices show", SMOKE)
        assert "example/sd-203" in site.do("devices assign", SMOKE)
        assert "example/sr-202" in site.do("devices assign", SIREN)
        send(site.broker, "zigbee2mqtt/2F/office smoke", '{"smoke": false, "test": true, "battery": 97}')
        site.running.until(lambda: site.running.get("devices/example/sd-203")["values"].get("alarm") is False)
        assert site.running.get("incidents")["items"] == [], "a test is not a fire"
        site.do("mosquitto_pub")
        site.running.until(lambda: site.running.get("incidents")["items"])
        (incident,) = site.running.get("incidents")["items"]
        assert (incident["first_out"], incident["zone"]) == ("example/sd-203", "example/2F-office")
        assert told == [], "nothing is linked to a pre-alarm"
        site.do("curl", "confirm")
        assert heard.wait(SECONDS_MAX)
        assert told[0] == (
            "zigbee2mqtt/2F/siren/set",
            {"warning": {"mode": "fire", "level": "very_high", "duration": 1800}},
        )
        site.do("devices ignore", BULB)
        site.do("devices unassign", SIREN)
    finally:
        client.disconnect()
        client.loop_stop()
    found = site.found()
    assert (found[SMOKE]["device"], found[SIREN]["device"], found[BULB]["ignored"]) == ("example/sd-203", None, True)
    assert site.done == set(written())
    assert [entry["by"] for entry in _inbox_entries(site)] != []


def test_a_place_is_kept_over_a_restart_and_what_the_broker_kept_raises_once(small: Site) -> None:
    send(small.broker, "zigbee2mqtt/bridge/devices", declared(), "-r")
    small.running.until(lambda: set(small.found()) == set(NAMES))
    small.do("devices assign", SMOKE)
    small.running.kill()
    send(small.broker, "zigbee2mqtt/2F/office smoke", '{"smoke": true}', "-r")
    small.running.start()
    small.running.until(lambda: small.running.get("incidents")["items"])
    small.running.restart()
    small.running.until(lambda: small.running.get("devices/example/sd-203")["values"].get("alarm") is True)
    assert len(small.running.get("incidents")["items"]) == 1
    text = (small.running.data / "assigned.yaml").read_text()
    assert "fitted on 24 November" in text


def test_what_is_wrong_with_an_assignment_is_said_and_nothing_has_changed(small: Site) -> None:
    send(small.broker, "zigbee2mqtt/bridge/devices", declared(), "-r")
    small.running.until(lambda: set(small.found()) == set(NAMES))
    base = [sys.executable, "-m", "tocsin", "devices", "assign", f"z2m/{SMOKE}", "--api", small.running.url]
    wrong = {
        ("--zone", "example/9F", "--name", "sd-9"): "'example/9F' is not a zone of any site",
        ("--zone", "example/2F-office", "--name", "sd-201"): "'sd-201' is already a device of example",
        ("--zone", "example/2F-office", "--name", "sd-9", "--class", "smok"): "'smok' is not a device class",
        ("--zone", "example/2F-office", "--name", "sd-9", "--point", "smoke=alarms"): "did you mean alarm?",
        ("--zone", "example/2F-office", "--name", "sd-9", "--class", "lift"): "points: smoke, battery_low",
    }
    for options, expected in wrong.items():
        done = subprocess.run(
            [*base, *options, "--reason", "x"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
        )
        assert (done.returncode, expected in done.stderr) == (1, True), done.stderr
    assert small.found()[SMOKE]["device"] is None
    assert not (small.running.data / "assigned.yaml").exists()


def _inbox_entries(site: Site) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = []
    for entry in site.running.stream("stream", after=0):
        if entry["kind"] == "inbox":
            entries.append(entry)
        if len(entries) == 4:
            break
    return entries
