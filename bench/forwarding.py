"""What forwarding to InfluxDB costs: rows a second when it catches up, and whether alarms take longer meanwhile.

The same pairs of detectors as in `latency`, at one load, with no InfluxDB, with one that takes everything, and with a
forwarder that has an outage's readings to catch up with. InfluxDB (Debian's, behind nginx) shares the machine's cores.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop
from rich.table import Table

from bench.latency import BACKGROUND_DEVICES, Houses, Step, under_load, write_houses
from bench.report import quantile, table
from bench.stage import Broker, Tocsin, missing, start_broker, write_portfolio
from gateway.config import InfluxPart
from gateway.forward.counts import Counts
from gateway.forward.durable import Durable
from gateway.forward.forwarder import Forwarder
from gateway.forward.lines import Places
from gateway.forward.server import InfluxServer
from gateway.forward.stored import StoredRows
from gateway.telemetry import Telemetry
from tests.support.influx import Influx, influxd_program, nginx_program

START = 1_795_500_000_000
BODY = b'{"smoke":0.0123,"temperature":21.5,"alarm":false}'
COMMIT_ROWS = 2_000


@dataclass(frozen=True)
class Size:
    rows: int  # to catch up with
    per_s: int
    pairs: int  # at each of three


FULL = Size(rows=500_000, per_s=1_000, pairs=200)
QUICK = Size(rows=100_000, per_s=1_000, pairs=50)
SMOKE = Size(rows=2_000, per_s=200, pairs=3)


def run(size: Size, folder: Path) -> list[Table]:
    programs = {"influxd": influxd_program(), "nginx": nginx_program()}
    lacking = missing("mosquitto") or next((name for name, found in programs.items() if not found), None)
    if lacking:
        return [table("Forwarding", f"{lacking} is not installed: not measured")]
    return [_catching_up(size, folder), _latency(size, folder)]


# ---- rows a second


def _catching_up(size: Size, folder: Path) -> Table:
    shown = table("Forwarding: catching up", "batch, compression", "rows/s", "CPU µs a row", caption="One process.")
    with closing(Telemetry(folder / "catching-up" / "telemetry")) as telemetry:
        _fill(telemetry, size.rows)
        for gzip in (True, False):
            influx = Influx(folder / f"catching-up-{gzip}")
            influx.start()
            try:
                settings = InfluxPart.model_validate(influx.settings(gzip=gzip))
                counts, wall_s, cpu_s = _forwarded(settings, telemetry.folder)
                stored = sum(
                    series["values"][0][1]
                    for series in influx.database.ask('SELECT count(smoke) FROM "tocsin_readings"')["series"]
                )
            finally:
                influx.stop()
            assert counts.points == stored == size.rows, (counts, stored)
            label = f"{settings.batch_rows:,} rows, {'gzip' if gzip else 'none'}"
            shown.add_row(label, f"{size.rows / wall_s:,.0f}", f"{cpu_s / size.rows * 1e6:.1f}")
    return shown


def _fill(telemetry: Telemetry, rows: int) -> None:
    sources = [telemetry.source("actual", f"bench/sd-{number}") for number in range(BACKGROUND_DEVICES)]
    for number in range(rows):
        at = START + number
        telemetry.rows.append((sources[number % len(sources)], at, number, 0, at, None, BODY))
        if len(telemetry.rows) == COMMIT_ROWS:
            telemetry.commit()
    telemetry.commit()


def _forwarded(settings: InfluxPart, folder: Path) -> tuple[Counts, float, float]:
    """→ what was done, wall seconds, CPU seconds."""
    durable = Durable(folder.parent / f"influxdb-{settings.gzip}.sqlite", settings.url)
    server = InfluxServer(settings, lambda: START)
    forwarder = Forwarder(settings, StoredRows(folder), durable, server, print, lambda: 1.0)
    places = {f"bench/sd-{n}": ("main", "1F", "bench/1F-east", "smoke_detector") for n in range(BACKGROUND_DEVICES)}
    forwarder.stand(Places(places))
    wall, cpu = time.perf_counter(), time.process_time()
    while forwarder.turn(START) == 0.0:
        pass
    wall_s, cpu_s = time.perf_counter() - wall, time.process_time() - cpu
    server.close()
    durable.close()
    return forwarder.counts, wall_s, cpu_s


# ---- alarms meanwhile


def _latency(size: Size, folder: Path) -> Table:
    shown = table(
        "Forwarding: alarms meanwhile",
        "InfluxDB",
        "n",
        "alarm → timeline p50 ms",
        "p99",
        "alarm → command p50",
        "p99",
        caption=f"{size.per_s:,} messages/s in the background; Mosquitto; pairs of detectors as in `latency`.",
    )
    for label in ("none", "takes everything", "was away, catches up"):
        step = _measured(size, folder / label.replace(" ", "-").replace(",", ""), label)
        figures = (f"{quantile(values, q):.2f}" for values in (step.timeline, step.command) for q in (0.5, 0.99))
        shown.add_row(label, str(len(step.timeline)), *figures)
    return shown


def _measured(size: Size, folder: Path, label: str) -> Step:
    folder.mkdir()
    with ExitStack() as stack:
        broker = start_broker("mosquitto", folder / "broker")
        stack.enter_context(broker.child)
        influx = Influx(folder / "influx")
        influx.start()
        stack.callback(influx.stop)
        sites = [write_portfolio(folder / "site.yaml", BACKGROUND_DEVICES)]
        sites.append(write_houses(folder / "houses.yaml", size.pairs))
        more: dict[str, Any] = {} if label == "none" else {"influxdb": influx.settings()}
        if label.startswith("was away"):  # what an outage leaves behind, in files of the hours before
            with closing(Telemetry(folder / "tocsin" / "data" / "telemetry")) as telemetry:
                _fill(telemetry, size.rows)
        tocsin = Tocsin(folder / "tocsin", broker.url, sites, more=more)
        stack.enter_context(tocsin.start_ready())
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_step(size, broker, tocsin, folder))


async def _step(size: Size, broker: Broker, tocsin: Tocsin, folder: Path) -> Step:
    houses = Houses(tocsin.port)
    await houses.open(broker)
    try:
        return await under_load(size.per_s, houses, [f"h{n:05d}" for n in range(size.pairs)], broker, tocsin, folder)
    finally:
        houses.close()
