"""Many who listen to the stream of all timelines while a flood passes: does anyone lose an event, or get one twice?

The events are conditions that begin and end before their hold is over, an entry each, from devices over MQTT. The
listeners hang up now and then and come back with the id of the last event they have seen, as browsers do. At the end
each has to have every position once, in order. One process plays all of them.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import uvloop
from rich.table import Table

from bench.children import Failed
from bench.report import table
from bench.stage import HOST, Broker, Tocsin, missing, start_broker
from bench.wires import Publisher

CONNECT_SECONDS_MAX = 60.0
CAUGHT_UP_SECONDS_MAX = 300.0
SITE = "flood"
DEVICES = 500
_ID = re.compile(rb"^id: (\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class Size:
    listeners: int
    per_s: int  # entries
    seconds: float
    hang_up_after: tuple[float, float]  # seconds, by chance


FULL = Size(listeners=200, per_s=1_000, seconds=20, hang_up_after=(2.0, 8.0))
QUICK = Size(listeners=50, per_s=500, seconds=5, hang_up_after=(1.0, 3.0))
SMOKE = Size(listeners=5, per_s=50, seconds=1, hang_up_after=(0.2, 0.5))


def run(size: Size, folder: Path) -> list[Table]:
    lacking = missing("mosquitto")
    if lacking:
        return [table("Listeners", f"{lacking} is not installed: not measured")]
    with ExitStack() as stack:
        broker = start_broker("mosquitto", folder / "broker")
        stack.enter_context(broker.child)
        http = {"streams_max": 2 * size.listeners + 50, "streams_per_user_max": 2 * size.listeners + 50}
        sites = [_write_site(folder / "site.yaml"), folder / "classes.yaml"]
        rules = [_write_rules(folder / "rules.yaml")]
        tocsin = Tocsin(folder / "tocsin", broker.url, sites, http=http, rules=rules)
        gateway = stack.enter_context(tocsin.start_ready())
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            try:
                shown = runner.run(_listen(size, broker, tocsin))
            except Failed as fault:
                raise Failed(f"{fault}; the gateway said:\n{gateway.said[-2000:]}") from fault
    return [shown]


async def _listen(size: Size, broker: Broker, tocsin: Tocsin) -> Table:
    loop = asyncio.get_running_loop()
    first = await _last_position(tocsin.port)
    heard = [Listener(tocsin.port, first, size.hang_up_after) for _ in range(size.listeners)]
    tasks = [asyncio.create_task(each.run()) for each in heard]
    async with asyncio.timeout(CONNECT_SECONDS_MAX):
        await asyncio.gather(*(each.connected.wait() for each in heard))
    _, publisher = await loop.create_connection(lambda: Publisher("bench-flood"), HOST, broker.port)
    await publisher.accepted
    began = time.perf_counter()
    await _flood(publisher, size)
    flooded_s = time.perf_counter() - began
    last = await _settled(tocsin.port)
    for each in heard:
        each.stay = True
    async with asyncio.timeout(CAUGHT_UP_SECONDS_MAX):
        await asyncio.gather(*(each.until(last) for each in heard))
    behind_s = time.perf_counter() - began - flooded_s
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    publisher.close()
    return _shown(size, heard, range(first + 1, last + 1), flooded_s, behind_s)


class Listener:
    """Hangs up after a while, and comes back with the last id, until it is told to `stay`."""

    def __init__(self, port: int, first: int, hang_up_after: tuple[float, float]) -> None:
        self._port, self._last, self._hang_up_after = port, first, hang_up_after
        self.connected, self._more = asyncio.Event(), asyncio.Event()
        self.positions: list[int] = []
        self.connections = 0
        self.stay = False

    async def run(self) -> None:
        while True:
            try:
                async with asyncio.timeout(None if self.stay else random.uniform(*self._hang_up_after)):
                    await self._connection()
            except (TimeoutError, OSError, asyncio.IncompleteReadError):
                continue

    async def until(self, position: int) -> None:
        while not self.positions or self._last < position:
            self._more.clear()
            await self._more.wait()

    async def _connection(self) -> None:
        reader, writer = await asyncio.open_connection(HOST, self._port)
        try:
            head = f"GET /api/v1/stream HTTP/1.1\r\nHost: {HOST}:{self._port}\r\nLast-Event-ID: {self._last}\r\n\r\n"
            writer.write(head.encode())
            self.connections += 1
            answer = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in answer.split(b"\r\n", 1)[0]:
                raise Failed(f"a stream was refused: {answer[:200]!r}")
            self.connected.set()
            await self._events(reader)
        finally:
            writer.close()

    async def _events(self, reader: asyncio.StreamReader) -> None:
        """An event counts when its last line is here, as a browser counts it."""
        rest = b""
        while chunk := await reader.read(256 * 1024):
            whole, separator, rest = (rest + chunk).rpartition(b"\n\n")
            if separator:
                found = [int(each) for each in _ID.findall(whole)]
                if found:
                    self.positions += found
                    self._last = found[-1]
                    self._more.set()


async def _flood(publisher: Publisher, size: Size) -> None:
    """An alarm that comes is pending, and one that goes before its hold is over has not fired: an entry each."""
    began = time.perf_counter()
    sent, total = 0, round(size.per_s * size.seconds)
    while sent < total:
        due = min(total, round((time.perf_counter() - began) * size.per_s) + 1)
        for number in range(sent, due):
            device, round_ = number % DEVICES, number // DEVICES
            body = {"ts": time.time_ns() // 1_000_000, "values": {"on": round_ % 2 == 0}, "seq": round_ + 1}
            publisher.publish(f"tocsin/v1/{SITE}/b{device:03d}/telemetry", json.dumps(body).encode())
        sent = due
        await asyncio.sleep(0.005)


async def _settled(port: int) -> int:
    """The last position, once no other has come for a while."""
    last, same = -1, 0
    while same < 10:
        await asyncio.sleep(0.2)
        now = await _last_position(port)
        same, last = (same + 1, last) if now == last else (0, now)
    return last


async def _last_position(port: int) -> int:
    """By a metric: entries are counted by nobody else that is asked."""
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(f"GET /metrics HTTP/1.1\r\nHost: {HOST}:{port}\r\nConnection: close\r\n\r\n".encode())
    text = (await reader.read()).decode()
    writer.close()
    found = re.search(r"^tocsin_entries (\S+)$", text, re.MULTILINE)
    if found is None:
        raise Failed("there is no metric tocsin_entries")
    return round(float(found[1]))


def _write_site(path: Path) -> Path:
    devices = [{"id": f"b{number:03d}", "class": "bench_switch"} for number in range(DEVICES)]
    zones = [{"id": f"z{number}", "devices": devices[number::50]} for number in range(50)]
    site = {
        "site": SITE,
        "title": {"en": "Flood"},
        "timezone": "UTC",
        "buildings": [{"id": "b", "floors": [{"id": "1F", "zones": zones}]}],
    }
    switch = {"title": {"en": "Switch"}, "silent_after": "1h", "metrics": {"on": {"kind": "boolean"}}}
    path.write_text(json.dumps(site))
    (path.parent / "classes.yaml").write_text(json.dumps({"device_classes": {"bench_switch": switch}}))
    return path


def _write_rules(path: Path) -> Path:
    rule = {
        "id": "bench-held",
        "title": {"en": "Wet for long"},
        "device_class": "bench_switch",
        "hazard": "bench",
        "signal": "supervisory",
        "level": "III",
        "when": {"metric": "on", "is": True, "for": "6h"},
    }
    path.write_text(json.dumps({"rules": [rule]}))
    return path


def _shown(size: Size, heard: list[Listener], expected: range, flooded_s: float, behind_s: float) -> Table:
    made = table(
        f"{size.listeners} listeners of the event stream",
        "what",
        "measured",
        "target",
        caption="Every listener hangs up now and then and comes back with Last-Event-ID; one process plays them all.",
    )
    lost = sum(len(set(expected).difference(each.positions)) for each in heard)
    twice = sum(len(each.positions) - len(set(each.positions)) for each in heard)
    disorder = sum(each.positions != sorted(each.positions) for each in heard)
    made.add_row("entries while they listened", f"{len(expected):,}", "")
    made.add_row("entries a second", f"{len(expected) / flooded_s:,.0f}", f"{size.per_s:,}")
    made.add_row("events heard, all listeners", f"{sum(len(each.positions) for each in heard):,}", "")
    made.add_row("connections", f"{sum(each.connections for each in heard):,}", "")
    made.add_row("lost", f"{lost:,}", "✓ 0" if not lost else "✗ 0")
    made.add_row("twice", f"{twice:,}", "✓ 0" if not twice else "✗ 0")
    made.add_row("out of order, listeners", f"{disorder:,}", "✓ 0" if not disorder else "✗ 0")
    made.add_row("the last one has all, after the flood (s)", f"{behind_s:.1f}", "")
    return made
