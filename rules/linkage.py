"""Linkage: commands that a plan's step, or a person, sends to devices; and what becomes of each.

Interlocks: nothing is linked to a pre-alarm (GB 50116-2013 4.1.6, confidence high), nothing to a closed incident, and
a command carries the mode of its incident, which alone decides the topic tree that it is published in. Each command
is issued once an incident and device; one that fails is issued again as a new attempt under a new id, so often as
the plan says. When none is left that is a trouble (`trouble.py`), and the plan's lead is told.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from rules import sending, sharing
from rules.effects import PublishCommand
from rules.events import CommandAnswered, CommandFailed, CommandPublished
from rules.incident import CommandStage, CommandState, Confirmation, Incident, StepStage
from rules.instant import Instant, format_duration
from rules.reading import Value
from rules.response_plan import CommandAction, PlanStep
from rules.timeline import Kind
from rules.trouble import clear_trouble, raise_trouble
from rules.turn import Turn

OVERRIDE_EXPIRES_MS = 30_000  # as long as a plan's command by default: a person waits for the result
FAILED_TEMPLATE = "command_failed"  # of the notice templates
_TITLE = {"en": "A device does not do what it is told", "zh": "设备未执行指令"}


def guard(incident: Incident) -> str:
    """Why nothing may be linked to the incident automatically; empty: it may."""
    if not incident.open:
        return f"{incident.id} is closed"
    if incident.suspended:
        return f"the drill of {incident.id} is suspended"
    return "nothing is linked to a pre-alarm" if incident.confirmation is Confirmation.PRE_ALARM else ""


def issue(
    turn: Turn, incident: Incident, step: PlanStep, action: CommandAction, spared: Collection[str]
) -> tuple[dict[str, str], list[str]]:
    """The step's command to every device near the incident that has not had it, nor is `spared`. → devices that another
    incident has told the same just now, and which; ids of the new commands."""
    if guard(incident):
        return {}, []
    had = {command.device for command in incident.commands if command.linkage == step.id}.union(spared)
    devices = [each for each in turn.places.near(incident, action.same, action.device_class) if each.id not in had]
    just_now = sharing.told_just_now(turn, incident, action) if devices else {}
    told = {device.id: just_now[device.id] for device in devices if device.id in just_now}
    reason = f"{step.id}: {incident.hazard} of level {incident.level.value}"
    issued = []
    for device in devices:
        if device.id not in told:
            command = CommandState(
                "",
                device.id,
                action.command,
                step.id,
                CommandStage.ISSUED,
                turn.now,
                turn.now + action.expires_after,
                args=dict(action.args),
                retries_left=action.retries,
            )
            issued.append(_send(turn, incident, command, reason))
    return told, issued


def override(
    turn: Turn, incident: Incident, device: str, command: str, args: Mapping[str, Value], by: str, reason: str
) -> str:
    """A person's command, past the plan; never past the mode. → its id."""
    expires_at = turn.now + OVERRIDE_EXPIRES_MS
    sent = CommandState("", device, command, "", CommandStage.ISSUED, turn.now, expires_at, args=dict(args), by=by)
    return _send(turn, incident, sent, reason)


def withdraw(turn: Turn, incident: Incident, command: CommandState, by: str, reason: str) -> None:
    """Takes back a command that awaits its answer. One that the device has obeyed already is done when it says so."""
    turn.state.given_up[command.id] = turn.state.commands.pop(command.id)
    turn.outcome.settled.append(command.id)
    command.stage, command.detail = CommandStage.WITHDRAWN, f"taken back by {by}: {reason}"
    facts: dict[str, Value] = {"command": command.command, "id": command.id}
    turn.write(Kind.COMMAND_WITHDRAWN, incident, device=command.device, by=by, facts=facts, reason=reason)
    _settle_step(turn, incident, command.linkage)


def _send(turn: Turn, incident: Incident, command: CommandState, reason: str) -> str:
    """Gives the command its id and has it published."""
    turn.state.commands_made += 1
    command.id = f"CMD-{turn.state.commands_made:06d}"
    incident.commands.append(command)
    turn.state.commands[command.id] = incident.id
    turn.outcome.effects.append(
        PublishCommand(
            id=command.id,
            mode=incident.mode,
            device=command.device,
            command=command.command,
            args=dict(command.args),
            incident=incident.id,
            issued_at=command.issued_at,
            expires_at=command.expires_at,
        )
    )
    turn.set_deadline(command.expires_at, "command", command.id)
    within_ms = float(command.expires_at - command.issued_at)
    facts: dict[str, Value] = {"command": command.command, "id": command.id, "within_ms": within_ms}
    turn.write(Kind.COMMAND_ISSUED, incident, device=command.device, by=command.by, facts=facts, reason=reason)
    return command.id


# ---- what became of it


def published(turn: Turn, event: CommandPublished) -> None:
    turn.outcome.settled.append(event.id)
    incident, command = _find(turn, event.id)
    if incident is not None and command is not None and command.stage is CommandStage.ISSUED:
        command.stage = CommandStage.PUBLISHED
        facts: dict[str, Value] = {"command": command.command, "id": event.id, "attempts": float(event.attempts)}
        turn.write(Kind.COMMAND_PUBLISHED, incident, device=command.device, facts=facts)


def failed(turn: Turn, event: CommandFailed) -> None:
    turn.outcome.settled.append(event.id)
    _fail(turn, event.id, f"{event.reason} (attempts: {event.attempts})")


