"""Tasmota's messages: each of the known traps by name, and nothing that a sender can say does harm."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.codecs import tasmota
from gateway.codecs.known import DEVICES_MAX
from gateway.codecs.native import VALUES_MAX
from gateway.codecs.port import Ask, Found, Gone, Happened, Heard, Publish, Said
from gateway.codecs.tasmota import Options, Tasmota, make
from gateway.codecs.transform import Transform
from rules.instant import MINUTE_MS, SECOND_MS
from rules.reading import Rejected
from rules.site import MetricKind
from tests.support.codec_rig import (
    HOSTILE,
    NOW,
    assert_bounded,
    decode,
    mismatches,
    mutated,
    of,
    one,
    payloads,
    sample_files,
    sample_lines,
    sample_messages,
    sample_options,
    topics,
    values,
)

MAC = "5CCF7F3E3A1C"
ENERGY = {"Total": 6.294, "Power": 2635, "Factor": 0.99, "Voltage": 227, "Current": 11.661}
THREE_PHASES = {"Total": 42.5, "Power": [100, 200.5, 300], "Voltage": [231, 230, 229], "Current": [0.5, 0.9, 1.3]}
CONFIG: dict[str, Any] = {
    "ip": "192.0.2.7",
    "dn": "Boiler room meter",
    "fn": ["Boiler", None],
    "hn": "tasmota-3A1C-6684",
    "mac": MAC,
    "md": "Sonoff POW",
    "ty": 0,
    "if": 0,
    "ofln": "Offline",
    "onln": "Online",
    "state": ["OFF", "ON", "TOGGLE", "HOLD"],
    "sw": "13.1.0",
    "t": "boiler",
    "ft": "%prefix%/%topic%/",
    "tp": ["cmnd", "stat", "tele"],
    "rl": [1, 0, 0, 0],
    "swc": [-1, -1],
    "swn": [None, None],
    "dslp": 0,
    "ver": 1,
}


def codec(**options: Any) -> Tasmota:
    made = make(Options(**options))
    assert isinstance(made, Tasmota)
    return made


def discovered(**config: Any) -> Tasmota:
    known = codec()
    decode(known, f"tasmota/discovery/{MAC}/config", CONFIG | config)
    return known


def point(found: Found, name: str) -> Any:
    return next(each for each in found.points if each.name == name)


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


# What devices announce


def test_an_announced_device_is_known_by_its_mac_with_typed_points() -> None:
    known = codec()
    found = one(Found, decode(known, f"tasmota/discovery/{MAC}/config", CONFIG, retained=True))
    assert (found.native_id, found.title, found.model) == (MAC, "Boiler room meter", "Sonoff POW")
    assert [each.name for each in found.points] == ["POWER"]
    assert point(found, "POWER").settable
    sensors = {"sn": {"Time": "2024-02-24T22:20:38", "ENERGY": ENERGY}, "ver": 1}
    outputs = decode(known, f"tasmota/discovery/{MAC}/sensors", sensors, retained=True)
    assert one(Found, outputs).device_class == "energy_meter"
    assert of(Said, outputs) == []  # a sample of an unknown age is no reading
    assert one(Said, decode(known, "tele/boiler/SENSOR", {"ENERGY": ENERGY})).native_id == MAC


def test_a_renamed_topic_leaves_the_device_what_it_was() -> None:
    known = discovered()
    decode(known, f"tasmota/discovery/{MAC}/config", CONFIG | {"t": "cellar"})
    assert one(Said, decode(known, "tele/cellar/SENSOR", {"ENERGY": ENERGY})).native_id == MAC
    assert known.encode(MAC, {"POWER": True}, "CMD-1") == [Publish("cmnd/cellar/POWER", b"ON")]
    assert one(Said, decode(known, "tele/boiler/SENSOR", {"ENERGY": ENERGY})).native_id == "boiler"  # another one


def test_what_was_said_before_the_announcement_is_said_again_under_the_mac() -> None:
    known = codec()
    decode(known, "tele/boiler/LWT", "Online", retained=True)
    decode(known, "tele/boiler/SENSOR", {"Switch1": "ON"}, now=NOW - 500, retained=True)
    outputs = decode(known, f"tasmota/discovery/{MAC}/config", CONFIG, retained=True)
    assert [type(each) for each in outputs] == [Found, Gone, Heard, Said]
    assert one(Gone, outputs).native_id == "boiler"
    assert one(Heard, outputs) == Heard(MAC, True)
    assert one(Said, outputs) == Said(MAC, {"Switch1": "ON"}, NOW - 500)


def test_a_site_may_name_devices_by_topic_though_they_announce_themselves() -> None:
    known = codec(identify_by="topic")
    decode(known, "tele/boiler/LWT", "Online")
    outputs = decode(known, f"tasmota/discovery/{MAC}/config", CONFIG)
    assert (one(Found, outputs).native_id, one(Found, outputs).title) == ("boiler", "Boiler room meter")
    assert of(Gone, outputs) == []
    assert (
        one(Found, decode(known, f"tasmota/discovery/{MAC}/sensors", {"sn": {"ENERGY": ENERGY}})).native_id == "boiler"
    )


def test_an_emptied_announcement_means_gone_but_its_messages_still_find_it() -> None:
    known = discovered()
    assert decode(known, f"tasmota/discovery/{MAC}/config", "", retained=True) == [Gone(MAC)]
    assert decode(known, f"tasmota/discovery/{MAC}/sensors", "", retained=True) == []
    outputs = decode(known, "tele/boiler/SENSOR", {"Switch1": "ON"})
    assert (one(Found, outputs).native_id, one(Said, outputs).native_id) == (MAC, MAC)


def test_a_device_that_publishes_where_nobody_listens_is_said_to() -> None:
    outputs = decode(codec(), f"tasmota/discovery/{MAC}/config", CONFIG | {"ft": "tasmota/%topic%/%prefix%/"})
    assert one(Found, outputs).native_id == MAC
    assert "tasmota/boiler/tele/SENSOR" in one(Rejected, outputs).detail
    fine = codec(full_topics=("%prefix%/%topic%/", "tasmota/%topic%/%prefix%/"))
    known = decode(fine, f"tasmota/discovery/{MAC}/config", CONFIG | {"ft": "tasmota/%topic%/%prefix%/"})
    assert of(Rejected, known) == []
    assert one(Said, decode(fine, "tasmota/boiler/tele/SENSOR", {"Switch1": "ON"})).native_id == MAC


def test_states_and_wills_may_be_called_otherwise() -> None:
    known = discovered(state=["AUS", "EIN", "UM", "HALT"], ofln="weg", onln="da", swn=["Tuer", None])
    outputs = decode(known, "tele/boiler/SENSOR", {"Tuer": "EIN", "POWER": "AUS"})
    assert values(outputs) == {"Tuer": "EIN", "POWER": "AUS"}
    assert decode(known, "tele/boiler/LWT", "weg") == [Heard(MAC, False)]
    assert values(decode(known, "stat/boiler/RESULT", {"Tuer": {"Action": "AUS"}})) == {"Tuer": "AUS"}
    found = one(Found, decode(known, f"tasmota/discovery/{MAC}/config", CONFIG | {"swn": ["Tuer", None]}))
    assert point(found, "Tuer").transform.words == {"ON": True, "OFF": False}  # called as usual again


def test_a_device_that_sleeps_does_not_go_offline_with_each_sleep() -> None:
    known = discovered(dslp=1)
    assert decode(known, "tele/boiler/LWT", "Offline") == []
    assert one(Heard, decode(known, "tele/boiler/LWT", "Online")).online
    found = one(Found, decode(known, f"tasmota/discovery/{MAC}/config", CONFIG | {"dslp": 1}))
    assert found.silent_after_ms is None  # how long it sleeps is not told


def test_shutters_take_two_relays_and_are_set_by_position() -> None:
    known = codec()
    config = CONFIG | {"rl": [3, 3, 1, 2, 0]}
    found = one(Found, decode(known, f"tasmota/discovery/{MAC}/config", config))
    assert [each.name for each in found.points] == ["POWER3", "POWER4", "Shutter1.Position"]
    published = known.encode(MAC, {"Shutter1.Position": 40.0, "POWER3": "OFF"}, "CMD-1")
    assert published == [Publish("cmnd/boiler/ShutterPosition1", b"40"), Publish("cmnd/boiler/POWER3", b"OFF")]
    moved = decode(known, "stat/boiler/RESULT", {"Shutter1": {"Position": 40, "Direction": 0, "Target": 40}})
    assert values(moved)["Shutter1.Position"] == 40


@pytest.mark.parametrize(
    "wrong",
    [{"mac": "000000000000"}, {"t": ""}, {"ft": 3}, {"tp": ["cmnd"]}, {"tp": None}, {"dn": "x" * 101}],
)
def test_an_announcement_that_is_not_one_is_rejected(wrong: dict[str, Any]) -> None:
    outputs = decode(codec(), f"tasmota/discovery/{MAC}/config", CONFIG | wrong)
    assert [each.reason for each in of(Rejected, outputs)] == ["wrong shape"]
    assert len(outputs) == 1


# Commands


def test_a_command_is_a_word_under_cmnd_that_is_never_retained_and_never_empty() -> None:
    known = discovered()
    published = known.encode(MAC, {"POWER": True, "Dimmer": 35.0}, "CMD-1")
    assert published == [Publish("cmnd/boiler/POWER", b"ON"), Publish("cmnd/boiler/Dimmer", b"35")]
    for value in ("", "1; Restart 1", "x" * 41, "a\nb"):
        assert isinstance(known.encode(MAC, {"POWER": value}, "CMD-1"), Rejected)


@pytest.mark.parametrize("name", ["Backlog", "SetOption19", "ENERGY.Power", "Switch1", "POWER/../x", "Restart", ""])
def test_only_what_is_meant_to_be_set_can_be_set(name: str) -> None:
    rejected = discovered().encode(MAC, {name: "1"}, "CMD-1")
    assert isinstance(rejected, Rejected)
    assert "cannot be set" in rejected.detail


def test_nothing_is_sent_to_a_device_nobody_heard_of() -> None:
    assert isinstance(codec().encode("nobody", {"POWER": True}, "CMD-1"), Rejected)


def test_the_answer_to_a_command_is_the_new_state() -> None:
    known = discovered()
    assert decode(known, "stat/boiler/RESULT", {"POWER": "ON"}) == [Said(MAC, {"POWER": "ON"})]
    assert decode(known, "stat/boiler/POWER", "ON") == [Said(MAC, {"POWER": "ON"})]


# After a restart


def test_after_a_restart_the_same_messages_say_the_same() -> None:
    first = discovered(state=["AUS", "EIN", "UM", "HALT"], dslp=1)
    found = [*of(Found, decode(first, f"tasmota/discovery/{MAC}/config", CONFIG | {"dslp": 1, "md": "X"}))]
    found += of(Found, decode(first, "tele/other/SENSOR", {"DS18B20": {"Temperature": 70}, "TempUnit": "F"}))
    second = codec()
    second.restore(found)
    for topic, payload in [
        ("tele/boiler/LWT", "Offline"),
        ("tele/boiler/LWT", "Online"),
        ("stat/boiler/RESULT", {"POWER": "ON"}),
        ("tele/boiler/SENSOR", {"ENERGY": ENERGY}),
        ("tele/other/SENSOR", {"DS18B20": {"Temperature": 71}, "TempUnit": "F"}),
        (f"tasmota/discovery/{MAC}/sensors", {"sn": {"ENERGY": ENERGY}}),
        (f"tasmota/discovery/{MAC}/config", ""),
    ]:
        assert decode(second, topic, payload) == decode(first, topic, payload), topic
    assert second.encode(MAC, {"POWER": True}, "CMD-1") == first.encode(MAC, {"POWER": True}, "CMD-1")


@pytest.mark.parametrize("memory", [b"", b"{", b"[]", b'{"address": 3}', b"\xff", b"[" * 10_000])
def test_a_memory_that_is_not_ours_is_passed_over(memory: bytes) -> None:
    known = codec()
    known.restore([Found("x", memory=memory)])
    assert one(Found, decode(known, "tele/x/LWT", "Online")).native_id == "x"


# Options


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"full_topics": ["%topic%/"]}, "must contain %prefix% once"),
        ({"full_topics": ["%prefix%/"]}, "must contain %prefix% once"),
        ({"full_topics": ["%prefix%/%topik%/%topic%"]}, "%topik% is not %prefix%"),
        ({"full_topics": ["%prefix%/+/%topic%"]}, "cannot be part of it"),
        ({"full_topics": []}, "at least 1"),
        ({"telemetry_prefix": "stat"}, "they must differ"),
        ({"telemetry_prefix": "te/le"}, "match pattern"),
        ({"telemetry_period_s": 5}, "greater than or equal to 10"),
        ({"colour": "blue"}, "Extra inputs"),
    ],
)
def test_a_wrong_option_says_what_is_wrong_with_it(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Options(**options)
    assert message in str(caught.value)


# Nothing that a sender can say does harm

WORDS = [*CONFIG, "ENERGY", "Power", "Switch1", "Button1", "Action", "ON", "sn", "StatusSNS", "StatusLOG", "TelePeriod"]
LEVELS = ["tele", "stat", "cmnd", "tasmota", "discovery", MAC, "config", "sensors", "boiler", "SENSOR", "STATE", "LWT"]
LEVELS += ["RESULT", "STATUS10", "POWER", "POWER_LOW", "INFO1"]


@given(st.lists(st.tuples(topics(LEVELS), payloads(WORDS)), min_size=1, max_size=4))
def test_arbitrary_messages_never_raise_and_say_bounded_things(messages: list[tuple[bytes, bytes]]) -> None:
    known = codec()
    for topic, payload in messages:
        assert_bounded(known.decode(topic, payload, NOW))


@given(st.lists(mutated(sample_messages("tasmota")), min_size=1, max_size=6))
def test_damaged_samples_never_raise_and_say_bounded_things(messages: list[tuple[bytes, bytes]]) -> None:
    known = codec()
    for topic, payload in messages:
        assert_bounded(known.decode(topic, payload, NOW))


@pytest.mark.parametrize("payload", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize(
    "topic",
    [
        "tele/x/SENSOR",
        "tele/x/LWT",
        "stat/x/RESULT",
        "stat/x/POWER",
        "stat/x/STATUS10",
        f"tasmota/discovery/{MAC}/config",
    ],
)
def test_what_is_bad_json_too_deep_too_long_or_no_number_is_rejected_or_bounded(topic: str, payload: bytes) -> None:
    assert_bounded(codec().decode(topic.encode(), payload, NOW))


def test_a_bad_number_beside_an_alarm_is_left_out_and_the_alarm_is_taken() -> None:
    outputs = decode(codec(), "tele/x/SENSOR", {"Switch1": "ON", "A": {"B": 10**400}})
    assert values(outputs) == {"Switch1": "ON"}
    assert "A.B" in one(Rejected, outputs).detail


@pytest.mark.parametrize("topic", [b"tele/x", b"cmnd/x/POWER", b"foo", b"", b"\xff/x/SENSOR", b"tele/" + b"x" * 2_000])
def test_an_unknown_topic_is_rejected_with_what_was_expected(topic: bytes) -> None:
    rejected = one(Rejected, codec().decode(topic, b"{}", NOW))
    assert rejected.reason in ("unknown topic", "topic is not utf-8")


def test_invented_devices_and_points_do_not_grow_memory_without_bound() -> None:
    known = codec()
    for number in range(DEVICES_MAX + 50):
        decode(known, f"tele/x{number}/LWT", "Online")
    assert len(known._devices) == DEVICES_MAX
    for number in range(VALUES_MAX * 2):
        found = of(Found, decode(known, "tele/x/SENSOR", {f"Sensor{number}": {"Temperature": 1}}))
        assert all(len(each.points) <= VALUES_MAX for each in found)
    assert len(known._devices._devices.get("x").points) == VALUES_MAX  # type: ignore[union-attr]


def test_the_device_not_heard_of_for_longest_is_the_one_that_is_forgotten() -> None:
    known = discovered()
    for number in range(DEVICES_MAX - 1):
        decode(known, f"tele/x{number}/LWT", "Online")
    decode(known, "tele/boiler/LWT", "Online")  # heard of again
    decode(known, "tele/new/LWT", "Online")
    assert one(Said, decode(known, "tele/boiler/SENSOR", {"Switch1": "ON"})).native_id == MAC
    assert one(Found, decode(known, "tele/x0/LWT", "Online")).native_id == "x0"  # was forgotten


# Samples


@pytest.mark.parametrize("file", sample_files("tasmota"), ids=lambda file: file.stem)
def test_recorded_messages_are_read_as_it_stands_beside_them(file: Any) -> None:
    assert list(mismatches(make(Options(**sample_options(file))), file)) == []


def test_the_samples_show_every_kind_of_message() -> None:
    lines = [line for file in sample_files("tasmota") for line in sample_lines(file)]
    assert {line["topic"].rpartition("/")[2] for line in lines} >= {"SENSOR", "STATE", "LWT", "RESULT", "config"}
    assert json.dumps(lines)
    assert tasmota.PERIODS_OF_SILENCE == 3
