"""What the API sees of drills beside those that were held: those that have to be, and the questions for training."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from zoneinfo import ZoneInfo

from api.ports import DrillCalendar, DrillQuery, Held, RequiredDrill
from gateway.core import Core
from gateway.front_core import FrontCore
from gateway.store import Store
from rules.drill import Drill, Stage
from rules.drill_settings import Required
from rules.instant import Instant
from rules.response_plan import PlanBook
from rules.site import Site
from rules.state import DueDrill
from rules.theory import Paper

DRILLS_A_YEAR_MAX = 5_000  # of a site that the calendar looks at
PAGE_DRILLS = 200


class FrontDrills(FrontCore):
    async def drill_calendar(self, year: int | None = None, site: str | None = None) -> DrillCalendar:
        core = self._core()
        year = datetime.fromtimestamp(self._clock() / 1000, UTC).year if year is None else year
        due, book = dict(core.desk.engine.state.drills_due), _plan_book(core)
        sites = [each for each in core.desk.engine.directory.sites.values() if site in (None, each.id)]
        rows = await self._read(
            lambda core: list(chain.from_iterable(_of(core.store, each, year, book, due) for each in sites))
        )
        return DrillCalendar(year, rows)

    async def theory(self) -> dict[str, Paper]:
        return dict(_plan_book(self._core()).theory)


def _plan_book(core: Core) -> PlanBook:
    version = core.desk.engine.state.plans
    return core.desk.documents.plans(version) if version else PlanBook()


def _of(store: Store, site: Site, year: int, book: PlanBook, due: dict[str, DueDrill]) -> Iterator[RequiredDrill]:
    """The rows of one site, by the years of its own time."""
    zone = ZoneInfo(site.timezone)
    begins, ends = (round(datetime(each, 1, 1, tzinfo=zone).timestamp() * 1000) for each in (year, year + 1))
    drills = _ended(store, site.id, begins, ends)
    for what in book.drills.calendar.required:
        known = due.get(f"{site.id}|{what.id}")
        if known is not None:
            yield _row(site, what, known, drills)


def _row(site: Site, what: Required, known: DueDrill, drills: list[Drill]) -> RequiredDrill:
    covering = [each for each in drills if set(each.hazards) & set(what.hazards)]
    return RequiredDrill(
        site=site.id,
        id=what.id,
        title=dict(what.title),
        hazards=list(what.hazards),
        every_ms=what.every,
        due_at=(known.last_at or known.since) + what.every,
        overdue=known.overdue,
        last_at=known.last_at,
        last=known.last,
        held=[Held(each.id, each.ended_at or 0, each.score is not None and each.score.passed) for each in covering],
    )


def _ended(store: Store, site: str, begins: Instant, ends: Instant) -> list[Drill]:
    """Those that counted, the oldest first."""
    found: list[Drill] = []
    cursor: str | None = None
    while len(found) < DRILLS_A_YEAR_MAX:
        query = DrillQuery(site=site, stage=Stage.ENDED, since=begins, until=ends, cursor=cursor, limit=PAGE_DRILLS)
        page = store.drills(query)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    return found[::-1]
