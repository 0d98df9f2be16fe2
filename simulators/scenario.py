"""Scenario files: what happens in a building and when, and what people do about it.

scenario: fire-on-12f
title: {en: A fire on the 12th floor, zh: 12层火灾}
seed: 1                      # of the devices' noise, the traffic, the nameplates
starts: "14:30"              # the local time at which it begins, on a working day
lasts: 5min                  # it is over then, whatever is left to do
happens:                                                          # see `happens`
  - {at: 10s, fire: 12F-east, growth: medium, smoulders: 30s, put_out_after: 80s}
people:                                                           # see `acts`
  - {when: opened, wait: 6s, does: acknowledge, by: duty-officer}
  - {when: normal, wait: 5s, does: resolve, by: duty-officer, finding: real, cause: …}
expects:                                                          # see `expect`
  incidents: [{incident: fire, level: I, closed: true}]
  timeline: [{entry: confirmed, hazard: fire, at: 70s, tolerance: 10s}]
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, WithJsonSchema

from gateway.files import Document, locate, read_file, validate
from rules.file_types import FileModel, Id, Titles
from rules.instant import DAY_MS, MINUTE_MS, DurationMs, Instant, format_duration
from rules.mode import Mode
from rules.problem import Problem
from rules.site import Directory
from rules.wording import not_one_of
from simulators.acts import BEGUN, WITHOUT_INCIDENT, Act
from simulators.expect import Expects
from simulators.happens import FaultStarts, FireStarts, Happens, InMode
from simulators.scene import Disturbance, Scene, layout

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)  # scenes play on a working day, always the same one
LASTS_MS_MAX = 7 * DAY_MS


def _check_clock(text: str) -> str:
    try:
        datetime.strptime(text, "%H:%M")  # noqa: DTZ007 - a time of day has no zone
    except ValueError:
        raise ValueError(f'{text!r} is not a time of day; expected hours and minutes, e.g. "14:30"') from None
    return text


Clock = Annotated[str, AfterValidator(_check_clock), WithJsonSchema({"type": "string", "pattern": r"^\d{1,2}:\d{2}$"})]


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
    document = document_of(name_or_path)
    scenario, problems = validate(Scenario, document)
    if scenario is not None:
        problems += locate([*_too_late(scenario), *_not_begun(scenario)], document)
    return scenario, problems


def shipped() -> list[str]:
    """The names of the scenarios that come with the product."""
    return sorted(each.name.removesuffix(".yaml") for each in _folder().iterdir() if each.name.endswith(".yaml"))


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
            for wrong in each.disturbances(site, begins, directory.devices.values(), scenario.seed):
                disturbances[wrong.device] = (*disturbances.get(wrong.device, ()), wrong)
    shape = layout([directory.sites[site]], directory.devices.values())
    scene = Scene(
        seed=scenario.seed,
        layout=shape,
        utc_offset_ms=round(offset.total_seconds() * 1000),
        fires=tuple(
            fire for each in happens if isinstance(each, FireStarts) for fire in each.fires(site, begins, shape)
        ),
        disturbances=disturbances,
    )
    return scene, begins


def _too_late(scenario: Scenario) -> Iterator[Problem]:
    for index, each in enumerate(scenario.happens):
        if each.at >= scenario.lasts:
            over = f"the scenario lasts {format_duration(scenario.lasts)}"
            yield Problem(("happens", index, "at"), f"{format_duration(each.at)} never comes: {over}")


def _not_begun(scenario: Scenario) -> Iterator[Problem]:
    for index, act in enumerate(scenario.people):
        if act.when == BEGUN and not isinstance(act, WITHOUT_INCIDENT):
            yield Problem(("people", index, "when"), f"{act.does} needs an incident; expected opened, say")


def document_of(name_or_path: str | Path) -> Document:
    """The text of a scenario with its lines. Raises as `read_scenario`."""
    if str(name_or_path).endswith(".yaml"):
        return read_file(Path(name_or_path))
    if name_or_path not in shipped():
        raise LookupError(not_one_of(str(name_or_path), "a shipped scenario", shipped()))
    return read_file(Path(str(_folder() / f"{name_or_path}.yaml")), f"{name_or_path}.yaml")


def _folder() -> Any:
    return files("simulators") / "scenarios"
