"""Shelly's messages: each of the known traps by name, and nothing that a sender can say does harm."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.codecs.known import DEVICES_MAX
from gateway.codecs.native import VALUES_MAX
from gateway.codecs.pending import COMMANDS_MAX
from gateway.codecs.port import Answered, Ask, Found, Gone, Happened, Heard, Said
from gateway.codecs.shelly import Options, Shelly, make
from rules.instant import HOUR_MS, MINUTE_MS
from rules.reading import Rejected
from tests.support.codec_rig import (
    HOSTILE,
    NOW,
    assert_bounded,
    bodies,
    decode,
    mismatches,
    mutated,
    of,
    one,
    payloads,
    sample_files,
    sample_messages,
    sample_options,
    topics,
    values,
)

RELAY = "shellypro4pm-f008d1d8b8b8"
SMOKE = "shellyplussmoke-80646fd09ed4"
METER = "shellypro3em-0cb815fcaff4"
ANSWERS = "tocsin-shelly/rpc"


def codec(**options: Any) -> Shelly:
    made = make(Options(**options))
    assert isinstance(made, Shelly)
    return made


def notify(known: Shelly, device: str, params: dict[str, Any], method: str = "NotifyStatus", prefix: str = "") -> Any:
    frame = {"src": device, "dst": f"{device}/events", "method": method, "params": params}
    return decode(known, f"{prefix or device}/events/rpc", frame)


def smoke(alarm: bool = False, **system: Any) -> dict[str, Any]:
    return {
        "ts": 1.33,
        "devicepower:0": {"id": 0, "battery": {"V": 2.99, "percent": 97}},
        "smoke:0": {"id": 0, "alarm": alarm, "mute": False},
        "sys": {"mac": "80646FD09ED4", "unixtime": None, "wakeup_period": 86_400, **system},
        "wifi": {"rssi": -20},
    }


def ask_status(known: Shelly, prefix: str) -> int:
    """The number under which the codec asks for a device's status when it comes online."""
    ask = one(Ask, decode(known, f"{prefix}/online", "true"))
    frame = json.loads(ask.publish.payload)
    assert (ask.publish.topic, frame["method"], frame["src"]) == (f"{prefix}/rpc", "Shelly.GetStatus", "tocsin-shelly")
    return int(frame["id"])


def metrics(found: Found) -> dict[str, str]:
    return {each.name: each.metric for each in found.points if each.metric}


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


# Who speaks


def test_a_device_that_comes_online_is_asked_for_all_of_its_status() -> None:
    known = codec()
    number = ask_status(known, SMOKE)
    answer = {"id": number, "src": SMOKE, "dst": "tocsin-shelly", "result": smoke(alarm=True, unixtime=1795500011)}
    outputs = decode(known, ANSWERS, answer)
    assert one(Said, outputs).at == 1_795_500_011_000
    assert values(outputs)["smoke:0.alarm"] is True  # an alarm that stands when the gateway comes up is not missed


def test_a_device_heard_for_the_first_time_by_a_delta_is_asked_for_the_rest() -> None:
    outputs = notify(codec(), RELAY, {"switch:0": {"output": True}})
    assert one(Ask, outputs).publish.topic == f"{RELAY}/rpc"


def test_what_came_under_a_chosen_prefix_is_said_again_once_the_device_says_who_it_is() -> None:
    known = codec()
    decode(known, "boiler/status/input:0", {"id": 0, "state": True}, now=NOW - 700)
    decode(known, "boiler/online", "true")
    outputs = notify(known, RELAY, {"ts": 1795500000.5, "switch:0": {"output": True}}, prefix="boiler")
    assert [type(each) for each in outputs] == [Found, Gone, Said, Heard, Ask, Said]
    assert one(Gone, outputs).native_id == "boiler"
    assert of(Said, outputs)[0] == Said(RELAY, {"input:0.state": True}, NOW - 700)
    assert one(Heard, outputs) == Heard(RELAY, True)
    assert {each.name for each in one(Found, outputs).points} == {"input:0.state", "switch:0.output"}


