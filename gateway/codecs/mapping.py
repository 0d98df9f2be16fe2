"""Anything else that says values over MQTT: read as the options tell. Pure.

Each entry has a topic pattern with named levels (`plant/+name/+kind`), how the device is called (`{name}`), and where
in the payload (JSON, plain text, one line of separated values) each point's value stands. See `mapping_options` for
what may be said, `json_paths` for paths.

- A path that is not there says nothing; null says that the value counts no longer.
- A word that `words` does not know is no value: the point is unknown, and a dead letter says so.
- A message in which nothing of what was expected is found is a dead letter: the options, or the device, are wrong.
- Templates replace names and evaluate nothing. A value is put into JSON as JSON, so that it cannot change the rest.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct, field

from gateway.codecs.binary_fields import kind_of_words
from gateway.codecs.json_paths import (
    MISSING,
    Flat,
    Path,
    as_value,
    can_be_published_to,
    kind_of,
    look_up,
    parse_path,
    plain,
    read_json,
    read_topic,
    time_of,
    unix_time_of,
    unsayable,
)
from gateway.codecs.known import Device, Devices, kind_of_value, points_of
from gateway.codecs.mapping_options import OK, ONLINE, DeviceOptions, Options, PointOptions, TruthOptions
from gateway.codecs.native import PAYLOAD_BYTES_MAX, TEXT_CHARACTERS_MAX, VALUES_MAX
from gateway.codecs.port import Answered, Codec, Found, Happened, Heard, Output, Point, Publish, Said
from gateway.codecs.templates import TopicPattern, fill, fill_json
from gateway.codecs.transform import Transform, as_word, from_word
from rules.instant import SECOND_MS, Instant
from rules.reading import Rejected, Value
from rules.site import MetricKind

SEQ_MAX = 2**63 - 1


def make(options: Options) -> Codec:
    return Mapped(options)


class _Origin(Struct):
    """From where a point came that can be set: which entry, and the levels of its topic."""

    topic: str
    levels: dict[str, str]


class _Device(Device):
    device_class: str = ""
    origins: dict[str, _Origin] = field(default_factory=dict)
    told: bool = False  # whether it has been Found, with all that is known of it


class _Place(NamedTuple):
    """One point of an entry, its options made ready."""

    name: str  # a template
    path: Path
    transform: Transform
    options: PointOptions


class _Entry:
    """An entry, its options made ready."""

    def __init__(self, options: DeviceOptions) -> None:
        self.options = options
        self.pattern = TopicPattern(options.topic)
        self.places = [
            _Place(name, parse_path(point.path), point.transform, point) for name, point in options.points.items()
        ]


class Mapped:
    name = "mapping"

    def __init__(self, options: Options) -> None:
        self._entries = [_Entry(each) for each in options.devices]
        self._by_topic = {entry.pattern.text: entry for entry in self._entries}
        self._devices: Devices[_Device] = Devices()

    def topics(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(entry.pattern.filter for entry in self._entries))

    def restore(self, found: Iterable[Found]) -> None:
        for each in found:
            try:
                origins = msgspec.json.decode(each.memory, type=dict[str, _Origin])
            except (msgspec.MsgspecError, UnicodeDecodeError):
                continue  # not ours, or of a version that is no more: it will be found again when it speaks
            known = (each.native_id, each.title, each.model, points_of(each), each.silent_after_ms)
            self._devices.add(_Device(*known, each.device_class, origins, told=True))

    def decode(self, topic: bytes, payload: bytes, received_at: Instant, retained: bool = False) -> list[Output]:
        text = read_topic(topic)
        if isinstance(text, Rejected):
            return [text]
        matched = [(entry, levels) for entry in self._entries if (levels := entry.pattern.match(text)) is not None]
        if not matched:
            expected = ", ".join(self._by_topic)[:TEXT_CHARACTERS_MAX]
            return [Rejected("unknown topic", f"expected {expected}")]
        if not payload:
            return []  # a retained message was deleted
        return [output for entry, levels in matched for output in self._read(entry, levels, payload)]

    # What devices say

    def _read(self, entry: _Entry, levels: dict[str, str], payload: bytes) -> list[Output]:
        tree = _parse(entry.options, payload)
        if isinstance(tree, Rejected):
            return [tree]
        if entry.options.answer is not None:
            return _answer(entry.options, tree)
        native_id = fill(entry.options.id, levels)
        if len(native_id) > TEXT_CHARACTERS_MAX:
            return [Rejected("unknown topic", f"a name of {len(native_id)} characters; at most {TEXT_CHARACTERS_MAX}")]
        flat = Flat()
        places = {fill(place.name, levels): place for place in entry.places}
        for name, place in places.items():
            _take(name, place, tree, flat)
        said, problems = self._said(entry.options, native_id, tree, flat)
        problems += flat.rejected()
        if not said:
            nothing = Rejected("wrong shape", f"nothing of what is expected of {entry.pattern.text} is there")
            return [*(problems if problems else [nothing])]
        device = self._device(native_id, entry, levels)
        self._learn(device, entry, levels, {name: places[name] for name in flat.values if name in places}, flat)
        return [*self._introduced(device), *said, *problems]

    def _said(
        self, options: DeviceOptions, native_id: str, tree: Any, flat: Flat
    ) -> tuple[list[Output], list[Rejected]]:
        said: list[Output] = []
        problems: list[Rejected] = []
        if options.online is not None:
            online = _truth(options.online, ONLINE, tree)
            if isinstance(online, bool):
                said.append(Heard(native_id, online))
            elif isinstance(online, Rejected):
                problems.append(online)
        at = _time(options, tree)
        if isinstance(at, Rejected):
            problems.append(at)
        times = (None if isinstance(at, Rejected) else at, _seq(options, tree), _historical(options, tree))
        event = look_up(tree, parse_path(options.event)) if options.event is not None else MISSING
        if isinstance(event, str) and 0 < len(event) <= TEXT_CHARACTERS_MAX:
            told = {name: value for name, value in flat.values.items() if value is not None}
            said.append(Happened(native_id, event, told, *times))
        elif flat.values and options.event is None:
            said.append(Said(native_id, flat.values, *times))
        return said, problems

    # Commands

    def encode(self, native_id: str, points: Mapping[str, Value], command_id: str) -> list[Publish] | Rejected:
        """One message for each point, from its entry's template."""
        device = self._devices.get(native_id)
        if device is None:
            return Rejected("unknown device", f"{native_id!a:.80} has not been heard of")
        if (refused := unsayable(points)) is not None:
            return refused
        published = []
        for name, value in points.items():
            origin = device.origins.get(name)
            entry = self._by_topic.get(origin.topic) if origin is not None else None
            if origin is None or entry is None or entry.options.command is None:
                known = ", ".join(list(device.origins)[:8]) or "nothing"
                return Rejected("wrong shape", f"{name!r:.80} cannot be set; {known} can")
            place = next((place for place in entry.places if fill(place.name, origin.levels) == name), None)
            raw = place.transform.undo(value) if place is not None else None
            if raw is None:
                return Rejected("wrong shape", f"{value!r:.60} is no value of {name}")
            command, words = entry.options.command, {**origin.levels, "point": name, "id": command_id}
            topic = fill(command.topic, words)
            if not can_be_published_to(topic):
                return Rejected("wrong shape", f"{topic[:80]!r} is not a topic to publish to")
            text = command.payload
            body = (
                fill_json(text, words, raw) if command.format == "json" else fill(text, {**words, "value": plain(raw)})
            )
            published.append(Publish(topic, body.encode(), command.qos))
        return published

    # What is known

    def _device(self, native_id: str, entry: _Entry, levels: dict[str, str]) -> _Device:
        options = entry.options
        device = self._devices.get(native_id) or self._devices.add(_Device(native_id))
        described = (
            fill(options.title, levels)[:TEXT_CHARACTERS_MAX] or device.title or native_id,
            options.model or device.model,
            options.device_class or device.device_class,
            device.silent_after_ms if options.silent_after is None else options.silent_after,
        )
        if described != (device.title, device.model, device.device_class, device.silent_after_ms):
            device.title, device.model, device.device_class, device.silent_after_ms = described
            device.told = False
        return device

    def _learn(
        self, device: _Device, entry: _Entry, levels: dict[str, str], places: dict[str, _Place], flat: Flat
    ) -> None:
        points = [_point(name, places[name].options, flat.values[name]) for name in device.unknown(flat.values)]
        if self._devices.learn(device, points):
            device.told = False
        for name, place in places.items():
            if place.options.settable and name in device.points and name not in device.origins:
                device.origins[name] = _Origin(entry.pattern.text, levels)

    @staticmethod
    def _introduced(device: _Device) -> list[Output]:
        """Found, unless it was with all that is known of it."""
        if device.told:
            return []
        device.told = True
        points, memory = tuple(device.points.values()), msgspec.json.encode(device.origins)
        known = (device.native_id, device.title, device.model, points, device.device_class, device.silent_after_ms)
        return [Found(*known, memory)]


