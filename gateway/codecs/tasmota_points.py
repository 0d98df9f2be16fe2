"""What the points of a Tasmota device are: units, metrics, what may be set. Pure.

Names and units: Tasmota documentation, https://tasmota.github.io/docs/JSON-Status-Responses/ and
https://tasmota.github.io/docs/Commands/; arrays of several phases: https://tasmota.github.io/docs/Power-Monitoring/.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import msgspec

from gateway.codecs.json_paths import Flat, as_value, flatten
from gateway.codecs.known import kind_of_value
from gateway.codecs.port import Point
from gateway.codecs.transform import Transform
from rules.reading import Value
from rules.site import MetricKind

UNITS = {
    "Power": "W",
    "ApparentPower": "VA",
    "ReactivePower": "var",
    "Voltage": "V",
    "Current": "A",
    "Frequency": "Hz",
    "Total": "kWh",
    "Today": "kWh",
    "Yesterday": "kWh",
    "ExportActive": "kWh",
    "ImportActive": "kWh",
    "Period": "Wh",
    "Humidity": "%",
    "Illuminance": "lx",
    "CarbonDioxide": "ppm",
    "eCO2": "ppm",
    "TVOC": "ppb",
    "Distance": "cm",
    "RSSI": "%",
    "Signal": "dBm",
    "UptimeSec": "s",
}
TEMPERATURES = ("Temperature", "DewPoint")
FAHRENHEIT = Transform(scale=5 / 9, offset=-160 / 9)  # the metrics are in °C

METRICS = {
    "ENERGY.Power": "power_w",
    "ENERGY.Power.Sum": "power_w",
    "ENERGY.Total": "energy_kwh",
    "ENERGY.Total.Sum": "energy_kwh",
    "ENERGY.Voltage": "voltage_v",
    "ENERGY.Current": "current_a",
    "ENERGY.Factor": "power_factor",
    "ENERGY.Frequency": "frequency_hz",
}
PHASES = {
    "ENERGY.Power": "power_l{}_w",
    "ENERGY.Voltage": "voltage_l{}_v",
    "ENERGY.Current": "current_l{}_a",
    "ENERGY.Factor": "power_factor_l{}",
}
PHASES_OF_MAINS = 3  # two channels are no phases: a plug with two sockets has them too
SUMMED = ("Power", "Total")  # of several phases: what a rule about the whole meter needs, and Tasmota leaves out

# What a RESULT says of the device's state; all else there is an answer about its configuration.
STATE = re.compile(
    r"POWER\d*|Dimmer\d*|Channel\d+|Color|HSBColor|White|CT|FanSpeed|Switch\d+|Shutter\d+\.(Position|Direction|Target|Tilt)"
)
SETTABLE = re.compile(r"POWER\d{0,2}|Dimmer\d?|Channel\d{1,2}|White|CT|FanSpeed|Shutter(\d)\.Position")
ON_OFF = re.compile(r"POWER\d*|Switch\d+")
BUTTON = re.compile(r"(Button|Switch)\d+", re.IGNORECASE)
MOMENTARY = ("RfReceived", "IrReceived", "SerialReceived")
HOUSEKEEPING = re.compile(
    r"Time|Epoch|Uptime|Heap|SleepMode|Sleep|LoadAvg|MqttCount|Berry\..*|Wifi\.(AP|SSId|BSSId|Channel|Mode|LinkCount"
    r"|Downtime)|.*\.TotalStartTime|(Temp|Pressure|Speed|Volume)Unit"
)


def values_of(tree: dict[str, Any], into: Flat) -> None:
    """The values of a SENSOR or STATE message, with the sums over phases and without times and units."""
    found = Flat()
    flatten(tree, found)
    into.values.update({name: value for name, value in found.values.items() if not _is_housekeeping(name)})
    into.refused.extend(found.refused)
    energy = tree.get("ENERGY")
    for name in SUMMED:
        phases = energy.get(name) if isinstance(energy, dict) else None
        if isinstance(phases, list) and phases and f"ENERGY.{name}.1" in found.values:
            into.add(f"ENERGY.{name}.Sum", _sum(phases))


@lru_cache(maxsize=4_096)  # the same names come with every message
def _is_housekeeping(name: str) -> bool:
    return HOUSEKEEPING.fullmatch(name) is not None


def _sum(phases: list[Any]) -> float | None:
    """None if one of them says nothing: the rest is not the whole."""
    values = [as_value(phase) for phase in phases]
    if any(isinstance(value, (bool, str)) or value is None for value in values):
        return None
    return sum(value for value in values if isinstance(value, float))


def point(name: str, value: Value | None, off_on: tuple[str, str], fahrenheit: bool) -> Point:
    """`off_on`: what the device calls off and on."""
    if ON_OFF.fullmatch(name):
        return two_words(name, off_on)
    quantity = next((part for part in reversed(name.split(".")) if not part.isdigit() and part != "Sum"), name)
    if quantity in TEMPERATURES:
        transform = FAHRENHEIT if fahrenheit else Transform()
        return Point(name, kind_of_value(value), "°F" if fahrenheit else "°C", transform=transform)
    return Point(name, kind_of_value(value), UNITS.get(quantity, ""), settable=SETTABLE.fullmatch(name) is not None)


def two_words(name: str, off_on: tuple[str, str]) -> Point:
    """A relay or a switch. What a switch that is on means, closed or open, is for who wired it to say."""
    off, on = off_on
    transform = Transform(words={on: True, off: False})
    return Point(name, MetricKind.STRING, values=off_on, settable=name.startswith("POWER"), transform=transform)


def classified(points: dict[str, Point]) -> tuple[str, tuple[Point, ...]]:
    """Device class and points with their metrics: an energy meter's, else nothing is beyond doubt."""
    if not any(name in points for name in ("ENERGY.Power", "ENERGY.Power.1")):
        return "", tuple(points.values())
    metrics = {name: metric for name, metric in METRICS.items() if f"{name}.Sum" not in points}
    for stem, metric in PHASES.items():
        numbers = range(1, PHASES_OF_MAINS + 1)
        if all(f"{stem}.{n}" in points for n in numbers) and f"{stem}.{PHASES_OF_MAINS + 1}" not in points:
            metrics.update({f"{stem}.{n}": metric.format(f"{n}") for n in numbers})
    named = [msgspec.structs.replace(point, metric=metrics.get(name, "")) for name, point in points.items()]
    return "energy_meter", tuple(named)
