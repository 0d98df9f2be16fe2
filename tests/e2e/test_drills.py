"""Drills on real programs: a fire drill played live into a gateway on a Mosquitto, and a real fire at the same time."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest

from gateway.broker_process import free_port
from gateway.clock import monotonic_s
from rules.instant import parse_rfc3339
from simulators.building import demo_tower, site_yaml
from simulators.crew import CHANNELS, write_crew
from tests.rules.test_cap import fields
from tests.support.field_client import ObedientDevices, say
from tests.support.gateway import ROOT, RunningGateway
from tests.support.hook import Hook, hook
from tests.support.servers import Mosquitto

TOWER = "".join(site_yaml(demo_tower()))
SMOKE = {"values": {"smoke": 0.4, "alarm": True}}
COMMANDS = 85  # of the tower for a fire: 40 doors, 40 sirens, 4 lifts, a vent
SPEED = 30
SECONDS_MAX = 90
BESIDE = "drills: {suspended_by: []}\n"

Made = Callable[..., RunningGateway]


@pytest.fixture
def phones() -> Iterator[Hook]:
    with hook() as server:
        yield server


def settings(folder: Path, phones: Hook, plans: str = "") -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    write_crew(folder / "crew")
    (folder / "channels").write_text("".join(f"{name} json://127.0.0.1:{phones.port}/{name}\n" for name in CHANNELS))
    more: dict[str, Any] = {}
    if plans:
        (folder / "plans.yaml").write_text(plans)
        more["plans"] = [str(folder / "plans.yaml")]
    return {
        "people": [str(folder / "crew")],
        "notify": {"channels_file": str(folder / "channels"), "seconds_max": 5},
        "authorities": {"fire_brigade": {"folder": str(folder / "cap"), "exercise": True}},
        "http": {"port": free_port("127.0.0.1")},  # the same after a restart: the player is not told another
        **more,
    }


class Player:
    """`tocsin drill SCENARIO --live`, as a person would call it. `code`, `output` once it has ended."""

    def __init__(self, running: RunningGateway, broker: Mosquitto, folder: Path, scenario: str = "fire-on-12f") -> None:
        (folder / "site.yaml").write_text(TOWER)
        command = [sys.executable, "-m", "tocsin", "drill", scenario, "--live", "--speed", str(SPEED)]
        command += ["--broker", broker.url, "--api", running.url, "--files", str(folder / "site.yaml")]
        command += ["--files", str(folder / "crew")]
        self._log = folder / "player.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)

    @property
    def output(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def until_ended(self) -> int:
        return self._process.wait(SECONDS_MAX)

    def __enter__(self) -> Player:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()


class Listener:
    """Every command on both trees: (topic, payload)."""

    def __init__(self, broker: Mosquitto) -> None:
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self._client.on_message = lambda client, userdata, message: self.heard.append(
            (message.topic, json.loads(message.payload))
        )
        subscribed = threading.Event()
        self._client.on_subscribe = lambda *_: subscribed.set()
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()
        for tree in ("tocsin", "tocsin-exercise"):
            self._client.subscribe(f"{tree}/v1/+/+/command", 1)
        assert subscribed.wait(10)

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def incidents(running: RunningGateway, mode: str) -> list[dict[str, Any]]:
    return [each for each in running.get("incidents", mode=mode)["items"] if each["hazard"] == "fire"]


def shown(running: RunningGateway, title: str, incident: str, lines_max: int = 14) -> None:
    entries = [each for each in running.timeline(incident) if not each["kind"].startswith("command_")]
    print(f"\n{title}")  # noqa: T201
    for entry in entries[:lines_max]:
        print(f"  {entry['at'][11:23]}  {entry['incident']}  {entry['text'][:110]}")  # noqa: T201


def test_a_fire_drill_and_a_real_fire_go_on_at_the_same_time_and_stay_apart(
    mosquitto: Callable[..., Mosquitto], gateway: Made, tmp_path: Path, phones: Hook
) -> None:
    broker = mosquitto()
    running = gateway(TOWER, broker.url, **settings(tmp_path, phones, BESIDE))
    running.start()
    with ObedientDevices(broker, "tower-a") as devices, Listener(broker) as listener:
        with Player(running, broker, tmp_path) as player:
            running.until(lambda: incidents(running, "exercise"), SECONDS_MAX)
            begun = monotonic_s()
            say(broker, "tower-a/sd-0301", SMOKE)
            say(broker, "tower-a/sd-0302", SMOKE)
            running.until(lambda: len(devices.commands) == COMMANDS)
            print(f"\nreal fire during a drill → {COMMANDS} commands in {(monotonic_s() - begun) * 1000:.0f} ms")  # noqa: T201
            code = player.until_ended()
        assert code == 0, player.output[-3000:]

        (drill,) = running.get("drills")["items"]
        (real,) = incidents(running, "actual")
        (drilled,) = incidents(running, "exercise")
        shown(running, "the drill", drilled["id"])
        shown(running, "the real fire", real["id"])
        assert (real["drill"], drilled["drill"]) == (None, drill["id"])
        assert (drill["stage"], drill["score"]["passed"], drill["mode"]) == ("ended", True, "exercise")
        for incident, mode in ((real, "actual"), (drilled, "exercise")):
            assert {entry["mode"] for entry in running.timeline(incident["id"])} == {mode}
        _assert_apart(listener, real["id"], drilled["id"])
        _assert_told(phones, tmp_path)
        zones = {zone["name"]: zone["open_incidents"] for zone in running.get("zones")["items"]}
        assert (zones["12F-east"], zones["3F-east"]) == ([], [real["id"]])
    replayed = running.run("replay")
    assert replayed.returncode == 0, replayed.stdout[:3000]
    audit = running.run("audit")
    assert audit.returncode == 0, audit.stdout[-2000:]


def _assert_apart(listener: Listener, real: str, drilled: str) -> None:
    trees = {"tocsin": "actual", "tocsin-exercise": "exercise"}
    assert {topic.partition("/")[0] for topic, _ in listener.heard} == set(trees)
    for topic, command in listener.heard:
        mode = trees[topic.partition("/")[0]]
        assert command["mode"] == mode
        assert command["incident"] == (real if mode == "actual" else drilled), topic


def _assert_told(phones: Hook, folder: Path) -> None:
    """Everything of the drill that reached anybody says so; the text messages are for what is real."""
    posted = [(each.path, json.loads(each.body)) for each in phones.posted]
    stamped = [body for _, body in posted if f"{body['title']}{body['message']}".startswith(("EXERCISE: ", "【演练】"))]
    plain = [body for _, body in posted if body not in stamped]
    assert stamped
    assert plain
    assert all(_names(body, "3") for body in plain), plain
    assert all(_names(body, "12") for body in stamped), stamped
    for document in (folder / "cap").glob("*.xml"):
        text = document.read_text(encoding="utf-8")
        assert (fields(text)["status"] == "Exercise") is ("EXERCISE: " in text)


def _names(body: dict[str, str], floor: str) -> bool:
    """In the language of whoever has the shift at this hour."""
    return re.search(rf"(?<!\d){floor}(F|层)", f"{body['title']}{body['message']}") is not None


def test_a_real_alarm_suspends_a_live_drill_until_it_is_over(
    mosquitto: Callable[..., Mosquitto], gateway: Made, tmp_path: Path, phones: Hook
) -> None:
    broker = mosquitto()
    running = gateway(TOWER, broker.url, **settings(tmp_path, phones))
    running.start()
    with ObedientDevices(broker, "tower-a"), Player(running, broker, tmp_path) as player:
        (drilled,) = running.until(lambda: incidents(running, "exercise"), SECONDS_MAX)
        say(broker, "tower-a/mcp-0301" if "mcp-0301" in TOWER else "tower-a/sd-0301", SMOKE)
        drill = running.until(lambda: [d for d in running.get("drills")["items"] if d["stage"] == "suspended"])[0]
        (real,) = incidents(running, "actual")
        assert drill["suspended_for"] == real["id"]
        status, answer = running.post(f"drills/{drill['id']}/resume", by="safety-officer")
        assert (status, answer["code"]) == (409, "real_alarm")
        status, answer = running.post(f"incidents/{drilled['id']}/acknowledge", by="duty-officer", role="duty_officer")
        assert (status, answer["code"]) == (409, "drill_suspended")

        running.restart()  # in mid-drill: it stands still as before
        assert running.get(f"drills/{drill['id']}")["stage"] == "suspended"
        assert running.post(f"drills/{drill['id']}/abort", by="safety-officer", reason="it is real")[0] == 200
        assert player.until_ended() == 3, player.output[-3000:]
    assert incidents(running, "exercise")[0]["open"] is False
    status, page = running.ask(f"/api/v1/drills/{drill['id']}/report", lang="zh")
    assert status == 200
    assert "演练已中止" in page.decode()
    assert parse_rfc3339(running.get(f"drills/{drill['id']}")["ended_at"])
    assert running.run("replay").returncode == 0


def test_the_calendar_knows_what_was_held_and_what_is_due(
    mosquitto: Callable[..., Mosquitto], gateway: Made, tmp_path: Path, phones: Hook
) -> None:
    broker = mosquitto()
    running = gateway(TOWER, broker.url, **settings(tmp_path, phones))
    running.start()
    with Player(running, broker, tmp_path) as player:
        assert player.until_ended() == 0, player.output[-3000:]
    (drill,) = running.get("drills", passed="true")["items"]
    rows = {row["id"]: row for row in running.get("drills/calendar")["items"]}
    assert set(rows) == {"fire", "power-outage", "lift-fault"}
    assert [held["drill"] for held in rows["fire"]["held"]] == [drill["id"]]
    assert rows["lift-fault"]["held"] == []
    answer = running.post(f"drills/{drill['id']}/theory", by="guard", plan="fire", answers={"lifts": 1})
    assert answer[0] == 200
    assert answer[1]["drill"]["theory"][0]["passed"] is False
    assert "EXERCISE" in running.ask(f"/api/v1/drills/{drill['id']}/report", format="markdown")[1].decode()
