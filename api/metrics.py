"""The gateway's figures, for Prometheus."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.auth import Caller, needs
from api.core import TheDesk
from api.documented import answers
from api.examples import METRICS
from api.figures import exposition
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
async def metrics(desk: TheDesk, _: Caller, request: Request, query: Annotated[NoQuery, Query()]) -> Response:
    """With tokens configured this needs one too (`authorization` in the scrape configuration)."""
    state = request.app.state
    own = exposition(state.requests, len(state.streams))
    return Response(await desk.metrics() + own, headers={"Content-Type": MEDIA_TYPE})
