"""Sparkplug B's protobuf: read as Google's protobuf reads it, strict where a payload is broken."""

from __future__ import annotations

import contextlib
import math
from typing import Any

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st
from pysparkplug._protobuf import Payload as Schema

from gateway.codecs import sparkplug_wire as wire
from gateway.codecs.sparkplug_wire import Malformed, Metric, Payload
from tests.support.sparkplug import M, payload

texts = st.text(max_size=20)
u64 = st.integers(0, 2**64 - 1)
u32 = st.integers(0, 2**32 - 1)
floats32 = st.floats(width=32, allow_nan=False)
raws = st.one_of(
    st.tuples(st.just("int_value"), u32),
    st.tuples(st.just("long_value"), u64),
    st.tuples(st.just("float_value"), floats32),
    st.tuples(st.just("double_value"), st.floats(allow_nan=False)),
    st.tuples(st.just("boolean_value"), st.booleans()),
    st.tuples(st.just("string_value"), texts),
    st.tuples(st.just("bytes_value"), st.binary(max_size=20)),
)
MEMBERS = dict(
    zip(
        ("int_value", "long_value", "float_value", "double_value", "boolean_value", "string_value", "bytes_value"),
        range(10, 17),
        strict=True,
    )
)


@st.composite
def messages(draw: st.DrawFn) -> Any:
    message = Schema()
    if draw(st.booleans()):
        message.timestamp = draw(u64)
    if draw(st.booleans()):
        message.seq = draw(u64)
    message.uuid = draw(texts)
    for _ in range(draw(st.integers(0, 4))):
        metric = message.metrics.add()
        for name, of in (("name", texts), ("alias", u64), ("timestamp", u64), ("datatype", u32)):
            if draw(st.booleans()):
                setattr(metric, name, draw(of))
        metric.is_historical, metric.is_null = draw(st.booleans()), draw(st.booleans())
        if draw(st.booleans()):
            metric.metadata.description = draw(texts)
            metric.metadata.size = draw(u64)
        if draw(st.booleans()):
            setattr(metric, *draw(raws))
        elif draw(st.booleans()):
            metric.template_value.metrics.add().name = draw(texts)
        for key in draw(st.lists(texts, max_size=3, unique=True)):
            metric.properties.keys.append(key)
            added = metric.properties.values.add()
            added.type = draw(u32)
            if draw(st.booleans()):
                member, of = draw(raws.filter(lambda each: each[0] != "bytes_value"))
                setattr(added, member, of)
            else:
                added.propertyset_value.keys.append(key)
    return message


def same(read: Any, theirs: Any) -> bool:
    member = theirs.WhichOneof("value")
    if member not in MEMBERS:
        return read.value is None
    return read.field == MEMBERS[member] and read.value == getattr(theirs, member)


@given(messages())
def test_what_protobuf_writes_is_read_with_the_same_values(message: Any) -> None:
    read = wire.read(message.SerializeToString())
    assert read.timestamp == (message.timestamp if message.HasField("timestamp") else None)
    assert read.seq == (message.seq if message.HasField("seq") else None)
    assert read.uuid == message.uuid
    assert len(read.metrics) == len(message.metrics)
    for ours, theirs in zip(read.metrics, message.metrics, strict=True):
        assert (ours.name, ours.datatype) == (theirs.name, theirs.datatype)
        assert ours.alias == (theirs.alias if theirs.HasField("alias") else None)
        assert ours.timestamp == (theirs.timestamp if theirs.HasField("timestamp") else None)
        assert (ours.historical, ours.null) == (theirs.is_historical, theirs.is_null)
        assert same(ours, theirs)
        assert list(ours.properties or {}) == list(theirs.properties.keys)
        for mine, property_ in zip((ours.properties or {}).values(), theirs.properties.values, strict=True):
            assert mine.datatype == property_.type
            assert same(mine, property_)


