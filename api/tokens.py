"""API tokens for programs: scoped, kept as hashes, with an end."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.auth import Caller, needs
from api.core import FromWhere, TheIdentity
from api.documented import answers, conflict
from api.errors import Code, ProblemRaised
from api.identity_examples import API_TOKEN, API_TOKENS, NEW_TOKEN
from api.identity_requests import MakeTokenIn, RevokeTokenIn, TokensQuery
from api.identity_schemas import ApiTokenOut, ApiTokensOut, NewTokenOut
from api.permissions import Permission
from api.requests import NoQuery

router = APIRouter(prefix="/tokens", tags=["users"])

_OWN = [needs(Permission.OWN_ACCOUNT)]


@router.get("", summary="API tokens, newest first", responses=answers(API_TOKENS), dependencies=_OWN)
async def list_tokens(identity: TheIdentity, caller: Caller, query: Annotated[TokensQuery, Query()]) -> ApiTokensOut:
    """One's own; with `all=true` everybody's, for those who manage users."""
    if query.all and not caller.may(Permission.MANAGE_USERS):
        raise ProblemRaised(Code.FORBIDDEN, f"{caller.account} may not see the tokens of others")
    found = await identity.api_tokens(None if query.all else caller.account)
    return ApiTokensOut(items=[ApiTokenOut.model_validate(each) for each in found])


@router.post(
    "",
    summary="Make an API token",
    responses=answers(NEW_TOKEN, Code.BODY_TOO_LARGE, Code.NOT_JSON)
    | conflict(("token_exists", "grace has made a token wall-screen before; names stand on record")),
    dependencies=_OWN,
)
async def make_token(
    identity: TheIdentity, caller: Caller, whence: FromWhere, body: MakeTokenIn, query: Annotated[NoQuery, Query()]
) -> NewTokenOut:
    """For a program. It may do what is in `scopes`, as long as its maker may; never act in a role of a plan.

    A name can be used once, so this needs no Idempotency-Key. The secret is shown here and never again.
    """
    made, secret = await identity.make_api_token(caller.account, body.name, body.scopes, body.sites, body.days, whence)
    return NewTokenOut(token=ApiTokenOut.model_validate(made), secret=secret)


@router.post(
    "/{token}/revoke",
    summary="Revoke an API token",
    responses=answers(API_TOKEN, Code.UNKNOWN_TOKEN, Code.BODY_TOO_LARGE, Code.NOT_JSON),
    dependencies=_OWN,
)
async def revoke_token(
    identity: TheIdentity,
    caller: Caller,
    whence: FromWhere,
    token: Annotated[str, Path(max_length=64, examples=["TK-000001"])],
    body: RevokeTokenIn,
    query: Annotated[NoQuery, Query()],
) -> ApiTokenOut:
    """At once and for good. One's own; those who manage users, anybody's."""
    owner = None if caller.may(Permission.MANAGE_USERS) else caller.account
    return ApiTokenOut.model_validate(await identity.revoke_api_token(token, owner, caller.account, whence))
