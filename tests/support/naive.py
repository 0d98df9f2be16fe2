"""The screen as one would write it first: every rule is looked at again with every reading. Slow, and plainly right."""

from __future__ import annotations

from typing import Any

from rules.condition_file import Condition
from rules.reading import Value
from rules.ruleset import DetectionRule, Ruleset
from rules.site import DeviceClass, MetricKind
from rules.verdict import Verdict

_KINDS = {MetricKind.NUMBER: float, MetricKind.BOOLEAN: bool, MetricKind.STRING: str}


class Naive:
    """One device. Knows comparisons of values, any, all and not."""

    def __init__(self, device_class: DeviceClass, rules: Ruleset) -> None:
        self._class, self._rules = device_class, rules
        self._values: dict[str, Value] = {}
        self.verdicts = dict.fromkeys(rules.detections, Verdict.DOES_NOT)

    def reading(self, values: dict[str, Value]) -> dict[str, Verdict]:
        """The verdicts that this reading changes."""
        for name, value in values.items():
            if name in self._class.metrics:
                self._values.pop(name, None)
                if self._is_reading(name, value):
                    self._values[name] = value
        changes = {}
        for id, rule in self._rules.detections.items():
            old, new = self.verdicts[id], self._verdict(rule)
            news = old is not Verdict.DOES_NOT or new is Verdict.HOLDS
            if new is not old and news:
                changes[id] = self.verdicts[id] = new
        return changes

    def _is_reading(self, name: str, value: Value) -> bool:
        metric = self._class.metrics[name]
        if type(value) is not _KINDS[metric.kind]:
            return False
        if not isinstance(value, float):
            return not metric.values or value in metric.values
        low = metric.minimum if metric.minimum is not None else -1e308
        high = metric.maximum if metric.maximum is not None else 1e308
        return low <= value <= high

    def _verdict(self, rule: DetectionRule) -> Verdict:
        holds = self._truth(rule.when)
        over = self._truth(rule.clear) if rule.clear else (None if holds is None else not holds)
        if holds:
            return Verdict.HOLDS
        if over:
            return Verdict.DOES_NOT
        return Verdict.NO_DATA if holds is None or over is None else Verdict.DEADBAND

    def _truth(self, condition: Condition) -> bool | None:
        if condition.not_ is not None:
            inner = self._truth(condition.not_)
            return None if inner is None else not inner
        for parts, decisive in ((condition.any, True), (condition.all, False)):
            if parts is not None:
                found = [self._truth(part) for part in parts]
                return decisive if decisive in found else None if None in found else not decisive
        value: Any = self._values.get(condition.metric or "")
        if value is None:
            return None
        if condition.above is not None:
            return bool(value > condition.above)
        if condition.below is not None:
            return bool(value < condition.below)
        if condition.between is not None:
            return bool(condition.between[0] <= value <= condition.between[1])
        return value in condition.in_ if condition.in_ is not None else bool(value == condition.is_)
