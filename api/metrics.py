"""The gateway's figures, for Prometheus."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.auth import Caller, needs
from api.core import TheDesk
from api.documented import answers
from api.examples import METRICS
from api.permissions import Permission
from api.requests import NoQuery

router = APIRouter(tags=["health"])

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"  # the Prometheus text exposition format


class _Exposition(Response):
    media_type = "text/plain"


@router.get(
    "/metrics",
    summary="Figures in the Prometheus text format",
    response_class=_Exposition,
    responses=answers(METRICS, media_type="text/plain"),
    dependencies=[needs(Permission.READ_METRICS)],
)
async def metrics(desk: TheDesk, _: Caller, query: Annotated[NoQuery, Query()]) -> Response:
    """With tokens configured this needs one too (`authorization` in the scrape configuration)."""
    return Response(await desk.metrics(), headers={"Content-Type": MEDIA_TYPE})
