"""Rows of telemetry as line protocol: what InfluxDB's own library makes of the same point is the oracle."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from influxdb_client import Point

from gateway.forward.lines import Lines, Places, Row, nanoseconds
from gateway.forward.names import Fields, metric_of, safe
from rules.instant import HOUR_MS
from rules.reading import Value

HOUR = 498_750
AT = HOUR * HOUR_MS + 1_234
PLACES = Places(
    {"tower-a/sd 1": ("main", "12F", "tower-a/12F-east", "smoke_detector")}, {"smoke_detector": ("tested",)}
)
SOURCES = {1: ("actual", "tower-a/sd 1"), 2: ("exercise", "tower-a/gone")}


def _lines() -> Lines:
    lines = Lines("tocsin_", Fields(), SOURCES)
    lines.stand(PLACES)
    return lines


def _row(values: dict[str, Any], source: int = 1, at: int = AT, event: str | None = None, rank: int = 0) -> Row:
    return Row(1, source, at, -1, 0, at, event, json.dumps(values).encode(), rank)


def _text(values: dict[str, Any], lines: Lines | None = None, **row: Any) -> str:
    line = (lines or _lines()).line(HOUR, _row(values, **row))
    assert line is not None
    return line.decode()


def test_a_reading_is_a_point_with_place_mode_and_fields() -> None:
    tags = r"site=tower-a,building=main,floor=12F,zone=tower-a/12F-east,device=tower-a/sd\ 1,class=smoke_detector"
    expected = f'tocsin_readings,{tags},mode=actual smoke=0.12,alarm=true,state="on" {AT}000000'
    assert _text({"smoke": 0.12, "alarm": True, "state": "on"}) == expected


def test_a_device_that_stands_nowhere_any_more_keeps_its_name_and_site_and_has_all_tags() -> None:
    tags = "site=tower-a,building=-,floor=-,zone=-,device=tower-a/gone,class=-,mode=exercise"
    assert _text({"x": 1}, source=2) == f"tocsin_readings,{tags} x=1.0 {AT}000000"


def test_an_event_is_a_point_of_its_own_measurement_and_only_declared_ones_are_a_tag() -> None:
    assert ',event=tested name="tested",by="x" ' in _text({"by": "x"}, event="tested")
    assert ',event=undeclared name="so to, say" ' in _text({}, event="so to, say")
    assert _text({}, event="tested").startswith("tocsin_events,")


def test_a_message_without_values_is_no_point() -> None:
    assert _lines().line(HOUR, _row({})) is None


def test_a_field_holds_one_type_and_others_go_beside_it() -> None:
    lines = _lines()
    assert " level=1.5 " in _text({"level": 1.5}, lines)
    assert ' level:string="high" ' in _text({"level": "high"}, lines)
    assert " level:boolean=true " in _text({"level": True}, lines)
    assert " level=2.0 " in _text({"level": 2}, lines)


@pytest.mark.parametrize("name", ["floor", "mode", "device", "time", "name"])
def test_a_metric_that_is_called_as_a_tag_goes_to_a_field_of_another_name(name: str) -> None:
    assert f' {name}:string="12F" ' in _text({name: "12F"})


def test_what_is_known_of_a_field_outlives_the_process() -> None:
    fields = Fields({("tocsin_readings", "level"): "string"})
    assert fields.field("tocsin_readings", "level", "number") == "level:number"
    assert fields.field("tocsin_events", "level", "number") == "level"
    assert fields.new == {("tocsin_events", "level"): "number"}


def test_rows_of_one_device_in_one_millisecond_differ_below_it() -> None:
    assert nanoseconds(HOUR, _row({}, rank=0)) == AT * 1_000_000
    assert nanoseconds(HOUR, _row({}, rank=2)) == AT * 1_000_000 + 2


def test_the_same_instant_received_in_another_hour_differs_too_late_or_early() -> None:
    times = {nanoseconds(hour, _row({}, rank=rank)) for hour in range(HOUR - 100, HOUR + 800) for rank in (0, 999)}
    assert len(times) == 1800
    assert {time // 1_000_000 for time in times} == {AT}  # and none of them leaves its millisecond


@given(st.text(max_size=20))
def test_a_metrics_name_comes_back_whatever_it_is(name: str) -> None:
    assert metric_of(safe(name)) == name
    assert metric_of(f"{safe(name)}:string") == name
    assert not set(safe(name)) & set('\n\r\t\\":')
    assert not safe(name).startswith("_")


_NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='%:\\"'), min_size=1, max_size=12)
_VALUES = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)


@given(st.dictionaries(_NAMES.filter(lambda name: name[0] not in "_ "), _VALUES, min_size=1, max_size=5))
def test_a_line_is_what_the_library_would_write(values: dict[str, Value]) -> None:
    taken = {name: value for name, value in values.items() if name not in ("floor", "mode", "time", "name", "zone")}
    point = Point("tocsin_readings")
    tags = dict(zip(("building", "floor", "zone", "class"), PLACES.devices["tower-a/sd 1"], strict=True))
    for key, value in {"site": "tower-a", "device": "tower-a/sd 1", "mode": "actual", **tags}.items():
        point.tag(key, value)
    for name, field in taken.items():
        point.field(name, field)
    oracle = _fields_of(point.time(AT * 1_000_000).to_line_protocol())
    made = _lines().line(HOUR, _row(taken))
    assert (None if made is None else _fields_of(made.decode())) == oracle


def _fields_of(line: str) -> Any:
    """Measurement and tags, fields, time: each split where nothing is escaped or quoted, in one order."""
    if not line:
        return None
    parts, quoted, escaped, current = [], False, False, ""
    for character in line:
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == '"':
            quoted = not quoted
        elif character in " ," and not quoted:
            parts.append(current)
            current = ""
            continue
        current += character
    return sorted(_same(part) for part in [*parts, current])


def _same(part: str) -> str:
    """The library writes 1.0 as 1."""
    name, _, value = part.rpartition("=")
    try:
        return f"{name}={float(value)}"
    except ValueError:
        return part
