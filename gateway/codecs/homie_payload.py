"""Homie's datatypes: what a property's payload says, and the payload that sets it.

Source: "The Homie Convention", chapters "Payloads" and "Formats", version 5.0.0,
https://homieiot.github.io/specification/spec-core-v5_0_0/ and version 4.0.0,
https://homieiot.github.io/specification/spec-core-v4_0_0/. Where the two differ: colours name their kind in 5
(`rgb,255,0,0`) and not in 4 (`255,0,0`); blanks count in the values of an enum in 5 and not in 4; an empty text is one
byte 0 in 5. A duration is a number of seconds here, so that rules can compare it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from gateway.codecs.native import TEXT_CHARACTERS_MAX, Undecodable
from gateway.codecs.port import Point
from gateway.codecs.transform import as_word
from rules.reading import Rejected, Value
from rules.site import MetricKind

DATATYPES = ("integer", "float", "boolean", "string", "enum", "color", "datetime", "duration", "json")
VALUES_MAX = 256  # of an enum
COLORS: dict[str, tuple[float, ...]] = {"rgb": (255, 255, 255), "hsv": (360, 100, 100), "xyz": (1, 1)}  # upper ends
INTEGER_MAX = 2**63 - 1
_INTEGER = re.compile(r"-?\d{1,19}")
_FLOAT = re.compile(r"-?(\d{1,400}(\.\d{0,400})?|\.\d{1,400})([eE][+-]?\d{1,4})?")
_DURATION = re.compile(r"PT(?=\d)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9}(?:\.\d{1,9})?)S)?")
_KINDS = {
    "integer": MetricKind.NUMBER,
    "float": MetricKind.NUMBER,
    "duration": MetricKind.NUMBER,
    "boolean": MetricKind.BOOLEAN,
}


class Wrong(Exception):
    """What is wrong with a declaration or a value; becomes Rejected."""


class Property(Struct, frozen=True, omit_defaults=True):
    """One property as its device describes it."""

    node: str
    id: str
    datatype: str
    version: int  # of the convention: 4 or 5
    unit: str = ""
    settable: bool = False
    retained: bool = True
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    values: tuple[str, ...] = ()  # of an enum; of a colour the kinds it may have
    profile: str = ""  # what its node says it is

    @property
    def point(self) -> str:
        return f"{self.node}.{self.id}"

    def as_point(self) -> Point:
        values = self.values if self.datatype == "enum" else ()
        unit = "s" if self.datatype == "duration" else self.unit
        kind = _KINDS.get(self.datatype, MetricKind.STRING)
        return Point(self.point, kind, unit, self.minimum, self.maximum, values, self.settable)


def described(version: int, node: str, name: str, says: Mapping[str, Any], profile: str = "") -> Property:
    """A property of what its description says: datatype, format, unit, settable, retained. Raises Wrong for what the
    convention does not know."""
    datatype, format_, unit = says.get("datatype"), says.get("format", ""), says.get("unit", "")
    settable, retained = says.get("settable", False), says.get("retained", True)
    if datatype not in DATATYPES:
        raise Wrong(f"datatype {_shown(datatype)}; expected {', '.join(DATATYPES)}")
    if not isinstance(format_, str) or not isinstance(unit, str) or len(unit) > TEXT_CHARACTERS_MAX:
        raise Wrong("format or unit is no short text")
    if not isinstance(settable, bool) or not isinstance(retained, bool):
        raise Wrong("settable or retained is neither true nor false")
    limits: tuple[float | None, float | None, float | None] = (None, None, None)
    values: tuple[str, ...] = ()
    if datatype in ("integer", "float"):
        limits = _limits(format_)
    elif datatype == "enum":
        values = _values(format_, version)
    elif datatype == "color":
        values = _colors(format_)
    return Property(node, name, datatype, version, unit, settable, retained, *limits, values, profile)


def read(declared: Property, payload: bytes) -> Value | Rejected | None:
    """None: the retained value was deleted, nothing is known any longer."""
    try:
        text = payload.decode()
        if text == "" and not (declared.version == 4 and declared.datatype == "string"):
            return None
        return _read(declared, text)
    except UnicodeDecodeError as error:
        return Rejected("wrong shape", f"{declared.point} is not utf-8: {error.reason}")
    except Wrong as wrong:
        return Rejected("wrong shape", f"{declared.point}: {wrong}")


def write(declared: Property, value: Value) -> bytes | Rejected:
    """The payload that sets the property."""
    try:
        text = _written(declared, value)
        _read(declared, text)
        return text.encode()
    except (Wrong, UnicodeEncodeError) as wrong:
        return Rejected("wrong shape", f"{declared.point}: {wrong}")


def _read(declared: Property, text: str) -> Value:
    match declared.datatype:
        case "integer" | "float":
            return _number(declared, text)
        case "boolean":
            if text not in ("true", "false"):
                raise Wrong(f"{text[:40]!r}; expected true or false")
            return text == "true"
        case "duration":
            return _seconds(text)
    if len(text) > TEXT_CHARACTERS_MAX:
        raise Wrong(f"{len(text)} characters; at most {TEXT_CHARACTERS_MAX}")
    match declared.datatype:
        case "string":
            return "" if text == "\0" and declared.version == 5 else text
        case "enum":
            text = text if declared.version == 5 else text.strip()
            if text not in declared.values:
                raise Wrong(f"{text[:40]!r}; expected {', '.join(declared.values[:12])}")
        case "color":
            _check_color(declared, text)
        case "datetime":
            _check_moment(text)
        case _:
            _check_json(text)
    return text


def _written(declared: Property, value: Value) -> str:
    if declared.datatype in ("integer", "float", "duration"):
        if isinstance(value, bool | str) or not math.isfinite(value):
            raise Wrong(f"{as_word(value)[:40]!r}; expected a number")
        number = float(value)
        if declared.datatype == "duration":
            if number < 0:
                raise Wrong(f"{number:g} s; expected a duration that is not negative")
            return f"PT{_plain(number)}S"
        number = _stepped(declared, number)
        if declared.datatype == "integer" and not number.is_integer():
            raise Wrong(f"{number:g}; expected a whole number")
        return _plain(number)
    if declared.datatype == "boolean":
        if not isinstance(value, bool):
            raise Wrong(f"{as_word(value)[:40]!r}; expected true or false")
        return as_word(value)
    text = as_word(value)
    return "\0" if text == "" and declared.version == 5 else text


def _number(declared: Property, text: str) -> float:
    if declared.datatype == "integer":
        if not _INTEGER.fullmatch(text) or not -INTEGER_MAX - 1 <= int(text) <= INTEGER_MAX:
            raise Wrong(f"{text[:40]!r}; expected a whole number of 64 bits")
    elif not _FLOAT.fullmatch(text):
        raise Wrong(f"{text[:40]!r}; expected a number")
    number = float(text)
    if not math.isfinite(number):
        raise Wrong(f"{text[:40]!r} is beyond what a float holds")
    rounded = _stepped(declared, number)
    low = -math.inf if declared.minimum is None else declared.minimum
    high = math.inf if declared.maximum is None else declared.maximum
    if not low <= rounded <= high:
        raise Wrong(f"{number:g} is outside of its format; expected {low:g} to {high:g}")
    return number


def _stepped(declared: Property, number: float) -> float:
    """The nearest of the steps, counted from the lower end, else from the upper one."""
    if not declared.step:
        return number
    base = declared.minimum if declared.minimum is not None else (declared.maximum or 0.0)
    steps = (number - base) / declared.step
    return base + round(steps) * declared.step if math.isfinite(steps) and abs(steps) < 2**53 else number


def _plain(number: float) -> str:
    return str(int(number)) if number.is_integer() and abs(number) < 2**63 else repr(number)


def _seconds(text: str) -> float:
    match = _DURATION.fullmatch(text)
    if match is None:
        raise Wrong(f"{text[:40]!r}; expected a duration such as PT12H5M46S")
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return hours * 3_600 + minutes * 60 + seconds


def _check_color(declared: Property, text: str) -> None:
    kind, _, numbers = text.partition(",") if declared.version == 5 else (declared.values[0], "", text)
    if kind not in declared.values:
        raise Wrong(f"{text[:40]!r}; expected a colour as {' or '.join(declared.values)}")
    parts, tops = numbers.split(","), COLORS[kind]
    if len(parts) != len(tops) or not all(_FLOAT.fullmatch(part) for part in parts):
        raise Wrong(f"{text[:40]!r}; expected {len(tops)} numbers for {kind}")
    if not all(0 <= float(part) <= top for part, top in zip(parts, tops, strict=True)):
        raise Wrong(f"{text[:40]!r}; expected 0 to {', '.join(f'{top:g}' for top in tops)}")


def _check_moment(text: str) -> None:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise Wrong(f"{text[:40]!r}; expected a date and time of ISO 8601") from None


def _check_json(text: str) -> None:
    try:
        found = msgspec.json.decode(text)
    except Undecodable as error:
        raise Wrong(f"no JSON: {error}") from None
    if not isinstance(found, dict | list):
        raise Wrong(f"{text[:40]!r}; expected an object or an array")


def _limits(format_: str) -> tuple[float | None, float | None, float | None]:
    """`min:max` or `min:max:step`; each may be left out."""
    if not format_:
        return None, None, None
    parts = format_.split(":")
    if len(parts) not in (2, 3) or not all(part == "" or _FLOAT.fullmatch(part) for part in parts):
        raise Wrong(f"format {format_[:40]!r}; expected min:max or min:max:step")
    low, high, step = ((float(part) if part else None) for part in (*parts, "")[:3])
    if any(number is not None and not math.isfinite(number) for number in (low, high, step)):
        raise Wrong(f"format {format_[:40]!r} is beyond what a float holds")
    if (low is not None and high is not None and low > high) or (step is not None and step <= 0):
        raise Wrong(f"format {format_[:40]!r}; expected a minimum below the maximum and a step above 0")
    return low, high, step


def _values(format_: str, version: int) -> tuple[str, ...]:
    values = tuple(dict.fromkeys(each if version == 5 else each.strip() for each in format_.split(",")))
    if not all(values) or len(values) > VALUES_MAX or any(len(each) > TEXT_CHARACTERS_MAX for each in values):
        raise Wrong(f"format {format_[:40]!r}; expected 1 to {VALUES_MAX} short values with commas between them")
    return values


def _colors(format_: str) -> tuple[str, ...]:
    kinds = tuple(dict.fromkeys(format_.split(",")))
    if not all(kind in COLORS for kind in kinds):
        raise Wrong(f"format {format_[:40]!r}; expected {', '.join(COLORS)}")
    return kinds


def _shown(value: Any) -> str:
    return repr(value[:40]) if isinstance(value, str) else "is no text"
