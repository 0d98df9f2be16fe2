"""Scenario files: what happens in a building and when, and what people do about it.

scenario: fire-on-12f
title: {en: A fire on the 12th floor, zh: 12层火灾}
seed: 1                      # of the devices' noise, the traffic, the nameplates
starts: "14:30"              # the local time at which it begins, on a working day
lasts: 5min                  # it is over then, whatever is left to do
happens:
  - {at: 10s, fire: 12F-east, growth: medium, smoulders: 30s, put_out_after: 80s}
  - {at: 1min, fault: entrapment, device: lift-2, lasts: 10min}
people:
  - {when: opened, wait: 6s, does: acknowledge, by: duty officer}
  - {when: normal, wait: 5s, does: resolve, by: duty officer, finding: real, cause: …}

A person acts once, on the first incident (of `hazard`, in `zone`, where given) that comes to be what `when` says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Discriminator, Field, Tag, WithJsonSchema

from gateway.files import Document, locate, read_file, validate
from rules.file_types import FileModel, Id, Name, Titles
from rules.instant import DAY_MS, MINUTE_MS, DurationMs, Instant, format_duration
from rules.problem import Problem
from rules.requests import TEXT_CHARACTERS_MAX, Finding
from rules.site import Directory
from rules.wording import not_one_of
from simulators.fire import Fire, Growth
from simulators.scene import Disturbance, Fault, Scene, layout

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)  # scenes play on a working day, always the same one
LASTS_MS_MAX = 7 * DAY_MS
Text = Annotated[str, Field(min_length=1, max_length=TEXT_CHARACTERS_MAX)]


def _check_clock(text: str) -> str:
    try:
        datetime.strptime(text, "%H:%M")  # noqa: DTZ007 - a time of day has no zone
    except ValueError:
        raise ValueError(f'{text!r} is not a time of day; expected hours and minutes, e.g. "14:30"') from None
    return text


Clock = Annotated[str, AfterValidator(_check_clock), WithJsonSchema({"type": "string", "pattern": r"^\d{1,2}:\d{2}$"})]


class FireStarts(FileModel):
    at: DurationMs
    fire: Id = Field(description="the zone, by its id in the site file")
    growth: Growth = Growth.MEDIUM
    smoulders: DurationMs = Field(0, description="before it flames")
    put_out_after: DurationMs | None = Field(None, description="from its start; without it burns to the end")
    peak_kw: float = Field(2_000.0, gt=20, le=50_000)


class FaultStarts(FileModel):
    at: DurationMs
    fault: Fault
    device: Id = Field(description="by its id in the site file")
    lasts: DurationMs | None = Field(None, description="without, to the end")


class _Act(FileModel):
    """`when`: opened, acknowledged, confirmed (or a level I that needed none), normal (its sources are again)."""

    when: Literal["opened", "acknowledged", "confirmed", "normal"]
    wait: DurationMs = 0
    by: Text = Field(description="a role, e.g. duty officer")
    hazard: Name | None = None
    zone: Id | None = None


class Acknowledges(_Act):
    does: Literal["acknowledge"]
    note: Annotated[str, Field(max_length=TEXT_CHARACTERS_MAX)] = ""


class Notes(_Act):
    does: Literal["note"]
    text: Text


class Resolves(_Act):
    does: Literal["resolve"]
    finding: Finding = Finding.REAL
    cause: Text
    note: Annotated[str, Field(max_length=TEXT_CHARACTERS_MAX)] = ""


def _what(value: Any) -> str:
    written = value if isinstance(value, dict) else vars(value)
    return "a fire" if "fire" in written else "a fault"


Happens = Annotated[Annotated[FireStarts, Tag("a fire")] | Annotated[FaultStarts, Tag("a fault")], Discriminator(_what)]
Act = Annotated[Acknowledges | Notes | Resolves, Discriminator("does")]


class Scenario(FileModel):
    scenario: Id
    title: Titles
    seed: int = Field(1, ge=0, le=2**53)
    starts: Clock = "10:00"
    lasts: Annotated[DurationMs, Field(le=LASTS_MS_MAX)] = 10 * MINUTE_MS
    happens: tuple[Happens, ...] = ()
    people: tuple[Act, ...] = ()


def read_scenario(name_or_path: str | Path) -> tuple[Scenario | None, list[Problem]]:
    """A shipped scenario by its name, or any by its path (what ends in .yaml); and all that is wrong with it.

    Raises OSError for a path that cannot be opened, LookupError for a name that is not shipped.
    """
    document = _document(name_or_path)
    scenario, problems = validate(Scenario, document)
    if scenario is not None:
        problems += locate(_too_late(scenario), document)
    return scenario, problems


def shipped() -> list[str]:
    """The names of the scenarios that come with the product."""
    return sorted(each.name.removesuffix(".yaml") for each in _folder().iterdir() if each.name.endswith(".yaml"))


def find_faults(scenario: Scenario, directory: Directory, site: str) -> list[Problem]:
    """What the scenario names and the site does not have. Paths without lines: see `gateway.files.locate`."""
    zones = [zone.name for zone in directory.zones.values() if zone.site == site]
    devices = [device.name for device in directory.devices.values() if device.site == site]
    return [*_missing(scenario.happens, set(zones), set(devices), site), *_absent_zones(scenario, zones, site)]


def scene_of(scenario: Scenario, directory: Directory, site: str) -> tuple[Scene, Instant]:
    """The scenario in a site of the directory, and the instant at which it begins."""
    zone = ZoneInfo(directory.sites[site].timezone)
    hours, minutes = map(int, scenario.starts.split(":"))
    local = MONDAY.replace(tzinfo=zone) + timedelta(hours=hours, minutes=minutes)
    begins = round(local.timestamp() * 1000)
    offset = local.utcoffset() or timedelta()
    disturbances: dict[str, tuple[Disturbance, ...]] = {}
    for each in scenario.happens:
        if isinstance(each, FaultStarts):
            device, since = f"{site}/{each.device}", begins + each.at
            until = None if each.lasts is None else since + each.lasts
            disturbances[device] = (*disturbances.get(device, ()), Disturbance(each.fault, device, since, until))
    scene = Scene(
        seed=scenario.seed,
        layout=layout([directory.sites[site]]),
        utc_offset_ms=round(offset.total_seconds() * 1000),
        fires=tuple(_fire(each, site, begins) for each in scenario.happens if isinstance(each, FireStarts)),
        disturbances=disturbances,
    )
    return scene, begins


def _fire(starts: FireStarts, site: str, begins: Instant) -> Fire:
    since = begins + starts.at
    until = None if starts.put_out_after is None else since + starts.put_out_after
    return Fire(f"{site}/{starts.fire}", since, starts.growth, starts.smoulders / 1000, until, starts.peak_kw)


def _missing(happens: Iterable[Happens], zones: set[str], devices: set[str], site: str) -> Iterator[Problem]:
    for index, each in enumerate(happens):
        if isinstance(each, FireStarts) and each.fire not in zones:
            yield Problem(("happens", index, "fire"), not_one_of(each.fire, f"a zone of {site}", sorted(zones)))
        if isinstance(each, FaultStarts) and each.device not in devices:
            yield Problem(("happens", index, "device"), not_one_of(each.device, f"a device of {site}", sorted(devices)))


def _too_late(scenario: Scenario) -> Iterator[Problem]:
    for index, each in enumerate(scenario.happens):
        if each.at >= scenario.lasts:
            over = f"the scenario lasts {format_duration(scenario.lasts)}"
            yield Problem(("happens", index, "at"), f"{format_duration(each.at)} never comes: {over}")


def _absent_zones(scenario: Scenario, zones: list[str], site: str) -> Iterator[Problem]:
    for index, act in enumerate(scenario.people):
        if act.zone is not None and act.zone not in zones:
            yield Problem(("people", index, "zone"), not_one_of(act.zone, f"a zone of {site}", sorted(zones)))


def locate_faults(name_or_path: str | Path, scenario: Scenario, directory: Directory, site: str) -> list[Problem]:
    """`find_faults` with file and lines."""
    return locate(find_faults(scenario, directory, site), _document(name_or_path))


def _document(name_or_path: str | Path) -> Document:
    if str(name_or_path).endswith(".yaml"):
        return read_file(Path(name_or_path))
    if name_or_path not in shipped():
        raise LookupError(not_one_of(str(name_or_path), "a shipped scenario", shipped()))
    return read_file(Path(str(_folder() / f"{name_or_path}.yaml")), f"{name_or_path}.yaml")


def _folder() -> Any:
    return files("simulators") / "scenarios"
