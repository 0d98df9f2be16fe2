"""What one caller sees of reports and figures: of their own sites, card holders masked. A part of `api.sight.Sight`."""

from __future__ import annotations

import msgspec

from api.auth import Principal
from api.ports import Desk, Unknown, UnknownDrill, UnknownIncident
from api.privacy import Masks
from api.report_port import EnergyQuery, FiguresQuery, Format
from rules.drill_facts import DrillFacts
from rules.kpi_alarms import AlarmFigures
from rules.kpi_energy import EnergyFigures
from rules.kpi_response import ResponseFigures
from rules.report import Report
from rules.report_facts import ReportFacts


class ReportSight:
    _desk: Desk
    _caller: Principal
    _masks: Masks

    def _check(self, site: str | None, unknown: Unknown) -> None:
        raise NotImplementedError

    async def report_facts(self, incident: str) -> ReportFacts:
        facts = await self._desk.report_facts(incident)
        self._check(facts.incident.site, UnknownIncident(incident))
        return masked(facts, self._masks)

    async def drill_facts(self, drill: str) -> DrillFacts:
        facts = await self._desk.drill_facts(drill)
        self._check(facts.drill.site, UnknownDrill(drill))
        return msgspec.structs.replace(facts, entries=tuple(self._masks.entry(entry) for entry in facts.entries))

    async def rendered(self, report: Report, format: Format) -> bytes:
        return await self._desk.rendered(report, format)

    async def timezone_of(self, site: str) -> str:
        return await self._desk.timezone_of(site)

    async def alarm_figures(self, query: FiguresQuery) -> AlarmFigures:
        return await self._desk.alarm_figures(msgspec.structs.replace(query, sites=self._caller.sites))

    async def response_figures(self, query: FiguresQuery) -> ResponseFigures:
        return await self._desk.response_figures(msgspec.structs.replace(query, sites=self._caller.sites))

    async def energy_figures(self, query: EnergyQuery) -> EnergyFigures:
        return await self._desk.energy_figures(msgspec.structs.replace(query, sites=self._caller.sites))


def masked(facts: ReportFacts, masks: Masks) -> ReportFacts:
    """What is filed and handed on names no card holder, whoever asks."""
    return msgspec.structs.replace(
        facts,
        incident=masks.incident(facts.incident),
        entries=tuple(masks.entry(entry) for entry in facts.entries),
    )
