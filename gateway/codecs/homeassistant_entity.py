"""What a discovery message declares, reduced to what concerns us: the points of one entity, and where they are heard
and told. Kept with the device and stored as its memory, so it holds text and numbers only."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct

from gateway.codecs.port import Point
from rules.reading import Value


class Reads(Enum):
    """How a payload, after its template, becomes a value."""

    WORDS = "words"
    NUMBER = "number"
    TEXT = "text"
    ANY = "any"  # a number where it is one, else text
    POSITION = "position"  # scaled to percent
    EVENT = "event"
    TRIGGER = "trigger"
    TAG = "tag"


HAPPEN = (Reads.EVENT, Reads.TRIGGER, Reads.TAG)  # momentary: there is no value that could count no longer


class Mode(Enum):
    """Which of several availability topics decide."""

    ALL = "all"
    ANY = "any"
    LATEST = "latest"


class Listen(Struct, frozen=True, omit_defaults=True):
    """What one topic says of one point."""

    point: str
    topic: str
    reads: Reads
    template: str = ""
    words: dict[str, Value] = {}  # payload → value; of a text: those allowed, empty: any
    member: str = ""  # a payload that is a JSON object says it in this member
    lenient: bool = False  # another point is said on the same topic: what does not fit is not ours
    momentary: bool = False  # falls back by itself (off_delay): the rise is also an event
    closed: float = 0.0  # of a position
    open: float = 100.0
    attributes: dict[str, Value] = {}  # of a trigger
    encoding: str = "utf-8"


class Order(Struct, frozen=True, omit_defaults=True):
    """How one point is told what to be."""

    point: str
    topic: str
    template: str = ""
    words: dict[str, str] = {}  # value as `transform.as_word` writes it → payload; empty: the value itself
    number: bool = False
    member: str = ""  # without a template the payload is a JSON object with this member
    closed: float = 0.0
    open: float = 100.0
    scaled: bool = False  # from percent to `closed`…`open`
    qos: int = 1
    retain: bool = False
    refused: str = ""  # why it cannot be told, where the device says so (a code is asked for)


class Availability(Struct, frozen=True, omit_defaults=True):
    topic: str
    template: str = ""
    available: str = "online"
    not_available: str = "offline"


class Entity(Struct, frozen=True, omit_defaults=True):
    """`key`: component, node and object, which stay when the declaration moves from one topic to another."""

    key: tuple[str, str, str]
    declared_by: str  # the discovery topic
    name: str
    component: str
    device_class: str = ""
    points: tuple[Point, ...] = ()
    listens: tuple[Listen, ...] = ()
    orders: tuple[Order, ...] = ()
    availability: tuple[Availability, ...] = ()
    mode: Mode = Mode.LATEST
    expire_after_ms: int | None = None


class About(Struct, frozen=True, omit_defaults=True):
    """The device that an entity is a part of."""

    names: tuple[str, ...]  # identifiers, then connections; the first is the native id of a device that is new
    title: str = ""
    model: str = ""


class Memory(Struct, frozen=True):
    """What `Found.memory` holds, as MessagePack."""

    about: About
    entities: tuple[Entity, ...]
