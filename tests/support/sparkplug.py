"""An edge node as Sparkplug B has it, for tests: its payloads are encoded by Google's protobuf from pysparkplug's
schema, so that nothing of the codec under test is in them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from pysparkplug import DataType
from pysparkplug._protobuf import Payload as Schema

from gateway.codecs.port import Ask, Found, Heard, Output, Said
from gateway.codecs.sparkplug import Options, Sparkplug
from rules.reading import Rejected

NOW = 1_764_000_000_000  # 24 November 2025, 16:00 UTC
TYPE_OF = {bool: DataType.BOOLEAN, float: DataType.DOUBLE, int: DataType.INT32, str: DataType.STRING}

Sent = tuple[bytes, bytes]  # topic, payload


@dataclass
class M:
    """A metric. `datatype` None: not sent."""

    name: str | None
    value: Any = None
    datatype: DataType | None = None
    alias: int | None = None
    at: int | None = NOW
    historical: bool = False
    null: bool = False
    properties: dict[str, Any] = field(default_factory=dict)
    raw: tuple[str, Any] | None = None  # a member of `oneof value`, as it is


@dataclass
class EdgeNode:
    """Counts `seq` as the specification wants it; `lose` skips one."""

    name: str = "plant"
    group: str = "tower"
    bd_seq: int = 0
    seq: int = -1

    def birth(self, *metrics: M, at: int = NOW) -> Sent:
        self.seq = 0
        number = M("bdSeq", self.bd_seq, DataType.INT64, at=at)
        control = M("Node Control/Rebirth", False, DataType.BOOLEAN, at=at)
        return self.topic("NBIRTH"), payload(number, control, *map(_typed, metrics), at=at, seq=0)

    def death(self, at: int | None = None, bd_seq: int | None = None) -> Sent:
        number = M("bdSeq", self.bd_seq if bd_seq is None else bd_seq, DataType.INT64, at=at)
        return self.topic("NDEATH"), payload(number, at=at, seq=None)

    def data(self, *metrics: M, at: int = NOW) -> Sent:
        return self.topic("NDATA"), payload(*metrics, at=at, seq=self.next())

    def device_birth(self, device: str, *metrics: M, at: int = NOW) -> Sent:
        return self.topic("DBIRTH", device), payload(*map(_typed, metrics), at=at, seq=self.next())

    def device_data(self, device: str, *metrics: M, at: int = NOW) -> Sent:
        return self.topic("DDATA", device), payload(*metrics, at=at, seq=self.next())

    def device_death(self, device: str, at: int = NOW) -> Sent:
        return self.topic("DDEATH", device), payload(at=at, seq=self.next())

    def lose(self) -> None:
        self.next()

    def next(self) -> int:
        self.seq = (self.seq + 1) % 256
        return self.seq

    def topic(self, verb: str, device: str = "") -> bytes:
        return "/".join(filter(None, ("spBv1.0", self.group, verb, self.name, device))).encode()


def payload(*metrics: M, at: int | None = NOW, seq: int | None = None) -> bytes:
    message = Schema()
    if at is not None:
        message.timestamp = at
    if seq is not None:
        message.seq = seq
    for each in metrics:
        _fill(message.metrics.add(), each)
    encoded: bytes = message.SerializeToString()
    return encoded


def _typed(metric: M) -> M:
    """A birth says the type of each of its metrics."""
    given = metric.value
    return metric if given is None or metric.datatype is not None else replace(metric, datatype=TYPE_OF[type(given)])


def _fill(into: Any, metric: M) -> None:
    for name, given in (("name", metric.name), ("alias", metric.alias), ("timestamp", metric.at)):
        if given is not None:
            setattr(into, name, given)
    if metric.datatype is not None:
        into.datatype = metric.datatype
    if metric.historical:
        into.is_historical = True
    if metric.null:
        into.is_null = True
    if metric.raw is not None:
        setattr(into, *metric.raw)
    elif metric.value is not None:
        datatype = metric.datatype or TYPE_OF[type(metric.value)]
        setattr(into, datatype.field, datatype.encode(metric.value))
    for key, given in metric.properties.items():
        into.properties.keys.append(key)
        datatype = TYPE_OF[type(given)]
        member = into.properties.values.add()
        member.type = datatype
        setattr(member, datatype.field, datatype.encode(given))


SMOKE = M("Smoke", False, DataType.BOOLEAN, alias=10)
TEMPERATURE = M("Temperature", 21.5, DataType.FLOAT, alias=11)


def by_alias(number: int, value: Any, datatype: DataType, **more: Any) -> M:
    """As data have it: no name, no type."""
    metric = M(None, alias=number, **more)
    metric.raw = (datatype.field, datatype.encode(value))
    return metric


def born(node: EdgeNode, *devices: str) -> list[tuple[bytes, bytes]]:
    return [node.birth(), *(node.device_birth(each, SMOKE, TEMPERATURE) for each in devices)]


def codec(**options: Any) -> Sparkplug:
    return Sparkplug(Options(**options))


def hears(listening: Sparkplug, *messages: Sent, at: int = NOW, retained: bool = False) -> list[Output]:
    """All that the codec makes of these messages."""
    return [output for topic, body in messages for output in listening.decode(topic, body, at, retained)]


def values(outputs: list[Output], historical: bool = False) -> dict[str, Any]:
    """What is known after these outputs, of all devices: the last value of each point."""
    known: dict[str, Any] = {}
    for each in outputs:
        if isinstance(each, Said) and each.historical == historical:
            known.update(each.values)
    return known


def said(outputs: list[Output]) -> list[Said]:
    return [each for each in outputs if isinstance(each, Said)]


def asks(outputs: list[Output]) -> list[Ask]:
    return [each for each in outputs if isinstance(each, Ask)]


def found(outputs: list[Output]) -> list[Found]:
    return [each for each in outputs if isinstance(each, Found)]


def online(outputs: list[Output]) -> dict[str, bool]:
    return {each.native_id: each.online for each in outputs if isinstance(each, Heard)}


def rejected(outputs: list[Output]) -> list[str]:
    return [f"{each.reason}: {each.detail}" for each in outputs if isinstance(each, Rejected)]
