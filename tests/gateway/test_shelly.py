"""Shelly's messages: each of the known traps by name, and nothing that a sender can say does harm."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.codecs.port import Found, Happened, Heard, Said
from rules.instant import HOUR_MS, MINUTE_MS
from rules.reading import Rejected
from tests.support.codec_rig import (
    decode,
    of,
    one,
    values,
)
from tests.support.shelly_rig import ANSWERS, METER, RELAY, SMOKE, ask_status, codec, metrics, notify, smoke

# The traps of the format


def test_a_notified_status_is_a_delta_and_says_nothing_of_what_is_not_in_it() -> None:
    known = codec()
    notify(known, RELAY, {"ts": 1631186545.04, "switch:0": {"id": 0, "output": True, "source": "button"}})
    assert values(notify(known, RELAY, {"ts": 1631266595.44, "switch:0": {"id": 0, "apower": 8.9}})) == {
        "switch:0.apower": 8.9
    }


def test_a_key_that_comes_as_null_has_vanished_and_counts_no_longer() -> None:
    known = codec()
    notify(
        known, RELAY, {"ts": 1631186545.04, "switch:0": {"id": 0, "output": True, "timer": {"duration": 5, "at": 1}}}
    )
    assert values(notify(known, RELAY, {"switch:0": {"timer": None}})) == {
        "switch:0.timer.duration": None,
        "switch:0.timer.at": None,
    }
    assert values(notify(known, RELAY, {"switch:0": {"output": None}})) == {"switch:0.output": None}


def test_a_component_that_comes_as_null_takes_all_its_points_with_it() -> None:
    known = codec()
    notify(known, RELAY, {"temperature:100": {"id": 100, "tC": 20.1, "tF": 68.2}})
    assert values(notify(known, RELAY, {"temperature:100": None})) == {
        "temperature:100.tC": None,
        "temperature:100.tF": None,
    }


@pytest.mark.parametrize(
    ("ts", "at"),
    [
        (1631186545.04, 1_631_186_545_040),
        (1631186545, 1_631_186_545_000),
        (1.33, None),  # a battery device that just woke: seconds since then
        (None, None),
        ("1631186545", None),
        (True, None),
        (1e300, None),
    ],
)
def test_the_time_is_seconds_utc_with_a_fraction_unless_the_clock_was_never_set(ts: Any, at: int | None) -> None:
    assert one(Said, notify(codec(), RELAY, {"ts": ts, "switch:0": {"output": True}})).at == at


def test_the_waking_period_of_a_battery_device_makes_its_silence_limit() -> None:
    known = codec()
    found = one(Found, notify(known, SMOKE, smoke(), "NotifyFullStatus"))
    assert found.silent_after_ms == round(1.2 * 24 * HOUR_MS) + MINUTE_MS
    changed = one(Found, notify(known, SMOKE, smoke(wakeup_period=7_200), "NotifyFullStatus"))
    assert changed.silent_after_ms == round(1.2 * 2 * HOUR_MS) + MINUTE_MS
    assert of(Found, notify(known, SMOKE, smoke(wakeup_period=7_200), "NotifyFullStatus")) == []


@pytest.mark.parametrize("period", [0, -1, None, True, "86400", 1e12])
def test_a_waking_period_that_is_none_makes_no_silence_limit(period: Any) -> None:
    assert one(Found, notify(codec(), SMOKE, smoke(wakeup_period=period), "NotifyFullStatus")).silent_after_ms is None


def test_a_battery_device_that_goes_to_sleep_is_not_offline() -> None:
    known = codec()
    assert one(Heard, decode(known, f"{RELAY}/online", "false")) == Heard(RELAY, False)
    notify(known, SMOKE, smoke(), "NotifyFullStatus")
    assert decode(known, f"{SMOKE}/online", "false") == []
    assert one(Heard, decode(known, f"{SMOKE}/online", "true")) == Heard(SMOKE, True)


def test_a_test_of_a_smoke_detector_is_an_event_and_no_alarm() -> None:
    known = codec()
    events = [{"component": "smoke:0", "id": 0, "event": "alarm_test", "ts": 1795500100.5}]
    outputs = notify(known, SMOKE, {"ts": 1795500100.6, "events": events}, "NotifyEvent")
    assert one(Happened, outputs) == Happened(SMOKE, "smoke:0.alarm_test", {}, 1_795_500_100_500)
    assert of(Said, outputs) == []


# What devices say


def test_a_smoke_detector_is_told_from_its_full_status() -> None:
    outputs = notify(codec(), SMOKE, smoke(alarm=True), "NotifyFullStatus")
    found = one(Found, outputs)
    assert (found.native_id, found.model, found.device_class) == (SMOKE, "shellyplussmoke", "smoke_detector")
    assert metrics(found) == {"smoke:0.alarm": "alarm", "devicepower:0.battery.percent": "battery"}
    told = values(outputs)
    assert (told["smoke:0.alarm"], told["devicepower:0.battery.percent"]) == (True, 97)
    assert not any(name.startswith(("sys", "wifi")) for name in told)


def test_a_flood_sensor_is_a_water_leak_detector() -> None:
    status = {"flood:0": {"id": 0, "alarm": True, "mute": False, "errors": ["cable_unplugged"]}, "sys": {}}
    outputs = notify(codec(), "shellyfloodg4-aabbccddeeff", status, "NotifyFullStatus")
    assert one(Found, outputs).device_class == "water_leak_detector"
    assert metrics(one(Found, outputs)) == {"flood:0.alarm": "alarm", "flood:0.errors": "fault"}
    assert values(outputs)["flood:0.errors.words"] == "cable_unplugged"


def test_errors_are_true_while_listed_and_false_once_they_vanish() -> None:
    known = codec()
    assert values(notify(known, RELAY, {"switch:0": {"errors": ["overtemp", "overpower"]}})) == {
        "switch:0.errors": True,
        "switch:0.errors.words": "overtemp, overpower",
    }
    gone = {"switch:0.errors": False, "switch:0.errors.words": None}
    assert values(notify(known, RELAY, {"switch:0": {"errors": None}})) == gone
    notify(known, RELAY, {"switch:0": {"errors": ["overtemp"]}})
    assert values(decode(known, f"{RELAY}/status/switch:0", {"id": 0})) == gone


def test_a_meter_of_three_phases_is_told_without_doubt() -> None:
    em = {f"{phase}_{name}": 1.0 for phase in "abc" for name in ("act_power", "voltage", "current", "pf")}
    status = {
        "em:0": em | {"id": 0, "total_act_power": 3.0, "a_freq": 50.0},
        "emdata:0": {"id": 0, "total_act": 6000.0},
    }
    outputs = notify(codec(), METER, status)
    found = one(Found, outputs)
    assert found.device_class == "energy_meter"
    assert metrics(found)["em:0.b_act_power"] == "power_l2_w"
    energy = next(each for each in found.points if each.metric == "energy_kwh")
    assert (energy.name, energy.unit, energy.transform.apply(6000.0)) == ("emdata:0.total_act", "Wh", 6.0)
    assert len(metrics(found)) == len(set(metrics(found).values())) == 15


def test_a_metering_plug_is_told_only_once_all_of_it_is_known() -> None:
    known = codec()
    plug = "shellyplugsg3-aabbccddeeff"
    part = {"switch:0": {"id": 0, "output": True, "apower": 8.9, "voltage": 230.1, "aenergy": {"total": 1540.0}}}
    assert one(Found, notify(known, plug, part)).device_class == ""  # there may be more of them
    number = ask_status(known, plug)
    found = one(Found, decode(known, ANSWERS, {"id": number, "src": plug, "result": part}))
    assert found.device_class == "energy_meter"
    assert metrics(found) == {
        "switch:0.apower": "power_w",
        "switch:0.voltage": "voltage_v",
        "switch:0.aenergy.total": "energy_kwh",
    }


def test_a_device_that_measures_several_circuits_is_of_no_class() -> None:
    status = {f"switch:{n}": {"id": n, "output": True, "apower": 1.0} for n in range(4)}
    found = one(Found, notify(codec(), RELAY, status, "NotifyFullStatus"))
    assert (found.device_class, metrics(found)) == ("", {})


def test_a_component_s_own_status_is_whole_and_what_is_missing_has_vanished() -> None:
    known = codec()
    notify(known, RELAY, {"switch:0": {"output": True, "apower": 8.9}, "input:0": {"state": True}})
    assert values(decode(known, f"{RELAY}/status/switch:0", {"id": 0, "output": False})) == {
        "switch:0.output": False,
        "switch:0.apower": None,
    }


def test_a_component_that_speaks_later_is_found_with_those_before() -> None:
    known = codec()
    notify(known, RELAY, {"switch:0": {"output": True}})
    found = one(Found, notify(known, RELAY, {"input:0": {"state": True}}))
    assert [each.name for each in found.points] == ["switch:0.output", "input:0.state"]
    assert of(Found, notify(known, RELAY, {"input:0": {"state": False}})) == []


def test_a_full_status_does_not_touch_components_that_are_not_in_it() -> None:
    known = codec()
    notify(known, RELAY, {"bthomesensor:200": {"id": 200, "value": True}, "switch:0": {"output": True}})
    outputs = notify(known, RELAY, {"switch:0": {"id": 0, "output": False}}, "NotifyFullStatus")
    assert values(outputs) == {"switch:0.output": False}


def test_buttons_are_events_and_changes_of_the_configuration_are_not() -> None:
    events = [
        {"component": "input:2", "id": 2, "event": "single_push", "ts": 1678882095.02},
        {"component": "input:2", "id": 2, "event": "config_changed", "cfg_rev": 35},
        {"component": "sys", "event": "ota_begin", "msg": "Update"},
    ]
    outputs = notify(codec(), RELAY, {"ts": 1678882095.02, "events": events}, "NotifyEvent")
    assert [each.event for each in of(Happened, outputs)] == ["input:2.single_push"]
    assert of(Rejected, outputs) == []


@pytest.mark.parametrize(
    "frame",
    [
        {"src": RELAY, "method": "NotifyStatus"},
        {"method": "NotifyStatus", "params": {}},
        {"src": 5, "method": "NotifyStatus", "params": {}},
        {"src": "../x", "method": "NotifyStatus", "params": {}},
        {"src": RELAY, "method": "Shelly.Reboot", "params": {}},
        {"src": RELAY, "method": "NotifyStatus", "params": {"switch:0": 5}},
        {"src": RELAY, "method": "NotifyEvent", "params": {"events": [5]}},
        {"src": RELAY, "method": "NotifyEvent", "params": {"events": [{"component": "input:0"}] * 99}},
        [],
    ],
)
def test_a_frame_of_the_wrong_shape_is_rejected(frame: Any) -> None:
    outputs = decode(codec(), f"{RELAY}/events/rpc", frame)
    assert {each.reason for each in of(Rejected, outputs)} == {"wrong shape"}
    assert of(Said, outputs) == of(Happened, outputs) == []
