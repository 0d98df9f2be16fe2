"""Numbers at fixed places of a binary payload, and payloads for fixed words. Pure.

For devices whose payload nobody decodes on the way: where each number lies says their maker's manual.
"""

from __future__ import annotations

import struct
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from gateway.codecs.json_paths import as_value
from gateway.codecs.port import Point
from gateway.codecs.transform import BITS_MAX, Transform
from rules.reading import Value
from rules.site import MetricKind

LORAWAN_BYTES_MAX = 242  # LoRaWAN regional parameters: the largest application payload
NAME_CHARACTERS_MAX = 64
WORDS_MAX = 64

_FORMATS = {
    "u8": ">B",
    "i8": ">b",
    "u16be": ">H",
    "u16le": "<H",
    "i16be": ">h",
    "i16le": "<h",
    "u32be": ">I",
    "u32le": "<I",
    "i32be": ">i",
    "i32le": "<i",
    "f32be": ">f",
    "f32le": "<f",
}

Name = Annotated[str, StringConstraints(pattern=r"^\S(.{0,62}\S)?$")]
Word = Annotated[str, StringConstraints(max_length=80)]


class Transformed(BaseModel):
    """How a raw value becomes the point's: see `gateway.codecs.transform.Transform`."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    bit: int | None = Field(None, ge=0, lt=BITS_MAX)
    words: dict[Word, bool | float | Word] = Field({}, max_length=WORDS_MAX)
    scale: float = 1.0
    offset: float = 0.0
    unit: str = Field("", max_length=20)
    metric: str = Field("", pattern=r"^[a-z0-9_]{0,64}$")

    @property
    def transform(self) -> Transform:
        return Transform(self.bit, dict(self.words), self.scale, self.offset)


class BinaryField(Transformed):
    """A number that begins at a byte, counted from 0."""

    at: int = Field(ge=0, lt=LORAWAN_BYTES_MAX)
    type: Literal[
        "u8", "i8", "u16be", "u16le", "i16be", "i16le", "u32be", "u32le", "i32be", "i32le", "f32be", "f32le"
    ] = "u8"

    def read(self, payload: bytes) -> Value | None:
        """None: the payload is too short, or the number is none."""
        layout = _FORMATS[self.type]
        part = payload[self.at : self.at + struct.calcsize(layout)]
        if len(part) < struct.calcsize(layout):
            return None
        value = as_value(struct.unpack(layout, part)[0])
        return None if value is None else self.transform.apply(value)

    def point(self, name: str) -> Point:
        kind = MetricKind.NUMBER
        if self.bit is not None or self.words:
            kind = kind_of_words(self.words) or MetricKind.BOOLEAN
        return Point(name, kind, self.unit, metric=self.metric)


def kind_of_words(words: dict[str, bool | float | str]) -> MetricKind | None:
    """What kind the values are that words are mapped to; None: none, or several."""
    kinds = {
        MetricKind.BOOLEAN
        if isinstance(value, bool)
        else MetricKind.STRING
        if isinstance(value, str)
        else MetricKind.NUMBER
        for value in words.values()
    }
    return kinds.pop() if len(kinds) == 1 else None
