"""JSON of foreign formats: read within bounds, flattened to named values, or looked up by a path. Pure; never raises.

A name in a flattened tree is the keys on the way joined with "."; entries of a list are numbered from 1 (Tasmota:
`ENERGY.Power.1`). A path is a safe subset of JSONPath (RFC 9535, https://www.rfc-editor.org/rfc/rfc9535): keys and
indexes, `a.b[0]["a key"]`, the first entry of a list being `[0]`. No wildcards, filters or scripts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from gateway.codecs.native import PAYLOAD_BYTES_MAX, TEXT_CHARACTERS_MAX, VALUES_MAX, Undecodable, rejection
from rules.instant import Instant
from rules.reading import Rejected, Value

DEPTH_MAX = 16  # the deepest of the formats here, ChirpStack's txInfo, has 5
TOPIC_BYTES_MAX = 1_024  # ours; MQTT allows 64 KiB, and nothing here comes near
STEPS_MAX = 16  # of a path
CLOCK_SET_FROM: Instant = 1_420_070_400_000  # 2015-01-01: an earlier time is a clock that was never set
CLOCK_SET_UNTIL: Instant = 4_102_444_800_000  # 2100-01-01: a later one is no clock's

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_decode = msgspec.json.Decoder().decode
_STEP = re.compile(r"""\.?([A-Za-z_$][\w$-]*)|\[(\d{1,4})\]|\[\"([^"\\]{1,100})\"\]|\['([^'\\]{1,100})'\]""", re.ASCII)

Path = tuple[str | int, ...]


def read_json(payload: bytes) -> Any | Rejected:
    """A payload as plain Python values; Rejected if it is too large, no JSON, or nested beyond reason. JSON knows
    neither NaN nor infinity; msgspec refuses both, and numbers that only fit into the latter."""
    if len(payload) > PAYLOAD_BYTES_MAX:
        return Rejected("payload too large", f"{len(payload)} bytes; at most {PAYLOAD_BYTES_MAX}")
    try:
        return _decode(payload)
    except Undecodable as error:
        return rejection(payload, error)


def read_object(payload: bytes) -> dict[str, Any] | Rejected:
    tree = read_json(payload)
    if isinstance(tree, (dict, Rejected)):
        return tree
    return Rejected("wrong shape", f"{kind_of(tree)}; expected an object")


def read_topic(topic: bytes) -> str | Rejected:
    if len(topic) > TOPIC_BYTES_MAX:
        return Rejected("unknown topic", f"{len(topic)} bytes; at most {TOPIC_BYTES_MAX}")
    try:
        text = topic.decode()
    except UnicodeDecodeError as error:
        return Rejected("topic is not utf-8", str(error))
    return text if can_be_published_to(text) else Rejected("unknown topic", "no topic has +, # or NUL in it")


def can_be_published_to(topic: str) -> bool:
    """A client that publishes to anything else is thrown out by its broker (MQTT 3.1.1, 3.3.2.1)."""
    return 0 < len(topic) <= TOPIC_BYTES_MAX and not any(sign in topic for sign in "+#\0")


