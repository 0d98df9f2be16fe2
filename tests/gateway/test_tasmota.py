"""Tasmota's messages: each of the known traps by name, and nothing that a sender can say does harm."""

from __future__ import annotations

import re
from typing import Any

import pytest

from gateway.codecs.port import Ask, Found, Happened, Heard, Publish, Said
from gateway.codecs.transform import Transform
from rules.instant import MINUTE_MS, SECOND_MS
from rules.reading import Rejected
from rules.site import MetricKind
from tests.support.codec_rig import (
    decode,
    of,
    one,
    values,
)
from tests.support.tasmota_rig import ENERGY, MAC, THREE_PHASES, codec, discovered, point

# The traps of the format


@pytest.mark.parametrize(
    ("time", "at"),
    [
        ("2018-02-15T17:37:10", None),  # of some zone: nobody knows when that is
        ("2021-06-27T15:03:44+02:00", 1_624_799_024_000),
        ("2021-06-27T13:03:44Z", 1_624_799_024_000),
        ("1970-01-01T00:00:12+00:00", None),  # a clock that was never set
        ("9999-12-31T23:59:59-23:59", None),
        ("yesterday", None),
        (1_624_799_024, 1_624_799_024_000),  # the command Time 3
        (1_624_799_024_123, 1_624_799_024_123),  # Time 4
        (None, None),
    ],
)
def test_a_time_without_a_zone_is_no_time(time: Any, at: int | None) -> None:
    outputs = decode(codec(), "tele/boiler/SENSOR", {"Time": time, "ENERGY": ENERGY})
    assert one(Said, outputs).at == at


def test_a_time_beside_which_an_epoch_stands_is_the_epoch() -> None:
    said = {"Time": "2021-06-27T15:03:44", "Epoch": 1_624_799_024, "DS18B20": {"Temperature": 20.6}}
    assert one(Said, decode(codec(), "tele/boiler/SENSOR", said)).at == 1_624_799_024_000


def test_values_of_several_phases_are_arrays_and_become_numbered_points_with_the_metrics_of_the_phases() -> None:
    outputs = decode(codec(), "tele/main/SENSOR", {"ENERGY": THREE_PHASES})
    told = values(outputs)
    assert (told["ENERGY.Power.1"], told["ENERGY.Power.2"], told["ENERGY.Power.3"]) == (100, 200.5, 300)
    found = one(Found, outputs)
    assert found.device_class == "energy_meter"
    metrics = {each.name: each.metric for each in found.points}
    assert (metrics["ENERGY.Power.1"], metrics["ENERGY.Power.3"]) == ("power_l1_w", "power_l3_w")
    assert (metrics["ENERGY.Voltage.2"], metrics["ENERGY.Current.2"]) == ("voltage_l2_v", "current_l2_a")


def test_several_phases_have_the_sum_that_a_rule_about_the_whole_meter_needs() -> None:
    outputs = decode(codec(), "tele/main/SENSOR", {"ENERGY": THREE_PHASES})
    assert values(outputs)["ENERGY.Power.Sum"] == 600.5
    assert point(one(Found, outputs), "ENERGY.Power.Sum").metric == "power_w"
    broken = decode(codec(), "tele/main/SENSOR", {"ENERGY": {"Power": [100, None, 300]}})
    assert values(broken)["ENERGY.Power.Sum"] is None  # the rest is not the whole


def test_two_channels_of_a_plug_are_no_phases() -> None:
    found = one(Found, decode(codec(), "tele/plug/SENSOR", {"ENERGY": {"Power": [0, 5], "Voltage": 231}}))
    metrics = {each.name: each.metric for each in found.points}
    assert metrics == {
        "ENERGY.Power.1": "",
        "ENERGY.Power.2": "",
        "ENERGY.Voltage": "voltage_v",
        "ENERGY.Power.Sum": "power_w",
    }


@pytest.mark.parametrize(
    ("full_topic", "topic", "native_id", "command"),
    [
        ("%prefix%/%topic%/", "tele/boiler/SENSOR", "boiler", "cmnd/boiler/POWER"),
        ("tasmota/%topic%/%prefix%/", "tasmota/boiler/tele/SENSOR", "tasmota/boiler", "tasmota/boiler/cmnd/POWER"),
        ("%topic%/%prefix%", "boiler/tele/SENSOR", "boiler", "boiler/cmnd/POWER"),
        ("home-%prefix%/%id%", f"home-tele/{MAC}/SENSOR", f"home-%prefix%/{MAC}", f"home-cmnd/{MAC}/POWER"),
        ("%prefix%/cellar/%hostname%/", "tele/cellar/t-1/SENSOR", "cellar/t-1", "cmnd/cellar/t-1/POWER"),
    ],
)
def test_the_order_of_the_prefix_is_the_user_s_choice(
    full_topic: str, topic: str, native_id: str, command: str
) -> None:
    chosen = codec(full_topics=(full_topic,))
    outputs = decode(chosen, topic, {"POWER": "ON", "ENERGY": ENERGY})
    assert one(Said, outputs).native_id == native_id
    assert chosen.encode(native_id, {"POWER": True}, "CMD-1") == [Publish(command, b"ON")]
    assert any(covers(each, topic) for each in chosen.topics())


