"""What plan files may set about keeping quiet and about alarm discipline. Every number has its source."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from rules.file_types import FileModel, Name
from rules.instant import DAY_MS, HOUR_MS, MINUTE_MS, DurationMs

FIRE_AND_GAS = ["smoke_detector", "heat_detector", "manual_call_point", "gas_detector"]


class ShelvingSettings(FileModel):
    """How long, and by how many people, alarms may be kept quiet. OPC UA Part 9 5.8.17 wants a maximum per alarm and
    that it can always be ended (confidence high); the figures are ours where nothing else is said."""

    at_most: DurationMs = Field(8 * HOUR_MS, ge=MINUTE_MS, le=30 * DAY_MS, description="a shift (ours)")
    life_safety_at_most: DurationMs = Field(
        4 * HOUR_MS,
        ge=MINUTE_MS,
        le=DAY_MS,
        description="alarms of life-safety classes, maintenance too: out of service for more than 4 h in 24 h wants a "
        "fire watch, NFPA 101 9.6.1.6 (confidence low)",
    )
    maintenance_at_most: DurationMs = Field(
        12 * HOUR_MS, ge=MINUTE_MS, le=30 * DAY_MS, description="a maintenance window, a working day (ours)"
    )
    at_most_of: dict[Name, DurationMs] = Field(
        {}, max_length=500, description="by device class, instead of the three above"
    )
    two_persons: list[Name] = Field(
        FIRE_AND_GAS, max_length=100, description="alarms of these device classes need a second person (ours)"
    )


class InhibitionSettings(FileModel):
    grace: DurationMs = Field(
        5 * MINUTE_MS,
        le=HOUR_MS,
        description="so long after the cause has ended its consequences stay quiet: Tasmota meters report every 5 min "
        "by default (confidence high), until then a device is still silent (ours)",
    )


class ChatteringSettings(FileModel):
    times: int = Field(3, ge=2, le=100, description="on and off again so often: ISA-18.2 practice (confidence high)")
    within: DurationMs = Field(MINUTE_MS, ge=1_000, le=HOUR_MS, description="ISA-18.2 practice (confidence high)")
    quiet_for: DurationMs = Field(
        5 * MINUTE_MS, ge=1_000, le=DAY_MS, description="over when it has not changed for so long (ours)"
    )


class FloodSettings(FileModel):
    """Per site: a site has one operator's desk."""

    above: int = Field(
        10, ge=1, le=1_000, description="more within 10 min: a flood; ISA-18.2, IEC 62682 (confidence high)"
    )
    below: int = Field(5, ge=1, le=1_000, description="fewer within 10 min: over; ISA-18.2 (confidence medium)")
    within: DurationMs = Field(10 * MINUTE_MS, ge=1_000, le=DAY_MS, description="ISA-18.2 (confidence high)")

    @model_validator(mode="after")
    def _ends_below(self) -> Self:
        if self.below > self.above:
            raise ValueError(f"below {self.below}, above {self.above}: a flood would end while it starts")
        return self


class DisciplineSettings(FileModel):
    shelving: ShelvingSettings = ShelvingSettings()
    inhibition: InhibitionSettings = InhibitionSettings()
    chattering: ChatteringSettings = ChatteringSettings()
    flood: FloodSettings = FloodSettings()
    stale_after: DurationMs = Field(
        DAY_MS, ge=MINUTE_MS, le=30 * DAY_MS, description="active for longer: ISA-18.2 practice (confidence high)"
    )
