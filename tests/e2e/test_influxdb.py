"""Readings reach a real InfluxDB, whatever is killed on the way: every point is compared with what is stored here."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.clock import now_ms
from rules.instant import HOUR_MS
from tests.support.forwarded import Field, by_time, expected
from tests.support.gateway import ROOT, RunningGateway
from tests.support.influx import Influx
from tests.support.servers import Mosquitto

SITE = (ROOT / "deploy" / "example" / "site.yaml").read_text(encoding="utf-8")
QUICK: dict[str, Any] = {"interval_seconds": 0.1, "retry_seconds_max": 0.5, "seconds_max": 2}
PLACES = {
    f"example/{name}": {"building": "house", "floor": floor, "zone": f"example/{zone}", "class": device_class}
    for name, floor, zone, device_class in (
        ("sd-101", "1F", "1F-lobby", "smoke_detector"),
        ("ac-101", "1F", "1F-lobby", "access_controller"),
        ("em-101", "1F", "1F-plant", "energy_meter"),
        ("lift-1", "1F", "lift-shaft", "lift"),
    )
}
TITLE = "Readings are not forwarded to InfluxDB"
PAUSE_SECONDS = 0.01  # between messages of a stream, so that what is killed is killed in the middle of it


class House:
    """The example site on a Mosquitto, with a field that sends readings and an InfluxDB to forward them to."""

    def __init__(self, running: RunningGateway, broker: Mosquitto, influx: Influx) -> None:
        self.running, self.broker, self.influx = running, broker, influx
        self.field = Field(broker)
        self.said = 0

    @contextmanager
    def stream(self) -> Iterator[None]:
        """Messages go on and on meanwhile."""
        over = threading.Event()

        def flow() -> None:
            while not over.wait(PAUSE_SECONDS):
                self.say(1)

        thread = threading.Thread(target=flow)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def say(self, number: int) -> None:
        """Messages of four devices: numbers, booleans, texts, a metric called as a tag, events, two modes."""
        for _ in range(number):
            self.said += 1
            n = self.said
            device, values = (
                ("sd-101", {"smoke": n / 10_000, "alarm": False}),
                ("em-101", {"power_w": 800.5 + n, "energy_kwh": n / 3}),
                ("lift-1", {"floor": f"{n % 12 + 1}F", "moving": n % 2 == 0}),
                ("ac-101", {}),
            )[n % 4]
            tree = "tocsin-exercise" if n % 20 == 0 else "tocsin"
            if values:
                self._send(f"{tree}/v1/example/{device}/telemetry", {"values": values, "seq": n, "ts": now_ms()})
            else:
                attributes = {"card": f'nr "{n}" \\ 卡', "tries": float(n)}
                event = {"event": "access_granted", "attributes": attributes, "seq": n, "ts": now_ms()}
                self._send(f"{tree}/v1/example/{device}/event", event)

    def _send(self, topic: str, payload: dict[str, Any]) -> None:
        self.field.say(topic, payload)

    def metric(self, name: str) -> float:
        return self.running.metrics().get(f"tocsin_influxdb_{name}", -1.0)

    def points(self) -> int:
        """How many InfluxDB has."""
        counted = [self.influx.database.ask(f'SELECT count(*) FROM "tocsin_{each}"') for each in ("readings", "events")]
        columns = [
            dict(zip(series["columns"], series["values"][0], strict=True))
            for each in counted
            for series in each.get("series", [])
        ]
        return sum(max(value for key, value in each.items() if key != "time") for each in columns)

    def incident(self, state: str) -> dict[str, Any]:
        """The trouble: "open", or "cleared"."""

        def found() -> dict[str, Any] | None:
            troubles = [each for each in self.running.get("incidents")["items"] if each["title"]["en"] == TITLE]
            if not troubles or (state == "cleared" and troubles[0]["phase"] not in ("closing", "closed")):
                return None
            return troubles[0]

        result: dict[str, Any] = self.running.until(found)
        return result

    def until_forwarded(self) -> None:
        """Everything the broker has taken is stored here, and there."""
        sent = self.field.finish()
        self.running.until(lambda: self.stored() >= sent, 60)
        self.running.until(lambda: self.metric("lag_rows") == 0 and self.metric("up") == 1, 60)

    def stored(self) -> int:
        """In the gateway's files."""
        try:
            readings, events = expected(self.running.data / "telemetry", PLACES)
        except sqlite3.OperationalError:  # a file is just being made
            return 0
        return len(readings) + len(events)

    def compare(self) -> int:
        """Every point, both ways. → how many."""
        readings, events = expected(self.running.data / "telemetry", PLACES)
        assert by_time(self.influx.database.rows("tocsin_readings")) == readings
        assert by_time(self.influx.database.rows("tocsin_events")) == events
        return len(readings) + len(events)


