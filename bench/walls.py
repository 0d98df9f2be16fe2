"""Open walls of the console while a flood of alarms passes: how fast a page reacts, and whether the gateway is any
slower for them.

The walls stand for 20 machines and share this one. One of them is a browser by itself at the priority that everything
has, as on a machine of its own; the others, in another browser, have what the rest leaves. The console runs at the
priority it has beside a gateway (`tocsin run --console`).

The same flood passes twice, once without the console and once with the walls open, and among it alarms whose latencies
are taken as `latency` takes them. A page reacts when a key opens the dialog that it is for, by way of the console's
process: asked of one wall by itself, and of each of the others in turn, all through the flood.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import shutil
import signal
import socket
import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
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
# Chromium raises its own priority where it may, above the gateway's: of root it is taken that it may.
MODEST = ("setpriv", "--bounding-set=-sys_nice", "--inh-caps=-sys_nice") if os.geteuid() == 0 else ()
UNTESTED = ("env", "-u", "PYTEST_CURRENT_TEST")  # NiceGUI would take the process for a test of its own
REACT_MS_MAX = 200.0
LATENCY_RATIO_MAX = 2.0
OPEN_SECONDS_MAX = 120.0
EARLIER = 8  # alarms that walls show before the flood: they hang for days, and have drawn cards in both sizes
SETTLED_SECONDS = 4.0


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
        flooded = _write_site(folder / "site.yaml", size.alarms + EARLIER)
        sites = [flooded, write_houses(folder / "houses.yaml", size.pairs)]
        tocsin = Tocsin(folder / "tocsin", broker.url, sites)
        gateway = stack.enter_context(tocsin.start_ready())
        opened = _open_walls(stack, tocsin.port, walls, folder) if walls else None
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            try:
                step = runner.run(_measure(size, broker, tocsin, folder, opened))
            except Failed as fault:
                raise Failed(f"{fault}; the gateway said:\n{gateway.said[-2000:]}") from fault
        return step, opened.told() if opened else {}


class Walls:
    """A console and what looks at it."""

    def __init__(self, console: Child, alone: Child, others: Child) -> None:
        self._console, self._alone, self._others = console, alone, others
        self._used, self._began = 0.0, 0.0

    def flood_begins(self) -> None:
        for worker in (self._alone, self._others):
            os.kill(worker.pid, signal.SIGUSR1)
        self._used, self._began = self._console.cpu_seconds(), time.perf_counter()

    def told(self) -> dict[str, Any]:
        """`alone`, `others`: ms of each reaction; `shown`: what the walls count; `console_cpu`: share of a core."""
        share = (self._console.cpu_seconds() - self._used) / (time.perf_counter() - self._began)
        said = []
        for worker in (self._alone, self._others):
            worker.stop()
            said.append(json.loads(worker.said.strip().splitlines()[-1]))
        alone, others = said
        shown = alone["shown"] + others["shown"]
        return {"alone": alone["react_ms"], "others": others["react_ms"], "shown": shown, "console_cpu": share}


def _open_walls(stack: ExitStack, api_port: int, walls: int, folder: Path) -> Walls:
    port = free_port(HOST)
    url = f"http://{HOST}:{port}/"
    arguments = ("console", "--api", f"http://{HOST}:{api_port}", "--port", str(port))
    program = _nice(NICENESS, python("tocsin", *arguments))
    console = Child("console", [*UNTESTED, *program], folder / "console.log")
    stack.enter_context(console).until(lambda: _listens(port), "is not ready")
    workers = []
    for name, count, niceness in (("alone", 1, 0), ("others", walls - 1, LOWEST)):
        program = _nice(niceness, python("bench.wall_worker", url, count, folder, niceness))
        worker = Child(name, [*MODEST, *program], folder / f"{name}.log")
        stack.enter_context(worker).until(partial(_is_open, worker), "is not open", OPEN_SECONDS_MAX)
        workers.append(worker)
    return Walls(console, *workers)


def _is_open(worker: Child) -> bool:
    return "open" in worker.said


def _nice(niceness: int, program: list[str]) -> list[str]:
    return ["nice", "-n", str(niceness), *program]


def _listens(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=1):
            return True
    except OSError:
        return False


async def _measure(size: Size, broker: Broker, tocsin: Tocsin, folder: Path, walls: Walls | None) -> Step:
    loop = asyncio.get_running_loop()
    _, publisher = await loop.create_connection(lambda: Publisher("bench-flood"), HOST, broker.port)
    await publisher.accepted
    houses = Houses(tocsin.port)
    await houses.open(broker)
    _alarm(publisher, range(size.alarms, size.alarms + EARLIER))
    await asyncio.sleep(SETTLED_SECONDS)
    if walls is not None:
        walls.flood_begins()
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
        _alarm(publisher, [number])


def _alarm(publisher: Publisher, numbers: Iterable[int]) -> None:
    for number in numbers:
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
        caption="Browsers, console, gateway and broker share this machine: one wall at the priority that all have, the"
        " others at the lowest. A reaction: from a key to its dialog.",
    )
    for who, label in (("alone", "a wall reacts"), ("others", "the others, on what is left,")):
        react = said[who]
        if not react and who == "alone":
            raise Failed("the wall has not reacted")
        for share, name in ((0.5, "p50"), (0.95, "p95"), (1.0, "slowest")):
            value = quantile(react, share) if react else math.inf  # others, when nothing was left for them
            target = verdict(value, REACT_MS_MAX, "ms") if who == "alone" else "–"
            made.add_row(f"{label} {name} (ms)", "–", f"{value:.0f}", target)
        made.add_row(f"{label} asked so often", "–", f"{len(react)}", "–")
    made.add_row("the console's share of a core (%)", "–", f"{said['console_cpu'] * 100:.0f}", "–")
    for label, one, other in (
        ("alarm → command", quiet.command, watched.command),
        ("alarm → timeline", quiet.timeline, watched.timeline),
    ):
        for share, name in ((0.5, "p50"), (0.95, "p95")):
            before, after = quantile(one, share), quantile(other, share)
            target = verdict(after / before, LATENCY_RATIO_MAX, "×")
            made.add_row(f"{label}, {name} (ms)", f"{before:.1f}", f"{after:.1f}", target)
    made.add_row("what the walls count at the end", "–", ", ".join(sorted(set(said["shown"]))), "–")
    return made
