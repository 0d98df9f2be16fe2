"""After a restart a codec takes up what was declared: the same messages then have the same answers."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.codecs.homeassistant import HomeAssistant, Options, make
from gateway.codecs.port import Found, Gone, Heard, Publish, Said
from tests.support.codec_messages import only, points, tell, those, values

STATE, THERE, SET = "homeassistant/z1/state", "homeassistant/z1/there", "homeassistant/z1/set"
DEVICE = {"ids": ["z1", "serial-7"], "name": "Horn"}


def declare(codec: HomeAssistant, component: str, object_id: str, **options: Any) -> list[Any]:
    given = {"device": DEVICE, "state_topic": STATE, "availability_topic": THERE, **options}
    return tell(codec, f"homeassistant/{component}/{object_id}/config", given)


@pytest.fixture
def found() -> Found:
    codec = make(Options())
    declare(
        codec, "binary_sensor", "smoke", value_template="{{ value_json.smoke }}", payload_on=True, payload_off=False
    )
    declare(codec, "siren", "horn", state_value_template="{{ value_json.horn }}", command_topic=SET)
    trigger = {"automation_type": "trigger", "type": "press", "topic": "homeassistant/z1/button", "payload": "1"}
    return those(declare(codec, "device_automation", "button", **trigger), Found)[-1]


def restored(found: Found) -> HomeAssistant:
    codec = make(Options())
    codec.restore([found])
    return codec


def test_states_are_read_before_any_declaration_comes_again(found: Found) -> None:
    codec = restored(found)
    said = tell(codec, STATE, {"smoke": True, "horn": "OFF"}, retained=True)
    assert values(said) == {"binary_sensor.smoke": True, "siren.horn": False}


def test_commands_availability_and_events_are_known_again(found: Found) -> None:
    codec = restored(found)
    assert codec.encode("z1", {"siren.horn": True}, "") == [Publish(SET, b'{"state":"ON"}')]
    assert tell(codec, THERE, "offline") == [Heard("z1", False)]
    assert len(tell(codec, "homeassistant/z1/button", "1")) == 1


def test_the_retained_declarations_say_nothing_new_when_they_come_again(found: Found) -> None:
    codec = restored(found)
    again = declare(codec, "siren", "horn", state_value_template="{{ value_json.horn }}", command_topic=SET)
    assert again == []


def test_a_changed_declaration_after_a_restart_is_found_anew_with_all_points(found: Found) -> None:
    again = only(declare(restored(found), "siren", "horn", command_topic="homeassistant/z1/other"), Found)
    assert list(points(again)) == list(points(found))


def test_a_device_is_known_by_its_other_names_after_a_restart(found: Found) -> None:
    config = {"device": {"ids": "serial-7"}, "state_topic": STATE}
    again = only(tell(restored(found), "homeassistant/sensor/more/config", config), Found)
    assert (again.native_id, len(again.points)) == ("z1", len(found.points) + 1)


def test_what_was_taken_back_while_nobody_listened_can_be_taken_back_again(found: Found) -> None:
    codec = restored(found)
    for component, object_id in (("binary_sensor", "smoke"), ("siren", "horn"), ("device_automation", "button")):
        outputs = tell(codec, f"homeassistant/{component}/{object_id}/config", "")
    assert outputs == [Gone("z1")]


@pytest.mark.parametrize("memory", [b"", b"\xff\x00", b"\x81\xa1a\x01", b"{}"])
def test_a_memory_that_is_not_understood_is_passed_over(found: Found, memory: bytes) -> None:
    codec = make(Options())
    codec.restore([Found("z2", memory=memory), found])
    assert those(tell(codec, STATE, {"smoke": True}), Said)


def test_restoring_more_devices_than_allowed_keeps_to_the_limit() -> None:
    codec, many = make(Options(devices_max=2)), make(Options())
    found = []
    for number in range(5):
        config = {"device": {"ids": f"d{number}"}, "state_topic": STATE}
        found += those(tell(many, f"homeassistant/sensor/s{number}/config", config), Found)
    codec.restore(found)
    assert len(those(tell(codec, STATE, "7"), Said)) == 2
