"""What requests for reports and figures may carry. Times are bounded: an answer takes no longer than people wait."""

from __future__ import annotations

from enum import Enum
from typing import Self

from pydantic import Field, model_validator

from api.report_port import EnergyQuery, FiguresQuery, Format
from api.requests import LanguageQuery, QueriedInstant, QueriedName, Query
from rules.energy import QUARTER_MS
from rules.instant import DAY_MS, HOUR_MS, rfc3339
from rules.kpi_energy import NIGHT_FROM_HOUR, NIGHT_TO_HOUR
from rules.report_kinds import ReportKind

FIGURES_DAYS_MAX = 92  # a quarter of a year
ENERGY_DAYS_MAX = 366
EARLIEST_MS, LATEST_MS = 31_536_000_000, 4_070_908_800_000  # 1971, 2099: what every library of time knows


class FormatQuery(LanguageQuery):
    format: Format = Field(Format.HTML, description="html, pdf, markdown or json")
    download: bool = Field(False, description="to be saved; else a browser shows it")


class ReportQuery(FormatQuery):
    kind: ReportKind = Field(ReportKind.INCIDENT, description="incident, or after_action: how the response went")


class Step(Enum):
    QUARTER = "15min"
    HOUR = "1h"
    DAY = "1d"


_STEP_MS = {Step.QUARTER: QUARTER_MS, Step.HOUR: HOUR_MS, Step.DAY: DAY_MS}


class KpiQuery(Query):
    since: QueriedInstant | None = Field(None, description="from here on; else 30 days before `until`")
    until: QueriedInstant | None = Field(None, description="before this; else now, at most 30 days after `since`")
    site: QueriedName | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        _check(self.since, self.until, FIGURES_DAYS_MAX)
        return self

    def question(self) -> FiguresQuery:
        return FiguresQuery(self.since, self.until, self.site)


class EnergyKpiQuery(Query):
    since: QueriedInstant | None = Field(
        None, description="from here on, the beginning of a quarter of an hour; else 7 days before `until`"
    )
    until: QueriedInstant | None = Field(
        None, description="before this, the beginning of a quarter; else now, at most 7 days after `since`"
    )
    site: QueriedName | None = None
    zone: QueriedName | None = Field(None, description="`site/zone`")
    device: QueriedName | None = Field(None, description="`site/name`")
    step: Step = Field(Step.HOUR, description="of the intervals; hours and days are the site's own")
    night_from: int = Field(NIGHT_FROM_HOUR, ge=0, le=23, description="the local hour with which the night begins")
    night_to: int = Field(NIGHT_TO_HOUR, ge=0, le=23, description="and the one with which it ends")

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        _check(self.since, self.until, ENERGY_DAYS_MAX)
        for name, at in (("since", self.since), ("until", self.until)):
            if at is not None and at % QUARTER_MS:
                raise ValueError(f"{name} {rfc3339(at)} is not the beginning of a quarter of an hour")
        return self

    def question(self) -> EnergyQuery:
        return EnergyQuery(
            self.since,
            self.until,
            self.site,
            zone=self.zone,
            device=self.device,
            step_ms=_STEP_MS[self.step],
            night_from_hour=self.night_from,
            night_to_hour=self.night_to,
        )


def _check(since: int | None, until: int | None, days_max: int) -> None:
    if any(at is not None and not EARLIEST_MS <= at <= LATEST_MS for at in (since, until)):
        raise ValueError("times between 1971 and 2099")
    if since is None or until is None:
        return
    if not since < until:
        raise ValueError("since before until")
    if until - since > days_max * DAY_MS:
        raise ValueError(f"at most {days_max} days from since to until")
