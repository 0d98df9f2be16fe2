"""Sparkplug B: what is seen of nodes and devices without a line of configuration, and what cannot be understood."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from pysparkplug import DataType

from gateway.codecs.sparkplug import PAYLOAD_BYTES_MAX, Options
from rules.reading import Rejected
from rules.site import MetricKind
from tests.support.sparkplug import (
    NOW,
    SMOKE,
    EdgeNode,
    M,
    born,
    by_alias,
    codec,
    found,
    hears,
    online,
    payload,
    rejected,
    values,
)


def test_a_birth_shows_a_device_with_its_points_units_and_ranges() -> None:
    node = EdgeNode()
    outputs = hears(
        codec(),
        node.birth(),
        node.device_birth(
            "boiler",
            M("Properties/Hardware Make", "Viessmann"),
            M("Properties/Hardware Model", "Vitocal"),
            M("Inputs/Smoke", False),
            M("Flow", 21.5, properties={"engUnit": "°C", "engLow": 0.0, "engHigh": 90.0, "readOnly": True}),
            M("Outputs/Valve", 40, DataType.UINT8),
            M("Phases", [230.5, 231.0], DataType.FLOAT_ARRAY),
        ),
    )
    boiler = found(outputs)[-1]
    assert (boiler.native_id, boiler.title, boiler.model) == ("tower/plant/boiler", "boiler", "Viessmann Vitocal")
    points = {each.name: each for each in boiler.points}
    assert points["Inputs/Smoke"].kind is MetricKind.BOOLEAN
    flow = points["Flow"]
    assert (flow.kind, flow.unit, flow.minimum, flow.maximum) == (MetricKind.NUMBER, "°C", 0.0, 90.0)
    assert not flow.settable
    assert points["Outputs/Valve"].settable
    assert not points["Properties/Hardware Make"].settable
    assert points["Phases.1"].kind is MetricKind.NUMBER
    assert "Phases" not in points
    known = values(outputs)
    assert (known["Phases.0"], known["Outputs/Valve"], known["Inputs/Smoke"]) == (230.5, 40.0, False)
    assert online(outputs) == {"tower/plant": True, "tower/plant/boiler": True}


def test_the_session_number_is_no_point() -> None:
    outputs = hears(codec(), EdgeNode().birth(SMOKE))
    assert [each.name for each in found(outputs)[0].points] == ["Node Control/Rebirth", "Smoke"]
    assert "bdSeq" not in values(outputs)


def test_data_by_alias_say_values_of_the_metrics_that_the_birth_named() -> None:
    node, listening = EdgeNode(), codec()
    hears(listening, *born(node, "sd-1"))
    outputs = hears(listening, node.device_data("sd-1", by_alias(10, True, DataType.BOOLEAN, at=NOW + 10)))
    assert [(each.native_id, each.values, each.at) for each in outputs] == [
        ("tower/plant/sd-1", {"Smoke": True}, NOW + 10)
    ]


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        (b"spBv1.0/tower/NDATA", "unknown topic"),
        (b"spBv1.0/tower/NDATA/plant/sd-1", "unknown topic"),
        (b"spBv1.0/tower/DDATA/plant", "unknown topic"),
        (b"spBv1.0/tower/XDATA/plant", "unknown topic"),
        (b"spBv1.0/tower/NDATA/", "unknown topic"),
        (b"spAv1.0/tower/NDATA/plant", "unknown topic"),
        (b"spBv1.0/tower/NDATA/\xff", "topic is not utf-8"),
        (b"spBv1.0/tower/NDATA/" + b"x" * 201, "unknown topic"),
    ],
)
def test_a_topic_that_is_none_of_the_specifications_is_rejected(topic: bytes, reason: str) -> None:
    (output,) = codec().decode(topic, payload(seq=0), NOW)
    assert isinstance(output, Rejected)
    assert output.reason == reason


def test_a_payload_that_is_no_protobuf_or_too_large_or_of_an_impossible_seq_is_rejected() -> None:
    topic, listening = EdgeNode().topic("NDATA"), codec()
    assert rejected(listening.decode(topic, b'{"value": 1}', NOW))[0].startswith("wrong shape: no Sparkplug B payload")
    large = listening.decode(topic, b"\x00" * (PAYLOAD_BYTES_MAX + 1), NOW)
    assert rejected(large) == ["payload too large: 262145 bytes; at most 262144"]
    assert rejected(listening.decode(topic, payload(seq=256), NOW)) == ["wrong shape: seq 256; expected 0 to 255"]
    compressed = b"\x22\x12SPBV1.0_COMPRESSED"
    assert "compressed payload" in rejected(listening.decode(topic, compressed, NOW))[0]


def test_one_value_that_makes_no_sense_does_not_cost_the_others() -> None:
    node, listening = EdgeNode(), codec()
    bad = M("Level", raw=("int_value", 300), datatype=DataType.UINT8)
    outputs = hears(listening, node.birth(bad, M("x" * 201, 1.0), M(None, 1.0), SMOKE))
    assert values(outputs) == {"Node Control/Rebirth": False, "Smoke": False}
    assert "Level: 300 in a UInt8; expected 0 to 255" in rejected(outputs)[0]
    assert "201 characters" in rejected(outputs)[0]
    assert "a metric without a name" in rejected(outputs)[0]


def test_a_birth_that_says_no_type_is_taken_where_the_field_leaves_no_doubt() -> None:
    node = EdgeNode()
    untyped = payload(M("A", raw=("double_value", 1.5)), M("B", raw=("int_value", 1)), seq=0)
    outputs = hears(codec(), (node.topic("NBIRTH"), untyped))
    assert values(outputs) == {"A": 1.5}
    assert rejected(outputs) == ["wrong shape: B: Unknown is not taken in"]


def test_commands_of_others_and_states_of_other_hosts_are_none_of_our_business() -> None:
    node, listening = EdgeNode(), codec(host_id="tocsin")
    assert listening.decode(node.topic("NCMD"), b"\xff", NOW) == []
    assert listening.decode(node.topic("DCMD", "sd-1"), b"\xff", NOW) == []
    assert listening.decode(b"spBv1.0/STATE/other", b"OFFLINE", NOW) == []
    assert rejected(listening.decode(b"spBv1.0/STATE/tocsin", b"ONLINE", NOW))[0].startswith("bad json")


def test_groups_that_are_not_asked_for_are_not_listened_to() -> None:
    listening = codec(groups=["tower"], host_id="tocsin")
    assert listening.topics() == ("spBv1.0/tower/#", "spBv1.0/STATE/tocsin")
    assert hears(listening, EdgeNode(group="plaza").birth()) == []
    assert found(hears(listening, EdgeNode().birth())) != []
    assert codec().topics() == ("spBv1.0/#",)


@pytest.mark.parametrize("options", [{"groups": ["a/b"]}, {"groups": [""]}, {"groups": ["STATE"]}, {"host_id": "+"}])
def test_options_that_would_make_a_wrong_topic_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="expected a name without"):
        Options(**options)
