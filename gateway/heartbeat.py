"""A sign of life to an outside dead-man's switch: whoever listens there raises the alarm when it stays away.

Nothing is sent while readings are not taken, judged and stored: that is what its silence says. The address is a
secret (who knows it can keep up the appearance of life), so it comes from a file and is in no log.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from urllib.parse import urlsplit

SECONDS_MAX = 10.0  # for an answer
FAILURES_MAX = 3  # in a row, before it counts as a fault: an outside network has its moments

log = logging.getLogger("tocsin.heartbeat")


class Heartbeat:
    """`run` it as a task. Raises ValueError for an address that is none. `fault`: empty while it is taken."""

    def __init__(self, url: str, every_s: float, alive: Callable[[], bool]) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("the heartbeat's address is no URL; expected https://host/…")
        self._url, self._every_s, self._alive = url, every_s, alive
        self._failures = 0
        self.sent = 0
        self.fault = ""

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            if self._alive():
                await self.beat()
            await asyncio.sleep(self._every_s)

    async def beat(self) -> None:
        import httpx  # a fifth of a second that not every start has to pay

        logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs every address
        try:
            async with httpx.AsyncClient(timeout=SECONDS_MAX, follow_redirects=False) as client:
                answer = await client.get(self._url)
            fault = "" if answer.is_success else f"answered {answer.status_code}"
        except httpx.HTTPError as error:
            fault = f"cannot be reached: {type(error).__name__}"
        if fault:
            self._failures += 1
            log.warning("the heartbeat was not taken: %s", fault)
        else:
            self.sent, self._failures = self.sent + 1, 0
        self.fault = fault if self._failures >= FAILURES_MAX else ""
