"""Shelly devices of the second generation and later. Pure.

Formats: Shelly API documentation, MQTT (https://shelly-api-docs.shelly.cloud/gen2/ComponentsAndServices/Mqtt), RPC
protocol (https://shelly-api-docs.shelly.cloud/gen2/General/RPCProtocol), notifications
(https://shelly-api-docs.shelly.cloud/gen2/General/Notifications).

- A device is known by its id (`shellyplussmoke-80646fd09ed4`), which frames carry as `src`; its topic prefix is the
  user's choice. What came under a prefix before it was known whose it is, is said again under the id.
- `NotifyStatus` is a delta over what is known. A key that is null has vanished: what was known of it counts no longer.
  A full status (`NotifyFullStatus`, `status/COMPONENT:ID`, the answer to `Shelly.GetStatus`) tells by absence what
  vanished, within the components it has: dynamic ones never are in a status of the whole device.
- `ts` is seconds UTC with a fraction. A battery device that just woke says seconds since then: no time.
- A device that sleeps says so by `sys.wakeup_period`: its silence limit is made of it, and that it signs off is not
  offline. Smoke and flood sensors do this.
- Status is not retained. When a device comes online, it is asked for all of it.
- A command's number is made of its id, so that it is the same when it is sent again after a restart. A device that
  wants a password (`Shelly.SetAuth`) refuses with code 401: the command fails with that reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any
from zlib import crc32

import msgspec
from msgspec import Struct, field
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from gateway.codecs.json_paths import Flat, flatten, read_object, read_topic, unix_time_of
from gateway.codecs.known import DEVICES_MAX, Device, Devices, Recent, points_of
from gateway.codecs.port import Answered, Ask, Codec, Found, Gone, Happened, Heard, Output, Publish, Said
from gateway.codecs.shelly_points import ERRORS, classified, components, point, setting, values_of
from rules.instant import MINUTE_MS, SECOND_MS, Instant
from rules.reading import Rejected, Value
from rules.site import MetricKind

WAKING_PERIODS_OF_SILENCE = 1.2  # ours: a fifth late is late; a lost report of a smoke detector is to be seen
WAKING_SLACK_MS = MINUTE_MS  # ours: joining the network anew takes some seconds
WAKING_PERIOD_S_MAX = 31 * 24 * 3_600
COMMANDS_MAX = 1_024  # on their way; each is answered within seconds, or never
EVENTS_MAX = 16  # in one frame; a button makes one
QUESTION = "status"  # the id under which we ask

_ID = re.compile(r"[a-z0-9]{1,40}-[0-9a-f]{6,12}", re.IGNORECASE)  # shellyplus1pm-a8032ab12345

_Pattern = Annotated[str, StringConstraints(pattern=r"^(\+|[^/+#\s\x00]+)(/(\+|[^/+#\s\x00]+)){0,7}$", max_length=200)]
_Source = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,40}$")]


class Options(BaseModel):
    """`prefixes`: where devices publish, `+` for a level that differs; a device's own default is its id. `source`: our
    name, under which they answer; another gateway on the same broker needs another."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prefixes: tuple[_Pattern, ...] = Field(("+",), min_length=1, max_length=16)
    source: _Source = "tocsin-shelly"


def make(options: Options) -> Codec:
    return Shelly(options)


class _Memory(Struct, omit_defaults=True):
    """What is stored with a device."""

    prefix: str
    id: str = ""  # empty: it has not said who it is
    sleeps: bool = False


class _Device(Device):
    memory: _Memory = field(default_factory=lambda: _Memory(""))
    told: bool = False  # whether it has been Found, with all that is known of it
    said: dict[str, Value | None] = field(default_factory=dict)  # while it has not said who it is
    said_at: Instant = 0
    online: bool | None = None


class _Sent(Struct):
    """A command of several requests is done when all are, and failed when one is."""

    id: str
    open: set[int]


