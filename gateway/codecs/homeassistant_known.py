"""The devices that discovery messages have declared, and which topics they are heard on. Bounded in every direction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sized
from typing import NamedTuple, TypeVar

import msgspec

from gateway.codecs.homeassistant_entity import About, Availability, Entity, Listen, Memory, Mode
from gateway.codecs.homeassistant_typing import class_of, commands_of, points_of
from gateway.codecs.port import Found

POINTS_MAX = 256  # of one device, as many as values in one message; a large one has 60
LISTENERS_MAX = 256  # points that one topic may speak of: else one message makes thousands of outputs
WATCHERS_MAX = 10_000  # entities that one availability topic decides of: a bridge's is named by all of its devices
BYTES_MAX = 64 * 1024 * 1024  # of declarations, as they are remembered; a device has 2 to 8 KiB

Key = tuple[str, str, str]
_Name = TypeVar("_Name")
_Entry = TypeVar("_Entry")
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Memory).decode


class Listener(NamedTuple):
    device: Device
    key: Key
    listen: Listen


class Watcher(NamedTuple):
    device: Device
    key: Key
    place: int  # among the entity's availability topics
    availability: Availability


class Presence(NamedTuple):
    online: bool | None  # None: not yet known
    absent: set[Key]  # entities that are known not to be there


class Device:
    """One device and what is known of it being there."""

    def __init__(self, native_id: str, about: About) -> None:
        self.native_id = native_id
        self.about = about
        self.entities: dict[Key, Entity] = {}
        self.size = 0  # of what is remembered of it
        self._seen: dict[Key, dict[int, bool]] = {}  # entity → availability topic → said to be there
        self._last: dict[Key, bool] = {}

    def found(self) -> Found:
        entities = [self.entities[key] for key in sorted(self.entities)]  # the same points whatever the order was
        device_class = class_of(entities)
        limits = [entity.expire_after_ms for entity in entities if entity.expire_after_ms is not None]
        memory = _encode(Memory(self.about, tuple(entities)))
        return Found(
            self.native_id,
            self.about.title,
            self.about.model,
            points_of(entities, device_class),
            device_class,
            min(limits) if limits else None,
            memory,
            commands_of(entities, device_class),
        )

    def says(self, key: Key, index: int, there: bool) -> None:
        self._seen.setdefault(key, {})[index] = there
        self._last[key] = there

    def forgets(self, key: Key) -> None:
        self._seen.pop(key, None)
        self._last.pop(key, None)

    def there(self, key: Key) -> bool | None:
        """Whether an entity is available. None: not yet known, or it has no availability topic."""
        entity, seen = self.entities[key], self._seen.get(key, {})
        if not entity.availability or not seen:
            return None
        if entity.mode is Mode.LATEST:
            return self._last[key]
        known = [seen.get(index) for index in range(len(entity.availability))]
        decisive = entity.mode is Mode.ANY  # any: one that is there decides; all: one that is not
        if decisive in known:
            return decisive
        return None if None in known else not decisive

    def presence(self) -> Presence:
        """A device is online as long as one of its entities is there."""
        there = {key: self.there(key) for key, entity in self.entities.items() if entity.availability}
        known = there.values()
        online = True if True in known else None if not known or None in known else False
        return Presence(online, {key for key, is_there in there.items() if is_there is False})


class Known:
    def __init__(self, devices_max: int) -> None:
        self.devices: dict[str, Device] = {}
        self.listeners: dict[str, dict[tuple[Key, int], Listener]] = {}
        self.watchers: dict[str, dict[tuple[Key, int], Watcher]] = {}
        self._devices_max = devices_max
        self._names: dict[str, Device] = {}
        self._of: dict[Key, Device] = {}
        self._declared: dict[str, dict[Key, None]] = {}  # by discovery topic
        self._orders: dict[str, int] = {}  # command topic → how many tell something there
        self._size = 0

    @property
    def size(self) -> int:
        return self._size

    def entity(self, key: Key) -> Entity | None:
        device = self._of.get(key)
        return None if device is None else device.entities[key]

    def owner(self, key: Key) -> Device | None:
        return self._of.get(key)

    def declared_by(self, topic: str) -> list[Key]:
        return sorted(self._declared.get(topic, ()))

    def is_commanded(self, topic: str) -> bool:
        return topic in self._orders

    def device_for(self, about: About) -> Device | str:
        """The one that any of the names belongs to, or a new one. Text: why there can be none."""
        for name in about.names:
            if name in self._names:
                return self._names[name]
        if len(self.devices) >= self._devices_max:
            return f"{len(self.devices)} devices are known; at most {self._devices_max} (devices_max)"
        return Device(about.names[0], about)

    def put(self, device: Device, about: About, entity: Entity) -> bool | str:
        """True: something changed. Text: why it cannot be taken."""
        before = self.entity(entity.key)
        about = _together(device.about, about)
        if before == entity and about == device.about and self._of[entity.key] is device:
            return False
        if refused := self._refusal(device, entity, before):
            return refused
        if before is not None:
            self.remove(entity.key, keep=device)
        device.about = about
        device.entities[entity.key] = entity
        self.devices[device.native_id] = device
        for name in about.names:
            self._names.setdefault(name, device)
        self._of[entity.key] = device
        self._declared.setdefault(entity.declared_by, {})[entity.key] = None
        for index, listen in enumerate(entity.listens):
            listener = Listener(device, entity.key, listen)
            known = {**self.listeners.get(listen.topic, {}), (entity.key, index): listener}
            self.listeners[listen.topic] = dict(sorted(known.items()))  # the same whatever the order was
        for index, each in enumerate(entity.availability):
            watcher = Watcher(device, entity.key, index, each)
            self.watchers.setdefault(each.topic, {})[entity.key, index] = watcher
        for order in entity.orders:
            self._orders[order.topic] = self._orders.get(order.topic, 0) + 1
        self._resize(device)
        return True

    def remove(self, key: Key, keep: Device | None = None) -> Device | None:
        """The device that the entity was a part of; it is gone with its last, except `keep`. None: not known."""
        device = self._of.pop(key, None)
        if device is None:
            return None
        entity = device.entities.pop(key)
        device.forgets(key)
        _drop(self._declared, entity.declared_by, key)
        for index, listen in enumerate(entity.listens):
            _drop(self.listeners, listen.topic, (key, index))
        for index, each in enumerate(entity.availability):
            _drop(self.watchers, each.topic, (key, index))
        for order in entity.orders:
            self._orders[order.topic] -= 1
            if not self._orders[order.topic]:
                del self._orders[order.topic]
        if not device.entities and device is not keep:
            self.devices.pop(device.native_id, None)
            for name in device.about.names:
                if self._names.get(name) is device:
                    del self._names[name]
            self._size -= device.size
        else:
            self._resize(device)
        return device

    def restore(self, found: Iterable[Found]) -> None:
        for each in found:
            for memory in _remembered(each.memory):
                device = self._names.get(each.native_id) or Device(each.native_id, memory.about)
                for entity in memory.entities:
                    self.put(device, memory.about, entity)

    def _refusal(self, device: Device, entity: Entity, before: Entity | None) -> str:
        if device.native_id not in self.devices and len(self.devices) >= self._devices_max:
            return f"{len(self.devices)} devices are known; at most {self._devices_max} (devices_max)"
        others = [point for key, each in device.entities.items() if key != entity.key for point in each.points]
        if len(others) + len(entity.points) > POINTS_MAX:
            return f"{len(others)} points are known of {device.native_id}; at most {POINTS_MAX}"
        tables: tuple[tuple[Counter[str], Mapping[str, Sized], int], ...]
        listens, watches = Counter(each.topic for each in entity.listens), Counter(w.topic for w in entity.availability)
        if before is not None:  # makes room
            listens.subtract(each.topic for each in before.listens)
            watches.subtract(each.topic for each in before.availability)
        tables = (listens, self.listeners, LISTENERS_MAX), (watches, self.watchers, WATCHERS_MAX)
        for more, known, most in tables:
            for topic, count in more.items():
                if count > 0 and len(known.get(topic, ())) + count > most:
                    return f"{topic} speaks of {len(known[topic])} points or devices; at most {most}"
        if before is None and self._size + len(_encode(entity)) > BYTES_MAX:
            return f"all declarations together have {self._size} bytes; at most {BYTES_MAX}"
        return ""

    def _resize(self, device: Device) -> None:
        size = sum(len(_encode(entity)) for entity in device.entities.values())
        self._size += size - device.size
        device.size = size


def _together(known: About, new: About) -> About:
    """Further entities need not repeat what the first said of the device."""
    names = tuple(dict.fromkeys((*known.names, *new.names)))[:16]
    return About(names, new.title or known.title, new.model or known.model)


def _remembered(memory: bytes) -> Iterator[Memory]:
    """None, where it is not ours or of another release: the device declares itself again."""
    try:
        yield _decode(memory)
    except msgspec.MsgspecError:
        return


def _drop(table: dict[str, dict[_Name, _Entry]], name: str, key: _Name) -> None:
    entries = table.get(name, {})
    entries.pop(key, None)
    if not entries:
        table.pop(name, None)
