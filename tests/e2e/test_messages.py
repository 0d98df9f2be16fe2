"""Two smoke detectors in one zone: people, occupants and the fire brigade hear of it, and the timeline says so."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from capvalidator.validate import Validator

from tests.support.gateway import RunningGateway
from tests.support.hook import Hook, hook
from tests.support.servers import Mosquitto

SITE = """
site: tower-a
title: {en: Tower A, zh: A座}
timezone: Asia/Shanghai
buildings:
  - id: tower
    title: {en: Main tower, zh: 主楼}
    floors:
      - id: 12F
        zones:
          - id: 12F-east
            devices:
              - {id: sd-1, class: smoke_detector}
              - {id: sd-2, class: smoke_detector}
"""
PEOPLE = """
channels: {duty-app: {}, broken: {}, lobby: {}}
people:
  - {id: duty-officer-1, name: Duty officer 1, roles: [duty_officer], channels: [broken, duty-app]}
  - {id: safety-officer-1, name: Safety officer 1, roles: [safety_officer], language: zh, channels: [duty-app]}
places: {tower-a: [lobby]}
"""
NOTICES = "authorities: {fire_brigade: {title: {en: Fire brigade}, sender: tocsin@tower-a.example}}\n"


@pytest.fixture
def web() -> Iterator[Hook]:
    with hook() as server:
        yield server


def settings(folder: Path, web: Hook) -> dict[str, Any]:
    """What stands beside the site: people, channels, the fire brigade's folder."""
    (folder / "people").mkdir(parents=True)
    (folder / "people" / "roster.yaml").write_text(PEOPLE)
    (folder / "people" / "notices.yaml").write_text(NOTICES)
    app = f"json://127.0.0.1:{web.port}"
    (folder / "channels").write_text(f"duty-app {app}/app\nlobby {app}/lobby\nbroken json://127.0.0.1:9/\n")
    return {
        "people": [str(folder / "people")],
        "notify": {"channels_file": str(folder / "channels"), "seconds_max": 2},
        "authorities": {"fire_brigade": {"folder": str(folder / "cap")}},
    }


def smoke(broker: Mosquitto, device: str) -> None:
    client = paho.Client(paho.CallbackAPIVersion.VERSION2)
    client.connect(broker.host, broker.port)
    client.loop_start()
    client.publish(f"tocsin/v1/tower-a/{device}/telemetry", b'{"values": {"smoke": 0.4}}', qos=1).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


def notices(running: RunningGateway, incident: str = "INC-000001") -> list[dict[str, Any]]:
    return [entry for entry in running.timeline(incident) if entry["kind"].startswith("notice_")]


def test_two_smoke_detectors_reach_people_occupants_and_the_fire_brigade(
    mosquitto: Callable[..., Mosquitto], gateway: Callable[..., RunningGateway], tmp_path: Path, web: Hook
) -> None:
    broker = mosquitto()
    running = gateway(SITE, broker.url, **settings(tmp_path, web))
    running.start()
    smoke(broker, "sd-1")
    smoke(broker, "sd-2")

    running.until(lambda: any((tmp_path / "cap").glob("*.xml")))
    running.until(lambda: len({posted.path for posted in web.posted}) == 2)
    (document,) = (tmp_path / "cap").glob("*.xml")
    assert Validator(document.read_bytes()).schema()[0]
    told = [json.loads(posted.body) for posted in web.posted]
    assert any("撤离" in said["message"] and "stairs" in said["message"] for said in told)
    assert any(said["title"].startswith("I级响应 火灾") for said in told)

    def all_delivered() -> bool:
        done = {entry["facts"]["id"] for entry in notices(running) if entry["kind"] == "notice_done"}
        tried = {entry["facts"]["id"] for entry in notices(running) if entry["reason"].startswith("the next channel")}
        return {entry["facts"]["id"] for entry in notices(running) if entry["kind"] == "notice_issued"} == done | tried

    running.until(all_delivered)
    (receipt,) = [e for e in notices(running) if e["kind"] == "notice_done" and e["facts"]["to"] == "fire_brigade"]
    assert receipt["facts"]["detail"] == f"written: {document.name}"
    fallen_back = [e for e in notices(running) if e["facts"].get("channel") == "duty-app" and "did not" in e["reason"]]
    assert fallen_back[0]["facts"]["to"] == "duty-officer-1"
    (trouble,) = [each["id"] for each in running.all("incidents") if each["hazard"] == "device"]
    found = [entry["facts"].get("title_en") for entry in running.timeline(trouble)]
    assert "Channel broken does not deliver" in found
    assert "Nobody is on duty as engineering_lead" in found
    assert "json://" not in running.log


def test_a_message_on_its_way_outlives_a_kill_of_the_gateway(
    mosquitto: Callable[..., Mosquitto], gateway: Callable[..., RunningGateway], tmp_path: Path, web: Hook
) -> None:
    broker = mosquitto()
    running = gateway(SITE, broker.url, **settings(tmp_path, web))
    web.go.clear()
    running.start()
    smoke(broker, "sd-1")
    assert web.arrived.wait(20)
    running.kill()
    web.go.set()
    running.start()
    running.until(lambda: [entry for entry in notices(running) if entry["kind"] == "notice_done"])
    assert running.stop() == 0
    done = running.run("replay")
    assert done.returncode == 0, done.stderr


def test_people_who_were_changed_are_in_force_without_a_restart(
    mosquitto: Callable[..., Mosquitto], gateway: Callable[..., RunningGateway], tmp_path: Path, web: Hook
) -> None:
    broker = mosquitto()
    running = gateway(SITE, broker.url, **settings(tmp_path, web))
    running.start()
    roster = tmp_path / "people" / "roster.yaml"
    roster.write_text(PEOPLE.replace("[duty_officer]", "[duty_oficer"))  # no YAML: nothing changes
    running.until(lambda: "changed files are not in force" in running.log)
    roster.write_text(PEOPLE.replace("duty-officer-1", "duty-officer-2").replace("[broken, duty-app]", "[duty-app]"))
    running.until(lambda: running.log.count("now in force"))
    smoke(broker, "sd-1")
    running.until(lambda: web.posted)
    assert {entry["facts"]["to"] for entry in notices(running)} >= {"duty-officer-2"}
