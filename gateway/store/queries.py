"""What is asked of incidents, their timelines, and what comes of them: orders, actions, handovers, shelves."""

from __future__ import annotations

from typing import Any, Protocol

from sqlalchemy import ColumnElement, Select, Table, or_, select, tuple_

from api.ports import ActionQuery, DrillQuery, HandoverQuery, IncidentQuery, OrderQuery, ShelfQuery
from gateway.store.schema import OPEN, actions, drills, entries, handovers, incidents, orders, shelves
from rules.instant import Instant

PAGE_ITEMS_MAX = 1_000  # what one answer of the API should hold; more is asked for page by page


def clamp(limit: int) -> int:
    return max(1, min(limit, PAGE_ITEMS_MAX))


def incidents_page(query: IncidentQuery) -> Select[Any]:
    """Rows (opened_at, id, body), newest first, one more than the limit: so that the caller knows of a next page."""
    ids = _page(incidents, "opened_at", {}, query).with_only_columns(incidents.c.opened_at, incidents.c.id)
    found = incident_filters(ids, query).subquery("found")  # by an index alone; documents are read of what is found
    return (
        select(incidents.c.opened_at, incidents.c.id, incidents.c.body)
        .join(found, found.c.id == incidents.c.id)
        .order_by(incidents.c.opened_at.desc(), incidents.c.id.desc())
    )


def incident_filters(statement: Select[Any], query: IncidentQuery) -> Select[Any]:
    """All of the question's but its text, cursor and limit."""
    wanted = {
        "site": query.site,
        "zone": query.zone,
        "severity": query.level and query.level.severity,
        "phase": query.phase and query.phase.value,
        "signal": query.signal and query.signal.value,
        "mode": query.mode and query.mode.value,
        "hazard": query.hazard,
        "open": query.open,
    }
    c = incidents.c
    statement = statement.where(*(c[name] == value for name, value in wanted.items() if value is not None))
    if query.sites is not None:
        statement = statement.where(_of_sites(incidents, query.sites))
    if query.ids is not None:
        statement = statement.where(c.id.in_(query.ids))
    if query.open:
        statement = statement.where(OPEN)  # word for word as the index of the open ones has it
    if query.since is not None:
        statement = statement.where(c.opened_at >= query.since)
    if query.until is not None:
        statement = statement.where(c.opened_at < query.until)
    return statement


def orders_page(query: OrderQuery) -> Select[Any]:
    """Rows (opened_at, id, body), as those of incidents."""
    wanted = {
        "site": query.site,
        "zone": query.zone,
        "asset": query.asset,
        "kind": query.kind and query.kind.value,
        "node": query.node and query.node.value,
        "mode": query.mode and query.mode.value,
        "role": query.role,
        "assignee": query.assignee,
        "open": query.open,
        "overdue": query.overdue,
    }
    return _page(orders, "opened_at", wanted, query)


def actions_page(query: ActionQuery) -> Select[Any]:
    """Rows (asked_at, id, body)."""
    names = ("incident", "site", "owner", "open", "overdue")
    wanted = {name: getattr(query, name) for name in names}
    return _page(actions, "asked_at", wanted, query)


def handovers_page(query: HandoverQuery) -> Select[Any]:
    """Rows (filled_at, id, body)."""
    wanted = {name: getattr(query, name) for name in ("site", "done")}
    return _page(handovers, "filled_at", wanted, query)


def shelves_page(query: ShelfQuery) -> Select[Any]:
    """Rows (since, id, body). One that keeps a rule quiet everywhere is of every site."""
    wanted = {name: getattr(query, name) for name in ("device", "zone", "rule", "maintenance", "open")}
    statement = _page(shelves, "since", wanted, query)
    if query.site is not None:
        statement = statement.where(or_(shelves.c.site == query.site, shelves.c.site.is_(None)))
    return statement


def drills_page(query: DrillQuery) -> Select[Any]:
    """Rows (started_at, id, body)."""
    wanted = {"site": query.site, "open": query.open, "passed": query.passed}
    wanted["stage"] = query.stage.value if query.stage else None
    statement = _page(drills, "started_at", wanted, query)
    if query.since is not None:
        statement = statement.where(drills.c.started_at >= query.since)
    return statement if query.until is None else statement.where(drills.c.started_at < query.until)


class _Asked(Protocol):
    """What all questions have."""

    @property
    def sites(self) -> frozenset[str] | None: ...
    @property
    def cursor(self) -> str | None: ...
    @property
    def limit(self) -> int: ...


def _page(table: Table, beginning: str, wanted: dict[str, Any], query: _Asked) -> Select[Any]:
    """Newest first, by the column `beginning` and the id; `wanted`: column → value, None: any."""
    since, id_ = table.c[beginning], table.c.id
    statement = select(since, id_, table.c.body)
    statement = statement.where(*(table.c[name] == value for name, value in wanted.items() if value is not None))
    if query.sites is not None:
        statement = statement.where(_of_sites(table, query.sites))
    if query.cursor is not None:
        instant, (name,) = read_cursor(query.cursor)
        statement = statement.where(tuple_(since, id_) < (instant, name))
    return statement.order_by(since.desc(), id_.desc()).limit(clamp(query.limit) + 1)


def _of_sites(table: Table, sites: frozenset[str]) -> ColumnElement[bool]:
    """A shelf without a site keeps a rule quiet everywhere: whoever works anywhere has to know."""
    theirs = table.c.site.in_(sorted(sites))
    return or_(theirs, table.c.site.is_(None)) if table is shelves else theirs


def make_cursor(instant: Instant, *names: str) -> str:
    return "/".join((str(instant), *(name.replace("%", "%25").replace("/", "%2F") for name in names)))


def read_cursor(text: str, names: int = 1) -> tuple[Instant, list[str]]:
    """Raises ValueError for what `make_cursor` did not make."""
    instant, *rest = text.split("/")
    if len(rest) != names or not instant.lstrip("-").isdecimal():
        raise ValueError(f"{text!r} is not a cursor; expected the next_cursor of an earlier page")
    return int(instant), [name.replace("%2F", "/").replace("%25", "%") for name in rest]


def entries_of(incident: str, after: int, limit: int) -> Select[Any]:
    c = entries.c
    return select(c.body).where(c.incident == incident, c.number > after).order_by(c.number).limit(clamp(limit))


def entries_of_device(device: str, after: int, limit: int) -> Select[Any]:
    c = entries.c
    return select(c.body).where(c.device == device, c.position > after).order_by(c.position).limit(clamp(limit))


def entries_after(position: int, limit: int) -> Select[Any]:
    return select(entries.c.body).where(entries.c.position > position).order_by(entries.c.position).limit(clamp(limit))
