"""How long an alarm takes, quiet and under load: to the timeline, and to the device that is told what to do.

A pair of smoke detectors in a zone that was quiet before: the first alarm opens an incident (pre-alarm), the second
confirms it and has commands issued. Measured from the write of the PUBLISH to

* the timeline's entry on the gateway's event stream: committed a little earlier, for only what is committed is
  streamed (a publisher cannot see the gateway's own PUBACK, which is to the broker);
* the first linkage command at a device, through the broker.

Beside it the broker alone: the same process publishes to a topic nobody else hears and receives it again. The load
comes from a process of its own. All of these share the machine's cores with the gateway.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import uvloop
from rich.table import Table

from bench.children import Failed
from bench.report import quantile, table, verdict
from bench.stage import HOST, Broker, Tocsin, load, load_figures, missing, start_broker, write_portfolio
from bench.wires import Devices, Publisher, Stream

BACKGROUND_DEVICES = 400
TARGET_MS = 10.0
TARGET_AT_PER_S = 5_000
ANSWER_SECONDS_MAX = 10.0
PAUSE_SECONDS = (0.004, 0.024)  # between two measured messages; by chance, to keep no step with the load's ticks
LOAD_LEAD_SECONDS = 2.0  # a Python process starts, and the load has settled
SETTLED_SECONDS = 1.0  # the first message of many devices at once is looked up one by one
PAIR_SECONDS_MAX = 0.25  # what a pair takes at the most on a busy machine: the load must outlast them all
ECHO = "bench/echo"
SITE = "houses"


@dataclass(frozen=True)
class Size:
    loads: tuple[int, ...]  # background messages a second
    pairs: int  # at each load


FULL = Size(loads=(0, 1_000, 5_000, 10_000), pairs=200)
QUICK = Size(loads=(0, 5_000), pairs=30)
SMOKE = Size(loads=(200,), pairs=3)


@dataclass
class Step:
    """Milliseconds."""

    per_s: int
    echo: list[float] = field(default_factory=list)
    disk: list[float] = field(default_factory=list)
    timeline: list[float] = field(default_factory=list)
    command: list[float] = field(default_factory=list)
    received_per_s: float = 0.0  # by the gateway, background and alarms


class Houses:
    """The measured devices, as a house each: two detectors, a siren, a vent and a door on one floor."""

    def __init__(self, stream: int) -> None:
        self._waiting: dict[str, asyncio.Future[float]] = {}
        self._stream_port = stream
        self._publisher: Publisher | None = None

    async def open(self, broker: Broker) -> None:
        loop = asyncio.get_running_loop()
        topics = (f"tocsin/v1/{SITE}/+/command", ECHO)
        _, self._devices = await loop.create_connection(
            lambda: Devices("bench-devices", topics, self._heard), HOST, broker.port
        )
        _, self._publisher = await loop.create_connection(lambda: Publisher("bench-publisher"), HOST, broker.port)
        _, self._stream = await loop.create_connection(
            lambda: Stream(HOST, self._stream_port, self._seen), HOST, self._stream_port
        )
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            await asyncio.gather(self._devices.listening, self._publisher.accepted, self._stream.connected)

    def close(self) -> None:
        for each in (self._devices, self._publisher, self._stream):
            if each is not None:
                each.close()

    async def echo(self) -> float:
        future = self._expect("echo")
        return await self._until(future, self._say(ECHO, b"x" * 100), "echo")

    def speak(self, house: str) -> None:
        """Both detectors say that all is well, as they have done before any real alarm."""
        for number in (1, 2):
            self._say_values(house, number, {"smoke": 0.01, "temperature": 21.5, "alarm": False}, seq=1)

    async def alarm(self, house: str, number: int, *awaited: str) -> list[float]:
        """One detector of a house in alarm → for each of `awaited` the milliseconds until it came. One at a time."""
        futures = [self._expect(what) for what in awaited]
        at = self._say_values(house, number, {"smoke": 0.31, "temperature": 24.5, "alarm": True}, seq=2)
        return [await self._until(future, at, what) for future, what in zip(futures, awaited, strict=True)]

    def _say_values(self, house: str, number: int, values: dict[str, float], seq: int) -> float:
        payload = json.dumps({"ts": time.time_ns() // 1_000_000, "values": values, "seq": seq}).encode()
        return self._say(f"tocsin/v1/{SITE}/{house}-sd{number}/telemetry", payload)

    def _say(self, topic: str, payload: bytes) -> float:
        assert self._publisher is not None
        return self._publisher.publish(topic, payload)

    def _expect(self, what: str) -> asyncio.Future[float]:
        self._waiting[what] = future = asyncio.get_running_loop().create_future()
        return future

    async def _until(self, future: asyncio.Future[float], since: float, what: str) -> float:
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                return (await future - since) * 1000
        except TimeoutError:
            raise Failed(f"{what} did not come within {ANSWER_SECONDS_MAX:g} s") from None

    def _came(self, what: str, at: float) -> None:
        future = self._waiting.pop(what, None)
        if future is not None:
            future.set_result(at)

    def _heard(self, topic: str, payload: bytes, at: float) -> None:
        if topic == ECHO:
            self._came("echo", at)
            return
        self._came("command", at)
        answer = {"id": json.loads(payload)["id"], "ok": True}
        self._say(f"{topic}/result", json.dumps(answer).encode())

    def _seen(self, kind: str, at: float) -> None:
        self._came(kind, at)


def run(size: Size, folder: Path) -> list[Table]:
    lacking = missing("mosquitto")
    if lacking:
        return [table("Latency", f"{lacking} is not installed: not measured")]
    with ExitStack() as stack:
        broker = start_broker("mosquitto", folder / "broker")
        stack.enter_context(broker.child)
        sites = [write_portfolio(folder / "site.yaml", BACKGROUND_DEVICES)]
        sites.append(write_houses(folder / "houses.yaml", size.pairs * len(size.loads)))
        tocsin = Tocsin(folder / "tocsin", broker.url, sites)
        gateway = stack.enter_context(tocsin.start_ready())
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            try:
                steps = runner.run(_steps(size, broker, tocsin, folder))
            except Failed as fault:
                raise Failed(f"{fault}; the gateway said:\n{gateway.said[-2000:]}") from fault
    return [_shown(steps, size)]


async def _steps(size: Size, broker: Broker, tocsin: Tocsin, folder: Path) -> list[Step]:
    houses = Houses(tocsin.port)
    await houses.open(broker)
    try:
        steps = []
        for number, per_s in enumerate(size.loads):
            names = [f"h{number * size.pairs + each:05d}" for each in range(size.pairs)]
            steps.append(await under_load(per_s, houses, names, broker, tocsin, folder))
        return steps
    finally:
        houses.close()


async def under_load(
    per_s: int, houses: Houses, names: list[str], broker: Broker, tocsin: Tocsin, folder: Path
) -> Step:
    step = Step(per_s)
    if not per_s:
        await _pairs(step, houses, names, folder)
        return step
    seconds = LOAD_LEAD_SECONDS + SETTLED_SECONDS + len(names) * PAIR_SECONDS_MAX
    log = folder / f"load-{per_s}.log"
    with load(broker.url, BACKGROUND_DEVICES, log, rate=per_s, seconds=seconds) as background:
        await asyncio.sleep(LOAD_LEAD_SECONDS)
        began, counted = time.perf_counter(), tocsin.counted("messages_total")
        await _pairs(step, houses, names, folder)
        step.received_per_s = (tocsin.counted("messages_total") - counted) / (time.perf_counter() - began)
        if background.ended:
            load_figures(background, 0)
            raise Failed(f"the load of {per_s}/s ended before the measurement did")
    return step


async def _pairs(step: Step, houses: Houses, names: list[str], folder: Path) -> None:
    scratch = os.open(folder / "scratch", os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    for house in names:
        houses.speak(house)
    await asyncio.sleep(SETTLED_SECONDS)
    for house in names:
        await _a_moment()
        step.echo.append(await houses.echo())
        step.disk.append(_flushed(scratch))
        await _a_moment()
        step.timeline += await houses.alarm(house, 1, "opened")
        await _a_moment()
        timeline, command = await houses.alarm(house, 2, "confirmed", "command")
        step.timeline.append(timeline)
        step.command.append(command)
    os.close(scratch)


def _flushed(file: int) -> float:
    began = time.perf_counter()
    os.write(file, bytes(4_096))
    os.fdatasync(file)
    return (time.perf_counter() - began) * 1000


async def _a_moment() -> None:
    await asyncio.sleep(random.uniform(*PAUSE_SECONDS))


def write_houses(path: Path, count: int) -> Path:
    classes = {
        "sd1": "smoke_detector",
        "sd2": "smoke_detector",
        "sr": "siren",
        "sv": "smoke_vent",
        "ac": "access_controller",
    }
    buildings = []
    for number in range(count):
        name = f"h{number:05d}"
        devices = [{"id": f"{name}-{kind}", "class": device_class} for kind, device_class in classes.items()]
        zones = [{"id": f"{name}-zone", "devices": devices}]
        buildings.append({"id": name, "floors": [{"id": "1F", "zones": zones}]})
    site = {"site": SITE, "title": {"en": "Houses"}, "timezone": "UTC", "buildings": buildings}
    path.write_text(json.dumps(site))
    return path


def _shown(steps: list[Step], size: Size) -> Table:
    made = table(
        "Latency",
        "background, path",
        "received/s",
        "n",
        "p50 ms",
        "p99 ms",
        "max ms",
        "target p99",
        caption="Mosquitto, QoS 1; a fresh zone for every pair of detectors, which have spoken before; devices answer "
        "their commands. Alone, by the measuring process: the broker, published and received again; the disk, 4 KiB "
        "written and flushed, as every commit of an alarm is.",
    )
    for step in steps:
        for label, values in (
            ("broker alone", step.echo),
            ("disk alone", step.disk),
            ("alarm → timeline", step.timeline),
            ("alarm → command", step.command),
        ):
            p99 = quantile(values, 0.99)
            aimed = step.per_s == TARGET_AT_PER_S and label.startswith("alarm")
            made.add_row(
                f"{step.per_s:>6,}/s  {label}",
                f"{step.received_per_s:,.0f}" if step.per_s else "–",
                f"{len(values)}",
                f"{quantile(values, 0.5):.2f}",
                f"{p99:.2f}",
                f"{max(values):.2f}",
                verdict(p99, TARGET_MS, "ms") if aimed else "–",
            )
        made.add_section()
    return made
