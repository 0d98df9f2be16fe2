"""The forwarder's process: it is told what to do, says how it gets on, is started again, and ends with the gateway."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest

from gateway.config import GatewaySettings, InfluxPart
from gateway.forward.counts import Counts, Lost
from gateway.forward.messages import places_of
from gateway.forward.supervisor import ForwarderProcess
from gateway.metrics import GatewayCollector, exposition
from gateway.telemetry import Telemetry
from rules.instant import HOUR_MS
from tests.support import building

START = 1_795_500_000_000 // HOUR_MS * HOUR_MS
NOWHERE = "http://127.0.0.1:9"  # the discard port: nobody listens
SECONDS_MAX = 60.0


class Gateway:
    """What the supervisor tells."""

    def __init__(self) -> None:
        self.heard: list[Counts] = []
        self.lost: list[Lost] = []
        self._news = asyncio.Event()

    def forwarding(self, counts: Counts) -> None:
        self.heard.append(counts)
        self._news.set()

    def unforwarded(self, lost: Lost) -> None:
        self.lost.append(lost)

    async def until(self, condition: Callable[[Counts], bool]) -> Counts:
        async with asyncio.timeout(SECONDS_MAX):
            while not (self.heard and condition(self.heard[-1])):
                self._news.clear()
                await self._news.wait()
        return self.heard[-1]


@pytest.fixture
async def process(tmp_path: Path) -> AsyncIterator[tuple[ForwarderProcess, Gateway]]:
    with closing(Telemetry(tmp_path / "telemetry")) as telemetry:
        source = telemetry.source("actual", "tower-a/em-1")
        telemetry.rows += [(source, START + n, n, 0, START + n, None, b'{"power_w":1.0}') for n in range(7)]
        telemetry.commit()
    part = InfluxPart(url=NOWHERE, interval_seconds=0.1, retry_seconds_max=0.2, lag_seconds_max=1)
    gateway = Gateway()
    made = ForwarderProcess(GatewaySettings(data=tmp_path, influxdb=part), gateway)
    made.stand(building.directory())
    running = asyncio.create_task(made.run())
    yield made, gateway
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert made.pid is None


async def test_it_says_how_far_it_is_behind_and_why(process: tuple[ForwarderProcess, Gateway]) -> None:
    made, gateway = process
    counts = await gateway.until(lambda each: bool(each.fault))
    assert counts.lag_rows == 7
    assert counts.fault.startswith(f"InfluxDB at {NOWHERE} is ")
    assert "refused" in counts.fault
    assert made.counts is counts


async def test_killed_it_is_started_again_and_its_counts_go_on(process: tuple[ForwarderProcess, Gateway]) -> None:
    made, gateway = process
    before = await gateway.until(lambda each: each.failures.get("away", 0) >= 2)
    first = made.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await gateway.until(lambda each: each.failures["away"] > before.failures["away"] + 1)
    assert made.starts == 2
    assert made.pid != first
    collector = GatewayCollector()
    collector.forwarder = made
    text = exposition(collector).decode()
    assert "tocsin_influxdb_lag_rows 7.0" in text
    assert "tocsin_influxdb_starts_total 2.0" in text
    assert 'tocsin_influxdb_failures_total{kind="away"}' in text


def test_places_are_those_of_the_directory_and_only_classes_that_have_events_are_told() -> None:
    places = places_of(building.directory())
    assert places.devices["tower-a/sd-1"][2:] == ("tower-a/12F-east", "smoke_detector")
    assert places.events == {"door": ("denied", "granted", "duress")}
