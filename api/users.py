"""Users: who they are, what they may do, where; and what each may see of themselves."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Response

from api.attempt import if_match_revision, plan_roles_of
from api.auth import Caller, needs
from api.core import FromWhere, TheDesk, TheIdentity
from api.documented import Responses, answers, conflict
from api.errors import Code
from api.identity_examples import ACCESS_LOG, ACCOUNT, ACCOUNTS, ME, ROLES
from api.identity_port import Account
from api.identity_requests import (
    AccessLogQuery,
    AddUserIn,
    ChangePasswordIn,
    ChangeUserIn,
    EndSessionsIn,
    SetPasswordIn,
)
from api.identity_schemas import AccessLogOut, AccountOut, AccountsOut, MeOut, RoleOut, RolesOut
from api.permissions import GRANTS, Permission
from api.requests import NoQuery

router = APIRouter(tags=["users"])

Name = Annotated[str, Path(max_length=64, examples=["grace"])]
IfMatch = Annotated[str | None, Header(description='the ETag the decision was made on, e.g. `"4"`')]
_MANAGE = [needs(Permission.MANAGE_USERS)]
_BODY_CODES = (Code.BODY_TOO_LARGE, Code.NOT_JSON)
_TAKEN = ("person_taken", "ada goes on record as duty-officer-1")


def _answers(*codes: Code, refusal: tuple[str, str] | None = None) -> Responses:
    return answers(ACCOUNT, *codes, *_BODY_CODES, etag=True) | (conflict(refusal) if refusal else {})


def _account(account: Account, response: Response) -> AccountOut:
    response.headers["ETag"] = f'"{account.revision}"'
    return AccountOut.model_validate(account)


@router.get("/me", summary="Who asks, and what they may do", responses=answers(ME), dependencies=[needs(None)])
async def get_me(desk: TheDesk, identity: TheIdentity, caller: Caller, query: Annotated[NoQuery, Query()]) -> MeOut:
    return MeOut(
        name=caller.name,
        account=caller.account,
        permissions=list(caller.permissions),
        sites=None if caller.sites is None else list(caller.sites),
        plan_roles=await plan_roles_of(desk, caller),
        users_exist=identity.users_exist,
    )


@router.get("/roles", summary="What each role may do", responses=answers(ROLES), dependencies=[needs(Permission.READ)])
async def list_roles(_: Caller, query: Annotated[NoQuery, Query()]) -> RolesOut:
    """Roles of users; those of plans are in the roster."""
    return RolesOut(items=[RoleOut(role=role, permissions=list(may)) for role, may in GRANTS.items()])


@router.post(
    "/me/password",
    summary="Change one's own password",
    responses=_answers(Code.INVALID_GRANT, Code.WEAK_PASSWORD, Code.LOCKED_OUT, Code.TOO_MANY_SIGN_INS),
    dependencies=[needs(Permission.OWN_ACCOUNT)],
)
async def change_password(
    identity: TheIdentity,
    caller: Caller,
    whence: FromWhere,
    body: ChangePasswordIn,
    query: Annotated[NoQuery, Query()],
    response: Response,
) -> AccountOut:
    """Ends every session of theirs: sign in again with the new one."""
    old, new = body.old.get_secret_value(), body.new.get_secret_value()
    return _account(await identity.change_password(caller.account, old, new, whence), response)


@router.get("/users", summary="Users, by name", responses=answers(ACCOUNTS), dependencies=_MANAGE)
async def list_users(identity: TheIdentity, _: Caller, query: Annotated[NoQuery, Query()]) -> AccountsOut:
    """All at once; disabled ones too."""
    return AccountsOut(items=[AccountOut.model_validate(each) for each in await identity.accounts()])


@router.post(
    "/users",
    summary="Make a user",
    responses=_answers(Code.WEAK_PASSWORD, Code.TOO_MANY_SIGN_INS, refusal=("user_exists", "there is a user grace")),
    dependencies=_MANAGE,
)
async def add_user(
    identity: TheIdentity,
    caller: Caller,
    whence: FromWhere,
    body: AddUserIn,
    query: Annotated[NoQuery, Query()],
    response: Response,
) -> AccountOut:
    """The name is for good: it stands on record. Names make a repetition harmless, so this needs no Idempotency-Key."""
    password = body.password.get_secret_value() if body.password is not None else None
    made = await identity.add_account(body.name, body.change(), password, caller.account, body.reason, whence)
    return _account(made, response)


@router.get(
    "/users/{user}",
    summary="One user",
    responses=answers(ACCOUNT, Code.UNKNOWN_USER, etag=True),
    dependencies=_MANAGE,
)
async def get_user(
    identity: TheIdentity, _: Caller, user: Name, query: Annotated[NoQuery, Query()], response: Response
) -> AccountOut:
    return _account(await identity.account(user), response)


@router.put(
    "/users/{user}",
    summary="Say what a user may do, where, and as whom",
    responses=_answers(Code.UNKNOWN_USER, Code.PRECONDITION_FAILED, refusal=_TAKEN),
    dependencies=_MANAGE,
)
async def change_user(
    identity: TheIdentity,
    caller: Caller,
    whence: FromWhere,
    user: Name,
    body: ChangeUserIn,
    query: Annotated[NoQuery, Query()],
    response: Response,
    if_match: IfMatch = None,
) -> AccountOut:
    """In force at once, also for whoever is signed in. `disabled` ends their sessions and their API tokens' use."""
    revision = if_match_revision(if_match)
    changed = await identity.change_account(user, body.change(), revision, caller.account, body.reason, whence)
    return _account(changed, response)


@router.post(
    "/users/{user}/password",
    summary="Give a user another password",
    responses=_answers(Code.UNKNOWN_USER, Code.WEAK_PASSWORD, Code.TOO_MANY_SIGN_INS),
    dependencies=_MANAGE,
)
async def set_password(
    identity: TheIdentity,
    caller: Caller,
    whence: FromWhere,
    user: Name,
    body: SetPasswordIn,
    query: Annotated[NoQuery, Query()],
    response: Response,
) -> AccountOut:
    """Ends their sessions and lock-outs."""
    password = body.password.get_secret_value()
    changed = await identity.set_password(user, password, caller.account, body.reason, whence)
    return _account(changed, response)


@router.post(
    "/users/{user}/sign-out",
    summary="End all sessions of a user",
    responses=_answers(Code.UNKNOWN_USER),
    dependencies=_MANAGE,
)
async def end_sessions(
    identity: TheIdentity,
    caller: Caller,
    whence: FromWhere,
    user: Name,
    body: EndSessionsIn,
    query: Annotated[NoQuery, Query()],
    response: Response,
) -> AccountOut:
    """And their lock-outs. API tokens are revoked one by one."""
    return _account(await identity.end_sessions(user, caller.account, body.reason, whence), response)


@router.get(
    "/access-log",
    summary="Who signed in, was refused, changed users, saw what is masked",
    responses=answers(ACCESS_LOG),
    dependencies=[needs(Permission.READ_ACCESS_LOG)],
)
async def list_access_log(identity: TheIdentity, _: Caller, query: Annotated[AccessLogQuery, Query()]) -> AccessLogOut:
    """Newest first. Nothing in it is ever altered; it is kept for three years."""
    return AccessLogOut.model_validate(await identity.access_log(query.question()))
