"""Sparkplug B payloads changed field by field, so that a fuzzer gets past the protobuf."""

from __future__ import annotations

from random import Random
from typing import Any

from google.protobuf.message import DecodeError
from pysparkplug._protobuf import Payload as Schema

NUMBERS = (0, 1, 2, 3, 7, 9, 10, 11, 127, 128, 255, 256, 2**16 - 1, 2**31, 2**32 - 1)
LARGE = (*NUMBERS, 1_795_500_000_000, 1_795_500_001_000, 2**53, 2**63, 2**64 - 1)
FLOATS = (0.0, -1.0, 0.15, 1e30, float("nan"), float("inf"), float("-inf"))
TEXTS = ("", "bdSeq", "A", "Inputs/Smoke", "Node Control/Rebirth", "Properties/Hardware Make", "x" * 201, "正常", "\0")
BYTES = (b"", b"\0", b"abc", b"a\0b\0", b"\x03\0\0\0\xa0", b"\xff\xff\xff\xff", bytes(64), bytes(65), bytes(520))
MEMBERS: dict[str, tuple[Any, ...]] = {
    "int_value": NUMBERS,
    "long_value": LARGE,
    "float_value": FLOATS,
    "double_value": FLOATS,
    "boolean_value": (True, False),
    "string_value": TEXTS,
    "bytes_value": BYTES,
}
FIELDS: dict[str, tuple[Any, ...]] = {
    "name": TEXTS,
    "alias": (0, 1, 2, 3, 10, 2**64 - 1),
    "timestamp": LARGE,
    "datatype": tuple(range(36)),
    "is_historical": (True, False),
    "is_null": (True, False),
}


def mutated(payload: bytes, random: Random) -> bytes:
    """One to three fields of the message or of one of its metrics; as it is where it is no protobuf."""
    message = Schema()
    try:
        message.ParseFromString(payload)
    except DecodeError:
        return payload
    for _ in range(random.randint(1, 3)):
        _change(message, random)
    changed: bytes = message.SerializeToString()
    return changed


def _change(message: Any, random: Random) -> None:
    if not message.metrics or random.random() < 0.2:
        name = random.choice(("timestamp", "seq", "metrics"))
        if name == "metrics":
            message.metrics.add().name = random.choice(TEXTS)
        elif random.random() < 0.2:
            message.ClearField(name)
        else:
            setattr(message, name, random.choice(LARGE if name == "timestamp" else NUMBERS))
        return
    metric = random.choice(message.metrics)
    match random.randrange(5):
        case 0 | 1:
            name = random.choice(tuple(FIELDS))
            if random.random() < 0.3:
                metric.ClearField(name)
            else:
                setattr(metric, name, random.choice(FIELDS[name]))
        case 2:
            _set_value(metric, random)
        case 3:
            metric.properties.keys.append(random.choice(("Quality", "engUnit", "engLow", "engHigh", "readOnly", "")))
            _set_value(metric.properties.values.add(), random)
        case 4:
            message.metrics.add().CopyFrom(metric)


def _set_value(into: Any, random: Random) -> None:
    name = random.choice([each for each in MEMBERS if each in into.DESCRIPTOR.fields_by_name])
    setattr(into, name, random.choice(MEMBERS[name]))
