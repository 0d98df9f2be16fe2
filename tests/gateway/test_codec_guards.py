"""What holds for every codec of a foreign format, whatever its format: the guards, one by one, and restarts."""

from __future__ import annotations

import json
import math
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from gateway.codecs.port import Answered, Codec, Found, Gone, Happened, Said
from gateway.library import load
from rules.reading import Rejected
from rules.site import MetricKind
from tests.support import codec_rig as rig
from tests.support import samples
from tests.support.codec_rig import (
    NOW,
    decode,
    mutated,
    of,
    one,
    sample_files,
    sample_messages,
    sample_payload,
)

FORMATS = ("tasmota", "shelly", "chirpstack", "mapping")
FILES = [(name, file) for name in FORMATS for file in sample_files(name)]
EUI = "0101010101010101"
MAPPING: dict[str, Any] = {"devices": [{"topic": "plant/+name", "id": "{name}", "points": {"v": {"path": "v"}}}]}

# One topic of each format under which JSON is expected, and how a message there puts a value in.
SPEAKS: dict[str, tuple[str, dict[str, Any]]] = {
    "tasmota": ("tele/x/SENSOR", {"v": "VALUE"}),
    "shelly": (
        "shelly-aabbccddeeff/events/rpc",
        {"src": "shelly-aabbccddeeff", "method": "NotifyStatus", "params": {"switch:0": {"v": "VALUE"}}},
    ),
    "chirpstack": (f"application/a/device/{EUI}/event/up", {"deviceInfo": {"devEui": EUI}, "object": {"v": "VALUE"}}),
    "mapping": ("plant/x", {"v": "VALUE"}),
}


def make(name: str) -> Codec:
    return rig.make(name, MAPPING if name == "mapping" else {})


def message(name: str, value: str) -> bytes:
    """The format's message with this piece of JSON for a value."""
    return json.dumps(SPEAKS[name][1]).replace('"VALUE"', value).encode()


# The guards


@pytest.mark.parametrize("name", FORMATS)
def test_a_value_is_said_where_nothing_is_wrong(name: str) -> None:
    said = one(Said, make(name).decode(SPEAKS[name][0].encode(), message(name, "17.5"), NOW))
    assert list(said.values.values()) == [17.5]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("NaN", "bad json"),
        ("Infinity", "bad json"),
        ("-Infinity", "bad json"),
        ("1e999", "wrong shape"),
        ("{", "bad json"),
        ("[" * 100_000, "payload too large"),
        ("[" * 20_000 + "]" * 20_000, "bad json"),
        ('"' + "x" * 1_000_000 + '"', "payload too large"),
    ],
    ids=["nan", "infinity", "-infinity", "number-out-of-range", "bad-json", "deep-and-large", "deep", "1-mb"],
)
def test_what_cannot_be_read_is_a_dead_letter_with_its_reason(name: str, value: str, reason: str) -> None:
    outputs = make(name).decode(SPEAKS[name][0].encode(), message(name, value), NOW)
    assert [type(each) for each in outputs] == [Rejected]
    assert one(Rejected, outputs).reason == reason


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("value", ['"' + "x" * 201 + '"', "1" + "0" * 400], ids=["long-text", "huge-number"])
def test_a_value_that_is_none_is_refused_by_its_name_and_never_said(name: str, value: str) -> None:
    outputs = make(name).decode(SPEAKS[name][0].encode(), message(name, value), NOW)
    assert all(each.values == {} for each in of(Said, outputs))
    assert one(Rejected, outputs).reason == "wrong shape"
    assert "v" in one(Rejected, outputs).detail


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_nested_beyond_reason_is_refused_and_never_said(name: str) -> None:
    outputs = make(name).decode(SPEAKS[name][0].encode(), message(name, "[" * 60 + "1" + "]" * 60), NOW)
    assert all(each.values == {} for each in of(Said, outputs))
    assert of(Rejected, outputs)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("payload", [b"null", b"[]", b"17", b'"text"'])
def test_json_of_the_wrong_type_is_rejected(name: str, payload: bytes) -> None:
    outputs = make(name).decode(SPEAKS[name][0].encode(), payload, NOW)
    assert [each.reason for each in of(Rejected, outputs)] == ["wrong shape"]
    assert len(outputs) == 1


@pytest.mark.parametrize("name", FORMATS)
def test_an_unknown_topic_is_rejected_and_says_what_was_expected(name: str) -> None:
    rejected = one(Rejected, make(name).decode(b"nobody/knows/this/topic", b"{}", NOW))
    assert rejected.reason == "unknown topic"
    assert "expected" in rejected.detail
    assert one(Rejected, make(name).decode(b"\xff", b"{}", NOW)).reason == "topic is not utf-8"
    wild = SPEAKS[name][0].replace("x", "+").replace("a", "#").encode()
    assert one(Rejected, make(name).decode(wild, message(name, "1"), NOW)).reason == "unknown topic"