def test_anybody_s_topic_that_ends_in_online_is_no_device_until_a_shelly_speaks_there() -> None:
    known = codec()
    assert decode(known, "kitchen/online", "true") == []
    assert one(Heard, notify(known, RELAY, {"switch:0": {"output": True}}, prefix="kitchen")) == Heard(RELAY, True)


def test_a_prefix_that_the_options_name_is_a_device_s_even_before_it_says_who_it_is() -> None:
    known = codec(prefixes=("plant/+",))
    number = ask_status(known, "plant/main")
    result = {"em:0": {"id": 0, "total_act_power": 3.0}}
    outputs = decode(known, ANSWERS, {"id": number, "src": METER, "result": result})
    assert (one(Gone, outputs).native_id, one(Found, outputs).native_id) == ("plant/main", METER)
    assert known.topics() == ("plant/+/events/rpc", "plant/+/online", "plant/+/status/+", ANSWERS)


def test_a_new_prefix_leaves_the_device_what_it_was() -> None:
    known = codec()
    notify(known, RELAY, {"switch:0": {"output": True}})
    found = one(Found, notify(known, RELAY, {"switch:0": {"output": False}}, prefix="cellar"))
    assert found.native_id == RELAY
    assert bodies(known.encode(RELAY, {"switch:0.output": True}, "CMD-1"))[0][0] == "cellar/rpc"


# Commands and answers


def test_a_command_is_a_request_whose_answer_brings_its_id_back() -> None:
    known = codec()
    notify(known, RELAY, {"switch:0": {"output": True}})
    ((topic, frame),) = bodies(known.encode(RELAY, {"switch:0.output": False}, "CMD-000042"))
    assert topic == f"{RELAY}/rpc"
    assert (frame["method"], frame["params"], frame["src"]) == ("Switch.Set", {"id": 0, "on": False}, "tocsin-shelly")
    assert isinstance(frame["id"], int)
    answer = {"id": frame["id"], "src": RELAY, "dst": "tocsin-shelly", "result": {"was_on": True}}
    assert decode(known, ANSWERS, answer) == [Answered("CMD-000042", True)]
    assert decode(known, ANSWERS, answer) == []  # answered once


def test_a_refused_command_says_why() -> None:
    known = codec()
    notify(known, RELAY, {"switch:0": {"output": True}})
    ((_, frame),) = bodies(known.encode(RELAY, {"switch:0.output": False}, "CMD-1"))
    error = {"code": -103, "message": "Invalid argument 'id': 7 not found!"}
    answered = one(Answered, decode(known, ANSWERS, {"id": frame["id"], "src": RELAY, "error": error}))
    assert (answered.ok, answered.detail) == (False, "Invalid argument 'id': 7 not found! (-103)")


def test_a_command_of_several_points_is_done_when_all_are_and_failed_when_one_is() -> None:
    known = codec()
    notify(known, RELAY, {"switch:0": {"output": True}, "switch:1": {"output": True}})
    points = {"switch:0.output": False, "switch:1.output": False}
    first, second = (frame["id"] for _, frame in bodies(known.encode(RELAY, points, "CMD-1")))
    assert decode(known, ANSWERS, {"id": first, "src": RELAY, "result": {}}) == []
    assert decode(known, ANSWERS, {"id": second, "src": RELAY, "result": {}}) == [Answered("CMD-1", True)]
    first, second = (frame["id"] for _, frame in bodies(known.encode(RELAY, points, "CMD-2")))
    assert not one(Answered, decode(known, ANSWERS, {"id": first, "src": RELAY, "error": {"code": 401}})).ok
    assert decode(known, ANSWERS, {"id": second, "src": RELAY, "result": {}}) == []


