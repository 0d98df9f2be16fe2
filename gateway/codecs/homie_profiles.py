"""Which shipped device class a Homie device is, where it names a profile that says what its node measures.

The convention itself says kinds and units, not meanings: a property in W may be what flows or what is allowed. Only the
profiles say more, as yet a draft that few devices follow: "Homie 5 device profiles", chapter "Capability: Sensor -
Numeric", https://github.com/homieiot/homie5-device-profiles. Two nodes of the same profile are doubt, and then a person
says which is which.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec import structs

from gateway.codecs.homie_payload import Property
from gateway.codecs.port import Point

VALUE = "value"  # the property that holds what a node of these profiles measures


class Meant(NamedTuple):
    metric: str
    unit: str  # the profile allows no other


DECIDES = {
    "homie-sensor-power/1": "energy_meter",
    "homie-sensor-energy/1": "energy_meter",
    "homie-sensor-gas-co/1": "gas_detector",
}
MEANT: dict[str, dict[str, Meant]] = {
    "energy_meter": {
        "homie-sensor-power/1": Meant("power_w", "W"),
        "homie-sensor-energy/1": Meant("energy_kwh", "kWh"),
        "homie-sensor-volt/1": Meant("voltage_v", "V"),
        "homie-sensor-current/1": Meant("current_a", "A"),
        "homie-sensor-frequency/1": Meant("frequency_hz", "Hz"),
    },
    "gas_detector": {
        "homie-sensor-gas-co/1": Meant("co_ppm", "ppm"),
        "homie-sensor-battery/1": Meant("battery", "%"),
    },
}


def class_of(properties: tuple[Property, ...]) -> str:
    found = {DECIDES[_profile(each)] for each in properties if _profile(each) in DECIDES}
    return found.pop() if len(found) == 1 else ""


def points_of(properties: tuple[Property, ...], device_class: str) -> tuple[Point, ...]:
    meant = MEANT.get(device_class, {})
    counted = [_profile(each) for each in properties]
    points = []
    for each, profile in zip(properties, counted, strict=True):
        found = meant.get(profile)
        sure = found is not None and each.unit == found.unit and counted.count(profile) == 1
        points.append(structs.replace(each.as_point(), metric=found.metric if found and sure else ""))
    return tuple(points)


def _profile(declared: Property) -> str:
    """Name and major version, which is what compatibility goes by; empty for another property of the node."""
    return declared.profile.rpartition("/")[0] if declared.id == VALUE else ""
