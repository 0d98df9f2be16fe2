"""The Homie devices that are known: what they declare, how they say they are. Bounded in number and size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec
from msgspec import Struct

from gateway.codecs.homie_declared import OFFLINE, STATES_4, STATES_5, Declared
from gateway.codecs.homie_payload import Property
from gateway.codecs.homie_profiles import class_of, points_of
from gateway.codecs.port import Found, Point
from rules.site import MetricKind

EXTRAS_MAX = 64  # points that no description names: alerts, targets, statistics
ATTRIBUTES_MAX = 2_048  # of one device of version 4: 256 properties with 5 each, and their nodes
BYTES_MAX = 64 * 1024 * 1024  # of all declarations; a device has 1 to 8 KiB
STATE = "$state"

Name = tuple[int, str]  # version of the convention, device id


class Memory(Struct, frozen=True):
    """What `Found.memory` holds, as MessagePack. `extras`: name → kind of the points that no description names.
    `attributes`, of version 4: else each that comes again after a restart would for a moment be the only one."""

    version: int
    id: str
    declared: Declared
    extras: dict[str, MetricKind]
    attributes: dict[str, str] = {}


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Memory).decode


class Device:
    def __init__(self, name: Name) -> None:
        self.version, self.id = name
        self.declared: Declared | None = None
        self.state = ""  # as the device itself last said
        self.extras: dict[str, MetricKind] = {}
        self.raised: dict[str, None] = {}  # alerts that last, by point
        self.attributes: dict[str, str] = {}  # of version 4, by what follows the device in their topics
        self.properties: dict[str, Property] = {}  # by point
        self.size = 0

    @property
    def native_id(self) -> str:
        """As in the topic, below the domain: `super-car`, `5/super-car`."""
        return self.id if self.version == 4 else f"5/{self.id}"

    def declares(self, declared: Declared) -> None:
        self.declared = declared
        self.properties = {each.point: each for each in declared.properties}

    def found(self) -> Found:
        declared = self.declared or Declared()
        states = STATES_4 if self.version == 4 else STATES_5
        device_class = class_of(declared.properties)
        points = (
            *points_of(declared.properties, device_class),
            *(Point(name, kind) for name, kind in self.extras.items()),
            Point(STATE, MetricKind.STRING, values=states),
        )
        attributes = dict(sorted(self.attributes.items()))  # the same whatever the order was
        memory = _encode(Memory(self.version, self.id, declared, self.extras, attributes))
        title, model, limit = declared.title, declared.model, declared.silent_after_ms
        return Found(self.native_id, title, model, points, device_class, limit, memory)


class Known:
    def __init__(self, devices_max: int) -> None:
        self.devices: dict[Name, Device] = {}
        self._devices_max = devices_max
        self._below: dict[str, dict[str, None]] = {}  # root → the devices of its tree
        self._bytes = 0

    @property
    def size(self) -> int:
        return self._bytes

    def get_or_add(self, name: Name) -> Device | str:
        """Text: why there can be none."""
        device = self.devices.get(name)
        if device is None:
            if len(self.devices) >= self._devices_max:
                return f"{len(self.devices)} devices are known; at most {self._devices_max} (devices_max)"
            device = self.devices[name] = Device(name)
        return device

    def declare(self, device: Device, declared: Declared) -> str:
        """Text: why it cannot be taken."""
        refused = self._resize(device, len(_encode(declared)) + _size(device.attributes))
        if refused:
            return refused
        self._leave(device)
        device.declares(declared)
        if declared.root:
            self._below.setdefault(declared.root, {})[device.id] = None
        return ""

    def attribute(self, device: Device, path: str, text: str) -> str:
        """Version 4: one attribute more; empty text deletes it. Text: why it cannot be taken."""
        if not text:
            device.attributes.pop(path, None)
        elif path not in device.attributes and len(device.attributes) >= ATTRIBUTES_MAX:
            return f"{len(device.attributes)} attributes of {device.id}; at most {ATTRIBUTES_MAX}"
        else:
            more = len(path) + len(text) - len(device.attributes.get(path, ""))
            if refused := self._resize(device, device.size + more):
                return refused
            device.attributes[path] = text
        return ""

    def remove(self, name: Name) -> Device | None:
        device = self.devices.pop(name, None)
        if device is not None:
            self._leave(device)
            self._bytes -= device.size
        return device

    def below(self, device: Device) -> Iterator[Device]:
        """All devices of the tree whose root this is."""
        for name in self._below.get(device.id, ()) if device.version == 5 else ():
            if (child := self.devices.get((5, name))) is not None:
                yield child

    def is_lost(self, device: Device) -> bool:
        """A device is lost with the root of its tree."""
        root = self.devices.get((5, device.declared.root)) if device.declared and device.declared.root else None
        return root is not None and root.state == "lost"

    def online(self, device: Device) -> bool | None:
        """None: it has not said yet."""
        if self.is_lost(device):
            return False
        return device.state not in OFFLINE if device.state else None

    def restore(self, found: Iterable[Found]) -> None:
        for each in found:
            try:
                memory = _decode(each.memory)
            except msgspec.MsgspecError:
                continue  # not ours, or of another release: the device declares itself again
            if memory.version not in (4, 5):
                continue
            device = self.get_or_add((memory.version, memory.id))
            if isinstance(device, Device) and device.native_id == each.native_id:
                device.extras = dict(list(memory.extras.items())[:EXTRAS_MAX])
                device.attributes = dict(list(memory.attributes.items())[:ATTRIBUTES_MAX])
                self.declare(device, memory.declared)

    def _leave(self, device: Device) -> None:
        root = device.declared.root if device.declared else ""
        if root in self._below:
            self._below[root].pop(device.id, None)
            if not self._below[root]:
                del self._below[root]

    def _resize(self, device: Device, size: int) -> str:
        if self._bytes + size - device.size > BYTES_MAX:
            return f"all declarations together have {self._bytes} bytes; at most {BYTES_MAX}"
        self._bytes += size - device.size
        device.size = size
        return ""


def _size(attributes: dict[str, str]) -> int:
    return sum(len(path) + len(text) for path, text in attributes.items())
