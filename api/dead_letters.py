"""Messages that said nothing Tocsin understands."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.auth import Caller, needs
from api.core import TheDesk
from api.documented import answers
from api.examples import DEAD_LETTERS
from api.permissions import Permission
from api.requests import DeadLettersQuery
from api.schemas import DeadLettersOut

router = APIRouter(tags=["building"])


@router.get(
    "/dead-letters",
    summary="Messages that were not understood",
    responses=answers(DEAD_LETTERS),
    dependencies=[needs(Permission.READ_DEAD_LETTERS)],
)
async def list_dead_letters(desk: TheDesk, _: Caller, query: Annotated[DeadLettersQuery, Query()]) -> DeadLettersOut:
    """Counted by topic and reason: a device that is misconfigured shows here first."""
    return DeadLettersOut.model_validate(await desk.dead_letters(query.cursor, query.limit))
