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

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from gateway.codecs.json_paths import Flat, flatten, read_object, read_topic, unix_time_of, unsayable
from gateway.codecs.known import DEVICES_MAX, Recent
from gateway.codecs.option_checks import not_empty
from gateway.codecs.port import Codec, Found, Gone, Happened, Heard, Output, Publish, Said
from gateway.codecs.shelly_commands import Requests
from gateway.codecs.shelly_devices import ID, ShellyDevice, ShellyDevices
from gateway.codecs.shelly_points import ERRORS, components, values_of
from rules.instant import MINUTE_MS, SECOND_MS, Instant
from rules.reading import Rejected, Value

WAKING_PERIODS_OF_SILENCE = 1.2  # ours: a fifth late is late; a lost report of a smoke detector is to be seen
WAKING_SLACK_MS = MINUTE_MS  # ours: joining the network anew takes some seconds
WAKING_PERIOD_S_MAX = 31 * 24 * 3_600
EVENTS_MAX = 16  # in one frame; a button makes one

_Pattern = Annotated[str, StringConstraints(pattern=r"^(\+|[^/+#\s\x00]+)(/(\+|[^/+#\s\x00]+)){0,7}$", max_length=200)]
_Source = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,40}$")]


class Options(BaseModel):
    """`prefixes`: where devices publish, `+` for a level that differs; a device's own default is its id. `source`: our
    name, under which they answer; another gateway on the same broker needs another."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prefixes: Annotated[tuple[_Pattern, ...], AfterValidator(not_empty)] = Field(("+",), max_length=16)
    source: _Source = "tocsin-shelly"


def make(options: Options) -> Codec:
    return Shelly(options)


class Shelly:
    name = "shelly"

    def __init__(self, options: Options) -> None:
        self._options = options
        self._prefixes = {_pattern(prefix): prefix.strip("+/") != "" for prefix in options.prefixes}
        self._answers = f"{options.source}/rpc"
        self._devices = ShellyDevices()
        self._requests = Requests(options.source)
        self._online: Recent[str, bool] = Recent(DEVICES_MAX)  # of prefixes under which nobody spoke yet

    def topics(self) -> tuple[str, ...]:
        ends = ("events/rpc", "online", "status/+")
        return (*(f"{prefix}/{end}" for prefix in self._options.prefixes for end in ends), self._answers)

    def restore(self, found: Iterable[Found]) -> None:
        for device in self._devices.restore(found):
            self._requests.expect(device.memory.prefix)

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

    def _is_surely_ours(self, prefix: str) -> bool:
        """Whether nobody else would publish there: it ends with a device's id, or the options say more than `+`."""
        named = any(says and pattern.fullmatch(prefix) for pattern, says in self._prefixes.items())
        return named or ID.fullmatch(prefix.rpartition("/")[2]) is not None

    # What devices say

    def _will(self, prefix: str, payload: bytes, received_at: Instant) -> list[Output]:
        if not payload:
            return []  # a retained message was deleted
        online = {b"true": True, b"false": False}.get(payload)
        if online is None:
            return [Rejected("wrong shape", f"{payload[:40]!r}; expected true or false")]
        if self._devices.at(prefix) is None and not self._is_surely_ours(prefix):
            self._online.put(prefix, online)  # anybody's topic may end so: kept until a Shelly speaks there
            return []
        device = self._devices.at_or_new(prefix)
        outputs = self._devices.introduced(device)
        if online or not device.memory.sleeps:
            device.online = online
            outputs.append(Heard(device.native_id, online))
        return [*outputs, self._requests.question(prefix)] if online else outputs

    def _notification(self, prefix: str, payload: bytes, received_at: Instant) -> list[Output]:
        frame = read_object(payload)
        if isinstance(frame, Rejected):
            return [frame]
        source, params, method = frame.get("src"), frame.get("params"), frame.get("method")
        if not isinstance(source, str) or not ID.fullmatch(source) or not isinstance(params, dict):
            return [Rejected("wrong shape", "expected src, the device's id, and params, an object")]
        device, again = self._speaks(prefix, source)
        if method == "NotifyEvent":
            said = self._events(device, params)
        elif method in ("NotifyStatus", "NotifyFullStatus"):
            said = self._status(device, params, received_at, full=method == "NotifyFullStatus")
        else:
            said = [Rejected("wrong shape", f"method {str(method)[:40]!r}; expected NotifyStatus or NotifyEvent")]
        return [*self._devices.introduced(device), *again, *said]

    def _status(
        self, device: ShellyDevice, params: dict[str, Any], received_at: Instant | None, full: bool
    ) -> list[Output]:
        values = Flat()
        for component, part in components(params).items():
            if isinstance(part, dict):
                self._overlay(device, component, part, values, full)
            elif part is None:
                self._vanished(device, component, values)
            else:
                values.refuse(f"{component}: expected an object")
        self._wakes(device, params.get("sys"))
        device.told = device.told and (device.memory.whole or not full)
        device.memory.whole = device.memory.whole or full
        return self._say(device, values, unix_time_of(params.get("ts")), received_at)

    def _component(self, prefix: str, component: str, payload: bytes, received_at: Instant) -> list[Output]:
        if not payload or not components({component: None}):
            return []  # deleted, or sys, wifi, mqtt…
        part = read_object(payload)
        if isinstance(part, Rejected):
            return [part]
        device = self._devices.at_or_new(prefix)
        values = Flat()
        self._overlay(device, component, part, values, full=True)
        said = self._say(device, values, None, received_at)
        return [*self._devices.introduced(device), *said]

    def _overlay(self, device: ShellyDevice, component: str, part: dict[str, Any], into: Flat, full: bool) -> None:
        flat = Flat()
        values_of(component, part, flat)
        into.refused.extend(flat.refused)
        for name, value in flat.values.items():
            if value is None:
                self._vanished(device, name, into)
            else:
                into.add(name, value)
        for name in device.below(component) if full else ():
            if name not in flat.values and not any(name.startswith(f"{other}.") for other in flat.values):
                into.add(name, False if name.rpartition(".")[2] in ERRORS else None)

    @staticmethod
    def _vanished(device: ShellyDevice, name: str, into: Flat) -> None:
        """Everything that is known below; the name itself where nothing is."""
        below = device.below(name)
        for each in below if below and name not in device.points else [name, *below]:
            into.add(each, None)

    def _wakes(self, device: ShellyDevice, system: Any) -> None:
        period_s = system.get("wakeup_period") if isinstance(system, dict) else None
        if isinstance(period_s, bool) or not isinstance(period_s, (int, float)) or period_s <= 0:
            return
        if period_s <= WAKING_PERIOD_S_MAX:
            silent_after_ms = round(period_s * SECOND_MS * WAKING_PERIODS_OF_SILENCE) + WAKING_SLACK_MS
            device.told = device.told and device.memory.sleeps and silent_after_ms == device.silent_after_ms
            device.memory.sleeps, device.silent_after_ms = True, silent_after_ms

    def _say(self, device: ShellyDevice, flat: Flat, at: Instant | None, received_at: Instant | None) -> list[Output]:
        self._devices.learn(device, flat)
        outputs: list[Output] = []
        if flat.values:
            outputs.append(Said(device.native_id, flat.values, at))
            if not device.memory.id:
                device.said.update({name: value for name, value in flat.values.items() if name in device.points})
                device.said_at = at or received_at or 0
        return [*outputs, *flat.rejected()]

    @staticmethod
    def _events(device: ShellyDevice, params: dict[str, Any]) -> list[Output]:
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
            return Rejected("unknown device", f"{native_id!a:.80} has not been heard of")
        if (refused := unsayable(points)) is not None:
            return refused
        return self._requests.commands(device.memory.prefix, points, command_id)

    def _answer(self, payload: bytes) -> list[Output]:
        frame = read_object(payload)
        if isinstance(frame, Rejected):
            return [frame]
        source, number = frame.get("src"), frame.get("id")
        if isinstance(number, bool) or not isinstance(number, int) or not isinstance(source, str):
            return [Rejected("wrong shape", "expected src, the device's id, and id, a request's number")]
        prefix = self._requests.asked(number)
        return self._requests.answered(number, frame) if prefix is None else self._told(prefix, source, frame)

    def _told(self, prefix: str, source: str, frame: dict[str, Any]) -> list[Output]:
        """The answer to our question: all of a device's status."""
        result = frame.get("result")
        if not isinstance(result, dict) or not ID.fullmatch(source):
            return [Rejected("wrong shape", f"{source[:60]}: its status was asked for; expected result, an object")]
        device, again = self._speaks(prefix, source)
        system = result.get("sys")
        at = system.get("unixtime") if isinstance(system, dict) else None
        said = self._status(device, {**result, "ts": at}, None, full=True)
        return [*self._devices.introduced(device), *again, *said]

    # Who speaks

    def _speaks(self, prefix: str, source: str) -> tuple[ShellyDevice, list[Output]]:
        """The device with this id, and what was said under its prefix while nobody knew that it is it."""
        before, device = self._devices.at(prefix), self._devices.get(source)
        if device is not None and before is device:
            return device, []
        if device is None:
            device = self._devices.remember(self._devices.new(source, prefix))
        else:
            self._devices.move(device, prefix)
        online = self._online.drop(prefix)
        outputs: list[Output] = []
        if before is not None and not before.memory.id:
            self._devices.merge(before, device)
            outputs.append(Gone(before.native_id))
            if before.said:
                outputs.append(Said(source, before.said, before.said_at))
            online = before.online if before.online is not None else online
        if online is not None:
            device.online = online
            outputs.append(Heard(source, online))
        return device, [*outputs, self._requests.question(prefix)]


def _pattern(prefix: str) -> re.Pattern[str]:
    return re.compile("/".join("[^/]+" if level == "+" else re.escape(level) for level in prefix.split("/")))
