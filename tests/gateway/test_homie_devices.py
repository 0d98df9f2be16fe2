"""Homie devices of version 5 as people would see them: found, heard, lost with their root, told what to be."""

from __future__ import annotations

import re
from typing import Any

import pytest

from gateway.codecs.homie import COMPLAINTS_MAX, Homie, Options, make
from gateway.codecs.homie_declared import PROPERTIES_MAX
from gateway.codecs.homie_device import EXTRAS_MAX
from gateway.codecs.port import Found, Gone, Happened, Heard, Said
from rules.reading import Rejected
from rules.site import MetricKind
from tests.support.codec_messages import only, points, tell, those, values, why
from tests.support.homie_rig import CAR, NODES, describe


@pytest.fixture
def codec() -> Homie:
    return make(Options())


def test_a_device_is_found_with_all_properties_as_its_description_types_them(codec: Homie) -> None:
    found = only(describe(codec, type="vehicle"), Found)
    assert (found.native_id, found.title, found.model, found.device_class) == ("5/super-car", "Supercar", "vehicle", "")
    temperature, mode = points(found)["engine.temperature"], points(found)["engine.mode"]
    assert (temperature.kind, temperature.unit, temperature.minimum, temperature.maximum, temperature.settable) == (
        *(MetricKind.NUMBER, "°C", -20.0, 120.0, False),
    )
    assert (mode.kind, mode.values, mode.settable) == (MetricKind.STRING, ("off", "eco", "sport"), True)
    assert found.silent_after_ms is None


def test_a_value_is_said_as_its_property_types_it(codec: Homie) -> None:
    describe(codec)
    assert tell(codec, f"{CAR}/engine/temperature", "21.5") == [Said("5/super-car", {"engine.temperature": 21.5})]
    assert tell(codec, f"{CAR}/door/locked", "true") == [Said("5/super-car", {"door.locked": True})]


def test_a_deleted_value_counts_no_longer(codec: Homie) -> None:
    describe(codec)
    assert tell(codec, f"{CAR}/engine/temperature", "") == [Said("5/super-car", {"engine.temperature": None})]


def test_a_retained_value_is_said_so_that_an_active_condition_is_seen_at_the_start(codec: Homie) -> None:
    describe(codec)
    said = tell(codec, f"{CAR}/engine/temperature", "119", retained=True)
    assert said == [Said("5/super-car", {"engine.temperature": 119.0})]


@pytest.mark.parametrize("topic", [f"{CAR}/engine/temperature", f"{CAR}/$state", f"{CAR}/$alert/x", "homie/5/new/n/p"])
def test_a_payload_of_a_megabyte_is_refused_wherever_it_comes(codec: Homie, topic: str) -> None:
    describe(codec)
    assert only(tell(codec, topic, "1" * 1_000_000), Rejected).reason == "payload too large"


def test_a_value_outside_of_its_format_is_refused(codec: Homie) -> None:
    describe(codec)
    assert "expected -20 to 120" in why(tell(codec, f"{CAR}/engine/temperature", "121"))


@pytest.mark.parametrize(
    ("state", "online"),
    [("init", True), ("ready", True), ("sleeping", True), ("disconnected", False), ("lost", False)],
)
def test_each_state_is_online_or_offline_and_a_sleeping_device_is_not_offline(
    codec: Homie, state: str, online: bool
) -> None:
    describe(codec)
    outputs = tell(codec, f"{CAR}/$state", state, retained=True)
    assert outputs == [Heard("5/super-car", online), Said("5/super-car", {"$state": state})]


@pytest.mark.parametrize("state", ["alert", "READY", "online", "\xff"])
def test_a_state_that_version_5_does_not_know_is_refused(codec: Homie, state: str) -> None:
    describe(codec)
    assert "expected init, ready, disconnected, sleeping, lost" in why(tell(codec, f"{CAR}/$state", state))


