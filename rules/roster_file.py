"""Roster files: people with their roles, shifts, rota and absences; and how they become a `Roster`.

channels:
  duty-sms: {characters_max: 140}
people:
  - {id: duty-officer-1, name: Duty officer 1, roles: [duty_officer], language: zh, channels: [duty-sms], site: tower-a}
shifts:
  night: {from: "20:00", to: "08:00"}
rota:
  - {role: duty_officer, site: tower-a, people: [duty-officer-1], starts: 2026-11-23, turn: 7d, shift: night}
absences:
  - {person: duty-officer-1, from: 2026-12-24, to: 2026-12-31}     # whole days, the last one included
places:
  tower-a: [lobby-screen]                                          # who lives and works there is told by these
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema, model_validator

from rules.file_types import FileModel, Id, Language, Name, TitleText
from rules.instant import DAY_MS, DurationMs, format_duration
from rules.notice import NoticeBook
from rules.people import DAY_MINUTES, Absence, Channel, Person, Roster, Rota, local_instant
from rules.problem import Problem, dotted
from rules.site import Directory
from rules.site_file import IsoDate, TimeZone
from rules.wording import not_one_of, shown

PEOPLE_MAX = 5_000  # of one file
CHARACTERS_MIN = 40  # fewer say nothing


def _check_time(text: str) -> str:
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", text):
        raise ValueError(f"{shown(text)} is not a time of day; expected HH:MM, 00:00 to 23:59")
    return text


TimeOfDay = Annotated[
    str, AfterValidator(_check_time), WithJsonSchema({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"})
]
Place = Annotated[str, StringConstraints(pattern=r"^\S+$", max_length=200)]
Path = tuple[str | int, ...]


class ChannelEntry(FileModel):
    """A way to reach people. Its address stands in the gateway's channels file, under the same name."""

    exercise: bool = Field(False, description="messages of an exercise go out by it")
    characters_max: int | None = Field(None, ge=CHARACTERS_MIN, le=4_000, description="of a message; 70: one SMS")


class PersonEntry(FileModel):
    id: Id
    name: TitleText
    roles: list[Name] = Field(min_length=1, max_length=20)
    language: Language = "en"
    channels: list[Id] = Field(min_length=1, max_length=5, description="first choice first; the next is the fallback")
    site: Id | None = Field(None, description="without it: all sites")


class ShiftEntry(FileModel):
    """Local time. Where `to` is not after `from` it is on the next day."""

    from_: TimeOfDay = Field(alias="from")
    to: TimeOfDay


class RotaEntry(FileModel):
    role: Name
    site: Id | None = None
    people: list[Id] = Field(min_length=1, max_length=100, description="in the order of their turns")
    starts: IsoDate = Field(description="the first day of the first person's turn")
    turn: DurationMs = Field(7 * DAY_MS, description="how long a turn is: whole days")
    shift: Name | None = Field(None, description="of `shifts`; without it: the whole day")

    @model_validator(mode="after")
    def _whole_days(self) -> Self:
        if self.turn < DAY_MS or self.turn % DAY_MS:
            raise ValueError(f"a turn of {format_duration(self.turn)}; expected whole days, e.g. 1d or 7d")
        return self


class AbsenceEntry(FileModel):
    person: Id
    from_: IsoDate = Field(alias="from")
    to: IsoDate = Field(description="the last day of it")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.to < self.from_:
            raise ValueError(f"ends on {self.to}, before it begins on {self.from_}")
        return self


class RosterFile(FileModel):
    timezone: TimeZone | None = Field(None, description="of people without a site; default: that of all sites")
    channels: dict[Id, ChannelEntry] = Field({}, max_length=200)
    people: list[PersonEntry] = Field([], max_length=PEOPLE_MAX)
    shifts: dict[Name, ShiftEntry] = Field({}, max_length=50)
    rota: list[RotaEntry] = Field([], max_length=500)
    absences: list[AbsenceEntry] = Field([], max_length=5_000)
    places: dict[Place, list[Id]] = Field(
        {}, max_length=1_000, description="place → channels of its occupants' notices"
    )