@pytest.mark.parametrize(
    ("name", "value", "method", "params"),
    [
        ("light:0.brightness", 40.0, "Light.Set", {"id": 0, "brightness": 40}),
        ("cover:1.current_pos", 100.0, "Cover.GoToPosition", {"id": 1, "pos": 100}),
        ("smoke:0.mute", True, "Smoke.Mute", {"id": 0}),
        ("boolean:200.value", True, "Boolean.Set", {"id": 200, "value": True}),
        ("number:200.value", 1.5, "Number.Set", {"id": 200, "value": 1.5}),
        ("enum:200.value", "eco", "Enum.Set", {"id": 200, "value": "eco"}),
    ],
)
def test_every_settable_point_has_its_method(name: str, value: Any, method: str, params: Any) -> None:
    known = codec()
    notify(known, RELAY, {"switch:0": {"output": True}})
    ((_, frame),) = bodies(known.encode(RELAY, {name: value}, "CMD-1"))
    assert (frame["method"], frame["params"]) == (method, params)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("switch:0.output", "on"),
        ("switch:0.output", 1.0),
        ("light:0.brightness", True),
        ("smoke:0.mute", False),
        ("smoke:0.alarm", False),
        ("switch:x.output", True),
        ("sys.reboot", True),
        ("", True),
    ],
)
def test_what_cannot_be_set_is_rejected_with_what_can(name: str, value: Any) -> None:
    known = codec()
    notify(known, RELAY, {"switch:0": {"output": True}})
    assert isinstance(known.encode(RELAY, {name: value}, "CMD-1"), Rejected)
    assert isinstance(known.encode("nobody", {"switch:0.output": True}, "CMD-1"), Rejected)


def test_a_command_sent_once_more_after_a_restart_has_the_same_number() -> None:
    first, second = codec(), codec()
    found = of(Found, notify(first, RELAY, {"switch:0": {"output": True}}))
    second.restore(found)
    sent = first.encode(RELAY, {"switch:0.output": False}, "CMD-7")
    assert second.encode(RELAY, {"switch:0.output": False}, "CMD-7") == sent
    ((_, frame),) = bodies(sent)
    assert decode(second, ANSWERS, {"id": frame["id"], "src": RELAY, "result": {}}) == [Answered("CMD-7", True)]


def test_commands_nobody_answers_do_not_grow_memory_without_bound() -> None:
    known = codec()
    notify(known, RELAY, {"switch:0": {"output": True}})
    for number in range(COMMANDS_MAX + 10):
        known.encode(RELAY, {"switch:0.output": True}, f"CMD-{number}")
    assert len(known._requests) <= COMMANDS_MAX + 1


# After a restart


def test_after_a_restart_the_same_messages_say_the_same() -> None:
    first, second = codec(), codec()
    found = of(Found, notify(first, SMOKE, smoke(), "NotifyFullStatus"))
    found += of(Found, notify(first, RELAY, {"switch:0": {"output": True, "apower": 2}}, "NotifyFullStatus", "boiler"))
    second.restore(found)
    for topic, payload in [
        (f"{SMOKE}/online", "false"),
        (f"{SMOKE}/online", "true"),
        (f"{SMOKE}/status/smoke:0", {"id": 0, "alarm": True}),
        ("boiler/online", "false"),
        ("boiler/status/switch:0", {"id": 0, "output": False}),
        ("boiler/events/rpc", {"src": RELAY, "method": "NotifyStatus", "params": {"switch:0": None}}),
        ("boiler/events/rpc", {"src": RELAY, "method": "NotifyStatus", "params": {"switch:1": {"apower": 3}}}),
    ]:
        assert decode(second, topic, payload) == decode(first, topic, payload), topic


@pytest.mark.parametrize("memory", [b"", b"{", b"[]", b'{"prefix": 3}', b"\xff", b"[" * 10_000])
def test_a_memory_that_is_not_ours_is_passed_over(memory: bytes) -> None:
    known = codec()
    known.restore([Found(RELAY, memory=memory)])
    assert one(Found, decode(known, f"{RELAY}/online", "false")).native_id == RELAY


