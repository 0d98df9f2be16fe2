"""What people ask for: each is carried out or refused with a reason; both are entries. Where what is done stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rules import acting, afterwards, closing, drilling, escalation, housekeeping, orders, reported, suppression
from rules.incident import Incident
from rules.instant import Instant, format_duration
from rules.outcome import Refused
from rules.reading import Value
from rules.requests import (
    AbortDrill,
    AboutIncident,
    Acknowledge,
    ActionDone,
    AddNote,
    AdvanceOrder,
    Assign,
    AssignDevice,
    AssignOrder,
    ChangeLevel,
    ClearDeadLetters,
    CompleteTask,
    Confirm,
    EndDrill,
    EndReport,
    EndShelf,
    FillHandover,
    HandOverOrder,
    IgnoreDevice,
    NoteHandover,
    OpenOrder,
    OverrideCommand,
    PersonCommand,
    PutOnShelf,
    RecheckAction,
    ReportIncident,
    Resolve,
    Respond,
    ResumeDrill,
    Review,
    SignHandover,
    SkipTask,
    StartDrill,
    SuspendDrill,
    TakeTheory,
    UnassignDevice,
    WithdrawCommand,
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
    ReportIncident: reported.ask,
    ClearDeadLetters: housekeeping.cleared,
    AssignDevice: housekeeping.assigned,
    UnassignDevice: housekeeping.unassigned,
    IgnoreDevice: housekeeping.ignored,
    StartDrill: drilling.asked,
    EndDrill: drilling.asked,
    AbortDrill: drilling.asked,
    SuspendDrill: drilling.asked,
    ResumeDrill: drilling.asked,
    TakeTheory: drilling.asked,
}
_WHAT: dict[type, str] = {
    Acknowledge: "acknowledge",
    AddNote: "note",
    Resolve: "resolve",
    Confirm: "confirm",
    ChangeLevel: "change_level",
    Assign: "assign",
    Respond: "respond",
    CompleteTask: "complete_task",
    SkipTask: "skip_task",
    OverrideCommand: "override_command",
    WithdrawCommand: "withdraw_command",
    EndReport: "end_report",
}
NUMBER_DIGITS_MAX = 12  # of an incident somebody asks for; int() refuses thousands of digits


def asked(turn: Turn, command: PersonCommand) -> None:
    elsewhere = _ELSEWHERE.get(type(command))
    if elsewhere is not None:
        elsewhere(turn, command)
        return
    assert isinstance(command, AboutIncident)
    incident = turn.state.incidents.get(command.incident)
    refused = _unknown(turn, command) if incident is None else _carry_out(turn, incident, command)
    if refused is not None:
        facts: dict[str, Value] = {"what": _WHAT[type(command)], "code": refused.code, "incident": command.incident}
        turn.write(Kind.REFUSED, incident, by=command.by, facts=facts, reason=refused.reason)
        turn.outcome.refused = refused


def _carry_out(turn: Turn, incident: Incident, command: AboutIncident) -> Refused | None:
    """→ why it cannot be carried out."""
    if isinstance(command, AddNote):
        turn.write(Kind.NOTED, incident, by=command.by, facts={"text": command.text})
        escalation.followed(incident)
        return None
    if not incident.open:
        return Refused("incident_closed", f"{incident.id} was closed by {incident.closed_by}")
    if incident.suspended:
        return Refused("drill_suspended", f"{incident.drill} is suspended; until it goes on nothing can be done in it")
    if isinstance(command, Resolve):
        refused = closing.missing(turn, incident, command)
        if refused is None:
            closing.resolve(turn, incident, command)
        return refused
    refused = acting.CARRY_OUT[type(command)](turn, incident, command)
    if refused is None and not isinstance(command, Acknowledge):
        escalation.followed(incident)
    return refused


def _unknown(turn: Turn, command: AboutIncident) -> Refused:
    if _was_made(turn, command.incident):
        return Refused("incident_closed", f"{command.incident} was closed more than a day ago")
    return Refused("unknown_incident", f"there is no incident {command.incident}")


def _was_made(turn: Turn, incident: str) -> bool:
    number = incident.removeprefix("INC-")
    if not number.isdecimal() or len(number) > NUMBER_DIGITS_MAX:
        return False
    return incident == f"INC-{int(number):06d}" and 0 < int(number) <= turn.state.incidents_made


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
