"""The main job on real programs: a message goes in over MQTT, an incident with its timeline comes out over HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.broker_process import free_port
from tests.support.field_client import ObedientDevices, retained, say, send
from tests.support.gateway import ROOT, SECONDS_MAX, RunningGateway
from tests.support.servers import Mosquitto, Server

SITE = (ROOT / "deploy" / "example" / "site.yaml").read_text(encoding="utf-8")
SMOKE = {"values": {"smoke": 0.4, "alarm": True}}
CLEAN = {"values": {"smoke": 0.01, "alarm": False}}

Made = Callable[..., RunningGateway]


@pytest.fixture
def running(mosquitto: Callable[..., Mosquitto], gateway: Made) -> tuple[RunningGateway, Mosquitto]:
    """The example site on a Mosquitto of its own."""
    broker = mosquitto(persistence=True)
    made = gateway(SITE, broker.url)
    made.start()
    return made, broker


def _incident(running: RunningGateway, **wanted: Any) -> dict[str, Any]:
    """The one incident there is, once it is as wanted."""

    def found() -> dict[str, Any] | None:
        items = running.get("incidents")["items"]
        assert len(items) < 2, items
        return items[0] if items and all(items[0][name] == value for name, value in wanted.items()) else None

    result: dict[str, Any] = running.until(found)
    return result


def _kinds(running: RunningGateway, incident: str = "INC-000001") -> list[str]:
    return [entry["kind"] for entry in running.timeline(incident)]


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
def test_an_alarm_published_by_mosquitto_pub_is_an_incident(
    mosquitto: Callable[..., Mosquitto], gateway: Made, protocol: str
) -> None:
    broker = mosquitto()
    running = gateway(SITE, {"url": broker.url, "protocol": protocol})
    running.start()
    say(broker, "example/sd-101", SMOKE, "-V", "mqttv5" if protocol == "5" else "mqttv311")
    incident = _incident(running)
    assert (incident["id"], incident["level"], incident["phase"], incident["signal"], incident["mode"]) == (
        "INC-000001",
        "II",
        "activated",
        "alarm",
        "actual",
    )
    assert incident["first_out"] == "example/sd-101"
    assert _kinds(running)[:3] == ["opened", "detected", "pre_alarm"]
    assert running.get("devices/example/sd-101")["firing"] == ["smoke-alarm", "smoke-high"]


def test_a_second_detector_makes_it_level_one_and_devices_are_commanded_and_answer(
    running: tuple[RunningGateway, Mosquitto],
) -> None:
    gateway, broker = running
    with ObedientDevices(broker, "example") as devices:
        say(broker, "example/sd-101", SMOKE)
        _incident(gateway, level="II")
        assert devices.commands == []
        say(broker, "example/sd-102", SMOKE)
        incident = _incident(gateway, level="I", confirmation="confirmed")
        count = len(incident["commands"])
        gateway.until(lambda: _kinds(gateway).count("command_done") == count)
    topics = {topic for topic, _ in devices.commands}
    assert {f"tocsin/v1/example/{name}/command" for name in ("sr-101", "sr-201", "ac-101", "lift-1")} <= topics
    for _, command in devices.commands:
        assert (command["incident"], command["mode"]) == ("INC-000001", "actual")
    assert len({command["id"] for _, command in devices.commands}) == len(devices.commands) == count
    stages = {command["stage"] for command in gateway.get("incidents/INC-000001")["commands"]}
    assert stages == {"done"}


def test_people_acknowledge_note_and_resolve_and_the_stream_shows_it(running: tuple[RunningGateway, Mosquitto]) -> None:
    gateway, broker = running
    seen: list[dict[str, Any]] = []
    listening = threading.Thread(target=_listen, args=(gateway, seen), daemon=True)
    listening.start()
    say(broker, "example/sd-101", SMOKE)
    _incident(gateway)
    done = gateway.post("incidents/INC-000001/acknowledge", {"Idempotency-Key": "key-1"}, by="duty.officer")
    again = gateway.post("incidents/INC-000001/acknowledge", {"Idempotency-Key": "key-1"}, by="duty.officer")
    assert (done[0], done[1]["incident"]["phase"], again[1]["repeated"]) == (200, "responding", True)
    resolution = {"by": "duty.officer", "finding": "false_alarm", "cause": "cooking"}
    assert gateway.post("incidents/INC-000001/notes", by="duty.officer", text="somebody cooks")[0] == 200
    refused, problem = gateway.post("incidents/INC-000001/resolve", **resolution)
    assert refused == 409, problem
    say(broker, "example/sd-101", CLEAN)
    _incident(gateway, phase="closing")
    assert gateway.post("incidents/INC-000001/resolve", **resolution)[0] == 200
    assert _incident(gateway, phase="closed")["finding"] == "false_alarm"
    listening.join(SECONDS_MAX)
    timeline = gateway.timeline("INC-000001")
    assert [entry["kind"] for entry in timeline].count("acknowledged") == 1
    assert [entry["kind"] for entry in timeline].count("refused") == 1
    assert [entry for entry in seen if entry["incident"]] == timeline


def _listen(gateway: RunningGateway, seen: list[dict[str, Any]]) -> None:
    for entry in gateway.stream("stream", after=0):
        seen.append(entry)
        if entry["kind"] == "closed":
            return


def test_tls_with_a_client_certificate_and_a_password_file(
    mosquitto: Callable[..., Mosquitto], gateway: Made, tmp_path: Path
) -> None:
    broker = mosquitto(tls=True, users={"tocsin": "s3cret-word", "publisher": "published"})
    certificate, key = broker.client_files("tocsin")
    (tmp_path / "password").write_text("s3cret-word\n")
    running = gateway(
        SITE,
        {
            "url": broker.url,
            "username": "tocsin",
            "password_file": str(tmp_path / "password"),
            "ca_file": broker.ca_file,
            "cert_file": certificate,
            "key_file": key,
        },
    )
    running.start()
    say(broker, "example/mcp-101", {"values": {"alarm": True}})
    assert _incident(running)["level"] == "I"
    assert "u'tocsin'" in broker.log
    assert "s3cret-word" not in running.log
    assert running.stop() == 0


def test_the_embedded_broker_does_the_main_job(gateway: Made, nats: Callable[..., Server]) -> None:
    port = free_port("127.0.0.1")
    running = gateway(SITE, {"embedded_port": port})
    running.start()
    broker = Server(running.folder / "none", port)  # stands for the one that the gateway has started
    say(broker, "example/sd-101", SMOKE)
    say(broker, "example/sd-102", SMOKE)
    assert _incident(running, level="I")["confirmation"] == "confirmed"
    running.restart()
    assert _incident(running)["level"] == "I"
    say(broker, "example/sd-103", SMOKE)
    running.until(lambda: len(running.get("incidents")["items"]) == 2)
    assert running.stop() == 0


def test_a_countdown_goes_on_over_a_restart(running: tuple[RunningGateway, Mosquitto]) -> None:
    gateway, broker = running
    say(broker, "example/sd-101", SMOKE)
    before = _incident(gateway, confirmation="pre_alarm")
    gateway.kill()
    gateway.start()
    assert _incident(gateway, level="I")["confirmation"] == "confirmed"
    confirmed = next(entry for entry in gateway.timeline("INC-000001") if entry["kind"] == "confirmed")
    assert confirmed["at"] >= before["countdown"]["acknowledge_by"]
    assert (confirmed["late_ms"] or 0) < 10_000  # by a timer of the new process, however loaded the machine is
    assert confirmed["reason"].startswith("not acknowledged within")


def test_a_countdown_that_ran_out_while_it_was_down_is_made_up_for_and_marked_late(
    mosquitto: Callable[..., Mosquitto], gateway: Made
) -> None:
    broker = mosquitto()
    running = gateway(SITE, broker.url, rules=["quick.yaml"])
    (running.folder / "quick.yaml").write_text(QUICK_PRE_ALARM)
    running.start()
    say(broker, "example/sd-101", {"values": {"temperature": -5.0}})
    _incident(running, hazard="frost")
    running.kill()
    threading.Event().wait(2.5)  # the limit passes, and more than the second within which nothing counts as late
    running.start()
    assert _incident(running, level="I")["confirmation"] == "confirmed"
    confirmed = next(entry for entry in running.timeline("INC-000001") if entry["kind"] == "confirmed")
    assert confirmed["late_ms"] > 1_000


FROST = """
rules:
  - id: frost
    title: {en: Frost}
    device_class: smoke_detector
    hazard: frost
    signal: alarm
    when: {metric: temperature, below: 0}
