"""Zigbee2MQTT, trap by trap; recorded messages as a whole are in samples/zigbee2mqtt."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.codecs.native import PAYLOAD_BYTES_MAX
from gateway.codecs.port import Found, Gone, Happened, Heard, Output, Point, Publish, Said
from gateway.codecs.zigbee2mqtt import SILENT_AFTER_MS, Options, Zigbee2Mqtt, make
from rules.instant import HOUR_MS
from rules.reading import Rejected
from rules.site import MetricKind
from tests.support import samples

SMOKE, DOOR, PLUG, SIREN = "0x00158d0001dc126a", "0x00158d00039fe32c", "0x000d6f000b5f1c2d", "0x00124b0022b1f5aa"
LINES = samples.lines_of(samples.SAMPLES / "zigbee2mqtt" / "devices.jsonl")
DECLARED: list[dict[str, Any]] = json.loads(LINES[0]["payload"])


def told(codec: Zigbee2Mqtt, topic: str, payload: Any, retained: bool = False) -> list[Output]:
    body = payload if isinstance(payload, bytes) else (payload if isinstance(payload, str) else json.dumps(payload))
    raw = body if isinstance(body, bytes) else body.encode()
    return codec.decode(f"zigbee2mqtt/{topic}".encode(), raw, 0, retained)


@pytest.fixture
def codec() -> Zigbee2Mqtt:
    made = Zigbee2Mqtt("zigbee2mqtt")
    told(made, "bridge/devices", DECLARED)
    return made


def found(id_: str, devices: list[dict[str, Any]] = DECLARED) -> Found:
    outputs = told(Zigbee2Mqtt("zigbee2mqtt"), "bridge/devices", devices)
    return next(each for each in outputs if isinstance(each, Found) and each.native_id == id_)


def metrics(of: Found) -> dict[str, str]:
    return {point.name: point.metric for point in of.points if point.metric}


def measured(of: Found, point: str, value: Any) -> Any:
    return next(each.transform.apply(value) for each in of.points if each.name == point)


def exposing(*exposes: dict[str, Any], **more: Any) -> Found:
    device = {"ieee_address": SMOKE, "friendly_name": "x", "power_source": "Battery", "type": "EndDevice", **more}
    return found(SMOKE, [device | {"definition": {"exposes": list(exposes)}}])


def binary(name: str, **more: Any) -> dict[str, Any]:
    return {"type": "binary", "name": name, "property": name, "access": 1, "value_on": True, "value_off": False} | more


# ---- the traps, as they are listed


def test_trap_contact_true_is_closed() -> None:
    door = found(DOOR)
    assert metrics(door)["contact"] == "door"
    assert (measured(door, "contact", True), measured(door, "contact", False)) == ("closed", "open")


@pytest.mark.parametrize("name", ["test", "selftest", "self_test"])
def test_trap_a_test_is_not_a_fire(name: str) -> None:
    smoke = exposing(binary("smoke"), binary(name))
    assert metrics(smoke) == {"smoke": "alarm"}
    assert exposing(binary(name)).device_class == ""


def test_trap_voltage_is_millivolts_of_a_battery_on_sensors() -> None:
    assert "voltage" not in metrics(found(SMOKE))


def test_trap_voltage_is_volts_of_the_mains_on_plugs() -> None:
    plug = found(PLUG)
    assert (plug.device_class, metrics(plug)["voltage"]) == ("energy_meter", "voltage_v")


def test_trap_a_meter_whose_voltage_is_in_millivolts_has_no_mains_voltage() -> None:
    numeric = {"type": "numeric", "access": 1}
    meter = exposing(
        numeric | {"property": "power", "unit": "W"},
        numeric | {"property": "energy", "unit": "kWh"},
        numeric | {"property": "voltage", "unit": "mV"},
    )
    assert metrics(meter) == {"power": "power_w", "energy": "energy_kwh"}


@pytest.mark.parametrize(
    ("attribute", "payload", "value"),
    [("power", "0", 0), ("power", "12.5", 12.5), ("state", "ON", "ON"), ("energy", "null", None)],
)
def test_trap_single_attribute_topics(codec: Zigbee2Mqtt, attribute: str, payload: str, value: Any) -> None:
    assert told(codec, f"pantry plug/{attribute}", payload) == [Said(PLUG, {attribute: value})]


def test_trap_a_battery_device_is_offline_only_after_25_hours() -> None:
    assert (SILENT_AFTER_MS, found(SMOKE).silent_after_ms) == (25 * HOUR_MS, 25 * HOUR_MS)
    assert found(PLUG).silent_after_ms is None


def test_trap_a_name_with_slashes_is_one_device(codec: Zigbee2Mqtt) -> None:
    assert told(codec, "12F/east smoke", {"smoke": True}) == [Said(SMOKE, {"smoke": True})]
    assert told(codec, "12F/east smoke/smoke", "true") == [Said(SMOKE, {"smoke": True})]
    assert told(codec, "12F/east smoke/availability", "offline") == [Heard(SMOKE, False)]


def test_trap_a_device_named_as_the_attribute_of_another_is_itself() -> None:
    codec = Zigbee2Mqtt("zigbee2mqtt")
    told(codec, "bridge/devices", [_named(SMOKE, "z1"), _named(DOOR, "z1/power")])
    assert told(codec, "z1/power", {"contact": True}) == [Said(DOOR, {"contact": True})]


def test_trap_availability_has_two_forms(codec: Zigbee2Mqtt) -> None:
    for payload, online in (("online", True), ("offline", False), ({"state": "online"}, True), ({"state": "x"}, None)):
        outputs = told(codec, "pantry plug/availability", payload)
        assert outputs == [Heard(PLUG, online)] if online is not None else isinstance(outputs[0], Rejected)


@pytest.mark.parametrize("payload", ["offline", {"state": "offline"}])
def test_trap_a_bridge_that_is_offline_takes_all_its_devices_with_it(codec: Zigbee2Mqtt, payload: Any) -> None:
    outputs = told(codec, "bridge/state", payload)
    assert [each.online for each in outputs if isinstance(each, Heard)] == [False] * (len(DECLARED) - 1)


def test_trap_a_bridge_that_is_back_says_nothing_of_its_devices(codec: Zigbee2Mqtt) -> None:
    assert told(codec, "bridge/state", "online") == []


def test_trap_a_device_that_is_renamed_stays_the_same(codec: Zigbee2Mqtt) -> None:
    told(codec, "bridge/devices", [_named(SMOKE, "lobby smoke")])
    assert told(codec, "lobby smoke", {"smoke": True}) == [Said(SMOKE, {"smoke": True})]
    assert isinstance(told(codec, "12F/east smoke", {"smoke": True})[0], Rejected)


def test_trap_the_coordinator_is_no_device_of_the_building(codec: Zigbee2Mqtt) -> None:
    outputs = told(codec, "bridge/devices", DECLARED)
    assert [each for each in outputs if isinstance(each, Found) and each.title == "Coordinator"] == []


def test_trap_smoke_and_carbon_monoxide_in_one_leave_doubt() -> None:
    assert exposing(binary("smoke"), binary("carbon_monoxide")).device_class == ""
    assert exposing(binary("carbon_monoxide")).device_class == "gas_detector"


def test_trap_a_binary_whose_on_is_false_is_turned_round() -> None:
    smoke = exposing(binary("smoke", value_on=False, value_off=True))
    assert (measured(smoke, "smoke", False), measured(smoke, "smoke", True)) == (True, False)


def test_trap_a_binary_in_words_is_true_when_it_is_on() -> None:
    smoke = exposing(binary("smoke", value_on="ALARM", value_off="CLEAR"))
    assert [measured(smoke, "smoke", word) for word in ("ALARM", "CLEAR", "?")] == [True, False, None]


def test_trap_an_empty_retained_message_says_nothing(codec: Zigbee2Mqtt) -> None:
    assert told(codec, "pantry plug", b"", retained=True) == []


def test_trap_a_button_that_was_pressed_some_day_is_no_news(codec: Zigbee2Mqtt) -> None:
    assert told(codec, "bulb", {"action": "single"}) == [Happened("0x0017880104e45517", "single")]
    assert told(codec, "bulb", {"action": "single"}, retained=True) == []
    assert told(codec, "bulb", {"action": ""}) == []


def test_trap_what_somebody_tells_a_device_is_not_what_it_says(codec: Zigbee2Mqtt) -> None:
    for topic in ("pantry plug/set", "pantry plug/get", "pantry plug/set/state", "nobody/set", "bridge/request/x"):
        assert told(codec, topic, {"state": "ON"}) == [], topic


def test_trap_a_list_of_devices_that_is_partly_broken_takes_nobody_away(codec: Zigbee2Mqtt) -> None:
    outputs = told(codec, "bridge/devices", [*DECLARED[:2], {"ieee_address": "x", "friendly_name": "y"}])
    assert not any(isinstance(each, Gone) for each in outputs)
    assert told(codec, "pantry plug", {"power": 1}) == [Said(PLUG, {"power": 1})]


def test_trap_last_seen_is_no_time_of_a_value(codec: Zigbee2Mqtt) -> None:
    (said,) = told(codec, "pantry plug", {"state": "ON", "last_seen": "2026-11-24T08:00:00.000Z"})
    assert isinstance(said, Said)
    assert said.at is None


# ---- restarts, commands


def test_what_was_stored_of_a_device_is_enough_to_understand_it() -> None:
    codec = Zigbee2Mqtt("zigbee2mqtt")
    codec.restore([msgspec.json.decode(msgspec.json.encode(found(SIREN)), type=Found)])
    assert told(codec, "12F/siren", {"battery": 90}) == [Said(SIREN, {"battery": 90})]
    assert isinstance(codec.encode(SIREN, {"warning.mode": "stop"}, "CMD-000001"), list)


@pytest.mark.parametrize(
    ("id_", "points", "topic", "payload"),
    [
        (SIREN, {"warning.mode": "fire", "warning.duration": 1800.0}, "12F/siren", {"mode": "fire", "duration": 1800}),
        (PLUG, {"state": "OFF"}, "pantry plug", "OFF"),
        (PLUG, {"state": True}, "pantry plug", "ON"),
    ],
)
def test_a_command_is_published_to_the_name_the_device_has_now(
    codec: Zigbee2Mqtt, id_: str, points: dict[str, Any], topic: str, payload: Any
) -> None:
    published = codec.encode(id_, points, "CMD-000001")
    whole = {next(iter(points)).partition(".")[0]: payload}
    assert published == [Publish(f"zigbee2mqtt/{topic}/set", json.dumps(whole, separators=(",", ":")).encode())]


@pytest.mark.parametrize(
    ("id_", "points", "why"),
    [
        (SMOKE, {"smoke": True}, "cannot be set"),
        (SIREN, {"warning.mode": "shout"}, "cannot be 'shout'"),
        (SIREN, {"max_duration": 601.0}, "cannot be 601.0"),
        (SIREN, {"nothing": 1.0}, "cannot be set"),
        ("0xffffffffffffffff", {"state": "ON"}, "has not named"),
    ],
)
def test_a_command_that_the_device_does_not_take_is_refused(
    codec: Zigbee2Mqtt, id_: str, points: dict[str, Any], why: str
) -> None:
    refused = codec.encode(id_, points, "CMD-000001")
    assert isinstance(refused, Rejected)
    assert why in refused.detail


def test_another_prefix_is_another_network() -> None:
    codec = make(Options(prefix="floor/3"))
    assert codec.topics() == ("floor/3/bridge/devices", "floor/3/bridge/groups", "floor/3/#")


# ---- whatever comes

JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)
KEYS = ("ieee_address", "friendly_name", "definition", "type", "exposes", "features", "property", "values", "access")
ODD_DEVICES = st.lists(st.dictionaries(st.sampled_from(KEYS), JSONS | st.sampled_from([SMOKE, "binary", "composite"])))


@settings(max_examples=100, deadline=None)
@given(JSONS | ODD_DEVICES, st.sampled_from(["bridge/devices", "bridge/groups", "bridge/event", "12F/east smoke"]))
def test_nothing_that_is_json_raises(payload: Any, topic: str) -> None:
    codec = Zigbee2Mqtt("zigbee2mqtt")
    told(codec, "bridge/devices", DECLARED)
    for each in told(codec, topic, json.dumps(payload)):
        msgspec.json.encode(each)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60), st.binary(max_size=200))
def test_nothing_that_is_bytes_raises(topic: bytes, payload: bytes) -> None:
    codec = Zigbee2Mqtt("zigbee2mqtt")
    told(codec, "bridge/devices", DECLARED)
    for each in (b"zigbee2mqtt/" + topic, b"zigbee2mqtt/12F/east smoke/" + topic, b"zigbee2mqtt/bridge/" + topic):
        codec.decode(each, payload, 0)


def test_deep_nesting_and_a_flood_of_points_are_bounded(codec: Zigbee2Mqtt) -> None:
    deep = b'{"a":' * 5_000 + b"1" + b"}" * 5_000
    assert isinstance(told(codec, "pantry plug", deep)[0], Rejected)
    wide = json.dumps({f"p{number}": number for number in range(PAYLOAD_BYTES_MAX // 16)})
    (said,) = told(codec, "pantry plug", wide)
    assert isinstance(said, Said)
    assert len(said.values) == 256
    many = exposing(*(binary(f"p{number}") for number in range(1_000)))
    assert len(many.points) == 256


def test_a_point_says_what_it_can_be() -> None:
    points = {point.name: point for point in found(SIREN).points}
    assert points["warning.mode"].values[:2] == ("stop", "burglar")
    assert points["max_duration"] == Point("max_duration", MetricKind.NUMBER, "s", 0.0, 600.0, settable=True)


def _named(id_: str, name: str) -> dict[str, Any]:
    return next(each for each in DECLARED if each["ieee_address"] == id_) | {"friendly_name": name}
