"""Rules tried on a running gateway, by HTTP: checked, dry-run, backtested on what it has stored, and their history."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.clock import now_ms
from rules.instant import rfc3339
from tests.support.field_client import say
from tests.support.gateway import ROOT, RunningGateway
from tests.support.servers import Mosquitto

SITE = (ROOT / "deploy" / "example" / "site.yaml").read_text(encoding="utf-8")
WARM = """\
# ours, for a while
rules:
  - id: warm
    title: {en: Warm}
    device_class: smoke_detector
    hazard: fire
    signal: supervisory
    level: III
    when: {metric: smoke, above: 0.05}
    clear: {metric: smoke, below: 0.03}
"""
NOT_SO_WARM = WARM.replace("above: 0.05", "above: 0.09")
NAME = "rules/warm.yaml"
Made = Callable[..., RunningGateway]


@pytest.fixture
def running(mosquitto: Callable[..., Mosquitto], gateway: Made, tmp_path: Path) -> tuple[RunningGateway, Mosquitto]:
    broker = mosquitto()
    made = gateway(SITE, broker.url, rules=["rules"])
    (made.folder / "rules").mkdir()
    (made.folder / NAME).write_text(WARM, encoding="utf-8")
    made.start()
    return made, broker


def _files(text: str) -> list[dict[str, str]]:
    return [{"name": NAME, "text": text}]


def _from_to() -> dict[str, str]:
    now = now_ms()
    return {"from": rfc3339(now - 60_000), "to": rfc3339(now)}


def _warmed(running: RunningGateway, broker: Mosquitto, smoke: float) -> None:
    """It gets warm, and is normal again; both are stored."""
    say(broker, "example/sd-101", {"values": {"smoke": smoke}})
    running.until(lambda: running.get("devices/example/sd-101")["values"].get("smoke") == smoke)
    say(broker, "example/sd-101", {"values": {"smoke": 0.01}})
    running.until(lambda: running.get("devices/example/sd-101")["values"].get("smoke") == 0.01)


def test_a_backtest_says_how_often_other_rules_would_have_fired_and_where(
    running: tuple[RunningGateway, Mosquitto],
) -> None:
    gateway, broker = running
    _warmed(gateway, broker, 0.07)
    _warmed(gateway, broker, 0.11)
    headers = {"Idempotency-Key": "tried"}
    body: dict[str, Any] = {"files": _files(NOT_SO_WARM), **_from_to()}
    status, begun = gateway.post("backtests", headers, **body)
    assert (status, begun["id"]) == (202, "BT-000001")
    assert gateway.post("backtests", headers, **body)[1]["id"] == "BT-000001"
    done = gateway.until(lambda: _ended(gateway.get("backtests/BT-000001")))
    assert done["state"] == "done", done
    compared = done["compared"]
    assert compared["summary"] == "would have fired 1 time; the running rules fired 2 times; 1 of them the same"
    assert compared["rules"] == ["warm"]
    (firing,) = compared["candidate"]["firings"]
    assert (firing["device"], firing["values"]) == ("example/sd-101", {"smoke": 0.11})
    assert firing["until"] > firing["since"]
    assert compared["only_running"] == [0]
    assert len(gateway.all("incidents")) == 1  # nothing of it happened


def test_files_are_checked_in_the_words_of_the_command_line(
    running: tuple[RunningGateway, Mosquitto], tmp_path: Path
) -> None:
    gateway, _ = running
    faulty = WARM.replace("smoke_detector", "smoke_detektor").replace("level: III", "level: IV")
    (tmp_path / "warm.yaml").write_text(faulty, encoding="utf-8")
    printed = _checked(tmp_path / "warm.yaml")
    status, found = gateway.post("files/check", files=[{"name": "warm.yaml", "text": faulty}], beside="library")
    assert (status, found["ok"]) == (200, False)
    lines = [each["text"].removeprefix("warm.yaml") for each in found["problems"]]
    assert lines == [line.removeprefix(str(tmp_path / "warm.yaml")) for line in printed if ".yaml" in line]
    assert found["summary"] == printed[-1]


def test_a_posted_file_stands_in_for_the_one_in_force(running: tuple[RunningGateway, Mosquitto]) -> None:
    gateway, _ = running
    assert gateway.post("files/check", files=_files(NOT_SO_WARM))[1]["ok"]
    other = gateway.post("files/check", files=[{"name": "other.yaml", "text": WARM}])[1]
    assert not other["ok"]
    assert "warm" in other["problems"][0]["text"]
    refused = gateway.post("rules/dry-run", files=[{"name": "other.yaml", "text": WARM}], readings=[_reading(0.2)])[1]
    assert (refused["ok"], refused["verdicts"]) == (False, [])


def test_a_dry_run_shows_what_would_come_of_readings_and_leaves_no_trace(
    running: tuple[RunningGateway, Mosquitto],
) -> None:
    gateway, _ = running
    journaled = gateway.get("audit/verify")
    status, found = gateway.post("rules/dry-run", readings=[_reading(0.4)], lasts="20s")
    assert status == 200, found
    assert {each["rule"] for each in found["firings"]} == {"smoke-high", "warm"}
    (fire,) = [each for each in found["incidents"] if each["hazard"] == "fire"]
    assert (fire["level"], fire["confirmation"]) == ("I", "confirmed")  # nobody took the pre-alarm
    assert found["effects"]["PublishCommand"] > 0
    assert gateway.get("incidents")["items"] == []
    assert gateway.get("audit/verify") == journaled
    milder = gateway.post("rules/dry-run", files=_files(NOT_SO_WARM), readings=[_reading(0.07)])[1]
    assert (milder["ok"], milder["firings"]) == (True, [])


def test_every_version_that_was_in_force_is_kept_with_its_text(running: tuple[RunningGateway, Mosquitto]) -> None:
    gateway, _ = running
    first = gateway.get("rules")["version"]
    (gateway.folder / NAME).write_text(NOT_SO_WARM, encoding="utf-8")
    gateway.until(lambda: gateway.get("rules")["version"] != first)
    assert gateway.get("rules/warm")["written"]["when"]["above"] == 0.09
    gateway.restart()
    stays = gateway.all("versions", kind="rules")
    assert [each["version"] == first for each in stays] == [False, True]
    assert stays[0]["until"] is None
    assert stays[1]["until"] == stays[0]["since"]
    for version, text in ((first, WARM), (stays[0]["version"], NOT_SO_WARM)):
        kept = gateway.get(f"versions/{version[:12]}")
        assert kept["files"] == {NAME: text}
        assert "warm" in kept["content"]["detections"]
    assert gateway.get("versions", kind="plans")["items"]


def test_the_journal_is_proven_whole_once_and_not_again_until_something_is_journaled(
    running: tuple[RunningGateway, Mosquitto],
) -> None:
    gateway, _ = running
    assert gateway.post("audit/verify", by="auditor")[1]["asked_by"] == "auditor"
    whole = gateway.until(lambda: (found := gateway.get("audit/verify"))["state"] != "running" and found)
    assert (whole["state"], whole["rows"] > 0) == ("whole", True)
    assert gateway.post("audit/verify", by="somebody")[1] == whole
    gateway.post("incidents", by="guard", zone="example/1F-lobby", hazard="fire", level="III", note="smoke")
    assert gateway.post("audit/verify", by="somebody")[1]["state"] == "running"


def test_readings_come_in_steps_and_a_person_reports_what_no_device_has_seen(
    running: tuple[RunningGateway, Mosquitto],
) -> None:
    gateway, broker = running
    for power_w in (100.0, 300.0):
        say(broker, "example/em-101", {"values": {"power_w": power_w}})
    gateway.until(lambda: gateway.get("devices/example/em-101")["values"].get("power_w") == 300.0)
    found = gateway.get("devices/example/em-101/readings", step="1h", agg="sum", metric="power_w")
    assert sum(value for _, value in found["series"][0]["points"]) == 400.0
    status, done = gateway.post(
        "incidents", by="guard", zone="example/1F-lobby", hazard="fire", level="I", note="flames"
    )
    assert (status, done["incident"]["confirmation"]) == (200, "confirmed")
    incident = done["incident"]["id"]
    sent = gateway.get("commands", incident=incident)["items"]
    assert {each["command"]["command"] for each in sent} >= {"sound", "release"}
    withdrawn = gateway.post(
        f"incidents/{incident}/commands/{sent[0]['command']['id']}/withdraw",
        by="duty",
        role="safety_officer",
        reason="already open",
    )
    assert withdrawn[0] in (200, 409)  # a device may have answered, or the command run out, before
    assert gateway.post(f"incidents/{incident}/over", by="guard")[1]["incident"]["sources_normal"]


def _reading(smoke: float) -> dict[str, Any]:
    return {"device": "example/sd-101", "at": "2026-11-24T05:00:00Z", "values": {"smoke": smoke}}


def _ended(backtest: dict[str, Any]) -> dict[str, Any] | None:
    return None if backtest["state"] in ("waiting", "running") else backtest


def _checked(path: Path) -> list[str]:
    """What `tocsin check` prints."""
    done = subprocess.run(
        [sys.executable, "-m", "tocsin", "check", str(path)], capture_output=True, text=True, check=False, cwd=ROOT
    )
    return done.stdout.splitlines()