def covers(filter_: str, topic: str) -> bool:
    return re.fullmatch(re.escape(filter_).replace(r"\+", "[^/]+"), topic) is not None


def test_prefixes_may_have_other_names() -> None:
    chosen = codec(command_prefix="do", status_prefix="is", telemetry_prefix="says")
    assert one(Heard, decode(chosen, "says/boiler/LWT", "Online")).online
    assert values(decode(chosen, "is/boiler/POWER", "ON")) == {"POWER": "ON"}
    assert chosen.encode("boiler", {"POWER": False}, "CMD-1") == [Publish("do/boiler/POWER", b"OFF")]
    assert one(Rejected, decode(chosen, "tele/boiler/LWT", "Online")).reason == "unknown topic"


def test_the_default_telemetry_period_of_300_s_gives_a_silence_limit_of_three_of_them() -> None:
    found = one(Found, decode(codec(), "tele/boiler/SENSOR", {"ENERGY": ENERGY}))
    assert found.silent_after_ms == 15 * MINUTE_MS
    slow = codec(telemetry_period_s=3_600)
    assert one(Found, decode(slow, "tele/boiler/LWT", "Online")).silent_after_ms == 3 * 3_600 * SECOND_MS


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("stat/boiler/STATUS3", {"StatusLOG": {"SerialLog": 2, "TelePeriod": 60}}),
        ("stat/boiler/RESULT", {"TelePeriod": 60}),
    ],
)
def test_a_device_that_tells_its_telemetry_period_is_taken_at_its_word(topic: str, payload: Any) -> None:
    known = discovered()
    assert one(Found, decode(known, topic, payload)).silent_after_ms == 180 * SECOND_MS
    assert decode(known, topic, payload) == []  # told once


def test_a_device_that_sends_no_telemetry_has_no_silence_limit() -> None:
    assert one(Found, decode(discovered(), "stat/boiler/RESULT", {"TelePeriod": 0})).silent_after_ms is None


# What devices say


def test_an_energy_meter_is_told_from_its_first_words() -> None:
    outputs = decode(codec(), "tele/boiler/SENSOR", {"Time": "2018-02-15T17:37:10", "ENERGY": ENERGY})
    found = one(Found, outputs)
    assert (found.native_id, found.device_class) == ("boiler", "energy_meter")
    power = point(found, "ENERGY.Power")
    assert (power.kind, power.unit, power.metric) == (MetricKind.NUMBER, "W", "power_w")
    assert point(found, "ENERGY.Total").metric == "energy_kwh"
    assert values(outputs)["ENERGY.Power"] == 2635
    again = decode(codec(), "tele/boiler/SENSOR", {"ENERGY": ENERGY | {"TotalStartTime": "2018-11-14T18:39:40"}})
    assert "ENERGY.TotalStartTime" not in values(again)


def test_a_contact_is_said_as_its_switch_is_called_and_its_words_mean_true_and_false() -> None:
    said = {"Time": "2021-06-27T15:03:44+02:00", "Switch1": "OFF", "Switch2": "ON"}
    outputs = decode(codec(), "tele/door/SENSOR", said)
    assert values(outputs) == {"Switch1": "OFF", "Switch2": "ON"}
    switch = point(one(Found, outputs), "Switch1")
    assert (switch.values, switch.metric, switch.settable) == (("OFF", "ON"), "", False)
    assert (switch.transform.apply("ON"), switch.transform.apply("OFF")) == (True, False)


def test_a_switch_that_changes_says_so_at_once_and_not_with_the_next_telemetry() -> None:
    assert values(decode(codec(), "stat/door/RESULT", {"Switch1": {"Action": "ON"}})) == {"Switch1": "ON"}


def test_a_button_is_an_event_and_no_state() -> None:
    happened = one(Happened, decode(codec(), "stat/door/RESULT", {"Button1": {"Action": "DOUBLE"}}))
    assert (happened.event, happened.attributes) == ("Button1.DOUBLE", {"Action": "DOUBLE"})
    toggled = decode(codec(), "stat/door/RESULT", {"Switch2": {"Action": "TOGGLE"}})
    assert one(Happened, toggled).event == "Switch2.TOGGLE"
    assert of(Said, toggled) == []


