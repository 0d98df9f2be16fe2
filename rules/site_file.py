"""Site files: where things stand, from the site down to its devices; and how they become a `Directory`.

site: tower-a
title: {en: Tower A, zh: A座}
timezone: Asia/Shanghai
buildings:
  - id: tower
    floors:                  # lowest first
      - id: 12F
        zones:
          - id: 12F-east
            devices:
              - {id: sd-1201, class: smoke_detector, silent_after: 5min}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, WithJsonSchema

from rules.class_file import ClassFile, KnownClass, SilentAfter, build_classes, titles
from rules.file_types import FileModel, Id, Name, Titles
from rules.problem import Problem, dotted
from rules.site import Building, Device, Directory, Floor, Site, Zone
from rules.wording import listed, meant, not_one_of, shown

RESERVED_DEVICE = "gateway"  # tocsin/v1/{site}/gateway/status is the gateway's own
TOPIC_CHARS_MAX = 512

Path = tuple[str | int, ...]


def _check_timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        hint = meant(name, sorted(available_timezones()))
        raise ValueError(f"{shown(name)} is not an IANA time zone, such as Asia/Shanghai{hint}") from None
    return name


def _check_date(text: str) -> str:
    try:
        canonical = date.fromisoformat(text).isoformat()
    except ValueError:
        canonical = ""
    if canonical != text:
        raise ValueError(f"{text!r} is not a date; expected year-month-day, e.g. 2026-10-01")
    return text


def _check_device_id(text: str) -> str:
    if text == RESERVED_DEVICE:
        raise ValueError(f"{text!r} is the gateway's own name in the topics; expected another")
    return text


def _check_topic(text: str) -> str:
    if not text.strip() or len(text) > TOPIC_CHARS_MAX or any(c in text for c in "+#\0"):
        raise ValueError(f"{shown(text)} is not a topic; expected 1 to {TOPIC_CHARS_MAX} characters without + and #")
    return text


TimeZone = Annotated[
    str, AfterValidator(_check_timezone), Field(description="an IANA name", examples=["Asia/Shanghai"])
]
IsoDate = Annotated[str, AfterValidator(_check_date), WithJsonSchema({"type": "string", "format": "date"})]
DeviceId = Annotated[Id, AfterValidator(_check_device_id)]
Topic = Annotated[str, AfterValidator(_check_topic)]
Rating = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class DeviceEntry(FileModel):
    id: DeviceId = Field(description="its name in the topic, unique in the site")
    device_class: str = Field(alias="class")
    title: Titles | None = None
    rated: dict[Name, Rating] = Field(default={}, description="figures from the nameplate, by the names of its class")
    silent_after: SilentAfter | None = Field(default=None, description="no message for so long: trouble")
    topic: Topic = Field(default="", description="where another codec finds it; without it, the native tree")


class ZoneEntry(FileModel):
    id: Id
    title: Titles | None = None
    devices: tuple[DeviceEntry, ...] = ()


class FloorEntry(FileModel):
    id: Id
    title: Titles | None = None
    zones: tuple[ZoneEntry, ...] = ()


class BuildingEntry(FileModel):
    id: Id
    title: Titles | None = None
    floors: tuple[FloorEntry, ...] = Field(description="lowest first")


class SiteFile(FileModel):
    site: Id
    title: Titles
    timezone: TimeZone
    holidays: tuple[IsoDate, ...] = Field(default=(), description="days on which `schedule` conditions see a holiday")
    buildings: tuple[BuildingEntry, ...]


def build_directory(
    class_files: Mapping[str, ClassFile], site_files: Mapping[str, SiteFile]
) -> tuple[Directory | None, list[Problem]]:
    """File name → content, to everything that stands in them. With any problem there is no directory.

    Every problem names its file and its path there; the reader of the files adds lines.
    """
    classes, problems = build_classes(class_files)
    sites: dict[str, Site] = {}
    zones: dict[str, Zone] = {}
    devices: dict[str, Device] = {}
    homes: dict[str, str] = {}
    topics: dict[str, str] = {}
    for file, content in site_files.items():
        home = homes.setdefault(content.site, file)
        if home != file:
            message = f"{content.site!r} is already the site of {home}; expected one file a site"
            problems.append(Problem(("site",), message, file))
        surveyor = _Surveyor(file, content.site, classes, topics)
        sites[content.site] = surveyor.site(content)
        zones |= surveyor.zones
        devices |= surveyor.devices
        problems += surveyor.problems
    if problems:
        return None, problems
    return Directory(sites, zones, devices, {name: known.device_class for name, known in classes.items()}), []


class _Surveyor:
    """Goes through one site file and takes down its values and its faults."""

    def __init__(self, file: str, site: str, classes: Mapping[str, KnownClass], topics: dict[str, str]) -> None:
        self.zones: dict[str, Zone] = {}
        self.devices: dict[str, Device] = {}
        self.problems: list[Problem] = []
        self._file = file
        self._site = site
        self._classes = classes
        self._topics = topics  # topic → device, over all sites
        self._seen: dict[tuple[str, str], Path] = {}  # (scope, id) → where it stood first

    def site(self, content: SiteFile) -> Site:
        buildings = []
        for index, entry in enumerate(content.buildings):
            path: Path = ("buildings", index)
            self._once(f"a building of {self._site}", entry.id, path)
            buildings.append(Building(entry.id, titles(entry.title), self._floors(entry, path)))
        holidays = tuple(sorted(set(content.holidays)))
        return Site(content.site, titles(content.title), content.timezone, holidays, tuple(buildings))

    def _floors(self, building: BuildingEntry, above: Path) -> tuple[Floor, ...]:
        floors = []
        for index, entry in enumerate(building.floors):
            path = (*above, "floors", index)
            self._once(f"a floor of {building.id}", entry.id, path)
            floors.append(Floor(entry.id, titles(entry.title), self._zones(building.id, entry, path)))
        return tuple(floors)

    def _zones(self, building: str, floor: FloorEntry, above: Path) -> tuple[Zone, ...]:
        zones = []
        for index, entry in enumerate(floor.zones):
            path = (*above, "zones", index)
            self._once(f"a zone of {self._site}", entry.id, path)
            zone_id = f"{self._site}/{entry.id}"
            zone = Zone(zone_id, entry.id, self._site, building, floor.id, titles(entry.title))
            self.zones[zone_id] = zone
            zones.append(zone)
            for number, device in enumerate(entry.devices):
                self._device(device, zone, (*path, "devices", number))
        return tuple(zones)

    def _device(self, entry: DeviceEntry, zone: Zone, path: Path) -> None:
        self._once(f"a device of {self._site}", entry.id, path)
        known = self._classes.get(entry.device_class)
        self.problems += (problem._replace(file=self._file) for problem in self._device_faults(entry, known, path))
        if known is None:
            return
        device_id = f"{self._site}/{entry.id}"
        if entry.topic and self._topics.setdefault(entry.topic, device_id) != device_id:
            message = f"{entry.topic!r} is already the topic of {self._topics[entry.topic]}"
            self.problems.append(Problem((*path, "topic"), message, self._file))
        self.devices[device_id] = Device(
            id=device_id,
            name=entry.id,
            device_class=entry.device_class,
            site=zone.site,
            building=zone.building,
            floor=zone.floor,
            zone=zone.id,
            title=titles(entry.title),
            rated=entry.rated,
            silent_after_ms=entry.silent_after or known.device_class.silent_after_ms,
            topic=entry.topic,
        )

    def _device_faults(self, entry: DeviceEntry, known: KnownClass | None, path: Path) -> Iterator[Problem]:
        if known is None:
            yield Problem((*path, "class"), not_one_of(entry.device_class, "a device class", sorted(self._classes)))
            return
        figures = known.device_class.rated
        for name in entry.rated:
            if name not in figures:
                what = f"a rated value of {entry.device_class}"
                yield Problem((*path, "rated", name), not_one_of(name, what, list(figures)))
        if missing := [name for name in known.rated_required if name not in entry.rated]:
            yield Problem((*path, "rated"), f"lacks {listed(missing)}, which every {entry.device_class} must state")

    def _once(self, what: str, name: str, path: Path) -> None:
        first = self._seen.setdefault((what, name), path)
        if first is not path:
            message = f"{name!r} is already {what}, at {dotted(first)}"
            self.problems.append(Problem((*path, "id"), message, self._file))