def test_a_state_without_payload_is_the_removal_of_the_device(codec: Homie) -> None:
    describe(codec)
    tell(codec, f"{CAR}/$state", "ready")
    assert tell(codec, f"{CAR}/$state", "") == [Gone("5/super-car")]
    assert tell(codec, f"{CAR}/$state", "") == []
    assert not those(tell(codec, f"{CAR}/engine/temperature", "1"), Said)


def test_states_and_values_before_the_description_are_said_with_it(codec: Homie) -> None:
    """Retained messages come in any order, and none comes twice."""
    assert tell(codec, f"{CAR}/engine/temperature", "119", retained=True) == []
    assert tell(codec, f"{CAR}/$state", "ready", retained=True) == []
    assert tell(codec, f"{CAR}/$alert/battery", "low", retained=True) == []
    outputs = describe(codec)
    assert those(outputs, Heard) == [Heard("5/super-car", True)]
    assert values(outputs) == {"$state": "ready", "$alert.battery": True, "engine.temperature": 119.0}


def test_the_same_description_again_says_nothing_new_and_another_one_does(codec: Homie) -> None:
    describe(codec)
    assert describe(codec) == []
    assert only(describe(codec, nodes={"engine": NODES["engine"]}), Found).native_id == "5/super-car"
    assert "does not describe door.locked" in why(tell(codec, f"{CAR}/door/locked", "true"))


def test_a_momentary_property_is_an_event_and_no_state(codec: Homie) -> None:
    describe(codec)
    assert tell(codec, f"{CAR}/door/bell", "press") == [Happened("5/super-car", "door.bell", {"value": "press"})]


def test_a_momentary_property_that_was_retained_all_the_same_is_historical(codec: Homie) -> None:
    describe(codec)
    assert only(tell(codec, f"{CAR}/door/bell", "press", retained=True), Happened).historical


# The tree


def tree(codec: Homie) -> None:
    """The bridge of the convention: two lights behind a relay behind a bridge; and a device of another tree."""
    describe(codec, "bridge", nodes={}, children=["dualrelay"])
    describe(codec, "dualrelay", nodes={}, root="bridge", children=["light1", "light2"])
    describe(codec, "light1", nodes={}, root="bridge", parent="dualrelay")
    describe(codec, "light2", nodes={}, root="bridge", parent="dualrelay")
    describe(codec, "other", nodes={})
    for device in ("bridge", "dualrelay", "light1", "other"):
        tell(codec, f"homie/5/{device}/$state", "ready")
    tell(codec, "homie/5/light2/$state", "disconnected")


def heard(outputs: list[Any]) -> dict[str, bool]:
    return {each.native_id: each.online for each in those(outputs, Heard)}


def test_a_root_device_that_is_lost_takes_every_device_of_its_tree_with_it(codec: Homie) -> None:
    tree(codec)
    assert heard(tell(codec, "homie/5/bridge/$state", "lost")) == {
        "5/bridge": False,
        "5/dualrelay": False,
        "5/light1": False,
        "5/light2": False,
    }


def test_when_the_root_is_back_each_device_is_what_it_said_itself(codec: Homie) -> None:
    tree(codec)
    tell(codec, "homie/5/bridge/$state", "lost")
    assert heard(tell(codec, "homie/5/bridge/$state", "init")) == {
        "5/bridge": True,
        "5/dualrelay": True,
        "5/light1": True,
        "5/light2": False,
    }
    assert heard(tell(codec, "homie/5/bridge/$state", "ready")) == {"5/bridge": True}


def test_a_child_that_says_it_is_ready_stays_lost_as_long_as_its_root_is(codec: Homie) -> None:
    tree(codec)
    tell(codec, "homie/5/bridge/$state", "lost")
    assert heard(tell(codec, "homie/5/light2/$state", "ready")) == {"5/light2": False}
    assert heard(tell(codec, "homie/5/bridge/$state", "ready"))["5/light2"] is True


