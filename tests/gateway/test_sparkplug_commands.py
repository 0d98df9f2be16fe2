"""Sparkplug B: commands, our own certificates, and what is known after a restart."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pysparkplug import DataType, DCmd, NCmd, State

from gateway.codecs import sparkplug_host as host
from gateway.codecs.port import Codec, Publish
from gateway.codecs.sparkplug import Options, make
from rules.reading import Rejected
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
    rejected,
    values,
)


def command(listening: Codec, native_id: str, **points: Any) -> Publish:
    made = listening.encode(native_id, points, "CMD-000001")
    assert not isinstance(made, Rejected), made
    (publish,) = made
    return publish


def test_a_command_is_a_dcmd_by_alias_that_the_peer_understands_and_data_echo_it() -> None:
    node, listening = EdgeNode(), codec()
    outputs = M("Siren", False, DataType.BOOLEAN, alias=3), M("Level", 0, DataType.UINT8, alias=4)
    hears(listening, node.birth(), node.device_birth("siren", *outputs))
    publish = command(listening, "tower/plant/siren", Siren=True, Level=80.0)
    assert (publish.topic, publish.qos, publish.retain) == ("spBv1.0/tower/DCMD/plant/siren", 0, False)
    decoded = DCmd.decode(publish.payload)
    assert decoded.timestamp == NOW
    assert [(each.name, each.alias, each.datatype, each.value) for each in decoded.metrics] == [
        (None, 3, DataType.BOOLEAN, True),
        (None, 4, DataType.UINT8, 80),
    ]
    echo = hears(listening, node.device_data("siren", by_alias(3, True, DataType.BOOLEAN)))
    assert values(echo) == {"Siren": True}


def test_a_command_to_a_node_is_an_ncmd_and_rebirth_is_named_even_where_it_has_an_alias() -> None:
    node, listening = EdgeNode(), codec()
    rate = M("Node Control/Scan Rate", 3000, DataType.INT64, alias=2)
    hears(listening, node.birth(rate))
    publish = command(listening, "tower/plant", **{"Node Control/Scan Rate": 1000.0, "Node Control/Rebirth": True})
    assert publish.topic == "spBv1.0/tower/NCMD/plant"
    assert [(each.name, each.alias, each.value) for each in NCmd.decode(publish.payload).metrics] == [
        (None, 2, 1000),
        ("Node Control/Rebirth", None, True),
    ]


def test_a_command_names_its_metrics_once_a_message_is_missing_for_aliases_may_have_changed() -> None:
    node, listening = EdgeNode(), codec()
    declared = found(hears(listening, *born(node, "sd-1")))
    node.lose()
    hears(listening, node.data())
    after = codec()
    after.restore(declared)
    for each in (listening, after):
        (metric,) = DCmd.decode(command(each, "tower/plant/sd-1", Smoke=True).payload).metrics
        assert (metric.name, metric.alias) == ("Smoke", None)


@pytest.mark.parametrize(
    ("native_id", "points", "says"),
    [
        ("tower/plant/other", {"Smoke": True}, "unknown device: tower/plant/other: no birth of it was heard"),
        ("tower/else", {"Smoke": True}, "unknown device: tower/else: no birth of it was heard"),
        ("", {"Smoke": True}, "unknown device: : no birth of it was heard"),
        ("tower/plant/sd-1", {"Siren": True}, "unknown point: Siren is not among the metrics of tower/plant/sd-1"),
        ("tower/plant/sd-1", {"Smoke": "on"}, "wrong shape: Smoke: 'on' for a Boolean; expected true or false"),
        ("tower/plant/sd-1", {}, "wrong shape: a command without a point to set"),
    ],
)
def test_a_command_that_the_device_cannot_take_is_refused_with_the_reason(
    native_id: str, points: dict[str, Any], says: str
) -> None:
    node, listening = EdgeNode(), codec()
    hears(listening, *born(node, "sd-1"))
    refused = listening.encode(native_id, points, "CMD-000001")
    assert isinstance(refused, Rejected)
    assert f"{refused.reason}: {refused.detail}" == says


def test_after_a_restart_types_are_known_from_memory_and_commands_can_be_made() -> None:
    node, before, after = EdgeNode(), codec(), codec()
    after.restore(found(hears(before, *born(node, "sd-1"))))
    untyped = M("Temperature", raw=("int_value", 7))
    assert rejected(hears(after, node.device_data("sd-1", untyped))) != []  # a Float has no int_value
    assert values(hears(after, node.device_data("sd-1", M("Temperature", raw=("float_value", 0.5))))) == {
        "Temperature": 0.5
    }
    (metric,) = DCmd.decode(command(after, "tower/plant/sd-1", Temperature=1.0).payload).metrics
    assert metric.datatype is DataType.FLOAT


def test_a_memory_of_another_version_is_forgotten_and_nothing_raises() -> None:
    node, after = EdgeNode(), codec()
    (declared, *_) = found(hears(codec(), node.birth(SMOKE)))
    for memory in (b"", b"\xff", b"\x93\x01\x02\x03", b"\x81\x01\x02"):
        after.restore([type(declared)("tower/plant", memory=memory), type(declared)("a/b/c/d"), type(declared)("")])
    assert isinstance(after.encode("tower/plant", {"Smoke": True}, "1"), Rejected)


def test_our_certificates_are_as_the_peer_reads_them_and_the_birth_has_the_time_of_the_will() -> None:
    birth, will = host.birth("tocsin", NOW), host.will("tocsin", NOW)
    assert birth.topic == will.topic == "spBv1.0/STATE/tocsin"
    assert (birth.qos, birth.retain) == (will.qos, will.retain) == (1, True)
    assert State.decode(birth.payload) == State(timestamp=NOW, online=True)
    assert State.decode(will.payload) == State(timestamp=NOW, online=False)
    assert json.loads(birth.payload).keys() == {"online", "timestamp"}


def test_a_will_of_an_earlier_connection_contradicts_us_and_other_messages_do_not() -> None:
    birth, will = host.birth("tocsin", NOW), host.will("tocsin", NOW)
    assert host.is_contradicted("tocsin", will.topic.encode(), will.payload)
    assert host.is_contradicted("tocsin", will.topic.encode(), b"OFFLINE")
    assert not host.is_contradicted("tocsin", birth.topic.encode(), birth.payload)
    assert not host.is_contradicted("tocsin", b"spBv1.0/STATE/other", will.payload)


def test_a_codec_is_made_from_its_options() -> None:
    made: Codec = make(Options(groups=["tower"]))
    assert made.name == "sparkplug"
    assert made.topics() == ("spBv1.0/tower/#",)
