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
from api.permissions import Permission
from api.settings import TOKEN_CHARACTERS_MAX, ApiSettings

LOCAL_NAME = "local"
# Whoever is on this machine, and the programs of a tokens file: everything but what makes users.
WITHOUT_USERS = frozenset(Permission) - {Permission.MANAGE_USERS, Permission.OWN_ACCOUNT}


class Principal(Struct, frozen=True):
    """Who a request comes from, what they may do, and where.

    `local`: no token proves it, only that it comes from this machine. `sites` None: of any site. A route that asks
    something else than `TheDesk` (which sees to it) asks `sees` for each site it shows.
    """

    name: str
    local: bool = False
    permissions: frozenset[Permission] = WITHOUT_USERS
    sites: frozenset[str] | None = None

    def acts_as(self, claimed: str | None) -> str:
        """The name that goes on record. A token's name prevails; at this machine a person may say who they are."""
        return claimed if self.local and claimed else self.name

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    def sees(self, site: str | None) -> bool:
        """Whether something at a site is theirs to see; None: something that concerns all sites."""
        return self.sites is None or site in self.sites


LOCAL = Principal(LOCAL_NAME, local=True)


class Tokens:
    """The known tokens, as digests: of one length, so that comparing tells nothing about theirs."""

    def __init__(self, settings: ApiSettings) -> None:
        self._digests = {name: _digest(token.get_secret_value()) for name, token in settings.tokens.items()}

    def __bool__(self) -> bool:
        return bool(self._digests)

    def principal(self, authorization: str | None) -> Principal | None:
        """`Bearer …` → whose it is, or None. Always compares with every token, each in constant time."""
        scheme, _, token = (authorization or "").partition(" ")
        presented = _digest(token.strip()[: TOKEN_CHARACTERS_MAX + 1])
        matches = [name for name, digest in self._digests.items() if hmac.compare_digest(digest, presented)]
        return Principal(matches[0]) if matches and scheme.lower() == "bearer" else None


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


_scheme = HTTPBearer(auto_error=False, description="A token of the gateway's tokens file. Not needed on loopback.")


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

    permission: Permission

    async def __call__(self, caller: Caller) -> None:
        if not caller.may(self.permission):
            raise ProblemRaised(Code.FORBIDDEN, f"{caller.name} may not {self.permission.value}")


def needs(permission: Permission) -> Dependency:
    """For `dependencies=[…]` of a route: everyone without the permission gets 403 `forbidden`."""
    dependency: Dependency = Depends(Needs(permission))
    return dependency


def permission_of(route: BaseRoute) -> Permission | None:
    """What a route needs; None: it names nothing."""
    if isinstance(route, APIRoute):
        for each in route.dependencies:
            if isinstance(each.dependency, Needs):
                return each.dependency.permission
    return None


def all_name_a_permission(routes: Iterable[BaseRoute]) -> None:
    """Raises ValueError for a route that anybody with any token could use."""
    for route in routes:
        if permission_of(route) is None:
            raise ValueError(f"{getattr(route, 'path', route)} names no permission; see api.auth.needs")