# Options


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"prefixes": ["plant/#"]}, "match pattern"),
        ({"prefixes": [""]}, "match pattern"),
        ({"prefixes": []}, "at least 1"),
        ({"source": "a/b"}, "match pattern"),
        ({"password": "x"}, "Extra inputs"),
    ],
)
def test_a_wrong_option_says_what_is_wrong_with_it(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Options(**options)
    assert message in str(caught.value)


# Nothing that a sender can say does harm

WORDS = [
    "src",
    RELAY,
    "method",
    "NotifyStatus",
    "NotifyFullStatus",
    "NotifyEvent",
    "params",
    "ts",
    "switch:0",
    "smoke:0",
]
WORDS += ["events", "component", "event", "errors", "sys", "wakeup_period", "id", "result", "error", "output", "alarm"]
LEVELS = [RELAY, "events", "rpc", "status", "online", "switch:0", "smoke:0", "tocsin-shelly", "boiler"]


@st.composite
def frames(draw: st.DrawFn) -> tuple[bytes, bytes]:
    params = draw(st.dictionaries(st.sampled_from(WORDS), payloads(WORDS).map(_loaded), max_size=4))
    method = draw(st.sampled_from(["NotifyStatus", "NotifyFullStatus", "NotifyEvent"]))
    frame = {"src": draw(st.sampled_from([RELAY, SMOKE])), "method": method, "params": params}
    return f"{draw(st.sampled_from([RELAY, 'boiler']))}/events/rpc".encode(), json.dumps(frame).encode()


def _loaded(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        return None


@given(st.lists(st.one_of(frames(), st.tuples(topics(LEVELS), payloads(WORDS))), min_size=1, max_size=5))
def test_arbitrary_messages_never_raise_and_say_bounded_things(messages: list[tuple[bytes, bytes]]) -> None:
    known = codec()
    for topic, payload in messages:
        assert_bounded(known.decode(topic, payload, NOW))


@given(st.lists(mutated(sample_messages("shelly")), min_size=1, max_size=6))
def test_damaged_samples_never_raise_and_say_bounded_things(messages: list[tuple[bytes, bytes]]) -> None:
    known = codec()
    for topic, payload in messages:
        assert_bounded(known.decode(topic, payload, NOW))


@pytest.mark.parametrize("payload", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("topic", [f"{RELAY}/events/rpc", f"{RELAY}/online", f"{RELAY}/status/switch:0", ANSWERS])
def test_what_is_bad_json_too_deep_too_long_or_no_number_is_rejected_or_bounded(topic: str, payload: bytes) -> None:
    assert_bounded(codec().decode(topic.encode(), payload, NOW))


@pytest.mark.parametrize("topic", [b"x", b"", b"a/b/online", b"x/status", b"\xff/online", b"x" * 2_000 + b"/online"])
def test_an_unknown_topic_is_rejected_with_what_was_expected(topic: bytes) -> None:
    rejected = one(Rejected, codec().decode(topic, b"{}", NOW))
    assert rejected.reason in ("unknown topic", "topic is not utf-8")


def test_invented_devices_and_points_do_not_grow_memory_without_bound() -> None:
    known = codec()
    for number in range(DEVICES_MAX + 50):
        decode(known, f"shelly-{number:012x}/online", "true")
        decode(known, f"anybody{number}/online", "true")
    assert len(known._devices) == DEVICES_MAX
    assert len(known._online) == DEVICES_MAX
    for number in range(VALUES_MAX * 2):
        found = of(Found, notify(known, RELAY, {f"switch:{number}": {"output": True}}))
        assert all(len(each.points) <= VALUES_MAX for each in found)


# Samples


@pytest.mark.parametrize("file", sample_files("shelly"), ids=lambda file: file.stem)
def test_recorded_messages_are_read_as_it_stands_beside_them(file: Any) -> None:
    assert list(mismatches(make(Options(**sample_options(file))), file)) == []
