"""An API without users: nobody signs in, and nothing is put on an access log."""

from __future__ import annotations

import secrets
from typing import Any, cast

from api.auth import Principal
from api.identity_port import Access, Identity
from api.ports import Unavailable


class _NoUsers:
    users_exist = False

    def __init__(self) -> None:
        self.mask_key = secrets.token_bytes(32)

    async def look(self) -> None:
        """There is nothing to learn."""

    def principal(self, token: str) -> Principal | None:
        return None

    def note(self, access: Access) -> None:
        """The gate logs what it refuses."""

    def __getattr__(self, name: str) -> Any:
        async def unavailable(*arguments: object, **named: object) -> None:
            raise Unavailable("users are not kept here")

        return unavailable


def no_users() -> Identity:
    return cast(Identity, _NoUsers())
