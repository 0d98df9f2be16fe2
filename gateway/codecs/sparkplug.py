"""Sparkplug B 3.0: edge nodes and their devices, by births, deaths and data in protobuf. Pure.

Eclipse Sparkplug Specification 3.0.0
(https://sparkplug.eclipse.org/specification/version/3.0/documents/sparkplug-specification-3.0.0.pdf), chapters 4
(topics), 5 (behaviour), 6 (payloads).

What the port's words mean here:

- A *device* is an edge node (`GROUP/NODE`) or a device below one (`GROUP/NODE/DEVICE`); its points are its metrics by
  their names, an array's elements by name and number (`Phases.0`). Each birth declares it (`Found`).
- The values of a birth are those of its moment, so they carry the birth's own time: a metric that cleared while nobody
  listened must not count as older than what was heard since. A metric of data carries its own time, but never an older
  one than the device's last value in an unbroken session: sources of one node have clocks of their own, and the order
  of the messages is the order of what is true. Historical metrics are as old as they say.
- A rebirth is asked for (`Ask`) whenever something may be missing: a gap in `seq`, an unknown alias, data or a death
  of a node whose birth was not heard, which is every node after a restart.
- There is no answer to a command; what a node did it says as data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field, field_validator

from gateway.codecs import sparkplug_host as host
from gateway.codecs import sparkplug_wire as wire
from gateway.codecs.native import Undecodable
from gateway.codecs.port import Ask, Codec, Found, Heard, Output, Publish
from gateway.codecs.sparkplug_births import Birth, bd_seq, read_birth
from gateway.codecs.sparkplug_readings import Readings
from gateway.codecs.sparkplug_session import Device, Node, Nodes, Order
from gateway.codecs.sparkplug_values import Datatype, Misfit, to_raw
from gateway.codecs.sparkplug_wire import Malformed, Metric, Payload
from rules.instant import MINUTE_MS, Instant
from rules.reading import Rejected, Value

PAYLOAD_BYTES_MAX = 256 * 1024  # a birth of 4 000 metrics; larger ones belong into several devices
NAME_CHARACTERS_MAX = 200  # of a group, a node, a device
ASK_EVERY_MS = MINUTE_MS  # a rebirth of what is silent
ASKS_MAX = 10  # times; who does not answer then is away, or does not know what a rebirth is
REBIRTH = "Node Control/Rebirth"  # 6.4.19, tck-id-payloads-nbirth-rebirth-req
OF_NODES = frozenset(("NBIRTH", "NDEATH", "NDATA", "NCMD"))
OF_DEVICES = frozenset(("DBIRTH", "DDEATH", "DDATA", "DCMD"))
VERBS = OF_NODES | OF_DEVICES
COMMANDS = frozenset(("NCMD", "DCMD"))

_RESERVED = frozenset("+#/\0")  # 4.1; a topic cannot have a zero (MQTT 3.1.1, 1.5.3)


class Options(BaseModel):
    """`groups`: listen to these alone (empty: to all). `host_id`: under which name Tocsin says that it is there; nodes
    whose primary host it is wait for that (empty: it says nothing)."""

    model_config = ConfigDict(extra="forbid")

    groups: list[str] = Field(default=[], max_length=100)
    host_id: str = Field(default="", max_length=NAME_CHARACTERS_MAX)

    @field_validator("groups")
    @classmethod
    def _groups_are_names(cls, groups: list[str]) -> list[str]:
        for group in groups:
            if not group or group == "STATE" or _is_reserved(group):
                raise ValueError(f"{group!r} is no group; expected a name without + # /, other than STATE")
        return groups

    @field_validator("host_id")
    @classmethod
    def _host_is_a_name(cls, host_id: str) -> str:
        if _is_reserved(host_id):
            raise ValueError(f"{host_id!r} is no host id; expected a name without + # /")
        return host_id


class Address(NamedTuple):
    group: str
    verb: str
    node: str
    device: str  # "": the message is of the node itself


class Sparkplug:
    """See `gateway.codecs.port.Codec`."""

    name = "sparkplug"

    def __init__(self, options: Options) -> None:
        self._groups = tuple(dict.fromkeys(options.groups))
        self._host = options.host_id
        self._nodes = Nodes()
        self._asked_at: Instant = 0  # when all those were asked whose birth was not heard
        self._heard_at: Instant = 0  # when the last message came: what a command has for its time

    def topics(self) -> tuple[str, ...]:
        if not self._groups:
            return (f"{host.NAMESPACE}/#",)
        own = (host.topic(self._host),) if self._host else ()
        return (*(f"{host.NAMESPACE}/{group}/#" for group in self._groups), *own)

    def decode(self, topic: bytes, payload: bytes, received_at: Instant, retained: bool = False) -> list[Output]:
        where = self._address(topic)
        if isinstance(where, Rejected):
            return [where]
        self._heard_at = received_at
        outputs = [] if where is None else self._decode(where, payload, received_at, retained)
        if received_at - self._asked_at >= ASK_EVERY_MS or received_at < self._asked_at:
            outputs += self._reminders(outputs, received_at)
        return outputs

    def _decode(self, where: Address, payload: bytes, received_at: Instant, retained: bool) -> list[Output]:
        if where.verb in COMMANDS:
            return []
        if where.verb == "STATE":
            return self._state(payload, received_at)
        if len(payload) > PAYLOAD_BYTES_MAX:
            return [Rejected("payload too large", f"{len(payload)} bytes; at most {PAYLOAD_BYTES_MAX}")]
        try:
            message = wire.read(payload)
        except Malformed as error:
            return [Rejected("wrong shape", f"no Sparkplug B payload: {error}")]
        if message.uuid == "SPBV1.0_COMPRESSED":
            return [Rejected("wrong shape", "a compressed payload is not taken in; expected one with metrics")]
        if message.seq is not None and message.seq > 255:
            return [Rejected("wrong shape", f"seq {message.seq}; expected 0 to 255")]
        if retained:
            return self._retained(where, message, received_at)
        return _BY_VERB[where.verb](self, where, message, received_at)

    def encode(self, native_id: str, points: Mapping[str, Value], command_id: str) -> list[Publish] | Rejected:
        """One NCMD or DCMD. By alias in an unbroken session, as 6.4.6 wants it; else by name, because an alias may mean
        something else by now. Its time is that of the last message heard."""
        group, _, rest = native_id.partition("/")
        name, _, device_name = rest.partition("/")
        node = self._nodes.get(group, name)
        device = node and (node.devices.get(device_name) if device_name else node.itself)
        if node is None or not device or not device.types:
            return Rejected("unknown device", f"{native_id}: no birth of it was heard")
        aliases = {each: alias for alias, each in device.aliases.items()} if node.unbroken else {}
        metrics = []
        for point, value in points.items():
            datatype = device.types.get(point)
            if datatype is None:
                return Rejected("unknown point", f"{point} is not among the metrics of {native_id}")
            try:
                field, raw = to_raw(value, datatype)
            except Misfit as error:
                return Rejected("wrong shape", f"{point}: {error}")
            alias = None if point == REBIRTH else aliases.get(point)
            label = point if alias is None else ""
            metrics.append(Metric(label, alias, self._heard_at or None, datatype, field=field, value=raw))
        if not metrics:
            return Rejected("wrong shape", "a command without a point to set")
        verb, path = ("DCMD", f"{name}/{device_name}") if device_name else ("NCMD", name)
        payload = wire.write(Payload(self._heard_at, metrics))
        return [Publish(f"{host.NAMESPACE}/{group}/{verb}/{path}", payload, qos=0)]

    def restore(self, found: Iterable[Found]) -> None:
        for each in found:
            group, _, rest = each.native_id.partition("/")
            name, _, device_name = rest.partition("/")
            if not all(map(_is_name, (group, name, device_name or "-"))):
                continue
            node = self._nodes.node(group, name)
            device = self._nodes.device(node, device_name) if device_name else node.itself
            self._nodes.recall(node, device, each.memory)

    def rebirths(self, now: Instant) -> list[Ask]:
        """For all nodes, after a connection was made anew: what was said meanwhile is lost (QoS 0, not retained). With
        a `host_id` the codec gives them by itself when it hears its own birth certificate."""
        for node in self._nodes:
            node.interrupt()
            node.asked = 0
        self._asked_at = now
        return [_ask(node.group, node.name, "the connection was made anew", now) for node in self._nodes]

    def _reminders(self, outputs: list[Output], now: Instant) -> list[Ask]:
        """Nodes that were known before a restart, and may be silent for hours, because they speak when something
        changes: whatever is heard on the tree, they are asked, once a minute, until they are born or dead."""
        self._asked_at = now
        asked = {each.publish.topic for each in outputs if isinstance(each, Ask)}
        waiting = [each for each in self._nodes if each.born_at is None and not each.dead and each.asked < ASKS_MAX]
        for node in waiting:
            node.asked += 1
        asks = [_ask(each.group, each.name, "its birth was not heard", now) for each in waiting]
        return [each for each in asks if each.publish.topic not in asked]

    # ---- topics

    def _address(self, topic: bytes) -> Address | Rejected | None:
        """None: a message that concerns others."""
        try:
            namespace, *path = topic.decode().split("/")
        except UnicodeDecodeError:
            return Rejected("topic is not utf-8", "expected spBv1.0/GROUP/VERB/NODE[/DEVICE]")
        if namespace == host.NAMESPACE and len(path) == 2 and path[0] == "STATE":
            return Address("", "STATE", "", "") if self._host and path[1] == self._host else None
        group, verb, node, device = (*path, "", "", "", "")[:4]
        right = len(path) == (3 if verb in OF_NODES else 4) and all(map(_is_name, path))
        if namespace != host.NAMESPACE or verb not in VERBS or not right:
            detail = "expected spBv1.0/GROUP/NBIRTH, NDEATH, NDATA/NODE or DBIRTH, DDEATH, DDATA/NODE/DEVICE"
            return Rejected("unknown topic", detail)
        if self._groups and group not in self._groups:
            return None
        return Address(group, verb, node, device)

    def _state(self, payload: bytes, now: Instant) -> list[Output]:
        """Our own certificate. Hearing that we are online means that we have just connected."""
        try:
            online = host.decode(payload).online
        except Undecodable as error:
            return [Rejected("bad json", f"{str(error)[:200]}; expected online and timestamp")]
        return list(self.rebirths(now)) if online else []

    # ---- messages of nodes and devices

    def _node_born(self, where: Address, message: Payload, now: Instant) -> list[Output]:
        node = self._nodes.node(where.group, where.node)
        birth = read_birth(message, now)
        node.begin(birth.bd_seq, message.timestamp or 0, message.seq)
        return self._born(node, node.itself, birth)

    def _device_born(self, where: Address, message: Payload, now: Instant) -> list[Output]:
        node = self._nodes.node(where.group, where.node)
        reasons = self._missing(node, node.take(message.seq))
        device = self._nodes.device(node, where.device)
        birth = read_birth(message, now)
        device.reborn = True
        return [*self._born(node, device, birth), *_asks(where, reasons, now)]

    def _born(self, node: Node, device: Device, birth: Birth) -> list[Output]:
        self._nodes.declare(node, device, birth.types, birth.lengths)
        device.aliases = birth.aliases
        device.online = device.online if node.dead else True
        device.said_at = birth.at
        outputs: list[Output] = [
            Found(device.native_id, _title(device), birth.model, birth.points, memory=device.memory()),
        ]
        if not node.dead:  # a birth that came after the death is of before it, if the node is not born again
            outputs.append(Heard(device.native_id, True))
        outputs += birth.readings.said(device.native_id)
        if birth.rejected:
            outputs.append(birth.rejected)
        return outputs

    def _told(self, where: Address, message: Payload, now: Instant) -> list[Output]:
        """NDATA, DDATA."""
        node = self._nodes.heard(where.group, where.node)
        outputs: list[Output] = []
        reasons, order, device = ["its birth was not heard"], Order.UNKNOWN, None
        if node is not None:
            order = node.take(message.seq)
            reasons = self._missing(node, order)
            if node.unbroken:
                outputs += [Heard(each.native_id, False) for each in node.left_behind()]
            device = node.devices.get(where.device) if where.device else node.itself
        if device is None:
            device = Device("/".join((where.group, where.node, where.device)).rstrip("/"))
            reasons = reasons or [f"the birth of {where.device} was not heard"]
        readings = Readings(message.timestamp, now)
        if order is Order.NEXT and node is not None and node.unbroken:
            readings.not_before(device.said_at)
        readings.read(message, device)
        outputs += readings.said(device.native_id)
        device.said_at = readings.last_at(device.said_at)
        if readings.rejected:
            outputs.append(readings.rejected)
        reasons += readings.unknown
        return [*outputs, *_asks(where, reasons, now)]

    def _device_dead(self, where: Address, message: Payload, now: Instant) -> list[Output]:
        node = self._nodes.heard(where.group, where.node)
        native_id = f"{where.group}/{where.node}/{where.device}"
        if node is None:
            return [Heard(native_id, False), *_asks(where, ["its birth was not heard"], now)]
        reasons = self._missing(node, node.take(message.seq))
        device = node.devices.get(where.device)
        if device is not None:
            device.aliases, device.online, device.reborn = {}, False, True
        return [Heard(native_id, False), *_asks(where, reasons, now)]

    def _node_dead(self, where: Address, message: Payload, now: Instant) -> list[Output]:
        node = self._nodes.heard(where.group, where.node)
        if node is None:
            return [Heard(f"{where.group}/{where.node}", False)]
        number = bd_seq(message)
        if node.is_older(number, message.timestamp):
            return []
        certain = node.born_at is not None and number == node.bd_seq
        reasons = [] if certain or node.dead else ["a death that is of no birth that was heard"]
        return [*(Heard(each.native_id, False) for each in node.end()), *_asks(where, reasons, now)]

    def _missing(self, node: Node, order: Order) -> list[str]:
        if node.born_at is None:
            return ["its birth was not heard"]
        if order in (Order.GAP, Order.OLD):
            return [
                f"messages before seq {node.seq} are missing" if order is Order.GAP else "a message of before came late"
            ]
        return [] if node.unbroken else ["messages since its birth are missing"]

    def _retained(self, where: Address, message: Payload, now: Instant) -> list[Output]:
        """No Sparkplug message is retained (6.4.19 ff.), so it is of unknown age. What a birth declares is taken, its
        aliases and its session are not; what is online now only a birth of now can tell."""
        outputs: list[Output] = []
        if where.verb in ("NBIRTH", "DBIRTH"):
            node = self._nodes.node(where.group, where.node)
            device = self._nodes.device(node, where.device) if where.device else node.itself
            birth = read_birth(message, now)
            if not device.types:
                self._nodes.declare(node, device, birth.types, birth.lengths)
            outputs.append(Found(device.native_id, _title(device), birth.model, birth.points, memory=device.memory()))
            outputs += birth.readings.said(device.native_id)
        return [*outputs, *_asks(where, ["a retained message, of unknown age"], now)]


_BY_VERB = {
    "NBIRTH": Sparkplug._node_born,
    "DBIRTH": Sparkplug._device_born,
    "NDATA": Sparkplug._told,
    "DDATA": Sparkplug._told,
    "NDEATH": Sparkplug._node_dead,
    "DDEATH": Sparkplug._device_dead,
}


def make(options: Options) -> Codec:
    return Sparkplug(options)


def _asks(where: Address, reasons: list[str], now: Instant) -> list[Ask]:
    return [_ask(where.group, where.node, reasons[0], now)] if reasons else []


def _ask(group: str, node: str, reason: str, now: Instant) -> Ask:
    """By name, never by alias (5.?, tck-id-operational-behavior-data-commands-rebirth-name-aliases)."""
    metric = Metric(REBIRTH, None, now, Datatype.BOOLEAN, field=wire.BOOLEAN, value=True)
    publish = Publish(f"{host.NAMESPACE}/{group}/NCMD/{node}", wire.write(Payload(now, [metric])), qos=0)
    return Ask(publish, f"{group}/{node}: {reason}")


def _title(device: Device) -> str:
    return device.native_id.rpartition("/")[2]


def _is_name(name: str) -> bool:
    return 0 < len(name) <= NAME_CHARACTERS_MAX and not _is_reserved(name)


def _is_reserved(name: str) -> bool:
    return not _RESERVED.isdisjoint(name)
