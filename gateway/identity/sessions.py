"""Sessions: a family of refresh tokens, each good once. One that comes a second time was stolen, by whoever came
first or whoever came second; nobody can tell, so the whole family ends.
"""

from __future__ import annotations

import secrets
from hashlib import sha256

from msgspec import Struct
from sqlalchemy import Connection, delete, or_, select

from api.errors import Code
from api.identity_port import NotDone
from gateway.identity.accounts import raise_stamp
from gateway.identity.tables import refresh_tokens, sessions, users
from rules.instant import Instant

TOKEN_BYTES = 32
ID_BYTES = 9
PER_USER_MAX = 50  # open at once: workstations, telephones; the oldest ends


class Session(Struct, frozen=True):
    id: str
    user: str
    epoch: int
    ends_at: Instant


class Reused(NotDone):
    """A refresh token came again: its session is over."""

    def __init__(self, session: Session) -> None:
        super().__init__(Code.INVALID_GRANT, "this refresh token was used before; its session has ended")
        self.session = session


def digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


def open_session(connection: Connection, user: str, peer: str, now: Instant, ends_at: Instant) -> Session:
    epoch = connection.execute(select(users.c.epoch).where(users.c.name == user)).scalar_one()
    session = Session(secrets.token_urlsafe(ID_BYTES), user, int(epoch), ends_at)
    row = {"id": session.id, "user": user, "epoch": session.epoch, "peer": peer, "made_at": now, "ends_at": ends_at}
    connection.execute(sessions.insert().values(**row))
    _end_oldest(connection, user, now)
    return session


def _end_oldest(connection: Connection, user: str, now: Instant) -> None:
    c = sessions.c
    theirs = select(c.id).where(c.user == user, c.ends_at > now, c.revoked_at.is_(None))
    too_many = connection.execute(theirs.order_by(c.made_at.desc(), c.id).offset(PER_USER_MAX)).scalars().all()
    for id in too_many:
        revoke(connection, id, now)


def new_refresh_token(connection: Connection, session: Session, ends_at: Instant) -> str:
    token = secrets.token_urlsafe(TOKEN_BYTES)
    row = {"digest": digest(token), "session": session.id, "ends_at": min(ends_at, session.ends_at)}
    connection.execute(refresh_tokens.insert().values(**row))
    return token


def use(connection: Connection, token: str, now: Instant) -> Session:
    """Marks a refresh token as used. → its session. Raises NotDone; Reused, whose session the caller has to revoke."""
    found = find(connection, token)
    if found is None:
        raise NotDone(Code.INVALID_GRANT, "this refresh token is not known")
    session, ends_at, used_at, revoked_at = found
    if used_at is not None:
        raise Reused(session)
    if revoked_at is not None or ends_at <= now or session.ends_at <= now:
        raise NotDone(Code.INVALID_GRANT, "this session has ended")
    stands = select(users.c.name).where(
        users.c.name == session.user, users.c.epoch == session.epoch, users.c.disabled.is_(False)
    )
    if connection.execute(stands).first() is None:
        raise NotDone(Code.INVALID_GRANT, "this session has ended")
    c = refresh_tokens.c
    used = refresh_tokens.update().where(c.digest == digest(token), c.used_at.is_(None)).values(used_at=now)
    if connection.execute(used).rowcount != 1:
        raise Reused(session)
    return session


def find(connection: Connection, token: str) -> tuple[Session, Instant, Instant | None, Instant | None] | None:
    """→ (session, when the token ends, when it was used, when the session was revoked)."""
    t, s = refresh_tokens.c, sessions.c
    columns = (s.id, s.user, s.epoch, s.ends_at, t.ends_at.label("token_ends_at"), t.used_at, s.revoked_at)
    row = connection.execute(select(*columns).where(t.digest == digest(token), t.session == s.id)).first()
    if row is None:
        return None
    return Session(row.id, row.user, row.epoch, row.ends_at), row.token_ends_at, row.used_at, row.revoked_at


def revoke(connection: Connection, id: str, now: Instant) -> None:
    c = sessions.c
    connection.execute(sessions.update().where(c.id == id, c.revoked_at.is_(None)).values(revoked_at=now))
    raise_stamp(connection)


def revoked_since(connection: Connection, since: Instant) -> frozenset[str]:
    """Sessions whose access tokens may still run."""
    return frozenset(connection.execute(select(sessions.c.id).where(sessions.c.revoked_at >= since)).scalars())


def known_peers(connection: Connection, user: str, since: Instant) -> frozenset[str]:
    """From where the user has signed in."""
    c = sessions.c
    return frozenset(connection.execute(select(c.peer).where(c.user == user, c.made_at >= since)).scalars())


def forget(connection: Connection, before: Instant) -> None:
    """Sessions that ended before an instant, with their tokens."""
    c = sessions.c
    old = select(c.id).where(or_(c.ends_at < before, c.revoked_at < before))
    connection.execute(delete(refresh_tokens).where(refresh_tokens.c.session.in_(old)))
    connection.execute(delete(sessions).where(or_(c.ends_at < before, c.revoked_at < before)))
