"""Of what is kept: timelines without gaps, a chain that is whole, a replay that gives the same again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from rules import invariants
from rules.incident import Phase
from rules.state import decode_state
from rules.timeline import Kind
from simulators.record import Record

NEXT = {  # as README draws it
    Phase.ACTIVATED: {Phase.RESPONDING, Phase.CLOSED},
    Phase.RESPONDING: {Phase.CLOSING, Phase.CLOSED},
    Phase.CLOSING: {Phase.RESPONDING, Phase.CLOSED},
}
AFTER_THE_END = {  # what may still be added to a closed incident
    Kind.NOTED,
    Kind.REFUSED,
    Kind.REVIEWED,
    Kind.ACTION,
    Kind.CHATTERING,
    Kind.SUPPRESSION_ENDED,
    Kind.UNKNOWN,
    Kind.OVERDUE,
}


def timelines_are_complete(record: Record) -> Iterator[str]:
    latest, numbers = 0, defaultdict[str, int](int)
    phases: dict[str, Phase] = {}
    for index, entry in enumerate(record.entries, 1):
        if entry.position != index:
            yield f"entry {entry.position} stands where {index} should"
        if entry.at < latest:
            yield f"entry {entry.position} is of {entry.at}, the one before of {latest}"
        latest = max(latest, entry.at)
        if entry.incident is None:
            continue
        numbers[entry.incident] += 1
        if entry.number != numbers[entry.incident]:
            yield f"{entry.incident}: entry {entry.number} stands where {numbers[entry.incident]} should"
        if (entry.kind is Kind.OPENED) is not (entry.number == 1):
            yield f"{entry.incident}: its entry {entry.number} is {entry.kind.value}"
        before = phases.setdefault(entry.incident, Phase.ACTIVATED)
        if entry.kind is Kind.PHASE_CHANGED:
            after = phases[entry.incident] = Phase(str(entry.facts["to"]))
            if before is not Phase(str(entry.facts["from"])) or after not in NEXT.get(before, ()):
                yield f"{entry.incident}: from {before.value} to {after.value}"
    for id, incident in record.incidents.items():
        if incident.entries != numbers[id]:
            yield f"{id} counts {incident.entries} entries, and has {numbers[id]}"
    for row, following in zip(record.journal, record.journal[1:], strict=False):
        if following.at < row.at:
            yield f"journal row {following.index} is of {following.at}, the one before of {row.at}"


def replay_equals_memory(record: Record) -> Iterator[str]:
    if record.chain:
        yield f"the chain is broken: {record.chain}"
    yield from record.differences
    if record.memory and record.memory != record.replayed:
        yield f"the journal makes another state than the one in memory: {_differ(record.memory, record.replayed)}"
    if record.recovered != record.replayed:
        yield f"a start makes another state than the journal: {_differ(record.recovered, record.replayed)}"


def _differ(one: bytes, other: bytes) -> str:
    at = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    around = slice(max(0, at - 80), at + 80)
    return f"…{one[around].decode(errors='replace')}… is not …{other[around].decode(errors='replace')}…"


def the_state_is_sound(record: Record) -> Iterator[str]:
    """`rules.invariants`, of the state at the end."""
    try:
        invariants.check(decode_state(record.replayed))
    except AssertionError as error:
        yield f"{error}"


def nothing_breaks(record: Record) -> Iterator[str]:
    """No error that nobody expected."""
    yield from record.faults
