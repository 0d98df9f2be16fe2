"""Scenario files: what happens in a building and when, and what people do about it.

scenario: fire-on-12f
title: {en: A fire on the 12th floor, zh: 12层火灾}
seed: 1                      # of the devices' noise, the traffic, the nameplates
starts: "14:30"              # the local time at which it begins, on a working day
lasts: 5min                  # it is over then, whatever is left to do
happens:
  - {at: 10s, fire: 12F-east, growth: medium, smoulders: 30s, put_out_after: 80s}
  - {at: 1min, fault: entrapment, device: lift-2, lasts: 10min}
  - {at: 0s, undelivered: sms, lasts: 5min}                       # a channel that takes nothing
people:                                                           # see `acts`
  - {when: opened, wait: 6s, does: acknowledge, by: duty-officer}
  - {when: normal, wait: 5s, does: resolve, by: duty-officer, finding: real, cause: …}
expects:                                                          # see `expect`
  incidents: [{incident: fire, level: I, closed: true}]
  timeline: [{entry: confirmed, hazard: fire, at: 70s, tolerance: 10s}]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Discriminator, Field, Tag, WithJsonSchema

from gateway.files import Document, locate, read_file, validate
from rules.file_types import FileModel, Id, Titles
from rules.instant import DAY_MS, MINUTE_MS, DurationMs, Instant, format_duration
from rules.mode import Mode
from rules.people import Roster
from rules.problem import Problem
from rules.response_plan import PlanBook
from rules.site import Directory
from rules.wording import not_one_of
from simulators.acts import BEGUN, WITHOUT_INCIDENT, Act, Commands, OfTask, OpensOrder, Shelves
from simulators.expect import Expects
from simulators.fire import Fire, Growth
from simulators.scene import Disturbance, Fault, Scene, layout

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)  # scenes play on a working day, always the same one
LASTS_MS_MAX = 7 * DAY_MS


def _check_clock(text: str) -> str:
    try:
        datetime.strptime(text, "%H:%M")  # noqa: DTZ007 - a time of day has no zone
    except ValueError:
        raise ValueError(f'{text!r} is not a time of day; expected hours and minutes, e.g. "14:30"') from None
    return text


Clock = Annotated[str, AfterValidator(_check_clock), WithJsonSchema({"type": "string", "pattern": r"^\d{1,2}:\d{2}$"})]


class InMode(FileModel):
    at: DurationMs
    mode: Mode | None = Field(None, description="without: the one in which the scenario is played")


class FireStarts(InMode):
    fire: Id = Field(description="the zone, by its id in the site file")
    growth: Growth = Growth.MEDIUM
    smoulders: DurationMs = Field(0, description="before it flames")
    put_out_after: DurationMs | None = Field(None, description="from its start; without it burns to the end")
    peak_kw: float = Field(2_000.0, gt=20, le=50_000)


class FaultStarts(InMode):
    fault: Fault
    device: Id = Field(description="by its id in the site file")
    lasts: DurationMs | None = Field(None, description="without, to the end")


class DeliveryFails(FileModel):
    """A channel or an authority takes nothing. Played on virtual time alone: live, nobody can break it."""

    at: DurationMs
    undelivered: Id = Field(description="the channel, by its id in the roster; or the authority")
    lasts: DurationMs | None = Field(None, description="without, to the end")


def _what(value: Any) -> str:
    written = value if isinstance(value, dict) else vars(value)
    return "a fire" if "fire" in written else "a delivery" if "undelivered" in written else "a fault"


Happens = Annotated[
    Annotated[FireStarts, Tag("a fire")]
    | Annotated[FaultStarts, Tag("a fault")]
    | Annotated[DeliveryFails, Tag("a delivery")],
    Discriminator(_what),
]


class Scenario(FileModel):
    scenario: Id
    title: Titles
    seed: int = Field(1, ge=0, le=2**53)
    starts: Clock = "10:00"
    lasts: Annotated[DurationMs, Field(le=LASTS_MS_MAX)] = 10 * MINUTE_MS
    happens: tuple[Happens, ...] = ()
    people: tuple[Act, ...] = ()
    expects: Expects | None = Field(None, description="what it is to come to; without, nothing is judged")


def read_scenario(name_or_path: str | Path) -> tuple[Scenario | None, list[Problem]]:
    """A shipped scenario by its name, or any by its path (what ends in .yaml); and all that is wrong with it.

    Raises OSError for a path that cannot be opened, LookupError for a name that is not shipped.
    """
    document = _document(name_or_path)
    scenario, problems = validate(Scenario, document)
    if scenario is not None:
        problems += locate([*_too_late(scenario), *_not_begun(scenario)], document)
    return scenario, problems


def shipped() -> list[str]:
    """The names of the scenarios that come with the product."""
    return sorted(each.name.removesuffix(".yaml") for each in _folder().iterdir() if each.name.endswith(".yaml"))


def find_faults(
    scenario: Scenario,
    directory: Directory,
    site: str,
    plans: PlanBook | None = None,
    roster: Roster | None = None,
) -> list[Problem]:
    """What the scenario names and the site (the plans, the roster) does not have; without these they are not looked
    at. Paths without lines: see `gateway.files.locate`."""
    zones = [zone.name for zone in directory.zones.values() if zone.site == site]
    devices = [device.name for device in directory.devices.values() if device.site == site]
    return [
        *_missing(scenario.happens, set(zones), set(devices), site),
        *_absent_places(scenario, zones, devices, site),
        *(_absent_tasks(scenario, plans) if plans is not None else ()),
        *(_absent_people(scenario, roster) if roster is not None and roster.people else ()),
    ]


def modes_of(scenario: Scenario, played: Mode) -> list[Mode]:
    """In which modes anything happens when it is played in one: the actual building is always there."""
    named = [each.mode for each in scenario.happens if isinstance(each, InMode) and each.mode is not None]
    return list(dict.fromkeys((played, Mode.ACTUAL, *named)))


def scene_of(
    scenario: Scenario, directory: Directory, site: str, played: Mode = Mode.ACTUAL, mode: Mode | None = None
) -> tuple[Scene, Instant]:
    """The scenario in a site of the directory, and the instant at which it begins. `mode`: what happens in it alone,
    where it is another than the one in which the scenario is played."""
    happens = [each for each in scenario.happens if isinstance(each, InMode)]
    happens = [each for each in happens if (each.mode or played) is (mode or played)]
    zone = ZoneInfo(directory.sites[site].timezone)
    hours, minutes = map(int, scenario.starts.split(":"))
    local = MONDAY.replace(tzinfo=zone) + timedelta(hours=hours, minutes=minutes)
    begins = round(local.timestamp() * 1000)
    offset = local.utcoffset() or timedelta()
    disturbances: dict[str, tuple[Disturbance, ...]] = {}
    for each in happens:
        if isinstance(each, FaultStarts):
            device, since = f"{site}/{each.device}", begins + each.at
            until = None if each.lasts is None else since + each.lasts
            disturbances[device] = (*disturbances.get(device, ()), Disturbance(each.fault, device, since, until))
    scene = Scene(
        seed=scenario.seed,
        layout=layout([directory.sites[site]], directory.devices.values()),
        utc_offset_ms=round(offset.total_seconds() * 1000),
        fires=tuple(_fire(each, site, begins) for each in happens if isinstance(each, FireStarts)),
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


def _not_begun(scenario: Scenario) -> Iterator[Problem]:
    for index, act in enumerate(scenario.people):
        if act.when == BEGUN and not isinstance(act, WITHOUT_INCIDENT):
            yield Problem(("people", index, "when"), f"{act.does} needs an incident; expected opened, say")


def _absent_places(scenario: Scenario, zones: list[str], devices: list[str], site: str) -> Iterator[Problem]:
    for index, act in enumerate(scenario.people):
        if act.zone is not None and act.zone not in zones:
            yield Problem(("people", index, "zone"), not_one_of(act.zone, f"a zone of {site}", sorted(zones)))
        if isinstance(act, Commands | OpensOrder | Shelves) and act.device not in devices:
            yield Problem(("people", index, "device"), not_one_of(act.device, f"a device of {site}", sorted(devices)))


def _absent_tasks(scenario: Scenario, plans: PlanBook) -> Iterator[Problem]:
    for index, act in enumerate(scenario.people):
        if isinstance(act, OfTask):
            of = [plan for plan in plans.plans.values() if act.hazard in (None, plan.hazard)]
            tasks = sorted({step.id for plan in of for step in plan.steps if step.task})
            if act.task not in tasks:
                where = f"a task of the plan for {act.hazard}" if act.hazard else "a task of any plan"
                yield Problem(("people", index, "task"), not_one_of(act.task, where, tasks))


def _absent_people(scenario: Scenario, roster: Roster) -> Iterator[Problem]:
    for index, act in enumerate(scenario.people):
        person = roster.people.get(act.by)
        if person is None:
            yield Problem(("people", index, "by"), not_one_of(act.by, "a person of the roster", sorted(roster.people)))
        elif act.role and act.role not in person.roles:
            has = f"{act.by} does not have the role {act.role} ({', '.join(person.roles)})"
            yield Problem(("people", index, "role"), has)
    known = {*roster.channels, *roster.notices.authorities}
    for index, each in enumerate(scenario.happens):
        if isinstance(each, DeliveryFails) and each.undelivered not in known:
            which = not_one_of(each.undelivered, "a channel or an authority", sorted(known))
            yield Problem(("happens", index, "undelivered"), which)


def locate_faults(
    name_or_path: str | Path,
    scenario: Scenario,
    directory: Directory,
    site: str,
    plans: PlanBook | None = None,
    roster: Roster | None = None,
) -> list[Problem]:
    """`find_faults` with file and lines."""
    return locate(find_faults(scenario, directory, site, plans, roster), _document(name_or_path))


def _document(name_or_path: str | Path) -> Document:
    if str(name_or_path).endswith(".yaml"):
        return read_file(Path(name_or_path))
    if name_or_path not in shipped():
        raise LookupError(not_one_of(str(name_or_path), "a shipped scenario", shipped()))
    return read_file(Path(str(_folder() / f"{name_or_path}.yaml")), f"{name_or_path}.yaml")


def _folder() -> Any:
    return files("simulators") / "scenarios"
