"""Which shipped device class a device is, and which point is which metric, where its own typing leaves no doubt.

Doubt is: points that speak for two classes (a smoke and gas alarm in one housing), two points for the same metric (two
sockets of one strip), a unit that cannot be converted. Then nothing is suggested, and a person says which is which.
Meaning of the device classes: "Binary sensor", https://www.home-assistant.io/integrations/binary_sensor/#device-class
(lock: on is *unlocked*; door: on is open; problem, tamper, smoke, gas, moisture, carbon_monoxide: on is detected);
units: "Sensor", https://www.home-assistant.io/integrations/sensor/#device-class.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from msgspec import structs

from gateway.codecs.homeassistant_entity import Entity
from gateway.codecs.port import Point
from gateway.codecs.transform import Transform
from rules.reading import Value

AS_IT_IS = Transform()
_KILO, _MEGA, _MILLI = Transform(scale=1e3), Transform(scale=1e6), Transform(scale=1e-3)
_OPEN = Transform(words={"true": "open", "false": "closed"})
_UNLOCKED_IS_ON = Transform(words={"true": False, "false": True})
_LOCKED = Transform(words={"locked": True, "unlocked": False, "open": False})
_CELSIUS = {"°C": AS_IT_IS, "°F": Transform(scale=5 / 9, offset=-160 / 9), "K": Transform(offset=-273.15)}
_PERCENT = {"%": AS_IT_IS}
_BOOLEAN = {"": AS_IT_IS}

# (component, device class of the format) → device class of ours. Only these decide what a device is.
DECIDES: dict[tuple[str, str], str] = {
    ("binary_sensor", "smoke"): "smoke_detector",
    ("binary_sensor", "gas"): "gas_detector",
    ("binary_sensor", "carbon_monoxide"): "gas_detector",
    ("binary_sensor", "moisture"): "water_leak_detector",
    ("binary_sensor", "door"): "access_controller",
    ("binary_sensor", "lock"): "access_controller",
    ("lock", ""): "access_controller",
    ("siren", ""): "siren",
    ("sensor", "power"): "energy_meter",
    ("sensor", "energy"): "energy_meter",
}


class Meant(NamedTuple):
    metric: str
    by_unit: dict[str, Transform]  # unit of the point → transform; a unit that is not here is doubt


_BATTERY = {("sensor", "battery"): Meant("battery", _PERCENT)}
_TAMPER = {("binary_sensor", "tamper"): Meant("tamper", _BOOLEAN)}
_FAULT = {("binary_sensor", "problem"): Meant("fault", _BOOLEAN)}

MEANT: dict[str, dict[tuple[str, str], Meant]] = {
    "smoke_detector": {
        ("binary_sensor", "smoke"): Meant("alarm", _BOOLEAN),
        ("sensor", "temperature"): Meant("temperature", _CELSIUS),
        **_BATTERY,
        **_TAMPER,
        **_FAULT,
    },
    "gas_detector": {
        ("binary_sensor", "gas"): Meant("alarm", _BOOLEAN),
        ("binary_sensor", "carbon_monoxide"): Meant("alarm", _BOOLEAN),
        ("sensor", "carbon_monoxide"): Meant("co_ppm", {"ppm": AS_IT_IS}),
        **_BATTERY,
        **_FAULT,
    },
    "water_leak_detector": {
        ("binary_sensor", "moisture"): Meant("alarm", _BOOLEAN),
        **_BATTERY,
        **_TAMPER,
        **_FAULT,
    },
    "access_controller": {
        ("binary_sensor", "door"): Meant("door", {"": _OPEN}),
        ("binary_sensor", "lock"): Meant("locked", {"": _UNLOCKED_IS_ON}),
        ("lock", ""): Meant("locked", {"": _LOCKED}),
        **_BATTERY,
        **_TAMPER,
        **_FAULT,
    },
    "siren": {
        ("siren", ""): Meant("sounding", _BOOLEAN),
        **_BATTERY,
        **_TAMPER,
        **_FAULT,
    },
    "energy_meter": {
        ("sensor", "power"): Meant("power_w", {"W": AS_IT_IS, "kW": _KILO, "MW": _MEGA, "mW": _MILLI}),
        ("sensor", "energy"): Meant("energy_kwh", {"kWh": AS_IT_IS, "Wh": _MILLI, "MWh": _KILO}),
        ("sensor", "voltage"): Meant("voltage_v", {"V": AS_IT_IS, "mV": _MILLI}),
        ("sensor", "current"): Meant("current_a", {"A": AS_IT_IS, "mA": _MILLI}),
        ("sensor", "frequency"): Meant("frequency_hz", {"Hz": AS_IT_IS}),
        ("sensor", "power_factor"): Meant("power_factor", {"": AS_IT_IS, "%": Transform(scale=0.01)}),
        **_FAULT,
    },
}

_COMMANDS: dict[str, tuple[str, dict[str, Value]]] = {  # device class → component, command → state that is wanted
    "access_controller": ("lock", {"release": "unlocked", "lock": "locked"}),
    "siren": ("siren", {"sound": True, "silence": False}),
}


def class_of(entities: Iterable[Entity]) -> str:
    """Empty: none, or more than one."""
    found = {DECIDES[typed] for typed in map(_typed, entities) if typed in DECIDES}
    return found.pop() if len(found) == 1 else ""


def points_of(entities: Iterable[Entity], device_class: str) -> tuple[Point, ...]:
    """All points, those whose metric is beyond doubt with it."""
    meant = MEANT.get(device_class, {})
    every = [(entity, point) for entity in entities for point in entity.points]
    metrics: dict[str, list[str]] = {}
    for entity, point in every:
        if (found := _meant(meant, entity, point)) is not None:
            metrics.setdefault(found[0], []).append(point.name)
    return tuple(_with_metric(meant, metrics, entity, point) for entity, point in every)


def commands_of(entities: Iterable[Entity], device_class: str) -> dict[str, dict[str, Value]]:
    """What the class's commands set, where there is one lock or siren that may be told."""
    component, commands = _COMMANDS.get(device_class, ("", {}))
    every = [entity for entity in entities if entity.component == component]
    told = [order for entity in every for order in entity.orders if order.point == entity.name and not order.refused]
    return {name: {told[0].point: value} for name, value in commands.items()} if len(every) == len(told) == 1 else {}


def _with_metric(
    meant: dict[tuple[str, str], Meant], metrics: dict[str, list[str]], entity: Entity, point: Point
) -> Point:
    found = _meant(meant, entity, point)
    if found is None or len(metrics[found[0]]) > 1:
        return point
    return structs.replace(point, metric=found[0], transform=found[1])


def _meant(meant: dict[tuple[str, str], Meant], entity: Entity, point: Point) -> tuple[str, Transform] | None:
    """Of an entity's main point; further ones (`climate.hall.mode`) are typed by nobody."""
    found = meant.get(_typed(entity))
    if found is None or point.name != entity.name or point.unit not in found.by_unit:
        return None
    return found.metric, found.by_unit[point.unit]


def _typed(entity: Entity) -> tuple[str, str]:
    """A lock or a siren is one, whatever finer class it has."""
    whole = entity.component in ("lock", "siren")
    return entity.component, "" if whole else entity.device_class
