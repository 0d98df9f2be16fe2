"""The one thread that asks the database of users, and what is remembered of it."""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import msgspec
from sqlalchemy import Connection

from api.auth import Principal
from api.identity_port import Access, Whence
from api.ports import Unavailable
from gateway.clock import Clock, now_ms
from gateway.identity import access, accounts, programs, sessions
from gateway.identity.database import Database
from gateway.identity.known import Known, read_known
from gateway.identity.lockout import Lockout
from gateway.identity.passwords import Passwords
from gateway.identity.provider import Provider
from gateway.identity.secret_files import forget_setup_secret, setup_secret, signing_key
from gateway.identity.signing import Signer
from gateway.store.errors import StoreFailed
from rules.instant import Instant

T = TypeVar("T")

LOOK_EVERY_MS = 1_000  # how soon a change by another process (`tocsin users`) is noticed; nothing tells of it
WRITE_EVERY_S = 1.0
DAY_MS = 86_400_000
FORGET_MS = 30 * DAY_MS  # sessions that ended so long ago

log = logging.getLogger("tocsin.identity")


class Lives(msgspec.Struct, frozen=True):
    """How long tokens are good."""

    access_ms: int = 10 * 60_000
    refresh_ms: int = 12 * 3_600_000  # unused: a shift
    session_ms: int = 7 * DAY_MS  # then a password is asked for again


class IdentityCore:
    """The event loop waits for neither the database nor argon2."""

    def __init__(
        self,
        database: Database,
        folder: Path,
        clock: Clock = now_ms,
        lives: Lives | None = None,
        passwords: Passwords | None = None,
        provider: Provider | None = None,
    ) -> None:
        """`folder`: where the signing key and the setup secret are. Raises ValueError for a key that is unfit."""
        self._database, self._folder, self._clock = database, folder, clock
        self._lives = lives or Lives()
        self._passwords = passwords or Passwords()
        self._provider = provider
        key = signing_key(folder)
        self._signer = Signer(key)
        self._mask_key = hmac.digest(key, b"masks", "sha256")
        self._lockout = Lockout()
        self._thread = ThreadPoolExecutor(1, "identity")
        self._looking = asyncio.Lock()
        self._looked_at: Instant | None = None
        self._forgot_at: Instant = 0
        self._known = Known()
        self._waiting = access.Waiting()
        self._timer: asyncio.TimerHandle | None = None
        self._writing: set[asyncio.Task[None]] = set()

    @property
    def users_exist(self) -> bool:
        return bool(self._known.users)

    @property
    def mask_key(self) -> bytes:
        return self._mask_key

    async def look(self) -> None:
        if not self._is_due():
            return
        async with self._looking:
            if self._is_due():
                await self._in_thread(self._read_if_changed)

    def principal(self, token: str) -> Principal | None:
        now = self._clock()
        if token.startswith(programs.PREFIX):
            return self._known.of_program(sessions.digest(token), now)
        claims = self._signer.read(token, now)
        return self._known.of_person(claims) if claims is not None else None

    def note(self, access: Access) -> None:
        self._waiting.add(msgspec.structs.replace(access, at=self._clock()))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(WRITE_EVERY_S, self._write_soon)

    async def close(self) -> None:
        """What waits for the access log is written."""
        if self._timer is not None:
            self._timer.cancel()
        await asyncio.gather(*self._writing, return_exceptions=True)
        await self._write_waiting()
        self._passwords.close()
        await self._in_thread(self._database.close)
        self._thread.shutdown(wait=False)

    # ---- for the parts

    async def _ask(self, question: Callable[[Connection], T]) -> T:
        """Raises NotDone, Unavailable."""

        def in_transaction() -> T:
            with self._database.transaction() as connection:
                return question(connection)

        return await self._in_thread(in_transaction)

    async def _do(self, work: Callable[[Connection, Instant], T], line: Access) -> T:
        """One transaction, with its line on the access log; then everybody knows. Raises NotDone, Unavailable."""

        def in_transaction() -> T:
            now = self._clock()
            with self._database.transaction() as connection:
                done = work(connection, now)
                access.write(connection, [msgspec.structs.replace(line, at=now)])
            self._read_if_changed()
            return done

        return await self._in_thread(in_transaction)

    def _line(self, what: str, who: str, whence: Whence, about: str = "", why: str = "") -> Access:
        return Access(what, who, whence.peer, about, why, whence.request)

    # ----

    def _is_due(self) -> bool:
        return self._looked_at is None or abs(self._clock() - self._looked_at) >= LOOK_EVERY_MS

    def _read_if_changed(self) -> None:
        now = self._clock()
        with self._database.transaction() as connection:
            if accounts.changes(connection) != self._known.changes:
                self._known = read_known(connection, now, self._lives.access_ms)
                self._offer_setup()
            if now - self._forgot_at >= DAY_MS:
                sessions.forget(connection, now - FORGET_MS)
                access.forget(connection, now)
                self._forgot_at = now
        self._looked_at = now

    def _offer_setup(self) -> None:
        """As long as there is no user, whoever can read a file in the data folder can make the first one."""
        if self._known.users:
            forget_setup_secret(self._folder)
            return
        path = setup_secret(self._folder)
        log.info("no users yet: `tocsin users add NAME --role admin` makes the first, or the secret in %s does", path)

    def _write_soon(self) -> None:
        self._timer = None
        task = asyncio.get_running_loop().create_task(self._write_waiting())
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _write_waiting(self) -> None:
        lines = self._waiting.take(self._clock())
        if not lines:
            return

        def write() -> None:
            with self._database.transaction() as connection:
                access.write(connection, lines)

        try:
            await self._in_thread(write)
        except Unavailable:
            log.exception("%d lines of the access log are lost", len(lines))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except StoreFailed as error:
            log.error("users cannot be looked up: %s", error)
            raise Unavailable("users cannot be looked up") from error
