"""The wire's shapes of lists that are looked at all day: incidents in short, and the board of work orders."""

from __future__ import annotations

from pydantic import Field

from api.response_schemas import OrderOut
from api.schemas import DUE_READS, At, DueOut, ListOf, Title, Wire, due
from rules.incident import Confirmation, Incident, Phase
from rules.level import Level
from rules.mode import Mode
from rules.requests import Finding
from rules.signal import Signal


class IncidentSummaryOut(Wire):
    """What a list shows of an incident; its commands, steps and evidence are in the whole of it."""

    id: str
    mode: Mode
    site: str
    building: str
    floor: str
    zone: str = Field(description="`site/zone`")
    hazard: str
    signal: Signal
    level: Level
    phase: Phase
    confirmation: Confirmation
    title: Title
    first_out: str = Field(description="the device that was first")
    open: bool
    sources_normal: bool
    opened_at: At
    updated_at: At
    owner: str | None
    acknowledged_at: At | None
    acknowledged_by: str | None
    first_response_at: At | None
    closed_at: At | None
    finding: Finding | None
    awaits_review: bool
    entries: int = Field(description="how many timeline entries it has")
    revision: int
    next_due: DueOut | None = Field(description="what happens next by itself")


_READ = [name for name in IncidentSummaryOut.model_fields if name != "next_due"]


def summary_out(incident: Incident) -> IncidentSummaryOut:
    following = due({name: getattr(incident, name) for name in DUE_READS})
    known = {name: getattr(incident, name) for name in _READ}
    return IncidentSummaryOut.model_validate(known | {"next_due": following[0] if following else None})


class IncidentSummariesOut(ListOf[IncidentSummaryOut]):
    """Newest first."""


class ColumnOut(Wire):
    """Orders that wait for the same: the overdue ones first, then what is due soonest."""

    count: int = Field(description="of all that wait")
    overdue: int
    items: list[OrderOut] = Field(description="at most `limit`; `GET /orders?open=true&node=…` has all")


class BoardOut(Wire):
    """The four nodes: 报修受理, 现场勘查, 维修实施, 验收反馈."""

    acceptance: ColumnOut = Field(description="`node` open")
    survey: ColumnOut = Field(description="`node` accepted")
    repair: ColumnOut = Field(description="`node` surveyed")
    verification: ColumnOut = Field(description="`node` repaired")