def build_roster(
    files: Mapping[str, RosterFile], directory: Directory, notices: NoticeBook
) -> tuple[Roster | None, list[Problem]]:
    """File name → content, to everything that stands in them. With any problem there is no roster.

    Sites are looked at only where there are any: a roster can be checked by itself.
    """
    desk = _Clerk(files, directory)
    for file, content in files.items():
        desk.take(file, content)
    for file, content in files.items():
        desk.relate(file, content)
    if desk.problems:
        return None, desk.problems
    return Roster(
        people=desk.people,
        rota=tuple(desk.rota),
        absences=tuple(desk.absences),
        timezone=desk.timezone or "UTC",
        channels=desk.channels,
        places=desk.places,
        notices=notices,
    ), []


def without_people(roster: Roster, roles: Iterable[str]) -> list[str]:
    """Those of the roles that nobody in the roster has: a message to them goes to the whole team instead."""
    had = {role for person in roster.people.values() for role in person.roles}
    return [role for role in dict.fromkeys(roles) if role not in had]


class _Clerk:
    """Goes through the files twice: what there is, then what it refers to."""

    def __init__(self, files: Mapping[str, RosterFile], directory: Directory) -> None:
        self.people: dict[str, Person] = {}
        self.rota: list[Rota] = []
        self.absences: list[Absence] = []
        self.channels: dict[str, Channel] = {}
        self.places: dict[str, tuple[str, ...]] = {}
        self.problems: list[Problem] = []
        self._shifts: dict[str, ShiftEntry] = {}
        self._directory = directory
        self._homes: dict[tuple[str, str], tuple[str, Path]] = {}
        self._standing: dict[tuple[str, str | None, str | None, str], tuple[str, Path]] = {}  # in a rota → first where
        zones = {site.timezone for site in directory.sites.values()}
        named = next((content.timezone for content in files.values() if content.timezone), None)
        self.timezone = named or (zones.pop() if len(zones) == 1 else None)

    def take(self, file: str, content: RosterFile) -> None:
        for name, channel in content.channels.items():
            self._once("channel", name, file, ("channels", name))
            self.channels[name] = Channel(channel.exercise, channel.characters_max)
        for name, shift in content.shifts.items():
            self._once("shift", name, file, ("shifts", name))
            self._shifts[name] = shift
        for index, person in enumerate(content.people):
            self._once("person", person.id, file, ("people", index, "id"))
            self.people[person.id] = Person(
                person.id, person.name, tuple(person.roles), person.language, tuple(person.channels), person.site
            )

    def relate(self, file: str, content: RosterFile) -> None:
        found: list[Problem] = []
        for index, person in enumerate(content.people):
            found += self._person(("people", index), person)
        for index, rota in enumerate(content.rota):
            found += self._rota(file, ("rota", index), rota)
        for index, absence in enumerate(content.absences):
            found += self._absence(("absences", index), absence)
        for name, channels in content.places.items():
            self._once("place", name, file, ("places", name))
            found += self._place(("places", name), name)
            found += _known(("places", name), channels, "a channel", self.channels)
            self.places[name] = tuple(channels)
        self.problems += (problem._replace(file=file) for problem in found)

    def _person(self, path: Path, person: PersonEntry) -> Iterator[Problem]:
        yield from self._site((*path, "site"), person.site)
        yield from _known((*path, "channels"), person.channels, "a channel", self.channels)

    def _rota(self, file: str, path: Path, rota: RotaEntry) -> Iterator[Problem]:
        yield from self._site((*path, "site"), rota.site)
        roles = sorted({role for person in self.people.values() for role in person.roles})
        if rota.role not in roles:
            yield Problem((*path, "role"), not_one_of(rota.role, "a role of anybody here", roles))
            return
        yield from _known((*path, "people"), rota.people, "a person", self.people)
        for index, id in enumerate(rota.people):
            place = (*path, "people", index)
            person = self.people.get(id)
            if person is not None and rota.role not in person.roles:
                yield Problem(place, f"{id!r} does not have the role {rota.role} ({', '.join(person.roles)})")
            first = self._standing.setdefault((rota.role, rota.site, rota.shift, id), (file, path))
            if first != (file, path):
                there = dotted(first[1]) if first[0] == file else f"{first[0]} {dotted(first[1])}"
                yield Problem(place, f"{id!r} stands in {there} as well, for the same role, site and shift")
            if person is not None and rota.site and person.site and person.site != rota.site:
                yield Problem(place, f"{id!r} belongs to {person.site}, this is the rota of {rota.site}")
        if rota.shift is not None and rota.shift not in self._shifts:
            yield Problem((*path, "shift"), not_one_of(rota.shift, "a shift", list(self._shifts)))
            return
        shift = self._shifts.get(rota.shift or "")
        minutes = (_minutes(shift.from_), _minutes(shift.to)) if shift else (0, DAY_MINUTES)
        people = tuple(rota.people)
        self.rota.append(Rota(rota.role, rota.site, people, rota.starts, rota.turn // DAY_MS, *minutes))

    def _absence(self, path: Path, absence: AbsenceEntry) -> Iterator[Problem]:
        if absence.person not in self.people:
            yield Problem((*path, "person"), not_one_of(absence.person, "a person", list(self.people)))
            return
        site = self._directory.sites.get(self.people[absence.person].site or "")
        timezone = site.timezone if site else self.timezone
        if timezone is None:
            yield Problem(
                path, f"{absence.person!r} has no site whose time it could be; expected `timezone` in the file"
            )
            return
        zone = ZoneInfo(timezone)
        since = local_instant(date.fromisoformat(absence.from_), 0, zone)
        until = local_instant(date.fromisoformat(absence.to), DAY_MINUTES, zone)
        for other in self.absences:
            if other.person == absence.person and other.since < until and since < other.until:
                yield Problem(path, f"overlaps with another absence of {absence.person!r}; expected one for each time")
        self.absences.append(Absence(absence.person, since, until))

    def _site(self, path: Path, site: str | None) -> Iterator[Problem]:
        sites = self._directory.sites
        if site is not None and sites and site not in sites:
            yield Problem(path, not_one_of(site, "a site", list(sites)))

    def _place(self, path: Path, name: str) -> Iterator[Problem]:
        places = _places(self._directory)
        if places and name not in places:
            yield Problem(path, not_one_of(name, "a site, building, floor or zone", places))

    def _once(self, what: str, name: str, file: str, path: Path) -> None:
        home, first = self._homes.setdefault((what, name), (file, path))
        if (home, first) != (file, path):
            there = f"at {dotted(first)}" if home == file else f"in {home}"
            self.problems.append(Problem(path, f"{shown(name)} is already a {what}, {there}", file))


def _known(path: Path, names: list[str], what: str, known: Mapping[str, object]) -> Iterator[Problem]:
    for index, name in enumerate(names):
        if name not in known:
            yield Problem((*path, index), not_one_of(name, what, list(known)))


def _places(directory: Directory) -> list[str]:
    """As `rules.places.place` names them, from the largest to the smallest."""
    buildings = [(site.id, building) for site in directory.sites.values() for building in site.buildings]
    return [
        *directory.sites,
        *(f"{site}/{building.id}" for site, building in buildings),
        *(f"{site}/{building.id}/{floor.id}" for site, building in buildings for floor in building.floors),
        *directory.zones,
    ]


def _minutes(time: str) -> int:
    hours, minutes = time.split(":")
    return int(hours) * 60 + int(minutes)
