"""What an NBIRTH or DBIRTH declares: metrics, types, aliases, and the values of that moment. Pure.

Eclipse Sparkplug Specification 3.0.0, 6.4.19 and 6.4.20
(https://sparkplug.eclipse.org/specification/version/3.0/documents/sparkplug-specification-3.0.0.pdf). Which properties
say unit, range and whether a metric can be written is left open there; `engUnit`, `engLow`, `engHigh`, `readOnly` are
Ignition's tag properties, which its MQTT Transmission module sends in births where they are not the default
(https://docs.chariot.io/x/DoFmC).
"""

from __future__ import annotations

from typing import NamedTuple

from gateway.codecs.native import TEXT_CHARACTERS_MAX
from gateway.codecs.port import Point
from gateway.codecs.sparkplug_readings import BD_SEQ, Readings, plausible
from gateway.codecs.sparkplug_session import POINTS_MAX
from gateway.codecs.sparkplug_values import ARRAYS, BY_FIELD, NAMES, Misfit, kind, value
from gateway.codecs.sparkplug_wire import Metric, Payload, Property
from rules.instant import Instant
from rules.reading import Rejected, Value
from rules.site import MetricKind

MAKE, MODEL = "Properties/Hardware Make", "Properties/Hardware Model"  # 6.4.19
_NOT_SET = ("Properties/",)  # what a device is, not what it does


class Birth(NamedTuple):
    at: Instant | None
    bd_seq: int | None
    model: str
    points: tuple[Point, ...]
    types: dict[str, int]
    aliases: dict[int, str]
    lengths: dict[str, int]
    readings: Readings
    rejected: Rejected | None


def read_birth(message: Payload, received_at: Instant) -> Birth:
    """The first `POINTS_MAX` points of it; what is left out is among what is rejected."""
    readings = Readings(message.timestamp, received_at)
    types: dict[str, int] = {}
    lengths: dict[str, int] = {}
    metrics: dict[str, Metric] = {}
    count = beyond = 0
    for metric in message.metrics:
        name = metric.name
        datatype = metric.datatype = metric.datatype or BY_FIELD.get(metric.field, 0)
        if name == BD_SEQ or not _is_point(metric, readings):
            continue
        if count >= POINTS_MAX:
            beyond += 1
            continue
        at = readings.sent_at if not metric.historical else plausible(metric.timestamp) or readings.sent_at
        readings.add(name, metric, datatype, lengths, at)
        if name not in metrics:
            count += max(lengths.get(name, 0), 1)
        types[name], metrics[name] = datatype, metric
    if beyond + message.beyond:
        readings.fault(f"{beyond + message.beyond} metrics after the first {POINTS_MAX} points are left out")
    points = tuple(point for name in metrics for point in _points(name, metrics[name], lengths))
    model = " ".join(_text(metrics.get(name)) for name in (MAKE, MODEL)).strip()[:TEXT_CHARACTERS_MAX]
    aliases = _aliases(metrics, readings)
    return Birth(
        readings.sent_at,
        bd_seq(message),
        model,
        points[:POINTS_MAX],
        types,
        aliases,
        lengths,
        readings,
        readings.rejected,
    )


def bd_seq(message: Payload) -> int | None:
    """The session's number, in a birth or a death of a node."""
    for metric in message.metrics:
        number = metric.value
        if metric.name == BD_SEQ and isinstance(number, int) and not isinstance(number, bool):
            return number
    return None


def _is_point(metric: Metric, readings: Readings) -> bool:
    name = metric.name
    if not name:
        readings.fault("a metric without a name in a birth")
    elif len(name) > TEXT_CHARACTERS_MAX:
        readings.fault(f"{name[:40]!r}…: a name of {len(name)} characters; at most {TEXT_CHARACTERS_MAX}")
    elif kind(metric.datatype) is None:
        readings.fault(f"{name}: {NAMES.get(metric.datatype, f'data type {metric.datatype}')} is not taken in")
    else:
        return True
    return False


def _aliases(metrics: dict[str, Metric], readings: Readings) -> dict[int, str]:
    aliases: dict[int, str] = {}
    twice = set()
    for name, metric in metrics.items():
        if metric.alias is None:
            continue
        if aliases.setdefault(metric.alias, name) != name:
            twice.add(metric.alias)
            readings.fault(f"alias {metric.alias} is both {aliases[metric.alias]} and {name}")
    return {alias: name for alias, name in aliases.items() if alias not in twice}


def _points(name: str, metric: Metric, lengths: dict[str, int]) -> list[Point]:
    properties = {key.casefold(): each for key, each in (metric.properties or {}).items()}
    of = kind(metric.datatype)
    unit = _property(properties, "engunit")
    low, high = (_property(properties, key) for key in ("englow", "enghigh"))
    read_only = _property(properties, "readonly")
    minimum, maximum = (each if _is_number(each) and of is MetricKind.NUMBER else None for each in (low, high))
    if minimum is not None and maximum is not None and float(minimum) >= float(maximum):
        minimum = maximum = None
    settable = metric.datatype not in ARRAYS and read_only is not True and not name.startswith(_NOT_SET)
    names = [name] if metric.datatype not in ARRAYS else [f"{name}.{index}" for index in range(lengths.get(name, 0))]
    return [
        Point(
            each,
            of,
            unit if isinstance(unit, str) else "",
            None if minimum is None else float(minimum),
            None if maximum is None else float(maximum),
            settable=settable,
        )
        for each in names
    ]


def _property(properties: dict[str, Property], key: str) -> Value | None:
    found = properties.get(key)
    if found is None:
        return None
    try:
        return value(Metric(null=found.null, field=found.field, value=found.value), found.datatype)
    except Misfit:
        return None


def _is_number(found: Value | None) -> bool:
    return isinstance(found, int | float) and not isinstance(found, bool)


def _text(metric: Metric | None) -> str:
    return metric.value if metric is not None and isinstance(metric.value, str) else ""
