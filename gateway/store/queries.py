"""What is asked of incidents and their timelines."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select, tuple_

from api.ports import IncidentQuery
from gateway.store.schema import entries, incidents
from rules.instant import Instant

PAGE_ITEMS_MAX = 1_000  # what one answer of the API should hold; more is asked for page by page


def clamp(limit: int) -> int:
    return max(1, min(limit, PAGE_ITEMS_MAX))


def incidents_page(query: IncidentQuery) -> Select[Any]:
    """Rows (opened_at, id, body), newest first, one more than the limit: so that the caller knows of a next page."""
    c = incidents.c
    statement = select(c.opened_at, c.id, c.body)
    wanted: list[tuple[Any, Any]] = [
        (c.site, query.site),
        (c.zone, query.zone),
        (c.severity, query.level and query.level.severity),
        (c.phase, query.phase and query.phase.value),
        (c.signal, query.signal and query.signal.value),
        (c.mode, query.mode and query.mode.value),
        (c.hazard, query.hazard),
        (c.open, query.open),
    ]
    statement = statement.where(*(column == value for column, value in wanted if value is not None))
    if query.since is not None:
        statement = statement.where(c.opened_at >= query.since)
    if query.until is not None:
        statement = statement.where(c.opened_at < query.until)
    if query.cursor is not None:
        opened_at, (id_,) = read_cursor(query.cursor)
        statement = statement.where(tuple_(c.opened_at, c.id) < (opened_at, id_))
    return statement.order_by(c.opened_at.desc(), c.id.desc()).limit(clamp(query.limit) + 1)


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