@pytest.fixture
def house(
    mosquitto: Callable[..., Mosquitto], gateway: Callable[..., RunningGateway], influx: Callable[..., Influx]
) -> Iterator[Callable[..., House]]:
    """`made = house(setting=…)`: started."""
    made: list[House] = []

    def make(**settings: Any) -> House:
        broker, database = mosquitto(persistence=True), influx()
        running = gateway(SITE, broker.url, influxdb=database.settings(**{**QUICK, **settings}))
        running.start()
        made.append(House(running, broker, database))
        return made[-1]

    yield make
    for each in made:
        each.field.close()


def _forwarder_pid(gateway_pid: int) -> int:
    """Of the child of that process which forwards."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                if parent == gateway_pid and b"gateway.forward" in (folder / "cmdline").read_bytes():
                    return int(folder.name)
            except OSError:
                continue
    raise LookupError("no forwarder runs")


def test_every_reading_and_event_is_a_point_with_its_place_its_mode_and_its_time(house: Callable[..., House]) -> None:
    it = house()
    it.say(200)
    it.until_forwarded()
    assert it.compare() == 200
    bodies = [encoding for method, _, status, encoding, _ in it.influx.front.requests if status == "204"]
    assert bodies
    assert set(bodies) == {"gzip"}
    assert it.running.json("/readyz")[1]["parts"]["influxdb"] == "ok"


@pytest.mark.slow
def test_nothing_is_lost_or_doubled_when_everything_on_the_way_is_killed_in_the_middle_of_a_stream(
    house: Callable[..., House],
) -> None:
    it = house(batch_rows=50)

    def until_some_more() -> None:
        had = it.points()
        it.running.until(lambda: it.points() > had + 30)

    with it.stream():
        until_some_more()
        it.influx.database.kill()
        it.running.until(lambda: it.metric("lag_rows") > 50)
        it.influx.database.start()
        until_some_more()
        it.influx.front.kill()
        it.running.until(lambda: it.metric("lag_rows") > 50)
        it.influx.front.start()
        until_some_more()
        os.kill(_forwarder_pid(it.running.pid), signal.SIGKILL)
        until_some_more()
        it.running.kill()
        it.running.start()
        until_some_more()
    it.until_forwarded()
    assert it.compare() == it.said
    assert "expired" not in it.running.log
    print(f"{it.said} messages, {it.compare()} points")  # noqa: T201 - shown with -s


def test_after_a_restart_it_goes_on_in_the_middle_of_a_file(house: Callable[..., House]) -> None:
    it = house()
    it.say(60)
    it.until_forwarded()
    it.running.restart()
    it.say(40)
    it.until_forwarded()
    assert it.metric("rows_total") == 40  # of this run
    assert it.compare() == 100


def test_a_lag_is_a_trouble_until_it_has_caught_up(house: Callable[..., House]) -> None:
    it = house(lag_seconds_max=1)
    it.influx.database.kill()
    it.say(20)
    trouble = it.incident("open")
    assert (trouble["signal"], trouble["level"], trouble["hazard"]) == ("trouble", "III", "device")
    assert trouble["title"]["en"] == "Readings are not forwarded to InfluxDB"
    assert "s behind" in it.running.json("/readyz")[1]["parts"]["influxdb"]
    assert it.running.json("/readyz")[0] == 200  # nothing that people are warned by needs it
    it.influx.database.start()
    assert it.incident("cleared")["id"] == trouble["id"]
    it.until_forwarded()
    kinds = [entry["kind"] for entry in it.running.timeline(trouble["id"])]
    assert kinds.count("detected") == 1
    assert kinds.count("cleared") == 1
    assert it.compare() == 20


def test_a_token_that_is_not_accepted_is_a_trouble_and_is_read_again(house: Callable[..., House]) -> None:
    it = house()
    right = it.influx.token_file.read_text()
    it.influx.token_file.write_text("a-wrong-token-that-no-log-may-hold\n")
    it.running.restart()
    it.say(20)
    trouble = it.incident("open")
    entries = it.running.timeline(trouble["id"])
    assert any("does not accept the token (401: unauthorized access)" in (entry["reason"] or "") for entry in entries)
    assert it.metric('failures_total{kind="denied"}') > 0
    it.influx.token_file.write_text(right)
    it.incident("cleared")
    it.until_forwarded()
    assert it.compare() == 20
    assert "a-wrong-token" not in it.running.log
    assert right.strip() not in it.running.log


def test_a_field_that_holds_another_type_there_costs_no_point(house: Callable[..., House]) -> None:
    it = house()
    it.influx.write('tocsin_readings,device=somebody smoke="much",power_w=true')
    it.say(20)
    it.until_forwarded()
    rows = [row for row in it.influx.database.rows("tocsin_readings") if row["device"] != "somebody"]
    assert sorted(row["smoke:number"] for row in rows if row["device"] == "example/sd-101") == [
        n / 10_000 for n in (4, 8, 12, 16, 20)
    ]
    assert len([row for row in rows if "power_w:number" in row]) == 5
    assert not [name for name in it.running.metrics() if name.startswith("tocsin_influxdb_lost")]


def test_what_is_older_than_the_bucket_keeps_is_counted_told_once_and_left_behind(house: Callable[..., House]) -> None:
    it = house(bucket="tocsin/short")
    it.influx.database.ask('CREATE RETENTION POLICY "short" ON "tocsin" DURATION 1h REPLICATION 1')
    for seq, ago_ms in ((1, 3 * HOUR_MS), (2, 2 * HOUR_MS), (3, 0)):
        body = {"values": {"power_w": 1.5}, "seq": seq, "ts": now_ms() - ago_ms}
        it.field.say("tocsin/v1/example/em-101/telemetry", body)
    it.until_forwarded()
    assert it.metric('lost_total{reason="beyond retention"}') == 2
    letters = [each for each in it.running.all("dead-letters") if each["topic"] == "influxdb"]
    assert [(each["reason"], each["count"]) for each in letters] == [("beyond retention", 1)]
    assert len(it.influx.database.rows("tocsin_readings", rp="short")) == 1


def test_a_chart_of_what_is_past_its_keeping_says_so_while_influxdb_is_down(house: Callable[..., House]) -> None:
    it = house()
    it.say(20)
    it.until_forwarded()
    path, asked = "devices/example/em-101/readings", {"from": _rfc3339(now_ms() - 5 * HOUR_MS), "agg": "count"}
    whole = it.running.get(path, **asked)
    assert (whole["missing_before"], whole["missing"]) == (None, "")
    assert sum(value for _, value in whole["series"][0]["points"]) == 5
    it.running.stop()
    for each in (it.running.data / "telemetry").glob("20*"):
        each.unlink()
    it.running.start()
    assert sum(value for _, value in it.running.get(path, **asked)["series"][0]["points"]) == 5  # read back
    it.influx.database.kill()
    without = it.running.get(path, **asked)
    assert without["series"] == []
    assert "it answers 502" in without["missing"]


def _rfc3339(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat().replace("+00:00", "Z")
