"""The engine: `step(event, now)` → what to write down and what to do. Sans-I/O and deterministic.

Rules of the house, kept here and nowhere else:
- `now` never goes back; what comes with an earlier one happens at the latest instant known.
- An event at the instant of a deadline is applied before it: an acknowledgement at the last moment counts.
- Deadlines before the event are handled first, in order of (due, kind, id); after a step none lies in the past.
- One that is handled more than `LATE_MS` after it fell due says so.
- Nothing raises for what comes from outside: an unknown rule, device, incident or command becomes an entry.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any

from rules import (
    afterwards,
    asked,
    audited,
    closing,
    correlation,
    detecting,
    discipline,
    drill_calendar,
    drilling,
    escalation,
    housekeeping,
    linkage,
    loading,
    orders,
    parts,
    sending,
    suppression,
)
from rules.deadlines import deadlines_of
from rules.events import (
    AuditFailed,
    AuditPassed,
    CommandAnswered,
    CommandFailed,
    CommandPublished,
    DirectoryLoaded,
    EffectTried,
    Event,
    GatewayStarted,
    JournalPruned,
    PartFailed,
    PartWell,
    PlansLoaded,
    RosterLoaded,
    RulesLoaded,
    TimePassed,
    VerdictChanged,
)
from rules.in_force import Documents, in_force
from rules.instant import Instant
from rules.outcome import Outcome
from rules.ruleset import Ruleset
from rules.site import Directory
from rules.state import State
from rules.timeline import Kind
from rules.turn import Deadline, Turn

LATE_MS = 1_000  # the shell wakes within milliseconds; a second late means it was not running


class Engine:
    def __init__(self, state: State, documents: Documents) -> None:
        self.state = state
        self._documents = documents
        self._force = in_force(state, documents)
        self._deadlines: list[Deadline] = deadlines_of(state)

    @property
    def directory(self) -> Directory:
        return self._force.directory

    @property
    def ruleset(self) -> Ruleset:
        return self._force.ruleset

    def next_deadline(self) -> Instant | None:
        """When `step(TimePassed(), …)` is due at the latest; it may turn out to be nothing."""
        return self._deadlines[0][0] if self._deadlines else None

    def step(self, event: Event, now: Instant) -> Outcome:
        now = self.state.now = max(now, self.state.now)
        turn = Turn(self.state, self._force, now, self._deadlines)
        self._handle_deadlines(turn, before=now)
        if isinstance(event, Loaded):
            self._force = loading.load(turn, event, self._documents)
        else:
            _APPLY.get(type(event), asked.asked)(turn, event)
        _follow_up(turn)
        self._handle_deadlines(turn, before=now + 1)
        return turn.outcome

    def _handle_deadlines(self, turn: Turn, before: Instant) -> None:
        while self._deadlines and self._deadlines[0][0] < before:
            due, kind, id = heapq.heappop(self._deadlines)
            late_ms = turn.now - due
            turn.late_ms = late_ms if late_ms > LATE_MS else None
            _DEADLINES[kind](turn, id, due)
            _follow_up(turn)
            turn.late_ms = None


def _follow_up(turn: Turn) -> None:
    """What is not kept quiet any more, then plan and ladder of every incident that was touched; each may lead to more
    of both."""
    while turn.again or turn.touched:
        if turn.again:
            key = next(iter(turn.again))
            correlation.fired_again(turn, key, turn.again.pop(key))
            continue
        id = next(iter(turn.touched))
        del turn.touched[id]
        incident = turn.state.incidents.get(id)
        if incident is not None and incident.open:
            closing.look(turn, incident)


def _started(turn: Turn, event: GatewayStarted) -> None:
    turn.write(Kind.STARTED, facts={"version": event.version})


def _time_passed(turn: Turn, event: TimePassed) -> None:
    """Its deadlines are all there is to it."""


Loaded = DirectoryLoaded | RulesLoaded | PlansLoaded | RosterLoaded

_APPLY: dict[type, Callable[[Turn, Any], None]] = {  # what people ask for is `asked.asked`
    VerdictChanged: detecting.verdict_changed,
    CommandPublished: linkage.published,
    CommandFailed: linkage.failed,
    CommandAnswered: linkage.answered,
    EffectTried: sending.tried,
    AuditFailed: audited.failed,
    AuditPassed: audited.passed,
    PartFailed: parts.failed,
    PartWell: parts.well,
    GatewayStarted: _started,
    JournalPruned: housekeeping.pruned,
    TimePassed: _time_passed,
}

_DEADLINES: dict[str, Callable[[Turn, str, Instant], object]] = {
    "hold": detecting.hold_over,
    "countdown": correlation.countdown_over,
    "command": linkage.expired,
    "forget": asked.forget,
    "ladder": escalation.ladder_over,
    "first response": escalation.first_response_over,
    "re-alarm": escalation.re_alarm_over,
    "task": escalation.task_over,
    "sent": sending.expired,
    "held back": sending.held_back_over,
    "order": orders.limit_over,
    "action": afterwards.action_over,
    "shelf": suppression.shelf_over,
    "stale": discipline.stale_over,
    "flood": discipline.flood_over,
    "chatter": discipline.chatter_over,
    "inhibition": suppression.grace_over,
    "drill": drilling.time_over,
    "drill due": drill_calendar.due_over,
}
