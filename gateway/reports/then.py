"""What was in force at a moment, by the entries that say when something else came into force."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import msgspec
from msgspec import Struct
from sqlalchemy import select

from gateway.store import Store
from gateway.store.schema import COUNTED, documents, entries
from rules.codec import decode_directory, decode_roster
from rules.instant import Instant
from rules.people import Roster
from rules.response_plan import PlanBook
from rules.site import Directory
from rules.timeline import Entry, Kind

CHANGES_AT_ONCE = 100
CHANGES_LOOKED_AT_MAX = 2_000  # a configuration that changes daily, over five years
DOCUMENTS_KEPT = 16  # decoded; a directory of a large site is some MB
KINDS = ("directory", "plans", "roster")

_entry = msgspec.json.Decoder(Entry).decode


class Then(Struct, frozen=True):
    """Empty values for what was never in force."""

    directory: Directory
    plans: PlanBook
    roster: Roster


def then(store: Store, at: Instant) -> Then:
    """Raises StoreFailed."""
    found: dict[str, str] = {}
    for what, version in changes(store, at):
        found.setdefault(what, version)
        if all(kind in found for kind in KINDS):
            break
    bodies = {what: _body(store, what, found[what]) for what in KINDS if what in found}
    return Then(
        directory=_directory(bodies.get("directory", b"")),
        plans=_book(bodies.get("plans", b"")),
        roster=_roster(bodies.get("roster", b"")),
    )


def book_of(store: Store, plan: str, version: str) -> PlanBook | None:
    """The latest plan book that had this version of a plan."""
    for what, beginning in changes(store):
        if what == "plans":
            book = _book(_body(store, what, beginning))
            known = book.plans.get(plan)
            if known is not None and known.version == version:
                return book
    return None


def changes(store: Store, until: Instant | None = None) -> Iterator[tuple[str, str]]:
    """(what, the beginning of its hash), the latest first."""
    c = entries.c
    statement = select(c.position, c.body).where(COUNTED, c.kind == Kind.CONFIGURATION.value)
    if until is not None:
        statement = statement.where(c.at <= until)
    statement = statement.order_by(c.at.desc(), c.position.desc()).limit(CHANGES_AT_ONCE)
    for offset in range(0, CHANGES_LOOKED_AT_MAX, CHANGES_AT_ONCE):
        page = statement.offset(offset)
        rows = store.look(lambda ask, page=page: list(ask(page)))  # type: ignore[misc]
        for _, body in rows:
            facts = _entry(body).facts
            yield str(facts.get("what", "")), str(facts.get("version", ""))
        if len(rows) < CHANGES_AT_ONCE:
            return


def _body(store: Store, kind: str, beginning: str) -> bytes:
    """Of the document whose hash begins so; empty: the store has it no longer."""
    c = documents.c
    after = beginning + "g"  # behind every hexadecimal digit
    statement = select(c.body).where(c.kind == kind, c.hash >= beginning, c.hash < after).limit(1)
    rows = store.look(lambda ask: list(ask(statement))) if beginning else []
    return bytes(rows[0][0]) if rows else b""


@lru_cache(DOCUMENTS_KEPT)
def _directory(body: bytes) -> Directory:
    return decode_directory(body) if body else Directory()


@lru_cache(DOCUMENTS_KEPT)
def _book(body: bytes) -> PlanBook:
    return PlanBook.model_validate_json(body) if body else PlanBook()


@lru_cache(DOCUMENTS_KEPT)
def _roster(body: bytes) -> Roster:
    return decode_roster(body) if body else Roster()
