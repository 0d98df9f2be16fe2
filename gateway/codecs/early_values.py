"""Values that come before what declares them: retained messages arrive in any order, and none is sent a second time.

A codec that is told of a state before its configuration keeps it here and reads it when the configuration comes; else
an alarm that is active when the gateway comes up would be missed. Bounded in topics and bytes; what finds no room is
refused, not dropped in silence, so that nobody can push out what waits by publishing more.
"""

from __future__ import annotations

from typing import NamedTuple

TOPICS_MAX = 2_048  # a floor's retained states; at the end of a start nearly all of them are declared
BYTES_MAX = 4 * 1024 * 1024  # of topics and payloads together
PAYLOAD_BYTES_MAX = 16 * 1024  # a state; the largest known, of a Zigbee2MQTT device, is 2 KiB


class Early(NamedTuple):
    payload: bytes
    retained: bool


class EarlyValues:
    """The last message of each topic that nothing declares yet."""

    def __init__(self, topics_max: int = TOPICS_MAX, bytes_max: int = BYTES_MAX) -> None:
        self._topics_max = topics_max
        self._bytes_max = bytes_max
        self._bytes = 0
        self._waiting: dict[str, Early] = {}
        self._settled: dict[str, Early] = {}  # declared meanwhile; others may still be declared on the same topic

    def __len__(self) -> int:
        return len(self._waiting) + len(self._settled)

    @property
    def size(self) -> int:
        return self._bytes

    def keep(self, topic: str, payload: bytes, retained: bool) -> bool:
        """False: there is no room. An empty payload is the end of a retained message: nothing waits any longer."""
        self.forget(topic)
        if not payload:
            return True
        size = _size(topic, payload)
        if len(payload) > PAYLOAD_BYTES_MAX:
            return False
        if not self._makes_room(size):
            return False
        self._waiting[topic] = Early(payload, retained)
        self._bytes += size
        return True

    def heard(self, topic: str, payload: bytes, retained: bool) -> None:
        """A declared topic speaks. Its retained message is kept, and renewed: on one topic many things may be said, and
        what is declared a moment later does not get it again. As long as there is room."""
        if not retained and topic not in self._settled:
            return
        self.forget(topic)
        size = _size(topic, payload)
        if payload and len(payload) <= PAYLOAD_BYTES_MAX and self._makes_room(size):
            self._settled[topic] = Early(payload, retained)
            self._bytes += size

    def settle(self, topic: str) -> Early | None:
        """What waited for this topic's declaration. It stays, for the next one, as long as there is room."""
        early = self._waiting.pop(topic, None)
        if early is not None:
            self._settled[topic] = early
        return early or self._settled.get(topic)

    def forget(self, topic: str) -> None:
        early = self._waiting.pop(topic, None) or self._settled.pop(topic, None)
        if early is not None:
            self._bytes -= _size(topic, early.payload)

    def _makes_room(self, more: int) -> bool:
        while self._settled and self._is_full(more):
            self.forget(next(iter(self._settled)))
        return not self._is_full(more)

    def _is_full(self, more: int) -> bool:
        return len(self) >= self._topics_max or self._bytes + more > self._bytes_max


def _size(topic: str, payload: bytes) -> int:
    return len(topic.encode()) + len(payload)
