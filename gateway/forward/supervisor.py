"""Starts the forwarder's process, hears how it gets on, starts it again when it dies, and stops it."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import Protocol

import msgspec

from gateway.child_process import beside
from gateway.clock import monotonic_s
from gateway.config import GatewaySettings
from gateway.forward.counts import Counts, Lost, plus
from gateway.forward.messages import Begin, Stand, Told, Unforwarded, decode_for_gateway, line_of, places_of
from gateway.link import backoff_seconds
from rules.site import Directory

LINE_BYTES_MAX = 1024**2  # a lost point with its text is at most some KiB
STOP_SECONDS_MAX = 3.0  # a request that is under way; then it is killed, and the batch sent again at the next start
STEADY_SECONDS = 60.0

log = logging.getLogger("tocsin.forward")


class Hears(Protocol):
    """What the gateway makes of it."""

    def forwarding(self, counts: Counts) -> None: ...

    def unforwarded(self, lost: Lost) -> None: ...


class ForwarderProcess:
    """`run` it; `stand(directory)` whenever devices may stand elsewhere."""

    def __init__(self, settings: GatewaySettings, hears: Hears) -> None:
        self._settings, self._hears = settings, hears
        self._process: asyncio.subprocess.Process | None = None
        self._before = Counts()  # of the processes before this one
        self._stand: bytes | None = None
        self._directory: Directory | None = None
        self.counts = Counts()
        self.starts = 0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    def stand(self, directory: Directory) -> None:
        if directory is not self._directory:
            self._directory = directory
            self._stand = line_of(Stand(places_of(directory)))
            self._say(self._stand)

    async def run(self) -> None:
        """Until cancelled, which stops the process."""
        failures = 0
        while True:
            begun = monotonic_s()
            code = await self._life()
            failures = 1 if monotonic_s() - begun > STEADY_SECONDS else failures + 1
            log.error("the forwarder's process has ended (%d); it is started again", code)
            self.counts.up = False
            self._before = self.counts
            self.counts = plus(self._before, Counts(fault=f"the forwarder's process has ended ({code})"))
            self.counts.lag_rows, self.counts.lag_ms = self._before.lag_rows, self._before.lag_ms
            if failures > 1:  # once is an accident
                self._hears.forwarding(self.counts)
                await asyncio.sleep(backoff_seconds(failures - 1, chance=1.0))

    async def _life(self) -> int:
        """Of one process, from its start to its end; → its exit code."""
        self.starts += 1
        process = self._process = await asyncio.create_subprocess_exec(
            *beside([sys.executable, "-m", "gateway.forward"]),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LINE_BYTES_MAX,
        )
        try:
            level = logging.getLogger().getEffectiveLevel()
            self._say(line_of(Begin(self._settings.model_dump_json(), level)))
            if self._stand is not None:
                self._say(self._stand)
            await self._hear(process)
            return await process.wait()
        except asyncio.CancelledError:
            process.terminate()
            raise
        finally:
            await _end(process)

    def _say(self, line: bytes) -> None:
        """Harmless when it is gone: the next one is told all of it again."""
        process = self._process
        if process is not None and process.returncode is None and process.stdin is not None:
            process.stdin.write(line)

    async def _hear(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        try:
            while line := await process.stdout.readline():
                message = decode_for_gateway(line)
                if isinstance(message, Told):
                    self.counts = plus(self._before, message.counts)
                    self._hears.forwarding(self.counts)
                elif isinstance(message, Unforwarded):
                    self._hears.unforwarded(message.lost)
        except (ValueError, msgspec.MsgspecError) as error:
            log.error("the forwarder says what cannot be understood: %s", error)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Its end of the pipe tells it to stop."""
    if process.stdin is not None:
        process.stdin.close()
    ended = asyncio.create_task(process.wait())
    await asyncio.wait([ended], timeout=STOP_SECONDS_MAX)
    if not ended.done():
        process.kill()
        await ended
