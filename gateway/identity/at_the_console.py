"""Users from the command line: whoever can write to the data folder may make and change them, also while the gateway
runs, which notices within a second. Every change stands on the access log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import msgspec
from sqlalchemy import Connection

from api.identity_port import Access, Account, Change
from api.permissions import Role
from gateway.clock import Clock, now_ms
from gateway.config import GatewaySettings
from gateway.identity import access, accounts
from gateway.identity.database import Database, identity_url
from gateway.identity.passwords import Passwords, check_password
from rules.instant import Instant

T = TypeVar("T")

PEER = "command line"


class Console:
    """`by`: who works at it. Everything raises NotDone and StoreFailed."""

    def __init__(self, database: Database, by: str, clock: Clock = now_ms, passwords: Passwords | None = None) -> None:
        self._database, self._by, self._clock = database, by, clock
        self._passwords = passwords or Passwords()

    def accounts(self) -> list[Account]:
        with self._database.transaction() as connection:
            return accounts.all_of(connection)

    def add(self, name: str, change: Change, password: str | None) -> Account:
        hash = self._hashed(name, password) if password is not None else None
        said = f"roles {', '.join(sorted(role.value for role in change.roles))}"
        return self._do("user_made", name, said, lambda it, now: accounts.add(it, name, change, hash, self._by, now))

    def set_password(self, name: str, password: str) -> Account:
        hash = self._hashed(name, password)
        return self._do("password_set", name, "", lambda it, _: accounts.set_password(it, name, hash))

    def change(
        self,
        name: str,
        roles: frozenset[Role] | None = None,
        sites: frozenset[str] | None = None,
        all_sites: bool = False,
        person: str | None = None,
        disabled: bool | None = None,
    ) -> Account:
        """What is None stays as it is."""

        def work(connection: Connection, now: Instant) -> Account:
            was = accounts.one(connection, name)
            wanted = Change(
                roles=was.roles if roles is None else roles,
                sites=None if all_sites else was.sites if sites is None else sites,
                person=was.person if person is None else person or None,
                plan_roles=was.plan_roles,
                external=was.external,
                disabled=was.disabled if disabled is None else disabled,
            )
            return accounts.change(connection, name, wanted, None)

        return self._do("user_changed", name, "", work)

    def end_sessions(self, name: str) -> Account:
        return self._do("sessions_ended", name, "", lambda it, _: accounts.end_sessions(it, name))

    def close(self) -> None:
        self._passwords.close()
        self._database.close()

    def _hashed(self, name: str, password: str) -> str:
        check_password(name, password)
        return self._passwords.hash_now(password)

    def _do(self, what: str, name: str, said: str, work: Callable[[Connection, Instant], T]) -> T:
        now = self._clock()
        with self._database.transaction() as connection:
            done = work(connection, now)
            access.write(connection, [msgspec.structs.replace(Access(what, self._by, PEER, name, said), at=now)])
            return done


@contextmanager
def console(settings: GatewaySettings, by: str) -> Iterator[Console]:
    settings.data.mkdir(parents=True, exist_ok=True)
    opened = Console(Database(identity_url(settings.store_url)), by)
    try:
        yield opened
    finally:
        opened.close()
