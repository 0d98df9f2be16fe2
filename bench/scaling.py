"""Whether a message costs more when there are more devices, or more rules that look at it.

Ingest with the real screen, desk and stores, without a broker: from the messages as the link hands them on to the
commit and the acknowledgement, in batches of 500. Each size is a process of its own in which every device has
spoken at least twice; then all take turns, so that what else the machine does falls on all alike. Devices speak in
an order shuffled once. The rules are so many thresholds more on `smoke`, beside all shipped rules, for a site that
sends nothing but smoke detectors' readings; a quiet detector's smoke lies below all of them.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from bench.children import Failed
from bench.report import table, verdict

TARGET_RATIO = 1.5
RULES_DEVICES = 400
STOP_SECONDS_MAX = 20


@dataclass(frozen=True)
class Size:
    devices: tuple[int, ...]
    rules: tuple[int, ...]
    rounds: int
    messages: int  # a round


FULL = Size(devices=(100, 10_000, 100_000), rules=(10, 100, 1_000), rounds=9, messages=20_000)
QUICK = Size(devices=(100, 10_000), rules=(10, 1_000), rounds=5, messages=10_000)
SMOKE = Size(devices=(50, 100), rules=(1, 5), rounds=1, messages=500)


class Worker:
    """A process with so many devices and rules. It ends when its input does, so also when we die."""

    def __init__(self, folder: Path, devices: int, rules: int, device_class: str) -> None:
        command = [sys.executable, "-m", "bench.scaling_worker", str(folder), str(devices), str(rules), device_class]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        self.costs: list[float] = []

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.communicate(timeout=STOP_SECONDS_MAX)
        finally:
            self._process.kill()

    def ready(self) -> dict[str, Any]:
        return dict(self._answer())

    def round(self, messages: int) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{messages}\n")
        self._process.stdin.flush()
        self.costs.append(float(self._answer()) / messages * 1e6)

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise Failed("a process that measures scaling ended")
        return json.loads(line)


def run(size: Size, folder: Path) -> list[Table]:
    by_devices = _measured(size, folder / "devices", [(devices, 0, "*") for devices in size.devices])
    by_rules = _measured(size, folder / "rules", [(RULES_DEVICES, rules, "smoke_detector") for rules in size.rules])
    made = table(
        "Scaling: CPU µs a message within the gateway (rules, telemetry, commit)",
        "",
        "median µs",
        "from … to",
        "to the smallest",
        "target",
        "first message µs",
        caption=f"{size.rounds} rounds of {size.messages:,} messages, sizes in turn. First message: of a device since "
        "the start, when what telemetry knows of it is looked up.",
    )
    for what, counts, found in (("devices", size.devices, by_devices), ("rules", size.rules, by_rules)):
        least = statistics.median(found[0][0])
        for count, (costs, first) in zip(counts, found, strict=True):
            middle = statistics.median(costs)
            last = count == counts[-1]
            made.add_row(
                f"{count:>9,} {what}",
                f"{middle:.2f}",
                f"{min(costs):.2f} … {max(costs):.2f}",
                f"{middle / least:.2f} ×",
                verdict(middle / least, TARGET_RATIO, "×") if last else "–",
                f"{first:,.0f}",
            )
        made.add_section()
    return [made]


def _measured(size: Size, folder: Path, shapes: list[tuple[int, int, str]]) -> list[tuple[list[float], float]]:
    """(costs, cost of a first message) of each shape, in µs."""
    with ExitStack() as stack:
        workers = [stack.enter_context(Worker(folder / str(number), *shape)) for number, shape in enumerate(shapes)]
        firsts = [worker.ready()["first_us"] for worker in workers]
        for _ in range(size.rounds):
            for worker in workers:
                worker.round(size.messages)
        return [(worker.costs, first) for worker, first in zip(workers, firsts, strict=True)]
