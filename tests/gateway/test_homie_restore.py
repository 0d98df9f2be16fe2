"""After a restart Homie devices are known again: the same messages then have the same answers."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.codecs.homie import Homie, Options, make
from gateway.codecs.port import Found, Heard, Publish, Said
from tests.support.codec_messages import tell, those, values

DOCUMENT = {
    "homie": "5.0",
    "name": "Light",
    "root": "bridge",
    "nodes": {"light": {"properties": {"power": {"datatype": "boolean", "settable": True}}}},
}
ATTRIBUTES = {
    "$homie": "4.0.0",
    "$nodes": "light",
    "light/$properties": "power",
    "light/power/$datatype": "boolean",
    "light/power/$settable": "true",
}


def declared() -> list[Found]:
    """A device of each version, as they were last found."""
    codec = make(Options())
    outputs: list[Any] = tell(codec, "homie/5/light/$description", DOCUMENT)
    outputs += tell(codec, "homie/5/light/$alert/lamp", "broken")
    for path, text in ATTRIBUTES.items():
        outputs += tell(codec, f"homie/light/{path}", text)
    return list({each.native_id: each for each in those(outputs, Found)}.values())


@pytest.fixture
def codec() -> Homie:
    restored = make(Options())
    restored.restore(declared())
    return restored


@pytest.mark.parametrize(("topic", "native_id"), [("homie/5/light", "5/light"), ("homie/light", "light")])
def test_values_states_and_commands_are_known_before_anything_is_declared_again(
    codec: Homie, topic: str, native_id: str
) -> None:
    assert tell(codec, f"{topic}/light/power", "true", retained=True) == [Said(native_id, {"light.power": True})]
    assert tell(codec, f"{topic}/$state", "lost", retained=True)[0] == Heard(native_id, False)
    assert codec.encode(native_id, {"light.power": False}, "") == [Publish(f"{topic}/light/power/set", b"false")]


def test_the_retained_declarations_say_nothing_new_when_they_come_again(codec: Homie) -> None:
    assert tell(codec, "homie/5/light/$description", DOCUMENT) == []
    for path, text in ATTRIBUTES.items():
        assert tell(codec, f"homie/light/{path}", text) == []


def test_a_device_is_lost_with_its_root_after_a_restart_too(codec: Homie) -> None:
    tell(codec, "homie/5/light/$state", "ready", retained=True)
    assert tell(codec, "homie/5/bridge/$state", "lost", retained=True) == [Heard("5/light", False)]


def test_a_known_alert_is_said_without_being_found_again(codec: Homie) -> None:
    outputs = tell(codec, "homie/5/light/$alert/lamp", "broken", retained=True)
    assert not those(outputs, Found)
    assert values(outputs) == {"$alert.lamp": True}


@pytest.mark.parametrize("memory", [b"", b"\xff\x00", b"\x81\xa1a\x01", b"{}"])
def test_a_memory_that_is_not_understood_is_passed_over(memory: bytes) -> None:
    codec = make(Options())
    codec.restore([Found("5/broken", memory=memory), *declared()])
    assert tell(codec, "homie/5/light/light/power", "true") == [Said("5/light", {"light.power": True})]


def test_restoring_more_devices_than_allowed_keeps_to_the_limit() -> None:
    codec = make(Options(devices_max=1))
    codec.restore(declared())
    assert len(codec._known.devices) == 1
