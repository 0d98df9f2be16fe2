"""Rebuilding everything from the journal alone, to compare it with what is stored: `tocsin replay`."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.documents import StoredDocuments
from gateway.store import Group, Store
from rules.codec import decode_event
from rules.engine import Engine
from rules.outcome import Outcome
from rules.state import State

GROUP_EVENTS = 1_000  # rebuilt rows are handed on in groups of this size, so that memory stays bounded


def rebuilt(store: Store) -> Iterator[Group]:
    """The projections as the journal makes them, in groups. Raises StoreFailed for a journal that does not replay."""
    engine = Engine(State(), StoredDocuments(store))
    group = Group()
    for number, row in enumerate(store.journal(), 1):
        add_outcome(group, engine.step(decode_event(row.event), row.at))
        if number % GROUP_EVENTS == 0:
            yield group
            group = Group()
    yield group


def add_outcome(group: Group, outcome: Outcome) -> None:
    """What a step came to → what is committed of it."""
    group.entries += outcome.entries
    group.incidents.update(outcome.incidents)
    group.outbox_put += outcome.effects
    group.outbox_drop += outcome.settled
    group.detections_open += [(mode.value, rule, device) for mode, rule, device in outcome.fired]
    group.detections_closed += [(mode.value, rule, device) for mode, rule, device in outcome.ended]
