"""Shifts and absences: who has which duty when."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.auth import Caller, needs
from api.core import TheDesk
from api.documented import answers
from api.errors import invalid
from api.permissions import Permission
from api.ports import Desk
from api.rules_examples import ABSENCES, SHIFTS
from api.rules_requests import AbsencesQuery, RangeQuery, ShiftsQuery
from api.rules_schemas import AbsenceOut, AbsencesOut, ShiftOut, ShiftsOut
from rules.instant import Instant

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
    since, until = await _range(desk, query)
    found = await desk.shifts(since, until, query.role, query.site)
    return ShiftsOut(items=[ShiftOut.model_validate(each) for each in found])


@router.get(
    "/absences",
    summary="Who is away",
    responses=answers(ABSENCES),
    dependencies=[needs(Permission.READ_ROSTER)],
)
async def list_absences(desk: TheDesk, _: Caller, query: Annotated[AbsencesQuery, Query()]) -> AbsencesOut:
    """By the roster in force now."""
    found = await desk.absences(*await _range(desk, query))
    return AbsencesOut(items=[AbsenceOut.model_validate(each) for each in found if query.person in (None, each.person)])


async def _range(desk: Desk, query: RangeQuery) -> tuple[Instant, Instant]:
    try:
        return query.range(await desk.now())
    except ValueError as error:
        raise invalid("query.to", query.until, str(error)) from error
