"""What is done once for several incidents: a fire in ten zones is one evacuation and one call to the fire brigade.

A step with `once` is carried by the first incident of the hazard there that has it; the others say so and go on without
it. In the closing phase the last one has it: nobody is told that it is over while it burns next door. If the incident
that carries it ends without having done it, a false alarm for instance, the others have it after all.
"""

from __future__ import annotations

from rules.incident import Confirmation, Incident, Phase, StepStage, StepState
from rules.instant import MINUTE_MS
from rules.places import Scope
from rules.response_plan import CommandAction, PlanStep
from rules.turn import Turn, group_key

AGAIN_MS = MINUTE_MS  # (ours) later a new zone sounds the sirens again, which somebody may have silenced meanwhile
_BEGUN = (StepStage.ISSUED, StepStage.DONE)


def carrier(turn: Turn, incident: Incident, step: PlanStep) -> Incident | None:
    """The incident that has the step for this one as well. None: this one has it."""
    if step.once is None:
        return None
    return next((each for each in _others(turn, incident, step.once) if _has(each, step, incident)), None)


def _has(other: Incident, step: PlanStep, incident: Incident) -> bool:
    known = other.step(step.id)
    begun = known is not None and known.carried_by is None and known.stage in _BEGUN
    if step.phase is not Phase.CLOSING:
        return begun and other.phase is not Phase.CLOSING  # people may have been told by now that it is over
    if known is None:
        waits = step.waits_for_confirmation and other.confirmation is Confirmation.PRE_ALARM
        return other.level >= step.level and not waits
    return begun and known.issued_at >= incident.opened_at


def carry(incident: Incident, step: PlanStep, state: StepState, by: Incident) -> str:
    """→ why the incident's own step is left out."""
    state.carried_by, state.stage = by.id, StepStage.SKIPPED
    state.note = f"done for the whole {step.once} in {by.id}"
    by.carries.append(f"{incident.id}/{step.id}")
    return state.note


def carried(incident: Incident) -> list[tuple[str, str]]:
    """(incident, step) of what it does for others."""
    found = []
    for each in incident.carries:
        id, _, step = each.partition("/")
        found.append((id, step))
    return found


def release(turn: Turn, incident: Incident) -> None:
    """It is closed: what it has not done, those that relied on it have to do. An authority hears of an end with it."""
    for id, step in carried(incident):
        other, mine = turn.state.incidents.get(id), incident.step(step)
        state = other.step(step) if other is not None else None
        if other is None or not other.open or state is None or state.carried_by != incident.id:
            continue
        if mine is None or mine.stage is not StepStage.DONE or mine.action == "authority":
            other.steps.remove(state)
            turn.changed(other)
            turn.touch(other)


def told_just_now(turn: Turn, incident: Incident, action: CommandAction) -> dict[str, str]:
    """Devices whose latest command is this very one, of less than `AGAIN_MS` ago → the incident that sent it. A zone's
    own devices are told by its own incident alone."""
    latest: dict[str, tuple[int, bool, str]] = {}
    for other in _others(turn, incident, action.same):
        for command in other.commands:
            if command.issued_at < turn.now - AGAIN_MS:
                continue
            same = (command.command, command.args) == (action.command, action.args) and command.hopeful
            if command.device not in latest or latest[command.device][0] <= command.issued_at:
                latest[command.device] = command.issued_at, same, other.id
    return {device: id for device, (_, same, id) in latest.items() if same}


def _others(turn: Turn, incident: Incident, same: Scope) -> list[Incident]:
    """Open incidents of the hazard at the same place, of the same mode and drill; the earliest first. By the zones that
    are there: however many incidents are open elsewhere, it costs the same."""
    if same == "zone":
        return []
    groups, found = turn.state.groups, []
    for zone in turn.places.zones(incident, same):
        id = groups.get(group_key(incident.mode, zone, incident.hazard))
        other = turn.state.incidents[id] if id is not None else incident
        if other is not incident and other.drill == incident.drill and not other.suspended:
            found.append(other)
    return sorted(found, key=lambda each: (len(each.id), each.id))
