"""Brings the index to where the store is, some entries at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gateway.search.index import Followed, Index, Kept, mark_of
from gateway.search.texts import SPOKEN, said_in, texts_of
from gateway.search.words import words_of
from gateway.store import Store
from gateway.store.anchor import state_of
from gateway.store.listed import entry_at, incidents_named, last_position, said, touched
from gateway.store.reader import Ask
from rules.incident import Incident
from rules.site import Title
from rules.timeline import Entry

STEP_ENTRIES = 10_000  # of one transaction: a tenth of a second
IDS_AT_ONCE = 200
PREFIX = "INC-"


class Follower:
    def __init__(self, index: Index) -> None:
        self._index = index
        self._followed: Followed | None = None
        self._pruned = 0  # the anchor up to which the index was purged

    def step(self, store: Store, titles: Mapping[str, Title]) -> bool:
        """→ whether there is more to do. Raises StoreFailed."""
        followed = self._followed or self._checked(store)
        if store.anchor_index() != self._pruned:
            self._purge(store)
        last = store.look(last_position)
        if last <= followed.position:
            self._followed = followed
            return False
        until = min(last, followed.position + STEP_ENTRIES)
        rows, mark = store.look(lambda ask: _rows(ask, followed.position, until, titles))
        new = Followed(until, mark)
        self._index.keep(rows, new)
        self._followed = new
        return until < last

    def _purge(self, store: Store) -> None:
        """What is past its keeping is not found by its words either."""
        anchor = store.anchor()
        if anchor is not None:
            kept = {number_of(key) for kind, key, _ in store.carried(anchor) if kind == "incidents"}
            self._index.purge(state_of(anchor).incidents_made, kept)
            self._pruned = anchor.index

    def _checked(self, store: Store) -> Followed:
        """As the index says, if it is this store's; else from the beginning."""
        followed = self._index.open()
        if followed.position:
            body = store.look(lambda ask: entry_at(ask, followed.position))
            if body is None or mark_of(body) != followed.mark:
                self._index.forget()
                return Followed(0, b"")
        return followed


def _rows(ask: Ask, after: int, until: int, titles: Mapping[str, Title]) -> tuple[list[Kept], bytes]:
    spoken: dict[str, list[Entry]] = {}
    for entry in said(ask, after, until, SPOKEN):
        assert entry.incident is not None
        spoken.setdefault(entry.incident, []).append(entry)
    ids = touched(ask, after, until)
    rows: list[Kept] = []
    for start in range(0, len(ids), IDS_AT_ONCE):
        known = incidents_named(ask, ids[start : start + IDS_AT_ONCE])
        rows += [kept_of(incident, spoken.get(id, []), titles) for id, incident in known.items()]
    return rows, mark_of(entry_at(ask, until) or b"")


def kept_of(incident: Incident, entries: Iterable[Entry], titles: Mapping[str, Title]) -> Kept:
    texts = (text for entry in entries for text in said_in(entry))
    return Kept(number_of(incident.id), words_of(texts_of(incident, titles)), words_of(texts))


def number_of(incident: str) -> int:
    return int(incident.removeprefix(PREFIX))


def id_of(number: int) -> str:
    return f"{PREFIX}{number:06d}"
