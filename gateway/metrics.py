"""Prometheus metrics, read off plain numbers when somebody asks: nothing of it is on the path of a reading but adding
to a number and, once a batch, to a histogram.

Names follow Prometheus' conventions (https://prometheus.io/docs/practices/naming/): base units, `_total` for what only
rises. Labels are from a fixed few: no device, topic, rule or person is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import version
from typing import Protocol

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.clock import now_ms
from gateway.core import Core
from gateway.forward.counts import Counts
from gateway.store import StoreFailed
from gateway.telemetry.hours import Hour
from rules.detection import Detection
from rules.effects import PublishCommand
from rules.instant import HOUR_MS, Instant
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
    """Of the core that runs now; without one only what is known without it, `tocsin_ready` 0 first of all."""

    def __init__(self, started_at: Instant = 0) -> None:
        self.core: Core | None = None
        self.ready = False
        self.api: ApiProcess | None = None
        self.forwarder: Forwarding | None = None
        self.started_at = started_at
        self.store_failures = 0

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("tocsin_ready", "1: readings are taken, judged and stored.", float(self.ready))
        yield _gauge("start_time_seconds", "When the gateway was started, in Unix time.", self.started_at / 1000)
        build = GaugeMetricFamily("tocsin_build_info", "1, with the version.", labels=["version"])
        build.add_metric([version("tocsin")], 1.0)
        yield build
        yield CounterMetricFamily("tocsin_store_failures", "Times the store has failed.", self.store_failures)
        if self.api is not None:
            yield CounterMetricFamily("tocsin_api_starts", "Times the API's process was started.", self.api.starts)
        if self.forwarder is not None:
            yield from _forwarding(self.forwarder)
        if self.core is not None:
            yield from _counters(self.core)
            yield from _histograms(self.core)
            yield from _gauges(self.core)
            yield from _queues(self.core)
            yield from _sizes(self.core)
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
        ("audit_findings", "What the auditor found late or missing, since the start.", core.auditor.found),
        ("energy_rollup_failures", "Times the roll-up of energy could not be made.", core.rollup.failures),
    ):
        yield CounterMetricFamily(f"tocsin_{name}", help_, value)
    sent = CounterMetricFamily("tocsin_deliveries", "Attempts at messages and pushes.", labels=["kind", "result"])
    for kind, (delivered, failed) in core.performer.deliveries.items():
        sent.add_metric([kind, "delivered"], delivered)
        sent.add_metric([kind, "failed"], failed)
    yield sent
    failures = CounterMetricFamily("tocsin_notifier_failures", "Attempts at messages that failed.", labels=["channel"])
    for channel, failed in sorted(core.performer.failures.items()):
        failures.add_metric([channel], failed)
    yield failures
    letters = CounterMetricFamily("tocsin_dead_letters", "Messages not understood.", labels=["reason"])
    for reason, count in sorted(core.ingest.letters.counts.items()):
        letters.add_metric([reason], count)
    yield letters


def _histograms(core: Core) -> Iterator[Metric]:
    counts, desk = core.ingest.counts, core.desk
    for name, help_, histogram in (
        ("ingest_lag_seconds", "From a batch's first message to its acknowledgement.", counts.ingest_s),
        ("batch_messages", "Messages of a batch.", counts.batch_messages),
        ("commit_seconds", "Commits of journal, projections and outbox.", desk.commit_s),
        ("telemetry_commit_seconds", "Commits of telemetry.", counts.telemetry_s),
        ("deadline_lateness_seconds", "By how much the engine was late for a deadline.", desk.lateness_s),
        (
            "command_round_trip_seconds",
            "From a command's publication to its device's answer.",
            core.performer.round_trip_s,
        ),
    ):
        yield histogram.family(f"tocsin_{name}", help_)


def _gauges(core: Core) -> Iterator[Metric]:
    state, now = core.desk.engine.state, now_ms()
    due = core.desk.next_deadline()
    for name, help_, value in (
        ("connected", "1: the broker's subscription is granted.", core.link.connected),
        (
            "last_message_time_seconds",
            "When anything was last received, in Unix time.",
            core.ingest.counts.last_at / 1000,
        ),
        ("unacknowledged_messages", "Messages taken in and not committed yet.", core.ingest.unacknowledged),
        ("devices", "Devices in the site files.", len(core.screen.directory.devices)),
        ("devices_silent", "Devices silent beyond their limit.", len(core.screen.silent())),
        ("journal_index", "Events journaled.", core.desk.journal_index),
        ("entries", "Timeline entries made.", state.entries_made),
        ("detections", "Detections pending, firing or clearing, in earnest.", _real(state.detections.values())),
        ("commands_unanswered", "Commands without an answer yet, in earnest.", _unanswered(state)),
        ("drills", "Drills that are on.", sum(drill.open for drill in state.drills.values())),
        ("drills_overdue", "Drills that are overdue.", sum(due.overdue for due in state.drills_due.values())),
        ("deadline_overdue_seconds", "For how long the next deadline is overdue.", _overdue_s(due, now)),
        ("audit_missing", "What was due and has not happened, as the auditor sees it.", core.auditor.missing),
        ("energy_rolled_up_time_seconds", "Up to when energy is rolled up, in Unix time.", _end_s(core.rollup.until)),
    ):
        yield _gauge(name, help_, float(value))


def _queues(core: Core) -> Iterator[Metric]:
    waiting = GaugeMetricFamily("tocsin_outbox_waiting", "Effects that are not done yet.", labels=["kind"])
    try:
        known = core.store.outbox_waiting()
    except StoreFailed:  # whoever writes finds out, too; a figure is no reason to stop
        known = {}
    lanes = core.performer.under_way
    for kind in sorted({PublishCommand.__name__, *lanes, *known}):
        waiting.add_metric([kind], known.get(kind, 0))
    yield waiting
    under_way = GaugeMetricFamily("tocsin_deliveries_under_way", "Attempts that are being made.", labels=["kind"])
    for kind, count in sorted(lanes.items()):
        under_way.add_metric([kind], count)
    yield under_way


def _sizes(core: Core) -> Iterator[Metric]:
    stored = GaugeMetricFamily("tocsin_store_bytes", "What is stored in the data folder.", labels=["part"])
    for part, size in sorted(core.sizes.parts.items()):
        stored.add_metric([part], size)
    yield stored
    if core.sizes.disk is not None:
        yield _gauge("disk_size_bytes", "Of the file system with the data folder.", core.sizes.disk.size)
        yield _gauge("disk_free_bytes", "What is free of it.", core.sizes.disk.free)


def _gauge(name: str, help_: str, value: float) -> Metric:
    return GaugeMetricFamily(f"tocsin_{name}", help_, float(value))


def _overdue_s(due: Instant | None, now: Instant) -> float:
    return 0.0 if due is None else max(0, now - due) / 1000


def _end_s(hour: Hour) -> float:
    """Of the hour; 0 where there is none yet."""
    return max(0, hour + 1) * HOUR_MS / 1000


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
    counts = dict.fromkeys(((level, mode) for mode in Mode for level in Level), 0)
    for incident in core.desk.engine.state.incidents.values():
        if incident.open:
            counts[incident.level, incident.mode] += 1
    for (level, mode), count in counts.items():
        metric.add_metric([level.value, mode.value], count)
    return metric