def answered(turn: Turn, event: CommandAnswered) -> None:
    incident, command = _find(turn, event.id)
    if incident is None or command is None or (incident.mode, command.device) != (event.mode, event.device):
        why = f"command {event.id!r} awaits no answer from this device"
        turn.write(Kind.UNKNOWN, mode=event.mode, device=event.device, facts={"id": event.id}, reason=why)
        return
    turn.outcome.settled.append(event.id)
    if not event.ok:
        _fail(turn, event.id, f"the device refused: {event.detail or 'no reason given'}")
        return
    given_up = turn.state.given_up.pop(event.id, None)
    turn.state.commands.pop(event.id, None)
    reason = f"after it was given up: {command.detail}" if given_up else ""
    command.stage, command.detail = CommandStage.DONE, event.detail
    facts: dict[str, Value] = {"command": command.command, "id": event.id, "detail": event.detail}
    turn.write(Kind.COMMAND_DONE, incident, device=command.device, facts=facts, reason=reason)
    clear_trouble(turn, _source(command), f"it has done it: {event.id}", mode=incident.mode)
    _settle_step(turn, incident, command.linkage)


def expired(turn: Turn, id: str, due: Instant) -> None:
    """A command's deadline, unless its answer came."""
    _, command = _find(turn, id)
    if command is not None and id in turn.state.commands:
        turn.outcome.settled.append(id)
        _fail(turn, id, f"no answer within {format_duration(due - command.issued_at)}")


def _fail(turn: Turn, id: str, detail: str) -> None:
    incident, command = _find(turn, id)
    if incident is None or command is None or id not in turn.state.commands:
        return
    turn.state.given_up[id] = turn.state.commands.pop(id)
    command.stage, command.detail = CommandStage.FAILED, detail
    facts: dict[str, Value] = {"command": command.command, "id": id, "detail": detail}
    turn.write(Kind.COMMAND_FAILED, incident, device=command.device, facts=facts, reason=detail)
    if command.retries_left and not guard(incident) and command.device in turn.directory.devices:
        _again(turn, incident, command)
    elif not _done(incident, command) and not incident.suspended:
        _give_up(turn, incident, command)
    _settle_step(turn, incident, command.linkage)


def withdraw_all(turn: Turn, incident: Incident, reason: str) -> None:
    """Nobody waits for answers any more; that is no fault of a device."""
    for command in incident.commands:
        if command.id in turn.state.commands:
            turn.outcome.settled.append(command.id)
            turn.state.given_up[command.id] = turn.state.commands.pop(command.id)
            command.stage, command.detail, command.retries_left = CommandStage.FAILED, reason, 0
            facts: dict[str, Value] = {"command": command.command, "id": command.id, "detail": reason}
            turn.write(Kind.COMMAND_FAILED, incident, device=command.device, facts=facts, reason=reason)


def _again(turn: Turn, incident: Incident, failed: CommandState) -> None:
    again = CommandState(
        "",
        failed.device,
        failed.command,
        failed.linkage,
        CommandStage.ISSUED,
        turn.now,
        turn.now + (failed.expires_at - failed.issued_at),
        args=dict(failed.args),
        attempt=failed.attempt + 1,
        retries_left=failed.retries_left - 1,
    )
    _send(
        turn,
        incident,
        again,
        f"attempt {again.attempt} of {again.attempt + again.retries_left} in place of {failed.id}",
    )


def _give_up(turn: Turn, incident: Incident, command: CommandState) -> None:
    device = turn.directory.devices.get(command.device)
    reason = f"{command.command} in {incident.id}: {command.detail}"
    raise_trouble(turn, _source(command), device or incident, _TITLE, reason, mode=incident.mode, device=command.device)
    plan = turn.plans.by_hazard.get(incident.hazard)
    if plan is not None and incident.open:
        what = f"{command.command} {device.name if device else command.device}"
        sending.notify_role(turn, plan.lead, FAILED_TEMPLATE, incident, reason=command.detail, what=what)


def _done(incident: Incident, command: CommandState) -> bool:
    """Whether another attempt at the same has succeeded."""
    same = (each for each in incident.commands if _same(each, command))
    return any(each.stage is CommandStage.DONE for each in same)


def _same(one: CommandState, other: CommandState) -> bool:
    return (one.linkage, one.device, one.command) == (other.linkage, other.device, other.command)


def _settle_step(turn: Turn, incident: Incident, id: str) -> None:
    """A step is done when every device has done it, failed when one has not and no attempt is left."""
    step = incident.step(id)
    if step is None:
        return
    commands = [command for command in incident.commands if command.linkage == id]
    if any(command.id in turn.state.commands for command in commands):
        return
    failed = [each for each in commands if each.stage is CommandStage.FAILED and not _done(incident, each)]
    withdrawn = [each for each in commands if each.stage is CommandStage.WITHDRAWN]
    ended = StepStage.SKIPPED if len(withdrawn) == len(commands) else StepStage.DONE
    step.stage, step.done_at = (StepStage.FAILED, None) if failed else (ended, turn.now)
    step.note = "; ".join(f"{each.device}: {each.detail}" for each in (*failed, *withdrawn))


def _source(command: CommandState) -> str:
    return f"command/{command.device}/{command.command}"


def _find(turn: Turn, id: str) -> tuple[Incident | None, CommandState | None]:
    """A command that was not answered yet, and its incident."""
    incident = turn.state.incidents.get(turn.state.commands.get(id) or turn.state.given_up.get(id, ""))
    commands = incident.commands if incident else []
    return incident, next((command for command in commands if command.id == id), None)
