"""Work orders: what is to be repaired, who has it, and its four nodes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.attempt import AnAttempt, Unconditional, command_answers
from api.auth import Caller, needs
from api.core import TheDesk
from api.documented import Responses, answers
from api.errors import Code, invalid
from api.ids import OrderId, etag, order_id
from api.list_schemas import BoardOut
from api.pages import page_response
from api.permissions import Permission
from api.ports import Desk, UnknownAttachment
from api.requests import NoQuery
from api.response_examples import BOARD, ORDER, ORDER_DONE, ORDERS
from api.response_requests import (
    AssignOrderIn,
    AttachedIn,
    BoardIn,
    HandOverOrderIn,
    OpenOrderIn,
    OrdersQuery,
    OrderStepIn,
)
from api.response_schemas import OrderDoneOut, OrderOut, OrdersOut
from rules.order import Attachment
from rules.requests import AdvanceOrder, AssignOrder, HandOverOrder, OpenOrder

router = APIRouter(prefix="/orders", tags=["orders"])


def _answers(code: str = "order_ended", reason: str = "WO-000017 is verified") -> Responses:
    return command_answers(ORDER_DONE, Code.UNKNOWN_ORDER, refusal=(code, reason))


@router.get(
    "",
    summary="Work orders, newest first",
    response_model=OrdersOut,
    responses=answers(ORDERS),
    dependencies=[needs(Permission.READ)],
)
async def list_orders(desk: TheDesk, _: Caller, query: Annotated[OrdersQuery, Query()]) -> Response:
    """All filters must hold. Follow `next_cursor` for more."""
    page = await desk.orders(query.question())
    return await page_response(page.items, OrderOut.model_validate, next_cursor=page.next_cursor)


@router.get(
    "/board",
    summary="The board of open work orders",
    responses=answers(BOARD),
    dependencies=[needs(Permission.READ)],
)
async def board(desk: TheDesk, _: Caller, query: Annotated[BoardIn, Query()]) -> BoardOut:
    """By what is to be done next; in each column the overdue ones first, then what is due soonest."""
    return BoardOut.model_validate(await desk.board(query.question()))


@router.post(
    "",
    summary="Open a work order",
    response_model=OrderDoneOut,
    responses=command_answers(
        ORDER_DONE, conditional=False, refusal=("unknown_asset", "tower-a/sd-9999 is neither a device nor a zone")
    ),
    dependencies=[needs(Permission.OPEN_ORDERS)],
)
async def open_order(body: OpenOrderIn, caller: Caller, attempt: Unconditional) -> Response:
    """Where an order of the same asset and fault is open, that one takes it in, and is the answer."""
    command = OpenOrder(
        by=caller.acts_as(body.by),
        role=body.role,
        asset=body.asset,
        fault=body.fault,
        summary=body.summary,
        kind=body.kind,
        incident=body.incident,
        for_role=body.for_role,
    )
    return await attempt.carry_out(command, "order", new=True)


@router.get(
    "/{order}",
    summary="One work order",
    responses=answers(ORDER, Code.UNKNOWN_ORDER, etag=True),
    dependencies=[needs(Permission.READ)],
)
async def get_order(
    desk: TheDesk, _: Caller, order: OrderId, query: Annotated[NoQuery, Query()], response: Response
) -> OrderOut:
    """With every step that was done: who, when, note, attachments."""
    found = await desk.order(order_id(order))
    response.headers["ETag"] = etag(found)
    return OrderOut.model_validate(found)


@router.post(
    "/{order}/steps",
    summary="Accept, survey, repair, verify, reject or cancel",
    response_model=OrderDoneOut,
    responses=_answers("not_normal", "no normal reading of tower-a/sd-1203 since the repair; verify with a reason"),
    dependencies=[needs(Permission.WORK_ON_ORDERS)],
)
async def advance_order(
    desk: TheDesk, order: OrderId, body: OrderStepIn, caller: Caller, attempt: AnAttempt
) -> Response:
    """Verifying wants a normal reading of the device since the repair, or a reason; rejecting and cancelling a reason.

    Attachments are sent to `/attachments` first, and named here.
    """
    command = AdvanceOrder(
        order=order_id(order),
        by=caller.acts_as(body.by),
        role=body.role,
        step=body.step,
        note=body.note,
        reason=body.reason,
        attachments=[await _attached(desk, number, each) for number, each in enumerate(body.attachments)],
    )
    return await attempt.carry_out(command, "order")


async def _attached(desk: Desk, number: int, attached: AttachedIn) -> Attachment:
    """Size and type are those of the file that is kept, whatever is claimed here."""
    try:
        kept = await desk.attachment(attached.sha256)
    except UnknownAttachment as error:
        where = f"body.attachments.{number}.sha256"
        raise invalid(where, attached.sha256, "the SHA-256 of a file sent to /attachments") from error
    return Attachment(name=attached.name, sha256=kept.sha256, bytes=kept.bytes, media_type=kept.media_type)


@router.post(
    "/{order}/assign",
    summary="Name who does a work order",
    response_model=OrderDoneOut,
    responses=_answers(),
    dependencies=[needs(Permission.DIRECT_ORDERS)],
)
async def assign_order(order: OrderId, body: AssignOrderIn, caller: Caller, attempt: AnAttempt) -> Response:
    by = caller.acts_as(body.by)
    return await attempt.carry_out(AssignOrder(order=order_id(order), by=by, role=body.role, to=body.to), "order")


@router.post(
    "/{order}/hand-over",
    summary="Hand a work order over to somebody outside",
    response_model=OrderDoneOut,
    responses=_answers(),
    dependencies=[needs(Permission.DIRECT_ORDERS)],
)
async def hand_over_order(order: OrderId, body: HandOverOrderIn, caller: Caller, attempt: AnAttempt) -> Response:
    """It stays open, but its incidents may be closed without it."""
    command = HandOverOrder(
        order=order_id(order), by=caller.acts_as(body.by), role=body.role, to=body.to, reason=body.reason
    )
    return await attempt.carry_out(command, "order")