@pytest.mark.parametrize("name", FORMATS)
def test_an_unknown_device_is_sent_nothing(name: str) -> None:
    rejected = make(name).encode("nobody", {"v": True}, "CMD-1")
    assert isinstance(rejected, Rejected)
    assert "nobody" in rejected.detail


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("points", [{"v": "\ud800"}, {"\ud800": True}, {"v": math.nan}, {"v": math.inf}])
def test_what_no_message_can_say_is_never_sent(name: str, points: dict[str, Any]) -> None:
    known = make(name)
    found = one(Found, known.decode(SPEAKS[name][0].encode(), message(name, "17.5"), NOW))
    rejected = known.encode(found.native_id, points, "CMD-1")
    assert isinstance(rejected, Rejected)
    assert "nothing that a message can say" in rejected.detail


@pytest.mark.parametrize(("name", "file"), FILES, ids=lambda each: each if isinstance(each, str) else each.stem)
def test_a_retained_message_is_read_like_any_other_and_never_passed_over(name: str, file: Path) -> None:
    """How old it may be, and whether it is known, ingest decides."""
    fresh, again = samples.codec_of(file), samples.codec_of(file)
    for line in samples.lines_of(file):
        payload = sample_payload(line)
        assert decode(fresh, line["topic"], payload, retained=True) == decode(again, line["topic"], payload)


# The same messages in the same order


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=40)
@given(random=st.data())
def test_the_same_messages_in_the_same_order_give_the_same_answers(name: str, random: st.DataObject) -> None:
    file = sample_files(name)[0]
    messages = random.draw(st.lists(mutated(sample_messages(name)), min_size=1, max_size=8))
    first, second = samples.codec_of(file), samples.codec_of(file)
    for topic, payload in messages:
        assert first.decode(topic, payload, NOW) == second.decode(topic, payload, NOW)


@pytest.mark.parametrize(("name", "file"), FILES, ids=lambda each: each if isinstance(each, str) else each.stem)
def test_a_restart_at_any_moment_changes_nothing_of_what_is_said_afterwards(name: str, file: Path) -> None:
    lines = samples.lines_of(file)
    for moment in range(len(lines) + 1):
        before, known = samples.codec_of(file), dict[str, Found]()
        for line in lines[:moment]:
            for each in decode(before, line["topic"], sample_payload(line)):
                if isinstance(each, Found):
                    known[each.native_id] = each
                elif isinstance(each, Gone):
                    known.pop(each.native_id, None)
        after = samples.codec_of(file)
        after.restore(known.values())
        for line in lines[moment:]:
            expected = decode(before, line["topic"], sample_payload(line))
            found = decode(after, line["topic"], sample_payload(line))
            for kind in (Found, Said, Happened, Answered, Rejected):
                assert of(kind, found) == of(kind, expected), f"restarted before line {moment + 1}: {line['topic']}"


# What is suggested


def test_every_metric_that_is_suggested_is_one_of_the_class_and_of_its_kind() -> None:
    classes = load([]).directory.device_classes
    suggested = 0
    for _, file in FILES:
        found = [
            each
            for codec in [samples.codec_of(file)]
            for line in samples.lines_of(file)
            for each in of(Found, decode(codec, line["topic"], sample_payload(line)))
        ]
        for each in found:
            assert not each.device_class or each.device_class in classes, each
            metrics = [point.metric for point in each.points if point.metric]
            assert len(metrics) == len(set(metrics)), "two points for one metric"
            for point in each.points if each.device_class else ():
                if point.metric:
                    metric = classes[each.device_class].metrics[point.metric]
                    assert point.kind is metric.kind or point.kind is None
                    assert metric.kind is not MetricKind.NUMBER or point.transform.apply(1.0) is not None
                    suggested += 1
    assert suggested > 20


@pytest.mark.parametrize(
    ("name", "given_"),
    [
        ("tasmota", {"full_topics": ["tasmota/%topic%/%prefix%/"], "identify_by": "topic"}),
        ("shelly", {"prefixes": ["+", "plant/+"]}),
        (
            "chirpstack",
            {
                "silent_after": "26h",
                "payloads": [{"points": {"a": {"at": 0, "scale": 0.1, "words": {"1": True}}}}],
                "downlinks": [{"point": "v", "bytes": {"true": "01"}}],
            },
        ),
        ("mapping", {"devices": [MAPPING["devices"][0] | {"silent_after": "90s"}]}),
    ],
)
def test_options_are_written_as_they_are_read_and_have_a_schema(name: str, given_: dict[str, Any]) -> None:
    options: type[BaseModel] = import_module(f"gateway.codecs.{name}").Options
    read = options.model_validate(given_)
    for written in (read.model_dump(exclude_unset=True), json.loads(read.model_dump_json())):
        assert options.model_validate(written) == read
    assert options.model_json_schema()["properties"].keys() == options.model_fields.keys()
