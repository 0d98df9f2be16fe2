"""Events that a device has said, card holders masked; and in the clear, with a reason that stays on record."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.auth import Caller, Principal, needs
from api.core import FromWhere, TheDesk, TheIdentity
from api.devices import DeviceName, SiteName, device_id
from api.documented import answers
from api.errors import Code, invalid
from api.events_port import EventsQuery
from api.identity_examples import EVENTS
from api.identity_port import Access
from api.identity_requests import EventsQueryIn, UnmaskIn
from api.identity_schemas import EventsOut, HappenedOut
from api.permissions import Permission
from api.ports import Desk

router = APIRouter(tags=["building"])

PATH = "/devices/{site}/{name}/events"


@router.get(
    PATH,
    summary="Events of a device, newest first",
    responses=answers(EVENTS, Code.UNKNOWN_DEVICE, Code.TOO_BUSY),
    dependencies=[needs(Permission.READ)],
)
async def list_events(
    desk: TheDesk, _: Caller, site: SiteName, name: DeviceName, query: Annotated[EventsQueryIn, Query()]
) -> EventsOut:
    """Who it was is masked: the same card has the same mask."""
    return await _events(desk, site, name, query, unmasked=False)


@router.post(
    PATH + "/unmask",
    summary="Events of a device with card holders in the clear",
    responses=answers(EVENTS, Code.UNKNOWN_DEVICE, Code.TOO_BUSY, Code.BODY_TOO_LARGE, Code.NOT_JSON),
    dependencies=[needs(Permission.UNMASK)],
)
async def unmask_events(
    desk: TheDesk,
    identity: TheIdentity,
    caller: Caller,
    whence: FromWhere,
    site: SiteName,
    name: DeviceName,
    body: UnmaskIn,
    query: Annotated[EventsQueryIn, Query()],
) -> EventsOut:
    """Who looked, at what and why is on the access log before anything is shown. Changes nothing, so that it needs no
    Idempotency-Key."""
    device = (await desk.device(device_id(site, name))).id
    since, until = await _range(desk, query)
    about = f"{device} {since}–{until}"
    await identity.record(Access("unmasked", _who(caller), whence.peer, about, body.reason, whence.request))
    return await _events(desk, site, name, query, unmasked=True)


def _who(caller: Principal) -> str:
    return caller.account or caller.name


async def _events(desk: Desk, site: str, name: str, query: EventsQueryIn, unmasked: bool) -> EventsOut:
    device = await desk.device(device_id(site, name))
    since, until = await _range(desk, query)
    found = await desk.events(EventsQuery(device.id, since, until, query.mode, query.limit, unmasked))
    return EventsOut(device=device.id, items=[HappenedOut.model_validate(each) for each in found])


async def _range(desk: Desk, query: EventsQueryIn) -> tuple[int, int]:
    try:
        return query.range(await desk.now())
    except ValueError as error:
        raise invalid("query.until", query.until, str(error)) from error
