"""What the API sees of reports and figures: read from the store in threads, set as PDF in child processes, a few at
once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import TypeVar

from api.ports import Unavailable, UnknownDrill, UnknownIncident
from api.report_port import ENERGY_USUAL_MS, FIGURES_USUAL_MS, EnergyQuery, FiguresQuery, Format, ReportFailed
from gateway.front_core import FrontReads, Stored
from gateway.kpis.alarms import read_alarm_figures
from gateway.kpis.energy import MeterDays
from gateway.kpis.response import read_response_figures
from gateway.reports.drills import facts_of_drill
from gateway.reports.pdf import NotSet
from gateway.reports.reading import facts_of_incident
from gateway.reports.rendering import rendered
from gateway.reports.then import then
from rules.drill_facts import DrillFacts
from rules.kpi_alarms import AlarmFigures
from rules.kpi_energy import EnergyFigures
from rules.kpi_response import ResponseFigures
from rules.report import Report
from rules.report_facts import ReportFacts

T = TypeVar("T")

AT_ONCE_MAX = 2  # reports and figures that are made at the same time: each keeps a core busy, a PDF 300 MB of memory
WAITING_MAX = 20  # who comes after them is told to come again
TELEMETRY_FOLDER = "telemetry"


class FrontReports(FrontReads):
    _making: asyncio.Semaphore | None = None
    _waiting = 0
    _meters: MeterDays | None = None

    async def report_facts(self, incident: str) -> ReportFacts:
        now = self._clock()
        facts = await self._read(lambda core: facts_of_incident(core.store, incident, now, version("tocsin")))
        if facts is None:
            raise UnknownIncident(incident)
        return facts

    async def drill_facts(self, drill: str) -> DrillFacts:
        now = self._clock()
        facts = await self._read(lambda core: facts_of_drill(core.store, drill, now, version("tocsin")))
        if facts is None:
            raise UnknownDrill(drill)
        return facts

    async def rendered(self, report: Report, format: Format) -> bytes:
        try:
            return await self._in_turn(lambda: asyncio.to_thread(rendered, report, format))
        except NotSet as error:
            raise ReportFailed(str(error)) from error

    async def timezone_of(self, site: str) -> str:
        now = self._clock()
        known = await self._read(lambda core: then(core.store, now).directory.sites.get(site))
        return known.timezone if known is not None else "UTC"

    async def alarm_figures(self, query: FiguresQuery) -> AlarmFigures:
        now = self._clock()
        times = query.times(now, FIGURES_USUAL_MS)

        def read(core: Stored) -> AlarmFigures:
            return read_alarm_figures(core.store, query, times, then(core.store, now).directory.sites)

        return await self._in_turn(lambda: self._read(read))

    async def response_figures(self, query: FiguresQuery) -> ResponseFigures:
        now = self._clock()
        times = query.times(now, FIGURES_USUAL_MS)

        def read(core: Stored) -> ResponseFigures:
            return read_response_figures(core.store, query, times, now, then(core.store, now))

        return await self._in_turn(lambda: self._read(read))

    async def energy_figures(self, query: EnergyQuery) -> EnergyFigures:
        now = self._clock()
        times = query.times(now, ENERGY_USUAL_MS)
        meters = self._meters = self._meters or MeterDays(self._gateway.settings.data / TELEMETRY_FOLDER)

        def read(core: Stored) -> EnergyFigures:
            return meters.figures(then(core.store, now).directory, query, times, now)

        return await self._in_turn(lambda: self._read(read))

    async def _in_turn(self, make: Callable[[], Awaitable[T]]) -> T:
        """`AT_ONCE_MAX` of them at once. Raises Unavailable when too many wait already."""
        if self._waiting >= WAITING_MAX:
            raise Unavailable(f"{self._waiting} reports and figures are being made")
        self._making = self._making or asyncio.Semaphore(AT_ONCE_MAX)
        self._waiting += 1
        try:
            async with self._making:
                return await make()
        finally:
            self._waiting -= 1
