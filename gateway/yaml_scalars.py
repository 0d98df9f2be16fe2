"""Plain scalars by the YAML 1.2 core schema: `on`, `no` and `2026-10-01` stay words."""

from __future__ import annotations

import math
import re

Scalar = str | int | float | bool | None

_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER_STARTS = frozenset("0123456789+-.")
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
INTEGER_CHARS_MAX = 18  # more digits do not fit 64 bits, and nothing in a building is counted so high


def plain_scalar(text: str) -> Scalar:
    """The value of an unquoted scalar. Raises ValueError for a number that cannot be worked with."""
    if text[:1] not in _NUMBER_STARTS:
        return _WORDS.get(text, text)
    if _INTEGER.fullmatch(text):
        if len(text) > INTEGER_CHARS_MAX:
            raise ValueError(f"{text[:24]}… has more than {INTEGER_CHARS_MAX} digits")
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        if not math.isfinite(number):
            raise ValueError(f"{text[:24]} is beyond the largest number")
        return number
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(f"{text} is not a number to work with; expected a finite one")
    return text
