"""ChirpStack v4: LoRaWAN devices behind a network server. Pure.

Formats: ChirpStack documentation, event types (https://www.chirpstack.io/docs/chirpstack/integrations/events.html) and
MQTT integration (https://www.chirpstack.io/docs/chirpstack/integrations/mqtt.html); the messages are JSON of the
Protocol Buffers in https://github.com/chirpstack/chirpstack, `api/proto/integration/integration.proto`.

- That JSON leaves out what has its default: no `acknowledged` is a refusal, no `fCnt` is the first frame, no
  `batteryLevel` is an empty battery unless the message says that it is unknown.
- `time` has nanoseconds. Which message is which is known by it and by the frame counter: one uplink that comes twice,
  as `deduplicationId` shows, has both again, and ingest takes the second for a replay.
- The frame counter begins anew when a device joins; counted on per join it rises over joins too.
- Values are `object`, which is only there if the device profile has a codec. Without one, `payloads` in the options
  says where in the bytes the numbers lie; without that too, an uplink is a dead letter that says so.
- Events are QoS 0 by default (`[integration.mqtt] qos` in the server's settings): what is lost shows as a gap in the
  counter, which is no fault. Nothing here relies on a message's coming.
- A downlink has an id made of the command's, under which `ack`, `txack` and `log` answer.
- Devices never say that they go: how long one may be silent is the tag `silent_after`, else the option.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as NoBase64
from collections.abc import Iterable, Mapping
from typing import Annotated, Any
from uuid import UUID, uuid5

import msgspec
from msgspec import Struct, field
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from gateway.codecs.binary_fields import LORAWAN_BYTES_MAX, NAME_CHARACTERS_MAX, BinaryField, Name, Word
from gateway.codecs.json_paths import Flat, as_value, flatten, read_object, read_topic, time_of, unsayable
from gateway.codecs.known import POINTS_MAX, Device, Devices, kind_of_value, points_of
from gateway.codecs.native import TEXT_CHARACTERS_MAX
from gateway.codecs.option_checks import SilenceMs, parse_silence_ms
from gateway.codecs.pending import Pending
from gateway.codecs.port import Codec, Found, Happened, Output, Point, Publish, Said
from gateway.codecs.transform import as_word, is_text
from rules.instant import Instant
from rules.reading import Rejected, Value
from rules.site import MetricKind

QUEUE_ITEMS = UUID("6f0b1a0e-6a54-4d2b-9d0b-0c7f3f6f2a31")  # ours: ids of downlinks are made in this namespace
TITLE_CHARACTERS_MAX = 100  # ChirpStack's own limit of names
FRAMES_MAX = 1 << 32  # of a frame counter
JOINS_MAX = 1 << 30  # so that a sequence number fits into 63 bits
GATEWAYS_MAX = 32  # of those that heard an uplink
UNITS = {"rxInfo.rssi": "dBm", "rxInfo.snr": "dB", "margin": "dB", "batteryLevel": "%"}

_EUI = re.compile(r"[0-9a-f]{16}")
_TOPIC = re.compile(r"application/([^/]+)/device/([^/]+)/event/([^/]+)")

_Application = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{1,64}$")]
_Profile = Annotated[str, StringConstraints(max_length=TITLE_CHARACTERS_MAX)]
_Hex = Annotated[str, StringConstraints(pattern=r"^([0-9a-fA-F]{2}){1,242}$")]


class Payload(BaseModel):
    """Where the numbers lie in the bytes of an uplink. Empty `profile`, no `f_port`: of any."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    profile: _Profile = ""  # deviceProfileName
    f_port: int | None = Field(None, ge=1, le=255)
    points: dict[Name, BinaryField] = Field(min_length=1, max_length=POINTS_MAX)


class Downlink(BaseModel):
    """The bytes that set a point to a value, in hexadecimal, by the value as JSON writes it: `"true": "0301"`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    profile: _Profile = ""
    point: Name
    bytes: dict[Word, _Hex] = Field(min_length=1, max_length=64)


class Options(BaseModel):
    """`applications`: the ids of those to listen to; none: all. `f_port` and `confirmed`: how downlinks are sent. A
    point that no `downlinks` names is sent as an object, for the codec of the device profile to encode."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    applications: tuple[_Application, ...] = Field((), max_length=64)
    silent_after: SilenceMs | None = None
    silence_tag: str = Field("silent_after", min_length=1, max_length=NAME_CHARACTERS_MAX)
    payloads: tuple[Payload, ...] = Field((), max_length=64)
    downlinks: tuple[Downlink, ...] = Field((), max_length=256)
    f_port: int = Field(10, ge=1, le=223)
    confirmed: bool = True


