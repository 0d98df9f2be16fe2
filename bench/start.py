"""From the start of the process to a gateway that is ready, with a journal of a million events.

Measured on the real `tocsin run` with Mosquitto beside it: after a crash at the worst moment (nearly SNAPSHOT_EVERY
events since the last snapshot, see `old_journal`), and after an orderly stop. How a start is made up is measured in
a process of its own that takes the same steps one by one.
"""

from __future__ import annotations

import statistics
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from bench import old_journal
from bench.children import Child, ask
from bench.report import table, verdict
from bench.stage import Tocsin, missing, start_broker, write_site
from gateway.library import load
from gateway.store import Store
from simulators.building import demo_tower

TARGET_S = 3.0


@dataclass(frozen=True)
class Size:
    events: int
    starts: int  # of each kind


FULL = Size(events=1_000_000, starts=3)
QUICK = Size(events=60_000, starts=1)
SMOKE = Size(events=2_000, starts=1)


def run(size: Size, folder: Path) -> list[Table]:
    lacking = missing("mosquitto")
    if lacking:
        return [table("Start", f"{lacking} is not installed: not measured")]
    with ExitStack() as stack:
        broker = start_broker("mosquitto", folder / "broker")
        stack.enter_context(broker.child)
        tocsin = Tocsin(folder / "tocsin", broker.url, [write_site(folder / "site.yaml", demo_tower())])
        replayed, seeded_s = _seed(tocsin, folder / "site.yaml", size.events)
        parts = ask("steps", "bench.start_worker", tocsin.folder / "settings.yaml", folder=folder)
        crashed = [_start(tocsin, orderly=False) for _ in range(size.starts)]
        _start(tocsin, orderly=True)
        stopped = [_start(tocsin, orderly=True) for _ in range(size.starts)]
    return [_shown(size, replayed, seeded_s, crashed, stopped, parts)]


def _seed(tocsin: Tocsin, site: Path, events: int) -> tuple[int, float]:
    began = time.perf_counter()
    data = tocsin.folder / "data"
    data.mkdir(parents=True)
    with Store.open(f"sqlite:///{data / 'journal.sqlite'}") as store:
        return old_journal.write(store, load([site]), events), time.perf_counter() - began


def _start(tocsin: Tocsin, orderly: bool) -> tuple[float, float]:
    """(seconds until it was ready, of CPU). It is then stopped, which makes a snapshot, or killed, which makes none."""
    child: Child = tocsin.start()
    try:
        child.until(tocsin.ready, "is not ready")
        return time.perf_counter() - child.started_at, child.cpu_seconds()
    finally:
        if orderly:
            child.stop()
        else:
            child.kill()


def _shown(
    size: Size,
    replayed: int,
    seeded_s: float,
    crashed: list[tuple[float, float]],
    stopped: list[tuple[float, float]],
    parts: dict[str, Any],
) -> Table:
    made = table(
        f"Start to ready with {size.events:,} events in the journal",
        "start",
        "median s",
        "slowest s",
        "CPU s",
        "target",
        caption=f"404 devices, SQLite. The journal was made in {seeded_s:.0f} s: all but the last {replayed:,} events "
        "straight into the store with a valid hash chain, then a snapshot, the rest through desk and engine. CPU: what "
        "a start takes on an idle machine.",
    )
    for label, starts in (
        (f"after a crash, {replayed:,} events to replay", crashed),
        ("after an orderly stop", stopped),
    ):
        seconds, cpu = zip(*starts, strict=True)
        middle = statistics.median(seconds)
        slowest, of_cpu = f"{max(seconds):.2f}", f"{statistics.median(cpu):.2f}"
        made.add_row(label, f"{middle:.2f}", slowest, of_cpu, verdict(middle, TARGET_S, "s"))
    made.add_section()
    for step, seconds in parts["steps"].items():
        note = f" ({parts['replayed']:,} events)" if step == "replay" else ""
        made.add_row(f"  {step}{note}", f"{seconds:.2f}", "", f"{parts['cpu'][step]:.2f}", "–")
    return made
