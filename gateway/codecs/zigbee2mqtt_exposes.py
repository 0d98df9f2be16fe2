"""What Zigbee2MQTT says of a device's points (`definition.exposes`), and which metrics they are beyond doubt. Pure.

Source: Zigbee2MQTT, "Exposes", https://www.zigbee2mqtt.io/guide/usage/exposes.html. Generic types (binary, numeric,
enum, text, list, composite) and specific ones (switch, light, lock, cover, fan, climate), which hold generic ones.
`access` bit 0: published; bit 1: can be set.

What a device calls `test` or `self_test` is no metric: a test is not a fire. `voltage` is in mV where it is a
battery's and in V where it is the mains': only the latter is a voltage to us. `contact` is true while it is closed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import structs

from gateway.codecs.port import Point
from gateway.codecs.transform import Transform, as_word
from rules.reading import Value
from rules.site import MetricKind

DEPTH_MAX = 4  # a composite in a specific type; nobody nests deeper
POINTS_MAX = 256
TEXT_CHARACTERS_MAX = 100
SOUND_SECONDS = 1_800.0  # ours: until somebody silences it; Zigbee2MQTT's own default is 10 s

_PUBLISHED, _SET = 1, 2
_KINDS = {
    "binary": MetricKind.BOOLEAN,
    "numeric": MetricKind.NUMBER,
    "enum": MetricKind.STRING,
    "text": MetricKind.STRING,
}
# property → (metric, unit it must have: empty for any), by class
_NUMBERS: dict[str, dict[str, tuple[str, str]]] = {
    "smoke_detector": {"smoke_density_dbm": ("smoke", "dB/m"), "temperature": ("temperature", "°C")},
    "heat_detector": {"temperature": ("temperature", "°C")},
    "gas_detector": {"gas_value": ("gas_lel", "%LEL"), "co": ("co_ppm", "ppm")},
    "energy_meter": {
        "power": ("power_w", "W"),
        "energy": ("energy_kwh", "kWh"),
        "voltage": ("voltage_v", "V"),
        "current": ("current_a", "A"),
        "ac_frequency": ("frequency_hz", "Hz"),
        "power_factor": ("power_factor", ""),
    },
}
_ALARMS = {
    "smoke": "smoke_detector",
    "heat_alarm": "heat_detector",
    "water_leak": "water_leak_detector",
    "gas": "gas_detector",
    "carbon_monoxide": "gas_detector",
}
_WITH_BATTERY = (*_ALARMS.values(), "siren", "access_controller")
_WITH_TAMPER = ("smoke_detector", "heat_detector", "water_leak_detector", "siren", "access_controller")


def points_of(exposes: Any) -> list[Point]:
    """Every point that is published or can be set, nested names joined with a dot; what is malformed is left out."""
    found: dict[str, Point] = {}
    for point in _walk(exposes, "", DEPTH_MAX):
        if len(found) < POINTS_MAX:
            found.setdefault(point.name, point)
    return list(found.values())


def _walk(exposes: Any, within: str, depth: int) -> Iterator[Point]:
    for each in exposes if isinstance(exposes, list) and depth else ():
        if not isinstance(each, dict):
            continue
        kind, name = each.get("type"), each.get("property")
        if isinstance(each.get("features"), list):
            below = f"{within}{name}." if kind == "composite" and isinstance(name, str) else within
            yield from _walk(each["features"], below, depth - 1)
        elif kind in _KINDS and isinstance(name, str) and 0 < len(within + name) <= TEXT_CHARACTERS_MAX:
            yield _point(each, f"{within}{name}", _KINDS[kind])


def _point(exposed: Mapping[str, Any], name: str, kind: MetricKind) -> Point:
    access = exposed.get("access")
    values: tuple[str, ...] = ()
    if kind is MetricKind.STRING and isinstance(exposed.get("values"), list):
        values = tuple(str(each)[:TEXT_CHARACTERS_MAX] for each in exposed["values"][:POINTS_MAX])
    if exposed.get("type") == "binary":
        on, off = (_scalar(exposed.get(which)) for which in ("value_on", "value_off"))
        if isinstance(on, str) and isinstance(off, str):
            kind, values = MetricKind.STRING, (on, off)
        elif (on, off) == (False, True):
            values = ("false", "true")  # on first
    unit = exposed.get("unit")
    return Point(
        name,
        kind,
        unit[:TEXT_CHARACTERS_MAX] if isinstance(unit, str) else "",
        _number(exposed.get("value_min")),
        _number(exposed.get("value_max")),
        values,
        isinstance(access, int) and bool(access & _SET),
    )


def _scalar(value: Any) -> bool | str | None:
    return value if isinstance(value, bool) else str(value)[:TEXT_CHARACTERS_MAX] if value is not None else None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


# ---- what it is


def class_of(points: Mapping[str, Point]) -> str:
    """The device class; empty where two are as likely: one of the alarms would then go unheard."""
    alarms = {name for name in _ALARMS if name in points and _is_binary(points[name])}
    detectors = {_ALARMS[name] for name in alarms}
    if detectors or alarms:
        return detectors.pop() if len(alarms) == 1 else ""
    found = [
        name
        for name, is_it in (
            ("access_controller", _is_binary(points.get("contact")) or _locks(points) is not None),
            ("siren", _sounds(points) is not None),
            ("energy_meter", _meters(points)),
        )
        if is_it
    ]
    return found[0] if len(found) == 1 else ""


def with_metrics(points: list[Point], device_class: str) -> tuple[Point, ...]:
    return tuple(_meant(point, device_class) for point in points)


def commands_of(points: Mapping[str, Point], device_class: str) -> dict[str, dict[str, Value]]:
    """What the class's commands set, where there is no doubt."""
    if device_class == "access_controller" and (lock := _locks(points)) is not None and lock.settable:
        return {"release": {lock.name: lock.values[1]}, "lock": {lock.name: lock.values[0]}}
    sounds = _sounds(points)
    if device_class == "siren" and sounds is not None:
        return sounds
    if device_class == "smoke_detector" and sounds is not None:
        return {"silence": sounds["silence"]}
    return {}


