"""Users for tests: a database in a folder of the test's own, passwords hashed at no cost, a clock that is set."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from api.identity_port import Change, Whence
from api.permissions import Role
from gateway.clock import Clock
from gateway.identity.core import Lives
from gateway.identity.database import FILE, Database, identity_url
from gateway.identity.passwords import Passwords
from gateway.identity.provider import Provider
from gateway.identity.users import Users
from rules.instant import Instant

START: Instant = 1_795_500_000_000
PASSWORD = "correct horse battery"
HERE = Whence("192.0.2.7", "request-1")
ELSEWHERE = Whence("198.51.100.9", "request-2")


class SetClock:
    def __init__(self, now: Instant = START) -> None:
        self.now = now

    def __call__(self) -> Instant:
        return self.now


@cache
def _empty() -> bytes:
    """A database without users; to bring one to the newest schema takes longer than most tests."""
    with TemporaryDirectory() as folder:
        database = Database(identity_url(f"sqlite:///{folder}/journal.sqlite"))
        with database.transaction():
            pass  # the first one brings it to the newest schema
        database.close()
        return (Path(folder) / FILE).read_bytes()


def cheap() -> Passwords:
    return Passwords(time_cost=1, memory_kib=8)


def users_in(
    folder: Path,
    clock: Clock | None = None,
    lives: Lives | None = None,
    provider: Provider | None = None,
    passwords: Passwords | None = None,
) -> Users:
    """Those of the folder; none, at first."""
    if not (folder / FILE).exists():
        (folder / FILE).write_bytes(_empty())
    database = Database(identity_url(f"sqlite:///{folder}/journal.sqlite"), durable=False)
    return Users(database, folder, clock or SetClock(), lives, passwords or cheap(), provider)


def change(*roles: Role, **fields: object) -> Change:
    values = {"sites": None, "person": None, "plan_roles": frozenset(), "external": None, "disabled": False}
    return Change(**{"roles": frozenset(roles), **values, **fields})  # type: ignore[arg-type]


async def add_user(users: Users, name: str, *roles: Role, **fields: object) -> None:
    await users.add_account(name, change(*roles, **fields), PASSWORD, "setup", "", HERE)


async def bearer(users: Users, name: str, whence: Whence = HERE) -> dict[str, str]:
    """The header of somebody who signs in."""
    return {"Authorization": f"Bearer {(await users.sign_in(name, PASSWORD, whence)).access_token}"}
