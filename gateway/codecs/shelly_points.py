"""What the points of a Shelly device are: units, metrics, what may be set and by which method. Pure.

Shelly API documentation, components: https://shelly-api-docs.shelly.cloud/gen2/ComponentsAndServices/Switch, …/Smoke,
…/Flood, …/EM, …/EMData, …/EM1, …/EM1Data, …/Temperature, …/Humidity, …/DevicePower, …/Input, …/Cover, …/Light.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import msgspec

from gateway.codecs.json_paths import Flat, as_value, flatten
from gateway.codecs.known import kind_of_value
from gateway.codecs.port import Point
from gateway.codecs.transform import Transform
from rules.reading import Value
from rules.site import MetricKind

COMPONENT = re.compile(r"[a-z][a-z0-9_]{0,30}:\d{1,4}")
OF_NO_CONCERN = ("script", "schedule", "webhook")
ERRORS = ("errors", "a_errors", "b_errors", "c_errors")  # lists of words, there only while something is wrong

UNITS = {  # of an attribute, whichever phase (a_, b_, c_, n_) or total it is of
    "apower": "W",
    "act_power": "W",
    "aprt_power": "VA",
    "voltage": "V",
    "current": "A",
    "freq": "Hz",
    "total": "Wh",
    "total_act": "Wh",
    "total_act_ret": "Wh",
    "total_act_energy": "Wh",
    "total_act_ret_energy": "Wh",
    "tC": "°C",
    "tF": "°F",
    "rh": "%",
    "percent": "%",
    "V": "V",
    "lux": "lx",
    "brightness": "%",
    "current_pos": "%",
}
_OF_WHAT = re.compile(r"^([abcn]|total)_")
KWH = Transform(scale=0.001)  # counters are in Wh

# Component, whose presence leaves no doubt about the class → the class and its metrics. A device with several of a
# metering component measures several circuits: then nothing is beyond doubt.
_BATTERY = {"devicepower:0.battery.percent": "battery"}
SAFETY = {
    "smoke:0": ("smoke_detector", {"smoke:0.alarm": "alarm", "smoke:0.errors": "fault", **_BATTERY}),
    "flood:0": ("water_leak_detector", {"flood:0.alarm": "alarm", "flood:0.errors": "fault", **_BATTERY}),
}
THREE_PHASES = {
    "em:0.total_act_power": "power_w",
    "emdata:0.total_act": "energy_kwh",
    "em:0.a_freq": "frequency_hz",
    "em:0.errors": "fault",
    **{
        f"em:0.{phase}_{quantity}": metric.format(f"l{number}")
        for number, phase in enumerate("abc", start=1)
        for quantity, metric in {
            "act_power": "power_{}_w",
            "voltage": "voltage_{}_v",
            "current": "current_{}_a",
            "pf": "power_factor_{}",
        }.items()
    },
}
ONE_PHASE = {
    "apower": "power_w",
    "act_power": "power_w",
    "voltage": "voltage_v",
    "current": "current_a",
    "pf": "power_factor",
    "freq": "frequency_hz",
    "aenergy.total": "energy_kwh",
    "errors": "fault",
}
METERING = ("em1", "pm1", "switch")


class Setting(NamedTuple):
    """A method that sets a point: its name and the argument that takes the value; none: the value can only be true."""

    method: str
    argument: str
    kind: MetricKind


SETTINGS = {
    ("switch", "output"): Setting("Switch.Set", "on", MetricKind.BOOLEAN),
    ("light", "output"): Setting("Light.Set", "on", MetricKind.BOOLEAN),
    ("light", "brightness"): Setting("Light.Set", "brightness", MetricKind.NUMBER),
    ("cover", "current_pos"): Setting("Cover.GoToPosition", "pos", MetricKind.NUMBER),
    ("smoke", "mute"): Setting("Smoke.Mute", "", MetricKind.BOOLEAN),
    ("boolean", "value"): Setting("Boolean.Set", "value", MetricKind.BOOLEAN),
    ("number", "value"): Setting("Number.Set", "value", MetricKind.NUMBER),
    ("text", "value"): Setting("Text.Set", "value", MetricKind.STRING),
    ("enum", "value"): Setting("Enum.Set", "value", MetricKind.STRING),
}


def setting(name: str) -> tuple[Setting, int] | None:
    """`switch:0.output` → Switch.Set for component 0."""
    component, _, attribute = name.partition(".")
    kind, _, number = component.partition(":")
    found = SETTINGS.get((kind, attribute))
    return (found, int(number)) if found is not None and COMPONENT.fullmatch(component) else None


def components(tree: dict[str, Any]) -> dict[str, Any]:
    """The parts of a status that say something of the building, not of the device's own network and scripts."""
    return {
        name: part
        for name, part in tree.items()
        if COMPONENT.fullmatch(name) and name.partition(":")[0] not in OF_NO_CONCERN
    }


def values_of(component: str, part: dict[str, Any], into: Flat) -> None:
    """One component's values. Its errors become a truth, and their words a text: they are listed only while there are
    any, and a rule needs to know when there are none."""
    rest = {key: value for key, value in part.items() if key != "id" and key not in ERRORS}
    flatten(rest, into, component)
    for key in ERRORS:
        if key in part:
            words = part[key] if isinstance(part[key], list) else []
            said = ", ".join(word for word in words[:8] if isinstance(word, str))
            into.add(f"{component}.{key}", bool(words))
            into.add(f"{component}.{key}.words", as_value(said[:200]) if words else None)


def point(name: str, value: Value | None) -> Point:
    attribute = name.rpartition(".")[2]
    unit = UNITS.get(attribute) or UNITS.get(_OF_WHAT.sub("", attribute), "")
    known = setting(name)
    return Point(
        name, kind_of_value(value), unit, settable=known is not None, transform=KWH if unit == "Wh" else Transform()
    )


def classified(points: dict[str, Point], whole: bool) -> tuple[str, tuple[Point, ...]]:
    """Device class and points with their metrics, where the components leave no doubt. `whole`: all of them are
    known."""
    device_class, metrics = _metrics(points, whole)
    return device_class, tuple(
        msgspec.structs.replace(point, metric=metrics.get(name, "")) for name, point in points.items()
    )


def _metrics(points: dict[str, Point], whole: bool) -> tuple[str, dict[str, str]]:
    parts = {name.partition(".")[0] for name in points}
    for component, known in SAFETY.items():
        if component in parts:
            return known
    meters = {name.partition(".")[0] for name in points if name.endswith(("act_power", ".apower"))}
    if meters == {"em:0"}:
        return "energy_meter", THREE_PHASES
    if len(meters) != 1 or not whole:
        return "", {}
    kind, _, number = (meter := meters.pop()).partition(":")
    if kind not in METERING:
        return "", {}
    metrics = {f"{meter}.{attribute}": metric for attribute, metric in ONE_PHASE.items()}
    return "energy_meter", {**metrics, f"em1data:{number}.total_act_energy": "energy_kwh"}
