"""What Homie devices of version 5 are told, and what they are by the profiles that they name."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.codecs.homie import Homie, Options, make
from gateway.codecs.homie_profiles import DECIDES, MEANT
from gateway.codecs.port import Found, Publish
from gateway.library import load
from rules.reading import Rejected
from tests.support.codec_messages import only, points, tell
from tests.support.homie_rig import CAR, describe


@pytest.fixture
def codec() -> Homie:
    return make(Options())


@pytest.mark.parametrize(
    ("wanted", "published"),
    [
        ({"engine.speed": 100.0}, [Publish(f"{CAR}/engine/speed/set", b"100")]),
        ({"engine.mode": "eco"}, [Publish(f"{CAR}/engine/mode/set", b"eco")]),
        ({"door.locked": False}, [Publish(f"{CAR}/door/locked/set", b"false")]),
        ({"door.horn": True}, [Publish(f"{CAR}/door/horn/set", b"true", qos=0)]),  # momentary: not late, not twice
        (
            {"door.locked": True, "engine.speed": 0.0},
            [Publish(f"{CAR}/door/locked/set", b"true"), Publish(f"{CAR}/engine/speed/set", b"0")],
        ),
    ],
)
def test_a_settable_property_is_set_by_its_own_topic_never_retained(codec: Homie, wanted: Any, published: Any) -> None:
    describe(codec)
    assert codec.encode("5/super-car", wanted, "CMD-000001") == published


@pytest.mark.parametrize(
    ("native_id", "wanted", "part_of_the_reason"),
    [
        ("5/super-car", {"engine.temperature": 20.0}, "cannot be set; expected engine.speed, engine.mode"),
        ("5/super-car", {"engine.speed": 200.0}, "expected 0 to 180"),
        ("5/super-car", {"engine.speed": "fast"}, "expected a number"),
        ("5/super-car", {"engine.mode": "turbo"}, "expected off, eco, sport"),
        ("5/super-car", {"door.locked": True, "engine.mode": "turbo"}, "expected off, eco, sport"),
        ("super-car", {"door.locked": True}, "has not described itself"),
        ("5/other", {"door.locked": True}, "has not described itself"),
    ],
)
def test_a_command_that_a_device_does_not_know_is_refused(
    codec: Homie, native_id: str, wanted: Any, part_of_the_reason: str
) -> None:
    describe(codec)
    refused = codec.encode(native_id, wanted, "CMD-000001")
    assert isinstance(refused, Rejected)
    assert part_of_the_reason in refused.detail


def test_commands_that_come_back_and_broadcasts_and_logs_concern_nobody(codec: Homie) -> None:
    describe(codec)
    for topic in (f"{CAR}/engine/speed/set", "homie/5/$broadcast/security/alert", f"{CAR}/$log/warn", f"{CAR}/$new"):
        assert tell(codec, topic, "100") == []


# Profiles


def profiled(name: str, unit: str) -> dict[str, Any]:
    return {"$profile": [f"{name}/1/0"], "properties": {"value": {"datatype": "float", "unit": unit}}}


def test_a_device_that_names_profiles_is_typed_by_them(codec: Homie) -> None:
    nodes = {
        "power": profiled("homie-sensor-power", "W"),
        "volt": profiled("homie-sensor-volt", "V"),
        "extra": profiled("homie-sensor-light", "lx"),
    }
    found = only(describe(codec, nodes=nodes), Found)
    assert found.device_class == "energy_meter"
    metrics = {name: point.metric for name, point in points(found).items()}
    assert metrics == {"power.value": "power_w", "volt.value": "voltage_v", "extra.value": "", "$state": ""}


def test_two_nodes_of_one_profile_are_left_to_a_person(codec: Homie) -> None:
    nodes = {name: profiled("homie-sensor-power", "W") for name in ("left", "right")}
    assert {point.metric for point in only(describe(codec, nodes=nodes), Found).points} == {""}


def test_a_unit_that_the_profile_does_not_allow_is_left_to_a_person(codec: Homie) -> None:
    nodes = {"power": profiled("homie-sensor-power", "kW")}
    assert points(only(describe(codec, nodes=nodes), Found))["power.value"].metric == ""


def test_a_watt_alone_does_not_make_a_meter(codec: Homie) -> None:
    nodes = {"power": {"properties": {"limit": {"datatype": "float", "unit": "W"}}}}
    assert only(describe(codec, nodes=nodes), Found).device_class == ""


def test_every_metric_that_a_profile_suggests_is_one_of_its_class() -> None:
    classes = load([]).directory.device_classes
    for device_class, meant in MEANT.items():
        assert {each.metric for each in meant.values()} <= set(classes[device_class].metrics)
    assert set(DECIDES.values()) <= set(MEANT)