def test_a_radio_code_is_an_event() -> None:
    said = {"Time": "2021-06-27T15:03:44", "RfReceived": {"Sync": 14_000, "Data": "7028D2", "RfKey": "None"}}
    happened = one(Happened, decode(codec(), "tele/bridge/RESULT", said))
    assert (happened.event, happened.attributes["Data"]) == ("RfReceived", "7028D2")


def test_the_will_says_online_and_offline_in_plain_text() -> None:
    known = codec()
    online = decode(known, "tele/boiler/LWT", "Online", retained=True)
    assert one(Heard, online) == Heard("boiler", True)
    assert decode(known, "tele/boiler/LWT", "Offline", retained=True) == [Heard("boiler", False)]
    assert one(Rejected, decode(known, "tele/boiler/LWT", "Perhaps")).reason == "wrong shape"
    assert decode(known, "tele/boiler/LWT", "") == []  # the retained message was deleted


def test_a_device_that_comes_online_is_asked_for_what_is_not_retained() -> None:
    ask = one(Ask, decode(codec(), "tele/boiler/LWT", "Online", retained=True))
    assert ask.publish == Publish("cmnd/boiler/Backlog", b"Status 3; Status 10; Status 11")


def test_the_answers_to_status_are_values_too() -> None:
    known = codec()
    sensors = {"StatusSNS": {"Time": "2021-06-27T15:03:44+02:00", "Switch1": "ON"}}
    said = one(Said, decode(known, "stat/door/STATUS10", sensors))
    assert (said.values, said.at) == ({"Switch1": "ON"}, 1_624_799_024_000)
    state = {"StatusSTS": {"Time": "2021-06-27T15:03:44", "UptimeSec": 9, "POWER": "ON", "Wifi": {"RSSI": 46}}}
    assert values(decode(known, "stat/door/STATUS11", state)) == {"UptimeSec": 9, "POWER": "ON", "Wifi.RSSI": 46}
    assert decode(known, "stat/door/STATUS2", {"StatusFWR": {"Version": "13.1.0"}}) == []


def test_state_says_the_relays_and_leaves_out_the_housekeeping() -> None:
    said = {"Uptime": "0T00:10:11", "Heap": 24, "LoadAvg": 19, "POWER1": "ON", "Wifi": {"SSId": "x", "Signal": -78}}
    assert values(decode(codec(), "tele/relay/STATE", said)) == {"POWER1": "ON", "Wifi.Signal": -78}


def test_a_sensor_that_fails_says_null_and_is_unknown_from_then_on() -> None:
    known = codec()
    decode(known, "tele/room/SENSOR", {"AM2301": {"Temperature": 20.5}, "TempUnit": "C"})
    assert values(decode(known, "tele/room/SENSOR", {"AM2301": {"Temperature": None}})) == {"AM2301.Temperature": None}


def test_fahrenheit_becomes_celsius_by_the_transform_of_the_point() -> None:
    known = codec()
    outputs = decode(known, "tele/room/SENSOR", {"DS18B20": {"Temperature": 212}, "TempUnit": "F"})
    hot = point(one(Found, outputs), "DS18B20.Temperature")
    assert hot.unit == "°F"
    assert hot.transform.apply(212.0) == pytest.approx(100)
    changed = decode(known, "tele/room/SENSOR", {"DS18B20": {"Temperature": 100}, "TempUnit": "C"})
    assert point(one(Found, changed), "DS18B20.Temperature").transform == Transform()


def test_a_threshold_that_the_user_set_is_a_value() -> None:
    assert values(decode(codec(), "tele/boiler/POWER_LOW", "ON")) == {"POWER_LOW": "ON"}


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("tele/boiler/INFO1", {"Info1": {"Module": "Sonoff POW"}}),
        ("tele/boiler/UPTIME", "1T03:00:00"),
        ("stat/boiler/LOGGING", "14:02:11 MQT: …"),
        ("stat/boiler/RESULT", {"SetOption19": "OFF"}),
        ("tele/boiler/SENSOR", ""),
    ],
)
def test_what_is_not_about_the_building_is_no_output(topic: str, payload: Any) -> None:
    assert decode(codec(), topic, payload) == []


def test_a_command_that_was_not_understood_is_seen() -> None:
    assert "boiler" in one(Rejected, decode(codec(), "stat/boiler/RESULT", {"Command": "Unknown"})).detail
