"""Figures over many incidents and meters: alarm management, response, energy."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.auth import Caller, needs
from api.core import TheDesk
from api.documented import answers
from api.errors import invalid
from api.kpi_examples import ALARM_FIGURES, ENERGY_FIGURES, RESPONSE_FIGURES
from api.kpi_schemas import AlarmFiguresOut, EnergyFiguresOut, ResponseFiguresOut
from api.permissions import Permission
from api.report_port import TooMuchAsked
from api.report_requests import EnergyKpiQuery, KpiQuery

router = APIRouter(prefix="/kpis", tags=["reports"])


@router.get(
    "/alarms",
    summary="Alarm management by ISA-18.2",
    responses=answers(ALARM_FIGURES),
    dependencies=[needs(Permission.READ_REPORTS)],
)
async def get_alarm_figures(desk: TheDesk, _: Caller, query: Annotated[KpiQuery, Query()]) -> AlarmFiguresOut:
    """Rates, floods, stale, chattering, the ten most frequent, the mix of priorities; each beside its target.

    What counts is what was annunciated for real; the last 30 days where nothing else is asked for, 92 at most.
    """
    return AlarmFiguresOut.model_validate(await desk.alarm_figures(query.question()))


@router.get(
    "/response",
    summary="How fast people respond",
    responses=answers(RESPONSE_FIGURES),
    dependencies=[needs(Permission.READ_REPORTS)],
)
async def get_response_figures(desk: TheDesk, _: Caller, query: Annotated[KpiQuery, Query()]) -> ResponseFiguresOut:
    """Time to acknowledge, first response, rescue, closing, review and the nodes of work orders; how often limits were
    kept. Of what was opened in that time, drills and tests aside."""
    return ResponseFiguresOut.model_validate(await desk.response_figures(query.question()))


@router.get(
    "/energy",
    summary="Energy per meter and zone",
    responses=answers(ENERGY_FIGURES),
    dependencies=[needs(Permission.READ_REPORTS)],
)
async def get_energy_figures(desk: TheDesk, _: Caller, query: Annotated[EnergyKpiQuery, Query()]) -> EnergyFiguresOut:
    """From the meters' counters, over resets and roll-overs; from their power where they count nothing.

    The last 7 days where nothing else is asked for, 31 at most.
    """
    try:
        return EnergyFiguresOut.model_validate(await desk.energy_figures(query.question()))
    except TooMuchAsked as error:
        raise invalid("query", None, str(error)) from error
