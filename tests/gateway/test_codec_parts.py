"""The parts that codecs of foreign formats share: paths, flattening, bounded memory, templates, fields of bytes."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.codecs.binary_fields import BinaryField
from gateway.codecs.json_paths import (
    CLOCK_SET_FROM,
    DEPTH_MAX,
    MISSING,
    Flat,
    as_value,
    flatten,
    look_up,
    parse_path,
    plain,
    time_of,
    unix_time_of,
)
from gateway.codecs.known import POINTS_MAX, Device, Devices, Recent
from gateway.codecs.native import TEXT_CHARACTERS_MAX, VALUES_MAX
from gateway.codecs.pending import Pending
from gateway.codecs.port import Answered, Point
from gateway.codecs.tasmota_topics import FullTopic, name_of, resolve
from gateway.codecs.templates import TopicPattern, fill, fill_json
from gateway.codecs.transform import from_word
from rules.site import MetricKind

# Paths and trees


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("", ()),
        ("a", ("a",)),
        ("a.b-c[0][12].d", ("a", "b-c", 0, 12, "d")),
        ("[\"a b\"].c['d.e']", ("a b", "c", "d.e")),
        ("[0].x", (0, "x")),
    ],
)
def test_a_path_is_read_into_its_steps(text: str, steps: tuple[Any, ...]) -> None:
    assert parse_path(text) == steps


@pytest.mark.parametrize("text", ["a..b", ".a", "a.", "a[", "a[-1]", "a[*]", "$..a", "a b", "a[0", '["', "a.b()", "é"])
def test_what_is_no_path_is_shown_at_its_place(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a path: .* at \d+"):
        parse_path(text)


def test_a_path_has_a_longest_length() -> None:
    with pytest.raises(ValueError, match="17 steps; at most 16"):
        parse_path(".".join("a" * 17))


def test_nothing_at_a_path_is_not_the_same_as_null_there() -> None:
    tree = {"a": [{"b": None}]}
    assert look_up(tree, ("a", 0, "b")) is None
    for path in (("x",), ("a", 1), ("a", "b"), ("a", 0, "b", "c"), (0,)):
        assert look_up(tree, path) is MISSING


@given(st.text(max_size=30))
def test_any_text_is_a_path_or_a_value_error(text: str) -> None:
    try:
        steps = parse_path(text)
    except ValueError:
        return
    assert len(steps) <= 16
    assert bool(steps) == bool(text)


def test_a_tree_becomes_named_values_with_lists_counted_from_one() -> None:
    flat = Flat()
    flatten({"ENERGY": {"Power": [1, 2]}, "on": True, "gone": None, "word": "x"}, flat)
    assert flat.values == {"ENERGY.Power.1": 1, "ENERGY.Power.2": 2, "on": True, "gone": None, "word": "x"}
    assert flat.refused == []


def test_what_is_too_much_is_refused_and_the_rest_is_taken() -> None:
    flat = Flat()
    deep: Any = 1
    for _ in range(DEPTH_MAX + 2):
        deep = {"d": deep}
    flatten({"deep": deep, "long": "x" * (TEXT_CHARACTERS_MAX + 1), "n" * 300: 1, "fine": 2}, flat)
    assert flat.values == {"fine": 2}
    assert len(flat.refused) == 3
    many = Flat()
    flatten({f"k{n}": n for n in range(VALUES_MAX + 5)}, many)
    assert len(many.values) == VALUES_MAX
    assert f"{VALUES_MAX + 5} entries" in many.refused[0]


_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=4), inner, max_size=4)),
    max_leaves=30,
)


@given(_json)
def test_whatever_is_flattened_is_bounded_and_finite(tree: Any) -> None:
    flat = Flat()
    flatten(tree, flat)
    assert len(flat.values) <= VALUES_MAX
    assert all(
        value is None or isinstance(value, (bool, str)) or math.isfinite(value) for value in flat.values.values()
    )


@pytest.mark.parametrize(
    ("leaf", "value"),
    [(1, 1.0), (True, True), ("x", "x"), (None, None), ([], None), ({}, None), (10**400, None), (math.inf, None)],
)
def test_a_leaf_is_a_value_or_none(leaf: Any, value: Any) -> None:
    assert as_value(leaf) == value
    assert not isinstance(as_value(leaf), int) or isinstance(leaf, bool)


@given(st.one_of(st.booleans(), st.floats(-1e15, 1e15), st.text(max_size=8)))
def test_a_value_in_plain_text_has_no_exponent_and_reads_back(value: Any) -> None:
    text = plain(value)
    if isinstance(value, float) and not isinstance(value, bool):
        assert float(text) == value
        assert "e" not in text or abs(value) < 1e-4
    else:
        assert text == (value if isinstance(value, str) else str(value).lower())


def test_a_clock_that_was_never_set_tells_no_time() -> None:
    assert unix_time_of(CLOCK_SET_FROM / 1000) == CLOCK_SET_FROM
    assert unix_time_of(CLOCK_SET_FROM / 1000 - 1) is None
    assert time_of("2015-01-01T00:00:00Z") == CLOCK_SET_FROM
    assert time_of("2014-12-31T23:59:59.999Z") is None
    assert time_of("2101-01-01T00:00:00Z") is None
    assert unix_time_of(math.inf) is unix_time_of(math.nan) is None


# Bounded memory


def test_the_one_not_used_for_longest_goes() -> None:
    recent: Recent[str, int] = Recent(2)
    recent.put("a", 1)
    recent.put("b", 2)
    recent.get("a")
    recent.put("c", 3)
    assert (recent.get("a"), recent.get("b"), recent.get("c")) == (1, None, 3)


def device(native_id: str, points: int = 0) -> Device:
    return Device(native_id, points={f"p{n}": Point(f"p{n}") for n in range(points)})


def test_points_of_all_devices_together_have_a_limit_too() -> None:
    devices: Devices[Device] = Devices(devices_max=100, points_max=10)
    for name in "abc":
        devices.add(device(name, 4))
    assert (list(devices), devices.points) == (["b", "c"], 8)
    c = devices.get("c")
    assert c is not None
    assert devices.learn(c, [Point(f"q{n}") for n in range(5)])
    assert (list(devices), devices.points) == (["c"], 9)
    devices.add(device("c", 1))  # in its place
    assert (len(devices), devices.points) == (1, 1)
    devices.drop("c")
    assert (len(devices), devices.points) == (0, 0)


def test_a_device_has_only_so_many_points_and_counts_them_right() -> None:
    devices: Devices[Device] = Devices()
    one = devices.add(device("a"))
    assert devices.learn(one, [Point(f"p{n}") for n in range(POINTS_MAX + 9)])
    assert len(one.points) == devices.points == POINTS_MAX
    assert not devices.learn(one, [Point("new")])
    devices.forget(one, ["p0", "nobody"])
    assert devices.points == POINTS_MAX - 1


def test_a_point_whose_first_value_was_null_learns_its_kind_later() -> None:
    devices: Devices[Device] = Devices()
    one = devices.add(device("a"))
    devices.learn(one, [Point("p", settable=True)])
    assert one.unknown({"p": None}) == []
    assert one.unknown({"p": 1.0}) == ["p"]
    assert devices.learn(one, [Point("p", MetricKind.NUMBER)])
    assert one.points["p"] == Point("p", MetricKind.NUMBER, settable=True)
    assert not devices.learn(one, [Point("p", MetricKind.STRING)])


def test_a_command_is_answered_once_and_for_all_its_messages() -> None:
    pending: Pending[int] = Pending(limit=3)
    pending.add("A", [1, 2])
    assert pending.answered(1, True) == []
    assert pending.answered(1, True) == []  # the same answer twice is one
    assert pending.answered(2, True, "done") == [Answered("A", True, "done")]
    pending.add("B", [3, 4])
    assert pending.answered(3, False, "no") == [Answered("B", False, "no")]
    assert pending.answered(4, True) == []
    pending.add("C", [5, 6, 7, 8])
    assert len(pending) == 3


# Templates


@pytest.mark.parametrize("value", ['"', "\\", '","x":"', "{name}", "\n", "é"])
def test_a_name_put_into_json_stays_within_its_quotes(value: str) -> None:
    filled = fill_json('{"a":"{name}","b":{value}}', {"name": value}, value)
    assert json.loads(filled) == {"a": value, "b": value}


def test_only_names_are_replaced_and_what_is_unknown_stays() -> None:
    assert fill("{a}{{a}}{b.c}{a!r}{0}{}", {"a": "x"}) == "x{x}{b.c}{a!r}{0}{}"


@given(st.text(max_size=20))
def test_any_text_is_a_pattern_or_a_value_error(text: str) -> None:
    try:
        pattern = TopicPattern(text)
    except ValueError:
        return
    assert pattern.filter.count("/") == text.count("/")
    assert "#" not in pattern.filter[:-1]


# Where Tasmota devices are


def test_an_address_leads_from_a_topic_to_a_name_and_back() -> None:
    place = FullTopic("tasmota/%topic%/%prefix%/", "stat", "tele").match("tasmota/boiler/tele/SENSOR")
    assert place == ("tasmota/boiler/%prefix%", "tele", "SENSOR")
    assert name_of("tasmota/boiler/%prefix%") == "tasmota/boiler"
    assert resolve("tasmota/%topic%/%prefix%/", "boiler", "host", "AABB") == place.address
    assert FullTopic("a.c/%prefix%/%topic%", "stat", "tele").match("abc/tele/x/SENSOR") is None


# Bytes


@pytest.mark.parametrize(
    ("field", "payload", "value"),
    [
        ({"at": 1}, "00ff", 255),
        ({"at": 1, "type": "i8"}, "00ff", -1),
        ({"at": 0, "type": "u16be"}, "0102", 258),
        ({"at": 0, "type": "u16le"}, "0102", 513),
        ({"at": 0, "type": "i32le"}, "feffffff", -2),
        ({"at": 0, "type": "u32be"}, "ffffffff", 4_294_967_295),
        ({"at": 0, "type": "f32be"}, "40200000", 2.5),
        ({"at": 0, "type": "f32be"}, "7fc00000", None),  # not a number
        ({"at": 0, "type": "f32be"}, "7f800000", None),  # infinity
        ({"at": 0, "bit": 7}, "80", True),
        ({"at": 0, "words": {"1": "open"}}, "01", "open"),
        ({"at": 0, "words": {"1": "open"}}, "02", None),
        ({"at": 2}, "0102", None),
        ({"at": 1, "type": "u16be"}, "0102", None),
    ],
)
def test_a_number_is_read_at_its_place(field: dict[str, Any], payload: str, value: Any) -> None:
    assert BinaryField(**field).read(bytes.fromhex(payload)) == value


def test_a_word_that_is_no_number_stays_a_word() -> None:
    assert [from_word(word) for word in ("1", "true", "nan", "x", "")] == [1.0, True, "nan", "x", ""]
