"""Whether the gateway lives, and whether it does its work."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api.auth import CallerIfKnown
from api.core import TheDesk
from api.documented import answers, named_example
from api.examples import ALIVE, NOT_READY, READY
from api.requests import NoQuery
from api.schemas import AliveOut, ReadyOut

router = APIRouter(tags=["health"])

_NOT_READY: dict[int | str, dict[str, Any]] = {
    503: {
        "description": "Not ready",
        "model": ReadyOut,
        "content": {"application/json": {"examples": named_example(NOT_READY)}},
    }
}


@router.get("/healthz", summary="The process is alive", responses=answers(ALIVE))
async def healthz(query: Annotated[NoQuery, Query()]) -> AliveOut:
    """No token needed. Says nothing of the parts: a restart would not mend a broker that is away."""
    return AliveOut(alive=True)


@router.get("/readyz", summary="Readings are taken, judged and stored", responses=answers(READY) | _NOT_READY)
async def readyz(
    desk: TheDesk, caller: CallerIfKnown, query: Annotated[NoQuery, Query()], response: Response
) -> ReadyOut:
    """503 when they are not. No token needed; what exactly is wrong is said to callers with one."""
    ready = ReadyOut.model_validate(await desk.health())
    response.status_code = 200 if ready.ready else 503
    if caller is None:
        parts = {part: "ok" if state == "ok" else "not ok" for part, state in ready.parts.items()}
        return ready.model_copy(update={"parts": parts})
    return ready