def _parse(options: DeviceOptions, payload: bytes) -> Any | Rejected:
    """JSON as it is; text as one value; a line as a list of values."""
    if options.format == "json":
        return read_json(payload)
    if len(payload) > PAYLOAD_BYTES_MAX:
        return Rejected("payload too large", f"{len(payload)} bytes; at most {PAYLOAD_BYTES_MAX}")
    try:
        text = payload.decode().strip()
    except UnicodeDecodeError as error:
        return Rejected("wrong shape", f"expected text: {error}")
    if options.format == "text":
        return from_word(text)
    lines = text.splitlines()
    if len(lines) != 1:
        return Rejected("wrong shape", f"{len(lines)} lines; expected one, of values between {options.separator!r}")
    try:
        return [from_word(part.strip()) for part in next(csv.reader(lines, delimiter=options.separator))[:VALUES_MAX]]
    except csv.Error as error:
        return Rejected("wrong shape", f"not a line of values: {error}")


def _take(name: str, place: _Place, tree: Any, into: Flat) -> None:
    leaf = look_up(tree, place.path)
    if leaf is MISSING:
        return
    value = as_value(leaf)
    if value is None and leaf is not None:
        into.refuse(f"{name}: {kind_of(leaf)} at {place.options.path!r} is no value")
        return
    result = None if value is None else place.transform.apply(value)
    if result is None and value is not None:
        into.refuse(f"{name}: {as_word(value)[:40]!r} is nothing that its transform knows")
    into.add(name, result)