def make(options: Options) -> Codec:
    return ChirpStack(options)


class _Memory(Struct, omit_defaults=True):
    """What is stored with a device."""

    application: str
    profile: str = ""
    joins: int = 0
    tag: str = ""  # what it says about silence
    silent_after_ms: int | None = None  # what the options said


class _Device(Device):
    memory: _Memory = field(default_factory=lambda: _Memory(""))
    told: bool = False  # whether it has been Found, with all that is known of it


class ChirpStack:
    name = "chirpstack"

    def __init__(self, options: Options) -> None:
        self._options = options
        self._devices: Devices[_Device] = Devices()
        self._pending: Pending[str] = Pending()

    def topics(self) -> tuple[str, ...]:
        applications = self._options.applications or ("+",)
        return tuple(f"application/{application}/device/+/event/+" for application in applications)

    def restore(self, found: Iterable[Found]) -> None:
        for each in found:
            try:
                memory = msgspec.json.decode(each.memory, type=_Memory)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                continue  # not ours, or of a version that is no more: its next event tells the same
            known = (each.native_id, each.title, each.model, points_of(each), each.silent_after_ms)
            self._devices.add(_Device(*known, memory, told=True))

    def decode(self, topic: bytes, payload: bytes, received_at: Instant, retained: bool = False) -> list[Output]:
        text = read_topic(topic)
        if isinstance(text, Rejected):
            return [text]
        match = _TOPIC.fullmatch(text)
        allowed = self._options.applications
        if match is None or (allowed and match[1] not in allowed) or not _EUI.fullmatch(match[2].lower()):
            expected = "application/APPLICATION/device/EUI/event/EVENT, an EUI being 16 hexadecimal digits"
            return [Rejected("unknown topic", f"expected {expected}")]
        if not payload:
            return []  # a retained message was deleted
        tree = read_object(payload)
        if isinstance(tree, Rejected):
            return [tree]
        read = _READERS.get(match[3])
        if read is None:
            return []  # location, integration: nothing that concerns us
        information = tree.get("deviceInfo")
        said_eui = information.get("devEui") if isinstance(information, dict) else None
        if not isinstance(information, dict) or str(said_eui).lower() != match[2].lower():
            return [Rejected("wrong shape", f"deviceInfo.devEui: {str(said_eui)[:40]!r}; expected {match[2]}")]
        device, outputs = self._device(match[2].lower(), match[1], information)
        return [*outputs, *read(self, device, tree)]

    # What devices say

    def _uplink(self, device: _Device, tree: dict[str, Any]) -> list[Output]:
        """One that nothing decodes is no sign of life: a device whose alarms nobody can read is as good as silent."""
        values, fields = Flat(), dict[str, BinaryField]()
        _link(tree.get("rxInfo"), values)
        if isinstance(tree.get("object"), dict):
            flatten(tree["object"], values)
        elif tree.get("data"):
            payload = _bytes(tree["data"])
            layout = self._layout(device, tree.get("fPort"))
            if payload is None or layout is None:
                return [*self._introduced(device), self._undecoded(device, tree, payload)]
            fields = layout.points
            for name, place in fields.items():
                values.add(name, place.read(payload))
        at = time_of(tree.get("time"))
        return self._say(device, values, at, _sequence(device, tree.get("fCnt"), at), fields)

    def _say(
        self, device: _Device, flat: Flat, at: Instant | None, seq: int | None, fields: Mapping[str, BinaryField]
    ) -> list[Output]:
        unknown = device.unknown(flat.values)
        points = [fields[name].point(name) if name in fields else _point(name, flat.values[name]) for name in unknown]
        if self._devices.learn(device, points):
            device.told = False
        return [*self._introduced(device), Said(device.native_id, flat.values, at, seq), *flat.rejected()]

    def _layout(self, device: _Device, f_port: Any) -> Payload | None:
        fits = (
            each
            for each in self._options.payloads
            if each.profile in ("", device.memory.profile) and each.f_port in (None, f_port)
        )
        return next(fits, None)

    @staticmethod
    def _undecoded(device: _Device, tree: dict[str, Any], payload: bytes | None) -> Rejected:
        if payload is None:
            return Rejected("wrong shape", f"data: expected base64 of at most {LORAWAN_BYTES_MAX} bytes")
        profile, port = device.memory.profile, tree.get("fPort", 0)
        return Rejected(
            "wrong shape",
            f"no object: {len(payload)} bytes on fPort {str(port)[:10]} that nothing decodes; give the device profile "
            f"{profile!r} a codec, or say under payloads where the numbers lie",
        )

    def _status(self, device: _Device, tree: dict[str, Any]) -> list[Output]:
        """Margin of the radio in dB; battery in percent, None where the device cannot say."""
        outside = tree.get("externalPowerSource") is True
        values = Flat()
        values.add("margin", tree.get("margin", 0))
        values.add("externalPowerSource", outside)
        unknown = outside or tree.get("batteryLevelUnavailable") is True
        values.add("batteryLevel", None if unknown else tree.get("batteryLevel", 0))
        return self._say(device, values, time_of(tree.get("time")), None, {})

    def _join(self, device: _Device, tree: dict[str, Any]) -> list[Output]:
        device.memory.joins = (device.memory.joins + 1) % JOINS_MAX
        device.told = False  # to be stored: the counter goes on from here
        address = as_value(tree.get("devAddr"))
        attributes: dict[str, Value] = {} if address is None else {"devAddr": address}
        return [*self._introduced(device), Happened(device.native_id, "join", attributes, time_of(tree.get("time")))]

    # Commands and answers

    def encode(self, native_id: str, points: Mapping[str, Value], command_id: str) -> list[Publish] | Rejected:
        """One downlink for all points that a codec encodes, one for each whose bytes the options give."""
        device = self._devices.get(native_id)
        if device is None:
            return Rejected("unknown device", f"{native_id!a:.80} has not been heard of")
        if (refused := unsayable(points)) is not None:
            return refused
        parts: list[dict[str, Any]] = []
        decoded: dict[str, Any] = {}
        for name, value in points.items():
            if not is_text(value):
                return Rejected("wrong shape", f"{value!r:.40} is no text that can be sent")
            downlink = self._downlink(device, name)
            if downlink is None and not _nest(decoded, name, value):
                return Rejected("wrong shape", f"{name!r:.80} is part of another point that is set as well")
            if downlink is None:
                continue
            if (bytes_ := downlink.bytes.get(as_word(value))) is None:
                known = ", ".join(list(downlink.bytes)[:8])
                return Rejected("wrong shape", f"{as_word(value)[:40]!r} is no value of {name}; expected {known}")
            parts.append({"data": b64encode(bytes.fromhex(bytes_)).decode()})
        if decoded:
            parts.append({"object": decoded})
        topic = f"application/{device.memory.application}/device/{native_id}/command/down"
        ids = [str(uuid5(QUEUE_ITEMS, f"{command_id}/{number}")) for number in range(len(parts))]
        self._pending.add(command_id, ids)
        frame = {"devEui": native_id, "confirmed": self._options.confirmed, "fPort": self._options.f_port}
        return [
            Publish(topic, msgspec.json.encode({"id": id_, **frame, **part}))
            for id_, part in zip(ids, parts, strict=True)
        ]

    def _downlink(self, device: _Device, name: str) -> Downlink | None:
        profiles = ("", device.memory.profile)
        return next((each for each in self._options.downlinks if each.point == name and each.profile in profiles), None)

    def _acknowledged(self, device: _Device, tree: dict[str, Any]) -> list[Output]:
        ok = tree.get("acknowledged") is True
        return self._pending.answered(_item(tree), ok, "" if ok else "the device did not acknowledge the downlink")

    def _transmitted(self, device: _Device, tree: dict[str, Any]) -> list[Output]:
        """The end of an unconfirmed downlink; a confirmed one waits for the device."""
        if self._options.confirmed:
            return []
        return self._pending.answered(_item(tree), True, "sent by a LoRaWAN gateway; the device was not asked for more")

    def _logged(self, device: _Device, tree: dict[str, Any]) -> list[Output]:
        code, said = str(tree.get("code", ""))[:40], str(tree.get("description", ""))[:200]
        context = tree.get("context")
        if isinstance(context, dict) and tree.get("level") == "ERROR" and _item(context) in self._pending:
            return self._pending.answered(_item(context), False, f"{code}: {said}")
        if code == "UPLINK_CODEC":
            return [Rejected("wrong shape", f"the codec of the device profile failed: {said}")]
        return []

    # What is known

    def _device(self, eui: str, application: str, information: dict[str, Any]) -> tuple[_Device, list[Output]]:
        """The device, as this event describes it: its name may have changed, or its silence limit."""
        title, profile = _text(information.get("deviceName")), _text(information.get("deviceProfileName"))
        tags = information.get("tags")
        tag = _text(tags.get(self._options.silence_tag)) if isinstance(tags, dict) else ""
        device = self._devices.get(eui)
        if device is None:
            device = self._devices.add(_Device(eui, silent_after_ms=self._options.silent_after))
        memory = _Memory(application, profile, device.memory.joins, tag, self._options.silent_after)
        if (device.title, device.model, device.memory) == (title, profile, memory):
            return device, []
        outputs: list[Output] = []
        silent_after_ms = self._options.silent_after
        try:
            silent_after_ms = parse_silence_ms(tag) if tag else silent_after_ms
        except ValueError as error:
            outputs.append(Rejected("wrong shape", f"tag {self._options.silence_tag}: {error}"[:TEXT_CHARACTERS_MAX]))
        before = (device.title, device.model, device.memory, device.silent_after_ms)
        device.told = device.told and before == (title, profile, memory, silent_after_ms)
        device.title, device.model, device.memory = title, profile, memory
        device.silent_after_ms = silent_after_ms
        downlinks = [each for each in self._options.downlinks if each.profile in ("", profile)]
        self._devices.learn(device, [Point(each.point, settable=True) for each in downlinks])
        return device, outputs

    @staticmethod
    def _introduced(device: _Device) -> list[Output]:
        """Found, unless it was with all that is known of it."""
        if device.told:
            return []
        device.told = True
        points, memory = tuple(device.points.values()), msgspec.json.encode(device.memory)
        known = (device.native_id, device.title, device.model, points, "", device.silent_after_ms, memory)
        return [Found(*known)]


