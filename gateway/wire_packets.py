"""MQTT packets a subscriber writes, and the few it reads besides PUBLISH. Bytes in, values out, no I/O.

Every MQTT string and byte field is a two-byte length and its bytes; `wire.py` reads the PUBLISHes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.wire_reasons import CONNACK_REASONS_311, PACKET_NAMES, Version, reason_name

PROTOCOL_LEVELS: dict[Version, int] = {"3.1.1": 4, "5": 5}
FIELD_BYTES_MAX = 65_535  # a two-byte length says no more
LENGTH_MAX = 268_435_455  # four bytes of seven bits say no more

CONNACK, PUBLISH, SUBACK, PINGRESP, DISCONNECT = 2, 3, 9, 13, 14

PINGREQ_BYTES = b"\xc0\x00"
DISCONNECT_BYTES = b"\xe0\x00"  # normal, in both versions: the broker discards the will

_PUBACK = 0x40_02_00_00  # type and length; the packet id fills the lower half

_SESSION_EXPIRY, _RECEIVE_MAXIMUM, _SERVER_KEEPALIVE, _REASON_STRING = 0x11, 0x21, 0x13, 0x1F
_PROPERTY_LAYOUTS = {  # MQTT 5, 2.2.2.2: how long each property's value is; "s": counted, "p": two counted
    **dict.fromkeys((0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2A), "1"),
    **dict.fromkeys((0x13, 0x21, 0x22, 0x23), "2"),
    **dict.fromkeys((0x02, 0x11, 0x18, 0x27), "4"),
    **dict.fromkeys((0x03, 0x08, 0x09, 0x12, 0x15, 0x16, 0x1A, 0x1C, 0x1F), "s"),
    0x0B: "v",
    0x26: "p",
}


class ProtocolError(Exception):
    """The broker sent something MQTT does not allow here; the text names the packet and what was wrong."""


Will = tuple[str, bytes, bool]
"""(topic, payload, retain): what the broker publishes at QoS 1 when the connection breaks without a DISCONNECT."""


@dataclass(frozen=True)
class ConnAck:
    """`code` 0: accepted; else `reason` names why not. `keepalive_seconds`: the broker's own wish (MQTT 5)."""

    session_present: bool
    code: int
    reason: str
    keepalive_seconds: int | None = None


@dataclass(frozen=True)
class SubAck:
    """One code a topic, in the order of the SUBSCRIBE: the QoS granted, or 0x80 and above: refused."""

    packet_id: int
    codes: bytes


@dataclass(frozen=True)
class PingResp:
    """The broker is there."""


@dataclass(frozen=True)
class Disconnect:
    """MQTT 5 only: the broker says why it is about to close the connection."""

    code: int
    reason: str


Control = ConnAck | SubAck | PingResp | Disconnect


def connect(
    version: Version,
    client_id: str,
    *,
    username: str | None = None,
    password: str | None = None,
    clean: bool = True,
    keepalive_seconds: int = 30,
    will: Will | None = None,
    session_expiry_seconds: int = 0,
    receive_maximum: int = 65_535,
) -> bytes:
    """The CONNECT. The last two exist in MQTT 5 only.

    A maximum packet size is not announced: a broker would then drop a larger message in silence, whereas an
    oversize message that arrives can be kept as a dead letter.
    """
    flags = clean << 1 | (password is not None) << 6 | (username is not None) << 7
    fields = [_field(client_id)]
    if will is not None:
        topic, payload, retain = will
        flags |= 0b1100 | retain << 5  # a will, at QoS 1
        fields += [b"\x00"] * (version == "5") + [_field(topic), _field(payload)]
    fields += [_field(secret) for secret in (username, password) if secret is not None]
    head = _field("MQTT") + struct.pack(">BBH", PROTOCOL_LEVELS[version], flags, keepalive_seconds)
    if version == "5":
        expiry = 0 if clean else session_expiry_seconds
        head += b"\x08" + struct.pack(">BIBH", _SESSION_EXPIRY, expiry, _RECEIVE_MAXIMUM, receive_maximum)
    return _packet(0x10, head + b"".join(fields))


def subscribe(version: Version, packet_id: int, topics: Sequence[str]) -> bytes:
    """Ask for every topic filter at QoS 1; in MQTT 5 with retain handling 0: retained messages every time."""
    properties = b"\x00" if version == "5" else b""
    filters = b"".join(_field(topic) + b"\x01" for topic in topics)
    return _packet(0x82, struct.pack(">H", packet_id) + properties + filters)


def pubacks(packet_ids: Iterable[int]) -> bytes:
    """The PUBACKs of a batch as one write. A packet id 0, which stands for QoS 0, gets none."""
    words = [_PUBACK | packet_id for packet_id in packet_ids if packet_id]
    return struct.pack(f">{len(words)}I", *words)


