"""The console beside a gateway: a process of its own, started again when it ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys

from gateway.child_process import beside
from gateway.clock import monotonic_s
from gateway.link import backoff_seconds

STOP_SECONDS_MAX = 5.0
NICENESS = 5  # where a machine is busy, alarms come before pages
STEADY_SECONDS = 60.0  # what ran so long did not end of what the last one ended of

log = logging.getLogger("tocsin.console")


async def keep_console(api_url: str, host: str, port: int) -> None:
    """Until cancelled. That a page can neither slow nor stop the gateway is why it is a process."""
    failures = 0
    while True:
        begun = monotonic_s()
        code = await _life(api_url, host, port)
        failures = 1 if monotonic_s() - begun > STEADY_SECONDS else failures + 1
        log.error("the console has ended (%d); it is started again", code)
        await asyncio.sleep(backoff_seconds(failures, chance=1.0))


async def _life(api_url: str, host: str, port: int) -> int:
    arguments = ["console", "--api", api_url, "--host", host, "--port", str(port)]
    process = await asyncio.create_subprocess_exec(
        *beside([sys.executable, "-m", "tocsin", *arguments]),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
    )
    with contextlib.suppress(ProcessLookupError):  # it has ended already
        os.setpriority(os.PRIO_PROCESS, process.pid, NICENESS)
    try:
        return await process.wait()
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS_MAX)
            except TimeoutError:
                process.kill()
                await process.wait()
