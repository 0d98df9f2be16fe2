"""Anything else over MQTT: read as the options tell; nothing is evaluated, nothing that a sender can say does harm."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.codecs.known import DEVICES_MAX
from gateway.codecs.mapping import Mapped, Options, make
from gateway.codecs.native import VALUES_MAX
from gateway.codecs.port import Answered, Found, Happened, Heard, Publish, Said
from rules.instant import MINUTE_MS
from rules.reading import Rejected
from rules.site import MetricKind
from tests.support.codec_rig import (
    decode,
    of,
    one,
    values,
)

POINTS: dict[str, Any] = {"temp": {"path": "a.b[0].c"}}


def codec(**entry: Any) -> Mapped:
    made = make(Options(devices=[{"topic": "plant/+name/+kind", "id": "{name}", **entry}]))  # type: ignore[list-item]
    assert isinstance(made, Mapped)
    return made


def read(point: dict[str, Any], payload: Any, **entry: Any) -> Any:
    return decode(codec(points={"p": point}, **entry), "plant/pump/x", payload)


# Topics and names


def test_the_levels_of_a_topic_name_the_device_and_its_points() -> None:
    known = codec(format="text", points={"{kind}": {}}, title="Pump {name}", silent_after="15min", model="P-7")
    outputs = decode(known, "plant/pump-1/temperature", "21.5")
    found = one(Found, outputs)
    assert (found.native_id, found.title, found.model) == ("pump-1", "Pump pump-1", "P-7")
    assert found.silent_after_ms == 15 * MINUTE_MS
    assert values(outputs) == {"temperature": 21.5}
    later = decode(known, "plant/pump-1/pressure", "3")
    assert [each.name for each in one(Found, later).points] == ["temperature", "pressure"]
    assert of(Found, decode(known, "plant/pump-1/pressure", "4")) == []


@pytest.mark.parametrize(
    ("pattern", "filter_", "topic", "native_id"),
    [
        ("plant/+name/state", "plant/+/state", "plant/a/state", "a"),
        ("plant/+/+name", "plant/+/+", "plant/x/a", "a"),
        ("plant/#name", "plant/#", "plant/a/b/c", "a/b/c"),
        ("+name", "+", "a.b*c", "a.b*c"),
    ],
)
def test_a_pattern_is_a_filter_whose_wildcards_have_names(
    pattern: str, filter_: str, topic: str, native_id: str
) -> None:
    known = codec(topic=pattern, points=POINTS | {"x": {"path": "x"}})
    assert known.topics() == (filter_,)
    assert one(Said, decode(known, topic, {"x": 1})).native_id == native_id
    assert (
        one(Rejected, decode(known, "elsewhere/at/all", {"x": 1}) or []).reason == "unknown topic" or pattern == "+name"
    )


def test_several_entries_may_say_something_of_one_device() -> None:
    made = make(
        Options(
            devices=[
                {"topic": "p/+name/values", "id": "{name}", "points": POINTS},
                {"topic": "p/+name/+kind", "id": "{name}", "points": {"n": {"path": "n"}}},
            ]
        )  # type: ignore[list-item]
    )
    outputs = decode(made, "p/a/values", {"a": {"b": [{"c": 7}]}, "n": 3})
    assert [each.values for each in of(Said, outputs)] == [{"temp": 7}, {"n": 3}]
    assert {each.native_id for each in of(Said, outputs)} == {"a"}


# Values


@pytest.mark.parametrize(
    ("path", "payload", "expected"),
    [
        ("a.b[0].c", {"a": {"b": [{"c": 1}, {"c": 2}]}}, 1),
        ("a.b[1].c", {"a": {"b": [{"c": 1}, {"c": 2}]}}, 2),
        ("[\"a key\"]['b.c']", {"a key": {"b.c": True}}, True),
        ("", 21.5, 21.5),
        ("", '"text"', "text"),
        ("$value", {"$value": "x"}, "x"),
        ("a", {"a": None}, None),
    ],
)
def test_a_path_leads_to_a_value(path: str, payload: Any, expected: Any) -> None:
    assert values(read({"path": path}, payload)) == {"p": expected}


@pytest.mark.parametrize(
    ("point", "raw", "expected"),
    [
        ({"scale": 0.1, "offset": -40}, 650, 25.0),
        ({"words": {"ON": True, "OFF": False}}, "ON", True),
        ({"words": {"0": "open", "1": "closed"}}, 1, "closed"),
        ({"bit": 3}, 8, True),
        ({"bit": 3}, 7, False),
        ({"bit": 0, "words": {"true": "alarm", "false": "normal"}}, 1, "alarm"),
    ],
)
def test_a_transform_makes_the_metric_s_value(point: dict[str, Any], raw: Any, expected: Any) -> None:
    outputs = read({"path": "v", **point}, {"v": raw})
    assert values(outputs) == {"p": pytest.approx(expected) if isinstance(expected, float) else expected}


def test_a_word_that_nobody_knows_is_no_value_and_is_seen() -> None:
    outputs = read({"path": "v", "words": {"ON": True}}, {"v": "BROKEN"})
    assert values(outputs) == {"p": None}
    assert "'BROKEN'" in one(Rejected, outputs).detail


def test_the_kind_of_a_point_comes_from_its_transform_else_from_its_first_value() -> None:
    points = {
        "a": {"path": "a", "words": {"1": True, "0": False}, "unit": "", "metric": "alarm"},
        "b": {"path": "b", "bit": 2},
        "c": {"path": "c", "unit": "°C"},
        "d": {"path": "d"},
    }
    found = one(
        Found, decode(codec(points=points, device_class="heat_detector"), "plant/x/y", {"a": 7, "b": 4, "c": 1})
    )
    kinds = {each.name: (each.kind, each.unit, each.metric) for each in found.points}
    assert kinds == {
        "a": (MetricKind.BOOLEAN, "", "alarm"),
        "b": (MetricKind.BOOLEAN, "", ""),
        "c": (MetricKind.NUMBER, "°C", ""),
    }
    assert found.device_class == "heat_detector"


@pytest.mark.parametrize(
    ("payload", "expected"),
    [("21.5", 21.5), ("true", True), (" open \n", "open"), ("nan", "nan"), ("inf", "inf")],
)
def test_plain_text_is_a_number_a_truth_or_a_word(payload: str, expected: Any) -> None:
    assert values(read({}, payload, format="text")) == {"p": expected}


def test_a_line_of_values_is_read_by_its_columns() -> None:
    known = codec(
        format="csv", separator=";", points={"a": {"path": "[0]"}, "b": {"path": "[2]"}, "c": {"path": "[9]"}}
    )
    assert values(decode(known, "plant/x/y", '17.5;"a;b";true\r\n')) == {"a": 17.5, "b": True}
    assert "2 lines" in one(Rejected, decode(known, "plant/x/y", "1;2\n3;4")).detail


def test_nothing_of_what_was_expected_is_a_dead_letter() -> None:
    rejected = one(Rejected, decode(codec(points=POINTS), "plant/x/y", {"other": 1}))
    assert "plant/+name/+kind" in rejected.detail


def test_an_object_where_a_value_is_expected_is_refused_by_name() -> None:
    outputs = decode(codec(points=POINTS | {"x": {"path": "x"}}), "plant/x/y", {"a": {"b": [{"c": {}}]}, "x": 1})
    assert values(outputs) == {"x": 1}
    assert "temp: an object at 'a.b[0].c'" in one(Rejected, outputs).detail


# Times, order, states, events, answers


@pytest.mark.parametrize(
    ("format_", "raw", "at"),
    [
        ("rfc3339", "2026-11-24T08:00:00.123456789Z", 1_795_507_200_123),
        ("unix", 1_795_507_200.25, 1_795_507_200_250),
        ("unix", "1795507200", 1_795_507_200_000),
        ("unix_ms", 1_795_507_200_123, 1_795_507_200_123),
        ("unix", None, None),
    ],
)
def test_a_time_is_read_in_its_format(format_: str, raw: Any, at: int | None) -> None:
    outputs = read({"path": "v"}, {"v": 1, "t": raw}, time={"path": "t", "format": format_})
    assert one(Said, outputs).at == at
    assert of(Rejected, outputs) == []


@pytest.mark.parametrize(("format_", "raw"), [("rfc3339", "2026-11-24T08:00:00"), ("unix", "soon"), ("unix_ms", 17)])
def test_a_time_that_is_none_is_seen_and_the_values_are_taken(format_: str, raw: Any) -> None:
    outputs = read({"path": "v"}, {"v": 1, "t": raw}, time={"path": "t", "format": format_})
    assert one(Said, outputs).at is None
    assert format_ in one(Rejected, outputs).detail


@pytest.mark.parametrize(
    ("raw", "seq"), [(7, 7), (7.0, 7), (2**53 + 1, 2**53 + 1), (-1, None), (True, None), ("7", None)]
)
def test_a_counter_is_a_whole_number_that_is_not_negative(raw: Any, seq: int | None) -> None:
    assert one(Said, read({"path": "v"}, {"v": 1, "n": raw}, seq="n")).seq == seq


def test_what_was_buffered_is_said_to_be_historical() -> None:
    historical = {"path": "kind", "words": {"buffered": True, "live": False}}
    assert one(Said, read({"path": "v"}, {"v": 1, "kind": "buffered"}, historical=historical)).historical
    assert not one(Said, read({"path": "v"}, {"v": 1, "kind": "live"}, historical=historical)).historical
    assert not one(Said, read({"path": "v"}, {"v": 1, "kind": "?"}, historical=historical)).historical


@pytest.mark.parametrize(
    ("online", "payload", "expected"),
    [({}, "online", True), ({}, "0", False), ({"words": {"up": True, "down": False}}, "down", False)],
)
def test_a_state_of_its_own_says_online_and_offline(online: Any, payload: str, expected: bool) -> None:
    outputs = decode(codec(format="text", online=online), "plant/x/state", payload)
    assert one(Heard, outputs) == Heard("x", expected)
    unknown = decode(codec(format="text", online=online), "plant/x/state", "perhaps")
    assert "'perhaps'" in one(Rejected, unknown).detail
    assert of(Heard, unknown) == []


def test_an_event_has_the_points_as_its_attributes() -> None:
    known = codec(event="what", points={"who": {"path": "who"}, "why": {"path": "why"}})
    outputs = decode(known, "plant/x/e", {"what": "door_forced", "who": "nobody", "why": None})
    assert one(Happened, outputs) == Happened("x", "door_forced", {"who": "nobody"})
    assert of(Said, outputs) == []
    assert one(Rejected, decode(known, "plant/x/e", {"who": "nobody"})).reason == "wrong shape"


def test_an_answer_says_what_became_of_a_command_by_its_id() -> None:
    known = codec(answer={"id": "cmd", "ok": {"path": "done"}, "detail": "why"})
    said = {"cmd": "CMD-000007", "done": False, "why": "blocked"}
    assert decode(known, "plant/x/answer", said) == [Answered("CMD-000007", False, "blocked")]
    assert decode(known, "plant/x/answer", {"cmd": 1_234_567, "done": "ok"}) == [Answered("1234567", True)]
    for wrong in ({"cmd": "CMD-1"}, {"done": True}, {"cmd": "", "done": True}, {"cmd": "CMD-1", "done": "perhaps"}):
        assert one(Rejected, decode(known, "plant/x/answer", wrong)).reason == "wrong shape"


# Commands

COMMAND = {"topic": "plant/{name}/set", "payload": '{"id":"{id}","{point}":{value}}'}


def settable(**point: Any) -> Mapped:
    known = codec(points={"valve": {"path": "valve", "settable": True, **point}}, command=COMMAND)
    decode(known, "plant/pump/state", {"valve": 1})
    return known


@pytest.mark.parametrize(("value", "written"), [(True, "true"), (40.0, "40"), (1.5, "1.5"), ("open", '"open"')])
def test_a_command_is_its_template_filled_in(value: Any, written: str) -> None:
    published = settable().encode("pump", {"valve": value}, "CMD-1")
    assert published == [Publish("plant/pump/set", f'{{"id":"CMD-1","valve":{written}}}'.encode(), 1)]


def test_a_command_undoes_the_transform() -> None:
    known = settable(words={"1": "open", "0": "closed"})
    published = known.encode("pump", {"valve": "open"}, "CMD-1")
    assert published == [Publish("plant/pump/set", b'{"id":"CMD-1","valve":1}', 1)]
    assert isinstance(known.encode("pump", {"valve": "ajar"}, "CMD-1"), Rejected)
    scaled = settable(scale=0.1).encode("pump", {"valve": 2.5}, "CMD-1")
    assert scaled == [Publish("plant/pump/set", b'{"id":"CMD-1","valve":25}', 1)]


@pytest.mark.parametrize("value", ['","admin":"', "{id}", "\\", "x\ny", "{value}"])
def test_a_value_cannot_change_the_rest_of_the_message(value: str) -> None:
    published = settable().encode("pump", {"valve": value}, "CMD-1")
    assert isinstance(published, list)
    assert json.loads(published[0].payload) == {"id": "CMD-1", "valve": value}


def test_a_command_may_be_plain_text() -> None:
    command = {"topic": "plant/{name}/{point}/set", "payload": "{value}", "format": "text", "qos": 0}
    known = codec(points={"valve": {"path": "valve", "settable": True}}, command=command)
    decode(known, "plant/pump/state", {"valve": 1})
    assert known.encode("pump", {"valve": 1_500_000.0}, "CMD-1") == [Publish("plant/pump/valve/set", b"1500000", 0)]


def test_what_cannot_be_set_is_rejected_with_what_can() -> None:
    known = settable()
    rejected = known.encode("pump", {"other": 1.0}, "CMD-1")
    assert isinstance(rejected, Rejected)
    assert "valve can" in rejected.detail
    assert isinstance(known.encode("nobody", {"valve": 1.0}, "CMD-1"), Rejected)


# After a restart


def test_after_a_restart_the_same_messages_say_the_same_and_commands_find_their_way() -> None:
    entry: dict[str, Any] = {
        "points": {"{kind}": {"path": "v", "settable": True}},
        "command": {"topic": "plant/{name}/{kind}/set", "payload": "{value}"},
        "title": "Pump {name}",
    }
    first, second = codec(**entry), codec(**entry)
    found = of(Found, decode(first, "plant/pump/valve", {"v": 1})) + of(
        Found, decode(first, "plant/pump/fan", {"v": True})
    )
    second.restore(found)
    for kind in ("valve", "fan", "lamp"):
        assert decode(second, f"plant/pump/{kind}", {"v": 2}) == decode(first, f"plant/pump/{kind}", {"v": 2})
    expected = [Publish("plant/pump/valve/set", b"3", 1), Publish("plant/pump/fan/set", b"true", 1)]
    assert second.encode("pump", {"valve": 3.0, "fan": True}, "CMD-1") == expected


@pytest.mark.parametrize("memory", [b"", b"{", b"[]", b'{"valve": 3}', b"\xff", b"[" * 10_000])
def test_a_memory_that_is_not_ours_is_passed_over(memory: bytes) -> None:
    known = codec(points=POINTS)
    known.restore([Found("x", memory=memory)])
    assert one(Found, decode(known, "plant/x/y", {"a": {"b": [{"c": 7}]}})).native_id == "x"


# Options


@pytest.mark.parametrize(
    ("entry", "where", "message"),
    [
        ({"points": {"t": {"path": "a..b"}}}, "points.t.path", "'a..b' is not a path: '..b' at 2"),
        ({"points": {"t": {"path": "a[*]"}}}, "points.t.path", "'a[*]' is not a path: '[*]' at 2"),
        ({"points": {"t": {"path": "a[?(@.x)]"}}}, "points.t.path", "is not a path"),
        ({"points": {"t": {"path": ".a"}}}, "points.t.path", "is not a path"),
        ({"points": {"t": {"bit": 64}}}, "points.t.bit", "less than 64"),
        ({"points": {"t": {"scale": float("nan")}}}, "points.t.scale", "finite"),
        ({"points": {"{site}": {}}}, "", "{site} is not known; expected {name}, {kind}"),
        ({"points": POINTS, "id": "{kin}"}, "", "{kin} is not known"),
        ({"points": POINTS, "id": "pump"}, "", "id 'pump' is the same for every device"),
        ({"points": POINTS, "topic": "plant/+name/#/x"}, "topic", "level 3, '#', is not a word"),
        ({"points": POINTS, "topic": "plant//+name"}, "topic", "level 2, ''"),
        ({"points": POINTS, "topic": "+a/+a"}, "topic", "two levels called 'a'"),
        ({"points": POINTS, "topic": "a+/+name"}, "topic", "level 1, 'a+'"),
        ({"points": POINTS, "time": {"path": "t", "format": "iso"}}, "time.format", "'rfc3339'"),
        ({"points": POINTS, "silent_after": "soon"}, "silent_after", "'soon' is not a duration"),
        ({"points": POINTS, "silent_after": "10ms"}, "silent_after", "10ms is no time to be silent"),
        ({}, "", "nothing is read"),
        ({"points": POINTS, "command": COMMAND}, "", "expected both, or neither"),
        ({"points": {"t": {"settable": True}}}, "", "expected both, or neither"),
        (
            {"points": {"t": {"settable": True}}, "command": COMMAND | {"payload": "{valu}"}},
            "",
            "{valu} is not known; expected {name}, {kind}, {point}, {value}, {id}",
        ),
        (
            {"points": {"t": {"settable": True}}, "command": COMMAND | {"payload": '{"v": "{value}'}},
            "",
            "command.payload is no JSON",
        ),
        ({"points": POINTS, "eval": "1+1"}, "eval", "Extra inputs"),
    ],
)
def test_a_wrong_option_says_where_and_what(entry: dict[str, Any], where: str, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        codec(**entry)
    (error,) = caught.value.errors()
    assert ".".join(map(str, error["loc"])) == f"devices.0.{where}".rstrip(".")
    assert message in error["msg"]


# Bounds


def test_invented_devices_and_points_do_not_grow_memory_without_bound() -> None:
    known = codec(format="text", points={"{kind}": {"settable": True}}, command=COMMAND)
    for number in range(DEVICES_MAX + 50):
        decode(known, f"plant/x{number}/v", "1")
    assert len(known._devices) == DEVICES_MAX
    for number in range(VALUES_MAX + 50):
        found = of(Found, decode(known, f"plant/x/v{number}", "1"))
        assert all(len(each.points) <= VALUES_MAX for each in found)
    assert known._devices.get("x") is not None
    assert len(known._devices.get("x").origins) == VALUES_MAX  # type: ignore[union-attr]
