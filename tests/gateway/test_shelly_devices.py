"""Shelly's devices: who they are, how they are told what to do, outlive a restart, and are bounded."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gateway.codecs.known import DEVICES_MAX
from gateway.codecs.native import VALUES_MAX
from gateway.codecs.pending import COMMANDS_MAX
from gateway.codecs.port import Answered, Ask, Found, Gone, Heard, Said
from gateway.codecs.shelly import Options
from rules.reading import Rejected
from tests.support.codec_rig import (
    NOW,
    bodies,
    decode,
    of,
    one,
    values,
)
from tests.support.shelly_rig import ANSWERS, METER, RELAY, SMOKE, ask_status, codec, notify, smoke

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


# Bounds


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
