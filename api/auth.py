"""Who asks, and whether they may. The gate (`gate.py`) finds the principal before a route is looked for; a route
reads it as `Caller` and names the permission it needs: `@router.get(…, dependencies=[needs(Permission.READ)])`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address
from typing import Annotated

from fastapi import Depends, Request
from fastapi.params import Depends as Dependency
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from msgspec import Struct
from starlette.routing import BaseRoute

from api.errors import Code, ProblemRaised
from api.permissions import GRANTS, Permission, Role
from api.settings import TOKEN_CHARACTERS_MAX, ApiSettings

LOCAL_NAME = "local"
# Whoever is on this machine, and the programs of a tokens file: everything but what makes users.
WITHOUT_USERS = frozenset(Permission) - {Permission.MANAGE_USERS, Permission.OWN_ACCOUNT}


class Principal(Struct, frozen=True):
    """Who a request comes from, what they may do, and where.

    `name` goes on record: a person of the roster, or a user's own; `account` is the user's. `local`: no token proves
    it, only that it comes from this machine. `sites` None: of any site. A route that asks something else than
    `TheDesk` (which sees to it) asks `sees` for each site it shows. `plan_roles`: which roles of plans they may act in
    beside those that the roster gives `person`; None: any, as long as there are no users.
    """

    name: str
    local: bool = False
    permissions: frozenset[Permission] = WITHOUT_USERS
    sites: frozenset[str] | None = None
    account: str = ""
    person: str | None = None
    plan_roles: frozenset[str] | None = None

    def acts_as(self, claimed: str | None) -> str:
        """The name that goes on record. A token's name prevails; at this machine a person may say who they are."""
        return claimed if self.local and claimed else self.name

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    def sees(self, site: str | None) -> bool:
        """Whether something at a site is theirs to see; None: something that concerns all sites."""
        return self.sites is None or site in self.sites


LOCAL = Principal(LOCAL_NAME, local=True)
# What a program of the tokens file may do once there are users: no admin has said what, so what a control room does.
OF_TOKENS_FILE = GRANTS[Role.OPERATOR] - {Permission.OWN_ACCOUNT}


class Tokens:
    """The tokens of a file, as digests: of one length, so that comparing tells nothing about theirs."""

    def __init__(self, settings: ApiSettings) -> None:
        self._digests = {name: _digest(token.get_secret_value()) for name, token in settings.tokens.items()}

    def __bool__(self) -> bool:
        return bool(self._digests)

    def name(self, token: str) -> str | None:
        """Whose it is, or None. Always compares with every token, each in constant time."""
        presented = _digest(token[: TOKEN_CHARACTERS_MAX + 1])
        matches = [name for name, digest in self._digests.items() if hmac.compare_digest(digest, presented)]
        return matches[0] if matches else None

    def principal(self, authorization: str | None, users_exist: bool = False) -> Principal | None:
        """`Bearer …` → whose it is, or None."""
        token = bearer(authorization)
        name = self.name(token) if token is not None else None
        if name is None:
            return None
        if users_exist:
            return Principal(name, permissions=OF_TOKENS_FILE, plan_roles=frozenset())
        return Principal(name)


def bearer(authorization: str | None) -> str | None:
    """The token of `Bearer …`."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def is_loopback(host: str) -> bool:
    """Whether an address of a peer is this machine: 127.0.0.0/8, ::1, and the former written as the latter."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped.is_loopback
    return address.is_loopback


_scheme = HTTPBearer(
    auto_error=False,
    description="An access token of a user who has signed in, an API token, or one of the tokens file.",
)


async def _caller(request: Request, _: Annotated[object, Depends(_scheme)]) -> Principal:
    principal: Principal | None = request.state.principal
    assert principal is not None, "the gate lets nobody unknown through to this route"
    return principal


async def _caller_if_known(request: Request, _: Annotated[object, Depends(_scheme)]) -> Principal | None:
    principal: Principal | None = request.state.principal
    return principal


Caller = Annotated[Principal, Depends(_caller)]
CallerIfKnown = Annotated[Principal | None, Depends(_caller_if_known)]


class Needs(Struct, frozen=True):
    """A dependency that lets only those in who have the permission."""

    permission: Permission | None

    async def __call__(self, caller: Caller) -> None:
        if self.permission is not None and not caller.may(self.permission):
            raise ProblemRaised(Code.FORBIDDEN, f"{caller.name} may not {self.permission.value}")


def needs(permission: Permission | None) -> Dependency:
    """For `dependencies=[…]` of a route: everyone without the permission gets 403 `forbidden`.

    None: for everybody who has a token.
    """
    dependency: Dependency = Depends(Needs(permission))
    return dependency


def needed_by(route: BaseRoute) -> Needs | None:
    """None: it names nothing."""
    if isinstance(route, APIRoute):
        for each in route.dependencies:
            if isinstance(each.dependency, Needs):
                return each.dependency
    return None


def all_name_a_permission(routes: Iterable[BaseRoute]) -> None:
    """Raises ValueError for a route that anybody with any token could use."""
    for route in routes:
        if needed_by(route) is None:
            raise ValueError(f"{getattr(route, 'path', route)} names no permission; see api.auth.needs")
