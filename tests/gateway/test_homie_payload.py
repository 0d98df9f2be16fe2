"""Homie's datatypes: valid payloads are values, invalid ones are refused; commands are valid payloads."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.codecs.homie_payload import DATATYPES, Property, Wrong, described, read, write
from rules.reading import Rejected, Value
from rules.site import MetricKind


def declared(datatype: str, format_: str = "", version: int = 5, **says: Any) -> Property:
    return described(version, "node", "property", {"datatype": datatype, "format": format_, **says})


@pytest.mark.parametrize(
    ("datatype", "format_", "payload", "value"),
    [
        ("integer", "", "-7", -7.0),
        ("integer", "5:35", "35", 35.0),
        ("integer", ":10", "-1000", -1000.0),
        ("float", "", "21.5", 21.5),
        ("float", "", "-1.5e3", -1500.0),
        ("float", "", "1.2e+06", 1_200_000.0),
        ("float", "0:", "1e9", 1e9),
        ("float", "2:6:2", "6.4", 6.4),  # counts as 6 after rounding to a step
        ("boolean", "", "true", True),
        ("boolean", "closed,open", "false", False),  # the format describes, it does not name payloads
        ("string", "", "hello", "hello"),
        ("string", "", "\0", ""),
        ("enum", "off,on,auto", "auto", "auto"),
        ("enum", " a,b", " a", " a"),
        ("color", "rgb,hsv", "rgb,255,0,12.5", "rgb,255,0,12.5"),
        ("color", "xyz", "xyz,0.25,0.34", "xyz,0.25,0.34"),
        ("datetime", "", "2026-11-24T08:00:00+01:00", "2026-11-24T08:00:00+01:00"),
        ("duration", "", "PT12H5M46S", 43_546.0),
        ("duration", "", "PT5M", 300.0),
        ("duration", "", "PT0.5S", 0.5),
        ("json", "", '{"a": [1]}', '{"a": [1]}'),
        ("json", "", "[1, 2]", "[1, 2]"),
    ],
)
def test_a_valid_payload_is_the_value_that_it_writes(datatype: str, format_: str, payload: str, value: Value) -> None:
    assert read(declared(datatype, format_), payload.encode()) == value


@pytest.mark.parametrize(
    ("datatype", "format_", "payload", "part_of_the_reason"),
    [
        ("integer", "", "1.0", "whole number"),
        ("integer", "", " 1", "whole number"),
        ("integer", "", "-", "whole number"),
        ("integer", "", "9223372036854775808", "whole number of 64 bits"),
        ("integer", "5:35", "36", "expected 5 to 35"),
        ("float", "-20:120", "121", "expected -20 to 120"),
        ("float", "2:6:2", "7.5", "expected 2 to 6"),
        ("float", "", "NaN", "expected a number"),
        ("float", "", "Infinity", "expected a number"),
        ("float", "", "1e999", "beyond what a float holds"),
        ("float", "", "1,5", "expected a number"),
        ("float", "", "1 ", "expected a number"),
        ("boolean", "", "TRUE", "expected true or false"),
        ("boolean", "", "1", "expected true or false"),
        ("enum", "off,on", "Off", "expected off, on"),
        ("enum", "off,on", " off", "expected off, on"),
        ("color", "rgb", "hsv,1,2,3", "expected a colour as rgb"),
        ("color", "rgb", "rgb,256,0,0", "expected 0 to 255, 255, 255"),
        ("color", "rgb", "rgb,1,2", "expected 3 numbers"),
        ("color", "rgb", "rgb,1,2,x", "expected 3 numbers"),
        ("datetime", "", "yesterday", "ISO 8601"),
        ("duration", "", "5 minutes", "such as PT12H5M46S"),
        ("duration", "", "PT", "such as PT12H5M46S"),
        ("duration", "", "P1D", "such as PT12H5M46S"),
        ("json", "", "{", "no JSON"),
        ("json", "", "7", "an object or an array"),
        ("json", "", "[" * 150, "no JSON"),
        ("string", "", "x" * 201, "at most 200"),
        ("string", "", b"\xff", "not utf-8"),
    ],
)
def test_an_invalid_payload_is_refused_with_what_was_expected(
    datatype: str, format_: str, payload: Any, part_of_the_reason: str
) -> None:
    raw = payload if isinstance(payload, bytes) else payload.encode()
    refused = read(declared(datatype, format_), raw)
    assert isinstance(refused, Rejected)
    assert refused.reason == "wrong shape"
    assert part_of_the_reason in refused.detail


def test_a_deleted_value_is_known_no_longer_and_in_version_4_an_empty_text_is_one() -> None:
    assert read(declared("float"), b"") is None
    assert read(declared("string"), b"") is None
    assert read(declared("string", version=4), b"") == ""
    assert read(declared("integer", version=4), b"") is None


def test_version_4_writes_colours_without_their_kind_and_passes_over_blanks_in_an_enum() -> None:
    assert read(declared("color", "rgb", version=4), b"255,255,0") == "255,255,0"
    assert isinstance(read(declared("color", "hsv", version=4), b"361,0,0"), Rejected)
    assert read(declared("enum", "on, off", version=4), b" off ") == "off"


@pytest.mark.parametrize(
    ("datatype", "format_", "value", "payload"),
    [
        ("integer", "", 7.0, b"7"),
        ("integer", "0:100:5", 42.0, b"40"),
        ("float", "", 21.5, b"21.5"),
        ("float", "", 3.0, b"3"),
        ("boolean", "", True, b"true"),
        ("string", "", "hello", b"hello"),
        ("string", "", "", b"\0"),
        ("enum", "off,on", "on", b"on"),
        ("color", "rgb", "rgb,1,2,3", b"rgb,1,2,3"),
        ("duration", "", 90.0, b"PT90S"),
        ("duration", "", 0.5, b"PT0.5S"),
        ("json", "", "[1]", b"[1]"),
    ],
)
def test_a_command_is_written_as_the_datatype_wants_it(
    datatype: str, format_: str, value: Value, payload: bytes
) -> None:
    assert write(declared(datatype, format_), value) == payload


@pytest.mark.parametrize(
    ("datatype", "format_", "value"),
    [
        ("integer", "", 7.5),
        ("integer", "0:10", 11.0),
        ("integer", "", "7"),
        ("integer", "", True),
        ("float", "", math.nan),
        ("float", "", math.inf),
        ("float", "0:1", 2.0),
        ("boolean", "", "true"),
        ("boolean", "", 1.0),
        ("enum", "off,on", "auto"),
        ("duration", "", -1.0),
        ("duration", "", 1e300),
        ("color", "rgb", "red"),
        ("datetime", "", "soon"),
        ("json", "", "7"),
        ("json", "", "\ud800"),
        ("string", "", "\ud800"),
    ],
)
def test_a_command_that_no_valid_payload_says_is_refused(datatype: str, format_: str, value: Value) -> None:
    assert isinstance(write(declared(datatype, format_), value), Rejected)


@pytest.mark.parametrize(
    ("says", "part_of_the_reason"),
    [
        ({"datatype": "percent"}, "expected integer, float"),
        ({}, "expected integer, float"),
        ({"datatype": 7}, "is no text"),
        ({"datatype": "float", "format": "a:b"}, "expected min:max"),
        ({"datatype": "float", "format": "1:2:3:4"}, "expected min:max"),
        ({"datatype": "float", "format": "5:1"}, "expected a minimum below the maximum"),
        ({"datatype": "float", "format": "0:1:0"}, "a step above 0"),
        ({"datatype": "float", "format": ":1e999"}, "beyond what a float holds"),
        ({"datatype": "float", "format": 7}, "no short text"),
        ({"datatype": "float", "unit": "x" * 300}, "no short text"),
        ({"datatype": "float", "settable": "yes"}, "neither true nor false"),
        ({"datatype": "enum", "format": ""}, "1 to 256 short values"),
        ({"datatype": "enum", "format": "a,,b"}, "1 to 256 short values"),
        ({"datatype": "color", "format": "cmyk"}, "expected rgb, hsv, xyz"),
        ({"datatype": "color"}, "expected rgb, hsv, xyz"),
    ],
)
def test_a_property_that_the_convention_does_not_know_is_refused(says: Any, part_of_the_reason: str) -> None:
    with pytest.raises(Wrong, match=part_of_the_reason):
        described(5, "node", "property", says)


def test_a_point_has_kind_unit_range_and_values_of_its_property() -> None:
    point = declared("float", "-20:120", unit="°C", settable=True).as_point()
    assert (point.name, point.kind, point.unit) == ("node.property", MetricKind.NUMBER, "°C")
    assert (point.minimum, point.maximum, point.settable) == (-20.0, 120.0, True)
    assert declared("enum", "off,on").as_point().values == ("off", "on")
    assert declared("duration").as_point().unit == "s"
    assert declared("boolean", "closed,open").as_point().values == ()


_properties = st.builds(
    declared,
    st.sampled_from(["integer", "float", "boolean", "string", "datetime", "duration", "json"]),
    st.just(""),
    st.sampled_from([4, 5]),
)
_sound = st.one_of(
    _properties,
    st.sampled_from([declared("enum", "a,b"), declared("color", "rgb,xyz"), declared("float", "0:10:3")]),
    st.sampled_from([declared("integer", "-5:"), declared("color", "hsv", 4)]),
)


@given(
    _sound,
    st.one_of(st.binary(max_size=30), st.text(alphabet="0123456789.-+eE:PTHMS,rgb[]{}", max_size=30).map(str.encode)),
)
@example(declared("float"), b"9" * 300)
@example(declared("float"), b"1" + b"0" * 5_000)
@example(declared("integer"), b"9" * 5_000)
@example(declared("duration"), b"PT" + b"9" * 5_000 + b"S")
@example(declared("json"), b"[" * 100_000)
def test_no_payload_raises_and_every_value_is_finite_and_short(property_: Property, payload: bytes) -> None:
    value = read(property_, payload)
    if isinstance(value, float):
        assert math.isfinite(value)
    if isinstance(value, str):
        assert len(value) <= 200


@given(_sound, st.one_of(st.floats(), st.booleans(), st.text(max_size=20)))
def test_what_is_written_as_a_command_is_read_as_a_value(property_: Property, value: Value) -> None:
    payload = write(property_, value)
    if isinstance(payload, bytes):
        assert not isinstance(read(property_, payload), Rejected)


@given(st.sampled_from(DATATYPES), st.text(alphabet="0123456789:.,-eab rgbhsvxyz", max_size=20))
def test_no_format_raises_anything_but_what_is_wrong_with_it(datatype: str, format_: str) -> None:
    with suppress(Wrong):
        assert declared(datatype, format_).datatype == datatype
