"""Devices that codecs have found, a row each: the writer's part. What a row holds is `gateway.foreign.inbox`'s."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.engine.interfaces import DBAPICursor

from gateway.store.schema import inbox
from gateway.store.statements import Statements
from rules.instant import Instant

InboxRow = tuple[str, str, Instant, bytes]
"""(codec, native id, last heard at, body)."""


def rows() -> Select[Any]:
    return select(inbox.c.codec, inbox.c.native_id, inbox.c.body).order_by(inbox.c.codec, inbox.c.native_id)


def write(cursor: DBAPICursor, sql: Statements, put: Sequence[InboxRow], drop: Sequence[tuple[str, str]]) -> None:
    if drop:
        cursor.executemany(sql.inbox_drop, list(drop))
    if put:
        cursor.executemany(sql.inbox_put, list(put))
