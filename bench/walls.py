"""Open walls of the console while a flood of alarms passes: how fast each page reacts, and whether the gateway is any
slower for them.

The walls' browsers stand for 20 machines and run here at the lowest priority; the console runs at the one it has beside
a gateway (`tocsin run --console`).

The same flood passes twice, once without the console and once with the walls open, and among it alarms whose latencies
are taken as `latency` takes them. A page reacts when a key opens the dialog that it is for, by way of the console's
process: asked of each wall in turn, all through the flood.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop
from rich.table import Table

from bench.children import Child, Failed, python
from bench.latency import Houses, Step, under_load, write_houses
from bench.report import quantile, table, verdict
from bench.stage import HOST, Broker, Tocsin, missing, start_broker
from bench.wires import Publisher
from gateway.broker_process import free_port
from tocsin.console_child import NICENESS

SITE = "flood"
LOWEST = 19  # of Unix
UNTESTED = ("env", "-u", "PYTEST_CURRENT_TEST")  # NiceGUI would take the process for a test of its own
REACT_MS_MAX = 200.0
LATENCY_RATIO_MAX = 2.0
OPEN_SECONDS_MAX = 120.0
SETTLED_SECONDS = 3.0


@dataclass(frozen=True)
class Size:
    walls: int
    alarms: int  # an incident each
    per_s: int
    pairs: int  # alarms whose latency is taken, each time


FULL = Size(walls=20, alarms=500, per_s=50, pairs=40)
QUICK = Size(walls=8, alarms=200, per_s=50, pairs=20)
SMOKE = Size(walls=2, alarms=20, per_s=10, pairs=3)


def run(size: Size, folder: Path) -> list[Table]:
    lacking = missing("mosquitto") or ("" if shutil.which("chromium") else "chromium")
    if lacking:
        return [table("Walls", f"{lacking} is not installed: not measured")]
    quiet, _ = _flooded(size, folder / "without", walls=0)
    watched, said = _flooded(size, folder / "with", walls=size.walls)
    return [_shown(size, quiet, watched, said)]


def _flooded(size: Size, folder: Path, walls: int) -> tuple[Step, dict[str, Any]]:
    folder.mkdir(parents=True)
    with ExitStack() as stack:
        broker = start_broker("mosquitto", folder / "broker")
        stack.enter_context(broker.child)
        sites = [_write_site(folder / "site.yaml", size.alarms), write_houses(folder / "houses.yaml", size.pairs)]
        tocsin = Tocsin(folder / "tocsin", broker.url, sites)
        gateway = stack.enter_context(tocsin.start_ready())
        opened = _open_walls(stack, tocsin.port, walls, folder) if walls else None
        used = opened[1].cpu_seconds() if opened else 0.0
        began = time.perf_counter()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            try:
                step = runner.run(_measure(size, broker, tocsin, folder))
            except Failed as fault:
                raise Failed(f"{fault}; the gateway said:\n{gateway.said[-2000:]}") from fault
        if opened is None:
            return step, {}
        worker, console = opened
        share = (console.cpu_seconds() - used) / (time.perf_counter() - began)
        worker.stop()
        return step, json.loads(worker.said.strip().splitlines()[-1]) | {"console_cpu": share}


def _open_walls(stack: ExitStack, api_port: int, walls: int, folder: Path) -> tuple[Child, Child]:
    """→ (what holds the walls open, the console)."""
    port = free_port(HOST)
    arguments = ("console", "--api", f"http://{HOST}:{api_port}", "--port", str(port))
    program = _nice(NICENESS, python("tocsin", *arguments))
    console = Child("console", [*UNTESTED, *program], folder / "console.log")
    stack.enter_context(console).until(lambda: _listens(port), "is not ready")
    program = _nice(LOWEST, python("bench.wall_worker", f"http://{HOST}:{port}/", str(walls)))
    worker = Child("walls", program, folder / "walls.log")
    stack.enter_context(worker).until(lambda: "open" in worker.said, "is not open", OPEN_SECONDS_MAX)
    return worker, console


def _nice(niceness: int, program: list[str]) -> list[str]:
    return ["nice", "-n", str(niceness), *program]


def _listens(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=1):
            return True
    except OSError:
        return False


async def _measure(size: Size, broker: Broker, tocsin: Tocsin, folder: Path) -> Step:
    loop = asyncio.get_running_loop()
    _, publisher = await loop.create_connection(lambda: Publisher("bench-flood"), HOST, broker.port)
    await publisher.accepted
    houses = Houses(tocsin.port)
    await houses.open(broker)
    flood = asyncio.create_task(_flood(publisher, size))
    try:
        names = [f"h{number:05d}" for number in range(size.pairs)]
        step = await under_load(0, houses, names, broker, tocsin, folder)
        await flood
        await asyncio.sleep(SETTLED_SECONDS)  # the walls show the last of it
    finally:
        houses.close()
        publisher.close()
    return step


async def _flood(publisher: Publisher, size: Size) -> None:
    began = time.perf_counter()
    for number in range(size.alarms):
        await asyncio.sleep(max(0.0, began + number / size.per_s - time.perf_counter()))
        body = {"ts": time.time_ns() // 1_000_000, "values": {"alarm": True}, "seq": 1}
        publisher.publish(f"tocsin/v1/{SITE}/b{number:03d}/telemetry", json.dumps(body).encode())


def _write_site(path: Path, alarms: int) -> Path:
    """A zone an alarm, ten a floor: what is in one zone would be one incident."""
    zones = [
        {"id": f"z{number}", "devices": [{"id": f"b{number:03d}", "class": "water_leak_detector"}]}
        for number in range(alarms)
    ]
    floors = [{"id": f"{first // 10 + 1}F", "zones": zones[first : first + 10]} for first in range(0, alarms, 10)]
    site = {"site": SITE, "title": {"en": "Flood"}, "timezone": "UTC", "buildings": [{"id": "b", "floors": floors}]}
    path.write_text(json.dumps(site))
    return path


def _shown(size: Size, quiet: Step, watched: Step, said: dict[str, Any]) -> Table:
    made = table(
        f"{size.walls} open walls during a flood of {size.alarms} alarms, {size.per_s} a second",
        "what",
        "without",
        "with walls",
        "target",
        caption="Browser, console, gateway and broker share this machine. A reaction: from a key to its dialog.",
    )
    react = said["react_ms"]
    if not react:
        raise Failed("no wall has reacted")
    for share, label in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"), (1.0, "slowest")):
        value = quantile(react, share)
        made.add_row(f"a page reacts, {label} (ms)", "–", f"{value:.0f}", verdict(value, REACT_MS_MAX, "ms"))
    made.add_row("reactions asked for", "–", f"{len(react)}", "")
    made.add_row("the console's share of a core (%)", "–", f"{said['console_cpu'] * 100:.0f}", "")
    for label, one, other in (
        ("alarm → command", quiet.command, watched.command),
        ("alarm → timeline", quiet.timeline, watched.timeline),
    ):
        for share, name in ((0.5, "p50"), (0.95, "p95")):
            before, after = quantile(one, share), quantile(other, share)
            target = verdict(after / before, LATENCY_RATIO_MAX, "×")
            made.add_row(f"{label}, {name} (ms)", f"{before:.1f}", f"{after:.1f}", target)
    made.add_row("what the walls count at the end", "–", ", ".join(sorted(set(said["shown"]))), "")
    return made
