"""Recorded messages of Home Assistant and Homie, damaged and out of order: nothing raises, differs or is lost."""

from __future__ import annotations

import json
from base64 import b64decode
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.codecs.port import Codec
from tests.support.codec_fuzz import Message, mutated, play
from tests.support.codec_messages import NOW

SAMPLES = Path(__file__).parent / "samples"
FORMATS = ["homeassistant", "homie"]


def make(format_: str) -> Codec:
    module = import_module(f"gateway.codecs.{format_}")
    options = SAMPLES / format_ / "options.json"
    given = json.loads(options.read_text(encoding="utf-8")) if options.exists() else {}
    codec: Codec = module.make(module.Options.model_validate(given))
    return codec


def recorded(format_: str) -> list[Message]:
    found = []
    for file in sorted((SAMPLES / format_).glob("*.jsonl")):
        for line in map(json.loads, file.read_text(encoding="utf-8").splitlines()):
            payload: Any = line["payload"]
            raw = b64decode(payload["base64"]) if isinstance(payload, dict) else payload.encode()
            found.append((line["topic"], raw, line["retained"]))
    return found


def damaged(message: Message, position: int, insert: bytes, remove: int, retained: bool) -> Message:
    topic, payload, _ = message
    return topic, mutated(payload, position, insert, remove), retained


def sequences(format_: str) -> st.SearchStrategy[list[Message]]:
    sound = st.sampled_from(recorded(format_))
    bytes_ = st.one_of(
        st.binary(max_size=4), st.sampled_from([b'"', b"null", b"[", b"1e999", b"\\ud800", b"{{", b"%}"])
    )
    broken = st.builds(damaged, sound, st.integers(0, 2_000), bytes_, st.integers(0, 6), st.booleans())
    return st.lists(st.one_of(sound, sound, broken), max_size=30)


@pytest.mark.parametrize("format_", FORMATS)
@given(data=st.data())
def test_recorded_messages_in_any_order_and_damaged_raise_nothing(format_: str, data: st.DataObject) -> None:
    play(make(format_), data.draw(sequences(format_)))


@pytest.mark.parametrize("format_", FORMATS)
@given(data=st.data())
def test_the_same_messages_in_the_same_order_have_the_same_answers(format_: str, data: st.DataObject) -> None:
    one, other = make(format_), make(format_)
    for topic, payload, retained in data.draw(sequences(format_)):
        first = one.decode(topic.encode(), payload, NOW, retained)
        assert first == other.decode(topic.encode(), payload, NOW + 1, retained)


@pytest.mark.parametrize("format_", FORMATS)
@given(data=st.data())
def test_states_in_any_order_before_or_after_their_declarations_are_known_in_the_end(
    format_: str, data: st.DataObject
) -> None:
    """What a gateway that comes up hears: all that is retained, in whatever order. The last word counts in each."""
    declared, states = _whole(format_)
    orders = [data.draw(st.permutations([*declared, *states])), [*declared, *states]]
    ends = []
    for order in orders:
        codec = make(format_)
        known: dict[tuple[str, str], Any] = {}
        for topic, payload, _ in order:
            for each in codec.decode(topic.encode(), payload, NOW, True):
                for point, value in getattr(each, "values", {}).items():
                    known[each.native_id, point] = value  # type: ignore[union-attr]
        ends.append(known)
    assert ends[0] == ends[1]


def _whole(format_: str) -> tuple[list[Message], list[Message]]:
    """Declarations and the last retained state of each topic, of one device with everything in order."""
    file = {"homeassistant": "zigbee_smoke_alarm", "homie": "version_4"}[format_]
    lines = [
        json.loads(line) for line in (SAMPLES / format_ / f"{file}.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    last: dict[str, Message] = {
        line["topic"]: (line["topic"], line["payload"].encode(), True)
        for line in lines
        if line["payload"] and not line["topic"].endswith(("/set", "/$stats/uptime", "/$stats/battery"))
    }
    return (
        [each for topic, each in last.items() if "config" in topic or "/$" in topic],
        [each for topic, each in last.items() if "config" not in topic and "/$" not in topic],
    )
