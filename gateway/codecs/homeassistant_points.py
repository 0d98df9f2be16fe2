"""Points of one component, as they are found: where each is heard and told."""

from __future__ import annotations

from typing import Any

from gateway.codecs.homeassistant_config import Config, Wrong
from gateway.codecs.homeassistant_entity import Listen, Order, Reads
from gateway.codecs.port import Point
from rules.site import MetricKind


class Points:
    """What is found of one component. What is wrong with one point goes to `complaints`; the others stay."""

    def __init__(self, name: str, config: Config) -> None:
        self.name = name
        self.config = config
        self.points: list[Point] = []
        self.listens: list[Listen] = []
        self.orders: list[Order] = []
        self.complaints: list[str] = []

    def add(self, kind: MetricKind | None, part: str = "", **more: Any) -> str:
        name = f"{self.name}.{part}" if part else self.name
        self.points.append(Point(name, kind, **more))
        return name

    def hear(self, point: str, topic: str, template: str, reads: Reads, **more: Any) -> None:
        """`topic`, `template`: the names of the options."""
        try:
            where = self.config.topic(topic)
            if where:
                found = self.config.template(template) if template else ""
                self.listens.append(Listen(point, where, reads, found, encoding=self.config.encoding(), **more))
        except Wrong as wrong:
            self.complaints.append(str(wrong))

    def tell(
        self, point: str, topic: str, template: str, variables: frozenset[str] = frozenset({"value"}), **more: Any
    ) -> None:
        try:
            where = self.config.topic(topic)
            if where:
                found = self.config.template(template, variables) if template else ""
                more = {"qos": self.config.qos(), "retain": self.config.flag("retain"), **more}
                self.orders.append(Order(point, where, found, **more))
        except Wrong as wrong:
            self.complaints.append(str(wrong))

    def close(self) -> None:
        """Points that are neither heard nor told are none; what can be told is settable."""
        heard, told = {each.point for each in self.listens}, {each.point for each in self.orders}
        self.points = [
            Point(
                *(each.name, each.kind, each.unit, each.minimum, each.maximum, each.values),
                settable=each.name in told,
            )
            for each in self.points
            if each.name in heard | told
        ]
