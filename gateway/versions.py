"""Which rules and plans were in force when, and how they were written."""

from __future__ import annotations

import msgspec
from sqlalchemy import select

from api.rules_port import UnknownVersion, Version, VersionKind, VersionText
from gateway.store import Store
from gateway.store.schema import COUNTED, documents, entries, file_texts
from rules.timeline import Entry, Kind

STAYS_MAX = 5_000  # of all kinds, the latest: files that change twice a day, over seven years
PREFIX_DIGITS = 12  # of a hash, as timelines show it

_entry = msgspec.json.Decoder(Entry).decode
_files = msgspec.json.Decoder(dict[str, str]).decode


def stays(store: Store, kind: VersionKind) -> list[Version]:
    """Every stay in force of a kind, the latest first. Raises StoreFailed."""
    c = entries.c
    statement = (
        select(c.position, c.body)
        .where(COUNTED, c.kind == Kind.CONFIGURATION.value)
        .order_by(c.at.desc(), c.position.desc())
        .limit(STAYS_MAX)
    )
    hashes = _hashes(store, kind)
    found: list[Version] = []
    for position, body in store.look(lambda ask: list(ask(statement))):
        entry = _entry(body)
        if entry.facts.get("what") == kind.value:
            version = str(entry.facts.get("version", ""))
            until = found[-1].since if found else None
            found.append(Version(hashes.get(version, version), kind, entry.at, until, position))
    return found


def text_of(store: Store, version: str) -> VersionText:
    """`version`: all or the beginning of a hash. Raises UnknownVersion, StoreFailed."""
    kinds = {kind.value: kind for kind in VersionKind}
    c = documents.c
    if len(version) < PREFIX_DIGITS or not set(version) <= set("0123456789abcdef"):
        raise UnknownVersion(version)
    statement = (
        select(c.hash, c.kind, c.body)
        .where(c.hash >= version, c.hash < version + "g", c.kind.in_(list(kinds)))  # g: behind every digit
        .limit(1)
    )
    rows = store.look(lambda ask: list(ask(statement)))
    if not rows:
        raise UnknownVersion(version)
    hash_, kind, body = rows[0]
    written = select(file_texts.c.body).where(file_texts.c.version == hash_)
    kept = store.look(lambda ask: list(ask(written)))
    return VersionText(hash_, kinds[kind], bytes(body).decode(), _files(kept[0][0]) if kept else {})


def in_force(store: Store, kind: str) -> str:
    """The whole hash of the document of a kind that is in force; empty: none ever was. Raises StoreFailed."""
    c = entries.c
    statement = (
        select(c.body).where(COUNTED, c.kind == Kind.CONFIGURATION.value).order_by(c.at.desc(), c.position.desc())
    )
    for (body,) in store.look(lambda ask: list(ask(statement.limit(STAYS_MAX)))):
        facts = _entry(body).facts
        if facts.get("what") == kind:
            beginning = str(facts.get("version", ""))
            known = documents.c
            whole = select(known.hash).where(known.hash >= beginning, known.hash < beginning + "g").limit(1)
            rows = store.look(lambda ask, whole=whole: list(ask(whole)))  # type: ignore[misc]
            return str(rows[0][0]) if rows else ""
    return ""


def _hashes(store: Store, kind: VersionKind) -> dict[str, str]:
    """The beginning of each hash → all of it."""
    statement = select(documents.c.hash).where(documents.c.kind == kind.value)
    return {row[0][:PREFIX_DIGITS]: row[0] for row in store.look(lambda ask: list(ask(statement)))}
