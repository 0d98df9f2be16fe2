"""Shifts and absences: who has which duty when."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.auth import Caller, needs
from api.core import TheDesk
from api.documented import answers
from api.permissions import Permission
from api.rules_examples import ABSENCES, SHIFTS
from api.rules_requests import AbsencesQuery, ShiftsQuery
from api.rules_schemas import AbsenceOut, AbsencesOut, ShiftOut, ShiftsOut

router = APIRouter(tags=["plans"])


@router.get(
    "/shifts",
    summary="The shift calendar",
    responses=answers(SHIFTS),
    dependencies=[needs(Permission.READ_ROSTER)],
)
async def list_shifts(desk: TheDesk, _: Caller, query: Annotated[ShiftsQuery, Query()]) -> ShiftsOut:
    """Every shift of a rota that overlaps the range, and who has it or stands in, by the roster in force now.

    Roles without a rota have no shifts: all who have the role are on duty (`/roster`).
    """
    found = await desk.shifts(query.since, query.until, query.role, query.site)
    return ShiftsOut(items=[ShiftOut.model_validate(each) for each in found])


@router.get(
    "/absences",
    summary="Who is away",
    responses=answers(ABSENCES),
    dependencies=[needs(Permission.READ_ROSTER)],
)
async def list_absences(desk: TheDesk, _: Caller, query: Annotated[AbsencesQuery, Query()]) -> AbsencesOut:
    found = await desk.absences(query.since, query.until)
    return AbsencesOut(items=[AbsenceOut.model_validate(each) for each in found if query.person in (None, each.person)])
