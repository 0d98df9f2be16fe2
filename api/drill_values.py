"""What the API asks of drills and gets to know of the calendar: part of the port `api.ports`."""

from __future__ import annotations

from msgspec import Struct

from rules.drill import Stage
from rules.instant import Instant
from rules.site import Title


class DrillQuery(Struct, frozen=True):
    """Newest first. None: any."""

    site: str | None = None
    sites: frozenset[str] | None = None
    stage: Stage | None = None
    open: bool | None = None
    passed: bool | None = None
    since: Instant | None = None  # started at or after
    until: Instant | None = None  # started before
    cursor: str | None = None
    limit: int = 50


class Held(Struct, frozen=True):
    """A drill that covers what is required."""

    drill: str
    at: Instant
    passed: bool


class RequiredDrill(Struct, frozen=True):
    """One field of the coverage matrix: a drill that a site has to hold, and how it stands with it."""

    site: str
    id: str
    title: Title
    hazards: list[str]
    every_ms: int
    due_at: Instant
    overdue: bool
    last_at: Instant | None = None
    last: str = ""
    held: list[Held] = []  # in the year that was asked for


class DrillCalendar(Struct, frozen=True):
    year: int
    items: list[RequiredDrill]
