"""Of what was promised by when: countdowns, ladders, limits of tasks and orders, holds, shelves. The figures are those
that the files of the trial building state, written down a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from api.ports import Done
from rules.instant import MINUTE_MS, SECOND_MS, Instant
from rules.mode import Mode
from rules.requests import Acknowledge
from rules.timeline import Entry, Kind
from simulators.check_intake import ENDS
from simulators.disturbances import allowed_until
from simulators.record import Record

PRE_ALARM_ACKNOWLEDGED_MS = 15 * SECOND_MS
PRE_ALARM_INVESTIGATED_MS = MINUTE_MS
LADDER_MS = {
    "fire": MINUTE_MS,
    "gas": 30 * SECOND_MS,
    "lift": MINUTE_MS,
    "power_outage": 2 * MINUTE_MS,
    "device": 15 * MINUTE_MS,
}
EMERGENCY_ORDER_ACCEPTED_MS = 2 * MINUTE_MS
AUDIT_TOLERANCE_MS = 1_500

Ends = Callable[[Entry], bool]


class Promise(NamedTuple):
    """After `since` one of `ends` comes, and the first of them not later than `due` (`late_ends`: not before it)."""

    what: str
    since: Entry
    due: Instant
    ends: Ends
    early: bool = False  # whether `ends` may only come at its time, unless `spared`
    spared: Ends = lambda entry: False


def promises_are_kept(record: Record) -> Iterator[str]:
    for number, entry in enumerate(record.entries):
        make = _MAKES.get(entry.kind)
        promise = make(record, entry) if make else None
        if promise is not None:
            yield from _kept(record, promise, record.entries[number + 1 :])


def _kept(record: Record, promise: Promise, later: list[Entry]) -> Iterator[str]:
    until = allowed_until(record, promise.due)
    of_a_drill = promise.since.mode is Mode.EXERCISE
    for entry in later:
        if of_a_drill and entry.kind is Kind.DRILL:
            return  # it stands still, or is over, and its limits with it
        if promise.spared(entry) and entry.at <= until:
            return
        if promise.ends(entry):
            if entry.at > until:
                yield f"{promise.what} was due at {promise.due} and came at {entry.at} (entry {entry.position})"
            if promise.early and entry.at < promise.due:
                yield f"{promise.what} was due at {promise.due} and came early, at {entry.at} (entry {entry.position})"
            return
        if entry.at > until:
            break
    if until < record.ended:
        yield f"{promise.what} was due at {promise.due} and has not come (since entry {promise.since.position})"


# ---- what is promised by each kind of entry


def _countdown(record: Record, began: Entry) -> Promise:
    def stops(entry: Entry) -> bool:
        kinds = (Kind.ACKNOWLEDGED, Kind.COUNTDOWN_STOPPED, Kind.CLOSED)
        return entry.incident == began.incident and (
            entry.kind in kinds or (entry.kind is Kind.CONFIRMED and not _by_time(entry))
        )

    def runs_out(entry: Entry) -> bool:
        return entry.incident == began.incident and entry.kind is Kind.CONFIRMED and _by_time(entry)

    taken = any(
        entry.kind is Kind.ACKNOWLEDGED and entry.incident == began.incident and "still missing" not in entry.reason
        for entry in record.entries[: began.position]
    )
    within_ms = PRE_ALARM_INVESTIGATED_MS if taken else PRE_ALARM_ACKNOWLEDGED_MS
    stopped: Ends = stops if not taken else lambda entry: stops(entry) and entry.kind is not Kind.ACKNOWLEDGED
    return Promise(f"the pre-alarm of {began.incident}", began, began.at + within_ms, runs_out, True, stopped)


def _by_time(entry: Entry) -> bool:
    return entry.reason.startswith(("not acknowledged", "investigation not ended"))


def _ladder(record: Record, began: Entry) -> Promise | None:
    incident = record.incidents.get(began.incident or "")
    within_ms = LADDER_MS.get(incident.hazard) if incident else None
    if incident is None or within_ms is None or _has_been_taken(record, began):
        return None

    def told(entry: Entry) -> bool:
        return entry.incident == began.incident and entry.kind is Kind.ESCALATED and entry.reason.startswith("not ack")

    def spared(entry: Entry) -> bool:
        over = (Kind.ACKNOWLEDGED, Kind.CLOSED, Kind.LEVEL_RAISED, Kind.LEVEL_LOWERED, Kind.PLAN)
        same = entry.incident == began.incident and entry.kind in over
        return same and not (entry.kind is Kind.PLAN and entry.at == began.at)

    return Promise(f"the ladder of {began.incident}", began, began.at + within_ms, told, True, spared)


def _has_been_taken(record: Record, began: Entry) -> bool:
    taken = False
    for entry in record.entries[: began.position]:
        if entry.incident == began.incident:
            taken = (taken or entry.kind is Kind.ACKNOWLEDGED) and entry.kind is not Kind.ACKNOWLEDGEMENT_LAPSED
    return taken


def _task(record: Record, began: Entry) -> Promise | None:
    if "within_ms" not in began.facts:
        return None
    title = began.facts.get("title_en")

    def over(entry: Entry) -> bool:
        kinds = (Kind.TASK_DONE, Kind.TASK_SKIPPED, Kind.OVERDUE)
        mine = entry.incident == began.incident and entry.kind in kinds
        return mine and entry.facts.get("title_en") == title

    due = began.at + round(float(began.facts["within_ms"]))
    return Promise(f"the task {title} of {began.incident}", began, due, over)


def _order(record: Record, began: Entry) -> Promise | None:
    if began.facts.get("order_kind") != "emergency":
        return None
    id = began.facts.get("id")

    def over(entry: Entry) -> bool:
        kinds = (Kind.ORDER_STEP, Kind.OVERDUE)
        return entry.facts.get("id") == id and entry.kind in kinds

    return Promise(f"the limit of {id}", began, began.at + EMERGENCY_ORDER_ACCEPTED_MS, over)


def _command(record: Record, began: Entry) -> Promise:
    id = began.facts.get("id")

    def over(entry: Entry) -> bool:
        return entry.facts.get("id") == id and entry.kind in (Kind.COMMAND_DONE, Kind.COMMAND_FAILED)

    return Promise(f"the end of {id}", began, began.at + round(float(began.facts["within_ms"])), over)


def _shelf(record: Record, began: Entry) -> Promise:
    id = began.facts.get("id")

    def over(entry: Entry) -> bool:
        return entry.facts.get("id") == id and entry.kind is Kind.SHELF_ENDED

    return Promise(f"the end of {id}", began, began.at + round(float(began.facts["duration_ms"])), over)


def _hold(record: Record, began: Entry) -> Promise:
    """Of a rule or of its clear: after it something is decided; before it only that it does not hold after all."""
    wanted = (Kind.DETECTED, Kind.SUPPRESSED) if began.kind is Kind.PENDING else (Kind.CLEARED,)
    broken_off = (Kind.NOT_FIRED, Kind.STILL_HOLDS, Kind.RULE_WITHDRAWN, Kind.GIVEN_UP, Kind.CONFIGURATION)

    def same(entry: Entry) -> bool:
        return (entry.mode, entry.rule, entry.device) == (began.mode, began.rule, began.device)

    def spared(entry: Entry) -> bool:
        chatters = entry.kind is Kind.CHATTERING and same(entry)  # from then on it is only counted
        return entry.kind is Kind.CONFIGURATION or chatters or (same(entry) and entry.kind in broken_off)

    due = began.at + round(float(began.facts["hold_ms"]))
    what = f"the hold of {began.rule} at {began.device} ({began.kind.value})"
    return Promise(what, began, due, lambda entry: same(entry) and entry.kind in wanted, True, spared)


_MAKES: dict[Kind, Callable[[Record, Entry], Promise | None]] = {
    Kind.PRE_ALARM: _countdown,
    Kind.OPENED: _ladder,
    Kind.LEVEL_RAISED: _ladder,
    Kind.TASK_ISSUED: _task,
    Kind.ORDER_OPENED: _order,
    Kind.COMMAND_ISSUED: _command,
    Kind.SHELVED: _shelf,
    Kind.PENDING: _hold,
    Kind.CLEARING: _hold,
}


# ---- what else is promised


def acknowledged_in_time_counts(record: Record) -> Iterator[str]:
    """An acknowledgement at the last moment stops the countdown, if it came before its end was handled."""
    begun: dict[str | None, Entry] = {}
    for entry in record.entries:
        if entry.kind is Kind.PRE_ALARM:
            begun[entry.incident] = entry
        elif entry.kind is Kind.CONFIRMED and entry.reason.startswith("not acknowledged") and entry.incident in begun:
            due = begun[entry.incident].at + PRE_ALARM_ACKNOWLEDGED_MS
            for asked in record.asked:
                request = asked.request
                before = isinstance(request, Acknowledge) and asked.position < entry.position
                if before and asked.clock <= due and _was_done_after(asked.answers, request, entry):
                    yield f"{request.by} acknowledged {entry.incident} in time, and its countdown ran out all the same"


def _was_done_after(answers: Sequence[object], request: object, confirmed: Entry) -> bool:
    """The acknowledgement was taken, and only after the countdown had run out: its own entry says so."""
    assert isinstance(request, Acknowledge)
    taken = [entry for answer in answers if isinstance(answer, Done) for entry in answer.entries]
    return request.incident == confirmed.incident and any(
        entry.kind is Kind.ACKNOWLEDGED and entry.incident == confirmed.incident and entry.position > confirmed.position
        for entry in taken
        if entry.at == confirmed.at
    )


def no_longer_quiet_is_raised(record: Record) -> Iterator[str]:
    """What still holds when it is no longer kept quiet is raised in the same instant."""
    quiet: dict[tuple[object, ...], Entry] = {}
    counted: set[tuple[object, ...]] = set()  # what chatters is only counted
    for number, entry in enumerate(record.entries):
        source = entry.mode, entry.rule, entry.device
        if entry.kind is Kind.CHATTERING:
            counted.add(source)
        elif entry.kind is Kind.SUPPRESSED:
            if entry.incident is None and source not in counted:
                quiet[source] = entry
        elif entry.kind is Kind.DETECTED or entry.kind in ENDS:
            quiet.pop(source, None)
        elif entry.kind is Kind.SHELF_ENDED:
            for each, since in quiet.items():
                if since.reason.startswith(f"shelf {entry.facts.get('id')}") or _named(since, entry):
                    yield from _raised_now(record, number, entry, each)


def _named(quiet: Entry, ended: Entry) -> bool:
    return str(ended.facts.get("id")) in quiet.reason.partition(":")[0]


def _raised_now(record: Record, number: int, ended: Entry, source: tuple[object, ...]) -> Iterator[str]:
    for entry in record.entries[number + 1 :]:
        if entry.at != ended.at:
            break
        same = (entry.mode, entry.rule, entry.device) == source
        if same and (entry.kind in (Kind.DETECTED, Kind.SUPPRESSED) or entry.kind in ENDS):
            return
    before = [entry for entry in record.entries[max(0, number - 40) : number] if entry.at == ended.at]
    if any((entry.mode, entry.rule, entry.device) == source and entry.kind in ENDS for entry in before):
        return
    yield f"{source[1]} at {source[2]} holds, {ended.facts.get('id')} ended at {ended.at}, and nothing is raised"


def level_one_is_always_told(record: Record) -> Iterator[str]:
    """However many messages there are: none about an incident of level I is held back for being too many, and every one
    that is open is in the list of those that are."""
    levels: dict[str, str] = {}
    still: set[str] = set()
    for entry in record.entries:
        if entry.incident is None:
            continue
        if entry.kind is Kind.OPENED:
            levels[entry.incident] = str(entry.facts.get("level"))
            still.add(entry.incident)
        elif entry.kind in (Kind.LEVEL_RAISED, Kind.LEVEL_LOWERED):
            levels[entry.incident] = str(entry.facts.get("to"))
        elif entry.kind is Kind.CLOSED:
            still.discard(entry.incident)
        elif entry.kind is Kind.NOTICE_HELD_BACK and levels.get(entry.incident) == "I" and entry.mode is Mode.ACTUAL:
            yield f"entry {entry.position}: of {entry.incident}, level I, a message is held back: {entry.reason}"
    wanted = {id for id in still if levels[id] == "I"}
    for id in wanted ^ record.open_incidents:
        yield f"{id}: by its timeline {'' if id in wanted else 'not '}open and of level I; the API says otherwise"


def the_auditor_finds_nothing(record: Record) -> Iterator[str]:
    """`gateway.auditor`, over the whole journal, what could not be in time left out.

    It knows no time but the journal's: where the clock was set, what fell due one after the other came in one instant,
    and it cannot tell.
    """
    if record.clock_touched:
        return
    for what, due, done in record.audit:
        until = allowed_until(record, due) + AUDIT_TOLERANCE_MS
        if (done is None and until < record.ended) or (done is not None and done > until):
            yield f"{what} was due at {due}, done {'never' if done is None else f'at {done}'}"
