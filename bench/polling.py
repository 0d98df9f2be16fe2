"""What operators' clients that poll at full speed do to an alarm: the latencies of `latency`, without and with them.

Beside it the same with the API in the core's own process (`http.process: shared`), as it was before ADR 0012.
"""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path

import uvloop
from rich.table import Table

from bench.children import Child, Failed, python
from bench.latency import BACKGROUND_DEVICES, Houses, Step, under_load, write_houses
from bench.report import quantile, table, verdict
from bench.stage import Broker, Tocsin, missing, start_broker, write_portfolio

CLIENTS = 20
TARGET = 2.0
PATHS = (
    "/api/v1/incidents",
    "/api/v1/zones",
    "/api/v1/devices?limit=100",
    "/api/v1/incidents?open=true&limit=50",
    "/api/v1/orders",
    "/api/v1/incidents/INC-000001",
    "/api/v1/incidents/INC-000001/timeline",
)


@dataclass(frozen=True)
class Size:
    loads: tuple[int, ...]
    pairs: int  # at each load, without and with clients
    processes: tuple[str, ...]
    clients: int = CLIENTS


FULL = Size(loads=(0, 1_000), pairs=100, processes=("own", "shared"))
QUICK = Size(loads=(0,), pairs=30, processes=("own", "shared"))
SMOKE = Size(loads=(0,), pairs=3, processes=("own",), clients=3)


@dataclass
class Measured:
    process: str
    quiet: Step
    polled: Step
    requests_per_s: float


def run(size: Size, folder: Path) -> list[Table]:
    lacking = missing("mosquitto")
    if lacking:
        return [table("Polling", f"{lacking} is not installed: not measured")]
    measured: list[Measured] = []
    for process in size.processes:
        measured += _measured(size, process, folder / process)
    return [_shown(size, measured)]


def _measured(size: Size, process: str, folder: Path) -> list[Measured]:
    folder.mkdir(parents=True)
    with ExitStack() as stack:
        broker = start_broker("mosquitto", folder / "broker")
        stack.enter_context(broker.child)
        sites = [write_portfolio(folder / "site.yaml", BACKGROUND_DEVICES)]
        sites.append(write_houses(folder / "houses.yaml", 2 * size.pairs * len(size.loads)))
        tocsin = Tocsin(folder / "tocsin", broker.url, sites, http={"process": process})
        gateway = stack.enter_context(tocsin.start_ready())
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            try:
                return runner.run(_steps(size, process, broker, tocsin, folder))
            except Failed as fault:
                raise Failed(f"{fault}; the gateway said:\n{gateway.said[-2000:]}") from fault


async def _steps(size: Size, process: str, broker: Broker, tocsin: Tocsin, folder: Path) -> list[Measured]:
    houses = Houses(tocsin.port)
    await houses.open(broker)
    found = []
    try:
        names = [f"h{number:05d}" for number in range(2 * size.pairs * len(size.loads))]
        for per_s in size.loads:
            steps, rate = [], 0.0
            for polled in (False, True):
                some, names = names[: size.pairs], names[size.pairs :]
                with poller(tocsin.port, size.clients, folder) if polled else nullcontext() as clients:
                    began = time.perf_counter()
                    steps.append(await under_load(per_s, houses, some, broker, tocsin, folder))
                    if isinstance(clients, Child):
                        seconds = time.perf_counter() - began
                        rate = asked(clients) / seconds
            found.append(Measured(process, *steps, rate))
    finally:
        houses.close()
    return found


def poller(port: int, clients: int, folder: Path) -> Child:
    return Child("poller", python("bench.poller", port, clients, *PATHS), folder / "poller.log")


def asked(clients: Child) -> int:
    """Stops them. Raises Failed where any answer was none."""
    clients.stop()
    said = json.loads(clients.said.strip().splitlines()[-1])
    if said["refused"]:
        raise Failed(f"{said['refused']} of {said['requests']} requests were not answered with 200")
    return int(said["requests"])


def _shown(size: Size, measured: list[Measured]) -> Table:
    made = table(
        f"Alarm latency while {size.clients} API clients poll at full speed",
        "API's process, background, path",
        "requests/s",
        "p50 ms",
        "p99 ms",
        "polled p50",
        "polled p99",
        "p50 ×",
        "p99 ×",
        "target",
        caption="As `latency`, Mosquitto, QoS 1. own: the API in a process of its own, the default; shared: in the "
        "core's. The timeline is seen on the event stream of that same API. The clients run on this machine as well.",
    )
    for each in measured:
        for label, quiet, polled in (
            ("alarm → timeline", each.quiet.timeline, each.polled.timeline),
            ("alarm → command", each.quiet.command, each.polled.command),
        ):
            figures = [quantile(values, share) for values in (quiet, polled) for share in (0.5, 0.99)]
            ratios = figures[2] / figures[0], figures[3] / figures[1]
            made.add_row(
                f"{each.process:<6} {each.quiet.per_s:>5,}/s  {label}",
                f"{each.requests_per_s:,.0f}",
                *(f"{figure:.1f}" for figure in figures),
                *(f"{ratio:.2f}" for ratio in ratios),
                verdict(max(ratios), TARGET, "×") if each.process == "own" else "–",
            )
        made.add_section()
    return made
