"""Where things stand: site → building → floor → zone → device, and what classes of device there are.

These are the values the rest of Tocsin works with; how they are written in files is `site_file.py`.
A device's `id` is unique over all sites (`"tower-a/sd-1203"`: site, slash, the name in its topic), a zone's
likewise (`"tower-a/12F-east"`).
"""

from __future__ import annotations

from enum import Enum

from msgspec import Struct

from rules.reading import Value

Title = dict[str, str]  # language ("en", "zh") → text


class MetricKind(Enum):
    NUMBER = "number"
    BOOLEAN = "boolean"
    STRING = "string"


class Metric(Struct, frozen=True):
    """One measured quantity. A number outside `minimum`…`maximum` is a broken sensor, not a reading."""

    name: str
    kind: MetricKind
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    values: tuple[str, ...] = ()  # what a STRING metric may be; empty: any short string
    title: Title = {}


class DeviceClass(Struct, frozen=True):
    id: str
    title: Title
    metrics: dict[str, Metric]
    events: dict[str, Title]  # what the device may say in …/event
    rated: dict[str, str]  # name of a rated value → unit
    commands: dict[str, Title]
    silent_after_ms: int  # no message for so long: trouble
    life_safety: bool = False  # no on-delay, ever, on its alarms


class SourcePoint(Struct, frozen=True):
    """Which metric a point of a foreign device is, and how its value becomes the metric's: `bit` of the word, then
    `words`, then `scale` and `offset` (`gateway.codecs.transform`)."""

    metric: str
    bit: int | None = None
    words: dict[str, Value] = {}
    scale: float = 1.0
    offset: float = 0.0


class Source(Struct, frozen=True):
    """Where a device speaks that does not speak the native tree."""

    codec: str  # as the settings name it
    id: str  # what the format calls the device, whatever people rename it to
    points: dict[str, SourcePoint] = {}  # by the format's names; empty: those that the format suggests
    events: dict[str, str] = {}  # the format's word → an event of the class; others go by their own name
    commands: dict[str, dict[str, Value]] = {}  # command → point → what it is set to; empty: as the format suggests
    silence_announced: bool = True  # the limit that the device itself announces counts: none is written


class Device(Struct, frozen=True):
    id: str  # "site/name"
    name: str  # as in the topic
    device_class: str
    site: str
    building: str
    floor: str
    zone: str  # "site/zone"
    title: Title
    rated: dict[str, float]
    silent_after_ms: int
    source: Source | None = None  # None: the native tree


class Zone(Struct, frozen=True):
    id: str  # "site/zone"
    name: str
    site: str
    building: str
    floor: str
    title: Title


class Floor(Struct, frozen=True):
    id: str
    title: Title
    zones: tuple[Zone, ...]


class Building(Struct, frozen=True):
    id: str
    title: Title
    floors: tuple[Floor, ...]  # lowest first


class Site(Struct, frozen=True):
    id: str
    title: Title
    timezone: str  # IANA name
    holidays: tuple[str, ...]  # ISO dates on which `schedule` conditions see a holiday
    buildings: tuple[Building, ...]


class Directory(Struct, frozen=True):
    """All sites, zones, devices and device classes that are in force. Content-addressed: see `gateway.documents`."""

    sites: dict[str, Site] = {}
    zones: dict[str, Zone] = {}
    devices: dict[str, Device] = {}
    device_classes: dict[str, DeviceClass] = {}
