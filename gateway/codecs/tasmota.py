"""Tasmota: plugs, relays, meters and contacts flashed with it. Pure.

Formats: Tasmota documentation, MQTT (https://tasmota.github.io/docs/MQTT/), JSON status responses
(https://tasmota.github.io/docs/JSON-Status-Responses/), Commands (https://tasmota.github.io/docs/Commands/).

- A device that announces itself under `tasmota/discovery/MAC` is known by its MAC, so that it stays the same when its
  topic is changed; one that does not (SetOption19 1) is known by its topic. What a device said before its announcement
  was read is said again under its MAC.
- `Time` counts only with a zone, or as `Epoch`; a clock that was never set (1970) is no time.
- Telemetry comes every 300 s by default: three periods without a word are silence. A device that answers what its
  TelePeriod is, is taken at its word.
- A device that sleeps (DeepSleep) signs off each time; that is not offline.
- A command is answered under stat/…/RESULT with the new state, but not with its id: the state is what confirms it.
- On coming online a device is asked for what it knows, because SENSOR is not retained: a contact that is open when the
  gateway starts would else be unknown for five minutes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from gateway.codecs import tasmota_discovery as discovery
from gateway.codecs.json_paths import (
    Flat,
    flatten,
    plain,
    read_json,
    read_object,
    read_topic,
    time_of,
    unix_time_of,
    unsayable,
)
from gateway.codecs.native import TEXT_CHARACTERS_MAX
from gateway.codecs.option_checks import not_empty
from gateway.codecs.port import Ask, Codec, Found, Gone, Happened, Heard, Output, Publish, Said
from gateway.codecs.tasmota_devices import Memory, TasmotaDevice, TasmotaDevices
from gateway.codecs.tasmota_points import BUTTON, MOMENTARY, ON_OFF, SETTABLE, STATE, point, two_words, values_of
from gateway.codecs.tasmota_topics import FULL_TOPIC_CHARACTERS_MAX, FullTopic, Place, name_of, topic_of
from rules.instant import SECOND_MS, Instant
from rules.reading import Rejected, Value

PERIODS_OF_SILENCE = 3  # ours: one report may be lost, and the next be late; an energy meter's class has the same
PERIOD_S_MAX = 3_600  # Tasmota's own limit of TelePeriod
QUESTION = b"Status 3; Status 10; Status 11"  # period; sensors; state (Commands, "Status" and "Backlog")
WORD_CHARACTERS_MAX = 40  # of a state, an action, a command's value

_MARGIN = re.compile(r"[A-Z]+_(LOW|HIGH)")  # tele/…/POWER_LOW ON: a threshold the user set

_Word = Annotated[str, StringConstraints(pattern=r"^[^/+#\s\x00]{1,40}$")]
_FullTopic = Annotated[str, StringConstraints(min_length=3, max_length=FULL_TOPIC_CHARACTERS_MAX)]


class Options(BaseModel):
    """How the devices are set up; the defaults are Tasmota's own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    full_topics: Annotated[tuple[_FullTopic, ...], AfterValidator(not_empty)] = Field(
        ("%prefix%/%topic%/",), max_length=16
    )
    command_prefix: _Word = "cmnd"
    status_prefix: _Word = "stat"
    telemetry_prefix: _Word = "tele"
    discovery: str = Field("tasmota/discovery", pattern=r"^[^+#\s\x00/][^+#\s\x00]{0,98}[^+#\s\x00/]$")
    identify_by: Literal["mac", "topic"] = "mac"
    telemetry_period_s: int = Field(300, ge=10, le=PERIOD_S_MAX)

    @model_validator(mode="after")
    def _check(self) -> Options:
        if self.status_prefix == self.telemetry_prefix:
            raise ValueError(f"status_prefix and telemetry_prefix are both {self.status_prefix!r}; they must differ")
        for text in self.full_topics:
            FullTopic(text, self.status_prefix, self.telemetry_prefix)
        return self


def make(options: Options) -> Codec:
    return Tasmota(options)


