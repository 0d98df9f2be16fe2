"""Devices and zones as they are now."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.auth import Caller, needs
from api.core import TheDesk
from api.documented import answers
from api.errors import Code
from api.examples import DEVICE, DEVICE_CLASSES, DEVICES, SITES, ZONES
from api.pages import page_response
from api.permissions import Permission
from api.ports import UnknownDevice
from api.requests import NAME_CHARACTERS_MAX, DevicesQuery, NoQuery, ZonesQuery
from api.schemas import DeviceClassesOut, DeviceOut, DevicesOut, SitesOut, ZoneOut, ZonesOut

router = APIRouter(tags=["building"])

_PART = re.compile(rf"[^\x00-\x1f\x7f/]{{1,{NAME_CHARACTERS_MAX}}}")
SiteName = Annotated[str, Path(examples=["tower-a"])]
DeviceName = Annotated[str, Path(description="the name in its topic", examples=["sd-1203"])]


def device_id(site: str, name: str) -> str:
    """`site/name`, if it looks like one: nothing else reaches the core. Raises UnknownDevice."""
    device = f"{site}/{name}"
    if not (_PART.fullmatch(site) and _PART.fullmatch(name)):
        raise UnknownDevice(device)
    return device


@router.get(
    "/devices",
    summary="Devices and their latest values",
    response_model=DevicesOut,
    responses=answers(DEVICES),
    dependencies=[needs(Permission.READ)],
)
async def list_devices(desk: TheDesk, _: Caller, query: Annotated[DevicesQuery, Query()]) -> Response:
    """Values are those of the actual mode; an exercise does not show here."""
    page = await desk.devices(query.question())
    return await page_response(page.items, DeviceOut.model_validate, next_cursor=page.next_cursor)


@router.get(
    "/devices/{site}/{name}",
    summary="One device",
    responses=answers(DEVICE, Code.UNKNOWN_DEVICE),
    dependencies=[needs(Permission.READ)],
)
async def get_device(
    desk: TheDesk, _: Caller, site: SiteName, name: DeviceName, query: Annotated[NoQuery, Query()]
) -> DeviceOut:
    return DeviceOut.model_validate(await desk.device(device_id(site, name)))


@router.get(
    "/zones",
    summary="Zones, with their worst open incident",
    response_model=ZonesOut,
    responses=answers(ZONES),
    dependencies=[needs(Permission.READ)],
)
async def list_zones(desk: TheDesk, _: Caller, query: Annotated[ZonesQuery, Query()]) -> Response:
    """All zones at once: a building has tens of them."""
    return await page_response(await desk.zones(query.site), ZoneOut.model_validate)


@router.get(
    "/sites", summary="Sites, with their time zones", responses=answers(SITES), dependencies=[needs(Permission.READ)]
)
async def list_sites(desk: TheDesk, _: Caller, query: Annotated[NoQuery, Query()]) -> SitesOut:
    """In the order of their files."""
    return SitesOut.model_validate({"items": await desk.sites()})


@router.get(
    "/device-classes",
    summary="Kinds of devices, with what they can be told",
    responses=answers(DEVICE_CLASSES),
    dependencies=[needs(Permission.READ)],
)
async def list_device_classes(desk: TheDesk, _: Caller, query: Annotated[NoQuery, Query()]) -> DeviceClassesOut:
    return DeviceClassesOut.model_validate({"items": await desk.device_classes()})
