"""What the API needs to know of who asks: users, sessions, API tokens, the access log. The gateway implements it."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from api.auth import Principal
from api.errors import NotDone as NotDone  # part of this port
from api.permissions import Permission, Role
from api.ports import Page
from rules.instant import Instant


class Whence(Struct, frozen=True):
    """Where a request comes from. `request`: its id."""

    peer: str
    request: str = ""


class Account(Struct, frozen=True):
    """A user. `sites` None: all. `person`: who they are in the roster; `plan_roles`: what they may act as besides."""

    name: str
    roles: frozenset[Role]
    sites: frozenset[str] | None = None
    person: str | None = None
    plan_roles: frozenset[str] = frozenset()
    external: str | None = None  # who they are to the OpenID provider
    has_password: bool = False
    disabled: bool = False
    revision: int = 1
    made_at: Instant = 0
    made_by: str = ""


class Change(Struct, frozen=True):
    """What an account becomes."""

    roles: frozenset[Role]
    sites: frozenset[str] | None
    person: str | None
    plan_roles: frozenset[str]
    external: str | None
    disabled: bool


class Issued(Struct, frozen=True):
    """What somebody gets who has signed in."""

    user: str
    access_token: str
    expires_in_s: int
    refresh_token: str
    permissions: frozenset[Permission]


class ApiToken(Struct, frozen=True):
    """A program's token, without its secret. It may do what is in `scopes` *and* its owner may do."""

    id: str
    owner: str
    name: str
    scopes: frozenset[Permission]
    sites: frozenset[str] | None
    made_at: Instant
    ends_at: Instant
    revoked_at: Instant | None = None


class Access(Struct, frozen=True):
    """One line of the access log."""

    what: str  # "signed_in", "refused", …
    who: str  # the user or token; empty: nobody knows
    peer: str
    about: str = ""  # a user, a token, a method and path
    why: str = ""
    request: str = ""
    at: Instant = 0
    position: int = 0
    times: int = 1


class AccessQuery(Struct, frozen=True):
    """Newest first. None: any."""

    who: str | None = None
    what: str | None = None
    since: Instant | None = None
    until: Instant | None = None
    cursor: str | None = None
    limit: int = 100


class Identity(Protocol):
    """Everything raises NotDone for what is refused, and Unavailable when users cannot be looked up.

    Whoever does something is `by`, a user's name; `why` is their reason.
    """

    async def look(self) -> None:
        """Learns what has changed, also by another process, at most a second ago."""
        ...

    @property
    def users_exist(self) -> bool: ...

    @property
    def mask_key(self) -> bytes:
        """With which card holders are masked, the same way for years."""
        ...

    def principal(self, token: str) -> Principal | None:
        """Whose an access or API token is. Neither waits nor reads anything."""
        ...

    def note(self, access: Access) -> None:
        """Puts a line on the access log, soon."""
        ...

    async def record(self, access: Access) -> None:
        """Puts a line on the access log, now: it stands there when this returns."""
        ...

    async def set_up(self, secret: str, name: str, password: str, whence: Whence) -> Account:
        """The first admin, for whoever can read the setup secret in the data folder."""
        ...

    async def sign_in(self, name: str, password: str, whence: Whence) -> Issued: ...

    async def refresh(self, token: str, whence: Whence) -> Issued:
        """A refresh token is good once; one that comes again ends its session."""
        ...

    async def sign_out(self, token: str, whence: Whence) -> None:
        """Ends the session of a refresh token, if it is one."""
        ...

    async def sign_in_at_provider(self) -> tuple[str, str]:
        """→ (where the browser is to be sent, what it has to bring back in a cookie). NotDone: no provider."""
        ...

    async def signed_in_at_provider(self, code: str, state: str, cookie: str, whence: Whence) -> Issued: ...

    async def accounts(self) -> list[Account]:
        """By name."""
        ...

    async def account(self, name: str) -> Account: ...

    async def add_account(
        self, name: str, change: Change, password: str | None, by: str, why: str, whence: Whence
    ) -> Account: ...

    async def change_account(
        self, name: str, change: Change, if_revision: int | None, by: str, why: str, whence: Whence
    ) -> Account: ...

    async def set_password(self, name: str, password: str, by: str, why: str, whence: Whence) -> Account:
        """Ends every session of theirs."""
        ...

    async def change_password(self, name: str, old: str, new: str, whence: Whence) -> Account: ...

    async def end_sessions(self, name: str, by: str, why: str, whence: Whence) -> Account:
        """Of a user; their lock-outs end too."""
        ...

    async def api_tokens(self, owner: str | None) -> list[ApiToken]:
        """The newest first; None: everybody's."""
        ...

    async def make_api_token(
        self,
        owner: str,
        name: str,
        scopes: frozenset[Permission],
        sites: frozenset[str] | None,
        days: int,
        whence: Whence,
    ) -> tuple[ApiToken, str]:
        """→ (it, its secret, which nobody can see again)."""
        ...

    async def revoke_api_token(self, id: str, owner: str | None, by: str, whence: Whence) -> ApiToken:
        """`owner` None: whosever it is."""
        ...

    async def access_log(self, query: AccessQuery) -> Page[Access]: ...
