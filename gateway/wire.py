"""The subscriber's side of MQTT 3.1.1 and 5, sans-I/O: bytes of any cut in, messages and control packets out.

The hot path of the gateway. Its rules:

* A PUBLISH of ordinary size is parsed in `Reader._publishes` and nowhere else; whatever is unusual there (another
  packet, a long or a broken one, half of one) is left to the thorough code below it, which names what is wrong.
* Nothing is buffered but the packet that is not complete yet, and of an oversize packet only its beginning.
* A broker that breaks the protocol causes a ProtocolError, never another exception.
"""

from __future__ import annotations

from typing import Final

from gateway.wire_packets import CONNACK, PUBLISH, ConnAck, Control, ProtocolError, read_control, read_length
from gateway.wire_reasons import PACKET_NAMES, Version

Message = tuple[bytes, bytes, int, int]
"""(topic, payload, packet id: 0 for QoS 0, flags: RETAIN | DUP | OVERSIZE and the QoS in bits 1 and 2)."""

RETAIN: Final = 0b0_0001
DUP: Final = 0b0_1000
OVERSIZE: Final = 0b1_0000  # ours: the packet was larger than allowed, the payload is only its beginning

PACKET_BYTES_MAX: Final = 1024 * 1024  # the largest payload known to us is a 3 KiB uplink; a snapshot may come
PACKET_BYTES_MIN: Final = 16 * 1024  # a packet whose length takes two bytes is never oversize: one test less a message
OVERSIZE_PAYLOAD_BYTES: Final = 1024  # what a dead letter needs so that a person recognises the message
_OVERSIZE_HEAD_BYTES: Final = 2 + 65_535 + 2 + 4 + 1024 + OVERSIZE_PAYLOAD_BYTES  # topic, id, 1 KiB of properties


