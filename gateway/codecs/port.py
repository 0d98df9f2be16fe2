"""What a codec of a foreign format is, and what it makes of a message. Pure: no clock, no I/O, no chance.

A codec may remember what earlier messages of its devices declared (types, aliases, topics), nothing else: the same
messages in the same order give the same answers. What it has to know again after a restart it puts into `Found.memory`,
which is stored with the device and comes back through `restore`.

A device of a foreign format says *points* in its own words; which of them is which metric of a device class, and how
its values become the metric's, says the device's assignment (`rules.site.Source`), by default what `Point` suggests.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

from msgspec import Struct

from gateway.codecs.transform import Transform
from rules.instant import Instant
from rules.reading import Rejected, Value
from rules.site import MetricKind


class Point(Struct, frozen=True):
    """One thing that a device says or may be told. `metric` is one of `Found.device_class`, if the format's own typing
    says so beyond doubt; `transform` then makes the metric's value of the point's."""

    name: str  # as the format has it, nested names joined with "." (Tasmota: ENERGY.Power)
    kind: MetricKind | None = None  # None: not said; whatever comes first
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    values: tuple[str, ...] = ()
    settable: bool = False
    metric: str = ""
    transform: Transform = Transform()


class Found(Struct, frozen=True):
    """A device that declared itself, or that spoke for the first time. Declared again, the newer one counts."""

    native_id: str  # what a site file names it by: stays the same when the device is renamed, where the format can
    title: str = ""
    model: str = ""
    points: tuple[Point, ...] = ()
    device_class: str = ""  # of the shipped ones, where its points leave no doubt
    silent_after_ms: int | None = None  # what the device itself announces, e.g. its waking period
    memory: bytes = b""  # the codec's own, for `restore`
    commands: dict[str, dict[str, Value]] = {}  # of `device_class`, beyond doubt: command → point → what it is set to


class Gone(Struct, frozen=True):
    """The format says that the device is no longer part of it. An assigned one is not forgotten: it falls silent."""

    native_id: str


class Said(Struct, frozen=True):
    """Values of a device's points at one moment. None: what was known of this point counts no longer."""

    native_id: str
    values: dict[str, Value | None]
    at: Instant | None = None  # the device's own time. None: it has none, or no zone
    seq: int | None = None  # a counter that rises with every message, over reconnects
    historical: bool = False  # buffered while offline: for telemetry; can never raise


class Happened(Struct, frozen=True):
    """Something momentary: a button, a card. `event` is one of the format's words."""

    native_id: str
    event: str
    attributes: dict[str, Value] = {}
    at: Instant | None = None
    seq: int | None = None
    historical: bool = False


class Heard(Struct, frozen=True):
    """Online or offline, as the format says it."""

    native_id: str
    online: bool


class Answered(Struct, frozen=True):
    """What became of a command, where the format answers by the command's own id."""

    id: str
    ok: bool
    detail: str = ""


class Publish(NamedTuple):
    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False


class Ask(Struct, frozen=True):
    """The codec needs something of the devices, such as a rebirth. At most once a minute and topic it is published."""

    publish: Publish
    reason: str


Output = Found | Gone | Said | Happened | Heard | Answered | Ask | Rejected


class Codec(Protocol):
    """One configured instance of a format. `name` is the format's, as settings and ADRs call it."""

    name: str

    def topics(self) -> tuple[str, ...]:
        """The filters to subscribe to."""
        ...

    def decode(self, topic: bytes, payload: bytes, received_at: Instant, retained: bool = False) -> list[Output]:
        """One message, in the order in which the parts happened. Never raises; what it cannot make sense of is
        Rejected with one of the fixed reasons of `gateway.codecs.native` and a detail that says what was expected.
        An empty list: nothing that concerns us."""
        ...

    def encode(self, native_id: str, points: Mapping[str, Value], command_id: str) -> list[Publish] | Rejected:
        """Messages that set these points of a device. Rejected: the format or the device cannot."""
        ...

    def restore(self, found: Iterable[Found]) -> None:
        """Takes up what earlier messages declared."""
        ...