def test_a_child_that_describes_itself_while_its_root_is_lost_is_lost(codec: Homie) -> None:
    tell(codec, "homie/5/bridge/$state", "lost", retained=True)
    assert heard(describe(codec, "light1", root="bridge")) == {"5/light1": False}


def test_a_root_that_disconnects_in_good_order_does_not_take_its_tree_with_it(codec: Homie) -> None:
    tree(codec)
    assert heard(tell(codec, "homie/5/bridge/$state", "disconnected")) == {"5/bridge": False}


def test_a_lost_parent_that_is_not_the_root_takes_nobody_with_it(codec: Homie) -> None:
    tree(codec)
    assert heard(tell(codec, "homie/5/dualrelay/$state", "lost")) == {"5/dualrelay": False}


def test_a_child_that_leaves_the_tree_is_no_longer_lost_with_its_root(codec: Homie) -> None:
    tree(codec)
    describe(codec, "light1", nodes={})
    assert "5/light1" not in heard(tell(codec, "homie/5/bridge/$state", "lost"))


def test_a_lost_root_that_is_removed_leaves_its_tree_to_what_each_says(codec: Homie) -> None:
    tree(codec)
    tell(codec, "homie/5/bridge/$state", "lost")
    assert heard(tell(codec, "homie/5/bridge/$state", ""))["5/light1"] is True


# Alerts and targets


def test_an_alert_is_a_point_while_it_lasts_and_an_event_with_its_text(codec: Homie) -> None:
    describe(codec)
    found, said, happened = tell(codec, f"{CAR}/$alert/battery", "Battery is low, at 8%")
    assert "$alert.battery" in points(found)
    assert said == Said("5/super-car", {"$alert.battery": True})
    assert happened == Happened("5/super-car", "$alert.battery", {"text": "Battery is low, at 8%"})
    assert tell(codec, f"{CAR}/$alert/battery", "") == [Said("5/super-car", {"$alert.battery": False})]


def test_a_retained_alert_is_seen_at_the_start_and_its_event_is_historical(codec: Homie) -> None:
    describe(codec)
    outputs = tell(codec, f"{CAR}/$alert/childlost", "no reports for 3 hours", retained=True)
    assert values(outputs) == {"$alert.childlost": True}
    assert only(outputs, Happened).historical


def test_an_alert_that_ended_before_the_description_is_not_raised(codec: Homie) -> None:
    tell(codec, f"{CAR}/$alert/battery", "low")
    tell(codec, f"{CAR}/$alert/battery", "")
    assert "$alert.battery" not in values(describe(codec))


def test_a_target_is_a_point_of_its_own_and_not_yet_the_value(codec: Homie) -> None:
    describe(codec)
    outputs = tell(codec, f"{CAR}/engine/speed/$target", "100")
    assert points(only(outputs, Found))["engine.speed.$target"].kind is MetricKind.NUMBER
    assert values(outputs) == {"engine.speed.$target": 100.0}
    assert "expected 0 to 180" in why(tell(codec, f"{CAR}/engine/speed/$target", "200"))


def test_a_device_has_so_many_alerts_and_no_more(codec: Homie) -> None:
    describe(codec)
    for number in range(EXTRAS_MAX):
        tell(codec, f"{CAR}/$alert/a{number}", "x")
    outputs = tell(codec, f"{CAR}/$alert/more", "x")
    assert [type(each) for each in outputs] == [Rejected]


# What is wrong


def test_an_illegal_property_is_left_out_and_the_others_stay(codec: Homie) -> None:
    properties = {
        "good": {"datatype": "float"},
        "bad": {"datatype": "percent"},
        "Odd_Id": {"datatype": "float"},
        "no": 1,
    }
    nodes = {"n": {"properties": properties}, "N O": {}, "none": 1}
    outputs = describe(codec, nodes=nodes)
    assert list(points(only(outputs, Found))) == ["n.good", "$state"]
    assert len(those(outputs, Rejected)) == 5


