"""The disk is full: what cannot be stored is not acknowledged, and comes again when there is space."""

from __future__ import annotations

import re
import resource
from collections.abc import Callable
from typing import Any

from tests.support.field_client import say
from tests.support.gateway import ROOT, RunningGateway
from tests.support.servers import Mosquitto

SITE = (ROOT / "deploy" / "example" / "site.yaml").read_text(encoding="utf-8")
SMOKE = {"values": {"smoke": 0.4}, "seq": 1}
SENT = re.compile(r"Sending PUBLISH to tocsin-gateway \(d\d, q1, r\d, m(\d+), 'tocsin/v1/([^']*)/telemetry'")
ACKNOWLEDGED = re.compile(r"Received PUBACK from tocsin-gateway \(Mid: (\d+)")


def test_what_a_full_disk_refuses_is_not_acknowledged_and_comes_again(
    mosquitto: Callable[..., Mosquitto], gateway: Callable[..., RunningGateway]
) -> None:
    broker = mosquitto("log_type all", persistence=True)
    running = gateway(SITE, broker.url)
    running.start()
    say(broker, "example/sd-101", SMOKE)
    running.until(lambda: _acknowledged(broker) == ["example/sd-101"])

    _limit_files(running, bytes_=1)
    say(broker, "example/sd-201", SMOKE)
    running.until(lambda: running.ask("/readyz")[0] == 503)
    assert running.ask("/healthz")[0] == 200
    running.until(lambda: running.ask("/api/v1/incidents")[0] == 503)  # once the failed core is put away
    assert running.json("/readyz")[1]["parts"]["store"] != "ok"
    assert _acknowledged(broker) == ["example/sd-101"]

    _limit_files(running, bytes_=resource.RLIM_INFINITY)
    running.until(lambda: running.ask("/readyz")[0] == 200)
    running.until(lambda: len(_fires(running)) == 2)
    running.until(lambda: _acknowledged(broker) == ["example/sd-101", "example/sd-201"])
    assert [one["first_out"] for one in _fires(running)] == ["example/sd-201", "example/sd-101"]
    for fire in _fires(running):
        assert [entry["kind"] for entry in running.timeline(fire["id"])].count("detected") == 1
    trouble = running.until(lambda: running.get("incidents", signal="trouble")["items"])[0]
    assert trouble["title"]["en"] == "The store failed"
    assert running.stop() == 0
    assert running.run("verify-log").returncode == 0
    assert running.run("replay").returncode == 0


def _fires(running: RunningGateway) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = running.get("incidents", hazard="fire")["items"]
    return found


def _acknowledged(broker: Mosquitto) -> list[str]:
    """Whose telemetry the gateway has acknowledged, by what the broker has logged."""
    sent: dict[str, str] = {}
    found = []
    for line in broker.log.splitlines():
        if match := SENT.search(line):
            sent[match[1]] = match[2]
        elif (match := ACKNOWLEDGED.search(line)) and match[1] in sent:
            found.append(sent.pop(match[1]))
    return found


def _limit_files(running: RunningGateway, bytes_: int) -> None:
    """No file of that process can be written beyond so many bytes: a full disk, for that process alone."""
    resource.prlimit(running.pid, resource.RLIMIT_FSIZE, (bytes_, resource.RLIM_INFINITY))
