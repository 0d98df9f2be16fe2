"""What of an incident can be searched for: what it is, where, who and what was in it, and what people said of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from api.privacy import PERSONAL
from rules.incident import Incident
from rules.site import Title
from rules.timeline import Entry, Kind

# Kinds whose facts and reason are a person's words.
SPOKEN = tuple(
    kind.value
    for kind in (
        Kind.NOTED,
        Kind.REPORTED,
        Kind.REPORT_ENDED,
        Kind.ACKNOWLEDGED,
        Kind.ASSIGNED,
        Kind.CONFIRMED,
        Kind.LEVEL_RAISED,
        Kind.LEVEL_LOWERED,
        Kind.RESPONDED,
        Kind.TASK_DONE,
        Kind.TASK_SKIPPED,
        Kind.CARRIED,
        Kind.ORDER_OPENED,
        Kind.ORDER_STEP,
        Kind.CLOSED,
    )
)


def texts_of(incident: Incident, titles: Mapping[str, Title]) -> Iterator[str]:
    yield from (incident.id, incident.site, incident.building, incident.floor, incident.hazard)
    yield from incident.title.values()
    places = dict.fromkeys((incident.site, incident.zone, incident.first_out))
    for each in incident.evidence:
        places[each.device] = None
        yield each.rule
        yield from each.title.values()
    for place in places:
        yield place
        yield from titles.get(place, {}).values()
    for name in (incident.owner, incident.acknowledged_by, incident.closed_by, incident.cause):
        yield name or ""
    yield incident.finding.value if incident.finding else ""
    yield from incident.orders
    for step in incident.steps:
        yield step.note
    if incident.review is not None:
        yield from (incident.review.by, incident.review.cause, incident.review.measures, incident.review.result)


def said_in(entry: Entry) -> Iterator[str]:
    """Nothing of what is nobody's business: it would be found by those who may not see it."""
    yield entry.by or ""
    yield from (text for name, text in entry.facts.items() if isinstance(text, str) and name not in PERSONAL)
