"""Sequences of messages for the codecs' fuzzers: recorded ones, changed a little or much, and bogus devices.

A sequence is also bytes (`packed`, `unpacked`), so that a fuzzer that knows nothing of messages can cut and join it.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator
from copy import deepcopy
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from tests.support.codec_checks import Message
from tests.support.sparkplug_mutations import mutated as sparkplug

SAMPLES = Path(__file__).parents[1] / "gateway" / "samples"
MESSAGES_MAX = 40
BYTES_MAX = 256 * 1024  # of a sequence
PLACES_MAX = 5_000  # in one payload that something may be put at
LARGE = 1024 * 1024  # bytes of the largest payload that the link lets through

_ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 255, 256, 2**31, 2**53, 2**63, -(2**63), 2**64, 10**400, 0.1, -0.0, 1e308),
    *("", "ON", "OFF", "null", "true", "1", "NaN", "Infinity", "é", "正常", "\ud800", "\0", "a" * 300, "+/#", "../.."),
    *([], {}, [None], [[]], {"": None}, [1, "a", True]),
)
_RAW: tuple[bytes, ...] = (
    *(b"", b"null", b"NaN", b"Infinity", b"-Infinity", b"1e400", b"-", b"{", b"[", b'"', b"\xff\xfe", b"\x00", b"\xc3"),
    *(b"[" * 5_000, b'{"a":' * 5_000, b"9" * 5_000, b'{"a":1,"a":2}', b'"\\ud800"', b" " * 100, b"\xef\xbb\xbf{}"),
)
_TOPIC_PARTS = (
    b"",
    b"+",
    b"#",
    b"\xff",
    b"\x00",
    b"$SYS",
    b"a" * 300,
    b"..",
    b"set",
    b"get",
    b"config",
    b"availability",
)


def packed(messages: list[Message]) -> bytes:
    """Length and content of each topic and payload, the highest bit of the first length for `retained`."""
    parts = []
    for topic, payload, retained in messages:
        parts.append((len(topic) | retained << 15).to_bytes(2) + len(payload).to_bytes(3) + topic + payload)
    return b"".join(parts)


def unpacked(raw: bytes) -> list[Message]:
    """Of any bytes: what is cut off counts as far as it goes."""
    messages, at = [], 0
    while at + 5 <= len(raw) and len(messages) < MESSAGES_MAX:
        head, length = int.from_bytes(raw[at : at + 2]), int.from_bytes(raw[at + 2 : at + 5])
        start = at + 5 + (head & 0x7FFF)
        at = start + length
        messages.append(Message(raw[at - length - (head & 0x7FFF) : start], raw[start:at], bool(head >> 15)))
    return messages


def seeds(name: str) -> list[tuple[list[Message], dict[str, Any]]]:
    """The recorded samples of a codec, file by file, each with its options."""
    found = []
    for file in sorted((SAMPLES / name).glob("*.jsonl")):
        options: dict[str, Any] = {}
        for path in (file.parent / "options.json", file.with_suffix(".options.json")):
            if path.exists():
                options |= json.loads(path.read_text())
        found.append((read(file)[:MESSAGES_MAX], options))
    return found or [(_NATIVE if name == "native" else [], {})]


def read(file: Path) -> list[Message]:
    messages = []
    for line in file.read_text().splitlines():
        if line.strip():
            parts = json.loads(line)
            messages.append(Message(_bytes(parts["topic"]), _bytes(parts["payload"]), parts.get("retained", False)))
    return messages


def _bytes(text: Any) -> bytes:
    return b64decode(text["base64"]) if isinstance(text, dict) else text.encode()


_NATIVE = [
    Message(b"tocsin/v1/tower-a/sd-1/telemetry", b'{"ts":"2026-11-23T08:00:00.120Z","values":{"smoke":0.12},"seq":42}'),
    Message(b"tocsin/v1/tower-a/sd-1/telemetry", b'{"ts":1795500000000,"values":{"alarm":true,"mode":"day"}}'),
    Message(b"tocsin/v1/tower-a/door-1/event", b'{"event":"access_denied","attributes":{"card":"0f3a"},"seq":7}'),
    Message(b"tocsin/v1/tower-a/sd-1/status", b"online", True),
    Message(b"tocsin/v1/tower-a/siren-1/command/result", b'{"id":"CMD-000001","ok":true,"detail":""}'),
    Message(b"tocsin-exercise/v1/tower-a/sd-1/telemetry", b'{"values":{"smoke":1}}'),
]


# ---- changes


def mutated(messages: list[Message], other: list[Message], random: Random) -> list[Message]:
    """One to four changes: of the order, of a topic, of a payload as JSON or as bytes; `other` is joined at times."""
    changed = list(messages) or list(other)
    for _ in range(random.randint(1, 4)):
        if not changed:
            break
        index = random.randrange(len(changed))
        change = random.choice((_payload, _payload, _payload, _topic, _retained, _again, _without, _swapped, _joined))
        changed = change(changed, index, other, random)
    return changed[:MESSAGES_MAX]


_Messages = list[Message]


def _payload(messages: _Messages, index: int, other: _Messages, random: Random) -> _Messages:
    message = messages[index]
    if message.topic.startswith(b"spBv1.0/") and random.random() < 0.7:
        changed = sparkplug(message.payload, random)
        return [*messages[:index], message._replace(payload=changed), *messages[index + 1 :]]
    try:
        value = json.loads(message.payload) if random.random() < 0.8 else None
    except (ValueError, RecursionError):
        value = None
    changed = _json(value, random) if isinstance(value, dict | list) else _raw(message.payload, random)
    return [*messages[:index], message._replace(payload=changed), *messages[index + 1 :]]


def _json(value: Any, random: Random) -> bytes:
    places = list(islice(_places(value), PLACES_MAX))
    for _ in range(random.randint(1, 3)):
        holder, key = random.choice(places) if places else (value, None)
        if isinstance(holder, dict) and random.random() < 0.2:
            holder.pop(key, None)
        elif isinstance(holder, dict) and random.random() < 0.2:
            holder[random.choice(("", "a" * 300, "seq", "ts", "values", str(key) + "2"))] = deepcopy(
                random.choice(_ODD)
            )
        elif key is not None:
            near = [each[key] for each, at in places if at == key and isinstance(each, dict) and key in each]
            put = random.choice(_ODD) if random.random() < 0.7 or not near else random.choice(near)
            holder[key] = deepcopy(put)  # else it could come to hold itself
        places = list(islice(_places(value), PLACES_MAX))
    return json.dumps(value, ensure_ascii=random.random() < 0.5).encode(errors="surrogatepass")


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in it where something stands."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        keys: Any = each.keys() if isinstance(each, dict) else range(len(each))
        for key in keys:
            yield each, key
            if isinstance(each[key], dict | list):
                waiting.append(each[key])


def _raw(payload: bytes, random: Random) -> bytes:
    match random.randrange(7):
        case 0:
            return random.choice(_RAW)
        case 1:
            at = random.randint(0, len(payload))
            return payload[:at] + random.choice(_RAW) + payload[at:]
        case 2:
            return payload[: random.randint(0, len(payload))]
        case 3 if random.random() < 0.05:
            return payload.ljust(random.choice((65 * 1024, LARGE)), b" ")
        case 4:
            at = random.randint(0, len(payload))
            return payload[:at] + payload[random.randint(0, at) :]
    changed = bytearray(payload or b"0")
    for _ in range(random.randint(1, 3)):
        changed[random.randrange(len(changed))] = random.choice((random.randrange(256), 0, 0x7F, 0x80, 0xFF))
    return bytes(changed)


def _topic(messages: _Messages, index: int, other: _Messages, random: Random) -> _Messages:
    parts = messages[index].topic.split(b"/")
    at = random.randrange(len(parts))
    everywhere = [part for each in (*messages, *other) for part in each.topic.split(b"/")]
    match random.randrange(3):
        case 0:
            parts[at] = random.choice((*_TOPIC_PARTS, *everywhere))
        case 1:
            parts.insert(at, random.choice((*_TOPIC_PARTS, *everywhere)))
        case _:
            del parts[at]
    changed = messages[index]._replace(topic=b"/".join(parts)[:1_000])
    return [*messages[:index], changed, *messages[index + 1 :]]


def _retained(messages: _Messages, index: int, other: _Messages, random: Random) -> _Messages:
    changed = messages[index]._replace(retained=not messages[index].retained)
    return [*messages[:index], changed, *messages[index + 1 :]]


def _again(messages: _Messages, index: int, other: _Messages, random: Random) -> _Messages:
    at = random.randint(0, len(messages))
    return [*messages[:at], messages[index], *messages[at:]]


def _without(messages: _Messages, index: int, other: _Messages, random: Random) -> _Messages:
    return [*messages[:index], *messages[index + 1 :]] if len(messages) > 1 else messages


def _swapped(messages: _Messages, index: int, other: _Messages, random: Random) -> _Messages:
    changed, at = list(messages), random.randrange(len(messages))
    changed[index], changed[at] = changed[at], changed[index]
    return changed


def _joined(messages: _Messages, index: int, other: _Messages, random: Random) -> _Messages:
    if not other:
        return messages
    start = random.randrange(len(other))
    return [*messages[:index], *other[start : start + random.randint(1, 5)], *messages[index:]]


# ---- bogus devices


def bogus(name: str, count: int, random: Random) -> Iterator[Message]:
    """So many messages of devices that never were: recorded ones with the names in their topics made up, in the payload
    too. Names keep their length, so that what counts bytes stays whole."""
    recorded = [(message, _names(message)) for messages, _ in seeds(name) for message in messages]
    usable = [each for each in recorded if each[1]]
    for index in range(count if usable else 0):
        message, names = usable[index % len(usable)]
        topic, payload = message.topic, message.payload
        for each in names:
            made = f"{random.getrandbits(64):016x}".encode().ljust(len(each), b"0")[: len(each)]
            topic, payload = topic.replace(each, made), payload.replace(each, made)
        yield Message(topic, payload, message.retained)


_WORDS = frozenset(
    b"tocsin tocsin-exercise tocsin-test v1 telemetry event status command result spBv1.0 zigbee2mqtt bridge "
    b"tele stat cmnd SENSOR STATE RESULT POWER events rpc online application device homeassistant homie config".split()
)


def _names(message: Message) -> list[bytes]:
    """The parts of a topic that may be a name, longest first: lower case with a digit or a dash, or hexadecimal."""
    parts = {part for part in message.topic.split(b"/") if len(part) >= 4 and part not in _WORDS}
    parts = {part for part in parts if not part.isupper() and not part.startswith(b"$")}
    return sorted(parts, key=lambda each: (-len(each), each))
