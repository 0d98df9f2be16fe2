"""Linkage commands: what an incident, once confirmed and grave enough, tells other devices to do.

Interlock: nothing is linked to a pre-alarm (GB 50116-2013 4.1.6, confidence high). Each command is issued once an
incident; its answer, or that none came, is on the timeline.
"""

from __future__ import annotations

from rules.effects import PublishCommand
from rules.events import CommandAnswered, CommandFailed, CommandPublished
from rules.incident import CommandStage, CommandState, Confirmation, Incident
from rules.instant import Instant, format_duration
from rules.reading import Value
from rules.ruleset import Linkage
from rules.site import Device
from rules.timeline import Kind
from rules.turn import Turn


def issue(turn: Turn, incident: Incident) -> None:
    """Issues what the incident's hazard and level call for and has not been issued yet."""
    if incident.confirmation is Confirmation.PRE_ALARM or not incident.open:
        return
    issued = {(command.linkage, command.device) for command in incident.commands}
    for linkage in turn.ruleset.linkage.values():
        if linkage.hazard == incident.hazard and incident.level >= linkage.level:
            for device in turn.places.near(incident, linkage.same, linkage.device_class):
                if (linkage.id, device.id) not in issued:
                    _command(turn, incident, linkage, device)


def _command(turn: Turn, incident: Incident, linkage: Linkage, device: Device) -> None:
    turn.state.commands_made += 1
    id = f"CMD-{turn.state.commands_made:06d}"
    expires_at: Instant = turn.now + linkage.expires_after
    incident.commands.append(
        CommandState(id, device.id, linkage.command, linkage.id, CommandStage.ISSUED, turn.now, expires_at)
    )
    turn.state.commands[id] = incident.id
    turn.outcome.effects.append(
        PublishCommand(
            id=id,
            mode=incident.mode,
            device=device.id,
            command=linkage.command,
            args=dict(linkage.args),
            incident=incident.id,
            issued_at=turn.now,
            expires_at=expires_at,
        )
    )
    turn.set_deadline(expires_at, "command", id)
    reason = f"{linkage.id}: {incident.hazard} of level {incident.level.value}"
    facts: dict[str, Value] = {"command": linkage.command, "id": id}
    turn.write(Kind.COMMAND_ISSUED, incident, device=device.id, facts=facts, reason=reason)


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


def _find(turn: Turn, id: str) -> tuple[Incident | None, CommandState | None]:
    """A command that was not answered yet, and its incident."""
    incident = turn.state.incidents.get(turn.state.commands.get(id) or turn.state.given_up.get(id, ""))
    commands = incident.commands if incident else []
    return incident, next((command for command in commands if command.id == id), None)