@given(messages(), st.data())
def test_what_both_read_of_a_damaged_payload_is_the_same(message: Any, data: st.DataObject) -> None:
    raw = bytearray(message.SerializeToString())
    for _ in range(data.draw(st.integers(1, 4))):
        if raw:
            raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        read = wire.read(bytes(raw))
        theirs = Schema.FromString(bytes(raw))
    except (Malformed, DecodeError):  # theirs: a fault within what we pass over
        return
    assert [each.name for each in read.metrics] == [each.name for each in theirs.metrics]
    for ours, their in zip(read.metrics, theirs.metrics, strict=True):
        value = ours.value
        assert same(ours, their) or (isinstance(value, float) and math.isnan(value))


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_read_or_malformed(raw: bytes) -> None:
    with contextlib.suppress(Malformed):
        assert len(wire.read(raw).metrics) <= len(raw)


@given(st.integers(0, 2**64 - 1), st.integers(-(2**31), 2**31 - 1), st.text(max_size=40))
def test_what_is_written_protobuf_reads(at: int, number: int, text: str) -> None:
    written = wire.write(
        Payload(
            at,
            [
                Metric("a", None, at, 3, field=wire.INT, value=number % 2**32),
                Metric("", 7, None, 12, field=wire.STRING, value=text),
                Metric("c", None, None, 10, True, field=wire.DOUBLE, value=float(number)),
                Metric("d", None, None, 9, False, True),
                Metric("e", None, None, 11, field=wire.BOOLEAN, value=True),
            ],
        )
    )
    theirs = Schema.FromString(written)
    assert theirs.timestamp == at
    assert not theirs.HasField("seq")
    a, b, c, d, e = theirs.metrics
    assert (a.name, a.int_value, a.timestamp) == ("a", number % 2**32, at)
    assert (b.alias, b.string_value, b.HasField("name")) == (7, text, False)
    assert (c.double_value, c.is_historical) == (float(number), True)
    assert d.is_null
    assert e.boolean_value


WHOLE = payload(M("Smoke", 0.5), seq=1)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (WHOLE[:-1] + b"\x98", "cut off"),
        (WHOLE[:9], "a field of"),
        (b"\x12\x03\x0a\x02\xc3", "a field of 2 bytes where 1 are left"),
        (b"\x12\x04\x0a\x02\xc3\x28", "not UTF-8"),
        (b"\x08" + b"\xff" * 10 + b"\x01", "more than 10 bytes"),
        (b"\x08" + b"\xff" * 9 + b"\x02", "more than 64 bits"),
        (b"\x10\x01", "field 2 of a payload with wire type 0"),
        (b"\x12\x02\x08\x01", "field 1 of a metric with wire type 0"),
        (b"\x12\x03\x4d\x00\x00", "field 9 of a metric with wire type 5"),
        (b"\x12\x03\x65\x00\x00", "4 bytes where 2 are left"),
        (b"\x12\x02\x10\xff\x18\x01", "longer than the metric"),
        (b"\x00", "the number 0"),
        (b"\x0b", "wire type 3"),
        (b"\x12\x05\x4a\x03\x0a\x01a", "1 keys of properties with 0 values"),
    ],
)
def test_a_broken_payload_says_where_it_is_broken(raw: bytes, says: str) -> None:
    with pytest.raises(Malformed, match=says):
        wire.read(raw)


def test_fields_of_a_later_version_are_passed_over() -> None:
    later = b"\xa0\x06\x05" + b"\xa2\x06\x03abc" + b"\xa5\x06\x00\x00\x00\x00" + b"\xa1\x06" + b"\x00" * 8
    metric = b"\x0a\x01a" + later
    read = wire.read(later + b"\x12" + bytes([len(metric)]) + metric + b"\x18\x02")
    assert [each.name for each in read.metrics] == ["a"]
    assert read.seq == 2


def test_metrics_beyond_the_most_are_counted_and_not_kept() -> None:
    read = wire.read(b"\x12\x00" * (wire.METRICS_MAX + 3))
    assert (len(read.metrics), read.beyond) == (wire.METRICS_MAX, 3)