class Shelly:
    name = "shelly"

    def __init__(self, options: Options) -> None:
        self._options = options
        self._prefixes = [
            re.compile("/".join("[^/]+" if level == "+" else re.escape(level) for level in prefix.split("/")))
            for prefix in options.prefixes
        ]
        self._answers = f"{options.source}/rpc"
        self._devices: Devices[_Device] = Devices()
        self._by_prefix: Recent[str, str] = Recent(DEVICES_MAX)  # → native id
        self._online: Recent[str, bool] = Recent(DEVICES_MAX)  # of prefixes that nobody spoke under yet
        self._sent: Recent[int, _Sent] = Recent(COMMANDS_MAX)

    def topics(self) -> tuple[str, ...]:
        ends = ("events/rpc", "online", "status/+")
        return (*(f"{prefix}/{end}" for prefix in self._options.prefixes for end in ends), self._answers)

    def restore(self, found: Iterable[Found]) -> None:
        for each in found:
            try:
                memory = msgspec.json.decode(each.memory, type=_Memory)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                continue  # not ours, or of a version that is no more: it will be found again when it speaks
            known = (each.native_id, each.title, each.model, points_of(each), each.silent_after_ms)
            self._remember(_Device(*known, memory, told=True))

    def decode(self, topic: bytes, payload: bytes, received_at: Instant, retained: bool = False) -> list[Output]:
        text = read_topic(topic)
        if isinstance(text, Rejected):
            return [text]
        if text == self._answers:
            return self._answer(payload)
        for end, read in (("/events/rpc", self._notification), ("/online", self._will)):
            prefix = text.removesuffix(end)
            if prefix != text and self._is_prefix(prefix):
                return read(prefix, payload, received_at)
        prefix, _, component = text.rpartition("/status/")
        if self._is_prefix(prefix):
            return self._component(prefix, component, payload, received_at)
        return [Rejected("unknown topic", "expected PREFIX/events/rpc, PREFIX/online or PREFIX/status/COMPONENT:ID")]

    def _is_prefix(self, prefix: str) -> bool:
        return any(pattern.fullmatch(prefix) for pattern in self._prefixes)

    # What devices say

    def _will(self, prefix: str, payload: bytes, received_at: Instant) -> list[Output]:
        if not payload:
            return []  # a retained message was deleted
        online = {b"true": True, b"false": False}.get(payload)
        if online is None:
            return [Rejected("wrong shape", f"{payload[:40]!r}; expected true or false")]
        device = self._at(prefix)
        if device is None and not _ID.fullmatch(prefix.rpartition("/")[2]):
            self._online.put(prefix, online)  # anybody's topic may end so: kept until something speaks there
            return [self._question(prefix)] if online else []
        device = device or self._meet(prefix)
        outputs = self._introduced(device)
        if online or not device.memory.sleeps:
            device.online = online
            outputs.append(Heard(device.native_id, online))
        return [*outputs, self._question(prefix)] if online else outputs

    def _question(self, prefix: str) -> Ask:
        frame = {"id": QUESTION, "src": self._options.source, "method": "Shelly.GetStatus"}
        publish = Publish(f"{prefix}/rpc", msgspec.json.encode(frame))
        return Ask(publish, "status is not retained: asked for when a device comes online")

    def _notification(self, prefix: str, payload: bytes, received_at: Instant) -> list[Output]:
        frame = read_object(payload)
        if isinstance(frame, Rejected):
            return [frame]
        source, params, method = frame.get("src"), frame.get("params"), frame.get("method")
        if not isinstance(source, str) or not _ID.fullmatch(source) or not isinstance(params, dict):
            return [Rejected("wrong shape", "expected src, the device's id, and params, an object")]
        device, outputs = self._speaks(prefix, source)
        if method == "NotifyEvent":
            said = self._events(device, params)
        elif method in ("NotifyStatus", "NotifyFullStatus"):
            said = self._status(device, params, received_at, full=method == "NotifyFullStatus")
        else:
            said = [Rejected("wrong shape", f"method {str(method)[:40]!r}; expected NotifyStatus or NotifyEvent")]
        return [*outputs, *self._introduced(device), *said]

    def _status(self, device: _Device, params: dict[str, Any], received_at: Instant, full: bool) -> list[Output]:
        values = Flat()
        for component, part in components(params).items():
            if isinstance(part, dict):
                self._overlay(device, component, part, values, full)
            elif part is None:
                self._vanished(device, component, values)
            else:
                values.refuse(f"{component}: expected an object")
        self._wakes(device, params.get("sys"))
        return self._say(device, values, unix_time_of(params.get("ts")), received_at)

    def _component(self, prefix: str, component: str, payload: bytes, received_at: Instant) -> list[Output]:
        if not payload or not components({component: None}):
            return []  # deleted, or sys, wifi, mqtt…
        part = read_object(payload)
        if isinstance(part, Rejected):
            return [part]
        device = self._at(prefix) or self._meet(prefix)
        values = Flat()
        self._overlay(device, component, part, values, full=True)
        said = self._say(device, values, None, received_at)
        return [*self._introduced(device), *said]

    def _overlay(self, device: _Device, component: str, part: dict[str, Any], into: Flat, full: bool) -> None:
        flat = Flat()
        values_of(component, part, flat)
        into.refused.extend(flat.refused)
        for name, value in flat.values.items():
            if value is None and not name.endswith(".words"):
                self._vanished(device, name, into)
            else:
                into.add(name, value)
        if full:
            for name in device.below(component):
                if name not in flat.values and not any(name.startswith(f"{other}.") for other in flat.values):
                    into.add(name, False if name.rpartition(".")[2] in ERRORS else None)

    @staticmethod
    def _vanished(device: _Device, name: str, into: Flat) -> None:
        """Everything that is known below; the name itself where nothing is."""
        below = device.below(name)
        for each in below or [name]:
            into.add(each, False if each.rpartition(".")[2] in ERRORS else None)
        if below and name in device.points:
            into.add(name, None)

    def _wakes(self, device: _Device, system: Any) -> None:
        period_s = system.get("wakeup_period") if isinstance(system, dict) else None
        if isinstance(period_s, bool) or not isinstance(period_s, (int, float)) or not 0 < period_s:
            return
        if period_s <= WAKING_PERIOD_S_MAX:
            silent_after_ms = round(period_s * SECOND_MS * WAKING_PERIODS_OF_SILENCE) + WAKING_SLACK_MS
            device.told = device.told and device.memory.sleeps and silent_after_ms == device.silent_after_ms
            device.memory.sleeps, device.silent_after_ms = True, silent_after_ms

    def _say(self, device: _Device, flat: Flat, at: Instant | None, received_at: Instant) -> list[Output]:
        """Found, if something is new, and what it said."""
        unknown = device.unknown(flat.values)
        if self._devices.learn(device, [point(name, flat.values[name]) for name in unknown]):
            device.told = False
        outputs = self._introduced(device)
        if flat.values:
            outputs.append(Said(device.native_id, flat.values, at))
            if not device.memory.id:
                device.said.update({name: value for name, value in flat.values.items() if name in device.points})
                device.said_at = received_at if at is None else at
        return [*outputs, *flat.rejected()]

    @staticmethod
    def _events(device: _Device, params: dict[str, Any]) -> list[Output]:
        """`input:0.single_push`: which input is part of the word. A smoke sensor's `alarm_test` is an event and no
        fire."""
        events = params.get("events")
        if not isinstance(events, list):
            return [Rejected("wrong shape", "events: expected a list")]
        outputs: list[Output] = []
        for each in events[:EVENTS_MAX]:
            component, event = (each.get("component"), each.get("event")) if isinstance(each, dict) else (None, None)
            if not isinstance(component, str) or not isinstance(event, str) or len(event) > 40:
                outputs.append(Rejected("wrong shape", "events: expected component and event, texts"))
            elif components({component: None}) and event != "config_changed":
                attributes = Flat()
                rest = {key: value for key, value in each.items() if key not in ("component", "id", "event", "ts")}
                flatten(rest, attributes)
                told = {name: value for name, value in attributes.values.items() if value is not None}
                at = unix_time_of(each.get("ts", params.get("ts")))
                outputs.append(Happened(device.native_id, f"{component}.{event}", told, at))
        if len(events) > EVENTS_MAX:
            outputs.append(Rejected("wrong shape", f"{len(events)} events; at most {EVENTS_MAX} are taken"))
        return outputs

    # Commands and answers

    def encode(self, native_id: str, points: Mapping[str, Value], command_id: str) -> list[Publish] | Rejected:
        """A request for each point, under PREFIX/rpc."""
        device = self._devices.get(native_id)
        if device is None:
            return Rejected("unknown device", f"{native_id!r} has not been heard of")
        published: list[Publish] = []
        numbers = []
        for index, (name, value) in enumerate(points.items()):
            params = _arguments(name, value)
            if isinstance(params, Rejected):
                return params
            numbers.append(crc32(f"{command_id}/{index}".encode()) & 0x7FFF_FFFF)
            method = setting(name)[0].method  # type: ignore[index]  # _arguments found it
            frame = {"id": numbers[-1], "src": self._options.source, "method": method, "params": params}
            published.append(Publish(f"{device.memory.prefix}/rpc", msgspec.json.encode(frame)))
        sent = _Sent(command_id, set(numbers))
        for number in numbers:
            self._sent.put(number, sent)
        return published

    def _answer(self, payload: bytes) -> list[Output]:
        frame = read_object(payload)
        if isinstance(frame, Rejected):
            return [frame]
        source, number = frame.get("src"), frame.get("id")
        if number == QUESTION and isinstance(source, str):
            return self._full_status(source, frame.get("result"))
        if isinstance(number, bool) or not isinstance(number, int):
            return [Rejected("wrong shape", "id: expected a command's number")]
        sent = self._sent.drop(number)
        if sent is None or not sent.open:
            return []  # sent before a restart, or failed already
        error = frame.get("error")
        if "result" not in frame or error is not None:
            sent.open.clear()
            return [Answered(sent.id, False, _failure(error))]
        sent.open.discard(number)
        return [] if sent.open else [Answered(sent.id, True)]

    def _full_status(self, source: str, result: Any) -> list[Output]:
        device = self._devices.get(source)
        if not isinstance(result, dict):
            return [Rejected("wrong shape", f"{source[:60]}: a status was asked for; expected result, an object")]
        if device is None:
            return []  # which prefix it has, its next notification says
        system = result.get("sys")
        at = system.get("unixtime") if isinstance(system, dict) else None
        said = self._status(device, {**result, "ts": at}, 0, full=True)
        return [*self._introduced(device), *said]

    # What is known

    def _at(self, prefix: str) -> _Device | None:
        native_id = self._by_prefix.get(prefix)
        return None if native_id is None else self._devices.get(native_id)

    def _meet(self, prefix: str) -> _Device:
        """A device of which only the prefix is known. By default that is its id."""
        last = prefix.rpartition("/")[2]
        known = _Memory(prefix, last if _ID.fullmatch(last) and last == prefix else "")
        return self._remember(_Device(prefix, last, _model(last) if known.id else "", memory=known))

    def _speaks(self, prefix: str, source: str) -> tuple[_Device, list[Output]]:
        """The device with this id, and what was said of it under its prefix while nobody knew that it is it."""
        before, device = self._at(prefix), self._devices.get(source)
        if device is not None and device.memory.prefix == prefix:
            return device, []
        device = device or _Device(source, _title(prefix), _model(source))
        self._by_prefix.drop(device.memory.prefix)
        device.memory.prefix, device.memory.id, device.told = prefix, source, False
        self._remember(device)
        outputs: list[Output] = []
        online = self._online.drop(prefix)
        if before is not None and not before.memory.id:
            self._devices.drop(before.native_id)
            self._devices.learn(device, before.points.values())
            outputs.append(Gone(before.native_id))
            if before.said:
                outputs.append(Said(source, before.said, before.said_at))
            online = before.online if before.online is not None else online
        if online is not None:
            outputs.append(Heard(source, online))
        return device, [*self._introduced(device), *outputs, self._question(prefix)]

    def _remember(self, device: _Device) -> _Device:
        self._by_prefix.put(device.memory.prefix, device.native_id)
        return self._devices.add(device)

    @staticmethod
    def _introduced(device: _Device) -> list[Output]:
        """Found, unless it was with all that is known of it."""
        if device.told:
            return []
        device.told = True
        device_class, points = classified(device.points)
        memory = msgspec.json.encode(device.memory)
        known = (device.native_id, device.title, device.model, points, device_class, device.silent_after_ms, memory)
        return [Found(*known)]