@pytest.mark.parametrize(
    ("payload", "part_of_the_reason"),
    [
        (b"{", "no JSON"),
        (b"[]", 'expected an object with homie: "5.x"'),
        (b'{"homie": "4.0"}', 'expected an object with homie: "5.x"'),
        (b'{"homie": 5}', 'expected an object with homie: "5.x"'),
        (b'{"homie": ' + b"9" * 5_000 + b"}", ""),
        (b'{"homie": "5.0", "root": "No Id"}', "root is not the id of a device"),
        (b'{"homie": "5.0", "nodes": []}', "nodes; expected an object"),
        (b'{"homie": "5.0", "nodes": ' + b'{"a":' * 9_000, "no JSON"),
        (b"\xff", "no JSON"),
        (b"x" * 1_000_000, "1000000 bytes; at most 65536"),
    ],
)
def test_a_description_that_makes_no_sense_is_refused(codec: Homie, payload: bytes, part_of_the_reason: str) -> None:
    assert part_of_the_reason in why(tell(codec, f"{CAR}/$description", payload))


@pytest.mark.parametrize(
    "topic",
    ["homie/5/Super_Car/$state", "homie/5/car", "homie/5", "other/5/car/$state", "homie/5/car/a/b/c", "homie/5//x/y"],
)
def test_a_topic_that_the_convention_does_not_know_is_refused(codec: Homie, topic: str) -> None:
    assert only(tell(codec, topic, "x"), Rejected).reason == "unknown topic"


def test_a_topic_that_is_no_text_is_refused(codec: Homie) -> None:
    (rejected,) = codec.decode(b"homie/5/\xff/$state", b"ready", 0)
    assert isinstance(rejected, Rejected)
    assert rejected.reason == "topic is not utf-8"


# Bounds


def test_more_devices_than_allowed_are_refused_and_the_known_ones_stay() -> None:
    codec = make(Options(devices_max=2))
    describe(codec, "a")
    describe(codec, "b")
    assert "2 devices are known; at most 2 (devices_max)" in why(describe(codec, "c"))
    assert tell(codec, "homie/5/a/engine/temperature", "1") == [Said("5/a", {"engine.temperature": 1.0})]


def test_a_device_has_so_many_properties_and_no_more(codec: Homie) -> None:
    many = {"n": {"properties": {f"p{number}": {"datatype": "float"} for number in range(PROPERTIES_MAX + 1)}}}
    assert "257 properties; at most 256" in why(describe(codec, nodes=many))


def test_one_message_causes_a_few_dead_letters_at_most(codec: Homie) -> None:
    outputs = describe(codec, nodes={f"n{number}": 1 for number in range(200)})
    assert len(those(outputs, Rejected)) == COMPLAINTS_MAX


def test_devices_that_come_and_go_leave_nothing_behind(codec: Homie) -> None:
    for number in range(300):
        describe(codec, f"d{number}", root=f"r{number % 7}")
        tell(codec, f"homie/5/d{number}/$state", "")
    assert (codec._known.devices, codec._known._below, codec._known.size) == ({}, {}, 0)


# Settings


def test_it_listens_to_one_filter_for_whatever_versions_are_asked_for() -> None:
    assert make(Options()).topics() == ("homie/#",)
    assert make(Options(domain="site/homie", versions=(5,))).topics() == ("site/homie/5/#",)
    assert make(Options(versions=(4,))).topics() == ("homie/#",)


def test_a_version_that_is_not_asked_for_is_passed_over() -> None:
    assert describe(make(Options(versions=(4,)))) == []
    assert tell(make(Options(versions=(5,))), "homie/car/$state", "ready") == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"domain": "homie/#"}, "without wildcards"),
        ({"domain": "homie/"}, "without wildcards"),
        ({"versions": [3]}, "Input should be 4 or 5"),
        ({"versions": []}, "at least 1 item"),
        ({"devices_max": 0}, "greater than or equal to 1"),
        ({"root": "x"}, "Extra inputs are not permitted"),
    ],
)
def test_settings_that_make_no_sense_are_refused(options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        Options.model_validate(options)
