"""The API's own process as operators see it: it may die and the gateway works on; who listens loses nothing."""

from __future__ import annotations

import json
import os
import signal
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.broker_process import command_line
from simulators.building import demo_tower, site_yaml
from tests.support.gateway import RunningGateway, entries_of

Start = Callable[..., RunningGateway]
LISTENERS = 8
NOTES = 60
RESUME_EVERY = 7  # events; then a listener hangs up and comes back


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[RunningGateway]:
    made = RunningGateway(tmp_path, "".join(site_yaml(demo_tower())), {"url": "embedded", "embedded_port": 0})
    made.start()
    yield made
    made.kill()


def api_process(gateway: RunningGateway) -> int:
    """The process that takes requests."""
    children = Path(f"/proc/{gateway.pid}/task/{gateway.pid}/children").read_text().split()
    (found,) = (int(child) for child in children if "gateway.apart" in command_line(int(child)))
    return found


def report(gateway: RunningGateway) -> str:
    """An incident that a person reports; → its id."""
    status, answer = gateway.post(
        "incidents", by="duty-officer", zone="tower-a/9F-east", hazard="fire", level="III", note="smell of smoke"
    )
    assert status == 200, answer
    incident: str = answer["incident"]["id"]
    return incident


def test_when_it_dies_health_is_still_told_and_another_one_answers_soon(gateway: RunningGateway) -> None:
    os.kill(api_process(gateway), signal.SIGKILL)
    status, alive = gateway.json("/healthz")
    assert (status, alive) == (200, {"alive": True})
    assert gateway.json("/readyz")[1]["ready"]
    gateway.until(lambda: gateway.ask("/api/v1/incidents")[0] == 200)
    assert gateway.metrics()["tocsin_api_starts_total"] == 2
    assert "is started again" in gateway.log


def test_meanwhile_everything_else_is_told_to_come_back(gateway: RunningGateway) -> None:
    os.kill(api_process(gateway), signal.SIGKILL)
    status, body = gateway.ask("/api/v1/incidents")
    if status != 200:  # a machine that starts a process faster than it asks
        assert (status, json.loads(body)["code"]) == (503, "unavailable")


def test_it_ends_with_the_gateway_also_when_that_is_killed_and_the_port_is_free(gateway: RunningGateway) -> None:
    child = api_process(gateway)
    gateway.kill()
    gateway.until(lambda: "gateway.apart" not in command_line(child))
    port = int(gateway.url.rpartition(":")[2])
    settings = json.loads(gateway.settings.read_text())
    gateway.settings.write_text(json.dumps(settings | {"http": {"port": port}}))
    gateway.start()
    assert gateway.url.endswith(f":{port}")


def test_in_the_core_s_own_process_it_answers_the_same(tmp_path: Path) -> None:
    gateway = RunningGateway(
        tmp_path,
        "".join(site_yaml(demo_tower())),
        {"url": "embedded", "embedded_port": 0},
        http={"port": 0, "process": "shared"},
    )
    gateway.start()
    try:
        incident = report(gateway)
        assert gateway.get(f"incidents/{incident}")["id"] == incident
        gateway.until(lambda: gateway.get("incidents", text="smell")["items"])  # never 503, also while it is indexed
        assert "tocsin_api_starts_total" not in gateway.metrics()
        assert gateway.stop() == 0
    finally:
        gateway.kill()


def test_what_was_said_can_be_searched_for_a_moment_later(gateway: RunningGateway) -> None:
    incident = report(gateway)
    assert gateway.post(f"incidents/{incident}/notes", by="patrol", text="沙发起火，已扑灭")[0] == 200
    found = gateway.until(lambda: gateway.get("incidents", text="沙发 smell")["items"])
    assert [each["id"] for each in found] == [incident]


class Listener(threading.Thread):
    """Hangs up again and again, and comes back with the id of the last event it has seen."""

    def __init__(self, url: str, until: Callable[[], int | None]) -> None:
        super().__init__(daemon=True)
        self.positions: list[int] = []
        self._url, self._until = url, until
        self.listening = threading.Event()

    def run(self) -> None:
        last = "0"
        while not self._done():
            request = urllib.request.Request(f"{self._url}/api/v1/stream", headers={"Last-Event-ID": last})
            with urllib.request.urlopen(request, timeout=30) as answer:
                self.listening.set()
                for number, entry in enumerate(self._entries(answer), start=1):
                    self.positions.append(entry["position"])
                    if number == RESUME_EVERY or self._done():
                        break
            last = str(self.positions[-1]) if self.positions else last

    def _entries(self, answer: Any) -> Iterator[dict[str, Any]]:
        return (entry for entry in entries_of(answer) if "position" in entry)  # an `end` has none

    def _done(self) -> bool:
        last = self._until()
        return last is not None and bool(self.positions) and self.positions[-1] >= last


def test_no_listener_loses_or_doubles_an_event_over_reconnects(
    gateway: RunningGateway,
) -> None:
    incident = report(gateway)
    last: list[int] = []
    listeners = [Listener(gateway.url, lambda: last[0] if last else None) for _ in range(LISTENERS)]
    for each in listeners:
        each.start()
    for each in listeners:
        assert each.listening.wait(30)
    position = 0
    for number in range(NOTES):
        status, answer = gateway.post(f"incidents/{incident}/notes", by="patrol", text=f"note {number}")
        assert status == 200
        position = answer["entries"][-1]["position"]
    last.append(position)
    gateway.post(f"incidents/{incident}/notes", by="patrol", text="the last one")  # who waits sees that it is over
    for each in listeners:
        each.join(60)
        assert not each.is_alive()
        seen = each.positions
        assert seen == list(range(1, len(seen) + 1))
        assert seen[-1] >= position
