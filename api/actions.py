"""Corrective actions of reviews: who has to change what until when, and whether it has helped."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.attempt import AnAttempt, command_answers
from api.auth import Caller, needs
from api.core import TheDesk
from api.documented import answers
from api.errors import Code
from api.ids import ActionId, action_id, etag
from api.permissions import Permission
from api.requests import NoQuery
from api.response_examples import ACTION, ACTION_DONE, ACTIONS
from api.response_requests import ActionDoneIn, ActionsQuery, RecheckIn
from api.response_schemas import ActionDoneOut, ActionOut, ActionsOut
from rules.requests import ActionDone, RecheckAction

router = APIRouter(prefix="/actions", tags=["reviews"])


@router.get(
    "", summary="Corrective actions, newest first", responses=answers(ACTIONS), dependencies=[needs(Permission.READ)]
)
async def list_actions(desk: TheDesk, _: Caller, query: Annotated[ActionsQuery, Query()]) -> ActionsOut:
    """All filters must hold. Follow `next_cursor` for more."""
    return ActionsOut.model_validate(await desk.actions(query.question()))


@router.get(
    "/{action}",
    summary="One corrective action",
    responses=answers(ACTION, Code.UNKNOWN_ACTION, etag=True),
    dependencies=[needs(Permission.READ)],
)
async def get_action(
    desk: TheDesk, _: Caller, action: ActionId, query: Annotated[NoQuery, Query()], response: Response
) -> ActionOut:
    found = await desk.action(action_id(action))
    response.headers["ETag"] = etag(found)
    return ActionOut.model_validate(found)


@router.post(
    "/{action}/done",
    summary="Say that a corrective action is done",
    response_model=ActionDoneOut,
    responses=command_answers(
        ACTION_DONE, Code.UNKNOWN_ACTION, refusal=("already_done", "CA-000003 was done by engineering-lead")
    ),
    dependencies=[needs(Permission.CORRECT)],
)
async def action_done(action: ActionId, body: ActionDoneIn, caller: Caller, attempt: AnAttempt) -> Response:
    """It is over once another person has found that it helped."""
    by = caller.acts_as(body.by)
    return await attempt.carry_out(
        ActionDone(action=action_id(action), by=by, role=body.role, note=body.note), "action"
    )


@router.post(
    "/{action}/recheck",
    summary="Say whether a corrective action has helped",
    response_model=ActionDoneOut,
    responses=command_answers(
        ACTION_DONE,
        Code.UNKNOWN_ACTION,
        refusal=("same_person", "engineering-lead has done CA-000003; another person rechecks"),
    ),
    dependencies=[needs(Permission.CORRECT)],
)
async def recheck_action(action: ActionId, body: RecheckIn, caller: Caller, attempt: AnAttempt) -> Response:
    """`ok: false`, with a note that says why, opens it again with a new limit."""
    command = RecheckAction(
        action=action_id(action), by=caller.acts_as(body.by), role=body.role, ok=body.ok, note=body.note
    )
    return await attempt.carry_out(command, "action")