def read_control(version: Version, first: int, body: bytes) -> Control:
    """A packet other than PUBLISH. Raises ProtocolError for what a broker does not send to a subscriber."""
    kind, name = first >> 4, PACKET_NAMES[first >> 4]
    if first & 0x0F:
        raise ProtocolError(f"{name} with the reserved header bits {first & 0x0F:#x}")
    if kind == CONNACK:
        return _connack(version, body)
    if kind == SUBACK:
        return _suback(version, body)
    if kind == PINGRESP and not body:
        return PingResp()
    if kind == DISCONNECT and version == "5":
        return _disconnect(body)
    raise ProtocolError(f"unexpected {name} of {len(body)} bytes")


def read_length(data: bytes, at: int, name: str) -> tuple[int, int] | None:
    """MQTT's variable-length number at `at` → (number, position after it); None when bytes are missing."""
    value = 0
    for index in range(4):
        if at + index >= len(data):
            return None
        byte = data[at + index]
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value, at + index + 1
    raise ProtocolError(f"{name} with a length of more than four bytes")


def _connack(version: Version, body: bytes) -> ConnAck:
    if len(body) < 2 or (version == "3.1.1" and len(body) != 2):
        raise ProtocolError(f"CONNACK of {len(body)} bytes")
    present, code = bool(body[0] & 1), body[1]
    if version == "3.1.1" or (len(body) == 2 and code in CONNACK_REASONS_311):  # an old broker refuses MQTT 5
        return ConnAck(present, code, CONNACK_REASONS_311.get(code, f"code {code}") if code else "")
    properties = _properties(body, 2, "CONNACK") if len(body) > 2 else {}
    reason = _explained(reason_name(version, code), properties) if code else ""
    keepalive = properties.get(_SERVER_KEEPALIVE)
    return ConnAck(present, code, reason, int.from_bytes(keepalive, "big") if keepalive else None)


def _suback(version: Version, body: bytes) -> SubAck:
    at = 2
    if version == "5":
        _, at = _property_bytes(body, 2, "SUBACK")
    if len(body) <= at:
        raise ProtocolError(f"SUBACK of {len(body)} bytes")
    return SubAck(int.from_bytes(body[:2], "big"), body[at:])


def _disconnect(body: bytes) -> Disconnect:
    code = body[0] if body else 0
    properties = _properties(body, 1, "DISCONNECT") if len(body) > 1 else {}
    return Disconnect(code, _explained(reason_name("5", code) if code else "no reason given", properties))


def _explained(reason: str, properties: dict[int, bytes]) -> str:
    said = properties.get(_REASON_STRING, b"").decode("utf-8", "replace")
    return f"{reason} ({said})" if said else reason


def _property_bytes(body: bytes, at: int, name: str) -> tuple[bytes, int]:
    found = read_length(body, at, f"{name} properties")
    if found is None or sum(found) > len(body):
        raise ProtocolError(f"{name} with properties longer than the packet")
    length, at = found
    return body[at : at + length], at + length


def _properties(body: bytes, at: int, name: str) -> dict[int, bytes]:
    """Property id → its value's bytes; of a repeated one the last."""
    data, _ = _property_bytes(body, at, name)
    properties: dict[int, bytes] = {}
    at = 0
    while at < len(data):
        size, start = _value_bounds(data, at, name)
        if start + size > len(data):
            raise ProtocolError(f"{name} with the property {data[at]:#04x} cut off")
        properties[data[at]] = data[start : start + size]
        at = start + size
    return properties


def _value_bounds(data: bytes, at: int, name: str) -> tuple[int, int]:
    """(size, start) of the value of the property whose id is at `at`."""
    layout = _PROPERTY_LAYOUTS.get(data[at])
    if layout is None:
        raise ProtocolError(f"{name} with the unknown property {data[at]:#04x}")
    if layout == "s":
        return int.from_bytes(data[at + 1 : at + 3], "big"), at + 3
    if layout == "p":
        first = int.from_bytes(data[at + 1 : at + 3], "big")
        return first + 4 + int.from_bytes(data[at + 3 + first : at + 5 + first], "big"), at + 1
    if layout == "v":
        found = read_length(data, at + 1, f"{name} property")
        return (found[1] - at - 1 if found else len(data)), at + 1
    return int(layout), at + 1


def _field(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    if len(data) > FIELD_BYTES_MAX:
        raise ValueError(f"{len(data)} bytes do not fit into an MQTT field of at most {FIELD_BYTES_MAX}")
    return struct.pack(">H", len(data)) + data


def _packet(first: int, body: bytes) -> bytes:
    if len(body) > LENGTH_MAX:
        raise ValueError(f"a packet of {len(body)} bytes is longer than MQTT's longest, {LENGTH_MAX}")
    length, left = bytearray(), len(body)
    while left > 0x7F:
        length.append(left & 0x7F | 0x80)
        left >>= 7
    length.append(left)
    return bytes([first]) + length + body
