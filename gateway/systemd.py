"""What a service manager is told: started, alive, stopping. Without one, nothing.

The protocol is a datagram to the socket that NOTIFY_SOCKET names: sd_notify(3), sd_watchdog_enabled(3),
https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable, MutableMapping

SOCKET, WATCHDOG_US, WATCHDOG_PID = "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"
TOLD_SECONDS_MAX = 1.0  # at the start and the stop; a manager that does not read must not hold up alarms
SIGNS_PER_LIMIT = 3  # two may be late before it is taken for dead

log = logging.getLogger("tocsin")


class Systemd:
    """Takes its variables out of the environment, so that no child process speaks in the gateway's name."""

    def __init__(self, environment: MutableMapping[str, str] = os.environ) -> None:
        address = environment.pop(SOCKET, "")
        limit, pid = environment.pop(WATCHDOG_US, ""), environment.pop(WATCHDOG_PID, "")
        self._address = f"\0{address[1:]}" if address.startswith("@") else address  # "@": the abstract namespace
        meant = self._address and limit.isdecimal() and pid in ("", str(os.getpid()))
        self.watchdog_seconds = int(limit) / 1e6 if meant else None
        self._has_started = asyncio.Event()

    def started(self) -> None:
        self._tell("READY=1\nSTATUS=running", TOLD_SECONDS_MAX)
        self._has_started.set()

    def stopping(self) -> None:
        self._tell("STOPPING=1\nSTATUS=stopping", TOLD_SECONDS_MAX)

    async def keep_alive(self, alive: Callable[[], bool]) -> None:
        """From the start until cancelled: a sign of life as long as the event loop turns and `alive()`. Without a
        watchdog, none.

        When the signs stop, the manager kills and restarts: for what no exception tells, a loop that stands still.
        """
        if not self.watchdog_seconds:
            return
        await self._has_started.wait()
        well = True
        while True:
            was, well = well, alive()
            if well:
                self._tell("WATCHDOG=1")
            elif was:
                log.error("the core has stood still; the service manager is not told that it lives")
            await asyncio.sleep(self.watchdog_seconds / SIGNS_PER_LIMIT)

    def _tell(self, message: str, seconds_max: float = 0.0) -> None:
        """`seconds_max`: how long the manager may take to make room for it. Signs of life wait for nothing."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as speaking:
                speaking.settimeout(seconds_max)
                speaking.sendto(message.encode(), self._address)
        except OSError as error:
            log.warning("the service manager cannot be told %r: %s", message.partition("\n")[0], error)
