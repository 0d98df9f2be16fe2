"""Who asks. A bearer token names its principal; without any token configured, whoever is on this machine is `local`.

The gate (`gate.py`) asks here for every request before a route is looked for; routes read the answer as `Caller`.
"""

from __future__ import annotations

import hashlib
import hmac
from ipaddress import IPv6Address, ip_address
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from msgspec import Struct

from api.settings import TOKEN_CHARACTERS_MAX, ApiSettings

LOCAL_NAME = "local"


class Principal(Struct, frozen=True):
    """Who a request comes from. `local`: no token proves it, only that it comes from this machine."""

    name: str
    local: bool = False

    def acts_as(self, claimed: str | None) -> str:
        """The name that goes on record. A token's name prevails; at this machine a person may say who they are."""
        return claimed if self.local and claimed else self.name


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
