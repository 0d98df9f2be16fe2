"""Commands to devices of Home Assistant's discovery: what is published where, and what is refused instead."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.codecs.homeassistant import HomeAssistant, Options, make
from gateway.codecs.port import Found, Publish
from rules.reading import Rejected
from tests.support.codec_messages import only, points, tell

SET = "homeassistant/z1/set"


@pytest.fixture
def codec() -> HomeAssistant:
    return make(Options())


def declare(codec: HomeAssistant, component: str, **options: Any) -> list[Any]:
    given = {"device": {"ids": "z1"}, "state_topic": "homeassistant/z1/state", "command_topic": SET, **options}
    return tell(codec, f"homeassistant/{component}/x/config", given)


@pytest.mark.parametrize(
    ("component", "options", "value", "payload"),
    [
        ("switch", {}, True, b"ON"),
        ("switch", {"payload_off": "0"}, False, b"0"),
        ("switch", {"command_template": '{"relay": "{{ value }}"}'}, True, b'{"relay": "ON"}'),
        ("siren", {}, True, b'{"state":"ON"}'),
        ("siren", {"payload_off": "quiet"}, False, b'{"state":"quiet"}'),
        ("siren", {"command_template": "{{ value | lower }}"}, True, b"on"),
        ("siren", {"command_template": "{{ state }}"}, False, b"OFF"),
        ("light", {}, True, b"ON"),
        ("light", {"schema": "json"}, False, b'{"state":"OFF"}'),
        ("lock", {}, "locked", b"LOCK"),
        ("lock", {}, "unlocked", b"UNLOCK"),
        ("lock", {"payload_unlock": "auf"}, "unlocked", b"auf"),
        ("lock", {"payload_open": "OPEN"}, "open", b"OPEN"),
        ("alarm_control_panel", {}, "armed_away", b"ARM_AWAY"),
        ("alarm_control_panel", {}, "triggered", b"TRIGGER"),
        ("alarm_control_panel", {"command_template": '{"a": "{{ action }}"}'}, "disarmed", b'{"a": "DISARM"}'),
        ("alarm_control_panel", {"payload_disarm": "aus"}, "disarmed", b"aus"),
        ("button", {}, True, b"PRESS"),
        ("scene", {}, True, b"ON"),
        ("valve", {}, "closed", b"CLOSE"),
        ("valve", {"payload_open": "auf"}, "open", b"auf"),
        ("cover", {}, "stopped", b"STOP"),
        ("number", {"min": 0, "max": 50}, 21.0, b"21"),
        ("number", {"min": 0, "max": 50}, 21.5, b"21.5"),
        ("number", {"min": 0, "max": 50, "command_template": "{{ value | multiply(10) | int }}"}, 2.5, b"25"),
        ("select", {"options": ["eco", "boost"]}, "eco", b"eco"),
        ("text", {}, "hello", b"hello"),
        ("fan", {}, False, b"OFF"),
        ("humidifier", {}, True, b"ON"),
    ],
)
def test_a_point_that_is_set_is_published_as_the_documentation_says(
    codec: HomeAssistant, component: str, options: Any, value: Any, payload: bytes
) -> None:
    found = only(declare(codec, component, **options), Found)
    assert points(found)[f"{component}.x"].settable
    assert codec.encode("z1", {f"{component}.x": value}, "CMD-000001") == [Publish(SET, payload)]


def test_a_position_is_sent_in_what_the_device_counts_in(codec: HomeAssistant) -> None:
    declare(codec, "valve", reports_position=True, position_closed=40, position_open=140)
    assert codec.encode("z1", {"valve.x.position": 0.0}, "") == [Publish(SET, b"40")]
    assert codec.encode("z1", {"valve.x.position": 50.0}, "") == [Publish(SET, b"90")]
    assert isinstance(codec.encode("z1", {"valve.x": "open"}, ""), Rejected)


def test_a_command_goes_out_at_least_once_and_retained_where_the_device_wants_it(codec: HomeAssistant) -> None:
    declare(codec, "switch", qos=0, retain=True)
    assert codec.encode("z1", {"switch.x": True}, "") == [Publish(SET, b"ON", qos=1, retain=True)]
    declare(codec, "switch", qos=2)
    assert codec.encode("z1", {"switch.x": True}, "") == [Publish(SET, b"ON", qos=2, retain=False)]


def test_several_points_of_a_device_are_set_with_one_command(codec: HomeAssistant) -> None:
    declare(codec, "siren")
    declare(codec, "switch", command_topic="homeassistant/z1/lamp")
    wanted = codec.encode("z1", {"siren.x": True, "switch.x": False}, "")
    assert wanted == [Publish(SET, b'{"state":"ON"}'), Publish("homeassistant/z1/lamp", b"OFF")]


@pytest.mark.parametrize(
    ("component", "options", "wanted", "part_of_the_reason"),
    [
        ("sensor", {"command_topic": None}, {"sensor.x": 1}, "cannot be set; expected nothing: it has no commands"),
        ("switch", {}, {"switch.y": True}, "cannot be set; expected switch.x"),
        ("switch", {}, {"switch.x": "on"}, "expected true, false"),
        ("switch", {"command_topic": None}, {"switch.x": True}, "cannot be set"),
        ("button", {}, {"button.x": False}, "expected true"),
        ("lock", {}, {"lock.x": "ajar"}, "expected locked, unlocked"),
        ("lock", {"code_format": r"^\d{4}$"}, {"lock.x": "unlocked"}, "asks for a code"),
        ("alarm_control_panel", {"code": "1234"}, {"alarm_control_panel.x": "disarmed"}, "asks for a code"),
        ("number", {"min": 0, "max": 10}, {"number.x": 11.0}, "expected 0 to 10"),
        ("number", {"min": 0, "max": 10}, {"number.x": float("nan")}, "expected 0 to 10"),
        ("number", {"min": 0, "max": 10}, {"number.x": True}, "expected a number"),
        ("number", {"min": 0, "max": 10}, {"number.x": "5"}, "expected a number"),
        ("select", {"options": ["eco"]}, {"select.x": "max"}, "expected eco"),
        ("switch", {"command_template": "{% if value %}1{% endif %}"}, {"switch.x": True}, "cannot be set"),
        ("switch", {"command_template": "{{ states('x') }}"}, {"switch.x": True}, "cannot be set"),
        ("siren", {"command_off_template": "off"}, {"siren.x": True}, "cannot be set"),
        ("valve", {"payload_open": None}, {"valve.x": "open"}, "expected closed"),
        ("text", {}, {"text.x": "\ud800"}, "not Unicode"),
        ("text", {"command_template": "{{ value }}"}, {"text.x": "\ud800"}, "not Unicode"),
    ],
)
def test_a_command_that_the_device_does_not_know_is_refused_with_what_it_does(
    codec: HomeAssistant, component: str, options: Any, wanted: Any, part_of_the_reason: str
) -> None:
    declare(codec, component, **options)
    refused = codec.encode("z1", wanted, "CMD-000001")
    assert isinstance(refused, Rejected)
    assert part_of_the_reason in refused.detail


def test_of_two_points_of_which_one_is_refused_none_is_set(codec: HomeAssistant) -> None:
    declare(codec, "siren")
    assert isinstance(codec.encode("z1", {"siren.x": True, "siren.y": True}, ""), Rejected)


def test_a_device_that_has_not_declared_itself_is_refused(codec: HomeAssistant) -> None:
    refused = codec.encode("z9", {"switch.x": True}, "")
    assert isinstance(refused, Rejected)
    assert refused.reason == "unknown device"


def test_a_panel_that_asks_for_no_code_is_told(codec: HomeAssistant) -> None:
    free = {f"code_{each}_required": False for each in ("arm", "disarm", "trigger")}
    declare(codec, "alarm_control_panel", code="1234", **free)
    assert codec.encode("z1", {"alarm_control_panel.x": "triggered"}, "") == [Publish(SET, b"TRIGGER")]


def test_a_device_in_optimistic_mode_is_told_and_says_nothing(codec: HomeAssistant) -> None:
    found = only(declare(codec, "switch", state_topic=None, optimistic=True), Found)
    assert points(found)["switch.x"].settable
    assert codec.encode("z1", {"switch.x": True}, "") == [Publish(SET, b"ON")]
