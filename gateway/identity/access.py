"""The access log: who signed in, who was refused, who changed users, who saw what is masked. Append-only.

What is refused is written by the second, equal lines together, so that a flood of refusals costs one small transaction
a second; what changes something is written in the transaction that changes it.
"""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, delete, select

from api.identity_port import Access, AccessQuery
from api.ports import BadCursor, Page
from gateway.identity.tables import access_log
from rules.instant import Instant

WAITING_MAX = 200  # different lines a second; what is beyond is counted
KEPT_MS = 3 * 365 * 86_400_000  # as incidents; the database itself refuses to remove younger ones
TEXT_CHARACTERS_MAX = 500


class Waiting:
    """Lines that are not written yet."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str, ...], Access] = {}
        self._beyond = 0

    def __bool__(self) -> bool:
        return bool(self._lines)

    def add(self, line: Access) -> None:
        key = (line.what, line.who, line.peer, line.about, line.why)
        known = self._lines.get(key)
        if known is not None:
            self._lines[key] = msgspec.structs.replace(known, times=known.times + 1)
        elif len(self._lines) < WAITING_MAX:
            self._lines[key] = line
        else:
            self._beyond += 1

    def take(self, now: Instant) -> list[Access]:
        lines = list(self._lines.values())
        if self._beyond:
            lines.append(Access("not_listed", "", "", why="more than can be listed", at=now, times=self._beyond))
        self._lines, self._beyond = {}, 0
        return lines


def write(connection: Connection, lines: list[Access]) -> None:
    rows = [
        {
            "at": line.at,
            "what": line.what,
            "who": _short(line.who),
            "peer": line.peer,
            "about": _short(line.about),
            "why": _short(line.why),
            "request": line.request,
            "times": line.times,
        }
        for line in lines
    ]
    if rows:
        connection.execute(access_log.insert(), rows)


def page(connection: Connection, query: AccessQuery) -> Page[Access]:
    """Raises BadCursor."""
    c = access_log.c
    statement = select(access_log).order_by(c.position.desc()).limit(query.limit + 1)
    if query.who is not None:
        statement = statement.where(c.who == query.who)
    if query.what is not None:
        statement = statement.where(c.what == query.what)
    if query.since is not None:
        statement = statement.where(c.at >= query.since)
    if query.until is not None:
        statement = statement.where(c.at < query.until)
    if query.cursor is not None:
        if not (query.cursor.isascii() and query.cursor.isdecimal()) or len(query.cursor) > 18:
            raise BadCursor(f"{query.cursor!r} is no cursor of this list")
        statement = statement.where(c.position < int(query.cursor))
    found = [_line(row) for row in connection.execute(statement)]
    more = len(found) > query.limit
    return Page(found[: query.limit], str(found[query.limit - 1].position) if more else None)


def forget(connection: Connection, now: Instant) -> None:
    connection.execute(delete(access_log).where(access_log.c.at < now - KEPT_MS))


def _short(text: str) -> str:
    """Of what somebody else may have written: in bounds, and nothing in it that a database cannot hold."""
    return text[:TEXT_CHARACTERS_MAX].replace("\x00", "").encode("utf-8", "replace").decode()


def _line(row: Any) -> Access:
    return Access(row.what, row.who, row.peer, row.about, row.why, row.request, row.at, row.position, row.times)
