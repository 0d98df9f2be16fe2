"""Response plans in force, and who has which role now."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.auth import Caller, needs
from api.core import TheDesk
from api.documented import answers
from api.errors import Code
from api.permissions import Permission
from api.requests import NoQuery
from api.response_examples import PLAN, PLANS, ROSTER
from api.response_requests import PlanQuery, RosterQuery
from api.response_schemas import OnDutyOut, PlanOut, PlansOut, RosterOut, plan_out, plan_summary_out

router = APIRouter(tags=["plans"])


@router.get(
    "/plans", summary="Response plans in force", responses=answers(PLANS), dependencies=[needs(Permission.READ)]
)
async def list_plans(desk: TheDesk, _: Caller, query: Annotated[NoQuery, Query()]) -> PlansOut:
    """One a hazard; all at once."""
    return PlansOut(items=[plan_summary_out(plan) for plan in await desk.plans()])


@router.get(
    "/plans/{hazard}",
    summary="What a plan would do",
    responses=answers(PLAN, Code.UNKNOWN_PLAN),
    dependencies=[needs(Permission.READ)],
)
async def get_plan(
    desk: TheDesk,
    _: Caller,
    hazard: Annotated[str, Path(max_length=64, examples=["fire"])],
    query: Annotated[PlanQuery, Query()],
) -> PlanOut:
    """The steps in the order in which they are issued; with `level`, those that an incident of that level gets."""
    return plan_out(await desk.plan(hazard), query.level)


@router.get(
    "/roster", summary="Who has which role now", responses=answers(ROSTER), dependencies=[needs(Permission.READ_ROSTER)]
)
async def get_roster(desk: TheDesk, _: Caller, query: Annotated[RosterQuery, Query()]) -> RosterOut:
    """By shifts, rota and absences, now or at another moment; whoever is told first stands first."""
    if query.at is not None:
        found = await desk.duty_at(query.at, query.role, query.site)
    else:
        found = await desk.on_duty(query.role, query.site)
    return RosterOut(items=[OnDutyOut.model_validate(each) for each in found])
