"""What the tests of foreign codecs share: decoding in short, what holds for every output, hostile messages, samples."""

from __future__ import annotations

import json
import math
import re
from base64 import b64decode
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from hypothesis import strategies as st

from gateway.codecs.native import TEXT_CHARACTERS_MAX, VALUES_MAX
from gateway.codecs.port import Answered, Ask, Codec, Found, Gone, Happened, Heard, Output, Publish, Said
from rules.reading import Rejected
from tests.support import samples

NOW = 1_795_500_000_000
REASONS = {"unknown topic", "topic is not utf-8", "payload too large", "wrong shape", "bad json"}
DETAIL_CHARACTERS_MAX = 1_000

T = TypeVar("T")


def decode(codec: Codec, topic: str, payload: Any, now: int = NOW, retained: bool = False) -> list[Output]:
    """`payload`: bytes, text as it is, or what JSON is made of."""
    raw = payload if isinstance(payload, bytes) else payload.encode() if isinstance(payload, str) else None
    return codec.decode(topic.encode(), json.dumps(payload).encode() if raw is None else raw, now, retained)


def of(kind: type[T], outputs: list[Output]) -> list[T]:
    return [each for each in outputs if isinstance(each, kind)]


def one(kind: type[T], outputs: list[Output]) -> T:
    found = of(kind, outputs)
    assert len(found) == 1, outputs
    return found[0]


def values(outputs: list[Output]) -> dict[str, Any]:
    return dict(one(Said, outputs).values)


def bodies(published: list[Publish] | Rejected) -> list[tuple[str, Any]]:
    """Topics and JSON of messages to be sent."""
    assert not isinstance(published, Rejected), published
    return [(each.topic, json.loads(each.payload)) for each in published]


def make(name: str, options: dict[str, Any]) -> Codec:
    module = import_module(f"gateway.codecs.{name}")
    made: Codec = module.make(module.Options(**options))
    return made


# What holds for every output


def assert_bounded(outputs: list[Output]) -> None:
    """Whatever a sender says: of our reasons, finite, storable, and not larger than a message may be."""
    assert len(outputs) <= 64
    for each in outputs:
        msgspec.json.encode(each)  # everything is text that UTF-8 knows
        if isinstance(each, Rejected):
            assert each.reason in REASONS
            assert len(each.detail) <= DETAIL_CHARACTERS_MAX
        elif isinstance(each, Said):
            _assert_values(each.values)
            _assert_moment(each)
        elif isinstance(each, Happened):
            assert 0 < len(each.event) <= TEXT_CHARACTERS_MAX
            _assert_values(each.attributes)
            _assert_moment(each)
        elif isinstance(each, Found):
            assert len(each.points) <= VALUES_MAX
            assert len({point.name for point in each.points}) == len(each.points)
            assert len(each.title) <= TEXT_CHARACTERS_MAX
            assert each.silent_after_ms is None or 0 < each.silent_after_ms < 1 << 40
        if isinstance(each, (Found, Gone, Said, Happened, Heard)):
            assert 0 < len(each.native_id) <= TEXT_CHARACTERS_MAX
        if isinstance(each, Ask):
            assert re.search(r"[+#\x00]", each.publish.topic) is None
        if isinstance(each, Answered):
            assert len(each.detail) <= TEXT_CHARACTERS_MAX


def _assert_values(told: dict[str, Any]) -> None:
    assert len(told) <= VALUES_MAX
    for name, value in told.items():
        assert 0 < len(name) <= TEXT_CHARACTERS_MAX
        assert not isinstance(value, float) or math.isfinite(value)
        assert not isinstance(value, str) or len(value) <= TEXT_CHARACTERS_MAX


def _assert_moment(each: Said | Happened) -> None:
    assert each.at is None or 0 < each.at < 1 << 53
    assert each.seq is None or 0 <= each.seq < 1 << 63


# Hostile messages

_leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(10**30), 10**30),
    st.text(max_size=12),
    st.sampled_from(["", "x" * 300, "2026-11-24T08:00:00Z", "ON", "0" * 41, "AQID"]),
)


def jsons(words: list[str]) -> st.SearchStrategy[Any]:
    """Any JSON, its keys often of these words."""
    keys = st.one_of(st.sampled_from(words), st.text(max_size=8))
    return st.recursive(
        st.one_of(_leaves, st.sampled_from(words)),
        lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=3)),
        max_leaves=8,
    )


def payloads(words: list[str]) -> st.SearchStrategy[bytes]:
    return st.one_of(st.binary(max_size=100), jsons(words).map(json.dumps).map(str.encode))


def topics(levels: list[str]) -> st.SearchStrategy[bytes]:
    level = st.one_of(st.sampled_from([each.encode() for each in levels]), st.binary(max_size=6))
    return st.lists(level, min_size=1, max_size=7).map(b"/".join)


@st.composite
def mutated(draw: st.DrawFn, lines: list[tuple[str, bytes]]) -> tuple[bytes, bytes]:
    """A sample with bytes changed, cut out or doubled, or with the payload of another."""
    topic, payload = draw(st.sampled_from(lines))
    if draw(st.booleans()):
        payload = draw(st.sampled_from(lines))[1]
    changed = bytearray(payload)
    for _ in range(draw(st.integers(0, 6))):
        place = draw(st.integers(0, len(changed)))
        length = draw(st.integers(0, 8))
        new = draw(st.one_of(st.binary(max_size=4), st.sampled_from([b"null", b"{}", b"[]", b"1e308", b'"', b"-1"])))
        changed[place : place + length] = new
    return topic.encode(), bytes(changed)


HOSTILE = [
    b"",
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b"{" + b'"a":' * 10,
    b'{"a": ' + b"9" * 5_000 + b"}",
    b'{"a": 1e999}',
    b'{"a": NaN}',
    b'{"a": Infinity}',
    b'{"a": -Infinity}',
    b'{"a": "\xff"}',
    b'{"a": "\\ud800"}',
    b"\xff\xfe",
    b"null",
    b"[]",
    b'"text"',
    b"0",
    b'{"a": "' + b"x" * 1_000_000 + b'"}',
    b"x" * 1_000_000,
    json.dumps({f"k{n}": n for n in range(2_000)}).encode(),
    json.dumps({"deep": json.loads("[" * 60 + "1" + "]" * 60)}).encode(),
]


# Samples


def sample_files(name: str) -> list[Path]:
    return [file for file in samples.files() if file.parent.name == name]


def sample_payload(line: dict[str, Any]) -> bytes:
    payload = line["payload"]
    return b64decode(payload["base64"]) if isinstance(payload, dict) else payload.encode()


def sample_messages(name: str) -> list[tuple[str, bytes]]:
    return [(line["topic"], sample_payload(line)) for file in sample_files(name) for line in samples.lines_of(file)]
