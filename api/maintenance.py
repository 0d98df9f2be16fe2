"""Maintenance windows (ISA-18.2: out of service): shelves of a device or a zone, with a limit of their own."""

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
from api.ports import ShelfQuery, UnknownShelf
from api.requests import NoQuery
from api.response_requests import EndShelfIn
from api.response_schemas import ShelfDoneOut, ShelfOut, ShelvesOut
from api.rules_examples import MAINTENANCE, MAINTENANCE_DONE, MAINTENANCE_WINDOWS
from api.rules_requests import MaintenanceIn, MaintenanceQuery
from rules.requests import EndShelf, PutOnShelf
from rules.shelf import Shelf

router = APIRouter(prefix="/maintenance-windows", tags=["shelves"])


@router.get(
    "",
    summary="Maintenance windows, newest first",
    responses=answers(MAINTENANCE_WINDOWS),
    dependencies=[needs(Permission.READ)],
)
async def list_windows(desk: TheDesk, _: Caller, query: Annotated[MaintenanceQuery, Query()]) -> ShelvesOut:
    """`open=true`: what is out of service now."""
    return ShelvesOut.model_validate(await desk.shelves(ShelfQuery(**dict(query), maintenance=True)))


@router.post(
    "",
    summary="Take a device or a zone out of service",
    response_model=ShelfDoneOut,
    responses=command_answers(
        MAINTENANCE_DONE, conditional=False, etag=False, refusal=("second_person", "duty-officer asks for it")
    ),
    dependencies=[needs(Permission.SHELVE)],
)
async def begin_window(body: MaintenanceIn, caller: Caller, attempt: Unconditional) -> Response:
    """From now on it raises nothing, and all of it is journaled. It ends by itself; what still holds is raised then."""
    command = PutOnShelf(
        by=caller.acts_as(body.by),
        role=body.role,
        reason=body.reason,
        duration_ms=body.duration_ms,
        device=body.device,
        zone=body.zone,
        second=body.second,
        maintenance=True,
    )
    return await attempt.carry_out(command, "shelf", new=True)


@router.get(
    "/{shelf}",
    summary="One maintenance window",
    responses=answers(MAINTENANCE, Code.UNKNOWN_SHELF),
    dependencies=[needs(Permission.READ)],
)
async def get_window(desk: TheDesk, _: Caller, shelf: ShelfId, query: Annotated[NoQuery, Query()]) -> ShelfOut:
    return ShelfOut.model_validate(_window(await desk.shelf(shelf_id(shelf))))


@router.post(
    "/{shelf}/end",
    summary="Put it back into service",
    response_model=ShelfDoneOut,
    responses=command_answers(
        MAINTENANCE_DONE,
        Code.UNKNOWN_SHELF,
        conditional=False,
        etag=False,
        refusal=("shelf_ended", "SH-000004 has ended"),
    ),
    dependencies=[needs(Permission.SHELVE)],
)
async def end_window(
    desk: TheDesk, shelf: ShelfId, body: EndShelfIn, caller: Caller, attempt: Unconditional
) -> Response:
    """What still holds is raised at once."""
    _window(await desk.shelf(shelf_id(shelf)))
    by = caller.acts_as(body.by)
    return await attempt.carry_out(EndShelf(shelf=shelf_id(shelf), by=by, role=body.role, reason=body.reason), "shelf")


def _window(shelf: Shelf) -> Shelf:
    if not shelf.maintenance:
        raise UnknownShelf(shelf.id)
    return shelf