def _truth(options: TruthOptions, words: dict[str, bool], tree: Any) -> bool | Rejected | None:
    """None: it is not there."""
    leaf = look_up(tree, parse_path(options.path))
    value = as_value(leaf)
    if leaf is MISSING:
        return None
    known = options.words or words
    word = "null" if value is None else as_word(value)
    expected = ", ".join(list(known)[:12])
    return known[word] if word in known else Rejected("wrong shape", f"{word[:40]!r}; expected one of {expected}")


def _time(options: DeviceOptions, tree: Any) -> Instant | Rejected | None:
    if options.time is None:
        return None
    leaf = look_up(tree, parse_path(options.time.path))
    if leaf is MISSING or leaf is None:
        return None
    if options.time.format == "rfc3339":
        at = time_of(leaf)
    else:
        number = from_word(leaf) if isinstance(leaf, str) else leaf
        at = unix_time_of(number, SECOND_MS if options.time.format == "unix" else 1)
    if at is None:
        return Rejected(
            "wrong shape", f"time {str(leaf)[:40]!r}: expected {options.time.format}, with a zone, since 2015"
        )
    return at


def _seq(options: DeviceOptions, tree: Any) -> int | None:
    leaf = None if options.seq is None else look_up(tree, parse_path(options.seq))
    if isinstance(leaf, float) and leaf.is_integer():
        leaf = int(leaf)
    return leaf if isinstance(leaf, int) and not isinstance(leaf, bool) and 0 <= leaf <= SEQ_MAX else None


def _historical(options: DeviceOptions, tree: Any) -> bool:
    """Words that nobody knows are no reason to hold an alarm back."""
    return options.historical is not None and _truth(options.historical, OK, tree) is True


def _answer(options: DeviceOptions, tree: Any) -> list[Output]:
    answer = options.answer
    assert answer is not None
    command = as_value(look_up(tree, parse_path(answer.id)))
    ok = _truth(answer.ok, OK, tree)
    if isinstance(ok, Rejected):
        return [ok]
    if command is None or command == "" or ok is None:
        return [Rejected("wrong shape", f"expected a command's id at {answer.id!r} and what became of it")]
    detail = look_up(tree, parse_path(answer.detail)) if answer.detail is not None else ""
    said = as_value(detail) if detail is not MISSING else ""
    return [Answered(plain(command), ok, "" if said is None else plain(said))]


def _point(name: str, options: PointOptions, value: Value | None) -> Point:
    kind = kind_of_words(dict(options.words)) or kind_of_value(value)
    if options.bit is not None and not options.words:
        kind = MetricKind.BOOLEAN
    return Point(name, kind, options.unit, settable=options.settable, metric=options.metric)
