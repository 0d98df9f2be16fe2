"""Home Assistant's MQTT discovery: devices that say, in retained messages, which topics they are heard and told on.

`PREFIX/COMPONENT/[NODE/]OBJECT/config` declares one component, `PREFIX/device/ID/config` a device with all of its own;
an empty payload takes it back. Components that name the same identifier are points of one device: `sensor.temperature`
is the point of the component `sensor` whose object is `temperature`.

**Which topics to listen to.** A declaration may name any topic of the broker as its state topic, and to subscribe to
all (`#`) would bring everything that everybody publishes, Tocsin's own messages among it. So the settings say where
such states are: `PREFIX/#` always, and the filters of `state_topics`. A declared topic that no filter covers is
reported as a dead letter, because a point that is never heard looks like one that is silent.

What is different from Home Assistant, and why: templates are read, never evaluated (`homeassistant_template`); a
mode `all` or `any` of availability is undecided until enough of its topics have spoken, so that a start does not look
like an outage; `off_delay` needs a clock, which a codec has not: such a sensor stays on until it says otherwise, and
its rise is an event as well; a retained event is historical; a command is sent with QoS 1 at least.

Source: "MQTT", https://www.home-assistant.io/integrations/mqtt/ and the pages of the components.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated

from msgspec import structs
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from gateway.codecs import homeassistant_commands as commands
from gateway.codecs.early_values import Early, EarlyValues
from gateway.codecs.homeassistant_config import Wrong, read, where
from gateway.codecs.homeassistant_declaring import Declared, declared
from gateway.codecs.homeassistant_entity import HAPPEN, Availability, Entity
from gateway.codecs.homeassistant_known import Device, Key, Known, Presence
from gateway.codecs.homeassistant_values import Message, available, outcome, rise
from gateway.codecs.native import PAYLOAD_BYTES_MAX, TEXT_CHARACTERS_MAX
from gateway.codecs.port import Found, Gone, Happened, Heard, Output, Publish, Said
from rules.instant import Instant
from rules.reading import Rejected, Value

FILTERS_MAX = 64
COMPLAINTS_MAX = 8  # dead letters that one message can cause
AVAILABILITY_BYTES_MAX = 1024  # a word, or a small object
_LEVELS = re.compile(r"[^+#\0]+")


def _prefix(text: str) -> str:
    if not _LEVELS.fullmatch(text) or text.startswith("/") or text.endswith("/"):
        raise ValueError(f"{text!r} is not the beginning of a topic; expected levels without wildcards")
    return text


def _filter(text: str) -> str:
    levels = text.split("/")
    for index, level in enumerate(levels):
        wild = "+" in level or "#" in level
        if "\0" in level or (wild and level not in ("+", "#")) or (level == "#" and index < len(levels) - 1):
            raise ValueError(f"{text!r} is not a filter; expected levels, + for any one, # for the rest")
    return text


Filter = Annotated[str, Field(min_length=1, max_length=512), AfterValidator(_filter)]


class Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    prefix: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_prefix)] = Field(
        default="homeassistant", description="where devices declare themselves"
    )
    state_topics: Annotated[tuple[Filter, ...], Field(max_length=FILTERS_MAX)] = Field(
        default=(), description="filters of the topics that declarations name, beside what is below `prefix`"
    )
    devices_max: int = Field(default=5_000, ge=1, le=100_000, description="more are refused with a dead letter")


def make(options: Options) -> HomeAssistant:
    return HomeAssistant(options)


class HomeAssistant:
    name = "homeassistant"

    def __init__(self, options: Options) -> None:
        self._prefix = options.prefix
        below = f"{options.prefix}/"
        listed = (each for each in options.state_topics if not each.startswith(below))
        self._filters = tuple(dict.fromkeys((f"{options.prefix}/#", *listed)))
        self._known = Known(options.devices_max)
        self._early = EarlyValues()
        self._availability: dict[str, bytes] = {}  # the last word of each topic that is watched

    def topics(self) -> tuple[str, ...]:
        return self._filters

    def decode(self, topic: bytes, payload: bytes, received_at: Instant, retained: bool = False) -> list[Output]:
        try:
            name = topic.decode()
        except UnicodeDecodeError:
            return [Rejected("topic is not utf-8", "expected a topic of MQTT")]
        place = where(name, self._prefix)
        if place is not None:
            return self._declaration(name, payload)
        if name in self._known.watchers or name in self._known.listeners:
            return self._state(name, payload, retained)
        if self._known.is_commanded(name) or name == f"{self._prefix}/status":
            return []  # ours or somebody else's command; Home Assistant's own birth and will
        return self._unknown(name, payload, retained)

    def encode(self, native_id: str, points: Mapping[str, Value], command_id: str) -> list[Publish] | Rejected:
        device = self._known.devices.get(native_id)
        if device is None:
            return Rejected("unknown device", f"{native_id[:80]!r} has not declared itself")
        return commands.encode(device.entities, points)

    def restore(self, found: Iterable[Found]) -> None:
        self._known.restore(found)

    def _unknown(self, name: str, payload: bytes, retained: bool) -> list[Output]:
        if name.startswith(f"{self._prefix}/") and name.endswith("/config"):
            return [Rejected("unknown topic", f"expected {self._prefix}/COMPONENT/[NODE/]OBJECT/config")]
        if self._early.keep(name, payload, retained):
            return []
        if len(payload) > PAYLOAD_BYTES_MAX:
            return [Rejected("payload too large", f"{len(payload)} bytes; at most {PAYLOAD_BYTES_MAX}")]
        return [Rejected("unknown topic", f"no declaration names it, and {len(self._early)} topics wait for theirs")]

    # Declarations

    def _declaration(self, topic: str, payload: bytes) -> list[Output]:
        if not payload:
            return self._taken_back(self._known.declared_by(topic))
        options = read(payload)
        if isinstance(options, Rejected):
            return [options]
        if options.get("migrate_discovery") is True:
            return []  # another topic will declare the same, by the same key
        place = where(topic, self._prefix)
        assert place is not None
        try:
            found = declared(topic, place, options)
        except Wrong as wrong:
            return [Rejected("wrong shape", str(wrong))]
        outputs = self._taken_back([key for key in found.removed if self._declared_here(key, topic)])
        complaints = list(found.complaints)
        changed, devices = self._taken(found, complaints)
        for device in devices.values():
            outputs.append(device.found() if device.entities else Gone(device.native_id))
        for device, entity in changed:
            outputs.extend(self._early_values(device, entity))
        return [*outputs, *_complaints(complaints), *self._uncovered(found.entities)]

    def _declared_here(self, key: Key, topic: str) -> bool:
        entity = self._known.entity(key)
        return entity is not None and entity.declared_by == topic

    def _taken(self, found: Declared, complaints: list[str]) -> tuple[list[tuple[Device, Entity]], dict[str, Device]]:
        """The entities that changed, and the devices whose declaration did."""
        changed: list[tuple[Device, Entity]] = []
        devices: dict[str, Device] = {}
        for entity in found.entities:
            device = self._known.device_for(found.about)
            if isinstance(device, str):
                complaints.append(device)
                continue
            named = _named_apart(device, entity)
            longest = max(len(point.name) for point in named.points)
            if longest > TEXT_CHARACTERS_MAX:
                complaints.append(f"a point's name of {longest} characters; at most {TEXT_CHARACTERS_MAX}")
                continue
            before = self._known.owner(entity.key)
            put = self._known.put(device, found.about, named)
            if isinstance(put, str):
                complaints.append(f"{entity.name}: {put}")
            elif put:
                changed.append((device, named))
                devices[device.native_id] = device
                if before is not None and before is not device:
                    devices[before.native_id] = before
        return changed, devices

    def _taken_back(self, keys: Iterable[Key]) -> list[Output]:
        devices = {}
        for key in keys:
            device = self._known.remove(key)
            if device is not None:
                devices[device.native_id] = device
        return [each.found() if each.entities else Gone(each.native_id) for each in devices.values()]

    def _early_values(self, device: Device, entity: Entity) -> Iterator[Output]:
        """What its topics said before it was declared."""
        rejected: list[Rejected] = []
        for index, each in enumerate(entity.availability):
            waited = self._early.settle(each.topic)
            last = waited.payload if waited else self._availability.get(each.topic)
            there = available(each, Message(last, True)) if last is not None else None
            if isinstance(there, bool):
                device.says(entity.key, index, there)
        if entity.availability and (online := device.presence().online) is not None:
            yield Heard(device.native_id, online)
        values: dict[str, Value | None] = {}
        for listen in entity.listens:
            early: Early | None = self._early.settle(listen.topic)
            if early is None:
                continue
            found = outcome(listen, device.native_id, Message(early.payload, early.retained))
            if isinstance(found, dict):
                values.update(found)
            elif isinstance(found, Happened):
                yield structs.replace(found, historical=True)  # nobody knows how long ago
            elif found is not None:
                rejected.append(found)
        if values:
            yield Said(device.native_id, values)
        yield from _few(rejected)

    def _uncovered(self, entities: list[Entity]) -> list[Output]:
        topics = dict.fromkeys(
            topic
            for entity in entities
            for topic in (*(each.topic for each in entity.listens), *(each.topic for each in entity.availability))
            if not any(_covers(each, topic) for each in self._filters)
        )
        if not topics:
            return []
        shown = ", ".join(list(topics)[:4])[:400]
        more = f" and {len(topics) - 4} more" if len(topics) > 4 else ""
        detail = f"declared, but not listened to: {shown}{more}; expected a filter for each in state_topics"
        return [Rejected("unknown topic", detail)]

    # States

    def _state(self, name: str, payload: bytes, retained: bool) -> list[Output]:
        if len(payload) > PAYLOAD_BYTES_MAX:
            return [Rejected("payload too large", f"{len(payload)} bytes; at most {PAYLOAD_BYTES_MAX}")]
        self._early.heard(name, payload, retained)
        message = Message(payload, retained)
        outputs = self._watched(name, message) if name in self._known.watchers else []
        return outputs + self._listened(name, message) if payload else outputs

    def _watched(self, name: str, message: Message) -> list[Output]:
        if len(message.payload) <= AVAILABILITY_BYTES_MAX:
            self._keep_availability(name, message.payload)
        before: dict[str, tuple[Device, Presence]] = {}
        rejected: list[Rejected] = []
        read: dict[Availability, bool | Rejected | None] = {}  # thousands of entities say the same of a bridge's state
        for watcher in self._known.watchers[name].values():
            if watcher.availability not in read:
                read[watcher.availability] = available(watcher.availability, message)
            there = read[watcher.availability]
            if isinstance(there, Rejected):
                rejected.append(there)
            elif there is not None:
                device = watcher.device
                if device.native_id not in before:
                    before[device.native_id] = (device, device.presence())
                device.says(watcher.key, watcher.place, there)
        outputs: list[Output] = []
        for _, (device, (was_online, was_absent)) in sorted(before.items()):
            online, absent = device.presence()
            if online is not None:
                outputs.append(Heard(device.native_id, online))
            if online:
                lost = absent - (was_absent if was_online else set())
                heard = [listen for key in sorted(lost) for listen in device.entities[key].listens]
                points = [listen.point for listen in heard if listen.reads not in HAPPEN]
                if points:
                    outputs.append(Said(device.native_id, dict.fromkeys(points)))
        return [*outputs, *_few(rejected)]

    def _keep_availability(self, name: str, payload: bytes) -> None:
        """For entities that are declared later on the same topic."""
        self._availability[name] = payload
        if len(self._availability) > 2 * len(self._known.watchers):
            self._availability = {
                each: last for each, last in self._availability.items() if each in self._known.watchers
            }

    def _listened(self, name: str, message: Message) -> list[Output]:
        values: dict[str, dict[str, Value | None]] = {}
        happened: list[Output] = []
        rejected: list[Rejected] = []
        for listener in self._known.listeners.get(name, {}).values():
            native_id = listener.device.native_id
            found = outcome(listener.listen, native_id, message)
            if isinstance(found, dict):
                values.setdefault(native_id, {}).update(found)
                risen = rise(listener.listen, native_id, found, message.retained)
                happened.extend([risen] if risen else [])
            elif isinstance(found, Happened):
                happened.append(found)
            elif found is not None:
                rejected.append(found)
        said: list[Output] = [Said(native_id, each) for native_id, each in values.items()]
        return [*said, *happened, *_few(rejected)]


def _named_apart(device: Device, entity: Entity) -> Entity:
    """Two nodes of one device may have objects of the same name: then the node is part of it."""
    taken = {each.name for key, each in device.entities.items() if key != entity.key}
    if entity.name not in taken:
        return entity
    component, node, object_id = entity.key
    name = f"{component}.{node}.{object_id}"

    def apart(point: str) -> str:
        return name + point.removeprefix(entity.name)

    return structs.replace(
        entity,
        name=name,
        points=tuple(structs.replace(each, name=apart(each.name)) for each in entity.points),
        listens=tuple(structs.replace(each, point=apart(each.point)) for each in entity.listens),
        orders=tuple(structs.replace(each, point=apart(each.point)) for each in entity.orders),
    )


def _complaints(details: list[str]) -> list[Output]:
    return _few([Rejected("wrong shape", detail[:1_000]) for detail in details])


def _few(rejected: list[Rejected]) -> list[Output]:
    """One message causes a few dead letters at most; the last says how many more there were."""
    found = list(dict.fromkeys(rejected))
    if len(found) <= COMPLAINTS_MAX:
        return list(found)
    more = Rejected("wrong shape", f"and {len(found) - COMPLAINTS_MAX + 1} more, such as: {found[-1].detail[:400]}")
    return [*found[: COMPLAINTS_MAX - 1], more]


def _covers(filter_: str, topic: str) -> bool:
    wanted, found = filter_.split("/"), topic.split("/")
    for index, level in enumerate(wanted):
        if level == "#":
            return True
        if index >= len(found) or level not in ("+", found[index]):
            return False
    return len(wanted) == len(found)
