"""Homie devices of version 4, which describe themselves by one topic for every attribute."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from gateway.codecs.homie import Homie, Options, make
from gateway.codecs.homie_declared import DEVICE_ATTRIBUTES
from gateway.codecs.homie_device import ATTRIBUTES_MAX
from gateway.codecs.port import Found, Gone, Happened, Heard, Publish, Said
from rules.reading import Rejected
from rules.site import MetricKind
from tests.support.codec_messages import only, points, tell, those, values, why

CAR = "homie/super-car"
ATTRIBUTES = {
    "$homie": "4.0.0",
    "$name": "Super car",
    "$nodes": "engine,door",
    "$extensions": "",
    "$implementation": "esp8266",
    "engine/$name": "Car engine",
    "engine/$type": "V8",
    "engine/$properties": "temperature,speed",
    "engine/temperature/$name": "Engine temperature",
    "engine/temperature/$datatype": "float",
    "engine/temperature/$unit": "°C",
    "engine/temperature/$format": "-20:120",
    "engine/speed/$datatype": "integer",
    "engine/speed/$settable": "true",
    "door/$properties": "bell,horn",
    "door/bell/$datatype": "enum",
    "door/bell/$format": "press, hold",
    "door/bell/$retained": "false",
    "door/horn/$datatype": "boolean",
    "door/horn/$settable": "true",
    "door/horn/$retained": "false",
}


@pytest.fixture
def codec() -> Homie:
    return make(Options())


def describe(codec: Homie, device: str = "super-car", **changed: str) -> list[Any]:
    """All that the attributes caused, in their order."""
    attributes = {**ATTRIBUTES, **{f"${name}": text for name, text in changed.items()}}
    outputs: list[Any] = []
    for path, text in attributes.items():
        outputs += tell(codec, f"homie/{device}/{path}", text, retained=True)
    return outputs


def test_a_device_is_found_when_its_last_attribute_is_there_and_not_before(codec: Homie) -> None:
    found = those(describe(codec), Found)
    assert (found[-1].native_id, found[-1].title) == ("super-car", "Super car")
    assert list(points(found[-1])) == ["engine.temperature", "engine.speed", "door.bell", "door.horn", "$state"]
    assert all(len(each.points) == 5 for each in found)
    temperature = points(found[-1])["engine.temperature"]
    assert (temperature.kind, temperature.unit, temperature.maximum) == (MetricKind.NUMBER, "°C", 120.0)


def test_the_order_of_the_attributes_does_not_change_what_is_found_in_the_end() -> None:
    ends = []
    for first, second, third in permutations(["$nodes", "engine/$properties", "engine/temperature/$datatype"], 3):
        codec = make(Options())
        outputs: list[Any] = []
        for path in sorted(ATTRIBUTES, key=lambda path: [first, second, third, path].index(path)):
            outputs += tell(codec, f"{CAR}/{path}", ATTRIBUTES[path])
        ends.append(those(outputs, Found)[-1])
    assert all(each == ends[0] for each in ends)


def test_values_before_the_attributes_are_said_when_the_device_is_found(codec: Homie) -> None:
    assert tell(codec, f"{CAR}/engine/temperature", "119", retained=True) == []
    assert tell(codec, f"{CAR}/$state", "ready", retained=True) == []
    outputs = describe(codec)
    assert values(outputs) == {"engine.temperature": 119.0, "$state": "ready"}
    assert Heard("super-car", True) in outputs


def test_a_value_is_said_as_its_property_types_it(codec: Homie) -> None:
    describe(codec)
    assert tell(codec, f"{CAR}/engine/temperature", "21.5") == [Said("super-car", {"engine.temperature": 21.5})]
    assert "expected -20 to 120" in why(tell(codec, f"{CAR}/engine/temperature", "121"))


@pytest.mark.parametrize(
    ("state", "online"),
    [("init", True), ("ready", True), ("alert", True), ("sleeping", True), ("disconnected", False), ("lost", False)],
)
def test_version_4_has_a_state_alert_in_which_a_device_is_online(codec: Homie, state: str, online: bool) -> None:
    describe(codec)
    assert tell(codec, f"{CAR}/$state", state) == [Heard("super-car", online), Said("super-car", {"$state": state})]


def test_a_momentary_property_is_an_event(codec: Homie) -> None:
    describe(codec)
    assert tell(codec, f"{CAR}/door/bell", "press") == [Happened("super-car", "door.bell", {"value": "press"})]


def test_a_settable_property_is_set_by_its_own_topic(codec: Homie) -> None:
    describe(codec)
    assert codec.encode("super-car", {"engine.speed": 50.0}, "") == [Publish(f"{CAR}/engine/speed/set", b"50")]
    momentary = Publish(f"{CAR}/door/horn/set", b"true", qos=2)  # exactly once, as version 4 asks
    assert codec.encode("super-car", {"door.horn": True}, "") == [momentary]
    assert isinstance(codec.encode("super-car", {"engine.temperature": 1.0}, ""), Rejected)
    assert tell(codec, f"{CAR}/engine/speed/set", "50") == []


def test_the_interval_of_the_statistics_is_the_limit_of_silence_three_times_over(codec: Homie) -> None:
    describe(codec)
    assert only(tell(codec, f"{CAR}/$stats/interval", "60"), Found).silent_after_ms == 180_000
    outputs = tell(codec, f"{CAR}/$stats/battery", "80")
    assert points(only(outputs, Found))["$stats.battery"].kind is MetricKind.NUMBER
    assert values(outputs) == {"$stats.battery": 80.0}


@pytest.mark.parametrize("interval", ["0", "-5", "soon", "9" * 12, ""])
def test_an_interval_that_is_none_makes_no_limit(codec: Homie, interval: str) -> None:
    describe(codec)
    assert those(tell(codec, f"{CAR}/$stats/interval", interval), Found) == []


def test_a_node_that_is_taken_from_the_list_is_no_longer_described(codec: Homie) -> None:
    describe(codec)
    found = only(tell(codec, f"{CAR}/$nodes", "door"), Found)
    assert list(points(found)) == ["door.bell", "door.horn", "$state"]


def test_a_state_without_payload_is_the_removal_of_the_device(codec: Homie) -> None:
    describe(codec)
    assert tell(codec, f"{CAR}/$state", "") == [Gone("super-car")]
    assert those(describe(codec), Found)


def test_version_3_needs_no_datatype(codec: Homie) -> None:
    attributes = {"$homie": "3.0.1", "$nodes": "n", "n/$properties": "p"}
    outputs = [each for path, text in attributes.items() for each in tell(codec, f"homie/old/{path}", text)]
    assert points(only(outputs, Found))["n.p"].kind is MetricKind.STRING


@pytest.mark.parametrize(
    ("path", "text", "part_of_the_reason"),
    [
        ("$homie", "2.0.1", "expected 3.x or 4.x"),
        ("$homie", "5.0", "expected 3.x or 4.x"),
        ("$nodes", "engine,Door", "expected ids of a-z, 0-9 and -"),
        ("$nodes", "engine,lights[]", "expected ids of a-z, 0-9 and -"),
        ("engine/$properties", "temperature,a b", "expected ids of a-z, 0-9 and -"),
        ("engine/temperature/$datatype", "percent", "expected integer, float"),
        ("engine/temperature/$format", "low:high", "expected min:max"),
        ("engine/temperature/$settable", "yes", "neither true nor false"),
        ("engine/temperature/$format", "x" * 9_000, "has 9000 bytes; at most 8192"),
        ("engine/temperature/$unit", b"\xff", "is not utf-8"),
        ("$state", "online", "expected init, ready, disconnected, sleeping, lost, alert"),
        ("$nodes", ",".join(f"n{number}" for number in range(300)), ""),
    ],
)
def test_an_attribute_that_makes_no_sense_is_refused(
    codec: Homie, path: str, text: Any, part_of_the_reason: str
) -> None:
    describe(codec)
    outputs = tell(codec, f"{CAR}/{path}", text)
    if part_of_the_reason:
        assert part_of_the_reason in why(outputs)


def test_version_4_knows_no_alerts_targets_or_descriptions(codec: Homie) -> None:
    describe(codec)
    for path in ("$alert/battery", "engine/speed/$target", "$description"):
        assert tell(codec, f"{CAR}/{path}", "7") == []


def test_attributes_that_a_declaration_is_not_made_of_are_not_kept(codec: Homie) -> None:
    describe(codec)
    before = dict(codec._known.devices[4, "super-car"].attributes)
    for path in ("$fw/name", "$implementation/config", "$localip", "engine/$type", "engine/speed/$anything"):
        assert tell(codec, f"{CAR}/{path}", "x" * 1_000) == []
    assert codec._known.devices[4, "super-car"].attributes == before
    assert set(DEVICE_ATTRIBUTES) & set(before)


def test_a_device_has_so_many_attributes_and_no_more(codec: Homie) -> None:
    for number in range(ATTRIBUTES_MAX):
        tell(codec, f"homie/many/n/p{number}/$unit", "W")
    assert f"at most {ATTRIBUTES_MAX}" in why(tell(codec, "homie/many/n/more/$unit", "W"))


def test_the_same_id_in_both_versions_is_two_devices(codec: Homie) -> None:
    describe(codec)
    document = {"homie": "5.0", "nodes": {"n": {"properties": {"p": {"datatype": "float"}}}}}
    assert only(tell(codec, "homie/5/super-car/$description", document), Found).native_id == "5/super-car"
    assert tell(codec, f"{CAR}/engine/speed", "5") == [Said("super-car", {"engine.speed": 5.0})]
