"""What a drill's report rests on, read at once: the drill, its entries and its incidents', and the journal's head."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import ColumnElement, select

from gateway.reports.reading import ENTRIES_MAX, first, footing_of
from gateway.reports.then import then
from gateway.store import Store
from gateway.store.reader import Ask
from gateway.store.schema import drills, entries
from rules.codec import decode_drill, decode_entry
from rules.drill import Drill
from rules.drill_facts import DrillFacts
from rules.instant import Instant
from rules.report import Footing
from rules.timeline import Entry

IDS_AT_ONCE = 500  # of incidents and positions in one question; databases bound how many a statement may name
INCIDENTS_MAX = 100  # of which a report has the timelines; a flood's are in the incidents themselves


class _Whole(Struct, frozen=True):
    drill: Drill
    entries: list[Entry]
    footing: Footing


def facts_of_drill(store: Store, id: str, now: Instant, version: str) -> DrillFacts | None:
    """Names and people as they were in force when it was over, or are now. None: there is no such drill.

    Raises StoreFailed.
    """
    whole = store.look(lambda ask: _whole(ask, id))
    if whole is None:
        return None
    drill = whole.drill
    known = then(store, drill.ended_at or now)
    site = known.directory.sites.get(drill.site)
    timezone = site.timezone if site is not None else "UTC"
    return DrillFacts(
        drill=drill,
        entries=tuple(whole.entries),
        directory=known.directory,
        people={person.id: person.name for person in known.roster.people.values()},
        footing=whole.footing,
        now=max(now, drill.ended_at or 0),
        version=version,
        timezone=timezone,
        zone=ZoneInfo(timezone),
    )


def _whole(ask: Ask, id: str) -> _Whole | None:
    body = first(ask(select(drills.c.body).where(drills.c.id == id)))
    if body is None:
        return None
    drill = decode_drill(body)
    found: list[Entry] = []
    for incident in drill.incidents[:INCIDENTS_MAX]:
        found += _entries(ask, entries.c.incident == incident, ENTRIES_MAX - len(found))
    for since in range(0, len(drill.positions), IDS_AT_ONCE):
        positions = drill.positions[since : since + IDS_AT_ONCE]
        found += _entries(ask, entries.c.position.in_(positions), IDS_AT_ONCE)
    return _Whole(drill, sorted(found, key=lambda entry: entry.position), footing_of(ask))


def _entries(ask: Ask, which: ColumnElement[bool], at_most: int) -> list[Entry]:
    if at_most <= 0:
        return []
    statement = select(entries.c.body).where(which).order_by(entries.c.position).limit(at_most)
    return [decode_entry(body) for (body,) in ask(statement)]
