"""Which codec a topic is for. What no codec asked for costs one look-up of its first level."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from gateway.codecs.port import Codec

ANY, REST = b"+", b"#"


class Listener(NamedTuple):
    name: str  # as the settings call it
    codec: Codec


class Topics:
    """Several codecs may listen to one topic: Zigbee2MQTT can describe its devices to Home Assistant as well."""

    def __init__(self, codecs: Mapping[str, Codec]) -> None:
        self._of_root: dict[bytes, list[tuple[list[bytes], Listener]]] = {}
        for name, codec in codecs.items():
            for topic in codec.topics():
                levels = topic.encode().split(b"/")
                self._of_root.setdefault(levels[0], []).append((levels, Listener(name, codec)))

    def listeners(self, topic: bytes) -> tuple[Listener, ...]:
        root = topic.partition(b"/")[0]
        candidates = [*self._of_root.get(root, ()), *self._of_root.get(ANY, ())]
        if not candidates:
            return ()
        levels = topic.split(b"/")
        found = {each.name: each for wanted, each in candidates if _matches(wanted, levels)}
        return tuple(found.values())


def _matches(wanted: list[bytes], levels: list[bytes]) -> bool:
    for number, each in enumerate(wanted):
        if each == REST:
            return True
        if number >= len(levels) or each not in (ANY, levels[number]):
            return False
    return len(wanted) == len(levels)
