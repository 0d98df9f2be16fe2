"""Zigbee2MQTT: discovered without code, from what it says of every device; typed; told by `set`.

Sources: Zigbee2MQTT, "MQTT topics and messages", https://www.zigbee2mqtt.io/guide/usage/mqtt_topics_and_messages.html;
"Exposes" (`zigbee2mqtt_exposes`); "Device-Availability",
https://www.zigbee2mqtt.io/guide/configuration/device-availability.html.

A device is known by its IEEE address, whatever it is called; topics hold the friendly name, which may have slashes.
Values have no time: `last_seen` is the coordinator's, and stays the same when a state changes without a word from the
device. What is published of a device that `bridge/devices` has not named is not understood: nobody knows whose it is.
A battery device reports when it likes: Zigbee2MQTT calls one offline after 25 h, and so do we.

| discovered without code | values | availability | commands |
| --- | --- | --- | --- |
| `bridge/devices`: name, model, every point with unit and range; class where beyond doubt | JSON states, nested \
ones, single-attribute topics | `NAME/availability` in both forms; `bridge/state` for all | `NAME/set`; answered by \
the state that follows |
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from pydantic import BaseModel, ConfigDict, Field, field_validator

from gateway.codecs.native import Undecodable
from gateway.codecs.port import Codec, Found, Gone, Happened, Heard, Output, Point, Publish, Said
from gateway.codecs.transform import as_word
from gateway.codecs.zigbee2mqtt_exposes import class_of, commands_of, on_and_off, points_of, with_metrics
from rules.instant import HOUR_MS, Instant
from rules.reading import Rejected, Value
from rules.site import MetricKind

SILENT_AFTER_MS = 25 * HOUR_MS  # of a device that reports when it likes; Zigbee2MQTT's own for passive devices
DEVICES_MAX = 5_000  # of one network; a coordinator manages some hundreds
VALUES_MAX = 256
DEPTH_MAX = 4
NAME_CHARACTERS_MAX = 200
STATES = {"online": True, "offline": False}
UNDECLARED = ("last_seen", "elapsed", "update", "update_available", "device", "action")  # told beside the points
NOT_OURS = ("set", "get")  # what somebody tells a device
_IEEE = re.compile(r"0x[0-9a-fA-F]{16}")


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    prefix: str = Field("zigbee2mqtt", description="`mqtt.base_topic` of Zigbee2MQTT", min_length=1, max_length=200)

    @field_validator("prefix")
    @classmethod
    def _is_a_topic(cls, text: str) -> str:
        if any(c in text for c in "+#\0") or text.startswith(("/", "$")) or text.endswith("/"):
            raise ValueError(f"{text!r} is not the beginning of a topic; expected e.g. zigbee2mqtt, without + and #")
        return text


def make(options: Options) -> Codec:
    return Zigbee2Mqtt(options.prefix)


class Zigbee2Mqtt:
    name = "zigbee2mqtt"

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._names: dict[str, str] = {}  # friendly name → IEEE address
        self._found: dict[str, Found] = {}
        self._groups: set[str] = set()

    def topics(self) -> tuple[str, ...]:
        """The list of devices first, so that what the broker has kept of them is understood."""
        return f"{self._prefix}/bridge/devices", f"{self._prefix}/bridge/groups", f"{self._prefix}/#"

    def restore(self, found: Iterable[Found]) -> None:
        for each in found:
            if each.memory:
                self._know(each)

    def decode(self, topic: bytes, payload: bytes, received_at: Instant, retained: bool = False) -> list[Output]:
        try:
            below = topic.decode().removeprefix(f"{self._prefix}/")
        except UnicodeDecodeError:
            return [Rejected("unknown topic", "topic is not utf-8")]
        if below.startswith("bridge/"):
            return self._bridge(below.removeprefix("bridge/"), payload)
        if not payload or below in self._groups:
            return []  # an empty message only makes the broker forget
        return self._of_device(below, payload, retained)

    # ---- the bridge

    def _bridge(self, what: str, payload: bytes) -> list[Output]:
        if what == "devices":
            return self._devices(payload)
        if what == "state":
            online = _state(payload)
            if online is None:
                return [_not_a_state(payload)]
            return [Heard(each, False) for each in self._found] if not online else []
        if what == "groups":
            groups = _json(payload)
            named = (
                [each.get("friendly_name") for each in groups or () if isinstance(each, dict)]
                if isinstance(groups, list)
                else []
            )
            self._groups = {each for each in named[:DEVICES_MAX] if isinstance(each, str)}
        elif what == "event":
            return self._event(payload)
        return []

    def _devices(self, payload: bytes) -> list[Output]:
        listed = _json(payload)
        if not isinstance(listed, list):
            return [Rejected("wrong shape", "bridge/devices is no list of devices")]
        outputs: list[Output] = []
        seen: set[str] = set()
        for each in listed[:DEVICES_MAX]:
            found = _found(each)
            if isinstance(found, Rejected):
                outputs.append(found)
            elif found is not None and found.native_id not in seen:
                seen.add(found.native_id)
                outputs.append(found)
        gone: list[str] = []
        if not any(isinstance(each, Rejected) for each in outputs):  # else nobody knows what else is missing
            gone = [id_ for id_ in self._found if id_ not in seen]
            self._names, self._found = {}, {}
        for output in outputs:
            if isinstance(output, Found):
                self._know(output)
        return [*outputs, *(Gone(id_) for id_ in gone)]

    def _event(self, payload: bytes) -> list[Output]:
        """Only that a device leaves; that one comes is said by `bridge/devices`, with what it can do."""
        event = _json(payload)
        about = event.get("data") if isinstance(event, dict) and event.get("type") == "device_leave" else None
        id_ = about.get("ieee_address") if isinstance(about, dict) else None
        return [Gone(id_)] if isinstance(id_, str) and id_ in self._found else []

    def _know(self, found: Found) -> None:
        self._found[found.native_id] = found
        self._names = {name: id_ for name, id_ in self._names.items() if id_ != found.native_id}
        self._names[found.memory.decode(errors="replace")] = found.native_id

    # ---- devices

    def _of_device(self, below: str, payload: bytes, retained: bool) -> list[Output]:
        """A name may have slashes, and so may what stands after it: the longest name that is known counts."""
        name, rest = below, ""
        while name not in self._names:
            head, slash, tail = name.rpartition("/")
            if not slash:
                return self._unknown(below)
            name, rest = head, f"{tail}/{rest}" if rest else tail
        id_ = self._names[name]
        if not rest:
            return _whole(id_, payload, retained)
        if rest == "availability":
            online = _state(payload)
            return [_not_a_state(payload)] if online is None else [Heard(id_, online)]
        if rest.partition("/")[0] in NOT_OURS:
            return []
        return self._attribute(id_, rest, payload)

    def _unknown(self, below: str) -> list[Output]:
        last = below.rpartition("/")[2]
        if (
            last in NOT_OURS
            or f"/{NOT_OURS[0]}/" in below
            or any(below.startswith(f"{each}/") for each in self._groups)
        ):
            return []
        return [Rejected("unknown device", f"{below[:60]!r} is no device that bridge/devices names")]

    def _attribute(self, id_: str, name: str, payload: bytes) -> list[Output]:
        """`zigbee2mqtt/z1/power` → `0`: what `output: attribute` makes of a state."""
        point = self._point(id_, name)
        text = payload.decode(errors="replace")
        value = _json(payload)
        if isinstance(value, dict):
            return [Said(id_, dict(_flat(value, f"{name}.", DEPTH_MAX)))]
        if name in UNDECLARED:
            return []
        if point is None or isinstance(value, list):
            return [Rejected("unknown topic", f"{name[:60]!r} is no point of {self._found[id_].title!r}")]
        if point.kind is MetricKind.STRING or not isinstance(value, bool | int | float | str):
            value = None if text == "null" else text
        return [Said(id_, {name: value})]

    def _point(self, id_: str, name: str) -> Point | None:
        return next((each for each in self._found[id_].points if each.name == name), None)

    # ---- commands

    def encode(self, native_id: str, points: Mapping[str, Value], command_id: str) -> list[Publish] | Rejected:
        found = self._found.get(native_id)
        if found is None:
            return Rejected("unknown device", f"bridge/devices has not named {native_id!r}")
        said: dict[str, Any] = {}
        for name, value in points.items():
            point = self._point(native_id, name)
            fitting = _fitting(point, value) if point is not None and point.settable else None
            if fitting is None:
                why = "cannot be set" if point is None or not point.settable else f"cannot be {value!r}"
                return Rejected("no such command", f"{name} of {found.title!r} {why}")
            *path, last = name.split(".")
            within = said
            for step in path:
                within = within.setdefault(step, {})
            within[last] = fitting
        topic = f"{self._prefix}/{found.memory.decode(errors='replace')}/set"
        return [Publish(topic, msgspec.json.encode(said))]


def _found(listed: Any) -> Found | Rejected | None:
    """One of `bridge/devices`. None: the coordinator, which is no device of the building."""
    if not isinstance(listed, dict) or listed.get("type") == "Coordinator":
        return None
    id_, name = listed.get("ieee_address"), listed.get("friendly_name")
    if not isinstance(id_, str) or not _IEEE.fullmatch(id_) or not isinstance(name, str) or not name:
        return Rejected("wrong shape", f"bridge/devices names {str(id_)[:40]!r}; expected an IEEE address and a name")
    if len(name) > NAME_CHARACTERS_MAX:
        return Rejected("wrong shape", f"{id_} has a name of {len(name)} characters; at most {NAME_CHARACTERS_MAX}")
    definition = listed.get("definition")
    definition = definition if isinstance(definition, dict) else {}
    points = points_of(definition.get("exposes"))
    by_name = {each.name: each for each in points}
    device_class = class_of(by_name)
    words = [each for each in (definition.get("vendor"), definition.get("model")) if isinstance(each, str)]
    reports_often = device_class == "energy_meter" and listed.get("power_source") != "Battery"
    return Found(
        native_id=id_,
        title=name,
        model=" ".join(words)[:NAME_CHARACTERS_MAX],
        points=with_metrics(points, device_class),
        device_class=device_class,
        silent_after_ms=None if reports_often else SILENT_AFTER_MS,
        memory=name.encode(),
        commands=commands_of(by_name, device_class),
    )


def _whole(id_: str, payload: bytes, retained: bool) -> list[Output]:
    state = _json(payload)
    if not isinstance(state, dict):
        return [Rejected("bad json" if state is None else "wrong shape", "a device's state is a JSON object")]
    outputs: list[Output] = []
    values = dict(_flat(state, "", DEPTH_MAX))
    action = values.pop("action", None)
    if values:
        outputs.append(Said(id_, values))
    if isinstance(action, str) and action and not retained:  # a button that was pressed some day is no news
        outputs.append(Happened(id_, action))
    return outputs


def _flat(state: Mapping[str, Any], within: str, depth: int) -> Iterator[tuple[str, Value | None]]:
    """Nested names joined with a dot, lists left out, at most VALUES_MAX."""
    for name, value in list(state.items())[:VALUES_MAX]:
        if isinstance(value, dict):
            if depth:
                yield from list(_flat(value, f"{within}{name}.", depth - 1))[:VALUES_MAX]
        elif value is None or isinstance(value, bool | int | float | str):
            yield f"{within}{name}", value


def _fitting(point: Point, value: Value) -> Value | None:
    """The value as the point takes it; None: it does not."""
    if isinstance(value, bool):
        if point.kind is MetricKind.BOOLEAN:
            return value
        return on_and_off(point)[0 if value else 1] if len(point.values) == 2 else None
    if point.kind is MetricKind.NUMBER and not isinstance(value, str):
        within = (point.minimum is None or value >= point.minimum) and (point.maximum is None or value <= point.maximum)
        return (int(value) if float(value).is_integer() else value) if within else None
    if point.kind is MetricKind.STRING and (not point.values or as_word(value) in point.values):
        return as_word(value)
    return None


def _state(payload: bytes) -> bool | None:
    """`online`, or `{"state": "online"}`."""
    text: Any = payload.decode(errors="replace")
    value = _json(payload)
    if isinstance(value, dict):
        text = value.get("state")
    return STATES.get(text) if isinstance(text, str) else None


def _not_a_state(payload: bytes) -> Rejected:
    return Rejected("wrong shape", f'{payload[:40]!r}; expected online, offline or {{"state": "online"}}')


def _json(payload: bytes) -> Any:
    """None: it is none."""
    try:
        return msgspec.json.decode(payload)
    except Undecodable:
        return None
