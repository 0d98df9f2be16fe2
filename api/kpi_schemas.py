"""The wire's shapes of figures. Durations are milliseconds, energy kilowatt hours, power watts, shares 0 to 1."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.schemas import At, Wire
from rules.level import Level

# ---- alarm management


class TargetOut(Wire):
    """What is aimed at, where that comes from, and how sure that is."""

    id: str = Field(description="per_day, per_hour, per_ten_minutes, peak_ten_minutes, hours_above_30, …")
    unit: str
    most: float = Field(description="no more than that is aimed at")
    source: str
    confidence: Literal["high", "medium", "low"] = Field(description="high: text seen; medium: one indirect source")
    must_not_exceed: float | None = Field(description="what cannot be managed over a longer time")


class MeasuredOut(Wire):
    target: TargetOut
    value: float
    met: bool | None = Field(description="null: there is nothing to judge")


class DayCountOut(Wire):
    day: str = Field(description="local date", examples=["2026-11-24"])
    annunciated: int


class FloodOut(Wire):
    site: str
    since: At
    until: At
    annunciated: int
    peak: int = Field(description="most within ten minutes")


class FrequentOut(Wire):
    rule: str
    device: str
    annunciated: int
    share: float


class PriorityOut(Wire):
    level: Level
    annunciated: int
    share: float
    target: float


class AlarmFiguresOut(Wire):
    """Alarm management by ISA-18.2 and EEMUA 191."""

    since: At
    until: At
    operators: int = Field(description="desks that share the alarms: one a site")
    annunciated: int
    measures: list[MeasuredOut]
    days: list[DayCountOut]
    peak_at: At | None = Field(description="when the fullest ten minutes began")
    floods: int
    flood_spans: list[FloodOut]
    top: list[FrequentOut]
    chattering: list[str] = Field(description="rule and device")
    stale: list[str] = Field(description="incidents")
    priorities: list[PriorityOut]


# ---- response


class StageOut(Wire):
    """How long one stage took; null where it never happened."""

    id: str = Field(description="acknowledge, first_response, rescue, close, review_span; of orders accept, survey, …")
    happened: int
    open: int = Field(description="not happened yet, or never")
    median_ms: int | None
    p90_ms: int | None
    p95_ms: int | None
    longest_ms: int | None
    limited: int = Field(description="how many were kept or missed")
    kept: int
    kept_share: float | None


class GroupOut(Wire):
    name: str = Field(description="a level, a hazard, a kind of order; empty: all")
    incidents: int = Field(description="or orders")
    stages: list[StageOut]


class ResponseFiguresOut(Wire):
    """How fast people respond, and how often limits were kept. Drills and tests do not count."""

    since: At
    until: At
    incidents: int
    open: int
    false_alarms: int
    false_alarm_share: float | None
    overall: GroupOut
    by_level: list[GroupOut]
    by_hazard: list[GroupOut]
    orders: list[GroupOut]


# ---- energy


class IntervalOut(Wire):
    at: At
    energy_kwh: float
    quality: Literal["measured", "estimated", "partial"] = Field(
        description="estimated: some of it is spread over a gap; partial: for some of the interval nothing is known"
    )


class EnergyOut(Wire):
    """Of one meter, or of all of a zone; null where nothing was measured."""

    name: str = Field(description="`site/name` of a meter, `site/zone` of a zone")
    by: str = Field(description="counter, power, both (of a zone) or nothing")
    energy_kwh: float | None
    mean_w: float | None
    peak_w: float | None = Field(description="mean of the fullest quarter of an hour")
    peak_at: At | None
    load_factor: float | None = Field(description="mean over peak")
    night_kwh: float | None
    night_share: float | None
    load_curve_w: list[float | None] = Field(description="mean power in each of the 24 local hours")
    intervals: list[IntervalOut]
    covered: float = Field(description="share of the time for which there are readings")
    estimated_kwh: float = Field(description="what is spread over gaps in the readings")
    rolled_over: int = Field(description="how often a counter began anew at its end")
    reset: int = Field(description="how often a counter was reset")
    jumped: int = Field(description="how often a counter rose by more than the meter can measure; not counted")


class EnergyFiguresOut(Wire):
    since: At
    until: At
    meters: list[EnergyOut]
    zones: list[EnergyOut] = Field(description="sums of their meters: one behind another is counted twice")
