"""The part of the fake desk that hands out reports and figures: reports are really rendered, figures are of nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from api.ports import UnknownDrill, UnknownIncident
from api.report_port import EnergyQuery, FiguresQuery, Format, TooMuchAsked
from gateway.reports.rendering import rendered
from rules.drill_facts import DrillFacts
from rules.instant import DAY_MS
from rules.kpi_alarms import AlarmFacts, AlarmFigures, alarm_figures
from rules.kpi_energy import EnergyFigures
from rules.kpi_response import ResponseFacts, ResponseFigures, response_figures
from rules.order_settings import OrderSettings
from rules.report import Report
from rules.report_facts import ReportFacts
from tests.support import reported


@dataclass
class FakeReports:
    told: dict[str, ReportFacts] = field(default_factory=dict)  # incident → what is known of it
    figures_asked: list[FiguresQuery] = field(default_factory=list)
    too_much: str = ""  # why energy figures are refused

    async def report_facts(self, incident: str) -> ReportFacts:
        if incident in self.told:
            return self.told[incident]
        known = getattr(self, "known", {}).get(incident)
        if known is None:
            raise UnknownIncident(incident)
        return reported.facts(known)

    async def drill_facts(self, drill: str) -> DrillFacts:
        known = getattr(self, "known_drills", {}).get(drill)
        if known is None:
            raise UnknownDrill(drill)
        ours = [
            each
            for each in getattr(self, "entries", [])
            if each.incident in known.incidents or each.facts.get("id") == drill
        ]
        return reported.drill_facts(known, entries=tuple(ours))

    async def rendered(self, report: Report, format: Format) -> bytes:
        return await asyncio.to_thread(rendered, report, format)

    async def timezone_of(self, site: str) -> str:
        return "Asia/Shanghai"

    async def alarm_figures(self, query: FiguresQuery) -> AlarmFigures:
        self.figures_asked.append(query)
        since, until = query.times(reported.NOW, 30 * DAY_MS)
        return alarm_figures(AlarmFacts(since, until, 1, [], [], []), reported.ZONE)

    async def response_figures(self, query: FiguresQuery) -> ResponseFigures:
        self.figures_asked.append(query)
        since, until = query.times(reported.NOW, 30 * DAY_MS)
        return response_figures(ResponseFacts(since, until, reported.NOW, [], [], {}, OrderSettings()))

    async def energy_figures(self, query: EnergyQuery) -> EnergyFigures:
        if self.too_much:
            raise TooMuchAsked(self.too_much)
        self.figures_asked.append(query)
        return EnergyFigures(*query.times(reported.NOW, 7 * DAY_MS), meters=[], zones=[])
