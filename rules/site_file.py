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
              - {id: sd-1202, class: smoke_detector, source: {codec: z2m, id: "0x00158d0001dc126a"}}

What a device of another format is assigned by stands in `source_file.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, WithJsonSchema

from rules.class_file import ClassFile, KnownClass, SilentAfter, build_classes, titles
from rules.file_types import FileModel, Id, Name, Titles
from rules.problem import Problem, dotted
from rules.site import Building, Device, Directory, Floor, Site, Zone
from rules.source_file import SourceEntry, source_faults, source_of
from rules.wording import listed, meant, not_one_of, shown

RESERVED_DEVICE = "gateway"  # tocsin/v1/{site}/gateway/status is the gateway's own

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


TimeZone = Annotated[
    str, AfterValidator(_check_timezone), Field(description="an IANA name", examples=["Asia/Shanghai"])
]
IsoDate = Annotated[str, AfterValidator(_check_date), WithJsonSchema({"type": "string", "format": "date"})]
DeviceId = Annotated[Id, AfterValidator(_check_device_id)]
Rating = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Text = Annotated[str, Field(max_length=4_000)]


class DeviceEntry(FileModel):
    id: DeviceId = Field(description="its name in the topic, unique in the site")
    device_class: str = Field(alias="class")
    title: Titles | None = None
    rated: dict[Name, Rating] = Field(default={}, description="figures from the nameplate, by the names of its class")
    silent_after: SilentAfter | None = Field(default=None, description="no message for so long: trouble")
    source: SourceEntry | None = Field(default=None, description="where it speaks, if not on the native tree")


class AssignedEntry(DeviceEntry):
    """A device that was found by a codec and assigned while the gateway ran."""

    zone: str = Field(description='"site/zone", of a site file', examples=["tower-a/12F-east"])
    by: Text = ""
    reason: Text = ""
    at: Text = ""


class AssignedFile(FileModel):
    assigned: tuple[AssignedEntry, ...]


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
    class_files: Mapping[str, ClassFile],
    site_files: Mapping[str, SiteFile],
    assigned_files: Mapping[str, AssignedFile] | None = None,
    codecs: frozenset[str] | None = None,
) -> tuple[Directory | None, list[Problem]]:
    """File name → content, to everything that stands in them. With any problem there is no directory.

    `codecs`: those that the settings name; None: nobody knows the settings, and any may be named.

    Every problem names its file and its path there; the reader of the files adds lines.
    """
    classes, problems = build_classes(class_files)
    sites: dict[str, Site] = {}
    zones: dict[str, Zone] = {}
    devices: dict[str, Device] = {}
    homes: dict[str, str] = {}
    sources = Sources({}, codecs)
    surveyors: dict[str, _Surveyor] = {}
    for file, content in site_files.items():
        home = homes.setdefault(content.site, file)
        if home != file:
            message = f"{content.site!r} is already the site of {home}; expected one file a site"
            problems.append(Problem(("site",), message, file))
        surveyor = surveyors[content.site] = _Surveyor(file, content.site, classes, sources)
        sites[content.site] = surveyor.site(content)
        zones |= surveyor.zones
        devices |= surveyor.devices
        problems += surveyor.problems
    for file, added in (assigned_files or {}).items():
        devices |= _assign(file, added, surveyors, problems)
    if problems:
        return None, problems
    return Directory(sites, zones, devices, {name: known.device_class for name, known in classes.items()}), []


class Sources(NamedTuple):
    """Of all sites: which device has which source, and which codecs there are."""

    taken: dict[tuple[str, str], str]  # codec, id there → device
    codecs: frozenset[str] | None


def _assign(
    file: str, content: AssignedFile, surveyors: Mapping[str, _Surveyor], problems: list[Problem]
) -> dict[str, Device]:
    """The devices that an assigned file adds to the zones of the sites."""
    added: dict[str, Device] = {}
    known = sorted(zone for each in surveyors.values() for zone in each.zones)
    for index, entry in enumerate(content.assigned):
        surveyor = surveyors.get(entry.zone.partition("/")[0])
        if surveyor is None or entry.zone not in surveyor.zones:
            message = not_one_of(entry.zone, "a zone of any site", known)
            problems.append(Problem(("assigned", index, "zone"), message, file))
            continue
        added |= surveyor.add(file, entry, ("assigned", index))
        problems += surveyor.problems
    return added


class _Surveyor:
    """Goes through one site file and takes down its values and its faults."""

    def __init__(self, file: str, site: str, classes: Mapping[str, KnownClass], sources: Sources) -> None:
        self.zones: dict[str, Zone] = {}
        self.devices: dict[str, Device] = {}
        self.problems: list[Problem] = []
        self._file = file
        self._site = site
        self._classes = classes
        self._sources = sources
        self._seen: dict[tuple[str, str], Path] = {}  # (scope, id) → where it stood first

    def site(self, content: SiteFile) -> Site:
        buildings = []
        for index, entry in enumerate(content.buildings):
            path: Path = ("buildings", index)
            self._once(f"a building of {self._site}", entry.id, path)
            buildings.append(Building(entry.id, titles(entry.title), self._floors(entry, path)))
        holidays = tuple(sorted(set(content.holidays)))
        return Site(content.site, titles(content.title), content.timezone, holidays, tuple(buildings))

    def add(self, file: str, entry: AssignedEntry, path: Path) -> dict[str, Device]:
        """One more device, from another file. Leaves in `problems` those of this device alone."""
        self._file, self.problems, self.devices = file, [], {}
        self._device(entry, self.zones[entry.zone], path)
        return self.devices

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
            source=source_of(entry.source, entry.silent_after is None) if entry.source else None,
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
        if entry.source is not None:
            yield from source_faults(entry.source, known.device_class, self._sources.codecs, (*path, "source"))
            key = (entry.source.codec, entry.source.id)
            first = self._sources.taken.setdefault(key, f"{self._site}/{entry.id}")
            if first != f"{self._site}/{entry.id}":
                yield Problem((*path, "source", "id"), f"{entry.source.id!r} is already the source of {first}")

    def _once(self, what: str, name: str, path: Path) -> None:
        first = self._seen.setdefault((what, name), path)
        if first is not path:
            message = f"{name!r} is already {what}, at {dotted(first)}"
            self.problems.append(Problem((*path, "id"), message, self._file))
