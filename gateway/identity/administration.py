"""What admins do with users, what users do with their API tokens, and reading the access log."""

from __future__ import annotations

from sqlalchemy import Connection

from api.errors import Code
from api.identity_port import Access, AccessQuery, Account, ApiToken, Change, NotDone, Whence
from api.permissions import Permission, granted
from api.ports import Page
from gateway.identity import access, accounts, programs
from gateway.identity.core import DAY_MS, IdentityCore
from gateway.identity.known import NOT_FOR_PROGRAMS, both
from gateway.identity.passwords import check_password
from gateway.identity.words import joined
from rules.instant import Instant


class Administration(IdentityCore):
    async def accounts(self) -> list[Account]:
        return await self._ask(accounts.all_of)

    async def account(self, name: str) -> Account:
        return await self._ask(lambda it: accounts.one(it, name))

    async def add_account(
        self, name: str, change: Change, password: str | None, by: str, why: str, whence: Whence
    ) -> Account:
        hash = None
        if password is not None:
            check_password(name, password)
            hash = await self._passwords.hashed(password)
        line = self._line("user_made", by, whence, name, _said(change, why))
        return await self._do(lambda it, now: accounts.add(it, name, change, hash, by, now), line)

    async def change_account(
        self, name: str, change: Change, if_revision: int | None, by: str, why: str, whence: Whence
    ) -> Account:
        line = self._line("user_changed", by, whence, name, _said(change, why))
        return await self._do(lambda it, _: accounts.change(it, name, change, if_revision), line)

    async def set_password(self, name: str, password: str, by: str, why: str, whence: Whence) -> Account:
        check_password(name, password)
        hash = await self._passwords.hashed(password)
        line = self._line("password_set", by, whence, name, why)
        changed = await self._do(lambda it, _: accounts.set_password(it, name, hash), line)
        self._lockout.unlock(name)
        return changed

    async def end_sessions(self, name: str, by: str, why: str, whence: Whence) -> Account:
        line = self._line("sessions_ended", by, whence, name, why)
        changed = await self._do(lambda it, _: accounts.end_sessions(it, name), line)
        self._lockout.unlock(name)
        return changed

    async def api_tokens(self, owner: str | None) -> list[ApiToken]:
        return await self._ask(lambda it: programs.all_of(it, owner))

    async def make_api_token(
        self,
        owner: str,
        name: str,
        scopes: frozenset[Permission],
        sites: frozenset[str] | None,
        days: int,
        whence: Whence,
    ) -> tuple[ApiToken, str]:
        def work(connection: Connection, now: Instant) -> tuple[ApiToken, str]:
            account = accounts.one(connection, owner)
            beyond = scopes - (granted(account.roles) - NOT_FOR_PROGRAMS)
            if beyond:
                raise NotDone(Code.FORBIDDEN, f"not {owner}'s to give: {joined(each.value for each in beyond)}")
            theirs = both(sites, account.sites)
            return programs.add(connection, ApiToken("", owner, name, scopes, theirs, now, now + days * DAY_MS))

        said = f"{joined(each.value for each in scopes)}; {days} days"
        return await self._do(work, self._line("token_made", owner, whence, f"{owner}/{name}", said))

    async def revoke_api_token(self, id: str, owner: str | None, by: str, whence: Whence) -> ApiToken:
        token = await self._ask(lambda it: programs.one(it, id, owner))
        line = self._line("token_revoked", by, whence, f"{token.owner}/{token.name}")
        return await self._do(lambda it, now: programs.revoke(it, id, owner, now), line)

    async def record(self, line: Access) -> None:
        await self._do(lambda it, now: None, line)

    async def access_log(self, query: AccessQuery) -> Page[Access]:
        await self._write_waiting()
        return await self._ask(lambda it: access.page(it, query))


def _said(change: Change, why: str) -> str:
    """What an account has become, for the access log."""
    parts = [f"roles {joined(role.value for role in change.roles) or 'none'}"]
    if change.sites is not None:
        parts.append(f"sites {joined(change.sites) or 'none'}")
    if change.person is not None:
        parts.append(f"person {change.person}")
    if change.plan_roles:
        parts.append(f"plan roles {joined(change.plan_roles)}")
    if change.disabled:
        parts.append("disabled")
    return "; ".join([*parts, *([why] if why else [])])
