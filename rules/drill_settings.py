"""What plan files may set about drills: what breaks through, how they are scored, which are due when."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from rules.file_types import FileModel, Id, Name, Titles
from rules.instant import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, DurationMs
from rules.signal import Signal

Percent = Annotated[int, Field(ge=1, le=100)]
Points = Annotated[float, Field(ge=0, le=100)]


class Required(FileModel):
    """A drill that has to be held; one that made an incident of any of the hazards is one."""

    id: Id
    title: Titles
    hazards: list[Name] = Field(min_length=1, max_length=50)
    every: DurationMs = Field(365 * DAY_MS, ge=DAY_MS, le=3 * 366 * DAY_MS)
    sites: list[Id] = Field([], max_length=1_000, description="empty: every site with devices for one of the hazards")


REQUIRED = [  # at least once a year each: property-management norm (confidence high)
    Required.model_validate({"id": "fire", "title": {"en": "Fire", "zh": "火灾"}, "hazards": ["fire"]}),
    Required.model_validate(
        {"id": "power-outage", "title": {"en": "Power outage", "zh": "停电"}, "hazards": ["power_outage"]}
    ),
    Required.model_validate(
        {
            "id": "lift-fault",
            "title": {"en": "Lift fault", "zh": "电梯故障"},
            "hazards": ["lift_fault", "lift_entrapment"],
        }
    ),
]


class Calendar(FileModel):
    required: list[Required] = Field(
        REQUIRED,
        max_length=100,
        description="fire, power outage, lift fault at least once a year: property-management norm (confidence high)",
    )
    remind_every: DurationMs = Field(
        30 * DAY_MS, ge=DAY_MS, le=366 * DAY_MS, description="an overdue drill is a trouble again after this (ours)"
    )


class Weights(FileModel):
    """Points a line of the score sheet gives; done late it gives half (ours)."""

    detect: Points = 1.0
    acknowledge: Points = 2.0
    respond: Points = 2.0
    control: Points = 2.0
    order: Points = 1.0
    mandatory_task: Points = 2.0
    liaison: Points = 1.0
    information: Points = 1.0
    close: Points = 1.0


class Scoring(FileModel):
    pass_percent: Percent = Field(80, description="fewer, or anything mandatory left undone: retrain (ours)")
    theory_pass_percent: Percent = Field(80, description="of the points of a plan's questions (ours)")
    detect_within: DurationMs = Field(
        3 * MINUTE_MS, ge=SECOND_MS, description="from when something happens to its first entry (ours)"
    )
    control_within: DurationMs = Field(
        3 * SECOND_MS, ge=1, description="linkage after its condition: GB 50166-2019 4.1.3 (confidence high)"
    )
    inform_within: DurationMs = Field(
        10 * SECOND_MS, ge=1, description="fire information leaves the control room: GB 25506-2010 (confidence high)"
    )
    weights: Weights = Weights()


class DrillSettings(FileModel):
    suspended_by: list[Signal] = Field(
        [Signal.ALARM],
        max_length=3,
        description="real incidents of these signals suspend a drill of their site; []: it goes on beside them (ours)",
    )
    suspended_at_most: DurationMs = Field(
        4 * HOUR_MS, ge=MINUTE_MS, le=DAY_MS, description="a drill suspended for longer is aborted (ours)"
    )
    only_started: bool = Field(
        False, description="what comes on the exercise tree raises something only while a drill is on (ours)"
    )
    scoring: Scoring = Scoring()
    calendar: Calendar = Calendar()
