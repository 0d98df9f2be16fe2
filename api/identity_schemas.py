"""The wire's shapes of users, tokens and the access log."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from api.permissions import Permission, Role
from api.schemas import At, ListOf, Values, Wire


def _in_order(value: Any) -> Any:
    """Sets have no order that could be relied on; on the wire they have one."""
    if isinstance(value, Iterable) and not isinstance(value, str):
        return sorted(value, key=lambda each: each if isinstance(each, str) else each.value)
    return value


InOrder = BeforeValidator(_in_order)
Words = Annotated[list[str], InOrder]
SitesOut = Annotated[list[str] | None, InOrder, Field(description="null: all")]


class TokensOut(Wire):
    """RFC 6749, 5.1."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 (no secret)
    expires_in: int = Field(description="seconds")
    refresh_token: str = Field(description="good once; the answer to its use brings another")
    scope: str = Field(description="what the user may do")


class SignedOutOut(Wire):
    signed_out: Literal[True] = True


class MeOut(Wire):
    """Who asks, and what they may do."""

    name: str = Field(description="who goes on record")
    account: str = Field(description="the user, or user/token; empty: no user, this machine or the tokens file")
    permissions: Annotated[list[Permission], InOrder]
    sites: SitesOut
    plan_roles: Words | None = Field(description="roles of plans they may act in; null: any")
    users_exist: bool = Field(description="false: nobody has made any yet, and whoever is on this machine is let in")


class RoleOut(Wire):
    role: Role
    permissions: Annotated[list[Permission], InOrder]


class RolesOut(Wire):
    items: list[RoleOut] = Field(description="from the least to the most")


class AccountOut(Wire):
    name: str
    roles: Annotated[list[Role], InOrder]
    sites: SitesOut
    person: str | None = Field(description="who they are in the roster, and on record")
    plan_roles: Words
    external: str | None = Field(description="who they are to the OpenID provider")
    has_password: bool
    disabled: bool
    revision: int = Field(description="rises with every change; the ETag")
    made_at: At
    made_by: str


class AccountsOut(Wire):
    """By name."""

    items: list[AccountOut]


class ApiTokenOut(Wire):
    id: str
    owner: str
    name: str
    scopes: Annotated[list[Permission], InOrder]
    sites: SitesOut
    made_at: At
    ends_at: At
    revoked_at: At | None


class ApiTokensOut(Wire):
    """The newest first."""

    items: list[ApiTokenOut]


class NewTokenOut(Wire):
    token: ApiTokenOut
    secret: str = Field(description="shown this once")


class HappenedOut(Wire):
    at: At = Field(description="the device's own time")
    event: str
    attributes: Values


class EventsOut(Wire):
    """Newest first."""

    device: str
    items: list[HappenedOut]


class AccessOut(Wire):
    position: int
    at: At
    what: str
    who: str = Field(description="a user, or user/token; empty: nobody knows")
    peer: str
    about: str
    why: str
    request: str = Field(description="the request's id")
    times: int = Field(description="how often within the second")


class AccessLogOut(ListOf[AccessOut]):
    """Newest first."""
