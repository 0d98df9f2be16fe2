"""What the API says of readings over time: out of local telemetry; what is older, out of InfluxDB, if there is one.

Runs in the API's process, beside the writer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from api.events_port import EventsQuery, Happened
from api.port_basics import TooBusy, Unavailable
from api.readings_port import Readings, ReadingsQuery
from gateway.config import InfluxPart
from gateway.front_core import FrontReads
from gateway.front_rules import TELEMETRY_FOLDER
from gateway.store import StoreFailed
from gateway.telemetry.happened import happened
from gateway.telemetry.series import Earlier, series
from rules.instant import Instant

T = TypeVar("T")

AT_ONCE = 2  # threads that read; each takes two seconds at the most
WAITING_MAX = 20


class ReadingsSource(Protocol):
    """Where readings come from. Blocks; is asked in a thread."""

    def readings(self, query: ReadingsQuery) -> Readings:
        """Raises StoreFailed."""
        ...


class LocalReadings:
    """`ReadingsSource` over the gateway's own files, and `earlier` for what is past their keeping."""

    def __init__(self, folder: Path, earlier: Earlier | None = None) -> None:
        self._folder, self._earlier = folder, earlier

    def readings(self, query: ReadingsQuery) -> Readings:
        return series(self._folder, query, earlier=self._earlier)


class FrontReadings(FrontReads):
    _turns: asyncio.Semaphore | None = None
    _readings: ReadingsSource | None = None
    _asked = 0

    async def now(self) -> Instant:
        return self._clock()

    async def readings(self, query: ReadingsQuery) -> Readings:
        source = self._source()
        return await self._of_telemetry(lambda: source.readings(query))

    async def _of_telemetry(self, read: Callable[[], T]) -> T:
        """In a thread. Raises TooBusy, Unavailable."""
        if self._turns is None:
            self._turns = asyncio.Semaphore(AT_ONCE)
        if self._asked >= AT_ONCE + WAITING_MAX:
            raise TooBusy(f"{self._asked} questions about readings are under way or waiting")
        self._asked += 1
        try:
            async with self._turns:
                return await asyncio.to_thread(read)
        except StoreFailed as error:
            raise Unavailable("telemetry does not answer") from error
        finally:
            self._asked -= 1

    async def events(self, query: EventsQuery) -> list[Happened]:
        folder = self._gateway.settings.data / TELEMETRY_FOLDER
        return await self._of_telemetry(lambda: happened(folder, query))

    def _source(self) -> ReadingsSource:
        if self._readings is None:
            settings = self._gateway.settings
            part = settings.influxdb
            earlier = _past(part) if part is not None and part.read_back else None
            self._readings = LocalReadings(settings.data / TELEMETRY_FOLDER, earlier)
        return self._readings


def _past(part: InfluxPart) -> Earlier:
    from gateway.forward.past import InfluxPast  # httpx is a twentieth of a second that not every start has to pay

    return InfluxPast(part).fill
