"""What must be true of a codec's answers whatever it is sent, and strategies of what it may be sent."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

import msgspec
from hypothesis import strategies as st

from gateway.codecs.native import TEXT_CHARACTERS_MAX
from gateway.codecs.port import Codec, Found, Gone, Happened, Output, Said
from rules.reading import Rejected, Value
from tests.support.codec_messages import NOW, REASONS

OUTPUTS_MAX = 600  # of one message: 256 points of as many devices, twice, and a few dead letters
DETAIL_CHARACTERS_MAX = 2_000

Message = tuple[str, bytes, bool]

anything = st.recursive(
    st.one_of(
        *(st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=10)),
        st.sampled_from(["", "~", "~/x", "\0", "x" * 300, "5.0", "true", "$", 10**400, -1, 1e308]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=4)),
    max_leaves=10,
)


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


def mutated(payload: bytes, position: int, insert: bytes, remove: int) -> bytes:
    at = position % (len(payload) + 1)
    return payload[:at] + insert + payload[at + remove :]


def mutations(payloads: Iterable[bytes]) -> st.SearchStrategy[bytes]:
    """Sound payloads with some bytes put in or left out."""
    return st.builds(
        mutated,
        st.sampled_from(sorted(payloads)),
        st.integers(0, 5_000),
        st.one_of(st.binary(max_size=4), st.sampled_from([b'"', b"{", b"}", b"null", b"[", b"1e999", b"\\ud800"])),
        st.integers(0, 6),
    )


def check(outputs: list[Output]) -> None:
    """No answer is without bound, without a fixed reason or not a value."""
    assert len(outputs) <= OUTPUTS_MAX
    for each in outputs:
        msgspec.json.encode(each)
        if isinstance(each, Rejected):
            assert each.reason in REASONS
            assert len(each.detail) <= DETAIL_CHARACTERS_MAX
        elif isinstance(each, Said):
            assert all(_is_sound(value) for value in each.values.values())
        elif isinstance(each, Happened):
            assert all(_is_sound(value) for value in each.attributes.values())
        elif isinstance(each, Found):
            assert len(each.points) <= 400
            assert len({point.name for point in each.points}) == len(each.points)
            assert len(each.native_id) <= 256
            assert all(len(point.name) <= TEXT_CHARACTERS_MAX for point in each.points)


def _is_sound(value: Value | None) -> bool:
    if isinstance(value, str):
        return len(value) <= TEXT_CHARACTERS_MAX
    return value is None or isinstance(value, bool) or math.isfinite(value)


def play(codec: Codec, messages: Iterable[Message]) -> dict[str, Found]:
    """Sends all of them; the devices that are known at the end, as the inbox keeps them."""
    known: dict[str, Found] = {}
    for topic, payload, retained in messages:
        outputs = codec.decode(topic.encode("utf-8", "surrogatepass"), payload, NOW, retained)
        check(outputs)
        for each in outputs:
            if isinstance(each, Found):
                known[each.native_id] = each
            elif isinstance(each, Gone):
                known.pop(each.native_id, None)
    return known
