"""Whether the journal is as it was written."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.auth import Caller, needs
from api.core import TheDesk
from api.documented import answers
from api.errors import Code
from api.permissions import Permission
from api.requests import NoQuery
from api.rules_examples import VERIFICATION
from api.rules_port import Verification
from api.rules_requests import VerifyIn
from api.rules_schemas import VerificationOut

router = APIRouter(prefix="/audit", tags=["audit"])


@router.post(
    "/verify",
    summary="Recompute the journal's hash chain",
    responses=answers(VERIFICATION, Code.BODY_TOO_LARGE, Code.NOT_JSON, Code.TOO_BUSY),
    dependencies=[needs(Permission.VERIFY)],
)
async def verify(
    desk: TheDesk, caller: Caller, body: VerifyIn, response: Response, query: Annotated[NoQuery, Query()]
) -> VerificationOut:
    """Begins it, in a process of its own; `GET` tells what it came to. Where nothing was journaled since it was last
    found whole, that is the answer."""
    found = await desk.verify(caller.acts_as(body.by))
    response.headers["Location"] = "/api/v1/audit/verify"
    return _out(found)


@router.get(
    "/verify",
    summary="Whether the journal is whole, by the last look at it",
    responses=answers(VERIFICATION),
    dependencies=[needs(Permission.VERIFY)],
)
async def last_verification(desk: TheDesk, _: Caller, query: Annotated[NoQuery, Query()]) -> VerificationOut:
    """`never`: nobody has asked since the gateway was started."""
    found = await desk.verification()
    return _out(found) if found is not None else VerificationOut.model_validate(_NEVER)


def _out(verification: Verification) -> VerificationOut:
    return VerificationOut.model_validate(verification)


_NEVER = {
    "state": "never",
    "asked_by": "",
    "asked_at": None,
    "ended_at": None,
    "rows": 0,
    "head": "",
    "broken_at": None,
    "why": "",
}
