"""Users in the database. Everything happens in the caller's transaction."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import IntegrityError

from api.errors import Code
from api.identity_port import Account, Change, NotDone
from api.permissions import Role
from gateway.identity.tables import stamp, users
from gateway.identity.words import apart, apart_or_none, joined, joined_or_none, roles_of
from rules.instant import Instant

USERS_MAX = 10_000  # all of them are in memory: some 10 MB


def raise_stamp(connection: Connection) -> None:
    """Whoever remembers users, sessions or tokens reads them again."""
    connection.execute(stamp.update().values(changes=stamp.c.changes + 1))


def changes(connection: Connection) -> int:
    return int(connection.execute(select(stamp.c.changes)).scalar_one())


def all_of(connection: Connection) -> list[Account]:
    return [_account(row) for row in connection.execute(select(users).order_by(users.c.name))]


def epochs(connection: Connection) -> dict[str, int]:
    return {row.name: row.epoch for row in connection.execute(select(users.c.name, users.c.epoch))}


def one(connection: Connection, name: str) -> Account:
    """Raises NotDone."""
    row = connection.execute(select(users).where(users.c.name == name)).first()
    if row is None:
        raise NotDone(Code.UNKNOWN_USER, f"{name} is not a user")
    return _account(row)


def by_external(connection: Connection, external: str) -> Account | None:
    row = connection.execute(select(users).where(users.c.external == external)).first()
    return _account(row) if row is not None else None


def password_of(connection: Connection, name: str) -> str | None:
    """The hash; None: no such user, or one without a password."""
    found = connection.execute(select(users.c.password).where(users.c.name == name)).scalar()
    return str(found) if found is not None else None


def count(connection: Connection) -> int:
    return int(connection.execute(select(func.count()).select_from(users)).scalar_one())


def add(connection: Connection, name: str, change: Change, password: str | None, by: str, now: Instant) -> Account:
    """`password`: its hash. Raises NotDone."""
    if count(connection) >= USERS_MAX:
        raise NotDone("too_many_users", f"there are {USERS_MAX} users; disabled ones count, for they stand on record")
    _refuse_taken(connection, name, change)
    if connection.execute(select(users.c.name).where(users.c.name == name)).first() is not None:
        raise NotDone("user_exists", f"there is a user {name}")
    fixed = {"name": name, "password": password, "epoch": 1, "revision": 1, "made_at": now, "made_by": by}
    _write(connection, users.insert().values(**fixed, **_columns(change)))
    raise_stamp(connection)
    return one(connection, name)


def change(connection: Connection, name: str, wanted: Change, if_revision: int | None) -> Account:
    """Raises NotDone. Whoever is disabled has their sessions ended."""
    before = one(connection, name)
    if if_revision is not None and before.revision != if_revision:
        raise NotDone(Code.PRECONDITION_FAILED, f"{name} is at revision {before.revision} by now")
    _refuse_taken(connection, name, wanted)
    loses = Role.ADMIN not in wanted.roles or wanted.disabled
    if loses and _admins(connection) == {name}:
        raise NotDone("last_admin", f"{name} is the only admin left")
    values = {**_columns(wanted), "revision": before.revision + 1}
    if wanted.disabled:
        values["epoch"] = users.c.epoch + 1
    _write(connection, users.update().where(users.c.name == name).values(**values))
    raise_stamp(connection)
    return one(connection, name)


def set_password(connection: Connection, name: str, password: str | None) -> Account:
    """`password`: its hash. Ends every session. Raises NotDone."""
    one(connection, name)
    values = {"password": password, "epoch": users.c.epoch + 1, "revision": users.c.revision + 1}
    connection.execute(users.update().where(users.c.name == name).values(**values))
    raise_stamp(connection)
    return one(connection, name)


def rehash(connection: Connection, name: str, password: str) -> None:
    """The same password, hashed at today's cost."""
    connection.execute(users.update().where(users.c.name == name).values(password=password))


def end_sessions(connection: Connection, name: str) -> Account:
    one(connection, name)
    connection.execute(users.update().where(users.c.name == name).values(epoch=users.c.epoch + 1))
    raise_stamp(connection)
    return one(connection, name)


def _admins(connection: Connection) -> set[str]:
    return {each.name for each in all_of(connection) if Role.ADMIN in each.roles and not each.disabled}


def _refuse_taken(connection: Connection, name: str, wanted: Change) -> None:
    """No two users may go on record as the same person: a quorum counts persons."""
    for other in all_of(connection):
        if other.name == name:
            continue
        if wanted.person is not None and wanted.person in (other.person, other.name):
            raise NotDone("person_taken", f"{other.name} goes on record as {wanted.person}")
        if other.person == name:
            raise NotDone("person_taken", f"{other.name} goes on record as {name}")
        if wanted.external is not None and wanted.external == other.external:
            raise NotDone("external_taken", f"{other.name} is {wanted.external} at the provider")


def _write(connection: Connection, statement: Any) -> None:
    try:
        connection.execute(statement)
    except IntegrityError as error:  # another process was quicker
        raise NotDone("user_exists", "a user with this name, person or external identity was made meanwhile") from error


def _columns(wanted: Change) -> dict[str, Any]:
    return {
        "roles": joined(role.value for role in wanted.roles),
        "sites": joined_or_none(wanted.sites),
        "person": wanted.person,
        "plan_roles": joined(wanted.plan_roles),
        "external": wanted.external,
        "disabled": wanted.disabled,
    }


def _account(row: Any) -> Account:
    return Account(
        name=row.name,
        roles=roles_of(row.roles),
        sites=apart_or_none(row.sites),
        person=row.person,
        plan_roles=apart(row.plan_roles),
        external=row.external,
        has_password=row.password is not None,
        disabled=row.disabled,
        revision=row.revision,
        made_at=row.made_at,
        made_by=row.made_by,
    )
