"""Passwords: argon2id, in a thread of its own, one at a time, and only so many waiting.

A hash takes a tenth of a second of a core and 64 MiB, on purpose. On the event loop it would hold up alarms; many at
once would take the cores from them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from api.errors import Code
from api.identity_port import NotDone

if TYPE_CHECKING:
    from argon2 import PasswordHasher

T = TypeVar("T")

CHARACTERS_MIN = 12  # NIST SP 800-63B-4 asks for 15 where there is no second factor, 8 with one (confidence medium)
CHARACTERS_MAX = 256
DIFFERENT_MIN = 5  # characters
WAITING_MAX = 8  # a second and a half of work; whoever is refused comes again
RETRY_AFTER_S = 2
TIME_COST, MEMORY_KIB = 3, 64 * 1024  # RFC 9106, the second recommended choice; one lane, for one core


class Passwords:
    def __init__(self, time_cost: int = TIME_COST, memory_kib: int = MEMORY_KIB) -> None:
        self._cost = time_cost, memory_kib
        self._thread = ThreadPoolExecutor(1, "argon2")
        self._waiting = 0
        self._hasher: PasswordHasher | None = None
        self._of_nobody: str | None = None

    async def hashed(self, password: str) -> str:
        """Raises NotDone."""
        return await self._in_turn(lambda: self._argon2().hash(password))

    async def matches(self, hash: str | None, password: str) -> tuple[bool, str | None]:
        """→ (whether it is the password, its hash at today's cost if the one that is kept has another).

        None, where there is no such user, takes as long. Raises NotDone.
        """
        return await self._in_turn(lambda: self._matches(hash, password))

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    def hash_now(self, password: str) -> str:
        """For the command line, which has no event loop."""
        return str(self._argon2().hash(password))

    def _matches(self, hash: str | None, password: str) -> tuple[bool, str | None]:
        from argon2.exceptions import InvalidHashError, VerificationError

        argon2 = self._argon2()
        if self._of_nobody is None:
            self._of_nobody = argon2.hash("")
        try:
            argon2.verify(hash or self._of_nobody, password)
        except (VerificationError, InvalidHashError):
            return False, None
        if hash is None:
            return False, None
        return True, argon2.hash(password) if argon2.check_needs_rehash(hash) else None

    def _argon2(self) -> PasswordHasher:
        if self._hasher is None:
            from argon2 import PasswordHasher

            time_cost, memory_kib = self._cost
            self._hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=1)
        return self._hasher

    async def _in_turn(self, work: Callable[[], T]) -> T:
        if self._waiting >= WAITING_MAX:
            raise NotDone(Code.TOO_MANY_SIGN_INS, f"{self._waiting} are waiting; try again", RETRY_AFTER_S)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        finally:
            self._waiting -= 1


def check_password(name: str, password: str) -> None:
    """Raises NotDone for one that is easily guessed."""
    if not CHARACTERS_MIN <= len(password) <= CHARACTERS_MAX:
        raise NotDone(Code.WEAK_PASSWORD, f"expected {CHARACTERS_MIN} to {CHARACTERS_MAX} characters")
    if len(set(password)) < DIFFERENT_MIN:
        raise NotDone(Code.WEAK_PASSWORD, f"expected at least {DIFFERENT_MIN} different characters")
    if name.lower() in password.lower():
        raise NotDone(Code.WEAK_PASSWORD, "expected one without the user's name in it")
