"""How much memory a device takes: what is resident before and after, in a process of its own.

The target is for what the gateway keeps of a device while it watches: its values, bounds, cursors, timers, route
and number in the telemetry store, after every device has spoken. What the site file says of it comes on top.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from bench.children import ask
from bench.report import table, verdict

TARGET_BYTES = 2_048
SECONDS_MAX = 300.0


@dataclass(frozen=True)
class Size:
    devices: int


FULL = Size(100_000)
QUICK = Size(30_000)
SMOKE = Size(200)


def run(size: Size, folder: Path) -> list[Table]:
    arguments = (folder / "worker", size.devices)
    found = ask("memory", "bench.memory_worker", *arguments, folder=folder, seconds_max=SECONDS_MAX)
    watched, spoken, directory = (found[part] / size.devices for part in ("watched", "spoken", "directory"))
    made = table(
        f"Memory, {size.devices:,} devices of a generated portfolio",
        "resident, bytes a device",
        "bytes",
        "target",
        caption="Detectors, call points, sirens, vents, doors, meters, lifts as buildings have them; shipped rules.",
    )
    made.add_row(
        "watched, every device has spoken", f"{watched + spoken:,.0f}", verdict(watched + spoken, TARGET_BYTES)
    )
    made.add_row("  before it first spoke", f"{watched:,.0f}", "–")
    made.add_row("  since: values, route, telemetry number", f"{spoken:,.0f}", "–")
    made.add_row("the site directory, besides", f"{directory:,.0f}", "–")
    return [made]