def on_and_off(point: Point) -> tuple[Value, Value]:
    """What a binary point says when it is on, and when it is off."""
    if point.kind is MetricKind.STRING:
        return point.values[0], point.values[1]
    return (False, True) if point.values == ("false", "true") else (True, False)


def _meant(point: Point, device_class: str) -> Point:
    name, metric, transform = point.name, "", Transform()
    numbers = _NUMBERS.get(device_class, {})
    if name in numbers and point.kind is MetricKind.NUMBER and numbers[name][1] in ("", point.unit):
        metric = numbers[name][0]
    elif name == "battery" and point.unit == "%" and device_class in _WITH_BATTERY:
        metric = "battery"
    elif name == "contact" and device_class == "access_controller" and _is_binary(point):
        metric, transform = "door", Transform(words={"true": "closed", "false": "open"})
    elif _is_binary(point) and (metric := _binary_metric(name, point, device_class)):
        on, off = on_and_off(point)
        plain = (on, off) == (True, False)
        transform = Transform() if plain else Transform(words={as_word(on): True, as_word(off): False})
    return structs.replace(point, metric=metric, transform=transform) if metric else point


def _binary_metric(name: str, point: Point, device_class: str) -> str:
    if _ALARMS.get(name) == device_class:
        return "alarm"
    if name == "tamper" and device_class in _WITH_TAMPER:
        return "tamper"
    if name == "state" and device_class == "access_controller" and point.values == ("LOCK", "UNLOCK"):
        return "locked"
    return "sounding" if name == "alarm" and device_class == "siren" else ""


def _is_binary(point: Point | None) -> bool:
    if point is None:
        return False
    return point.kind is MetricKind.BOOLEAN or (point.kind is MetricKind.STRING and len(point.values) == 2)


def _locks(points: Mapping[str, Point]) -> Point | None:
    state = points.get("state")
    return state if state is not None and state.values == ("LOCK", "UNLOCK") else None


def _meters(points: Mapping[str, Point]) -> bool:
    power, energy, state = points.get("power"), points.get("energy"), points.get("state")
    measured = [each for each in (power, energy) if each is not None and each.unit in ("W", "kWh")]
    return len(measured) == 2 or (bool(measured) and state is not None)


def _sounds(points: Mapping[str, Point]) -> dict[str, dict[str, Value]] | None:
    """How a siren is told to sound and to be silent."""
    mode, alarm = points.get("warning.mode"), points.get("alarm")
    if mode is not None and "stop" in mode.values:
        kind = next((each for each in ("fire", "emergency", "burglar") if each in mode.values), "")
        sound: dict[str, Value] = {"warning.mode": kind} if kind else {}
        level = points.get("warning.level")
        if level is not None and (loudest := next((v for v in ("very_high", "high") if v in level.values), None)):
            sound["warning.level"] = loudest
        if "warning.duration" in points:
            sound["warning.duration"] = SOUND_SECONDS
        return {"sound": sound, "silence": {"warning.mode": "stop"}} if kind else None
    if alarm is not None and alarm.settable and _is_binary(alarm) and ("melody" in points or "volume" in points):
        on, off = on_and_off(alarm)
        return {"sound": {"alarm": on}, "silence": {"alarm": off}}
    return None
