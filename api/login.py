"""Signing in and out: OAuth 2.0's password and refresh-token grants, an OpenID provider, the first admin."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Cookie, Form, Query, Request
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from api.core import FromWhere, TheIdentity
from api.documented import Responses, answers
from api.errors import Code, invalid
from api.identity_examples import ACCOUNT, SIGNED_OUT, TOKENS
from api.identity_port import Issued
from api.identity_requests import Password, Secret, SetUpIn, UserName
from api.identity_schemas import AccountOut, SignedOutOut, TokensOut
from api.paths import PREFIX, PROVIDER, PROVIDER_ANSWER, SET_UP, SIGN_OUT, TOKEN
from api.requests import NoQuery

router = APIRouter(tags=["login"])

COOKIE = "tocsin_provider"
COOKIE_SECONDS = 600
_SIGN_IN_CODES = (Code.INVALID_GRANT, Code.LOCKED_OUT, Code.TOO_MANY_SIGN_INS, Code.NOT_A_FORM, Code.BODY_TOO_LARGE)


class TokenForm(BaseModel):
    """RFC 6749, 4.3.2 and 6. Clients that send `scope`, `client_id` or `client_secret` are taken; they mean nothing."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    grant_type: Literal["password", "refresh_token"]
    username: UserName | None = None
    password: Password | None = Field(default=None, json_schema_extra={"format": "password"})
    refresh_token: Secret | None = None
    scope: Annotated[str, Field(max_length=500)] = ""
    client_id: Annotated[str, Field(max_length=200)] = ""
    client_secret: Annotated[str, Field(max_length=200)] = ""


class RevokeForm(BaseModel):
    """RFC 7009."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    token: Secret
    token_type_hint: Annotated[str, Field(max_length=100)] = ""
    client_id: Annotated[str, Field(max_length=200)] = ""
    client_secret: Annotated[str, Field(max_length=200)] = ""


def tokens_out(issued: Issued) -> TokensOut:
    return TokensOut(
        access_token=issued.access_token,
        expires_in=issued.expires_in_s,
        refresh_token=issued.refresh_token,
        scope=" ".join(sorted(each.value for each in issued.permissions)),
    )


@router.post(TOKEN.removeprefix(PREFIX), summary="Sign in, or refresh", responses=answers(TOKENS, *_SIGN_IN_CODES))
async def token(
    identity: TheIdentity, whence: FromWhere, form: Annotated[TokenForm, Form()], query: Annotated[NoQuery, Query()]
) -> TokensOut:
    """The access token is good for minutes, the refresh token once: each answer brings another.

    A refresh token that comes a second time ends its session: somebody else has it as well.
    """
    if form.grant_type == "refresh_token":
        if form.refresh_token is None:
            raise invalid("body.refresh_token", None, "a refresh token")
        return tokens_out(await identity.refresh(form.refresh_token, whence))
    if form.username is None or form.password is None:
        missing = "username" if form.username is None else "password"
        raise invalid(f"body.{missing}", None, f"a {missing}")
    return tokens_out(await identity.sign_in(form.username, form.password, whence))


@router.post(
    SIGN_OUT.removeprefix(PREFIX),
    summary="Sign out",
    responses=answers(SIGNED_OUT, Code.NOT_A_FORM, Code.BODY_TOO_LARGE),
)
async def revoke(
    identity: TheIdentity, whence: FromWhere, form: Annotated[RevokeForm, Form()], query: Annotated[NoQuery, Query()]
) -> SignedOutOut:
    """Ends the session of a refresh token; its access tokens are refused from then on. A token that is none is fine."""
    await identity.sign_out(form.token, whence)
    return SignedOutOut()


@router.post(
    SET_UP.removeprefix(PREFIX),
    summary="Make the first admin",
    responses=answers(
        ACCOUNT,
        Code.INVALID_GRANT,
        Code.TOO_MANY_SIGN_INS,
        Code.WEAK_PASSWORD,
        Code.BODY_TOO_LARGE,
        Code.NOT_JSON,
    ),
)
async def set_up(
    identity: TheIdentity, whence: FromWhere, body: SetUpIn, query: Annotated[NoQuery, Query()]
) -> AccountOut:
    """Once, with the secret that stands in `setup-secret` in the data folder while there is no user."""
    made = await identity.set_up(body.secret.get_secret_value(), body.name, body.password.get_secret_value(), whence)
    return AccountOut.model_validate(made)


def _redirects() -> Responses:
    responses = answers("", Code.NO_PROVIDER, media_type="text/plain")
    del responses[200]
    return {
        302: {"description": "To the provider", "headers": {"Location": {"schema": {"type": "string"}}}},
        **responses,
    }


@router.get(
    PROVIDER.removeprefix(PREFIX),
    summary="Sign in at the OpenID provider",
    status_code=302,
    response_class=RedirectResponse,
    responses=_redirects(),
)
async def provider(request: Request, identity: TheIdentity, query: Annotated[NoQuery, Query()]) -> RedirectResponse:
    """For browsers: authorization code with PKCE. The provider sends them back to `…/answer`."""
    url, cookie = await identity.sign_in_at_provider()
    answer = RedirectResponse(url, 302)
    answer.set_cookie(
        COOKIE,
        cookie,
        max_age=COOKIE_SECONDS,
        path=PROVIDER_ANSWER,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )
    return answer


class ProviderAnswerQuery(BaseModel):
    """What a provider appends; it may append more (`iss`, `session_state`)."""

    model_config = ConfigDict(extra="ignore")

    code: Annotated[str, Field(max_length=4_000)] = ""
    state: Annotated[str, Field(max_length=500)] = ""
    error: Annotated[str, Field(max_length=500)] = ""


@router.get(
    PROVIDER_ANSWER.removeprefix(PREFIX),
    summary="Come back from the OpenID provider",
    responses=answers(TOKENS, Code.INVALID_GRANT, Code.TOO_MANY_SIGN_INS, Code.NO_PROVIDER),
)
async def provider_answer(
    identity: TheIdentity,
    whence: FromWhere,
    query: Annotated[ProviderAnswerQuery, Query()],
    cookie: Annotated[str, Cookie(alias=COOKIE, max_length=200)] = "",
) -> TokensOut:
    return tokens_out(await identity.signed_in_at_provider(query.code, query.state, cookie, whence))
