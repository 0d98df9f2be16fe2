"""Effects that are not done yet."""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from sqlalchemy import Select, func, select

from gateway.store.schema import outbox
from rules.effects import Effect
from rules.instant import Instant


class Due(Struct, frozen=True):
    """An effect whose next try has come; it may have expired meanwhile."""

    effect: Effect
    attempts: int  # so far
    next_try_at: Instant


def due(now: Instant, limit: int, kind: str | None) -> Select[Any]:
    """Rows (body, attempts, next_try_at) in the order the effects were put: ids are counters of a growing length."""
    c = outbox.c
    return (
        _of(kind, select(c.body, c.attempts, c.next_try_at))
        .where(c.next_try_at <= now)
        .order_by(func.length(c.id), c.id)
        .limit(limit)
    )


def waiting() -> Select[Any]:
    """Rows (kind, how many)."""
    return select(outbox.c.kind, func.count()).group_by(outbox.c.kind)


def next_try(kind: str | None) -> Select[Any]:
    return _of(kind, select(func.min(outbox.c.next_try_at)))


def next_try_after(now: Instant, kind: str) -> Select[Any]:
    return next_try(kind).where(outbox.c.next_try_at > now)


def _of(kind: str | None, statement: Select[Any]) -> Select[Any]:
    return statement if kind is None else statement.where(outbox.c.kind == kind)
