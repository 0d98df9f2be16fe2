"""What the API needs of the core to hand out reports and figures; a part of `api.ports.Desk`."""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from msgspec import Struct

from api.port_basics import Unavailable
from rules.drill_facts import DrillFacts
from rules.energy import QUARTER_MS
from rules.instant import DAY_MS, HOUR_MS, Instant
from rules.kpi_alarms import AlarmFigures
from rules.kpi_energy import NIGHT_FROM_HOUR, NIGHT_TO_HOUR, EnergyFigures
from rules.kpi_response import ResponseFigures
from rules.report import Report
from rules.report_facts import ReportFacts


class Format(Enum):
    HTML = "html"
    PDF = "pdf"  # PDF/A-2a
    MARKDOWN = "markdown"
    JSON = "json"


ENDINGS = {Format.HTML: "html", Format.PDF: "pdf", Format.MARKDOWN: "md", Format.JSON: "json"}
MEDIA_TYPES = {
    Format.HTML: "text/html",
    Format.PDF: "application/pdf",
    Format.MARKDOWN: "text/markdown",
    Format.JSON: "application/json",
}


class ReportFailed(Unavailable):
    """A report cannot be made in this format on this machine, or not now; the text says why."""


class TooMuchAsked(RuntimeError):
    """Figures that would take too long: a shorter time or fewer meters have to be asked for. The text says how many."""


Times = tuple[Instant, Instant]
"""(since, until)."""
FIGURES_USUAL_MS = 30 * DAY_MS
ENERGY_USUAL_MS = 7 * DAY_MS


class FiguresQuery(Struct, frozen=True):
    """`since` ≤ … < `until`; None: until now, and so far back as is usual. `site` None: all. `sites`: those that the
    caller may see, whatever they ask for."""

    since: Instant | None = None
    until: Instant | None = None
    site: str | None = None
    sites: frozenset[str] | None = None

    def covers(self, site: str) -> bool:
        return self.site in (None, site) and (self.sites is None or site in self.sites)

    def times(self, now: Instant, usual_ms: int) -> Times:
        """Since and until, in whole quarters of an hour where they are not given."""
        until = self.until
        if until is None:
            until = self.since + usual_ms if self.since is not None else now
            until = max(min(until, now), (self.since or 0) + QUARTER_MS)
            until += -until % QUARTER_MS
        return (until - usual_ms if self.since is None else self.since), until


class EnergyQuery(FiguresQuery, frozen=True, kw_only=True):
    """`since` and `until` are beginnings of quarters of an hour."""

    zone: str | None = None
    device: str | None = None
    step_ms: int = HOUR_MS
    night_from_hour: int = NIGHT_FROM_HOUR
    night_to_hour: int = NIGHT_TO_HOUR


class ReportDesk(Protocol):
    async def report_facts(self, incident: str) -> ReportFacts:
        """All that belongs to the incident, as of one moment. Raises UnknownIncident, Unavailable."""
        ...

    async def drill_facts(self, drill: str) -> DrillFacts:
        """All that belongs to the drill, as of one moment. Raises UnknownDrill, Unavailable."""
        ...

    async def rendered(self, report: Report, format: Format) -> bytes:
        """Any report. Raises ReportFailed."""
        ...

    async def timezone_of(self, site: str) -> str:
        """IANA name; UTC for a site that is not in force. Raises Unavailable."""
        ...

    async def alarm_figures(self, query: FiguresQuery) -> AlarmFigures:
        """Days are those of the site asked for, else of the first site. Raises Unavailable."""
        ...

    async def response_figures(self, query: FiguresQuery) -> ResponseFigures:
        """Of what was opened in that time. Raises Unavailable."""
        ...

    async def energy_figures(self, query: EnergyQuery) -> EnergyFigures:
        """Of the meters that are in force. Raises TooMuchAsked, Unavailable."""
        ...
