"""The traps of Sparkplug B's values: history, quality, null, time, types."""

from __future__ import annotations

import pytest
from pysparkplug import DataType

from tests.support.sparkplug import (
    NOW,
    SMOKE,
    EdgeNode,
    M,
    born,
    by_alias,
    codec,
    hears,
    payload,
    rejected,
    said,
    values,
)


def test_trap_historical_values_are_told_as_historical_and_never_among_those_of_now() -> None:
    node, listening = EdgeNode(), codec()
    hears(listening, *born(node, "sd-1"))
    old = by_alias(10, True, DataType.BOOLEAN, at=NOW - 60_000, historical=True)
    older = by_alias(10, True, DataType.BOOLEAN, at=NOW - 90_000, historical=True)
    outputs = hears(listening, node.device_data("sd-1", by_alias(10, False, DataType.BOOLEAN), old, older))
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


def test_trap_is_null_means_that_what_was_known_counts_no_longer() -> None:
    node, listening = EdgeNode(), codec()
    hears(listening, *born(node, "sd-1"))
    outputs = hears(listening, node.device_data("sd-1", M(None, alias=10, null=True), M(None, alias=11)))
    assert values(outputs) == {"Smoke": None, "Temperature": None}


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_trap_a_number_that_is_none_is_no_value_and_a_dead_letter(number: float) -> None:
    node, listening = EdgeNode(), codec()
    hears(listening, *born(node, "sd-1"))
    outputs = hears(listening, node.device_data("sd-1", by_alias(11, number, DataType.FLOAT)))
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
            by_alias(11, 20.0, DataType.FLOAT, at=NOW + 700),
            by_alias(10, True, DataType.BOOLEAN, at=None),
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
    message = (
        node.topic("DDATA", "sd-1"),
        payload(by_alias(10, True, DataType.BOOLEAN, at=at), at=at, seq=node.next()),
    )
    (outputs,) = said(hears(listening, message))
    assert outputs.at is None


def test_trap_the_sources_of_a_node_have_clocks_of_their_own() -> None:
    """Smoke that ends must not count as older than the temperature told before it: it would never end."""
    node, listening = EdgeNode(), codec()
    hears(listening, *born(node, "sd-1"))
    hears(listening, node.device_data("sd-1", by_alias(11, 20.0, DataType.FLOAT, at=NOW + 2_000)), at=NOW + 2_000)
    (late,) = said(
        hears(listening, node.device_data("sd-1", by_alias(10, False, DataType.BOOLEAN, at=NOW + 500)), at=NOW + 2_100)
    )
    assert late.at == NOW + 2_001


def test_trap_a_clock_far_ahead_does_not_carry_others_with_it() -> None:
    node, listening = EdgeNode(), codec()
    hears(listening, *born(node, "sd-1"))
    hears(listening, node.device_data("sd-1", by_alias(11, 20.0, DataType.FLOAT, at=NOW + 86_400_000)))
    (now,) = said(hears(listening, node.device_data("sd-1", by_alias(10, True, DataType.BOOLEAN, at=NOW + 500))))
    assert now.at == NOW + 500


def test_trap_a_births_values_are_of_its_moment_however_long_they_have_held() -> None:
    node = EdgeNode()
    long_ago = M("Smoke", False, DataType.BOOLEAN, at=NOW - 3_600_000)
    (birth,) = said(hears(codec(), node.birth(long_ago, at=NOW)))
    assert birth.at == NOW


def test_trap_several_changes_of_a_metric_in_one_message_are_all_told_in_order() -> None:
    node, listening = EdgeNode(), codec()
    hears(listening, *born(node, "sd-1"))
    changes = [by_alias(10, value, DataType.BOOLEAN, at=NOW + 5) for value in (True, False, True)]
    outputs = hears(listening, node.device_data("sd-1", *changes))
    assert [(each.at, each.values["Smoke"]) for each in said(outputs)] == [
        (NOW + 5, True),
        (NOW + 6, False),
        (NOW + 7, True),
    ]


def test_trap_datasets_templates_and_files_are_named_with_what_is_taken_in_instead() -> None:
    node = EdgeNode()
    outputs = hears(codec(), node.birth(M("Table", None, DataType.DATASET), M("Fw", b"x", DataType.FILE), SMOKE))
    assert rejected(outputs) == ["wrong shape: Table: DataSet is not taken in; Fw: File is not taken in"]
    assert values(outputs)["Smoke"] is False
