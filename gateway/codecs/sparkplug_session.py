"""What is remembered of Sparkplug B's edge nodes: types, aliases, and where each session stands. Pure, bounded.

Eclipse Sparkplug Specification 3.0.0, chapter 5 (sessions, order) and 6.4.19 to 6.4.26 (births, deaths)
(https://sparkplug.eclipse.org/specification/version/3.0/documents/sparkplug-specification-3.0.0.pdf).

A session begins with an NBIRTH and ends with the NDEATH of the same `bdSeq`. Aliases are those of the last birth in
the session. `seq` runs 0 to 255 and round again over all messages of a node and its devices, deaths of the node
excepted.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

import msgspec

from gateway.codecs.native import TEXT_CHARACTERS_MAX, Undecodable
from rules.instant import Instant

NODES_MAX = 1_000  # of a building there are tens
DEVICES_MAX = 10_000  # below all nodes
POINTS_MAX = 1_000  # of one device: a large PLC's birth
POINTS_TOTAL_MAX = 200_000  # about 60 MB
SEQ_COUNT = 256
_HALF = SEQ_COUNT // 2  # less far ahead: messages are missing; further: this one is old


class Order(Enum):
    """Of a message among those of its node."""

    NEXT = "next"
    GAP = "gap"
    OLD = "old"
    AGAIN = "again"  # the last one's
    UNKNOWN = "unknown"  # it has no seq, or there is none to compare with


class Device:
    """A node's own metrics, or a device's below it."""

    __slots__ = ("aliases", "lengths", "native_id", "online", "reborn", "said_at", "types")

    def __init__(self, native_id: str) -> None:
        self.native_id = native_id
        self.types: dict[str, int] = {}  # metric → data type
        self.aliases: dict[int, str] = {}  # empty while there is no session
        self.lengths: dict[str, int] = {}  # array → elements, so that an array that is null can say so of each
        self.online: bool | None = None
        self.reborn = False  # since the last NBIRTH
        self.said_at: Instant | None = None  # the last value's time

    def memory(self) -> bytes:
        return msgspec.msgpack.encode(self.types)

    def recall(self, memory: bytes) -> None:
        """What a birth declared, as far as the next one will not have changed it. Aliases are not among it."""
        try:
            types = _decode_types(memory)
        except Undecodable:
            return  # of another version: the next birth tells anew
        known = (each for each in types.items() if len(each[0]) <= TEXT_CHARACTERS_MAX)
        self.types = dict(each for each, _ in zip(known, range(POINTS_MAX), strict=False))


class Node:
    __slots__ = ("asked", "bd_seq", "born_at", "dead", "devices", "itself", "path", "seq", "unbroken")

    def __init__(self, group: str, node: str) -> None:
        self.path = f"{group}/{node}"
        self.itself = Device(self.path)
        self.devices: dict[str, Device] = {}
        self.bd_seq: int | None = None
        self.born_at: int | None = None  # None: no session; else the birth's own time, 0 if it has none
        self.dead = False  # an NDEATH was the last word
        self.seq: int | None = None
        self.unbroken = False  # every message since the birth is here
        self.asked = 0  # times, for the birth that was not heard after a restart

    @property
    def group(self) -> str:
        return self.path.partition("/")[0]

    @property
    def name(self) -> str:
        return self.path.partition("/")[2]

    def begin(self, bd_seq: int | None, born_at: int, seq: int | None) -> None:
        """An NBIRTH: aliases of before count no longer; each device has still to be born."""
        self.bd_seq, self.born_at, self.seq = bd_seq, born_at, seq
        self.dead, self.unbroken, self.asked = False, True, 0
        self.itself.aliases = {}
        for device in self.devices.values():
            device.aliases, device.reborn = {}, False

    def end(self) -> list[Device]:
        """An NDEATH. Gives the devices that went with the node: all that are not known to be offline."""
        self.born_at = self.seq = None
        self.dead, self.unbroken = True, False
        gone = [each for each in (self.itself, *self.devices.values()) if each.online is not False]
        for device in (self.itself, *self.devices.values()):
            device.aliases, device.online = {}, False
        return gone

    def interrupt(self) -> None:
        """We were away, or may have been: messages may be missing, a whole session among them."""
        self.seq, self.unbroken = None, False

    def take(self, seq: int | None) -> Order:
        """Where a message with this `seq` stands; from now on the next one is expected."""
        if seq is None or self.seq is None:
            self.seq = seq
            return Order.UNKNOWN
        ahead = (seq - self.seq) % SEQ_COUNT
        if ahead == 1:
            self.seq = seq
            return Order.NEXT
        if ahead == 0:
            return Order.AGAIN
        self.unbroken = False
        if ahead < _HALF:
            self.seq = seq
            return Order.GAP
        return Order.OLD

    def is_older(self, bd_seq: int | None, sent_at: int | None) -> bool:
        """Whether a death is that of a session before the present one: a will that the broker still had to publish.
        A will's time is that of its CONNECT, so a later one than the birth's is of a session whose birth was lost."""
        if self.born_at is None or self.bd_seq is None or bd_seq in (None, self.bd_seq):
            return False
        return sent_at is None or sent_at <= self.born_at

    def left_behind(self) -> list[Device]:
        """The devices that are not known to be offline and were not born in this session. All births come before all
        data (6.4.20, tck-id-payloads-dbirth-order): it is asked at the first data; what is given is offline now."""
        gone = [each for each in self.devices.values() if each.online is not False and not each.reborn]
        for device in gone:
            device.online = False
        return gone


class Nodes:
    """All that are known. Full, the one longest silent is forgotten: it is asked for a birth when it speaks again."""

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}  # the one heard last is last
        self._devices = self._points = 0

    def __iter__(self) -> Iterator[Node]:
        return iter(self._nodes.values())

    def get(self, group: str, name: str) -> Node | None:
        return self._nodes.get(f"{group}/{name}")

    def heard(self, group: str, name: str) -> Node | None:
        """The same, and it counts as having spoken last."""
        path = f"{group}/{name}"
        node = self._nodes.pop(path, None)
        if node is not None:
            self._nodes[path] = node
        return node

    def node(self, group: str, name: str) -> Node:
        found = self.heard(group, name)
        if found is None:
            found = self._nodes[f"{group}/{name}"] = Node(group, name)
            self._make_room(found)
        return found

    def device(self, node: Node, name: str) -> Device:
        found = node.devices.pop(name, None)
        if found is not None:
            node.devices[name] = found
            return found
        found = node.devices[name] = Device(f"{node.path}/{name}")
        self._devices += 1
        self._make_room(node)
        return found

    def declare(self, node: Node, device: Device, types: dict[str, int], lengths: dict[str, int]) -> None:
        self._points += len(types) - len(device.types)
        device.types, device.lengths = types, lengths
        self._make_room(node)

    def recall(self, node: Node, device: Device, memory: bytes) -> None:
        before = len(device.types)
        device.recall(memory)
        self._points += len(device.types) - before
        self._make_room(node)

    def _make_room(self, kept: Node) -> None:
        while len(self._nodes) > 1 and self._is_full():
            path = next(each for each, node in self._nodes.items() if node is not kept)
            node = self._nodes.pop(path)
            self._devices -= len(node.devices)
            self._points -= len(node.itself.types) + sum(len(each.types) for each in node.devices.values())
        while self._is_full() and len(kept.devices) > 1:  # a single node with more than all may have
            name = next(iter(kept.devices))
            self._devices -= 1
            self._points -= len(kept.devices.pop(name).types)

    def _is_full(self) -> bool:
        return len(self._nodes) > NODES_MAX or self._devices > DEVICES_MAX or self._points > POINTS_TOTAL_MAX


_decode_types = msgspec.msgpack.Decoder(dict[str, int]).decode
