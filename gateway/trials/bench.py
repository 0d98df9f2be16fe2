"""The work bench: starts processes that try something, a few at a time, each with limits, and hears what they say."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from api.port_basics import TooBusy
from gateway.child_process import beside
from gateway.trials.words import Answer, Failed, Progress, Question, Said, encode, said_of

LINE_BYTES_MAX = 64 * 1024**2  # an answer of 2 000 firings on each side is 1 MB

log = logging.getLogger("tocsin.trials")


class Limits(NamedTuple):
    """Of one process, and of how many there may be."""

    name: str
    seconds: float  # from its start, by the clock on the wall
    megabytes: int  # of address space: SQLite maps files into it, and the interpreter takes half a gigabyte
    at_once: int
    waiting: int


QUICK = Limits("checks and dry runs", seconds=60, megabytes=1_536, at_once=1, waiting=8)
LONG = Limits("backtests", seconds=1_800, megabytes=2_048, at_once=1, waiting=4)
PROOF = Limits("verifications", seconds=1_800, megabytes=1_536, at_once=1, waiting=1)


class Bench:
    """Of one kind of work."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._turn = asyncio.Semaphore(limits.at_once)
        self._asked = 0

    def refuse_more(self) -> None:
        """Raises TooBusy when so many wait already that another is not taken."""
        if self._asked >= self._limits.at_once + self._limits.waiting:
            raise TooBusy(f"{self._asked} {self._limits.name} are under way or waiting")

    async def answer(self, question: Question, told: Callable[[float], None] = lambda share: None) -> Answer:
        """`told(share)` as it goes on. Raises TooBusy. Cancelled, it ends the process."""
        self.refuse_more()
        self._asked += 1
        try:
            async with self._turn:
                return await self._worked(question, told)
        finally:
            self._asked -= 1

    async def _worked(self, question: Question, told: Callable[[float], None]) -> Answer:
        limits = self._limits
        program = [sys.executable, "-m", "gateway.trials", str(limits.megabytes), str(round(limits.seconds))]
        process = await asyncio.create_subprocess_exec(
            *beside(program),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=LINE_BYTES_MAX,
        )
        try:
            async with asyncio.timeout(limits.seconds):
                return await _heard(process, encode(question), told)
        except TimeoutError:
            return Failed(f"it took longer than {limits.seconds:.0f} s")
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()


async def _heard(process: asyncio.subprocess.Process, question: bytes, told: Callable[[float], None]) -> Answer:
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it has ended: what it said tells why
        process.stdin.write(question)
        await process.stdin.drain()
    process.stdin.close()
    while line := await process.stdout.readline():
        try:
            said: Said = said_of(line)
        except msgspec.DecodeError:
            break
        if not isinstance(said, Progress):
            return said
        told(said.share)
    code = await process.wait()
    log.error("a process that tries something has ended with %s and no answer", code)
    return Failed(f"its process ended with {code}: it took too much time or memory, or failed")
