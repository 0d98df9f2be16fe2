"""What is remembered of users, sessions and API tokens, so that a request costs no look into the database."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from sqlalchemy import Connection

from api.auth import Principal
from api.identity_port import Account, ApiToken
from api.permissions import Permission, granted
from gateway.identity import accounts, programs, sessions
from gateway.identity.signing import Claims
from rules.instant import Instant

NOT_FOR_PROGRAMS = frozenset({Permission.OWN_ACCOUNT, Permission.MANAGE_USERS})
"""A token must not make tokens or users: one that leaks would outlive its end."""


class Known(Struct, frozen=True):
    changes: int = 0
    users: Mapping[str, Account] = {}
    epochs: Mapping[str, int] = {}
    programs: Mapping[bytes, ApiToken] = {}
    revoked: frozenset[str] = frozenset()  # sessions

    def of_person(self, claims: Claims) -> Principal | None:
        account = self.users.get(claims.user)
        if account is None or account.disabled or self.epochs[claims.user] != claims.epoch:
            return None
        if claims.session in self.revoked:
            return None
        return Principal(
            name=account.person or account.name,
            account=account.name,
            permissions=granted(account.roles),
            sites=account.sites,
            person=account.person,
            plan_roles=account.plan_roles,
        )

    def of_program(self, digest: bytes, now: Instant) -> Principal | None:
        token = self.programs.get(digest)
        if token is None or token.ends_at <= now:
            return None
        owner = self.users.get(token.owner)
        if owner is None or owner.disabled:
            return None
        name = f"{token.owner}/{token.name}"
        return Principal(
            name=name,
            account=name,
            permissions=token.scopes & granted(owner.roles) - NOT_FOR_PROGRAMS,
            sites=both(token.sites, owner.sites),
            plan_roles=frozenset(),
        )


def both(some: frozenset[str] | None, others: frozenset[str] | None) -> frozenset[str] | None:
    """What is in both sets of sites; None: all."""
    if some is None or others is None:
        return others if some is None else some
    return some & others


def read_known(connection: Connection, now: Instant, access_ms: int) -> Known:
    return Known(
        changes=accounts.changes(connection),
        users={each.name: each for each in accounts.all_of(connection)},
        epochs=accounts.epochs(connection),
        programs=programs.valid(connection, now),
        revoked=sessions.revoked_since(connection, now - access_ms),
    )