_READERS = {
    "up": ChirpStack._uplink,
    "status": ChirpStack._status,
    "join": ChirpStack._join,
    "ack": ChirpStack._acknowledged,
    "txack": ChirpStack._transmitted,
    "log": ChirpStack._logged,
}


def _sequence(device: _Device, f_cnt: Any, at: Instant | None) -> int | None:
    """The frame counter, counted on over joins. Left out, it is 0, the first frame; without a time either, nobody can
    tell whether there is one."""
    counter = 0 if f_cnt is None and at is not None else f_cnt
    if isinstance(counter, bool) or not isinstance(counter, int) or not 0 <= counter < FRAMES_MAX:
        return None
    return device.memory.joins * FRAMES_MAX + counter


def _link(heard: Any, into: Flat) -> None:
    """How well the best of the LoRaWAN gateways heard it. Without signal strength in the message, nothing."""
    receivers = [each for each in heard[:GATEWAYS_MAX] if isinstance(each, dict)] if isinstance(heard, list) else []
    for name in ("rssi", "snr"):
        values = [value for each in receivers if isinstance(value := as_value(each.get(name)), float)]
        if values:
            into.add(f"rxInfo.{name}", max(values))


def _point(name: str, value: Value | None) -> Point:
    kind = MetricKind.NUMBER if name == "batteryLevel" else kind_of_value(value)
    return Point(name, kind, UNITS.get(name, ""))


def _nest(into: dict[str, Any], name: str, value: Value) -> bool:
    """`valve.open` → {"valve": {"open": …}}, as the codec's own object has it. False: there is a value on the way."""
    *way, last = name.split(".")
    for key in way:
        into = into.setdefault(key, {})
        if not isinstance(into, dict):
            return False
    known = last in into
    into[last] = value
    return not known


def _bytes(text: Any) -> bytes | None:
    if not isinstance(text, str) or len(text) > 2 * LORAWAN_BYTES_MAX:
        return None
    try:
        return b64decode(text, validate=True)
    except (NoBase64, ValueError):
        return None


def _item(tree: dict[str, Any]) -> str:
    return _text(tree.get("queueItemId", tree.get("queue_item_id")))


def _text(text: Any) -> str:
    return text[:TITLE_CHARACTERS_MAX] if isinstance(text, str) else ""
