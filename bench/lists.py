"""What a console asks for, of a store that years have filled: one client, one request after the other, over HTTP.

100 000 incidents with 5 000 000 timeline entries and 20 000 work orders, made by `many_incidents`; then the gateway is
started on it as it is.
"""

from __future__ import annotations

import http.client
import json
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from rich.table import Table

from bench.children import Failed, ask
from bench.report import quantile, table, verdict
from bench.stage import HOST, Tocsin, missing, start_broker, write_site
from simulators.building import demo_tower

TARGET_MS = 50.0
START_TARGET_S = 3.0
SECONDS_MAX = 3_600.0


@dataclass(frozen=True)
class Size:
    incidents: int
    entries_each: int
    times: int  # each question


FULL = Size(incidents=100_000, entries_each=50, times=200)
QUICK = Size(incidents=5_000, entries_each=50, times=50)
SMOKE = Size(incidents=600, entries_each=20, times=2)


@dataclass
class Question:
    """`paths` are asked in turn."""

    name: str
    paths: list[str]
    milliseconds: list[float] = field(default_factory=list)
    bytes: int = 0


def questions(size: Size) -> list[Question]:
    middle = [f"INC-{number:06d}" for number in range(1, size.incidents, max(1, size.incidents // 97))]
    rare, common = quote("沙发"), quote("patrol nothing")
    listed = "/api/v1/incidents?limit=50"
    return [
        Question("list, newest", [listed]),
        Question("list, in short", [f"{listed}&view=summary"]),
        Question("filter: open", [f"{listed}&status=open"]),
        Question("filter: zone", [f"{listed}&zone=tower-a/{floor}F-east" for floor in range(1, 10)]),
        Question("filter: level and hazard", [f"{listed}&level=I&hazard=water", f"{listed}&level=II&signal=trouble"]),
        Question("filter: exercises of a year", [f"{listed}&mode=exercise&since=2025-01-01T00:00:00Z"]),
        Question("filter: nothing matches", [f"{listed}&hazard=gas&level=I"]),
        Question("words: rare, 沙发", [f"{listed}&text={rare}"]),
        Question("words: in a quarter of all", [f"{listed}&text={common}"]),
        Question("words and filter", [f"{listed}&text={common}&mode=exercise"]),
        Question("detail", [f"/api/v1/incidents/{each}" for each in middle]),
        Question("timeline", [f"/api/v1/incidents/{each}/timeline" for each in middle]),
        Question("messages, newest", ["/api/v1/notifications?limit=100"]),
        Question("orders, newest", ["/api/v1/orders?limit=50"]),
        Question("board", ["/api/v1/orders/board?limit=20"]),
        Question("devices", ["/api/v1/devices?limit=100"]),
        Question("zones", ["/api/v1/zones"]),
    ]


def run(size: Size, folder: Path) -> list[Table]:
    lacking = missing("mosquitto")
    if lacking:
        return [table("Lists", f"{lacking} is not installed: not measured")]
    with ExitStack() as stack:
        broker = start_broker("mosquitto", folder / "broker")
        stack.enter_context(broker.child)
        tocsin = Tocsin(folder / "tocsin", broker.url, [write_site(folder / "site.yaml", demo_tower())])
        settings = tocsin.folder / "settings.yaml"
        seeded = ask(
            "seed", "bench.many_incidents", settings, size.incidents, size.entries_each,
            folder=folder, seconds_max=SECONDS_MAX,
        )  # fmt: skip
        began = time.perf_counter()
        stack.enter_context(tocsin.start_ready())
        ready_s = time.perf_counter() - began
        asked = questions(size)
        client = Client(tocsin.port)
        stack.callback(client.close)
        for question in asked:
            _ask(client, question, size.times)
        deep = _deep(client, size)
    return [_shown(size, seeded, ready_s, [*asked, deep])]


class Client:
    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection(HOST, port, timeout=60)

    def close(self) -> None:
        self._connection.close()

    def get(self, path: str) -> bytes:
        self._connection.request("GET", path)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise Failed(f"{path}: {answer.status} {body[:300]!r}")
        return body


def _ask(client: Client, question: Question, times: int) -> None:
    client.get(question.paths[0])
    for number in range(times):
        path = question.paths[number % len(question.paths)]
        began = time.perf_counter()
        question.bytes = len(client.get(path))
        question.milliseconds.append((time.perf_counter() - began) * 1000)


def _deep(client: Client, size: Size) -> Question:
    """By `next_cursor`, page after page, into what is years old."""
    question = Question("list, page after page", [])
    path = "/api/v1/incidents?limit=200&view=summary"
    cursor = ""
    for _ in range(size.times):
        began = time.perf_counter()
        body = client.get(path + cursor)
        question.milliseconds.append((time.perf_counter() - began) * 1000)
        question.bytes = len(body)
        following = json.loads(body)["next_cursor"]
        if following is None:
            break
        cursor = f"&cursor={quote(following)}"
    return question


def _shown(size: Size, seeded: dict[str, float], ready_s: float, asked: list[Question]) -> Table:
    made = table(
        f"Lists of {size.incidents:,} incidents, {size.incidents * size.entries_each:,} timeline entries",
        "one client asks for",
        "KB",
        "p50 ms",
        "p99 ms",
        "max ms",
        "target p99",
        caption=f"SQLite, over HTTP; {size.times} times each, not compressed. The store was made in "
        f"{seeded['written_s']:.0f} s, its index of words in {seeded['indexed_s']:.0f} s.",
    )
    for each in asked:
        p99 = quantile(each.milliseconds, 0.99)
        made.add_row(
            each.name,
            f"{each.bytes / 1000:.1f}",
            f"{quantile(each.milliseconds, 0.5):.1f}",
            f"{p99:.1f}",
            f"{max(each.milliseconds):.1f}",
            verdict(p99, TARGET_MS, "ms"),
        )
    made.add_section()
    made.add_row("start to ready on it (s)", "", f"{ready_s:.2f}", "", "", verdict(ready_s, START_TARGET_S, "s"))
    return made
