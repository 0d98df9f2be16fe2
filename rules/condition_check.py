"""Whether a condition can be judged for the classes of device it is written for, and can be both true and false."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import inf

from rules.class_file import SILENT_AFTER_MS_MIN
from rules.condition_file import Condition, Schedule
from rules.energy import COUNTER, POWER, measures_energy
from rules.expression import RATED, expression_variables
from rules.instant import format_duration
from rules.plan import PSEUDO_METRICS
from rules.problem import Problem
from rules.site import DeviceClass, Metric, MetricKind
from rules.wording import meant, not_one_of, shown

Path = tuple[str | int, ...]

_FITS: dict[MetricKind, type] = {MetricKind.NUMBER: float, MetricKind.BOOLEAN: bool, MetricKind.STRING: str}
_FOR_NUMBERS = ("above", "below", "between", "rate_per", "aggregate")
_EXPECTED = {
    MetricKind.NUMBER: "above, below, between, or is and in with numbers",
    MetricKind.BOOLEAN: "is: true or is: false",
    MetricKind.STRING: "is or in with text",
}


def condition_faults(condition: Condition, path: Path, classes: Sequence[DeviceClass]) -> Iterator[Problem]:
    """Everything wrong with the condition for any of the classes. Of several classes the first is named."""
    for key, child in _children(condition):
        yield from condition_faults(child, (*path, *key), classes)
    yield from _form_faults(condition, path)
    for device_class in classes:
        faults = list(_class_faults(condition, path, device_class))
        yield from faults
        if faults:
            return


def _children(condition: Condition) -> Iterator[tuple[Path, Condition]]:
    for key in ("any", "all", "sequence"):
        for index, child in enumerate(getattr(condition, key) or []):
            yield (key, index), child
    if condition.not_ is not None:
        yield ("not",), condition.not_


# ---- what no class makes right


def _form_faults(condition: Condition, path: Path) -> Iterator[Problem]:
    if isinstance(condition.silent_for, int) and condition.silent_for < SILENT_AFTER_MS_MIN:
        least = format_duration(SILENT_AFTER_MS_MIN)
        message = f"{format_duration(condition.silent_for)} is too short a silence; expected {least} or more"
        yield Problem((*path, "silent_for"), message)
    if condition.schedule is not None:
        yield from _schedule_faults(condition.schedule, (*path, "schedule"))
    if condition.aggregate is not None and condition.rate_per is not None:
        yield Problem((*path, "aggregate"), "'aggregate' beside 'rate_per'; expected one of them")
    if condition.metric is not None and condition.count is not None and (taken := _not_told(condition, "count")):
        yield Problem((*path, "count"), f"'count' cannot count {taken}; it counts how often a value comes to hold")
    for index, step in enumerate(condition.sequence or []):
        yield from _step_faults(step, (*path, "sequence", index))


def _schedule_faults(schedule: Schedule, path: Path) -> Iterator[Problem]:
    if schedule.from_ == schedule.to:
        yield Problem((*path, "to"), f"{schedule.to!r} is also where it begins; expected another time of day")
    elif (schedule.from_, schedule.to) == ("00:00", "24:00") and not schedule.days:
        yield Problem(path, "every day from 00:00 to 24:00 is always; expected days, or from and to")


def _step_faults(step: Condition, path: Path) -> Iterator[Problem]:
    if step.metric is None and step.event is None:
        yield Problem(path, f"a step of the form {step.form!r}; expected steps with 'metric' or 'event'")
    elif taken := _not_told(step):
        yield Problem(path, f"a step with {taken}; expected a comparison of one value, or an event")


def _not_told(condition: Condition, *but: str) -> str:
    """Forms that look at more than one reading: where each reading is judged by itself they say nothing."""
    keys = ("changed", "rate_per", "aggregate", "count")
    return " and ".join(repr(key) for key in keys if key not in but and getattr(condition, key) is not None)


# ---- what depends on the class


def _class_faults(condition: Condition, path: Path, device_class: DeviceClass) -> Iterator[Problem]:
    metrics = device_class.metrics | PSEUDO_METRICS
    if condition.metric is not None:
        metric = metrics.get(condition.metric)
        if metric is None:
            message = not_one_of(condition.metric, f"a metric of {device_class.id}", metrics)
            yield Problem((*path, "metric"), message)
        else:
            yield from _metric_faults(condition, path, metric)
        if condition.of is not None and condition.of not in device_class.rated:
            message = not_one_of(condition.of, f"a rated value of {device_class.id}", device_class.rated)
            yield Problem((*path, "of"), message)
    if condition.event is not None and condition.event not in device_class.events:
        message = not_one_of(condition.event, f"an event of {device_class.id}", device_class.events)
        yield Problem((*path, "event"), message)
    if condition.baseline is not None and not measures_energy(device_class):
        message = f"{device_class.id} measures no energy; expected a class with {COUNTER} or {POWER}"
        yield Problem((*path, "baseline"), message)
    if condition.expr is not None:
        yield from _expression_faults(condition.expr, (*path, "expr"), metrics, device_class)


def _expression_faults(
    text: str, path: Path, metrics: Mapping[str, Metric], device_class: DeviceClass
) -> Iterator[Problem]:
    known = [*metrics, *(f"{RATED}{name}" for name in device_class.rated)]
    for name in expression_variables(text):
        if name not in known:
            message = f"{name!r} is neither a metric nor a rated value of {device_class.id}{meant(name, known)}"
            yield Problem(path, message)


def _metric_faults(condition: Condition, path: Path, metric: Metric) -> Iterator[Problem]:
    kind = metric.kind
    for key in _FOR_NUMBERS:
        if kind is not MetricKind.NUMBER and getattr(condition, key) is not None:
            yield Problem((*path, key), f"{key!r} on {metric.name}, a {kind.value}; expected {_EXPECTED[kind]}")
            return
    for key, values in (("is", [condition.is_]), ("in", condition.in_ or [])):
        for value in values:
            if value is not None and not isinstance(value, _FITS[kind]):
                message = f"{shown(value)} on {metric.name}, a {kind.value}; expected {_EXPECTED[kind]}"
                yield Problem((*path, key), message)
            elif isinstance(value, str) and metric.values and value not in metric.values:
                yield Problem((*path, key), not_one_of(value, f"a value of {metric.name}", metric.values))
    if kind is MetricKind.NUMBER and condition.of is None and condition.rate_per is None:
        yield from _range_faults(condition, path, metric)


def _range_faults(condition: Condition, path: Path, metric: Metric) -> Iterator[Problem]:
    """Comparisons that a working sensor's value can never, or cannot but, fulfil."""
    if condition.aggregate == "sum":
        return
    low = -inf if metric.minimum is None else metric.minimum
    high = inf if metric.maximum is None else metric.maximum
    span = f"{metric.name} is {low:g} to {high:g} {metric.unit}".rstrip()
    for key, written, never, always in _comparisons(condition, low, high):
        if never or always:
            yield Problem((*path, key), f"{written} {'can never hold' if never else 'always holds'}: {span}")


def _comparisons(condition: Condition, low: float, high: float) -> Iterator[tuple[str, str, bool, bool]]:
    """(key, as written, whether it is true nowhere from `low` to `high`, whether it is true everywhere)"""
    if condition.above is not None:
        yield "above", f"above {condition.above:g}", condition.above >= high, condition.above < low
    if condition.below is not None:
        yield "below", f"below {condition.below:g}", condition.below <= low, condition.below > high
    if condition.between is not None:
        lower, upper = condition.between
        written = f"between {lower:g} and {upper:g}"
        yield "between", written, upper < low or lower > high, lower <= low and upper >= high
    for key, values in (("is", [condition.is_]), ("in", condition.in_ or [])):
        for value in values:
            if isinstance(value, float):
                yield key, f"{key} {value:g}", not low <= value <= high, False
