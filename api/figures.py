"""What the API itself does, for the metrics: requests by method and kind of answer, and the streams that are open."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")  # what is none of these is "other"


class Requests:
    """Counted as their answers begin. Paths are no label: there is one for every incident."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, str], int] = {}

    def add(self, method: str, status: int) -> None:
        key = method if method in METHODS else "other", f"{status // 100}xx"
        self.counts[key] = self.counts.get(key, 0) + 1


class ApiCollector(Collector):
    def __init__(self, requests: Requests, streams: int) -> None:
        self._requests, self._streams = requests, streams

    def collect(self) -> Iterator[Metric]:
        counted = CounterMetricFamily("tocsin_api_requests", "Requests answered.", labels=["method", "status"])
        for (method, status), count in sorted(self._requests.counts.items()):
            counted.add_metric([method, status], count)
        yield counted
        yield GaugeMetricFamily("tocsin_event_streams", "Event streams that are open.", float(self._streams))


def exposition(requests: Requests, streams: int) -> bytes:
    """Prometheus text."""
    registry = CollectorRegistry()
    registry.register(ApiCollector(requests, streams))
    return generate_latest(registry)
