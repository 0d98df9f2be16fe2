"""What the timeline of the demo's fire must hold, and in which order: for people a check list, for CI an exit code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from api.schemas import EntryOut
from rules.timeline import Kind

Holds = Callable[[EntryOut, Sequence[EntryOut]], bool]  # an entry, and those before it


@dataclass(frozen=True)
class Checked:
    """One point of the list. `entry`: the timeline's number of what fulfils it; None: nothing does."""

    text: str
    entry: int | None


def check(entries: Sequence[EntryOut]) -> list[Checked]:
    """Every point, each looked for after the one before it. `entries` are those of one incident, in order."""
    found: list[Checked] = []
    start = 0
    for text, holds in EXPECTED:
        at = next((i for i in range(start, len(entries)) if holds(entries[i], entries[:i])), None)
        found.append(Checked(text, None if at is None else entries[at].number))
        start = start if at is None else at + 1
    return [*found, *_of_the_whole(entries)]


def _is(kind: Kind) -> Holds:
    return lambda entry, before: entry.kind is kind


def _second_device(entry: EntryOut, before: Sequence[EntryOut]) -> bool:
    first = next((each.device for each in before if each.kind in (Kind.OPENED, Kind.DETECTED)), None)
    return entry.kind is Kind.DETECTED and entry.device != first


def _raised_to_one(entry: EntryOut, before: Sequence[EntryOut]) -> bool:
    return entry.kind is Kind.LEVEL_RAISED and entry.facts.get("to") == "I"


def _closing(entry: EntryOut, before: Sequence[EntryOut]) -> bool:
    return entry.kind is Kind.PHASE_CHANGED and entry.facts.get("to") == "closing"


def _by_a_person(kind: Kind) -> Holds:
    return lambda entry, before: entry.kind is kind and bool(entry.by) and entry.by != "tocsin"


def _closed(entry: EntryOut, before: Sequence[EntryOut]) -> bool:
    return _by_a_person(Kind.CLOSED)(entry, before) and bool(entry.facts.get("cause"))


EXPECTED: tuple[tuple[str, Holds], ...] = (
    ("opened by the first detector", _is(Kind.OPENED)),
    ("a pre-alarm: one detector alone", _is(Kind.PRE_ALARM)),
    ("acknowledged by a person", _by_a_person(Kind.ACKNOWLEDGED)),
    ("a second detector of the zone", _second_device),
    ("confirmed", _is(Kind.CONFIRMED)),
    ("level I", _raised_to_one),
    ("linkage commands issued", _is(Kind.COMMAND_ISSUED)),
    ("commands published", _is(Kind.COMMAND_PUBLISHED)),
    ("devices have answered", _is(Kind.COMMAND_DONE)),
    ("its sources are normal again", _closing),
    ("closed by a person, with a cause", _closed),
)


def _told(what: str) -> Callable[[EntryOut], bool]:
    return lambda entry: entry.kind is Kind.NOTICE_DONE and entry.facts.get("what") == what


ALSO: tuple[tuple[str, Callable[[EntryOut], bool]], ...] = (  # whenever it comes
    ("the response team is told", _told("notify")),
    ("everybody in the building is told", _told("occupant_notice")),
    ("the fire brigade is told, by CAP", _told("authority")),
    ("the first responder is on site", lambda entry: entry.kind is Kind.RESPONDED),
    (
        "a work order is opened, and verified",
        lambda entry: entry.kind is Kind.ORDER_STEP and entry.facts.get("node") == "verified",
    ),
)


def _of_the_whole(entries: Sequence[EntryOut]) -> list[Checked]:
    """What no single entry shows."""
    last = entries[-1].number if entries else None
    counts = {kind: sum(entry.kind is kind for entry in entries) for kind in Kind}
    issued = counts[Kind.COMMAND_ISSUED]
    answered = counts[Kind.COMMAND_DONE] == issued > 0  # one may be done before it is written down that it was sent
    gapless = bool(entries) and [entry.number for entry in entries] == list(range(1, len(entries) + 1))
    tasks = counts[Kind.TASK_ISSUED]
    ended = tasks > 0 and counts[Kind.TASK_DONE] + counts[Kind.TASK_SKIPPED] == tasks
    also = [Checked(text, next((each.number for each in entries if holds(each)), None)) for text, holds in ALSO]
    return [
        *also,
        Checked(f"all {tasks} tasks done", last if ended else None),
        Checked(f"all {issued} commands published and done", last if answered else None),
        Checked("no entry of the timeline is missing", last if gapless else None),
    ]