def _arguments(name: str, value: Value) -> dict[str, Any] | Rejected:
    known = setting(name)
    if known is None:
        return Rejected("wrong shape", f"{name!r} cannot be set; switch:0.output, light:0.brightness, smoke:0.mute can")
    method, number = known
    kinds = {MetricKind.BOOLEAN: bool, MetricKind.STRING: str, MetricKind.NUMBER: (int, float)}
    fits = isinstance(value, kinds[method.kind]) and isinstance(value, bool) == (method.kind is MetricKind.BOOLEAN)
    if not fits or (not method.argument and value is not True):
        expected = "true" if not method.argument else f"a {method.kind.value}"
        return Rejected("wrong shape", f"{value!r:.60} is no value of {name}; expected {expected}")
    if not method.argument:
        return {"id": number}
    return {"id": number, method.argument: int(value) if isinstance(value, float) and value.is_integer() else value}


def _failure(error: Any) -> str:
    if not isinstance(error, dict):
        return "the device answered with neither result nor error"
    message, code = error.get("message"), error.get("code")
    return f"{message if isinstance(message, str) else 'refused'} ({code})"[:200]


def _title(prefix: str) -> str:
    return prefix.rpartition("/")[2]


def _model(device_id: str) -> str:
    """`shellyplussmoke-80646fd09ed4` → shellyplussmoke."""
    return device_id.rpartition("-")[0]
