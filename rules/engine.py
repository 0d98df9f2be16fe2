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
from typing import Protocol

from rules import asked, correlation, detecting, linkage
from rules.detection import Detection
from rules.events import (
    CommandAnswered,
    CommandFailed,
    CommandPublished,
    DirectoryLoaded,
    Event,
    GatewayStarted,
    RulesLoaded,
    TimePassed,
    VerdictChanged,
)
from rules.instant import Instant
from rules.outcome import Outcome
from rules.places import Places
from rules.plan import watches
from rules.ruleset import Ruleset
from rules.site import Directory
from rules.state import KEPT_CLOSED_MS, State
from rules.timeline import Kind
from rules.turn import Deadline, Turn

LATE_MS = 1_000  # the shell wakes within milliseconds; a second late means it was not running


class Documents(Protocol):
    """Directories and rulesets by content hash. What a hash means never changes."""

    def directory(self, version: str) -> Directory: ...

    def ruleset(self, version: str) -> Ruleset: ...


class Engine:
    def __init__(self, state: State, documents: Documents) -> None:
        self.state = state
        self._documents = documents
        self.directory = documents.directory(state.directory) if state.directory else Directory()
        self.ruleset = documents.ruleset(state.rules) if state.rules else Ruleset()
        self._places = Places(self.directory.devices.values())
        self._deadlines: list[Deadline] = _deadlines_of(state)

    def next_deadline(self) -> Instant | None:
        """When `step(TimePassed(), …)` is due at the latest; it may turn out to be nothing."""
        return self._deadlines[0][0] if self._deadlines else None

    def step(self, event: Event, now: Instant) -> Outcome:
        now = self.state.now = max(now, self.state.now)
        turn = Turn(self.state, self.directory, self._places, self.ruleset, now, self._deadlines)
        self._handle_deadlines(turn, before=now)
        self._apply(turn, event)
        self._handle_deadlines(turn, before=now + 1)
        return turn.outcome

    def _handle_deadlines(self, turn: Turn, before: Instant) -> None:
        while self._deadlines and self._deadlines[0][0] < before:
            due, kind, id = heapq.heappop(self._deadlines)
            late_ms = turn.now - due
            turn.late_ms = late_ms if late_ms > LATE_MS else None
            _DEADLINES[kind](turn, id, due)
            turn.late_ms = None

    def _apply(self, turn: Turn, event: Event) -> None:
        match event:
            case VerdictChanged():
                detecting.verdict_changed(turn, event)
            case CommandPublished():
                linkage.published(turn, event)
            case CommandFailed():
                linkage.failed(turn, event)
            case CommandAnswered():
                linkage.answered(turn, event)
            case TimePassed():
                pass
            case GatewayStarted():
                turn.write(Kind.STARTED, facts={"version": event.version})
            case DirectoryLoaded() | RulesLoaded():
                self._load(turn, event)
            case _:
                asked.asked(turn, event)

    def _load(self, turn: Turn, event: DirectoryLoaded | RulesLoaded) -> None:
        if isinstance(event, DirectoryLoaded):
            self.directory = turn.directory = self._documents.directory(event.version)
            self._places = turn.places = Places(self.directory.devices.values())
            self.state.directory, what = event.version, "directory"
        else:
            self.ruleset = turn.ruleset = self._documents.ruleset(event.version)
            self.state.rules, what = event.version, "rules"
        turn.write(Kind.CONFIGURATION, facts={"what": what, "version": event.version[:12]})
        for detection in list(self.state.detections.values()):
            gone = _gone(turn, detection)
            if gone:
                self._withdraw(turn, detection, gone)
        correlation.recount(turn)

    def _withdraw(self, turn: Turn, detection: Detection, reason: str) -> None:
        if detection.fires:
            turn.outcome.ended.append((detection.mode, detection.rule, detection.device))
            correlation.cleared(turn, detection, None, reason)
        del self.state.detections[detection.key]


def _gone(turn: Turn, detection: Detection) -> str:
    rule = turn.ruleset.detections.get(detection.rule)
    if rule is None:
        return f"rule {detection.rule} is no longer in force"
    device = turn.directory.devices.get(detection.device)
    if device is None:
        return f"device {detection.device} is no longer in the site file"
    return "" if watches(rule, device) else f"rule {rule.id} no longer looks at {device.id}"


def _forget(turn: Turn, id: str, due: Instant) -> None:
    """A closed incident's stay in the state is over."""
    for command in turn.state.incidents.pop(id).commands:
        turn.state.commands.pop(command.id, None)
        turn.state.given_up.pop(command.id, None)


_DEADLINES = {
    "hold": detecting.hold_over,
    "countdown": correlation.countdown_over,
    "command": linkage.expired,
    "forget": _forget,
}


def _deadlines_of(state: State) -> list[Deadline]:
    """All deadlines are in the state; the heap is only their order."""
    found: list[Deadline] = []
    for detection in state.detections.values():
        if detection.deadline is not None:
            found.append((detection.deadline, "hold", detection.key))
    for incident in state.incidents.values():
        if incident.countdown is not None:
            found.append((incident.countdown.due, "countdown", incident.id))
        if incident.closed_at is not None:
            found.append((incident.closed_at + KEPT_CLOSED_MS, "forget", incident.id))
        for command in incident.commands:
            if command.id in state.commands:
                found.append((command.expires_at, "command", command.id))
    heapq.heapify(found)
    return found
