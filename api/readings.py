"""What a device has said over time, step by step."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.auth import Caller, needs
from api.core import TheDesk
from api.devices import DeviceName, SiteName, device_id
from api.documented import answers
from api.errors import Code, invalid
from api.permissions import Permission
from api.readings_port import ReadingsQuery
from api.rules_examples import READINGS
from api.rules_requests import ReadingsQueryIn
from api.rules_schemas import ReadingsOut, SeriesOut

router = APIRouter(tags=["building"])


@router.get(
    "/devices/{site}/{name}/readings",
    summary="Readings of a device over time",
    responses=answers(READINGS, Code.UNKNOWN_DEVICE, Code.TOO_BUSY),
    dependencies=[needs(Permission.READ)],
)
async def get_readings(
    desk: TheDesk, _: Caller, site: SiteName, name: DeviceName, query: Annotated[ReadingsQueryIn, Query()]
) -> ReadingsOut:
    """One point a step and metric, by the device's own time. Of a boolean, true counts as 1; of a text only `last` and
    `count` are known. Where `complete` is false, the rest is asked for from `complete_until` on. What is no longer
    kept here comes from InfluxDB, where there is one; while that does not answer, `missing_before` says so."""
    device = await desk.device(device_id(site, name))
    since, until = query.range(await desk.now())
    step_ms, metrics = query.step_ms(since, until), query.metrics()
    fault = query.fault(since, until, step_ms, len(metrics) or len(device.values))
    if fault:
        raise invalid("query.step", step_ms, fault)
    found = await desk.readings(ReadingsQuery(device.id, since, until, step_ms, query.agg, metrics, query.mode))
    return ReadingsOut(
        device=device.id,
        mode=query.mode,
        since=since,
        until=until,
        step_ms=step_ms,
        agg=query.agg,
        series=[SeriesOut.model_validate(each) for each in found.series],
        complete=found.complete_until >= until,
        complete_until=found.complete_until,
        missing_before=found.missing_before,
        missing=found.missing,
    )
