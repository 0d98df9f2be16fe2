"""Prometheus metrics, read off plain numbers when somebody asks: nothing of it is on the path of a reading."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.core import Core
from gateway.forward.counts import Counts
from rules.detection import Detection
from rules.level import Level
from rules.mode import Mode
from rules.state import State


class ApiProcess(Protocol):
    @property
    def starts(self) -> int: ...


class Forwarding(Protocol):
    counts: Counts
    starts: int


class GatewayCollector(Collector):
    """Of the core that runs now; without one only `tocsin_ready` 0."""

    def __init__(self) -> None:
        self.core: Core | None = None
        self.ready = False
        self.api: ApiProcess | None = None
        self.forwarder: Forwarding | None = None

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("tocsin_ready", "1: readings are taken, judged and stored.", float(self.ready))
        if self.api is not None:
            yield CounterMetricFamily("tocsin_api_starts", "Times the API's process was started.", self.api.starts)
        if self.forwarder is not None:
            yield from _forwarding(self.forwarder)
        if self.core is not None:
            yield from _counters(self.core)
            yield from _gauges(self.core)
            yield _incidents(self.core)


def exposition(collector: GatewayCollector) -> bytes:
    """Prometheus text."""
    registry = CollectorRegistry()
    registry.register(collector)
    return generate_latest(registry)


def _counters(core: Core) -> Iterator[Metric]:
    counts = core.ingest.counts
    for name, help_, value in (
        ("messages", "MQTT messages received.", counts.messages),
        ("readings_live", "Messages newer than all before of their device.", counts.live),
        ("readings_late", "Messages that came after a newer one of their device.", counts.late),
        ("readings_replayed", "Messages known already: redelivered or repeated.", counts.replayed),
        ("verdict_changes", "Changes of a rule's verdict.", counts.verdicts),
        ("batches", "Batches committed and acknowledged.", counts.batches),
        ("commands_published", "Commands the broker acknowledged.", core.performer.published),
        ("command_failures", "Attempts to publish a command that failed.", core.performer.failed),
    ):
        yield CounterMetricFamily(f"tocsin_{name}", help_, value)
    sent = CounterMetricFamily("tocsin_deliveries", "Attempts at messages and pushes.", labels=["kind", "result"])
    for kind, (delivered, failed) in core.performer.deliveries.items():
        sent.add_metric([kind, "delivered"], delivered)
        sent.add_metric([kind, "failed"], failed)
    yield sent
    letters = CounterMetricFamily("tocsin_dead_letters", "Messages not understood.", labels=["reason"])
    for reason, count in sorted(core.ingest.letters.counts.items()):
        letters.add_metric([reason], count)
    yield letters


def _gauges(core: Core) -> Iterator[Metric]:
    state = core.desk.engine.state
    silent = len(core.screen.silent())
    for name, help_, value in (
        ("connected", "1: the broker's subscription is granted.", core.link.connected),
        ("devices", "Devices in the site files.", len(core.screen.directory.devices)),
        ("devices_silent", "Devices silent beyond their limit.", silent),
        ("journal_index", "Events journaled.", core.desk.journal_index),
        ("entries", "Timeline entries made.", state.entries_made),
        ("detections", "Detections pending, firing or clearing, in earnest.", _real(state.detections.values())),
        ("commands_unanswered", "Commands without an answer yet, in earnest.", _unanswered(state)),
        ("drills", "Drills that are on.", sum(drill.open for drill in state.drills.values())),
        ("drills_overdue", "Drills that are overdue.", sum(due.overdue for due in state.drills_due.values())),
    ):
        yield GaugeMetricFamily(f"tocsin_{name}", help_, float(value))


def _forwarding(forwarder: Forwarding) -> Iterator[Metric]:
    counts = forwarder.counts
    for name, help_, value in (
        ("rows", "Rows of telemetry that InfluxDB has, or that need not go there.", counts.rows),
        ("points", "Points that InfluxDB has taken.", counts.points),
        ("batches", "Requests' worth of rows acknowledged.", counts.batches),
        ("body_bytes", "Bytes sent, before compression.", counts.body_bytes),
        ("starts", "Times the forwarder's process was started.", forwarder.starts),
    ):
        yield CounterMetricFamily(f"tocsin_influxdb_{name}", help_, value)
    for name, help_, label, numbers in (
        ("failures", "Attempts that were not taken, and will be made again.", "kind", counts.failures),
        ("lost", "Rows and points that InfluxDB will never have.", "reason", counts.lost),
    ):
        family = CounterMetricFamily(f"tocsin_influxdb_{name}", help_, labels=[label])
        for key, number in sorted(numbers.items()):
            family.add_metric([key], number)
        yield family
    for name, help_, gauge in (
        ("up", "1: the last attempt was taken.", float(counts.up)),
        ("lag_rows", "Rows of telemetry that wait.", float(counts.lag_rows)),
        ("lag_seconds", "Age of the oldest row that waits.", counts.lag_ms / 1000),
    ):
        yield GaugeMetricFamily(f"tocsin_influxdb_{name}", help_, gauge)


def _real(detections: Iterable[Detection]) -> int:
    """Nothing of an exercise is a figure of the building."""
    return sum(each.mode is Mode.ACTUAL for each in detections)


def _unanswered(state: State) -> int:
    incidents = (state.incidents.get(id) for id in state.commands.values())
    return sum(each is not None and each.mode is Mode.ACTUAL for each in incidents)


def _incidents(core: Core) -> Metric:
    metric = GaugeMetricFamily("tocsin_incidents_open", "Open incidents.", labels=["level", "mode"])
    for mode in Mode:
        for level in Level:
            of = core.desk.engine.state.incidents.values()
            count = sum(each.open and each.level is level and each.mode is mode for each in of)
            metric.add_metric([level.value, mode.value], count)
    return metric
