"""What people do about an incident: take it, say how grave it is, respond, do their tasks, send commands by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rules import correlation, escalation, linkage, reported
from rules.incident import Confirmation, Incident, Step, StepStage, StepState
from rules.level import Level
from rules.outcome import Refused
from rules.reading import Value
from rules.requests import (
    Acknowledge,
    Assign,
    ChangeLevel,
    CompleteTask,
    Confirm,
    EndReport,
    OverrideCommand,
    Respond,
    SkipTask,
    WithdrawCommand,
)
from rules.timeline import Kind
from rules.trouble import title_facts
from rules.turn import Turn

# ---- taking it


def acknowledge(turn: Turn, incident: Incident, request: Acknowledge) -> Refused | None:
    role = escalation.acting_role(turn, incident, request.by, request.role)
    mine = [each for each in incident.acknowledgements if (each.by, each.role) == (request.by, role)]
    if mine or escalation.is_acknowledged(turn, incident):
        who = request.by if mine else incident.acknowledged_by
        missing = escalation.missing_roles(turn, incident)
        wanting = f"; still missing: {', '.join(missing)}" if missing else ""
        return Refused("already_acknowledged", f"{incident.id} was acknowledged by {who}{wanting}")
    _take(turn, incident, request.by, role, request.note)
    return None


def _take(turn: Turn, incident: Incident, by: str, role: str, note: str) -> None:
    complete = escalation.acknowledged(turn, incident, by, role)
    incident.owner = incident.owner or by
    missing = escalation.missing_roles(turn, incident)
    facts: dict[str, Value] = {"note": note} if note else {}
    facts |= {"role": role} if role else {}
    reason = f"still missing: {', '.join(missing)}" if missing else ""
    turn.write(Kind.ACKNOWLEDGED, incident, by=by, facts=facts, reason=reason)
    if complete and incident.acknowledged_at is None:
        incident.acknowledged_at, incident.acknowledged_by = turn.now, by
        turn.move(incident, Step.ACKNOWLEDGED, f"acknowledged by {by}")
    countdown = incident.countdown
    if countdown is not None and countdown.investigate_by is None:
        countdown.investigate_by = turn.now + countdown.investigate_ms
        turn.set_deadline(countdown.investigate_by, "countdown", incident.id)
    if complete and incident.sources_normal:
        correlation.sources_normal(turn, incident)


def assign(turn: Turn, incident: Incident, request: Assign) -> Refused | None:
    if not request.to.strip():
        return Refused("owner_missing", "nobody is named")
    if turn.roster.people and request.to not in turn.roster.people:
        return Refused("unknown_person", f"{request.to} is not in the roster")
    incident.owner = request.to
    turn.write(Kind.ASSIGNED, incident, by=request.by, facts={"to": request.to})
    return None


def respond(turn: Turn, incident: Incident, request: Respond) -> Refused | None:
    """Who is on site has taken it, too, if nobody else has."""
    if incident.first_response_at is not None:
        return Refused("already_responded", f"the first responder to {incident.id} is on site already")
    incident.first_response_at, incident.first_response_by = turn.now, None
    facts: dict[str, Value] = {"note": request.note} if request.note else {}
    turn.write(Kind.RESPONDED, incident, by=request.by, facts=facts)
    if not incident.acknowledgements:
        role = escalation.acting_role(turn, incident, request.by, request.role)
        _take(turn, incident, request.by, role, "")
    return None


# ---- how grave it is


def confirm(turn: Turn, incident: Incident, request: Confirm) -> Refused | None:
    if incident.confirmation is Confirmation.CONFIRMED:
        return Refused("already_confirmed", f"{incident.id} is confirmed")
    level = _level_confirmed(turn, incident)
    turn.confirm(incident, request.reason or f"seen by {request.by}", request.by)
    turn.raise_level(incident, level, f"confirmed by {request.by}")
    return None


def _level_confirmed(turn: Turn, incident: Incident) -> Level:
    """What a pre-alarm becomes; the level it has, where none waits."""
    if incident.confirmation is not Confirmation.PRE_ALARM:
        return incident.level
    if incident.countdown is not None:
        return incident.countdown.level
    evidence = {each.rule for each in incident.evidence}
    rules = [rule for rule in turn.ruleset.confirmations.values() if rule.pre_alarm and evidence & set(rule.confirm.of)]
    return max((rule.level for rule in rules), default=incident.level)


def change_level(turn: Turn, incident: Incident, request: ChangeLevel) -> Refused | None:
    if request.level == incident.level:
        return Refused("same_level", f"{incident.id} is of level {incident.level.value} already")
    if request.level > incident.level:
        turn.raise_level(incident, request.level, request.reason, request.by)
        return None
    if not request.reason.strip():
        return Refused("reason_missing", "a level is lowered only with a reason")
    turn.lower_level(incident, request.level, request.reason, request.by)
    return None


# ---- tasks


def complete(turn: Turn, incident: Incident, request: CompleteTask) -> Refused | None:
    step = incident.step(request.step)
    refused = _not_to_do(incident, request.step, step)
    if refused is not None or step is None:
        return refused
    _end(turn, step, StepStage.DONE, request.by, request.note)
    facts: dict[str, Value] = {**title_facts(step.title), **({"note": request.note} if request.note else {})}
    turn.write(Kind.TASK_DONE, incident, by=request.by, facts=facts, reason="after its limit" if step.overdue else "")
    turn.touch(incident)
    return None


def skip(turn: Turn, incident: Incident, request: SkipTask) -> Refused | None:
    step = incident.step(request.step)
    refused = _not_to_do(incident, request.step, step)
    if refused is not None or step is None:
        return refused
    if step.mandatory and not request.reason.strip():
        return Refused("reason_missing", f"{step.id} is mandatory; it is left out only with a reason")
    _end(turn, step, StepStage.SKIPPED, request.by, request.reason)
    turn.write(Kind.TASK_SKIPPED, incident, by=request.by, facts=title_facts(step.title), reason=request.reason)
    turn.touch(incident)
    return None


def _not_to_do(incident: Incident, id: str, step: StepState | None) -> Refused | None:
    if step is None or step.action != "task":
        open_tasks = [each.id for each in incident.steps if each.action == "task" and each.stage is StepStage.ISSUED]
        return Refused("unknown_task", f"{incident.id} has no task {id} (to do: {', '.join(open_tasks) or 'none'})")
    if step.stage is not StepStage.ISSUED:
        return Refused("task_ended", f"{step.id} was ended by {step.done_by}")
    return None


def _end(turn: Turn, step: StepState, stage: StepStage, by: str, note: str) -> None:
    step.stage, step.done_at, step.done_by, step.note = stage, turn.now, by, note


# ---- commands by hand


def override(turn: Turn, incident: Incident, request: OverrideCommand) -> Refused | None:
    refused = _may_not(turn, incident, request) or _cannot(turn, incident, request)
    if refused is not None:
        return refused
    reason = f"by hand: {request.reason}"
    linkage.override(turn, incident, request.device, request.command, request.args, request.by, reason)
    return None


def withdraw(turn: Turn, incident: Incident, request: WithdrawCommand) -> Refused | None:
    refused = _may_not(turn, incident, request)
    if refused is not None:
        return refused
    command = next((each for each in incident.commands if each.id == request.command), None)
    if command is None:
        return Refused("no_such_command", f"{incident.id} has no command {request.command}")
    if command.id not in turn.state.commands:
        return Refused("command_ended", f"{command.id} is {command.stage.value}; there is nothing to take back")
    linkage.withdraw(turn, incident, command, request.by, request.reason)
    return None


def _may_not(turn: Turn, incident: Incident, request: OverrideCommand | WithdrawCommand) -> Refused | None:
    plan = turn.plans.by_hazard.get(incident.hazard)
    may = [plan.lead, *plan.team, *plan.may_override] if plan else []
    if not set(may) & set(escalation.roles_of(turn, request.by, request.role)):
        roles = ", ".join(dict.fromkeys(may)) or f"nobody: hazard {incident.hazard} has no plan"
        return Refused("not_authorised", f"{request.by} may not send commands in {incident.id} (authorised: {roles})")
    return None if request.reason.strip() else Refused("reason_missing", "a command by hand needs a reason")


def _cannot(turn: Turn, incident: Incident, request: OverrideCommand) -> Refused | None:
    device = turn.directory.devices.get(request.device)
    if device is None or device.site != incident.site:
        return Refused("unknown_device", f"there is no device {request.device} at {incident.site}")
    commands = sorted(turn.directory.device_classes[device.device_class].commands)
    if request.command not in commands:
        known = ", ".join(commands) or "none"
        return Refused("unknown_command", f"{device.device_class} knows no command {request.command} ({known})")
    return None


CARRY_OUT: dict[type, Callable[[Turn, Incident, Any], Refused | None]] = {
    Acknowledge: acknowledge,
    Assign: assign,
    Respond: respond,
    Confirm: confirm,
    ChangeLevel: change_level,
    CompleteTask: complete,
    SkipTask: skip,
    OverrideCommand: override,
    WithdrawCommand: withdraw,
    EndReport: reported.over,
}
