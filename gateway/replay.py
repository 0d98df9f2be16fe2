"""Rebuilding everything from the journal alone, to compare it with what is stored: `tocsin replay`."""

from __future__ import annotations

from collections.abc import Iterator
from tempfile import TemporaryDirectory

from gateway.documents import StoredDocuments
from gateway.store import Group, Store
from gateway.store.anchor import state_of
from gateway.store.carried import group_of
from gateway.store.projections import Projected
from rules.codec import decode_event
from rules.engine import Engine
from rules.outcome import Outcome
from rules.state import State

GROUP_EVENTS = 1_000  # rebuilt rows are handed on in groups of this size, so that memory stays bounded


def rebuilt(store: Store) -> Iterator[Group]:
    """The projections as the journal makes them, in groups: from what was carried over, where it was pruned.

    Raises StoreFailed for a journal that does not replay.
    """
    anchor = store.anchor()
    engine = Engine(State() if anchor is None else state_of(anchor), StoredDocuments(store))
    group = Group() if anchor is None else group_of(store.carried(anchor))
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
    group.orders.update(outcome.orders)
    group.actions.update(outcome.actions)
    group.handovers.update(outcome.handovers)
    group.shelves.update(outcome.shelves)
    group.drills.update(outcome.drills)
    group.outbox_put += outcome.effects
    group.outbox_drop += outcome.settled
    group.detections_open += [(mode.value, rule, device) for mode, rule, device in outcome.fired]
    group.detections_closed += [(mode.value, rule, device) for mode, rule, device in outcome.ended]


def differences(store: Store) -> Iterator[str]:
    """What is stored and not what the journal makes it, one line a row, by table and key. Empty: all is well."""
    with (
        TemporaryDirectory(prefix="tocsin-replay-") as folder,
        Store.open(f"sqlite:///{folder}/rebuilt.sqlite") as scratch,
    ):
        scratch.replace_projections(rebuilt(store))
        theirs, ours = store.projections(), scratch.projections()
        yield from compared(theirs, ours)


def compared(stored: Iterator[Projected], rebuilt: Iterator[Projected]) -> Iterator[str]:
    """The same of two sets of rows, each in the order of `Store.projections`: a merge."""
    have, want = next(stored, None), next(rebuilt, None)
    while have is not None or want is not None:
        if want is None or (have is not None and _place(have) < _place(want)):
            assert have is not None
            yield f"{have[0]} {have[1]}: stored, but the journal does not make it"
            have = next(stored, None)
        elif have is None or _place(want) < _place(have):
            yield f"{want[0]} {want[1]}: missing; the journal makes it"
            want = next(rebuilt, None)
        else:
            if have[2] != want[2]:
                yield f"{have[0]} {have[1]}: stored as {have[2][:200]!r}; the journal makes it {want[2][:200]!r}"
            have, want = next(stored, None), next(rebuilt, None)


def _place(row: Projected) -> tuple[str, bool, int, str]:
    table, key, _ = row
    return table, not key.isdecimal(), int(key) if key.isdecimal() else 0, key