"""
QUICK_PRE_ALARM = (
    FROST
    + """
  - id: frost-confirmed
    title: {en: Frost confirmed}
    hazard: frost
    level: I
    confirm: {of: [frost], distinct_devices: 2, within: 60s, same: zone}
    pre_alarm: {level: II, acknowledge_within: 1s, investigate_within: 180s}
"""
)


def test_the_gateways_own_status_is_kept_by_the_broker(running: tuple[RunningGateway, Mosquitto]) -> None:
    gateway, broker = running
    topic = "tocsin/v1/example/gateway/status"
    gateway.until(lambda: retained(broker, topic) == "online")
    begun = time.monotonic()
    assert gateway.stop() == 0
    assert time.monotonic() - begun < 5
    assert retained(broker, topic) == "offline"
    gateway.start()
    gateway.until(lambda: retained(broker, topic) == "online")
    gateway.kill()
    assert retained(broker, topic) == "offline"  # its last will


def test_a_stop_right_after_the_start_ends_it_too(mosquitto: Callable[..., Mosquitto], gateway: Made) -> None:
    running = gateway(SITE, mosquitto().url)
    for _ in range(3):
        running.start()
        assert running.stop() == 0
    assert "Traceback" not in running.log


def test_an_orderly_stop_acknowledges_what_it_has_stored_so_that_nothing_comes_again(
    mosquitto: Callable[..., Mosquitto], gateway: Made
) -> None:
    broker = mosquitto()
    running = gateway(SITE, {"url": broker.url, "batch_ms": 1_000})  # it would be acknowledged long after the stop
    running.start()
    say(broker, "example/sd-101", CLEAN)
    running.until(lambda: running.metrics()["tocsin_readings_live_total"] == 1)
    assert running.stop() == 0
    running.start()
    say(broker, "example/sd-101", CLEAN)
    running.until(lambda: running.metrics()["tocsin_readings_live_total"] == 1)
    assert running.metrics()["tocsin_readings_replayed_total"] == 0, "what comes again comes first"


def test_a_changed_rules_file_is_in_force_within_seconds_and_a_bad_one_is_not(
    mosquitto: Callable[..., Mosquitto], gateway: Made
) -> None:
    broker = mosquitto()
    running = gateway(SITE, broker.url, rules=["own"])
    own = running.folder / "own"
    own.mkdir()
    (own / "frost.yaml").write_text(FROST.replace("below: 0", "below: -20") + "    level: III\n")
    running.start()
    say(broker, "example/sd-101", {"values": {"temperature": -5.0}})
    running.until(lambda: running.get("devices/example/sd-101")["values"])
    assert running.get("incidents")["items"] == []
    (own / "frost.yaml").write_text(FROST + "    level: III\n")
    assert _incident(running, hazard="frost")["level"] == "III"  # -5 was known, and is judged by the new rule
    assert "now in force" in running.log
    (own / "frost.yaml").write_text(FROST + "    level: IV\n")
    fault = running.until(lambda: (said := _parts(running)["rules"]) != "ok" and said)
    assert "not in force" in fault
    assert "frost.yaml" in fault
    assert running.ask("/readyz")[0] == 200
    say(broker, "example/sd-201", {"values": {"temperature": -5.0}})
    running.until(lambda: len(running.get("incidents")["items"]) == 2)
    assert {one["level"] for one in running.get("incidents")["items"]} == {"III"}
    (own / "frost.yaml").write_text(FROST + "    level: II\n")
    running.until(lambda: _parts(running)["rules"] == "ok")


def _parts(running: RunningGateway) -> dict[str, str]:
    parts: dict[str, str] = running.json("/readyz")[1]["parts"]
    return parts


def test_a_device_that_says_nothing_is_trouble(mosquitto: Callable[..., Mosquitto], gateway: Made) -> None:
    broker = mosquitto()
    limit = "silent_after: 30min        # its class says 10min; this one reports less often"
    assert limit in SITE
    running = gateway(SITE.replace(limit, "silent_after: 10s"), broker.url)
    running.start()
    send(broker, "tocsin/v1/example/ac-201/status", "online")
    incident = _incident(running)
    assert (incident["signal"], incident["hazard"], incident["level"]) == ("trouble", "device", "III")
    assert incident["first_out"] == "example/ac-201"
    assert running.get("devices", silent="true")["items"][0]["id"] == "example/ac-201"
    say(broker, "example/ac-201", {"values": {"open": False}})
    assert _incident(running, phase="closed")["closed_by"] == "tocsin"


def test_a_second_gateway_on_the_same_data_is_refused(running: tuple[RunningGateway, Mosquitto], gateway: Made) -> None:
    first, broker = running
    second = gateway(SITE, {"url": broker.url, "client_id": "second"}, folder="second", data=str(first.data))
    second.start(ready=False)
    assert second.until_ended() == 2
    assert "another gateway (process" in second.log
    assert "only one may" in second.log
    assert "Traceback" not in second.log
    assert first.ask("/readyz")[0] == 200
