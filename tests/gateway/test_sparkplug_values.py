"""Every data type of Sparkplug B, encoded by pysparkplug, is the same value here; and commands the other way round."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pysparkplug import DataType, DBirth, DCmd, Metric

from gateway.codecs import sparkplug_values as types
from gateway.codecs import sparkplug_wire as wire
from gateway.codecs.sparkplug_values import Datatype, Misfit
from rules.reading import Value
from rules.site import MetricKind
from tests.support.sparkplug import NOW

WHEN = datetime(2025, 11, 24, 16, 0, 0, 250_000, UTC)


def encoded(datatype: DataType, value: Any) -> wire.Metric:
    """By pysparkplug."""
    birth = DBirth(timestamp=NOW, seq=1, metrics=[Metric(timestamp=NOW, name="a", datatype=datatype, value=value)])
    (metric,) = wire.read(birth.encode()).metrics
    return metric


SCALARS = [
    (DataType.INT8, -128, -128.0),
    (DataType.INT8, 127, 127.0),
    (DataType.INT16, -32_768, -32_768.0),
    (DataType.INT32, -(2**31), -(2.0**31)),
    (DataType.INT64, -(2**63), -(2.0**63)),
    (DataType.INT64, 2**63 - 1, 2.0**63),
    (DataType.UINT8, 255, 255.0),
    (DataType.UINT16, 65_535, 65_535.0),
    (DataType.UINT32, 2**32 - 1, 2.0**32 - 1),
    (DataType.UINT64, 2**64 - 1, 2.0**64),
    (DataType.FLOAT, 0.15, 0.15),
    (DataType.DOUBLE, 0.15, 0.15),
    (DataType.BOOLEAN, True, True),
    (DataType.BOOLEAN, False, False),
    (DataType.STRING, "正常", "正常"),
    (DataType.TEXT, "", ""),
    (DataType.UUID, "6f7c4c4e-2f4d-4f0a-9a57-0d2b1c5f0a11", "6f7c4c4e-2f4d-4f0a-9a57-0d2b1c5f0a11"),
    (DataType.DATETIME, WHEN, WHEN.timestamp() * 1000),
]


@pytest.mark.parametrize(("datatype", "value", "expected"), SCALARS)
def test_a_value_of_each_type_is_the_same_as_the_peer_encoded_it(
    datatype: DataType, value: Any, expected: Value
) -> None:
    read = types.value(encoded(datatype, value), datatype)
    assert read == expected
    assert type(read) is type(expected)


ARRAYS = [
    (DataType.INT8_ARRAY, [-23, 123], [-23.0, 123.0]),
    (DataType.INT16_ARRAY, [-30_000, 30_000], [-30_000.0, 30_000.0]),
    (DataType.INT32_ARRAY, [-1, 315_338_746], [-1.0, 315_338_746.0]),
    (DataType.INT64_ARRAY, [-5, 2**40], [-5.0, 2.0**40]),
    (DataType.UINT8_ARRAY, [23, 250], [23.0, 250.0]),
    (DataType.UINT16_ARRAY, [30, 52_360], [30.0, 52_360.0]),
    (DataType.UINT32_ARRAY, [52, 3_293_969_225], [52.0, 3_293_969_225.0]),
    (DataType.UINT64_ARRAY, [52, 2**60], [52.0, 2.0**60]),
    (DataType.FLOAT_ARRAY, [1.23, 89.341], [1.23, 89.341]),
    (DataType.DOUBLE_ARRAY, [12.354213, 1022.9123213], [12.354213, 1022.9123213]),
    (DataType.STRING_ARRAY, ["ABC", "hello"], ["ABC", "hello"]),
    (DataType.DATETIME_ARRAY, [WHEN], [WHEN.timestamp() * 1000]),
    (
        DataType.BOOLEAN_ARRAY,
        [False, False, True, True, False, True, False, False, True, True, False, True],
        [False, False, True, True, False, True, False, False, True, True, False, True],
    ),
]


@pytest.mark.parametrize(("datatype", "values", "expected"), ARRAYS)
def test_an_array_of_each_type_is_the_same_as_the_peer_encoded_it(
    datatype: DataType, values: list[Any], expected: list[Value]
) -> None:
    assert types.elements(encoded(datatype, values), datatype) == expected


def test_the_specifications_own_array_examples_are_read() -> None:
    def read(datatype: Datatype, raw: bytes) -> list[Value | None]:
        return types.elements(wire.Metric(field=wire.BYTES, value=raw), datatype)

    bits = [False, False, True, True, False, True, False, False, True, True, False, True]
    assert read(Datatype.BOOLEAN_ARRAY, bytes([0x0C, 0, 0, 0, 0x34, 0xD0])) == bits
    assert read(Datatype.INT16_ARRAY, bytes([0xD0, 0x8A, 0x30, 0x75])) == [-30_000.0, 30_000.0]
    assert read(Datatype.STRING_ARRAY, b"ABC\x00hello\x00") == ["ABC", "hello"]


@pytest.mark.parametrize(
    ("datatype", "field", "raw", "expected"),
    [
        (Datatype.INT8, wire.INT, 255, -1.0),  # pysparkplug, SparkplugNet
        (Datatype.INT8, wire.INT, 2**32 - 1, -1.0),  # Eclipse Tahu, npm sparkplug-payload
        (Datatype.INT16, wire.INT, 2**32 - 2, -2.0),
        (Datatype.INT32, wire.LONG, 2**64 - 3, -3.0),
        (Datatype.INT32, wire.LONG, 2**32 - 3, -3.0),
        (Datatype.UINT32, wire.LONG, 2**32 - 1, 2.0**32 - 1),  # npm sparkplug-payload
        (Datatype.FLOAT, wire.DOUBLE, 0.25, 0.25),
        (Datatype.BOOLEAN, wire.INT, 1, True),
    ],
)
def test_other_ways_in_which_implementations_write_a_number_are_read(
    datatype: int, field: int, raw: wire.Raw, expected: Value
) -> None:
    assert types.value(wire.Metric(field=field, value=raw), datatype) == expected


@pytest.mark.parametrize(
    ("datatype", "field", "raw", "says"),
    [
        (Datatype.INT8, wire.INT, 300, "300 in an Int8; expected -128 to 127"),
        (Datatype.UINT8, wire.INT, 256, "256 in a UInt8; expected 0 to 255"),
        (Datatype.UINT16, wire.STRING, "1", "UInt16 in field 15; expected 10 or 11"),
        (Datatype.FLOAT, wire.INT, 1, "Float or Double in field 10"),
        (Datatype.BOOLEAN, wire.INT, 2, "Boolean in field 10; expected 14"),
        (Datatype.STRING, wire.INT, 2, "text in field 10; expected 15"),
        (Datatype.STRING, wire.STRING, "x" * 201, "201 characters; at most 200"),
        (Datatype.DATETIME, wire.LONG, 2**62, "before the year 10000"),
        (Datatype.DATASET, wire.DATASET, None, "DataSet is not taken in"),
        (Datatype.TEMPLATE, wire.TEMPLATE, None, "Template is not taken in"),
        (Datatype.FILE, wire.BYTES, b"a", "File is not taken in"),
        (77, wire.INT, 1, "data type 77 is not taken in"),
        (Datatype.UNKNOWN, wire.INT, 1, "may be signed or not"),
    ],
)
def test_a_value_that_is_not_of_its_type_says_what_was_expected(
    datatype: int, field: int, raw: wire.Raw, says: str
) -> None:
    with pytest.raises(Misfit, match=says.replace("(", r"\(")):
        types.value(wire.Metric(field=field, value=raw), datatype)


@pytest.mark.parametrize(
    ("datatype", "raw", "says"),
    [
        (Datatype.INT32_ARRAY, b"123", "expected a multiple of 4"),
        (Datatype.BOOLEAN_ARRAY, b"\x09\x00\x00\x00\xff", "a count of 4 bytes and its bits"),
        (Datatype.BOOLEAN_ARRAY, b"\x09", "a count of 4 bytes and its bits"),
        (Datatype.STRING_ARRAY, b"abc", "without a zero"),
        (Datatype.STRING_ARRAY, b"\xc3\x28\x00", "not UTF-8"),
        (Datatype.INT8_ARRAY, b"1" * 65, "65 elements; at most 64"),
        (Datatype.BOOLEAN_ARRAY, (2**31).to_bytes(4, "little"), "a count of 4 bytes and its bits"),
    ],
)
def test_an_array_that_is_broken_or_too_long_says_so(datatype: int, raw: bytes, says: str) -> None:
    with pytest.raises(Misfit, match=says):
        types.elements(wire.Metric(field=wire.BYTES, value=raw), datatype)


def test_a_number_that_is_none_counts_as_no_data() -> None:
    for number in (float("nan"), float("inf")):
        assert types.value(wire.Metric(field=wire.DOUBLE, value=number), Datatype.DOUBLE) is None
        raw = struct.pack("<2f", number, 1.0)
        assert types.elements(wire.Metric(field=wire.BYTES, value=raw), Datatype.FLOAT_ARRAY) == [None, 1.0]


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_float_of_32_bits_becomes_the_shortest_decimal_that_is_it(number: float) -> None:
    short = types.shortest(number)
    assert struct.pack("<f", short) == struct.pack("<f", number)
    assert len(repr(abs(short))) <= len(repr(abs(number)))


COMMANDS = [
    (Datatype.INT8, -1.0, -1),
    (Datatype.INT16, -300.0, -300),
    (Datatype.INT32, -(2.0**31), -(2**31)),
    (Datatype.INT64, -7.0, -7),
    (Datatype.UINT8, 255.0, 255),
    (Datatype.UINT32, 2.0**32 - 1, 2**32 - 1),
    (Datatype.UINT64, 2.0**40, 2**40),
    (Datatype.FLOAT, 21.5, 21.5),
    (Datatype.DOUBLE, 0.1, 0.1),
    (Datatype.BOOLEAN, True, True),
    (Datatype.BOOLEAN, 0.0, False),
    (Datatype.STRING, "开", "开"),
    (Datatype.TEXT, "on", "on"),
    (Datatype.DATETIME, WHEN.timestamp() * 1000, WHEN),
]


@pytest.mark.parametrize(("datatype", "value", "expected"), COMMANDS)
def test_a_command_of_each_type_is_the_same_as_the_peer_decodes_it(
    datatype: Datatype, value: Value, expected: Any
) -> None:
    field, raw = types.to_raw(value, datatype)
    metric = wire.Metric("a", None, NOW, datatype, field=field, value=raw)
    if isinstance(raw, int) and datatype in (Datatype.INT8, Datatype.INT16):
        assert raw >> 31 == (value < 0)  # 32 bits, as Tahu and npm sparkplug-payload take them
        metric.value = raw % (1 << types.BITS[datatype])  # pysparkplug takes no more bits than the type has
    (decoded,) = DCmd.decode(wire.write(wire.Payload(NOW, [metric]))).metrics
    assert decoded.value == expected


@pytest.mark.parametrize(
    ("datatype", "value", "says"),
    [
        (Datatype.INT8, 128.0, "expected a whole number of -128 to 127"),
        (Datatype.UINT16, -1.0, "expected a whole number of 0 to 65535"),
        (Datatype.INT32, 1.5, "expected a whole number"),
        (Datatype.INT32, True, "expected a number"),
        (Datatype.FLOAT, "on", "expected a number"),
        (Datatype.FLOAT, 1e39, "at most 3.4e38"),
        (Datatype.DOUBLE, float("nan"), "expected a finite number"),
        (Datatype.BOOLEAN, "on", "expected true or false"),
        (Datatype.BOOLEAN, 2.0, "expected true or false"),
        (Datatype.STRING, 1.0, "expected text"),
        (Datatype.STRING, "\ud800", "expected text that is Unicode"),
        (Datatype.INT8_ARRAY, 1.0, "cannot be set"),
        (99, 1.0, "cannot be set"),
    ],
)
def test_a_command_that_a_type_cannot_take_says_what_it_can(datatype: int, value: Value, says: str) -> None:
    with pytest.raises(Misfit, match=says):
        types.to_raw(value, datatype)


def test_each_type_is_a_kind_of_point_or_none() -> None:
    assert [types.NAMES[each] for each in (5, 13, 15, 16, 20, 25)] == [
        *("UInt8", "DateTime", "UUID", "DataSet", "PropertySet", "Int64Array")
    ]
    assert types.kind(Datatype.UINT64) is MetricKind.NUMBER
    assert types.kind(Datatype.DATETIME) is MetricKind.NUMBER
    assert types.kind(Datatype.FLOAT_ARRAY) is MetricKind.NUMBER
    assert types.kind(Datatype.BOOLEAN_ARRAY) is MetricKind.BOOLEAN
    assert types.kind(Datatype.UUID) is MetricKind.STRING
    for datatype in (0, Datatype.DATASET, Datatype.BYTES, Datatype.FILE, Datatype.TEMPLATE, 20, 21, 35):
        assert types.kind(datatype) is None