class Reader:
    """Parses one connection's incoming bytes. Holds at most `packet_bytes_max` (or 68 KiB) and one chunk."""

    def __init__(self, version: Version, packet_bytes_max: int = PACKET_BYTES_MAX) -> None:
        if packet_bytes_max < PACKET_BYTES_MIN:
            raise ValueError(f"packet_bytes_max {packet_bytes_max} is below {PACKET_BYTES_MIN}")
        self.controls: list[Control] = []  # what came besides messages, oldest first; the caller clears it
        self._version: Version = version
        self._version_5 = version == "5"
        self._packet_bytes_max = packet_bytes_max
        self._greeted = False  # the CONNACK has come
        self._held = bytearray()  # a packet's beginning
        self._wanted = 0  # bytes `_held` must reach before it is worth another look
        self._oversize: Message | None = None
        self._skip = 0  # bytes of the oversize packet still to pass by

    def feed(self, data: bytes) -> list[Message]:
        """The messages that `data` completes, in order. Raises ProtocolError: drop the connection then."""
        messages: list[Message] = []
        if self._skip:
            data = self._pass_by(data, messages)
        if self._held:
            self._held += data
            if len(self._held) < self._wanted:
                return messages
            data = bytes(self._held)
            self._held.clear()
        at = 0
        while at < len(data):
            if self._greeted:
                at = self._publishes(data, at, messages)
            if at < len(data):
                at = self._packet(data, at, messages)
        return messages

    def _publishes(self, data: bytes, at: int, messages: list[Message]) -> int:
        """Parse whole, ordinary PUBLISHes for as long as there are any; where the next, other packet begins."""
        version_5 = self._version_5
        append = messages.append
        end = len(data)
        last = end - 4  # the shortest PUBLISH has five bytes
        while at < last:
            first = data[at]
            length = data[at + 1]
            if length < 0x80:
                body = at + 2
            else:
                high = data[at + 2]
                if high > 0x7F:
                    break
                length += (high << 7) - 0x80
                body = at + 3
            stop = body + length
            if stop > end or first & 0xF4 != 0x30:  # cut off, or no PUBLISH of QoS 0 or 1
                break
            topic_at = body + 2
            topic_end = topic_at + (data[body] << 8 | data[body + 1])
            payload_at = topic_end + (first & 2)  # QoS 1 is the 2, and its packet id has two bytes
            if payload_at + version_5 > stop or topic_end == topic_at:
                break
            packet_id = 0
            if first & 2:
                packet_id = data[topic_end] << 8 | data[topic_end + 1]
                if not packet_id:
                    break
            if version_5:
                properties = data[payload_at]
                payload_at += 1 + properties
                if properties > 0x7F or payload_at > stop:
                    break
            append((data[topic_at:topic_end], data[payload_at:stop], packet_id, first & 0x0F))
            at = stop
        return at

    def _packet(self, data: bytes, at: int, messages: list[Message]) -> int:
        """Take one packet of any kind, or hold what there is of it; the position after it."""
        first, name = data[at], PACKET_NAMES[data[at] >> 4]
        if not self._greeted and first >> 4 != CONNACK:
            raise ProtocolError(f"{name} before CONNACK")
        found = read_length(data, at + 1, name)
        if found is None:
            return self._hold(data, at, len(data) - at + 1)
        length, body = found
        stop = body + length
        if length > self._packet_bytes_max:
            return self._begin_oversize(data, at, body, stop, messages)
        if stop > len(data):
            return self._hold(data, at, stop - at)
        if first >> 4 == PUBLISH:
            messages.append(self._publish(first, data[body:stop], length))
        else:
            self._control(first, data[body:stop])
        return stop

    def _control(self, first: int, body: bytes) -> None:
        control = read_control(self._version, first, body)
        if isinstance(control, ConnAck):
            if self._greeted:
                raise ProtocolError("a second CONNACK")
            self._greeted = True
        self.controls.append(control)

    def _hold(self, data: bytes, at: int, wanted: int) -> int:
        self._held += data[at:]
        self._wanted = wanted
        return len(data)

    def _begin_oversize(self, data: bytes, at: int, body: int, stop: int, messages: list[Message]) -> int:
        first, length = data[at], stop - body
        if first >> 4 != PUBLISH:
            raise ProtocolError(f"{PACKET_NAMES[first >> 4]} of {length} bytes")
        head_end = min(stop, body + _OVERSIZE_HEAD_BYTES)
        if head_end > len(data):
            return self._hold(data, at, head_end - at)
        topic, payload, packet_id, flags = self._publish(first, data[body:head_end], length)
        self._oversize = (topic, payload[:OVERSIZE_PAYLOAD_BYTES], packet_id, flags | OVERSIZE)
        self._skip = stop - head_end
        rest = self._pass_by(data[head_end:], messages)
        return len(data) - len(rest)

    def _pass_by(self, data: bytes, messages: list[Message]) -> bytes:
        """Let the rest of an oversize packet go by; its record is delivered when all of it was received."""
        rest = data[self._skip :]
        self._skip = max(0, self._skip - len(data))
        if not self._skip and self._oversize is not None:
            messages.append(self._oversize)
            self._oversize = None
        return rest

    def _publish(self, first: int, body: bytes, length: int) -> Message:
        """A PUBLISH with every check; `body` may be only the beginning of `length` bytes."""
        if first & 0x04:
            raise ProtocolError(f"PUBLISH at QoS {first >> 1 & 3}; at most 1 was subscribed to")
        topic_end = 2 + int.from_bytes(body[:2], "big")
        topic, payload_at = body[2:topic_end], topic_end + (first & 2)
        if len(body) < 2 or payload_at > length:
            raise ProtocolError(f"PUBLISH of {length} bytes that ends within its topic or packet identifier")
        if not topic:
            raise ProtocolError("PUBLISH without a topic (no topic alias was allowed)")
        packet_id = int.from_bytes(body[topic_end : topic_end + 2], "big") if first & 2 else 0
        if first & 2 and not packet_id:
            raise ProtocolError("PUBLISH at QoS 1 with the packet identifier 0")
        if self._version_5:
            payload_at = self._past_properties(body, payload_at, length)
        return topic, body[payload_at:], packet_id, first & 0x0F

    @staticmethod
    def _past_properties(body: bytes, at: int, length: int) -> int:
        found = read_length(body, at, "PUBLISH properties")
        if found is None or sum(found) > length:
            raise ProtocolError(f"PUBLISH of {length} bytes with properties longer than the packet")
        return sum(found)
