"""Readings as people type them for a dry run: `+10s tower-a/sd-1203 smoke=0.3 alarm=true`, a line each. Pure."""

from __future__ import annotations

import re
from typing import Any

from console.client import Json
from console.drawing import rfc3339

UNITS_MS = {"": 1_000, "s": 1_000, "min": 60_000, "h": 3_600_000}
_LINE = re.compile(r"\+(\d+(?:\.\d+)?)(s|min|h|)\s+([^\s/]+/[^\s/]+)\s+(\S.*)")
_VALUE = re.compile(r"([A-Za-z_]\w*)=(\S+)")
_WORDS: dict[str, Any] = {"true": True, "false": False}


class ReadingsUnclear(ValueError):
    """`line` from 1, and its text."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(f"line {line}: {text}")
        self.line, self.text = line, text


def heard(text: str, begins: int) -> list[Json]:
    """In order of time; the body's `readings`. `online`, `offline` and `event=name` may stand for values.

    Raises ReadingsUnclear.
    """
    found = [
        _reading(number, line.strip(), begins)
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not found:
        raise ReadingsUnclear(1, "")
    return sorted(found, key=lambda each: str(each["at"]))


def _reading(number: int, line: str, begins: int) -> Json:
    matched = _LINE.fullmatch(line)
    if matched is None:
        raise ReadingsUnclear(number, line)
    amount, unit, device, rest = matched.groups()
    made: Json = {"device": device, "at": rfc3339(begins + round(float(amount) * UNITS_MS[unit]))}
    if rest in ("online", "offline"):
        return made | {"online": rest == "online"}
    values: dict[str, Any] = {}
    for part in rest.split():
        value = _VALUE.fullmatch(part)
        if value is None:
            raise ReadingsUnclear(number, line)
        name, written = value.groups()
        if name == "event":
            made["event"] = written
        else:
            values[name] = _value(written)
    return made | {"values": values}


def _value(written: str) -> Any:
    if written in _WORDS:
        return _WORDS[written]
    try:
        return float(written)
    except ValueError:
        return written
