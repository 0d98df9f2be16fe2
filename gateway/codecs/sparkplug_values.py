"""Sparkplug B's data types: what a metric on the wire says, and how a value is put into a command. Pure.

Eclipse Sparkplug Specification 3.0.0, 6.4.16 "Data Types" and 6.4.17 "Datatype Details"
(https://sparkplug.eclipse.org/specification/version/3.0/documents/sparkplug-specification-3.0.0.pdf). Where its text
("simply little-endian packed byte arrays") and its example of a FloatArray (big-endian) differ, the text counts, as in
Eclipse Tahu.

Signed integers travel as two's complement in an unsigned field. Of which width, implementations differ: an Int8 of -1
is 255 in some, 4294967295 in others; both are read. Commands have 32 and 64 bits, as Eclipse Tahu sends them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from enum import IntEnum
from struct import Struct as Layout

from gateway.codecs.native import TEXT_CHARACTERS_MAX
from gateway.codecs.sparkplug_wire import BOOLEAN, BYTES, DOUBLE, FLOAT, INT, LONG, NO_VALUE, STRING, Metric, Raw
from rules.reading import Value
from rules.site import MetricKind

ARRAY_MAX = 64  # elements that become points; the phases of a meter, the zones of a panel
INSTANT_MAX = 253_402_300_799_999  # the last millisecond of the year 9999


class Datatype(IntEnum):
    UNKNOWN = 0
    INT8 = 1
    INT16 = 2
    INT32 = 3
    INT64 = 4
    UINT8 = 5
    UINT16 = 6
    UINT32 = 7
    UINT64 = 8
    FLOAT = 9
    DOUBLE = 10
    BOOLEAN = 11
    STRING = 12
    DATETIME = 13
    TEXT = 14
    UUID = 15
    DATASET = 16
    BYTES = 17
    FILE = 18
    TEMPLATE = 19
    PROPERTY_SET = 20
    PROPERTY_SET_LIST = 21
    INT8_ARRAY = 22
    INT16_ARRAY = 23
    INT32_ARRAY = 24
    INT64_ARRAY = 25
    UINT8_ARRAY = 26
    UINT16_ARRAY = 27
    UINT32_ARRAY = 28
    UINT64_ARRAY = 29
    FLOAT_ARRAY = 30
    DOUBLE_ARRAY = 31
    BOOLEAN_ARRAY = 32
    STRING_ARRAY = 33
    DATETIME_ARRAY = 34


_SPELLING = {"Uint": "UInt", "Datetime": "DateTime", "Dataset": "DataSet", "Uuid": "UUID"}
NAMES = {  # as the specification spells them
    each.value: re.sub("|".join(_SPELLING), lambda found: _SPELLING[found[0]], each.name.title().replace("_", ""))
    for each in Datatype
}
BITS = {
    **dict(zip((Datatype.INT8, Datatype.INT16, Datatype.INT32, Datatype.INT64), (8, 16, 32, 64), strict=True)),
    **dict(zip((Datatype.UINT8, Datatype.UINT16, Datatype.UINT32, Datatype.UINT64), (8, 16, 32, 64), strict=True)),
}
SIGNED = frozenset((Datatype.INT8, Datatype.INT16, Datatype.INT32, Datatype.INT64))
TEXTS = frozenset((Datatype.STRING, Datatype.TEXT, Datatype.UUID))
_LAYOUTS = {
    Datatype.INT8_ARRAY: Layout("<b"),
    Datatype.INT16_ARRAY: Layout("<h"),
    Datatype.INT32_ARRAY: Layout("<i"),
    Datatype.INT64_ARRAY: Layout("<q"),
    Datatype.UINT8_ARRAY: Layout("<B"),
    Datatype.UINT16_ARRAY: Layout("<H"),
    Datatype.UINT32_ARRAY: Layout("<I"),
    Datatype.UINT64_ARRAY: Layout("<Q"),
    Datatype.FLOAT_ARRAY: Layout("<f"),
    Datatype.DOUBLE_ARRAY: Layout("<d"),
    Datatype.DATETIME_ARRAY: Layout("<Q"),
}
BY_FIELD = {  # what a metric is whose birth says no type, where there is no doubt
    FLOAT: Datatype.FLOAT,
    DOUBLE: Datatype.DOUBLE,
    BOOLEAN: Datatype.BOOLEAN,
    STRING: Datatype.STRING,
}
ARRAYS = frozenset((*_LAYOUTS, Datatype.BOOLEAN_ARRAY, Datatype.STRING_ARRAY))
_float32 = Layout("<f")


class Misfit(ValueError):
    """A metric whose value is not what its data type says, or of a type that no point can have."""


def kind(datatype: int) -> MetricKind | None:
    """Of a point of this type, or of an element of an array. None: no point can have it."""
    if datatype in (Datatype.BOOLEAN, Datatype.BOOLEAN_ARRAY):
        return MetricKind.BOOLEAN
    if datatype in TEXTS or datatype == Datatype.STRING_ARRAY:
        return MetricKind.STRING
    numbers = datatype in BITS or datatype in _LAYOUTS
    numbers = numbers or datatype in (Datatype.FLOAT, Datatype.DOUBLE, Datatype.DATETIME)
    return MetricKind.NUMBER if numbers else None


def value(metric: Metric, datatype: int) -> Value | None:
    """Of a metric that is no array. None: it has none, or is no number. Raises Misfit."""
    if metric.null or metric.field == NO_VALUE:
        return None
    read = _READERS.get(datatype)
    if read is None:
        name = NAMES.get(datatype, f"data type {datatype}")
        raise Misfit(f"{name} is not taken in; expected numbers, Boolean, texts, DateTime or arrays of them")
    return read(metric.field, metric.value)


def elements(metric: Metric, datatype: int) -> list[Value | None]:
    """Of an array, at most `ARRAY_MAX`. Raises Misfit."""
    if metric.null or metric.field == NO_VALUE:
        return []
    raw = metric.value
    if metric.field != BYTES or not isinstance(raw, bytes):
        raise Misfit(f"{NAMES[datatype]} in field {metric.field}; expected bytes")
    if datatype == Datatype.BOOLEAN_ARRAY:
        return _bits(raw)
    if datatype == Datatype.STRING_ARRAY:
        return _strings(raw)
    layout = _LAYOUTS[Datatype(datatype)]
    count, rest = divmod(len(raw), layout.size)
    if rest:
        raise Misfit(f"{NAMES[datatype]} of {len(raw)} bytes; expected a multiple of {layout.size}")
    _check_count(count)
    numbers = [number for (number,) in layout.iter_unpack(raw)]
    if datatype == Datatype.FLOAT_ARRAY:
        return [shortest(number) if math.isfinite(number) else None for number in numbers]
    return [float(number) if math.isfinite(number) else None for number in numbers]


def shortest(number: float) -> float:
    """The shortest decimal that is this number in 32 bits: a limit of 0.15 is not exceeded by a sensor that says 0.15,
    which in 32 bits is 0.15000000596."""
    if number.is_integer():
        return number
    for digits in (6, 7, 8):
        decimal = float(f"{number:.{digits}g}")
        if _float32.unpack(_float32.pack(decimal))[0] == number:
            return decimal
    return float(f"{number:.9g}")


def to_raw(given: Value, datatype: int) -> tuple[int, Raw]:
    """Field and raw value that say this in a command. Raises Misfit, which says what the type can be told."""
    if datatype == Datatype.BOOLEAN:
        if isinstance(given, str) or given not in (0, 1):
            raise Misfit(f"{given!r} for a Boolean; expected true or false")
        return BOOLEAN, bool(given)
    if datatype in TEXTS:
        if not isinstance(given, str):
            raise Misfit(f"{given!r} for a {NAMES[datatype]}; expected text")
        if not given.isascii() and any("\ud800" <= each <= "\udfff" for each in given):
            raise Misfit(f"{given!r} for a {NAMES[datatype]}; expected text that is Unicode")
        return STRING, given
    if isinstance(given, bool | str):
        raise Misfit(f"{given!r} for a {NAMES.get(datatype, datatype)}; expected a number")
    if not math.isfinite(given):
        raise Misfit(f"{given!r} for a {NAMES.get(datatype, datatype)}; expected a finite number")
    if datatype == Datatype.FLOAT:
        try:
            _float32.pack(given)
        except OverflowError:
            raise Misfit(f"{given!r} for a Float; at most 3.4e38") from None
        return FLOAT, float(given)
    if datatype == Datatype.DOUBLE:
        return DOUBLE, float(given)
    if datatype not in BITS and datatype != Datatype.DATETIME:
        raise Misfit(f"a {NAMES.get(datatype, datatype)} cannot be set")
    return _integer_to_raw(given, Datatype(datatype))


def _integer_to_raw(given: float, datatype: Datatype) -> tuple[int, Raw]:
    bits = BITS.get(datatype, 64)
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if datatype in SIGNED else (0, (1 << bits) - 1)
    if datatype == Datatype.DATETIME:
        high = INSTANT_MAX
    if given != int(given) or not low <= int(given) <= high:
        raise Misfit(f"{given!r} for a {NAMES[datatype]}; expected a whole number of {low} to {high}")
    field, width = (LONG, 64) if bits == 64 else (INT, 32)
    return field, int(given) % (1 << width)


# ---- readers of one value: (field, raw) → value


def _signed(bits: int) -> Callable[[int, Raw], Value]:
    low, high = -(1 << bits - 1), (1 << bits - 1) - 1

    def read(field: int, raw: Raw) -> Value:
        number = _whole(field, raw, f"Int{bits}")
        width = 32 if field == INT else 64
        if number >> width - 1:
            number -= 1 << width
        elif high < number <= high - low:
            number += 2 * low
        if not low <= number <= high:
            raise Misfit(f"{number} in an Int{bits}; expected {low} to {high}")
        return float(number)

    return read


def _unsigned(bits: int) -> Callable[[int, Raw], Value]:
    def read(field: int, raw: Raw) -> Value:
        number = _whole(field, raw, f"UInt{bits}")
        if number >> bits:
            raise Misfit(f"{number} in a UInt{bits}; expected 0 to {(1 << bits) - 1}")
        return float(number)

    return read


def _instant(field: int, raw: Raw) -> Value:
    number = _whole(field, raw, "DateTime")
    if number > INSTANT_MAX:
        raise Misfit(f"{number} in a DateTime; expected milliseconds since 1970, before the year 10000")
    return float(number)


def _float(field: int, raw: Raw) -> Value | None:
    if field not in (FLOAT, DOUBLE) or not isinstance(raw, float):
        raise Misfit(f"a Float or Double in field {field}; expected {FLOAT} or {DOUBLE}")
    if not math.isfinite(raw):
        return None
    return shortest(raw) if field == FLOAT else raw


def _boolean(field: int, raw: Raw) -> Value:
    if field not in (BOOLEAN, INT) or raw not in (0, 1):
        raise Misfit(f"a Boolean in field {field}; expected {BOOLEAN}")
    return bool(raw)


def _text(field: int, raw: Raw) -> Value:
    if field != STRING or not isinstance(raw, str):
        raise Misfit(f"a text in field {field}; expected {STRING}")
    return _short(raw)


def _whole(field: int, raw: Raw, what: str) -> int:
    if field not in (INT, LONG) or not isinstance(raw, int):
        raise Misfit(f"{what} in field {field}; expected {INT} or {LONG}")
    return raw


def _untyped(field: int, raw: Raw) -> Value | None:
    """Where neither the message nor a birth says the type, but the field leaves no doubt."""
    if field in (FLOAT, DOUBLE):
        return _float(field, raw)
    if field == BOOLEAN:
        return _boolean(field, raw)
    if field == STRING:
        return _text(field, raw)
    raise Misfit("no data type, and no birth that said it: an integer may be signed or not")


_READERS: dict[int, Callable[[int, Raw], Value | None]] = {
    Datatype.UNKNOWN: _untyped,
    Datatype.FLOAT: _float,
    Datatype.DOUBLE: _float,
    Datatype.BOOLEAN: _boolean,
    Datatype.STRING: _text,
    Datatype.TEXT: _text,
    Datatype.UUID: _text,
    Datatype.DATETIME: _instant,
    **{each: _signed(BITS[each]) if each in SIGNED else _unsigned(BITS[each]) for each in BITS},
}


def _bits(raw: bytes) -> list[Value | None]:
    """A count of 4 bytes, then the bits, the highest of each byte first."""
    count = int.from_bytes(raw[:4], "little")
    if len(raw) < 4 or (count + 7) // 8 != len(raw) - 4:
        raise Misfit(f"BooleanArray of {len(raw)} bytes; expected a count of 4 bytes and its bits")
    _check_count(count)
    return [bool(raw[4 + index // 8] >> 7 - index % 8 & 1) for index in range(count)]


def _strings(raw: bytes) -> list[Value | None]:
    if not raw:
        return []
    if raw[-1]:
        raise Misfit("StringArray without a zero at its end")
    _check_count(raw.count(0))
    try:
        return [_short(part.decode()) for part in raw[:-1].split(b"\0")]
    except UnicodeDecodeError:
        raise Misfit("StringArray that is not UTF-8") from None


def _check_count(count: int) -> None:
    if count > ARRAY_MAX:
        raise Misfit(f"an array of {count} elements; at most {ARRAY_MAX}")


def _short(text: str) -> str:
    if len(text) > TEXT_CHARACTERS_MAX:
        raise Misfit(f"a text of {len(text)} characters; at most {TEXT_CHARACTERS_MAX}")
    return text
