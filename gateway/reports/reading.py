"""What a report rests on, read as of one moment: an incident with its timeline, orders and actions, what was in force,
and the head of the journal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import select

from gateway.reports.then import Then, book_of, then
from gateway.store import Store
from gateway.store.reader import Ask
from gateway.store.schema import actions, entries, incidents, journal_head, orders
from rules.codec import decode_action, decode_entry, decode_incident, decode_order
from rules.incident import Incident
from rules.instant import Instant
from rules.order import WorkOrder
from rules.report import Footing
from rules.report_facts import ReportFacts
from rules.response_plan import PlanBook, ResponsePlan
from rules.response_times import Limits
from rules.state import ActionState
from rules.timeline import Entry

ENTRIES_MAX = 50_000  # of one incident; what comes after them is in the timeline alone
ORDERS_MAX = 500
ACTIONS_MAX = 500


class Whole(Struct, frozen=True):
    """An incident with all that belongs to it."""

    incident: Incident
    entries: list[Entry]
    orders: list[WorkOrder]
    actions: list[ActionState]
    footing: Footing


def facts_of_incident(store: Store, id: str, now: Instant, version: str) -> ReportFacts | None:
    """Names, plan and people as they were in force when it was closed, or are now. None: there is no such incident.

    Raises StoreFailed.
    """
    whole = store.look(lambda ask: _whole(ask, id))
    if whole is None:
        return None
    incident = whole.incident
    known = then(store, incident.closed_at or now)
    plan = _plan(store, incident, known)
    site = known.directory.sites.get(incident.site)
    timezone = site.timezone if site is not None else "UTC"
    return ReportFacts(
        incident=incident,
        entries=tuple(whole.entries),
        orders=tuple(whole.orders),
        actions=tuple(whole.actions),
        directory=known.directory,
        people={person.id: person.name for person in known.roster.people.values()},
        limits=limits_of(plan, known.plans),
        plan_title=dict(plan.title) if plan else {},
        lead=plan.lead if plan else "",
        footing=whole.footing,
        now=max(now, incident.updated_at),
        version=version,
        timezone=timezone,
        zone=ZoneInfo(timezone),
    )


def limits_of(plan: ResponsePlan | None, book: PlanBook) -> Limits:
    return Limits(
        acknowledge_ms=plan.acknowledge.within if plan else None,
        first_response_ms=plan.first_response_within if plan else None,
        review_ms=book.reviews.review_within,
    )


def _plan(store: Store, incident: Incident, known: Then) -> ResponsePlan | None:
    """In the version that the incident followed last; the one in force then where that is lost."""
    if not incident.plan:
        return None
    plan = known.plans.plans.get(incident.plan)
    if plan is not None and plan.version == incident.plan_version:
        return plan
    older = book_of(store, incident.plan, incident.plan_version)
    return older.plans[incident.plan] if older else plan


def _whole(ask: Ask, id: str) -> Whole | None:
    found = first(ask(select(incidents.c.body).where(incidents.c.id == id)))
    if found is None:
        return None
    incident = decode_incident(found)
    of_incident = select(entries.c.body).where(entries.c.incident == id).order_by(entries.c.number)
    of_orders = select(orders.c.body).where(orders.c.id.in_(incident.orders[:ORDERS_MAX])).order_by(orders.c.id)
    of_actions = select(actions.c.body).where(actions.c.incident == id).order_by(actions.c.id).limit(ACTIONS_MAX)
    return Whole(
        incident=incident,
        entries=[decode_entry(body) for (body,) in ask(of_incident.limit(ENTRIES_MAX))],
        orders=[decode_order(body) for (body,) in ask(of_orders)],
        actions=[decode_action(body) for (body,) in ask(of_actions)],
        footing=footing_of(ask),
    )


def footing_of(ask: Ask) -> Footing:
    ((index, hash_),) = ask(select(journal_head.c.index, journal_head.c.hash))
    return Footing(index, hash_.hex())


def first(rows: Sequence[Any]) -> Any | None:
    return rows[0][0] if rows else None