def kind_of(value: Any) -> str:
    """A JSON value's kind, for messages to people."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    names: dict[type, str] = {dict: "an object", list: "a list", str: "text", int: "a number", float: "a number"}
    return names.get(type(value), type(value).__name__)


def as_value(leaf: Any) -> Value | None:
    """A JSON leaf as a value; None for null, and for what no value can be: too long, not finite, no leaf."""
    if isinstance(leaf, bool):
        return leaf
    if isinstance(leaf, (int, float)):
        try:
            number = float(leaf)
        except OverflowError:
            return None
        return number if math.isfinite(number) else None
    return leaf if isinstance(leaf, str) and len(leaf) <= TEXT_CHARACTERS_MAX else None


class Flat(Struct):
    """The leaves of a tree by name. None: the tree says null there. `refused`: what could not be taken, in words."""

    values: dict[str, Value | None] = {}
    refused: list[str] = []

    def add(self, name: str, leaf: Any) -> None:
        if len(name) > TEXT_CHARACTERS_MAX or not name:
            self.refuse(f"a name of {len(name)} characters; expected 1 to {TEXT_CHARACTERS_MAX}")
        elif len(self.values) >= VALUES_MAX and name not in self.values:
            self.refuse(f"more than {VALUES_MAX} values")
        elif (value := as_value(leaf)) is None and leaf is not None:
            self.refuse(f"{name}: too long or not a finite number")
        else:
            self.values[name] = value

    def refuse(self, why: str) -> None:
        if len(self.refused) < 3:  # more would not tell more
            self.refused.append(why)

    def rejected(self) -> list[Rejected]:
        """What to answer beside the values, so that nothing is left out in silence."""
        return [Rejected("wrong shape", "; ".join(self.refused))] if self.refused else []


def flatten(tree: Any, into: Flat, prefix: str = "", depth: int = 0) -> None:
    """Adds every leaf below `tree` to `into`. What is nested deeper than DEPTH_MAX is refused, the rest is taken."""
    if isinstance(tree, dict):
        children = [(str(key), child) for key, child in tree.items()]
    elif isinstance(tree, list):
        children = [(str(number), child) for number, child in enumerate(tree, start=1)]
    else:
        into.add(prefix, tree)
        return
    if depth >= DEPTH_MAX:
        into.refuse(f"{prefix[:40]}: nested more than {DEPTH_MAX} deep")
        return
    if len(children) > VALUES_MAX:
        into.refuse(f"{prefix[:40] or 'the payload'}: {len(children)} entries; at most {VALUES_MAX} are taken")
    for name, child in children[:VALUES_MAX]:
        flatten(child, into, f"{prefix}.{name}" if prefix else name, depth + 1)


def parse_path(text: str) -> Path:
    """`a.b[0]["a key"]` → its steps; empty: the whole payload. Raises ValueError that shows the offending place."""
    steps: list[str | int] = []
    place = 0
    while place < len(text):
        match = _STEP.match(text, place)
        if match is None or (place == 0 and text.startswith(".")):
            raise ValueError(
                f"{text!r} is not a path: {text[place : place + 20]!r} at {place + 1}; expected keys and indexes as in "
                'a.b[0]["a key"]'
            )
        steps.append(int(match[2]) if match[2] else match[1] or match[3] or match[4])
        place = match.end()
    if len(steps) > STEPS_MAX:
        raise ValueError(f"{text!r} has {len(steps)} steps; at most {STEPS_MAX}")
    return tuple(steps)


class Missing:
    """There is nothing at a path: not the same as null."""


MISSING = Missing()


def look_up(tree: Any, path: Path) -> Any:
    """What stands at a path, MISSING if nothing does."""
    for step in path:
        if isinstance(step, int):
            if not isinstance(tree, list) or step >= len(tree):
                return MISSING
        elif not isinstance(tree, dict) or step not in tree:
            return MISSING
        tree = tree[step]
    return tree


def unsayable(points: Mapping[str, Value]) -> Rejected | None:
    """Points that are to be set to what no message can carry: text that UTF-8 does not know, no finite number."""
    for name, value in points.items():
        try:
            whole = f"{name}{value}".encode() and (not isinstance(value, float) or math.isfinite(value))
        except UnicodeEncodeError:
            whole = False
        if not whole:
            return Rejected("wrong shape", f"{name!a:.80}: {value!a:.80} is nothing that a message can say")
    return None


def plain(value: Value) -> str:
    """As devices expect a value in text: no exponents, no `.0`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(int(value)) if float(value).is_integer() and abs(value) < 1 << 53 else repr(value)
    return value


def time_of(leaf: Any) -> Instant | None:
    """RFC 3339 with a zone, of any number of fractional digits (ChirpStack has nine), → Instant. None: no such time,
    no zone, or a clock that was never set."""
    if not isinstance(leaf, str) or len(leaf) > 40:
        return None
    try:
        moment = datetime.fromisoformat(leaf)
        return set_clock((moment - _EPOCH) // _MILLISECOND) if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def unix_time_of(leaf: Any, unit_ms: int = 1_000) -> Instant | None:
    """Unix time in units of `unit_ms` milliseconds → Instant. None: no such time, or a clock that was never set."""
    if isinstance(leaf, bool) or not isinstance(leaf, (int, float)) or not -1e18 < leaf < 1e18:
        return None
    return set_clock(round(leaf * unit_ms))


def set_clock(at: Instant) -> Instant | None:
    """None for the time of a device whose clock was never set: Tasmota says 1970, a Shelly seconds since it woke."""
    return at if CLOCK_SET_FROM <= at < CLOCK_SET_UNTIL else None
