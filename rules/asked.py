"""What people ask for: acknowledge, note, resolve. Each is carried out or refused with a reason; both are entries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rules import afterwards, correlation, orders, suppression, trouble
from rules.incident import Incident, Phase, Step
from rules.instant import Instant, format_duration
from rules.outcome import Refused
from rules.reading import Value
from rules.requests import (
    AboutIncident,
    Acknowledge,
    ActionDone,
    AddNote,
    AdvanceOrder,
    AssignOrder,
    EndShelf,
    FillHandover,
    HandOverOrder,
    NoteHandover,
    OpenOrder,
    PersonCommand,
    PutOnShelf,
    RecheckAction,
    Resolve,
    Review,
    SignHandover,
)
from rules.timeline import Kind
from rules.turn import Turn

_ELSEWHERE: dict[type, Callable[[Turn, Any], None]] = {
    Review: afterwards.asked,
    ActionDone: afterwards.asked,
    RecheckAction: afterwards.asked,
    FillHandover: afterwards.asked,
    NoteHandover: afterwards.asked,
    SignHandover: afterwards.asked,
    OpenOrder: orders.asked,
    AdvanceOrder: orders.asked,
    AssignOrder: orders.asked,
    HandOverOrder: orders.asked,
    PutOnShelf: suppression.asked,
    EndShelf: suppression.asked,
}
_WHAT: dict[type, str] = {Acknowledge: "acknowledge", AddNote: "note", Resolve: "resolve"}
NUMBER_DIGITS_MAX = 12  # of an incident somebody asks for; int() refuses thousands of digits


def asked(turn: Turn, command: PersonCommand) -> None:
    elsewhere = _ELSEWHERE.get(type(command))
    if elsewhere is not None:
        elsewhere(turn, command)
        return
    assert isinstance(command, AboutIncident)
    incident = turn.state.incidents.get(command.incident)
    refusal = _refusal(turn, command, incident)
    if refusal is not None:
        what = _WHAT.get(type(command), type(command).__name__)
        facts = {"what": what, "code": refusal.code, "incident": command.incident}
        turn.write(Kind.REFUSED, incident, by=command.by, facts=facts, reason=refusal.reason)
        turn.outcome.refused = refusal
        return
    assert incident is not None
    if isinstance(command, Acknowledge):
        _acknowledge(turn, incident, command)
    elif isinstance(command, AddNote):
        turn.write(Kind.NOTED, incident, by=command.by, facts={"text": command.text})
    elif isinstance(command, Resolve):
        _resolve(turn, incident, command)


def _refusal(turn: Turn, command: AboutIncident, incident: Incident | None) -> Refused | None:
    if incident is None:
        if _was_made(turn, command.incident):
            return Refused("incident_closed", f"{command.incident} was closed more than a day ago")
        return Refused("unknown_incident", f"there is no incident {command.incident}")
    if isinstance(command, AddNote):
        return None
    if not incident.open:
        return Refused("incident_closed", f"{incident.id} was closed by {incident.closed_by}")
    if isinstance(command, Acknowledge) and incident.acknowledged_at is not None:
        return Refused("already_acknowledged", f"{incident.id} was acknowledged by {incident.acknowledged_by}")
    if isinstance(command, Resolve):
        holding = [f"{each.rule} at {each.device}" for each in correlation.holding(turn, incident) if not each.blind]
        if holding:
            return Refused("sources_not_normal", f"still holds: {', '.join(holding)}")
    return None


def _was_made(turn: Turn, incident: str) -> bool:
    number = incident.removeprefix("INC-")
    if not number.isdecimal() or len(number) > NUMBER_DIGITS_MAX:
        return False
    return incident == f"INC-{int(number):06d}" and 0 < int(number) <= turn.state.incidents_made


def _acknowledge(turn: Turn, incident: Incident, command: Acknowledge) -> None:
    incident.acknowledged_at, incident.acknowledged_by = turn.now, command.by
    facts: dict[str, Value] = {"note": command.note} if command.note else {}
    turn.write(Kind.ACKNOWLEDGED, incident, by=command.by, facts=facts)
    turn.move(incident, Step.ACKNOWLEDGED, f"acknowledged by {command.by}")
    if incident.countdown is not None:
        incident.countdown.investigate_by = turn.now + incident.countdown.investigate_ms
        turn.set_deadline(incident.countdown.investigate_by, "countdown", incident.id)
    if incident.sources_normal:
        correlation.sources_normal(turn, incident)


def _resolve(turn: Turn, incident: Incident, command: Resolve) -> None:
    incident.finding, incident.cause = command.finding, command.cause
    if incident.phase is Phase.ACTIVATED:
        incident.acknowledged_at, incident.acknowledged_by = turn.now, command.by
    facts: dict[str, Value] = {"finding": command.finding.value, "cause": command.cause}
    if command.note:
        facts["note"] = command.note
    for detection in correlation.holding(turn, incident):
        correlation.give_up(turn, detection, command.by)
    trouble.give_up_troubles(turn, incident, command.by)
    turn.move(incident, Step.RESOLVED, f"resolved by {command.by}")
    turn.write(Kind.CLOSED, incident, by=command.by, facts=facts)
    turn.close(incident, command.by)


def forget(turn: Turn, id: str, due: Instant) -> None:
    """A closed incident's stay in the state is over, unless it was made longer or shorter meanwhile."""
    incident = turn.state.incidents.get(id)
    if incident is None or incident.leaves_at != due:
        return
    if incident.awaits_review:
        reason = f"not reviewed in the {format_duration(due - (incident.closed_at or due))} since it was closed"
        turn.write(Kind.OVERDUE, incident, facts={"what": "review"}, reason=reason)
    del turn.state.incidents[id]
    for command in incident.commands:
        turn.state.commands.pop(command.id, None)
        turn.state.given_up.pop(command.id, None)
