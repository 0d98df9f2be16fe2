"""What a scenario is expected to come to: its incidents, and entries of their timelines, with tolerances.

expects:
  incidents:
    - {incident: fire, zone: 12F-east, level: I, confirmed: true, mandatory: done, commands: {release: 40}}
    - {incident: lift_fault, times: 0}
  timeline:
    - {entry: opened, hazard: fire, zone: 12F-east, at: 58s, tolerance: 10s}
    - {entry: level_raised, hazard: fire, facts: {to: I}, after: opened, within: 30s}
    - {entry: notice_failed, times: 0}
  besides: [device]            # hazards of which others may open; any other incident is a surprise, and a fault

An expectation is judged by what is on the timelines and by how the incidents stand in the end: the same on virtual time
and live. `mode` is that in which the scenario is played, unless the expectation names one.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from rules.file_types import FileModel, Id, Name
from rules.instant import SECOND_MS, DurationMs
from rules.level import Level
from rules.mode import Mode
from rules.reading import Value
from rules.requests import Finding
from rules.timeline import Kind


class Expected(FileModel):
    """Which of the incidents is meant."""

    zone: Id | None = Field(None, description="by its id in the site file")
    device: Id | None = Field(None, description="of an incident: the first that reported it; of an entry: its own")
    mode: Mode | None = Field(None, description="without: the one in which the scenario is played")
    played: Mode | None = Field(
        None, description="judged only where it is played in this mode: shelves and floods are for what is real alone"
    )


class IncidentExpected(Expected):
    """Every incident that fits hazard, zone and device has to be so; what is left out is not looked at."""

    incident: Name = Field(description="the hazard")
    times: int = Field(1, ge=0, le=1_000, description="how many there are; 0: none may be")
    level: Level | None = Field(None, description="the gravest that it reaches")
    confirmed: bool | None = None
    closed: bool | None = None
    finding: Finding | None = Field(None, description="with which a person closed it")
    mandatory: Literal["done", "answered"] | None = Field(
        None, description="its mandatory tasks: all done; or each done or left out with a reason"
    )
    tasks: tuple[Id, ...] = Field((), description="these are done, by their ids in the plan")
    commands: dict[Name, int] = Field({}, description="command → how many devices have carried it out")


class EntryExpected(Expected):
    """An entry that has to be on a timeline; with `times: 0` none may be."""

    entry: Kind
    hazard: Name | None = Field(None, description="of the incident; without: of any, or of none")
    by: str | None = None
    rule: Id | None = None
    facts: dict[Name, Value] = Field({}, description="these have to be so")
    at: DurationMs | None = Field(None, description="since the scenario began")
    tolerance: DurationMs = Field(5 * SECOND_MS, description="of `at`, both ways")
    after: Kind | None = Field(None, description="an earlier entry of the same incident, the first of its kind")
    within: DurationMs | None = Field(None, description="at most so long after it")
    times: int | None = Field(None, ge=0, le=100_000, description="exactly so many; without: one or more")
    times_min: int = Field(1, ge=1, le=100_000)

    @model_validator(mode="after")
    def _one_measure_of_time(self) -> Self:
        if self.at is not None and self.after is not None:
            raise ValueError("at and after in one expectation; expected one of them")
        if self.within is not None and self.after is None:
            raise ValueError("within needs an after: it is counted from there")
        return self


class Expects(FileModel):
    incidents: tuple[IncidentExpected, ...] = ()
    timeline: tuple[EntryExpected, ...] = ()
    besides: tuple[Name, ...] = Field((), description="hazards of which incidents that are not listed may open")
    refused: int = Field(0, ge=0, description="how many requests of its people are refused, as part of the story")
