"""A `Stretch` in few bytes: quarters are numbered from the beginning of its day."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from rules.energy import QUARTER_MS, Sample, Stretch
from rules.instant import Instant


class Packed(Struct, array_like=True):
    """Fields are added at the end, with defaults: what was kept for years is read by what comes after."""

    counted: dict[int, float]
    estimated: dict[int, float]
    integrated: dict[int, float]
    covered_ms: dict[int, int]
    first_counter: Sample | None
    last_counter: Sample | None
    first_power: Sample | None
    last_power: Sample | None
    rolled_over: int
    reset: int
    jumped: int


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Packed).decode
_decode_parts = msgspec.msgpack.Decoder(dict[int, Packed]).decode


def pack(stretch: Stretch, day: Instant) -> Packed:
    def numbered(quarters: dict[Instant, float]) -> dict[int, float]:
        return {(at - day) // QUARTER_MS: value for at, value in quarters.items()}

    return Packed(
        numbered(stretch.counted),
        numbered(stretch.estimated),
        numbered(stretch.integrated),
        {(at - day) // QUARTER_MS: covered for at, covered in stretch.covered_ms.items()},
        stretch.first_counter,
        stretch.last_counter,
        stretch.first_power,
        stretch.last_power,
        stretch.rolled_over,
        stretch.reset,
        stretch.jumped,
    )


def unpack(packed: Packed, day: Instant) -> Stretch:
    def timed(numbers: dict[int, float]) -> dict[Instant, float]:
        return {day + number * QUARTER_MS: value for number, value in numbers.items()}

    return Stretch(
        timed(packed.counted),
        timed(packed.estimated),
        timed(packed.integrated),
        {day + number * QUARTER_MS: covered for number, covered in packed.covered_ms.items()},
        packed.first_counter,
        packed.last_counter,
        packed.first_power,
        packed.last_power,
        packed.rolled_over,
        packed.reset,
        packed.jumped,
    )


def encode(packed: Packed | dict[int, Packed]) -> bytes:
    return _encode(packed)


def decode_whole(body: bytes) -> Packed:
    """Raises msgspec.DecodeError."""
    return _decode(body)


def decode_parts(body: bytes | None) -> dict[int, Packed]:
    """By hour of the day. Raises msgspec.DecodeError."""
    return {} if body is None else _decode_parts(body)