class Tasmota:
    name = "tasmota"

    def __init__(self, options: Options) -> None:
        self._options = options
        prefixes = (options.status_prefix, options.telemetry_prefix)
        self._full_topics = [FullTopic(text, *prefixes) for text in options.full_topics]
        silent_after_ms = PERIODS_OF_SILENCE * options.telemetry_period_s * SECOND_MS
        self._devices = TasmotaDevices(options.command_prefix, silent_after_ms)

    def topics(self) -> tuple[str, ...]:
        filters = [name for full_topic in self._full_topics for name in full_topic.filters]
        return (*dict.fromkeys(filters), f"{self._options.discovery}/+/+")

    def restore(self, found: Iterable[Found]) -> None:
        self._devices.restore(found)

    def decode(self, topic: bytes, payload: bytes, received_at: Instant, retained: bool = False) -> list[Output]:
        text = read_topic(topic)
        if isinstance(text, Rejected):
            return [text]
        if text.startswith(f"{self._options.discovery}/"):
            return self._announced(text.removeprefix(f"{self._options.discovery}/"), payload)
        for full_topic in self._full_topics:
            if (place := full_topic.match(text)) is not None:
                return self._message(place, payload, received_at)
        expected = ", ".join(self._options.full_topics)[:TEXT_CHARACTERS_MAX]
        return [Rejected("unknown topic", f"expected {expected} with stat or tele, or {self._options.discovery}/MAC/…")]

    # What devices say

    def _message(self, place: Place, payload: bytes, received_at: Instant) -> list[Output]:
        prefix, word = place.prefix, place.word
        if not payload:
            return []  # a retained message was deleted
        if word == "LWT":
            return self._will(place, payload)
        if not payload.lstrip().startswith(b"{"):
            return self._text(place, payload, received_at)
        tree = read_object(payload)
        if isinstance(tree, Rejected):
            return [tree]
        if prefix == "stat" and word.startswith("STATUS"):
            return self._status(place, tree, received_at)
        if prefix == "stat" or word == "RESULT":
            return self._result(place, tree, received_at)
        if word.startswith("INFO"):
            return []  # versions and addresses, once at a start
        return self._values(place, tree, received_at)

    def _will(self, place: Place, payload: bytes) -> list[Output]:
        known = self._devices.at(place.address)
        offline, online = known.memory.offline_online if known else discovery.OFFLINE_ONLINE
        said = payload.decode(errors="replace")
        if said not in (offline, online):
            return [Rejected("wrong shape", f"{said[:40]!r}; expected {online} or {offline}")]
        device = self._devices.at_or_new(place.address)
        outputs = self._devices.introduced(device)
        if said == online or not device.memory.sleeps:
            device.online = said == online
            outputs.append(Heard(device.native_id, device.online))
        return [*outputs, self._question(device)] if said == online else outputs

    def _question(self, device: TasmotaDevice) -> Ask:
        topic = topic_of(device.memory.address, device.memory.command, "Backlog")
        return Ask(Publish(topic, QUESTION), "sensors and state are not retained: asked for when a device comes online")

    def _text(self, place: Place, payload: bytes, received_at: Instant) -> list[Output]:
        """Plain text: a relay's state, a threshold; else nothing that concerns us (stat/…/LOGGING)."""
        if place.prefix == "tele" and place.word in ("SENSOR", "STATE"):
            tree = read_json(payload)
            return [tree if isinstance(tree, Rejected) else Rejected("wrong shape", "expected an object")]
        pattern = ON_OFF if place.prefix == "stat" else _MARGIN
        if pattern.fullmatch(place.word) is None:
            return []
        said = payload[: 4 * WORD_CHARACTERS_MAX].decode(errors="replace")
        if len(said) > WORD_CHARACTERS_MAX or not said.isprintable():
            return [Rejected("wrong shape", f"{said[:WORD_CHARACTERS_MAX]!r}; expected a word such as ON")]
        return self._say(place, Flat({place.word: said}), None, received_at)

    def _values(self, place: Place, tree: dict[str, Any], received_at: Instant) -> list[Output]:
        values = Flat()
        values_of(tree, values)
        if tree.get("TempUnit") in ("C", "F"):
            self._devices.learn_scale(self._devices.at_or_new(place.address), tree["TempUnit"] == "F")
        return self._say(place, values, _time(tree), received_at)

    def _status(self, place: Place, tree: dict[str, Any], received_at: Instant) -> list[Output]:
        """Answers to `Status n`: of those, sensors, state and the period."""
        outputs: list[Output] = []
        for name, part in tree.items():
            if name in ("StatusSNS", "StatusSTS") and isinstance(part, dict):
                outputs += self._values(place, part, received_at)
            elif name == "StatusLOG" and isinstance(part, dict):
                outputs += self._period(place, part)
        return outputs

    def _result(self, place: Place, tree: dict[str, Any], received_at: Instant) -> list[Output]:
        """What became of a command, a switch, a button. Of answers about the configuration only the period concerns
        us."""
        if tree.get("Command") in ("Unknown", "Error"):
            why = f"{name_of(place.address)} did not understand a command: {tree['Command']}"
            return [Rejected("wrong shape", why[:TEXT_CHARACTERS_MAX])]
        outputs = self._period(place, tree)
        device = self._devices.at(place.address)
        points = device.points if device else {}
        off_on = device.memory.off_on if device else discovery.OFF_ON
        values, other = Flat(), Flat()
        for name, part in tree.items():
            action = part.get("Action") if isinstance(part, dict) else None
            if isinstance(action, str) and action in off_on and (ON_OFF.fullmatch(name) or name in points):
                values.add(name, action)
            elif name in MOMENTARY or BUTTON.fullmatch(name) or (action is not None and name in points):
                outputs += self._happened(place, name, part, action)
            else:
                flatten({name: part}, other)
        for name, value in other.values.items():
            if STATE.fullmatch(name) or name in points:
                values.add(name, value)
        said = self._say(place, values, _time(tree), received_at) if values.values else []
        return [*outputs, *said]

    def _happened(self, place: Place, name: str, part: Any, action: Any) -> list[Output]:
        """`Button1.SINGLE`: which button is part of the word, so that each can be an event of its own."""
        device = self._devices.at_or_new(place.address)
        known = isinstance(action, str) and len(action) <= WORD_CHARACTERS_MAX
        attributes = Flat()
        flatten(part, attributes, "" if isinstance(part, dict) else name)
        told = {key: value for key, value in attributes.values.items() if value is not None}
        word = f"{name}.{action}" if known else name
        return [*self._devices.introduced(device), Happened(device.native_id, word, told), *attributes.rejected()]

    def _period(self, place: Place, tree: dict[str, Any]) -> list[Output]:
        period_s = tree.get("TelePeriod")
        if isinstance(period_s, bool) or not isinstance(period_s, int) or not 0 <= period_s <= PERIOD_S_MAX:
            return []
        device = self._devices.at_or_new(place.address)
        # 0: it was told to send no telemetry, so its silence means nothing
        silent = PERIODS_OF_SILENCE * period_s * SECOND_MS if period_s and not device.memory.sleeps else None
        device.told = device.told and silent == device.silent_after_ms
        device.silent_after_ms = silent
        return self._devices.introduced(device)

    def _say(self, place: Place, flat: Flat, at: Instant | None, received_at: Instant) -> list[Output]:
        device = self._devices.at_or_new(place.address)
        self._devices.learn(device, flat)
        outputs = self._devices.introduced(device)
        if flat.values:
            outputs.append(Said(device.native_id, flat.values, at))
            if not device.memory.mac:
                device.said.update({name: value for name, value in flat.values.items() if name in device.points})
                device.said_at = received_at if at is None else at
        return [*outputs, *flat.rejected()]

    # What devices announce

    def _announced(self, rest: str, payload: bytes) -> list[Output]:
        mac, _, kind = rest.partition("/")
        if not discovery.MAC.fullmatch(mac) or kind not in ("config", "sensors"):
            return [Rejected("unknown topic", f"{rest[:80]!r}; expected twelve hexadecimal digits, then config")]
        known = self._devices.of_mac(mac)
        if not payload:  # SetOption19 1, or a device taken away
            if known is None or kind == "sensors":
                return []
            known.told = False
            return [Gone(known.native_id)]
        tree = read_object(payload)
        if isinstance(tree, Rejected):
            return [tree]
        return self._config(mac, tree) if kind == "config" else self._sensors(known, tree)

    def _config(self, mac: str, tree: dict[str, Any]) -> list[Output]:
        read = discovery.read(tree, mac)
        if isinstance(read, Rejected):
            return [read]
        native_id = mac if self._options.identify_by == "mac" else name_of(read.address)
        before = self._devices.at(read.address)
        memory = Memory(read.address, read.prefixes[0], mac, read.off_on, read.offline_online, read.sleeps)
        device = self._devices.get(native_id) or self._devices.new(native_id, memory)
        self._devices.move(device, read.address)
        memory.fahrenheit = device.memory.fahrenheit
        self._devices.learn_words(device, read.off_on)
        device.title, device.model, device.memory = read.title, read.model, memory
        if read.sleeps:
            device.silent_after_ms = None
        self._devices.remember(device)
        points = [two_words(name, read.off_on) for name in (*read.relays, *read.switches)]
        points += [point(name, None, read.off_on, False) for name in read.shutters]
        self._devices.learn_points(device, points)
        again: list[Output] = []
        if before is not None and before.native_id != native_id and not before.memory.mac:
            again = self._said_again(before, device)
        device.told = False  # announced again, the newer one counts
        return [*self._devices.introduced(device), *again, *self._unheard(device, read.prefixes[2])]

    def _said_again(self, before: TasmotaDevice, device: TasmotaDevice) -> list[Output]:
        """What a device said under its topic before it was known whose topic it is."""
        self._devices.drop(before)
        self._devices.learn_points(device, before.points.values())
        device.memory.fahrenheit = before.memory.fahrenheit
        outputs: list[Output] = [Gone(before.native_id)]
        if before.online is not None:
            outputs.append(Heard(device.native_id, before.online))
        if before.said:
            outputs.append(Said(device.native_id, before.said, before.said_at))
        return outputs

    def _unheard(self, device: TasmotaDevice, prefix: str) -> list[Output]:
        """A device that publishes where nobody subscribes would only ever be silent: say so."""
        topic = topic_of(device.memory.address, prefix, "SENSOR")
        places = [place for each in self._full_topics if (place := each.match(topic)) is not None]
        if any(place.address == device.memory.address and place.prefix == "tele" for place in places):
            return []
        return [Rejected("unknown topic", f"{device.native_id} publishes under {topic!r}, which no full_topics covers")]

    def _sensors(self, device: TasmotaDevice | None, tree: dict[str, Any]) -> list[Output]:
        """A sample of its SENSOR message: names and kinds of points, but of no moment."""
        sensors = tree.get("sn")
        if not isinstance(sensors, dict):
            return [Rejected("wrong shape", 'expected {"sn": {…}}')]
        if device is None:
            return []  # its config is still to come, and SENSOR then tells the same
        flat = Flat()
        values_of(sensors, flat)
        self._devices.learn_scale(device, sensors.get("TempUnit") == "F")
        self._devices.learn(device, flat)
        return [*self._devices.introduced(device), *flat.rejected()]

    # Commands

    def encode(self, native_id: str, points: Mapping[str, Value], command_id: str) -> list[Publish] | Rejected:
        """`cmnd/NAME/POWER1 ON`. An empty payload would be a question, and a retained one would switch again at each
        start of the device: neither is ever sent."""
        device = self._devices.get(native_id)
        if device is None:
            return Rejected("unknown device", f"{native_id!a:.80} has not been heard of")
        if (refused := unsayable(points)) is not None:
            return refused
        published = []
        for name, value in points.items():
            known = SETTABLE.fullmatch(name)
            text = ("ON" if value else "OFF") if isinstance(value, bool) else plain(value)
            if known is None:
                return Rejected("wrong shape", f"{name!r} cannot be set; POWER, Dimmer, Channel, Shutter1.Position can")
            if not text or len(text) > WORD_CHARACTERS_MAX or not text.isprintable() or ";" in text:
                return Rejected("wrong shape", f"{text[:40]!r} is no value of {name}")
            word = f"ShutterPosition{known[1]}" if known[1] else name
            published.append(Publish(topic_of(device.memory.address, device.memory.command, word), text.encode()))
        return published


def _time(tree: dict[str, Any]) -> Instant | None:
    """`Epoch` is UTC; `Time` only says when with a zone. The command `Time` chooses which of them, and milliseconds."""
    epoch = tree.get("Epoch", tree.get("Time"))
    if isinstance(epoch, (int, float)) and not isinstance(epoch, bool):
        return unix_time_of(epoch, 1 if epoch > 1e11 else SECOND_MS)
    return time_of(tree.get("Time"))
