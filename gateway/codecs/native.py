"""Tocsin's own topics and payloads, pure.

`tocsin/v1/{site}/{device}/telemetry|event|status|command/result`; `tocsin-exercise/…` and `tocsin-test/…` are the
same for drills and tests. The tree decides the mode; a payload cannot.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta, Struct

from rules.instant import Instant
from rules.mode import Mode
from rules.reading import CommandResult, DeviceEvent, DeviceStatus, Reading, Rejected, Value

TREES: dict[bytes, Mode] = {
    b"tocsin": Mode.ACTUAL,
    b"tocsin-exercise": Mode.EXERCISE,
    b"tocsin-test": Mode.TEST,
}
TREE_OF: dict[Mode, str] = {mode: tree.decode() for tree, mode in TREES.items()}
TOPICS = tuple(f"{tree.decode()}/v1/#" for tree in TREES)  # everything: what is not understood becomes a dead letter
PAYLOAD_BYTES_MAX = 64 * 1024  # a lift's full telemetry is 1 KiB; the largest uplink known is 3 KiB
VALUES_MAX = 256  # metrics in one message; the richest class has 30
TEXT_CHARACTERS_MAX = 200  # of a value, an event, an attribute
OURS = "gateway"  # the device name under which the gateway itself speaks: no device's

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_Text = Annotated[str, Meta(max_length=TEXT_CHARACTERS_MAX)]
_Word = Annotated[str, Meta(min_length=1, max_length=TEXT_CHARACTERS_MAX)]
_Seq = Annotated[int, Meta(ge=0, le=2**63 - 1)]
_Values = Annotated[dict[_Text, float | bool | _Text], Meta(max_length=VALUES_MAX)]


class Kind(Enum):
    TELEMETRY = "telemetry"
    EVENT = "event"
    STATUS = "status"
    RESULT = "command/result"
    OURS = "ours"  # what the gateway itself publishes, heard because the whole tree is subscribed to


_KINDS = {tuple(kind.value.encode().split(b"/")): kind for kind in Kind if kind is not Kind.OURS}


class Address(NamedTuple):
    mode: Mode
    device: str  # "site/name"
    kind: Kind


class Telemetry(Struct):
    values: _Values
    ts: datetime | int | float | None = None
    seq: _Seq | None = None


class Event(Struct):
    event: _Word
    attributes: _Values = {}
    ts: datetime | int | float | None = None
    seq: _Seq | None = None


class _TelemetryBadTime(Struct, rename={"ts": "-"}):
    values: _Values
    ts: None = None
    seq: _Seq | None = None


class _EventBadTime(Struct, rename={"ts": "-"}):
    event: _Word
    attributes: _Values = {}
    ts: None = None
    seq: _Seq | None = None


class _Result(Struct):
    id: _Text
    ok: bool
    detail: Annotated[str, Meta(max_length=4_000)] = ""


Undecodable = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
decode_telemetry = msgspec.json.Decoder(Telemetry).decode  # raises Undecodable
decode_event = msgspec.json.Decoder(Event).decode
encode_values = msgspec.json.Encoder().encode
_decode_result = msgspec.json.Decoder(_Result).decode
_without_time = {
    Kind.TELEMETRY: msgspec.json.Decoder(_TelemetryBadTime).decode,
    Kind.EVENT: msgspec.json.Decoder(_EventBadTime).decode,
}


def address(topic: bytes) -> Address | Rejected:
    try:
        tree, version, site, device, *rest = topic.split(b"/")
        mode, kind = TREES[tree], _KINDS.get(tuple(rest))
        name = device.decode()
        path = f"{site.decode()}/{name}"
    except (KeyError, ValueError) as error:  # UnicodeDecodeError is a ValueError
        reason = "topic is not utf-8" if isinstance(error, UnicodeDecodeError) else "unknown topic"
        return Rejected(reason, "expected tocsin/v1/{site}/{device}/telemetry, event, status or command/result")
    if version != b"v1":
        return Rejected("unknown topic", f"version {version.decode(errors='replace')!r}; expected v1")
    if name == OURS or rest == [b"command"]:
        return Address(mode, path, Kind.OURS)
    if kind is None:
        last = b"/".join(rest).decode(errors="replace")
        return Rejected("unknown topic", f"{last!r} is not telemetry, event, status or command/result")
    return Address(mode, path, kind)


def instant(ts: datetime | float | None) -> Instant | None:
    """A device's time → Instant; None where it has none, or no zone."""
    if isinstance(ts, datetime):
        return (ts - _EPOCH) // _MILLISECOND if ts.tzinfo is not None else None
    return None if ts is None else int(ts)


def without_time(kind: Kind, payload: bytes) -> Any | None:
    """A message whose time alone is broken, with no time: an alarm with a bad clock is still an alarm."""
    try:
        return _without_time[kind](payload)
    except Undecodable:
        return None


def rejection(payload: bytes, error: Exception) -> Rejected:
    """Why a payload could not be decoded."""
    if len(payload) > PAYLOAD_BYTES_MAX:
        return Rejected("payload too large", f"{len(payload)} bytes; at most {PAYLOAD_BYTES_MAX}")
    if isinstance(error, msgspec.ValidationError):
        return Rejected("wrong shape", str(error))
    return Rejected("bad json", str(error))


def decode_status(payload: bytes) -> bool | Rejected:
    status = {b"online": True, b"offline": False}.get(payload)
    return Rejected("wrong shape", f"{payload[:40]!r}; expected online or offline") if status is None else status


def decode_result(payload: bytes) -> _Result | Rejected:
    try:
        return _decode_result(payload)
    except Undecodable as error:
        return rejection(payload, error)


Decoded = Reading | DeviceEvent | DeviceStatus | CommandResult | Rejected | None


def decode(topic: bytes, payload: bytes, received_at: Instant, retained: bool = False, dup: bool = False) -> Decoded:
    """One message as a whole: what every codec offers. None: nothing that concerns us. Ingest uses the parts."""
    where = address(topic)
    if isinstance(where, Rejected):
        return where
    mode, device, kind = where
    if kind is Kind.OURS:
        return None
    if kind is Kind.STATUS:
        online = decode_status(payload)
        return online if isinstance(online, Rejected) else DeviceStatus(mode, device, received_at, online, retained)
    if kind is Kind.RESULT:
        result = decode_result(payload)
        if isinstance(result, Rejected):
            return result
        return CommandResult(mode, device, received_at, result.id, result.ok, result.detail)
    try:
        message: Any = decode_telemetry(payload) if kind is Kind.TELEMETRY else decode_event(payload)
    except Undecodable as error:
        message = without_time(kind, payload)
        if message is None:
            return rejection(payload, error)
    at = instant(message.ts)
    seen: tuple[Mode, str, Instant, Instant] = (mode, device, received_at if at is None else at, received_at)
    if kind is Kind.EVENT:
        return DeviceEvent(*seen, message.event, message.attributes, message.seq, retained, dup)
    values: dict[str, Value] = message.values
    return Reading(*seen, values, message.seq, retained, dup)
