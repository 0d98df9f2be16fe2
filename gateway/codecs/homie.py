"""The Homie convention, versions 4 and 5: devices that describe their nodes and properties in retained messages.

Version 5: `homie/5/DEVICE/$state`, `…/$description` (one JSON document), `…/NODE/PROPERTY`, `…/NODE/PROPERTY/$target`,
`…/$alert/ID`. Version 4: `homie/DEVICE/$state` and one topic for every attribute. A property is the point
`NODE.PROPERTY`; a device of version 5 has the native id `5/DEVICE`, as in its topics.

- The loss of a root device is the loss of every device of its tree; when it is back, each is again what it said itself.
- A sleeping device is not offline. The state itself is the point `$state` (version 4 knows `alert`).
- A property that is not retained is momentary: it becomes an event, whose attribute `value` has what was said.
- An alert raised by a device is the point `$alert.ID` (true while it lasts, so that one that is active when the gateway
  comes up is seen) and an event of the same name with its text. One that is taken back while nobody listens stays true
  until the device raises or clears it again: a deleted topic says nothing to those who come later.
- A target is not yet a value: it is the point `NODE.PROPERTY.$target`.
- Homie publishes on change and announces no period, so there is no limit of silence; except where a device of version
  4 has statistics (`$stats/interval`).

Sources: "The Homie Convention", https://homieiot.github.io/specification/spec-core-v5_0_0/ and
https://homieiot.github.io/specification/spec-core-v4_0_0/.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from gateway.codecs.early_values import EarlyValues
from gateway.codecs.homie_declared import (
    DEVICE_ATTRIBUTES,
    ID,
    NODE_ATTRIBUTES,
    PROPERTY_ATTRIBUTES,
    STATES_4,
    STATES_5,
    Declared,
    from_attributes,
    from_document,
)
from gateway.codecs.homie_device import EXTRAS_MAX, STATE, Device, Known
from gateway.codecs.homie_payload import Property, Wrong, read, write
from gateway.codecs.native import PAYLOAD_BYTES_MAX, TEXT_CHARACTERS_MAX
from gateway.codecs.port import Found, Gone, Happened, Heard, Output, Publish, Said
from rules.instant import Instant
from rules.reading import Rejected, Value
from rules.site import MetricKind

COMPLAINTS_MAX = 8  # dead letters that one message can cause
ATTRIBUTE_BYTES_MAX = 8 * 1024  # the list of an enum, of a node's properties
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,15})?")
_DOMAIN = re.compile(r"[^+#\0]+")
_EXPECTED = "expected {domain}/[5/]DEVICE/$ATTRIBUTE or {domain}/[5/]DEVICE/NODE/PROPERTY"


def _domain(text: str) -> str:
    if not _DOMAIN.fullmatch(text) or text.startswith("/") or text.endswith("/"):
        raise ValueError(f"{text!r} is not the beginning of a topic; expected levels without wildcards")
    return text


class Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    domain: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_domain)] = Field(
        default="homie", description="the first level of the topics"
    )
    versions: Annotated[tuple[Literal[4, 5], ...], Field(min_length=1, max_length=2)] = Field(
        default=(4, 5), description="of the convention"
    )
    devices_max: int = Field(default=5_000, ge=1, le=100_000, description="more are refused with a dead letter")


def make(options: Options) -> Homie:
    return Homie(options)


class Homie:
    name = "homie"

    def __init__(self, options: Options) -> None:
        self._domain = options.domain
        self._versions = frozenset(options.versions)
        self._known = Known(options.devices_max)
        self._early = EarlyValues()

    def topics(self) -> tuple[str, ...]:
        """One filter, because of two that overlap a broker may send everything twice."""
        return (f"{self._domain}/5/#",) if self._versions == {5} else (f"{self._domain}/#",)

    def decode(self, topic: bytes, payload: bytes, received_at: Instant, retained: bool = False) -> list[Output]:
        try:
            name = topic.decode()
        except UnicodeDecodeError:
            return [Rejected("topic is not utf-8", "expected a topic of MQTT")]
        if not name.startswith(f"{self._domain}/"):
            return [self._unknown_topic()]
        if len(payload) > PAYLOAD_BYTES_MAX:
            return [Rejected("payload too large", f"{len(payload)} bytes; at most {PAYLOAD_BYTES_MAX}")]
        levels = name.removeprefix(f"{self._domain}/").split("/")
        version = 5 if levels[0] == "5" and len(levels) > 1 else 4
        if version not in self._versions:
            return []
        place = levels[1:] if version == 5 else levels
        if place[0] == "$broadcast":
            return []  # from a controller to all devices
        if not ID.fullmatch(place[0]) or len(place) < 2:
            return [self._unknown_topic()]
        found = self._decode(version, place[0], place[1:], name, payload, retained)
        return _few(found)

    def encode(self, native_id: str, points: Mapping[str, Value], command_id: str) -> list[Publish] | Rejected:
        version, id_ = (5, native_id.removeprefix("5/")) if native_id.startswith("5/") else (4, native_id)
        device = self._known.devices.get((version, id_))
        if device is None or device.declared is None:
            return Rejected("unknown device", f"{native_id[:80]!r} has not described itself")
        found: list[Publish] = []
        for name, value in points.items():
            declared = device.properties.get(name)
            if declared is None or not declared.settable:
                settable = [point for point, each in device.properties.items() if each.settable]
                expected = ", ".join(settable[:12]) or "nothing: no property is settable"
                return Rejected("wrong shape", f"{name[:80]} cannot be set; expected {expected}")
            payload = write(declared, value)
            if isinstance(payload, Rejected):
                return payload
            topic = f"{self._domain}/{native_id}/{declared.node}/{declared.id}/set"
            found.append(Publish(topic, payload, _qos(declared)))
        return found

    def restore(self, found: Iterable[Found]) -> None:
        self._known.restore(found)

    def _decode(
        self, version: int, id_: str, rest: list[str], topic: str, payload: bytes, retained: bool
    ) -> Iterator[Output]:
        match rest:
            case ["$state"]:
                yield from self._state(version, id_, payload)
            case ["$description"] if version == 5:
                yield from self._description(id_, payload)
            case ["$alert", raised] if version == 5 and ID.fullmatch(raised):
                yield from self._alerted(id_, raised, payload, retained)
            case ["$stats", name] if version == 4 and name != "interval" and ID.fullmatch(name):
                yield from self._statistic(id_, name, payload)
            case [node, name] if ID.fullmatch(node) and ID.fullmatch(name):
                yield from self._value((version, id_), f"{node}.{name}", topic, payload, retained)
            case [node, name, "$target"] if version == 5 and ID.fullmatch(node) and ID.fullmatch(name):
                yield from self._target(id_, f"{node}.{name}", topic, payload)
            case [node, name, "set"] if ID.fullmatch(node) and ID.fullmatch(name):
                return  # a command, ours or somebody else's
            case _ if version == 4 and _is_attribute(rest):
                yield from self._attribute(id_, "/".join(rest), payload)
            case _ if any(level.startswith("$") for level in rest):
                return  # logs, extensions, names of nodes: nothing that concerns us
            case _:
                yield self._unknown_topic()

    # What a device is

    def _state(self, version: int, id_: str, payload: bytes) -> Iterator[Output]:
        states = STATES_4 if version == 4 else STATES_5
        state = payload.decode(errors="replace")
        if not state:
            yield from self._removed(version, id_)
            return
        if state not in states:
            yield Rejected("wrong shape", f"$state {state[:40]!r}; expected {', '.join(states)}")
            return
        device = self._known.get_or_add((version, id_))
        if isinstance(device, str):
            yield Rejected("wrong shape", device)
            return
        was_lost, device.state = device.state == "lost", state
        if device.declared is not None:
            yield from self._heard(device)
            yield Said(device.native_id, {STATE: state})
        if was_lost != (state == "lost"):
            for child in self._known.below(device):
                yield from self._heard(child)

    def _removed(self, version: int, id_: str) -> Iterator[Output]:
        device = self._known.remove((version, id_))
        if device is None:
            return
        if device.declared is not None:
            yield Gone(device.native_id)
        for child in self._known.below(device) if device.state == "lost" else ():
            yield from self._heard(child)

    def _heard(self, device: Device) -> Iterator[Output]:
        online = self._known.online(device)
        if online is not None:
            yield Heard(device.native_id, online)

    def _description(self, id_: str, payload: bytes) -> Iterator[Output]:
        if not payload:
            yield from self._removed(5, id_)
            return
        complaints: list[str] = []
        try:
            declared = from_document(payload, id_, complaints)
        except Wrong as wrong:
            yield Rejected("wrong shape", f"$description: {wrong}")
            return
        device = self._known.get_or_add((5, id_))
        if isinstance(device, str):
            yield Rejected("wrong shape", device)
            return
        yield from self._declared(device, declared)
        yield from (Rejected("wrong shape", complaint) for complaint in complaints)

    def _attribute(self, id_: str, path: str, payload: bytes) -> Iterator[Output]:
        try:
            text = payload.decode()
        except UnicodeDecodeError as error:
            yield Rejected("wrong shape", f"{path} is not utf-8: {error.reason}")
            return
        if len(payload) > ATTRIBUTE_BYTES_MAX:
            yield Rejected("wrong shape", f"{path} has {len(payload)} bytes; at most {ATTRIBUTE_BYTES_MAX}")
            return
        device = self._known.get_or_add((4, id_))
        refused = device if isinstance(device, str) else self._known.attribute(device, path, text)
        if refused or isinstance(device, str):
            yield Rejected("wrong shape", refused)
            return
        complaints: list[str] = []
        try:
            declared = from_attributes(device.attributes, complaints)
        except Wrong as wrong:
            yield Rejected("wrong shape", str(wrong))
            return
        if declared is not None:
            yield from self._declared(device, declared)
            yield from (Rejected("wrong shape", complaint) for complaint in complaints)

    def _declared(self, device: Device, declared: Declared) -> Iterator[Output]:
        """A declaration is complete: what waited for it is read."""
        before = device.declared
        if declared == before:
            return
        if refused := self._known.declare(device, declared):
            yield Rejected("wrong shape", refused)
            return
        yield device.found()
        if device.state:
            yield from self._heard(device)
            yield Said(device.native_id, {STATE: device.state})
        elif self._known.is_lost(device):
            yield Heard(device.native_id, False)
        if device.raised and before is None:
            yield Said(device.native_id, dict.fromkeys(device.raised, True))
        known = {each.point: each for each in before.properties} if before else {}
        for each in declared.properties:
            if known.get(each.point) == each:
                continue
            topic = f"{self._domain}/{device.native_id}/{each.node}/{each.id}"
            if (early := self._early.settle(topic)) is not None:
                self._early.forget(topic)
                yield from _said(device, each, each.point, early.payload, historical=True)

    # What it says

    def _value(self, name: tuple[int, str], point: str, topic: str, payload: bytes, retained: bool) -> Iterator[Output]:
        device = self._known.devices.get(name)
        declared = device.properties.get(point) if device else None
        if device is None or declared is None:
            yield from self._wait(topic, payload, retained)
            if device is not None and device.declared is not None:
                yield Rejected("unknown topic", f"{device.native_id} does not describe {point[:80]}")
            return
        yield from _said(device, declared, point, payload, historical=retained)

    def _target(self, id_: str, point: str, topic: str, payload: bytes) -> Iterator[Output]:
        device = self._known.devices.get((5, id_))
        declared = device.properties.get(point) if device else None
        if device is None or declared is None:
            return  # it is the value that counts; the next target comes with the next command
        value = read(declared, payload)
        if isinstance(value, Rejected):
            yield value
            return
        name = f"{point}.$target"
        yield from self._extra(device, name, declared.as_point().kind or MetricKind.STRING)
        if name in device.extras:
            yield Said(device.native_id, {name: value})

    def _alerted(self, id_: str, raised: str, payload: bytes, retained: bool) -> Iterator[Output]:
        device = self._known.get_or_add((5, id_))
        if isinstance(device, str):
            yield Rejected("wrong shape", device)
            return
        name = f"$alert.{raised}"
        text = payload.decode(errors="replace")[:TEXT_CHARACTERS_MAX]
        if not text:
            device.raised.pop(name, None)
            if name in device.extras and device.declared is not None:
                yield Said(device.native_id, {name: False})
            return
        yield from self._extra(device, name, MetricKind.BOOLEAN)
        if name not in device.extras:
            return
        device.raised[name] = None
        if device.declared is not None:
            yield Said(device.native_id, {name: True})
            yield Happened(device.native_id, name, {"text": text}, historical=retained)

    def _statistic(self, id_: str, name: str, payload: bytes) -> Iterator[Output]:
        device = self._known.devices.get((4, id_))
        text = payload.decode(errors="replace")
        if device is None or device.declared is None or not _NUMBER.fullmatch(text):
            return
        point = f"$stats.{name}"
        yield from self._extra(device, point, MetricKind.NUMBER)
        if point in device.extras:
            yield Said(device.native_id, {point: float(text)})

    def _extra(self, device: Device, name: str, kind: MetricKind) -> Iterator[Output]:
        """A point that no description names, when it is first heard."""
        if name in device.extras:
            return
        if len(device.extras) >= EXTRAS_MAX:
            yield Rejected("wrong shape", f"{len(device.extras)} alerts, targets and statistics; at most {EXTRAS_MAX}")
            return
        device.extras[name] = kind
        if device.declared is not None:
            yield device.found()

    def _wait(self, topic: str, payload: bytes, retained: bool) -> Iterator[Output]:
        if not self._early.keep(topic, payload, retained):
            yield Rejected("unknown topic", f"nothing describes it, and {len(self._early)} topics wait for theirs")

    def _unknown_topic(self) -> Rejected:
        return Rejected("unknown topic", _EXPECTED.format(domain=self._domain))


def _said(device: Device, declared: Property, point: str, payload: bytes, historical: bool) -> Iterator[Output]:
    """`historical`: of an event, which nobody can tell how long ago it was; a state counts in any case."""
    value = read(declared, payload)
    if isinstance(value, Rejected):
        yield value
    elif declared.retained:
        yield Said(device.native_id, {point: value})
    elif value is not None:
        yield Happened(device.native_id, point, {"value": value}, historical=historical)


def _is_attribute(rest: list[str]) -> bool:
    """One that a declaration is made of."""
    match rest:
        case [node, name] if ID.fullmatch(node):
            return name in NODE_ATTRIBUTES
        case [node, property_, name] if ID.fullmatch(node) and ID.fullmatch(property_):
            return name in PROPERTY_ATTRIBUTES
    return "/".join(rest) in DEVICE_ATTRIBUTES


def _qos(declared: Property) -> int:
    """Of a command. What is momentary must not come late or twice: at most once in version 5, exactly once in 4."""
    if declared.retained:
        return 1
    return 0 if declared.version == 5 else 2


def _few(outputs: Iterable[Output]) -> list[Output]:
    """One message causes a few dead letters at most; the last says how many more there were."""
    found = list(outputs)
    rejected = [each for each in found if isinstance(each, Rejected)]
    if len(rejected) <= COMPLAINTS_MAX:
        return found
    others: list[Output] = [each for each in found if not isinstance(each, Rejected)]
    more = Rejected("wrong shape", f"and {len(rejected) - COMPLAINTS_MAX + 1} more, such as: {rejected[-1].detail}")
    return [*others, *rejected[: COMPLAINTS_MAX - 1], more]
