"""Starts the API's process, watches it, starts it again when it dies, and stops it."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import Callable

from gateway.apart.core_end import CoreEnd
from gateway.apart.line import take_line
from gateway.apart.stand_in import StandIn
from gateway.child_process import beside
from gateway.clock import monotonic_s
from gateway.link import backoff_seconds

READY_SECONDS_MAX = 60.0  # it imports for a second, on a busy machine for some
STOP_SECONDS_MAX = 8.0  # answers that are under way; then it is killed
STEADY_SECONDS = 60.0  # a process that lived so long did not die of what the last one died of

log = logging.getLogger("tocsin.api")


class Supervisor:
    """`run` it. `changed(fault)`: why nobody but the stand-in answers; empty: the API's process does."""

    def __init__(
        self, listening: socket.socket, core: CoreEnd, stand_in: StandIn, changed: Callable[[str], None]
    ) -> None:
        self._listening, self._core, self._stand_in, self._changed = listening, core, stand_in, changed
        self._process: asyncio.subprocess.Process | None = None
        self.starts = 0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def run(self) -> None:
        """Until cancelled, which stops the process."""
        failures = 0
        try:
            while True:
                begun = monotonic_s()
                code = await self._life()
                failures = 1 if monotonic_s() - begun > STEADY_SECONDS else failures + 1
                reason = f"the API's process has ended ({code})"
                log.error("%s; it is started again", reason)
                self._changed(reason)
                await self._stand_in.start()
                if failures > 1:
                    await asyncio.sleep(backoff_seconds(failures - 1, chance=1.0))
        finally:
            self._stand_in.stop()

    async def _life(self) -> int:
        """Of one process, from its start to its end; → its exit code."""
        ours, its = socket.socketpair()
        gone = asyncio.Event()
        self.starts += 1
        with its:
            process = self._process = await self._spawned(its)
        line = await take_line(ours, self._core.heard, gone.set)
        ended = asyncio.create_task(process.wait())
        lost = asyncio.create_task(gone.wait())
        self._core.begin(line)
        try:
            await self._until_serving(ended)
            await asyncio.wait([ended, lost], return_when=asyncio.FIRST_COMPLETED)
            if not ended.done():  # it lives, but has let go of the line
                process.kill()
        except asyncio.CancelledError:
            process.terminate()
            raise
        finally:
            await _end(process, ended)
            self._core.end()
            lost.cancel()
            line.close()
        return ended.result()

    async def _spawned(self, its: socket.socket) -> asyncio.subprocess.Process:
        descriptors = (self._listening.fileno(), its.fileno())
        program = [sys.executable, "-m", "gateway.apart", *map(str, descriptors)]
        return await asyncio.create_subprocess_exec(
            *beside(program),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            pass_fds=descriptors,
        )

    async def _until_serving(self, ended: asyncio.Task[int]) -> None:
        serving = asyncio.create_task(self._core.serving.wait())
        try:
            await asyncio.wait([serving, ended], timeout=READY_SECONDS_MAX, return_when=asyncio.FIRST_COMPLETED)
        finally:
            serving.cancel()
        if self._core.serving.is_set():
            self._stand_in.stop()
            self._changed("")


async def _end(process: asyncio.subprocess.Process, ended: asyncio.Task[int]) -> None:
    """Once it was told to end, or has."""
    await asyncio.wait([ended], timeout=STOP_SECONDS_MAX)
    if not ended.done():
        process.kill()
        await ended
