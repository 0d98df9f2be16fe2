"""The rules of one class of device, laid out by what can change them: thresholds, readings, events, time.

For each number metric the rules' thresholds are sorted cuts. A value that stays between the same two cuts changes
no answer, so that a reading costs the same with ten rules or a thousand.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any, NamedTuple

from rules.condition import Compiled, Compiler, Due, Evaluate, Grounds, Leaf, together
from rules.instant import Instant
from rules.memory import Occurrences, Recall
from rules.reading import Value
from rules.ruleset import DetectionRule
from rules.site import Device, DeviceClass, Metric, MetricKind
from rules.verdict import Verdict
from rules.watched import Watched

CLOCK_SKEW = "clock_skew_s"  # every device has it: seconds that its clock is behind the gateway's
PSEUDO_METRICS = {CLOCK_SKEW: Metric(CLOCK_SKEW, MetricKind.NUMBER, "s")}
_TYPES: dict[MetricKind, type] = {MetricKind.NUMBER: float, MetricKind.BOOLEAN: bool, MetricKind.STRING: str}


class PlannedRule(NamedTuple):
    number: int
    id: str
    when: Evaluate
    clear: Evaluate | None
    dues: tuple[Due, ...]
    wakes: tuple[Evaluate, ...]
    metrics: tuple[str, ...]  # what it looks at: stored with a verdict, so that it can be explained
    grounds: tuple[Grounds, ...]
    clear_hold_ms: int  # for so long after it became clear, any change of that is news

    def verdict(self, w: Watched, now: Instant) -> Verdict:
        holds = self.when(w, now)
        if holds:
            return Verdict.HOLDS
        if self.clear is None:
            return Verdict.NO_DATA if holds is None else Verdict.DOES_NOT
        over = self.clear(w, now)
        if over:
            return Verdict.DOES_NOT
        return Verdict.NO_DATA if holds is None or over is None else Verdict.DEADBAND

    def due(self, w: Watched, now: Instant) -> Instant | None:
        return min((due for each in self.dues if (due := each(w, now)) is not None), default=None)


class Plan:
    """Public attributes are indexed by metric (`names[i]`) or by rule (`rules[j]`)."""

    def __init__(self, device_class: DeviceClass, rated: Mapping[str, float], rules: Iterable[DetectionRule]) -> None:
        self.device_class = device_class
        metrics = [*device_class.metrics.values(), *PSEUDO_METRICS.values()]
        self.names = tuple(metric.name for metric in metrics)
        self.places = {name: i for i, name in enumerate(self.names)}
        self.index = {name: self.places[name] for name in device_class.metrics}  # what a device itself may say
        self.kinds = tuple(_TYPES[metric.kind] for metric in metrics)
        self.metrics = metrics
        self.skew = self.places[CLOCK_SKEW]
        numeric = {i for i, metric in enumerate(metrics) if metric.kind is MetricKind.NUMBER}
        compiler = Compiler(self.places, numeric, rated)
        self.rules: list[PlannedRule] = []
        leaves: list[Leaf] = []
        for rule in rules:
            when = compiler.compile(rule.when)
            clear = compiler.compile(rule.clear) if rule.clear else None
            leaves.append(self._add(rule, when, clear))
        self._lay_out(leaves)

    def _add(self, rule: DetectionRule, when: Compiled, clear: Compiled | None) -> Leaf:
        leaf = together([part.leaf for part in (when, clear) if part])
        looked_at = {*leaf.metrics, *leaf.readings, *(metric for metric, _ in leaf.cuts)}
        self.rules.append(
            PlannedRule(
                number=len(self.rules),
                id=rule.id,
                when=when.evaluate,
                clear=clear.evaluate if clear else None,
                dues=leaf.dues,
                wakes=leaf.wakes,
                metrics=tuple(self.names[i] for i in sorted(looked_at)),
                grounds=leaf.grounds,
                clear_hold_ms=rule.clear_hold_ms,
            )
        )
        return leaf

    def _lay_out(self, leaves: list[Leaf]) -> None:
        size = range(len(self.names))
        self.rule_index = {rule.id: rule.number for rule in self.rules}
        on_metric, on_reading, on_event, on_cut = (_Rules() for _ in range(4))
        recalls, recalls_on_event = _Recalls(), _Recalls()
        for rule, leaf in enumerate(leaves):
            for metric, cut in leaf.cuts:
                on_cut.add((metric, cut), rule)
                on_metric.add(metric, rule)
            for metric in (*leaf.metrics, *leaf.readings):
                on_metric.add(metric, rule)
            for metric in leaf.readings:
                on_reading.add(metric, rule)
                recalls.add(metric, leaf)
            for event in leaf.events:
                on_event.add(event, rule)
                recalls_on_event.add(event, leaf)
        self.on_metric = [on_metric.of(i) for i in size]
        self.on_reading = [on_reading.of(i) for i in size]
        self.on_event = {event: on_event.of(event) for event in on_event.found}
        self.on_status = tuple(rule for rule, leaf in enumerate(leaves) if leaf.status)
        self.at_limit = tuple(rule for rule, leaf in enumerate(leaves) if leaf.at_limit)
        self.timed = tuple(rule.number for rule in self.rules if rule.dues or rule.number in self.at_limit)
        self.recalls_on = [recalls.of(i) for i in size]
        self.recalls_on_event = {event: recalls_on_event.of(event) for event in recalls_on_event.found}
        self.on_consumption = tuple(rule for rule, leaf in enumerate(leaves) if leaf.weeks)
        self.weeks = max((leaf.weeks for leaf in leaves), default=0)  # of consumption that its rules look back at
        recalled = [recall for leaf in leaves for recall in leaf.recalls]
        self.span_ms = max((recall.span_ms for recall in recalled), default=0)
        self.edges = any(isinstance(recall, Occurrences) and recall.edge for recall in recalled)
        edges = {(i, edge) for i in size for edge in (self.metrics[i].minimum, self.metrics[i].maximum)}
        thresholds = sorted({(i, cut) for i, cut in {*on_cut.found, *edges} if cut is not None})
        self.cuts = [tuple(cut for at, cut in thresholds if at == i) for i in size]
        self.on_cut = [tuple(on_cut.of((i, cut)) for cut in self.cuts[i]) for i in size]

    def between(self, metric: int, value: float) -> tuple[float, float]:
        """The open interval around `value` in which nothing changes; empty when every reading matters."""
        cuts = self.cuts[metric]
        right = bisect_right(cuts, value)
        if self.on_reading[metric] or (right and cuts[right - 1] == value):
            return float("inf"), float("-inf")
        return (cuts[right - 1] if right else float("-inf")), (cuts[right] if right < len(cuts) else float("inf"))

    def crossed(self, metric: int, old: float, new: float) -> tuple[int, ...]:
        """The rules whose thresholds lie between two values, or at one of them."""
        cuts = self.cuts[metric]
        first, last = sorted(bisect_left(cuts, v) + bisect_right(cuts, v) for v in (old, new))
        touched = self.on_cut[metric][first // 2 : (last - 1) // 2 + 1] if last > first else ()
        return tuple(dict.fromkeys(rule for rules in touched for rule in rules))

    def in_range(self, metric: int, value: float) -> bool:
        minimum, maximum = self.metrics[metric].minimum, self.metrics[metric].maximum
        return (minimum is None or value >= minimum) and (maximum is None or value <= maximum)

    def fault(self, name: str, value: Value | None) -> tuple[str, str] | None:
        """Why `value` is not a reading of metric `name`: (reason, detail)."""
        index = self.index.get(name)
        if index is None:
            known = ", ".join(self.device_class.metrics)
            return "unknown metric", f"{name!r} is not a metric of {self.device_class.id} ({known})"
        metric = self.metrics[index]
        if type(value) is not self.kinds[index]:
            return "wrong type", f"{name}: {value!r} is not a {metric.kind.value}"
        if isinstance(value, float) and not (isfinite(value) and self.in_range(index, value)):
            bounds = f"{metric.minimum} to {metric.maximum} {metric.unit}".strip()
            return "out of range", f"{name}: {value!r} is outside {bounds}"
        if isinstance(value, str) and metric.values and value not in metric.values:
            return "unknown value", f"{name}: {value!r} is none of {', '.join(metric.values)}"
        return None


class Plans:
    """Plans by class and rated values: devices of one make share one."""

    def __init__(self, classes: Mapping[str, DeviceClass], rules: Iterable[DetectionRule]) -> None:
        self._classes, self._rules = classes, list(rules)
        self._plans: dict[tuple[str, tuple[tuple[str, float], ...]], Plan] = {}

    def of(self, device: Device) -> Plan:
        key = (device.device_class, tuple(sorted(device.rated.items())))
        plan = self._plans.get(key)
        if plan is None:
            mine = [rule for rule in self._rules if watches(rule, device)]
            plan = self._plans[key] = Plan(self._classes[device.device_class], device.rated, mine)
        return plan


def watches(rule: DetectionRule, device: Device) -> bool:
    """Whether the rule can say anything of the device."""
    return rule.applies_to(device.device_class) and rated_names(rule) <= device.rated.keys()


def rated_names(rule: DetectionRule) -> set[str]:
    """The rated values without which a rule says nothing of a device."""
    found: set[str] = set()
    conditions = [rule.when, *([rule.clear] if rule.clear else [])]
    while conditions:
        condition = conditions.pop()
        conditions.extend(condition.children)
        if condition.of:
            found.add(condition.of)
        found.update(condition.rated_in_expression)
    return found


class _Rules:
    """What → the indexes of the rules it can change, in order, each once."""

    def __init__(self) -> None:
        self.found: dict[Any, dict[int, None]] = {}

    def add(self, what: object, rule: int) -> None:
        self.found.setdefault(what, {})[rule] = None

    def of(self, what: object) -> tuple[int, ...]:
        return tuple(self.found.get(what, ()))


class _Recalls:
    """What → the memories it feeds, each once."""

    def __init__(self) -> None:
        self.found: dict[Any, dict[str, Recall]] = {}

    def add(self, what: object, leaf: Leaf) -> None:
        self.found.setdefault(what, {}).update({recall.key: recall for recall in leaf.recalls})

    def of(self, what: object) -> tuple[Recall, ...]:
        return tuple(self.found.get(what, {}).values())
