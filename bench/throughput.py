"""How much the gateway takes in, and what a message costs it, beside a C client that only receives.

The gateway is the real `tocsin run` with the shipped rules and its telemetry store on a generated site; the load is a
process of its own; `mosquitto_sub` (QoS 1, output discarded) receives the same stream from the same broker in the
same run. Flat out everything shares the machine's cores, so the rate is the whole set-up's, the CPU time each one's.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from bench.children import Child, pause
from bench.report import table, verdict
from bench.stage import HOST, Broker, Tocsin, load, load_figures, missing, start_broker, write_portfolio

DEVICES = 400
TARGET_US = {"mosquitto": 20.0, "nats": 12.0}
NAMES = {"mosquitto": "Mosquitto", "nats": "NATS", "embedded": "NATS, flushing each"}
PACED_PER_S = 5_000
SECONDS_MAX = 180.0  # for what takes 15 on an idle machine
POLL_SECONDS = 0.25
SESSION_ROUNDS = 10  # of all devices, before anything is measured: every one has spoken, every path is warm


@dataclass(frozen=True)
class Size:
    messages: int  # flat out
    paced_seconds: float  # at PACED_PER_S
    flushed_messages: int  # flat out, where the broker flushes each to the disk before it takes the next
    brokers: tuple[str, ...] = ("mosquitto", "nats", "embedded")


FULL = Size(messages=200_000, paced_seconds=10, flushed_messages=10_000)
QUICK = Size(messages=30_000, paced_seconds=2, flushed_messages=600)
SMOKE = Size(messages=3_000, paced_seconds=0.2, flushed_messages=200)


@dataclass(frozen=True)
class Measured:
    broker: str
    load: str
    messages: int
    seconds: float  # until the gateway had them all
    gateway_cpu: float
    other_seconds: float  # until mosquitto_sub had them all
    other_cpu: float
    load_per_s: float

    @property
    def per_s(self) -> float:
        return self.messages / self.seconds

    @property
    def cpu_us(self) -> float:
        return self.gateway_cpu / self.messages * 1e6

    @property
    def other_cpu_us(self) -> float:
        return self.other_cpu / self.messages * 1e6

    @property
    def other_per_s(self) -> float:
        return self.messages / self.other_seconds


def run(size: Size, folder: Path) -> list[Table]:
    found: list[Measured] = []
    left_out = []
    for name in size.brokers:
        lacking = missing(name)
        if lacking:
            left_out.append(f"{name}: {lacking} is not installed")
        else:
            found += _on(name, size, folder / name)
    return [_shown(found, left_out)]


def _on(name: str, size: Size, folder: Path) -> list[Measured]:
    with ExitStack() as stack:
        broker = start_broker(name, folder / "broker")
        stack.enter_context(broker.child)
        tocsin = Tocsin(folder / "tocsin", broker.url, [write_portfolio(folder / "site.yaml", DEVICES)])
        gateway = stack.enter_context(tocsin.start_ready())
        with load(broker.url, DEVICES, folder / "warm.log", count=SESSION_ROUNDS * DEVICES) as warm:
            load_figures(warm, SECONDS_MAX)
        _until_counted(tocsin, gateway, SESSION_ROUNDS * DEVICES)
        if name == "embedded":
            return [_measure(broker, tocsin, gateway, folder, "flat out", size.flushed_messages, 0)]
        paced = round(PACED_PER_S * size.paced_seconds)
        flat = _measure(broker, tocsin, gateway, folder, "flat out", size.messages, 0)
        return [flat, _measure(broker, tocsin, gateway, folder, f"{PACED_PER_S}/s", paced, PACED_PER_S)]


def _measure(
    broker: Broker, tocsin: Tocsin, gateway: Child, folder: Path, label: str, messages: int, rate: float
) -> Measured:
    name = label.replace("/", "-").replace(" ", "-")
    with ExitStack() as stack:
        other = stack.enter_context(_mosquitto_sub(broker, messages, folder / f"sub-{name}.log"))
        pause(0.5)  # it prints nothing when it has subscribed
        before, gateway_cpu, other_cpu = tocsin.counted("messages_total"), gateway.cpu_seconds(), other.cpu_seconds()
        child = stack.enter_context(load(broker.url, DEVICES, folder / f"load-{name}.log", rate=rate, count=messages))
        began = _first_moment(tocsin, gateway, before)
        _until_counted(tocsin, gateway, before + messages)
        ended, gateway_cpu = time.perf_counter(), gateway.cpu_seconds() - gateway_cpu
        sent = load_figures(child, SECONDS_MAX)
        other.wait(SECONDS_MAX)
        other_ended = max(time.perf_counter(), ended)
        return Measured(
            broker.name,
            label,
            messages,
            ended - began,
            gateway_cpu,
            other_ended - began,
            other.cpu_seconds() - other_cpu,
            sent["rate_per_s"],
        )


def _mosquitto_sub(broker: Broker, messages: int, log: Path) -> Child:
    topic = "tocsin/v1/+/+/telemetry"
    command = ["mosquitto_sub", "-h", HOST, "-p", str(broker.port), "-q", "1", "-t", topic, "-C", str(messages)]
    return Child("mosquitto_sub", command, log)


def _first_moment(tocsin: Tocsin, gateway: Child, before: int) -> float:
    gateway.until(lambda: tocsin.counted("messages_total") > before, "has received nothing", SECONDS_MAX)
    return time.perf_counter()


def _until_counted(tocsin: Tocsin, gateway: Child, wanted: int) -> None:
    """Looks seldom while much is missing: each look costs the gateway some milliseconds."""
    at, counted = time.perf_counter(), tocsin.counted("messages_total")
    while counted < wanted:
        was_at, was = at, counted
        pause(POLL_SECONDS if wanted - counted > PACED_PER_S else POLL_SECONDS / 10)
        at, counted = time.perf_counter(), tocsin.counted("messages_total")
        if counted == was and gateway.ended:
            gateway.wait(0)
        if at - was_at > SECONDS_MAX:
            break


def _shown(found: list[Measured], left_out: list[str]) -> Table:
    caption = (
        f"{DEVICES} devices, QoS 1, all shipped rules on, telemetry stored, PUBACK after the commit. µs/msg: user and "
        "system CPU time of the process. mosquitto_sub acknowledges at once and discards. NATS flushes as it does by "
        "default; flushing each: as the embedded broker does, at the speed of the disk."
    )
    made = table(
        "Throughput",
        "broker, load",
        "gateway/s",
        "µs/msg",
        "target",
        "mosquitto_sub/s",
        "µs/msg",
        "ratio of µs",
        caption="\n".join([caption, *left_out]),
    )
    for each in found:
        target = TARGET_US.get(each.broker) if each.load == "flat out" else None
        made.add_row(
            f"{NAMES[each.broker]}, {each.load}",
            f"{each.per_s:,.0f}",
            f"{each.cpu_us:.1f}",
            verdict(each.cpu_us, target, "µs") if target else "–",
            f"{each.other_per_s:,.0f}",
            f"{each.other_cpu_us:.1f}",
            f"{each.cpu_us / each.other_cpu_us:.2f} ×",
        )
    return made
