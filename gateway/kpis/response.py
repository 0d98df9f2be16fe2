"""Reading what response is measured by: incidents and orders that were opened in a time, of each only what counts."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from sqlalchemy import Table, select

from api.report_port import FiguresQuery, Times
from gateway.reports.reading import limits_of
from gateway.reports.then import Then, book_of
from gateway.store import Store
from gateway.store.schema import incidents, orders
from rules.instant import Instant
from rules.kpi_response import Ordered, Responded, ResponseFacts, ResponseFigures, response_figures
from rules.mode import Mode
from rules.response_times import Limits

VERSIONS_LOOKED_UP_MAX = 50  # of plans that are no longer in force; more have the limits of today

_responded = msgspec.json.Decoder(Responded).decode
_ordered = msgspec.json.Decoder(Ordered).decode


def read_response_figures(
    store: Store, query: FiguresQuery, times: Times, now: Instant, known: Then
) -> ResponseFigures:
    """`known`: what is in force now. Raises StoreFailed."""
    found = [_responded(body) for body in _bodies(store, query, times, incidents)]
    facts = ResponseFacts(
        since=times[0],
        until=times[1],
        now=now,
        incidents=found,
        orders=[_ordered(body) for body in _bodies(store, query, times, orders)],
        limits=_limits(store, known, ((each.plan or "", each.plan_version) for each in found)),
        order_settings=known.plans.orders,
    )
    return response_figures(facts)


def _bodies(store: Store, query: FiguresQuery, times: Times, table: Table) -> Iterable[bytes]:
    """Of actual mode, by the index of their opening."""
    c = table.c
    statement = select(c.body, c.site).where(c.opened_at >= times[0], c.opened_at < times[1])
    statement = statement.where(c.mode == Mode.ACTUAL.value).order_by(c.opened_at, c.id)
    if query.site is not None:
        statement = statement.where(c.site == query.site)
    return (body for body, site in store.look(lambda ask: ask(statement)) if query.covers(site))


def _limits(store: Store, known: Then, followed: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Limits]:
    """By plan and version; of a version that is lost, those of today."""
    limits: dict[tuple[str, str], Limits] = {}
    looked_up = 0
    for id, version in followed:
        if (id, version) in limits:
            continue
        plan = known.plans.plans.get(id)
        if (plan is None or plan.version != version) and id and looked_up < VERSIONS_LOOKED_UP_MAX:
            looked_up += 1
            book = book_of(store, id, version)
            plan = book.plans[id] if book is not None else plan
        limits[id, version] = limits_of(plan, known.plans)
    return limits
