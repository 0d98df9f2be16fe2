"""Devices of other formats: what was found, and what gets a place under watch."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.attempt import Unconditional, command_answers
from api.auth import Caller, needs
from api.core import TheDesk
from api.documented import answers
from api.errors import Code
from api.inbox_examples import FOUND_DEVICE, INBOX, INBOX_DONE
from api.inbox_port import codec_and_id
from api.inbox_requests import AssignDeviceIn, FoundDevicesQuery, IgnoreDeviceIn, UnassignDeviceIn
from api.inbox_schemas import FoundDeviceOut, InboxDoneOut, InboxOut
from api.permissions import Permission
from api.ports import UnknownInboxDevice
from api.requests import NoQuery
from rules.requests import AssignDevice, IgnoreDevice, UnassignDevice

router = APIRouter(prefix="/inbox", tags=["building"])
Found = Annotated[str, Path(description="its `id`", examples=[FOUND_DEVICE.id])]


@router.get(
    "", summary="Devices of other formats", responses=answers(INBOX), dependencies=[needs(Permission.READ_INBOX)]
)
async def list_inbox(desk: TheDesk, _: Caller, query: Annotated[FoundDevicesQuery, Query()]) -> InboxOut:
    """Those with a place, and those that wait for one; of the latter the quietest are forgotten when there are too
    many."""
    return InboxOut.model_validate(await desk.inbox(query.question()))


@router.get(
    "/{found}",
    summary="One device of another format",
    responses=answers(FOUND_DEVICE, Code.UNKNOWN_INBOX_DEVICE),
    dependencies=[needs(Permission.READ_INBOX)],
)
async def get_found_device(
    desk: TheDesk, _: Caller, found: Found, query: Annotated[NoQuery, Query()]
) -> FoundDeviceOut:
    """With all its points, and what it last said."""
    return FoundDeviceOut.model_validate(await desk.found_device(*_named(found)))


@router.post(
    "/{found}/assign",
    summary="Give a device a place",
    response_model=InboxDoneOut,
    responses=command_answers(
        INBOX_DONE,
        Code.UNKNOWN_INBOX_DEVICE,
        conditional=False,
        etag=False,
        refusal=("already_assigned", "z2m/0x00158d0001dc126a is tower-a/sd-1209"),
    ),
    dependencies=[needs(Permission.ASSIGN_DEVICES)],
)
async def assign_found_device(found: Found, body: AssignDeviceIn, caller: Caller, attempt: Unconditional) -> Response:
    """From then on it is watched like any other device of the zone. What it last said counts at once, if it is no older
    than the device may be silent. Stands in a file of the gateway's own, beside the site files."""
    codec, native_id = _named(found)
    site = body.zone.partition("/")[0]
    command = AssignDevice(
        by=caller.acts_as(body.by),
        role=body.role,
        device=f"{site}/{body.name}",
        zone=body.zone,
        device_class=body.device_class,
        source=body.source(codec, native_id),
        reason=body.reason,
        title={"en": body.title, "zh": body.title} if body.title else {},
        rated=dict(body.rated),
        silent_after_ms=body.silent_after_ms,
    )
    return await attempt.carry_out(command, "found")


@router.post(
    "/{found}/unassign",
    summary="Take its place from a device",
    response_model=InboxDoneOut,
    responses=command_answers(
        INBOX_DONE,
        Code.UNKNOWN_INBOX_DEVICE,
        conditional=False,
        etag=False,
        refusal=("assigned_by_file", "tower-a/sd-1209 stands in a site file"),
    ),
    dependencies=[needs(Permission.ASSIGN_DEVICES)],
)
async def unassign_found_device(
    found: Found, body: UnassignDeviceIn, caller: Caller, attempt: Unconditional
) -> Response:
    """It is in the inbox again. What stands in a site file is taken out of it there."""
    codec, native_id = _named(found)
    command = UnassignDevice(
        by=caller.acts_as(body.by), role=body.role, codec=codec, native_id=native_id, reason=body.reason
    )
    return await attempt.carry_out(command, "found")


@router.post(
    "/{found}/ignore",
    summary="Leave a device out",
    response_model=InboxDoneOut,
    responses=command_answers(
        INBOX_DONE,
        Code.UNKNOWN_INBOX_DEVICE,
        conditional=False,
        etag=False,
        refusal=("already_assigned", "z2m/0x00158d0001dc126a is tower-a/sd-1209"),
    ),
    dependencies=[needs(Permission.ASSIGN_DEVICES)],
)
async def ignore_found_device(found: Found, body: IgnoreDeviceIn, caller: Caller, attempt: Unconditional) -> Response:
    """It is none of ours, and need not be looked at again; or, after all, it is."""
    codec, native_id = _named(found)
    command = IgnoreDevice(
        by=caller.acts_as(body.by),
        role=body.role,
        codec=codec,
        native_id=native_id,
        ignored=body.ignored,
        reason=body.reason,
    )
    return await attempt.carry_out(command, "found")


def _named(found: str) -> tuple[str, str]:
    """Codec and native id. Raises UnknownInboxDevice."""
    try:
        return codec_and_id(found)
    except ValueError as error:
        raise UnknownInboxDevice(found) from error
