"""Shelves: what people keep quiet on purpose, why and until when; maintenance windows are shelves too."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.attempt import Unconditional, command_answers
from api.auth import Caller, needs
from api.core import TheDesk
from api.documented import answers
from api.errors import Code
from api.ids import ShelfId, shelf_id
from api.permissions import Permission
from api.requests import NoQuery
from api.response_examples import SHELF, SHELF_DONE, SHELVES
from api.response_requests import EndShelfIn, ShelfIn, ShelvesQuery
from api.response_schemas import ShelfDoneOut, ShelfOut, ShelvesOut
from rules.requests import EndShelf, PutOnShelf

router = APIRouter(prefix="/shelves", tags=["shelves"])


@router.get("", summary="Shelves, newest first", responses=answers(SHELVES), dependencies=[needs(Permission.READ)])
async def list_shelves(desk: TheDesk, _: Caller, query: Annotated[ShelvesQuery, Query()]) -> ShelvesOut:
    """All filters must hold; `open=true`: those in force. Follow `next_cursor` for more."""
    return ShelvesOut.model_validate(await desk.shelves(query.question()))


@router.post(
    "",
    summary="Put something on the shelf",
    response_model=ShelfDoneOut,
    responses=command_answers(SHELF_DONE, conditional=False, etag=False, refusal=("too_long", "12h is longer than 8h")),
    dependencies=[needs(Permission.SHELVE)],
)
async def put_on_shelf(body: ShelfIn, caller: Caller, attempt: Unconditional) -> Response:
    """It raises nothing until the shelf ends, which it does by itself; what still holds is raised then."""
    command = PutOnShelf(
        by=caller.acts_as(body.by),
        role=body.role,
        reason=body.reason,
        duration_ms=body.duration_ms,
        device=body.device,
        zone=body.zone,
        rule=body.rule,
        one_shot=body.one_shot,
        second=body.second,
        maintenance=body.maintenance,
    )
    return await attempt.carry_out(command, "shelf", new=True)


@router.get(
    "/{shelf}", summary="One shelf", responses=answers(SHELF, Code.UNKNOWN_SHELF), dependencies=[needs(Permission.READ)]
)
async def get_shelf(desk: TheDesk, _: Caller, shelf: ShelfId, query: Annotated[NoQuery, Query()]) -> ShelfOut:
    return ShelfOut.model_validate(await desk.shelf(shelf_id(shelf)))


@router.post(
    "/{shelf}/end",
    summary="End a shelf before its time",
    response_model=ShelfDoneOut,
    responses=command_answers(
        SHELF_DONE, Code.UNKNOWN_SHELF, conditional=False, etag=False, refusal=("shelf_ended", "SH-000003 has ended")
    ),
    dependencies=[needs(Permission.SHELVE)],
)
async def end_shelf(shelf: ShelfId, body: EndShelfIn, caller: Caller, attempt: Unconditional) -> Response:
    """What still holds is raised at once."""
    by = caller.acts_as(body.by)
    return await attempt.carry_out(EndShelf(shelf=shelf_id(shelf), by=by, role=body.role, reason=body.reason), "shelf")
