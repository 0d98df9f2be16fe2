"""Sparkplug B: what an operator sees of nodes and devices, and the traps of PAYLOADS.md and of the specification."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError
from pysparkplug import DataType, DCmd, NCmd, State

from gateway.codecs import sparkplug_host as host
from gateway.codecs.port import Codec, Publish
from gateway.codecs.sparkplug import PAYLOAD_BYTES_MAX, Options, make
from rules.reading import Rejected
from rules.site import MetricKind
from tests.support.sparkplug import (
    NOW,
    EdgeNode,
    M,
    asks,
    codec,
    found,
    hears,
    online,
    payload,
    rejected,
    said,
    values,
)

SMOKE = M("Smoke", False, DataType.BOOLEAN, alias=10)
TEMPERATURE = M("Temperature", 21.5, DataType.FLOAT, alias=11)


def alias(number: int, value: Any, datatype: DataType, **more: Any) -> M:
    """As data have it: no name, no type."""
    metric = M(None, alias=number, **more)
    metric.raw = (datatype.field, datatype.encode(value))
    return metric


def born(node: EdgeNode, *devices: str) -> list[tuple[bytes, bytes]]:
    return [node.birth(), *(node.device_birth(each, SMOKE, TEMPERATURE) for each in devices)]


# ---- what is seen of a device without a line of configuration


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
    outputs = hears(listening, node.device_data("sd-1", alias(10, True, DataType.BOOLEAN, at=NOW + 10)))
    assert [(each.native_id, each.values, each.at) for each in outputs] == [
        ("tower/plant/sd-1", {"Smoke": True}, NOW + 10)
    ]


# ---- traps


def test_trap_after_our_restart_the_first_word_of_a_node_makes_us_ask_for_a_rebirth() -> None:
    """Data is QoS 0 and not retained: what was said meanwhile is lost."""
    node = EdgeNode()
    before = codec()
    declared = found(hears(before, *born(node, "sd-1")))
    after = codec()
    after.restore(declared)
    outputs = hears(after, node.device_data("sd-1", M("Smoke", True)))
    (ask,) = asks(outputs)
    assert ask.publish.topic == "spBv1.0/tower/NCMD/plant"
    assert (ask.publish.qos, ask.publish.retain) == (0, False)
    (metric,) = NCmd.decode(ask.publish.payload).metrics
    assert (metric.name, metric.alias, metric.value) == ("Node Control/Rebirth", None, True)
    assert values(outputs) == {"Smoke": True}  # and an alarm by name is one all the same


def test_trap_our_own_birth_certificate_makes_us_ask_every_node_also_a_silent_one() -> None:
    node, listening = EdgeNode(), codec(host_id="tocsin")
    hears(listening, *born(node, "sd-1"))
    certificate = host.birth("tocsin", NOW)
    outputs = listening.decode(certificate.topic.encode(), certificate.payload, NOW)
    assert [each.publish.topic for each in asks(outputs)] == ["spBv1.0/tower/NCMD/plant"]
    assert asks(hears(listening, node.data())) != []  # until the node is born again
    assert asks(hears(listening, *born(node, "sd-1"), node.data())) == []


def test_trap_historical_values_are_told_as_historical_and_never_among_those_of_now() -> None:
    node, listening = EdgeNode(), codec()
    hears(listening, *born(node, "sd-1"))
    old = alias(10, True, DataType.BOOLEAN, at=NOW - 60_000, historical=True)
    older = alias(10, True, DataType.BOOLEAN, at=NOW - 90_000, historical=True)
    outputs = hears(listening, node.device_data("sd-1", alias(10, False, DataType.BOOLEAN), old, older))
    assert [(each.historical, each.at, each.values) for each in said(outputs)] == [
        (True, NOW - 90_000, {"Smoke": True}),
        (True, NOW - 60_000, {"Smoke": True}),
        (False, NOW + 1, {"Smoke": False}),
    ]


def test_trap_a_historical_value_in_a_birth_is_not_one_of_now() -> None:
    buffered = M("Smoke", True, DataType.BOOLEAN, historical=True, at=NOW - 5_000)
    outputs = hears(codec(), EdgeNode().birth(buffered))
    assert "Smoke" not in values(outputs)
    assert values(outputs, historical=True) == {"Smoke": True}


def test_trap_a_gap_in_seq_asks_for_a_rebirth_and_still_takes_the_values() -> None:
    node, listening = EdgeNode(), codec()
    hears(listening, *born(node, "sd-1"))
    node.lose()
    outputs = hears(listening, node.device_data("sd-1", alias(10, True, DataType.BOOLEAN)))
    assert len(asks(outputs)) == 1
    assert values(outputs) == {"Smoke": True}


def test_trap_seq_wraps_from_255_to_0_without_a_gap() -> None:
    node, listening = EdgeNode(), codec()
    hears(listening, *born(node, "sd-1"))
    outputs = [
        output
        for step in range(600)
        for output in hears(listening, node.device_data("sd-1", alias(11, float(step), DataType.FLOAT)))
    ]
    assert asks(outputs) == []
    assert len(said(outputs)) == 600


def test_trap_seq_counts_over_the_messages_of_a_node_and_all_its_devices() -> None:
    node, listening = EdgeNode(), codec()
    outputs = hears(
        listening,
        *born(node, "a", "b"),
        node.data(),
        node.device_data("a"),
        node.device_data("b"),
        node.device_death("a"),
        node.data(),
    )
    assert asks(outputs) == []


def test_trap_an_ndeath_of_the_same_session_takes_the_node_and_all_its_devices_offline() -> None:
    node, listening = EdgeNode(bd_seq=7), codec()
    hears(listening, *born(node, "sd-1", "sd-2"))
    outputs = hears(listening, node.death())
    assert online(outputs) == {"tower/plant": False, "tower/plant/sd-1": False, "tower/plant/sd-2": False}
    assert asks(outputs) == []


def test_trap_an_ndeath_of_an_older_session_is_ignored() -> None:
    """The broker publishes the will of the connection before, after the node has connected anew."""
    node, listening = EdgeNode(bd_seq=7), codec()
    hears(listening, *born(node, "sd-1"))
    node.bd_seq = 8
    hears(listening, *born(node, "sd-1"))
    assert hears(listening, node.death(bd_seq=7)) == []
    assert hears(listening, node.death(bd_seq=7, at=NOW - 1_000)) == []
    assert online(hears(listening, node.death()))["tower/plant"] is False


def test_trap_an_ndeath_of_a_session_whose_birth_was_lost_counts() -> None:
    node, listening = EdgeNode(bd_seq=7), codec()
    hears(listening, *born(node, "sd-1"))
    outputs = hears(listening, node.death(bd_seq=8, at=NOW + 60_000))
    assert online(outputs) == {"tower/plant": False, "tower/plant/sd-1": False}
    assert len(asks(outputs)) == 1  # and if it lives after all it says so


def test_trap_an_ndeath_after_our_restart_counts_whatever_its_session() -> None:
    node = EdgeNode(bd_seq=3)
    after = codec()
    after.restore(found(hears(codec(), *born(node, "sd-1"))))
    outputs = hears(after, node.death(bd_seq=200))
    assert online(outputs) == {"tower/plant": False, "tower/plant/sd-1": False}
    assert len(asks(outputs)) == 1


def test_trap_aliases_count_after_the_birth_only() -> None:
    node, listening = EdgeNode(), codec()
    by_alias = alias(10, True, DataType.BOOLEAN)
    outputs = hears(listening, node.device_data("sd-1", by_alias))
    assert said(outputs) == []
    assert rejected(outputs) == ["wrong shape: alias 10 is of no birth"]
    assert len(asks(outputs)) == 1

    declared = found(hears(listening, *born(node, "sd-1")))
    after = codec()
    after.restore(declared)  # the node may have been born anew while we were away
    assert said(hears(after, node.device_data("sd-1", by_alias))) == []


def test_trap_aliases_of_a_session_end_with_its_death_and_with_the_next_birth() -> None:
    node, listening = EdgeNode(), codec()
    hears(listening, *born(node, "sd-1"))
    by_alias = alias(10, True, DataType.BOOLEAN)
    node.bd_seq = 1
    hears(listening, node.birth())
    outputs = hears(listening, node.device_data("sd-1", by_alias))
    assert said(outputs) == []
    assert len(asks(outputs)) == 1
    hears(listening, *born(node, "sd-1"), node.death())
    assert said(hears(listening, node.device_data("sd-1", by_alias))) == []


def test_trap_an_alias_that_comes_with_another_type_than_its_birth_said_is_not_believed() -> None:
    """A node started anew whose birth was lost may mean another metric by the same alias."""
    node, listening = EdgeNode(), codec()
    hears(listening, *born(node, "sd-1"))
    outputs = hears(listening, node.device_data("sd-1", M(None, 3.5, DataType.FLOAT, alias=10)))
    assert said(outputs) == []
    assert rejected(outputs) == ["wrong shape: alias 10 is Smoke by its birth, but Float now"]
    assert len(asks(outputs)) == 1


def test_trap_an_alias_given_twice_is_nobodys() -> None:
    node, listening = EdgeNode(), codec()
    outputs = hears(listening, node.birth(M("A", True, alias=1), M("B", False, alias=1)))
    assert rejected(outputs) == ["wrong shape: alias 1 is both A and B"]
    assert values(outputs)["A"] is True
    assert said(hears(listening, node.data(alias(1, True, DataType.BOOLEAN)))) == []


def test_trap_a_metric_that_no_birth_named_asks_for_a_rebirth_and_is_taken() -> None:
    node, listening = EdgeNode(), codec()
    hears(listening, *born(node, "sd-1"))
    outputs = hears(listening, node.device_data("sd-1", M("Tamper", True)))
    assert values(outputs) == {"Tamper": True}
    assert "Tamper was not in its birth" in asks(outputs)[0].reason


def test_trap_is_null_means_that_what_was_known_counts_no_longer() -> None:
    node, listening = EdgeNode(), codec()
    hears(listening, *born(node, "sd-1"))
    outputs = hears(listening, node.device_data("sd-1", M(None, alias=10, null=True), M(None, alias=11)))
    assert values(outputs) == {"Smoke": None, "Temperature": None}


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_trap_a_number_that_is_none_is_no_value_and_a_dead_letter(number: float) -> None:
    node, listening = EdgeNode(), codec()
    hears(listening, *born(node, "sd-1"))
    outputs = hears(listening, node.device_data("sd-1", alias(11, number, DataType.FLOAT)))
    assert values(outputs) == {"Temperature": None}
    assert rejected(outputs) == [f"wrong shape: Temperature: {number} is no number"]


def test_trap_an_array_that_is_null_says_so_of_each_of_its_elements() -> None:
    node, listening = EdgeNode(), codec()
    hears(listening, node.birth(M("U", [1.0, 2.0, 3.0], DataType.FLOAT_ARRAY, alias=5)))
    assert values(hears(listening, node.data(M(None, alias=5, null=True)))) == {"U.0": None, "U.1": None, "U.2": None}
    shorter = M("U", [4.0], DataType.FLOAT_ARRAY)
    assert values(hears(listening, node.data(shorter))) == {"U.0": 4.0, "U.1": None, "U.2": None}


@pytest.mark.parametrize(("quality", "known"), [(192, 21.0), (216, 21.0), (0, None), (500, None), (64, None)])
def test_trap_a_value_of_bad_or_stale_quality_is_no_value(quality: int, known: float | None) -> None:
    node, listening = EdgeNode(), codec()
    hears(listening, *born(node, "sd-1"))
    metric = M("Temperature", 21.0, DataType.FLOAT, properties={"Quality": quality})
    assert values(hears(listening, node.device_data("sd-1", metric))) == {"Temperature": known}


def test_trap_a_negative_number_travels_as_a_large_one() -> None:
    node, listening = EdgeNode(), codec()
    hears(listening, node.birth(M("T", -7, DataType.INT16, alias=1)))
    for raw in (2**16 - 20, 2**32 - 20):
        metric = M(None, alias=1, raw=("int_value", raw))
        assert values(hears(listening, node.data(metric))) == {"T": -20.0}


def test_trap_a_metrics_own_time_counts_and_the_messages_stands_in_for_a_missing_one() -> None:
    node, listening = EdgeNode(), codec()
    hears(listening, *born(node, "sd-1"))
    outputs = hears(
        listening,
        node.device_data(
            "sd-1",
            alias(11, 20.0, DataType.FLOAT, at=NOW + 700),
            alias(10, True, DataType.BOOLEAN, at=None),
            at=NOW + 900,
        ),
    )
    assert [(each.at, each.values) for each in said(outputs)] == [
        (NOW + 700, {"Temperature": 20.0}),
        (NOW + 900, {"Smoke": True}),
    ]


@pytest.mark.parametrize("at", [0, 2**63, None])
def test_trap_a_time_that_cannot_be_is_no_time(at: int | None) -> None:
    node, listening = EdgeNode(), codec()
    hears(listening, *born(node, "sd-1"))
    message = (node.topic("DDATA", "sd-1"), payload(alias(10, True, DataType.BOOLEAN, at=at), at=at, seq=node.next()))
    (outputs,) = said(hears(listening, message))
    assert outputs.at is None


def test_trap_the_sources_of_a_node_have_clocks_of_their_own() -> None:
    """Smoke that ends must not count as older than the temperature told before it: it would never end."""
    node, listening = EdgeNode(), codec()
    hears(listening, *born(node, "sd-1"))
    hears(listening, node.device_data("sd-1", alias(11, 20.0, DataType.FLOAT, at=NOW + 2_000)), at=NOW + 2_000)
    (late,) = said(
        hears(listening, node.device_data("sd-1", alias(10, False, DataType.BOOLEAN, at=NOW + 500)), at=NOW + 2_100)
    )
    assert late.at == NOW + 2_001


def test_trap_a_clock_far_ahead_does_not_carry_others_with_it() -> None:
    node, listening = EdgeNode(), codec()
    hears(listening, *born(node, "sd-1"))
    hears(listening, node.device_data("sd-1", alias(11, 20.0, DataType.FLOAT, at=NOW + 86_400_000)))
    (now,) = said(hears(listening, node.device_data("sd-1", alias(10, True, DataType.BOOLEAN, at=NOW + 500))))
    assert now.at == NOW + 500


def test_trap_a_births_values_are_of_its_moment_however_long_they_have_held() -> None:
    node = EdgeNode()
    long_ago = M("Smoke", False, DataType.BOOLEAN, at=NOW - 3_600_000)
    (birth,) = said(hears(codec(), node.birth(long_ago, at=NOW)))
    assert birth.at == NOW


def test_trap_several_changes_of_a_metric_in_one_message_are_all_told_in_order() -> None:
    node, listening = EdgeNode(), codec()
    hears(listening, *born(node, "sd-1"))
    changes = [alias(10, value, DataType.BOOLEAN, at=NOW + 5) for value in (True, False, True)]
    outputs = hears(listening, node.device_data("sd-1", *changes))
    assert [(each.at, each.values["Smoke"]) for each in said(outputs)] == [
        (NOW + 5, True),
        (NOW + 6, False),
        (NOW + 7, True),
    ]


def test_trap_a_device_that_is_not_born_again_with_its_node_is_offline() -> None:
    node, listening = EdgeNode(), codec()
    hears(listening, *born(node, "sd-1", "sd-2"))
    outputs = hears(listening, *born(node, "sd-1"), node.data())
    assert online(outputs) == {"tower/plant": True, "tower/plant/sd-1": True, "tower/plant/sd-2": False}


def test_trap_a_rebirth_does_not_take_living_devices_offline() -> None:
    node, listening = EdgeNode(), codec()
    hears(listening, *born(node, "sd-1", "sd-2"))
    outputs = hears(listening, *born(node, "sd-2", "sd-1"), node.data())
    assert False not in online(outputs).values()


def test_trap_a_device_birth_that_comes_after_the_nodes_death_does_not_bring_it_online() -> None:
    node, listening = EdgeNode(), codec()
    hears(listening, *born(node, "sd-1"))
    late = node.device_birth("sd-1", SMOKE)
    outputs = hears(listening, node.death(), late)
    assert online(outputs) == {"tower/plant": False, "tower/plant/sd-1": False}
    assert len(asks(outputs)) == 1


def test_trap_a_retained_birth_is_of_unknown_age_and_begins_no_session() -> None:
    node, listening = EdgeNode(), codec()
    outputs = hears(listening, node.birth(SMOKE), retained=True)
    assert [each.native_id for each in found(outputs)] == ["tower/plant"]
    assert online(outputs) == {}
    assert len(asks(outputs)) == 1
    assert said(hears(listening, node.data(alias(10, True, DataType.BOOLEAN)))) == []


def test_trap_messages_of_two_topics_that_overtook_each_other_do_not_wind_seq_back() -> None:
    node, listening = EdgeNode(), codec()
    hears(listening, *born(node, "sd-1"))
    first, second, third = node.device_data("sd-1"), node.data(), node.data()
    assert len(asks(hears(listening, second))) == 1
    hears(listening, first, third)
    assert asks(hears(listening, *born(node, "sd-1"), node.data())) == []


def test_trap_a_message_that_comes_twice_asks_for_nothing_and_keeps_its_time() -> None:
    node, listening = EdgeNode(), codec()
    hears(listening, *born(node, "sd-1"))
    message = node.device_data("sd-1", alias(10, True, DataType.BOOLEAN, at=NOW + 3))
    assert hears(listening, message) == hears(listening, message)


def test_trap_datasets_templates_and_files_are_named_with_what_is_taken_in_instead() -> None:
    node = EdgeNode()
    outputs = hears(codec(), node.birth(M("Table", None, DataType.DATASET), M("Fw", b"x", DataType.FILE), SMOKE))
    assert rejected(outputs) == ["wrong shape: Table: DataSet is not taken in; Fw: File is not taken in"]
    assert values(outputs)["Smoke"] is False


# ---- what cannot be understood


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


# ---- commands


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
    echo = hears(listening, node.device_data("siren", alias(3, True, DataType.BOOLEAN)))
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


# ---- restart, host


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
