"""The one place where the console reads the clock, and where it knows in which zone its pages tell the time."""

from __future__ import annotations

import time
from datetime import datetime
from zoneinfo import ZoneInfo


def now_ms() -> int:
    """Unix milliseconds UTC."""
    return time.time_ns() // 1_000_000  # noqa: TID251


monotonic_s = time.monotonic


class Zone:
    """One for all pages, so that times beside each other compare: what was chosen, else that of the sites.

    Sites in several zones, and none chosen: that of the console's machine.
    """

    def __init__(self, chosen: str = "") -> None:
        """`chosen`: IANA name. Raises ZoneInfoNotFoundError (KeyError) and ValueError."""
        self.name = chosen
        self._chosen, self._zone = bool(chosen), ZoneInfo(chosen) if chosen else None

    def sites_are_in(self, names: set[str]) -> None:
        if not self._chosen:
            self.name = names.pop() if len(names) == 1 else ""
            self._zone = ZoneInfo(self.name) if self.name else None

    def local(self, at: datetime) -> datetime:
        return at.astimezone(self._zone)


zone = Zone()


def choose(name: str) -> None:
    """When the console starts. Raises as Zone."""
    global zone  # noqa: PLW0603 - one console, one zone
    zone = Zone(name)
