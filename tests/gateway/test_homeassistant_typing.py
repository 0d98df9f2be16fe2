"""What a device of Home Assistant's discovery is, where its typing leaves no doubt; what is left to a person."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.codecs.homeassistant import HomeAssistant, Options, make
from gateway.codecs.homeassistant_typing import DECIDES, MEANT
from gateway.codecs.port import Found
from gateway.library import load
from rules.reading import Rejected
from tests.support.codec_messages import only, points, tell, values

STATE, SET = "homeassistant/z1/state", "homeassistant/z1/set"


@pytest.fixture
def codec() -> HomeAssistant:
    return make(Options())


def declare(codec: HomeAssistant, component: str, object_id: str, **options: Any) -> list[Any]:
    given = {"device": {"ids": "z1"}, "state_topic": STATE, **options}
    return tell(codec, f"homeassistant/{component}/{object_id}/config", given)


@pytest.mark.parametrize(
    ("component", "options", "device_class", "metric", "heard", "measured"),
    [
        ("binary_sensor", {"device_class": "smoke"}, "smoke_detector", "alarm", "ON", True),
        ("binary_sensor", {"device_class": "gas"}, "gas_detector", "alarm", "ON", True),
        ("binary_sensor", {"device_class": "carbon_monoxide"}, "gas_detector", "alarm", "OFF", False),
        ("binary_sensor", {"device_class": "moisture"}, "water_leak_detector", "alarm", "ON", True),
        ("binary_sensor", {"device_class": "door"}, "access_controller", "door", "ON", "open"),
        ("binary_sensor", {"device_class": "door"}, "access_controller", "door", "OFF", "closed"),
        ("binary_sensor", {"device_class": "lock"}, "access_controller", "locked", "ON", False),
        ("binary_sensor", {"device_class": "lock"}, "access_controller", "locked", "OFF", True),
        ("lock", {}, "access_controller", "locked", "LOCKED", True),
        ("lock", {}, "access_controller", "locked", "UNLOCKED", False),
        ("lock", {}, "access_controller", "locked", "JAMMED", None),
        ("siren", {}, "siren", "sounding", "ON", True),
        ("sensor", {"device_class": "power", "unit_of_measurement": "kW"}, "energy_meter", "power_w", "1.5", 1500),
        ("sensor", {"device_class": "energy", "unit_of_measurement": "Wh"}, "energy_meter", "energy_kwh", "500", 0.5),
        ("binary_sensor", {"device_class": "window"}, "", "", "ON", True),
        ("binary_sensor", {"device_class": "motion"}, "", "", "ON", True),
        ("binary_sensor", {"device_class": "tamper"}, "", "", "ON", True),
        ("sensor", {"device_class": "temperature", "unit_of_measurement": "°C"}, "", "", "21", 21),
        ("sensor", {"device_class": "humidity", "unit_of_measurement": "%"}, "", "", "40", 40),
        ("sensor", {"device_class": "moisture", "unit_of_measurement": "%"}, "", "", "40", 40),
        ("sensor", {"device_class": "power", "unit_of_measurement": "BTU/h"}, "energy_meter", "", "1", 1),
    ],
)
def test_the_device_class_types_the_point(
    codec: HomeAssistant, component: str, options: Any, device_class: str, metric: str, heard: str, measured: Any
) -> None:
    found = only(declare(codec, component, "x", **options), Found)
    point = points(found)[f"{component}.x"]
    assert (found.device_class, point.metric) == (device_class, metric)
    value = values(tell(codec, STATE, heard))[point.name]
    assert value is not None
    assert point.transform.apply(value) == measured


@pytest.mark.parametrize(
    ("component", "options", "metric"),
    [
        ("sensor", {"device_class": "battery", "unit_of_measurement": "%"}, "battery"),
        ("binary_sensor", {"device_class": "battery"}, ""),  # low or not: no percentage
        ("sensor", {"device_class": "voltage", "unit_of_measurement": "mV"}, ""),  # of its battery
        ("binary_sensor", {"device_class": "tamper"}, "tamper"),
        ("binary_sensor", {"device_class": "problem"}, "fault"),
        ("sensor", {"device_class": "temperature", "unit_of_measurement": "°F"}, "temperature"),
        ("binary_sensor", {}, ""),  # a test button is not a fire
        ("switch", {}, ""),
    ],
)
def test_the_further_points_of_a_smoke_alarm_are_typed_with_it(
    codec: HomeAssistant, component: str, options: Any, metric: str
) -> None:
    declare(codec, "binary_sensor", "smoke", device_class="smoke")
    found = only(declare(codec, component, "further", **options), Found)
    assert found.device_class == "smoke_detector"
    assert points(found)[f"{component}.further"].metric == metric


def test_degrees_fahrenheit_become_degrees_celsius(codec: HomeAssistant) -> None:
    declare(codec, "binary_sensor", "smoke", device_class="smoke")
    found = only(declare(codec, "sensor", "t", device_class="temperature", unit_of_measurement="°F"), Found)
    assert points(found)["sensor.t"].transform.apply(212.0) == pytest.approx(100.0)


def test_a_smoke_and_gas_alarm_in_one_housing_is_left_to_a_person(codec: HomeAssistant) -> None:
    declare(codec, "binary_sensor", "smoke", device_class="smoke")
    found = only(declare(codec, "binary_sensor", "co", device_class="carbon_monoxide"), Found)
    assert found.device_class == ""
    assert {point.metric for point in found.points} == {""}


def test_two_sockets_of_one_strip_are_left_to_a_person(codec: HomeAssistant) -> None:
    power = {"device_class": "power", "unit_of_measurement": "W"}
    declare(codec, "sensor", "p1", **power)
    found = only(declare(codec, "sensor", "p2", **power), Found)
    assert {point.metric for point in found.points} == {""}


def test_every_metric_that_is_suggested_is_one_of_its_class() -> None:
    classes = load([]).directory.device_classes
    for device_class, meant in MEANT.items():
        assert {each.metric for each in meant.values()} <= set(classes[device_class].metrics)
    assert set(DECIDES.values()) <= set(MEANT)


# Commands


@pytest.mark.parametrize(
    ("component", "options", "commands"),
    [
        ("siren", {}, {"sound": {"siren.x": True}, "silence": {"siren.x": False}}),
        ("siren", {"command_topic": None}, {}),
        ("lock", {}, {"release": {"lock.x": "unlocked"}, "lock": {"lock.x": "locked"}}),
        ("lock", {"code_format": ".+"}, {}),
        ("switch", {}, {}),
        ("valve", {}, {}),
    ],
)
def test_the_commands_of_the_class_are_suggested_where_there_is_one_thing_to_tell(
    codec: HomeAssistant, component: str, options: Any, commands: Any
) -> None:
    found = only(declare(codec, component, "x", **{"command_topic": SET, **options}), Found)
    assert found.commands == commands
    for wanted in commands.values():
        assert not isinstance(codec.encode("z1", wanted, ""), Rejected)


def test_two_locks_of_one_controller_are_left_to_a_person(codec: HomeAssistant) -> None:
    declare(codec, "lock", "a", command_topic=SET)
    assert only(declare(codec, "lock", "b", command_topic=SET), Found).commands == {}


def test_every_command_that_is_suggested_is_one_of_its_class(codec: HomeAssistant) -> None:
    classes = load([]).directory.device_classes
    for component in ("siren", "lock"):
        found = only(declare(codec, component, "x", device={"ids": component}, command_topic=SET), Found)
        assert found.commands.keys() == classes[found.device_class].commands.keys()
