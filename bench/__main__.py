"""`python -m bench [--quick] [--only NAME…]`: measures, prints, stops all it has started. Fails only if it breaks."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType, ModuleType

from bench import forwarding, latency, listeners, lists, memory, polling, scaling, start, throughput, walls
from bench.children import Failed
from bench.report import console, machine

BENCHES: dict[str, ModuleType] = {
    "throughput": throughput,
    "latency": latency,
    "scaling": scaling,
    "memory": memory,
    "start": start,
}
OF_THE_API: dict[str, ModuleType] = {
    "lists": lists,
    "listeners": listeners,
    "polling": polling,
}
OF_OTHERS: dict[str, ModuleType] = {"forwarding": forwarding}
OF_THE_CONSOLE: dict[str, ModuleType] = {"walls": walls}
ALL = BENCHES | OF_THE_API | OF_THE_CONSOLE | OF_OTHERS
INTERRUPTED = 130


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make bench", description="What Tocsin costs on this machine.")
    parser.add_argument("--quick", action="store_true", help="a minute instead of six: smaller, less exact")
    parser.add_argument("--only", nargs="+", choices=ALL, default=list(BENCHES), metavar="NAME", help=", ".join(ALL))
    parser.add_argument("--api", dest="only", action="store_const", const=list(OF_THE_API), help="those of the API")
    parser.add_argument(
        "--console", dest="only", action="store_const", const=list(OF_THE_CONSOLE), help="those of the console"
    )
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    began = time.perf_counter()
    console.print(f"{machine()}\n")
    broken = 0
    try:
        for name in options.only:
            broken += not _run(name, quick=options.quick)
    except KeyboardInterrupt:
        console.print("interrupted; everything that was started is stopped")
        return INTERRUPTED
    console.print(f"{time.perf_counter() - began:.0f} s in all")
    return 1 if broken else 0


def _run(name: str, quick: bool) -> bool:
    bench = ALL[name]
    size = bench.QUICK if quick else bench.FULL
    try:
        with TemporaryDirectory(prefix=f"tocsin-bench-{name}-") as folder, console.status(f"measuring {name} …"):
            tables = bench.run(size, Path(folder))
    except Failed as fault:
        console.print(f"[red]{name} could not be measured:[/] {fault}\n", markup=True)
        return False
    for each in tables:
        console.print(each, "")
    return True


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
