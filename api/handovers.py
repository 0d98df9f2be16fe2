"""Shift handovers: they fill themselves, take notes, and are done when both sides have signed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.attempt import AnAttempt, Unconditional, command_answers
from api.auth import Caller, needs
from api.core import TheDesk
from api.documented import answers
from api.errors import Code
from api.ids import HandoverId, etag, handover_id
from api.permissions import Permission
from api.requests import NoQuery
from api.response_examples import HANDOVER, HANDOVER_DONE, HANDOVERS
from api.response_requests import HandoverIn, HandoverNoteIn, HandoversQuery, SignIn
from api.response_schemas import HandoverDoneOut, HandoverOut, HandoversOut
from rules.requests import FillHandover, NoteHandover, SignHandover

router = APIRouter(prefix="/handovers", tags=["handovers"])


@router.get(
    "", summary="Shift handovers, newest first", responses=answers(HANDOVERS), dependencies=[needs(Permission.READ)]
)
async def list_handovers(desk: TheDesk, _: Caller, query: Annotated[HandoversQuery, Query()]) -> HandoversOut:
    """All filters must hold. Follow `next_cursor` for more."""
    return HandoversOut.model_validate(await desk.handovers(query.question()))


@router.post(
    "",
    summary="Begin a shift handover",
    response_model=HandoverDoneOut,
    responses=command_answers(
        HANDOVER_DONE, conditional=False, refusal=("same_person", "duty-officer cannot hand over to duty-officer")
    ),
    dependencies=[needs(Permission.HAND_OVER)],
)
async def fill_handover(body: HandoverIn, caller: Caller, attempt: Unconditional) -> Response:
    """It fills itself with what is open, overdue, shelved and silent. One that was not signed by both is superseded."""
    by = caller.acts_as(body.by)
    command = FillHandover(by=by, role=body.role, site=body.site, incoming=body.incoming)
    return await attempt.carry_out(command, "handover", new=True)


@router.get(
    "/{handover}",
    summary="One shift handover",
    responses=answers(HANDOVER, Code.UNKNOWN_HANDOVER, etag=True),
    dependencies=[needs(Permission.READ)],
)
async def get_handover(
    desk: TheDesk, _: Caller, handover: HandoverId, query: Annotated[NoQuery, Query()], response: Response
) -> HandoverOut:
    found = await desk.handover(handover_id(handover))
    response.headers["ETag"] = etag(found)
    return HandoverOut.model_validate(found)


@router.post(
    "/{handover}/notes",
    summary="Add a note to a shift handover",
    response_model=HandoverDoneOut,
    responses=command_answers(
        HANDOVER_DONE, Code.UNKNOWN_HANDOVER, refusal=("too_many_notes", "HO-000005 has 100 notes")
    ),
    dependencies=[needs(Permission.HAND_OVER)],
)
async def note_handover(handover: HandoverId, body: HandoverNoteIn, caller: Caller, attempt: AnAttempt) -> Response:
    by = caller.acts_as(body.by)
    command = NoteHandover(handover=handover_id(handover), by=by, role=body.role, text=body.text)
    return await attempt.carry_out(command, "handover")


@router.post(
    "/{handover}/sign",
    summary="Sign a shift handover",
    response_model=HandoverDoneOut,
    responses=command_answers(
        HANDOVER_DONE, Code.UNKNOWN_HANDOVER, refusal=("no_owner", "level I without a named owner: INC-000042")
    ),
    dependencies=[needs(Permission.HAND_OVER)],
)
async def sign_handover(handover: HandoverId, body: SignIn, caller: Caller, attempt: AnAttempt) -> Response:
    """Done when both have. Refused while an incident of level I has no named owner."""
    by = caller.acts_as(body.by)
    return await attempt.carry_out(SignHandover(handover=handover_id(handover), by=by, role=body.role), "handover")
