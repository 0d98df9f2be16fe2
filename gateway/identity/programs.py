"""API tokens for programs, in the database: scoped, hashed, expiring. Everything happens in the caller's transaction.

A token is 32 random bytes, so a plain SHA-256 keeps it: there is nothing to guess.
"""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import Connection, func, select

from api.errors import Code
from api.identity_port import ApiToken, NotDone
from gateway.identity.accounts import raise_stamp
from gateway.identity.sessions import TOKEN_BYTES, digest
from gateway.identity.tables import api_tokens
from gateway.identity.words import apart_or_none, joined, joined_or_none, permissions_of
from rules.instant import Instant

PREFIX = "tocsin_"  # so that scanners of logs and repositories know one when they see it
PER_OWNER_MAX = 100  # all are in memory


def all_of(connection: Connection, owner: str | None = None) -> list[ApiToken]:
    """The newest first."""
    c = api_tokens.c
    statement = select(api_tokens).order_by(c.made_at.desc(), c.id)
    if owner is not None:
        statement = statement.where(c.owner == owner)
    return [_token(row) for row in connection.execute(statement)]


def valid(connection: Connection, now: Instant) -> dict[bytes, ApiToken]:
    """By their digests."""
    c = api_tokens.c
    rows = connection.execute(select(api_tokens).where(c.revoked_at.is_(None), c.ends_at > now))
    return {bytes(row.digest): _token(row) for row in rows}


def add(connection: Connection, token: ApiToken) -> tuple[ApiToken, str]:
    """`token.id` is given here. → (it, its secret). Raises NotDone."""
    c = api_tokens.c
    theirs = select(func.count()).where(c.owner == token.owner)
    if connection.execute(theirs).scalar_one() >= PER_OWNER_MAX:
        raise NotDone("too_many_tokens", f"{token.owner} has made {PER_OWNER_MAX} tokens")
    if connection.execute(select(c.id).where(c.owner == token.owner, c.name == token.name)).first() is not None:
        raise NotDone("token_exists", f"{token.owner} has made a token {token.name} before; names stand on record")
    secret = PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    made = connection.execute(select(func.count()).select_from(api_tokens)).scalar_one()
    id = f"TK-{made + 1:06}"
    connection.execute(
        api_tokens.insert().values(
            id=id,
            owner=token.owner,
            name=token.name,
            digest=digest(secret),
            scopes=joined(each.value for each in token.scopes),
            sites=joined_or_none(token.sites),
            made_at=token.made_at,
            ends_at=token.ends_at,
        )
    )
    raise_stamp(connection)
    return one(connection, id), secret


def one(connection: Connection, id: str, owner: str | None = None) -> ApiToken:
    """Raises NotDone; also for one of another owner."""
    row = connection.execute(select(api_tokens).where(api_tokens.c.id == id)).first()
    if row is None or owner not in (None, row.owner):
        raise NotDone(Code.UNKNOWN_TOKEN, f"{id} is not an API token")
    return _token(row)


def revoke(connection: Connection, id: str, owner: str | None, now: Instant) -> ApiToken:
    """Harmless to do twice. Raises NotDone."""
    one(connection, id, owner)
    c = api_tokens.c
    connection.execute(api_tokens.update().where(c.id == id, c.revoked_at.is_(None)).values(revoked_at=now))
    raise_stamp(connection)
    return one(connection, id)


def _token(row: Any) -> ApiToken:
    return ApiToken(
        id=row.id,
        owner=row.owner,
        name=row.name,
        scopes=permissions_of(row.scopes),
        sites=apart_or_none(row.sites),
        made_at=row.made_at,
        ends_at=row.ends_at,
        revoked_at=row.revoked_at,
    )
