"""From a point's value to a metric's: scale, offset, words, one bit of a number. Pure."""

from __future__ import annotations

import math

from msgspec import Struct

from rules.reading import Value

BITS_MAX = 64


class Transform(Struct, frozen=True):
    """Applied in the order of the fields: a bit of the word, then the mapping, then scale and offset.

    `words` maps the value as JSON writes it without quotes ("true", "3", "ON") to the metric's value; what is not
    among them is unknown, unless `words` is empty. `bit` 0 is the lowest.
    """

    bit: int | None = None
    words: dict[str, Value] = {}
    scale: float = 1.0
    offset: float = 0.0

    def apply(self, value: Value) -> Value | None:
        """None: this value says nothing about the metric (a word that is not mapped, text where a number belongs)."""
        result: Value | None = value
        if self.bit is not None:
            result = _bit(value, self.bit)
        if self.words and result is not None:
            result = self.words.get(as_word(result))
        if result is None or (self.scale == 1.0 and self.offset == 0.0):
            return result
        if isinstance(result, (bool, str)):
            return None
        scaled = result * self.scale + self.offset
        return scaled if math.isfinite(scaled) else None

    def undo(self, value: Value) -> Value | None:
        """The point's value that `apply` makes this metric's value of, for commands. None: there is none."""
        if self.bit is not None:
            return None
        if isinstance(value, float | int) and not isinstance(value, bool):
            value = (value - self.offset) / self.scale if self.scale else value
        if not self.words:
            return value
        return next((from_word(word) for word, means in self.words.items() if means == value), None)


def is_text(value: Value) -> bool:
    """False for text that cannot be sent, because it has half of a surrogate pair."""
    return not isinstance(value, str) or value.isascii() or not any("\ud800" <= each <= "\udfff" for each in value)


def as_word(value: Value) -> str:
    """As JSON writes it, text without quotes: true, 3, 2.5, ON."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def from_word(word: str) -> Value:
    """The value that is written so: true and false, numbers, else text."""
    if word in ("true", "false"):
        return word == "true"
    try:
        number = float(word)
    except ValueError:
        return word
    return number if math.isfinite(number) else word


def _bit(value: Value, bit: int) -> bool | None:
    if isinstance(value, (bool, str)) or not float(value).is_integer() or value < 0:
        return None
    return bool(int(value) >> bit & 1)
