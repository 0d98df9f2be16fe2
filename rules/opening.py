"""How an incident comes to be: its number, its place, its first entry."""

from __future__ import annotations

from rules.drill import Stage, drill_for
from rules.incident import Confirmation, Incident, Phase
from rules.level import Level
from rules.mode import Mode
from rules.places import Placed
from rules.reading import Value
from rules.signal import Signal
from rules.site import Title
from rules.timeline import Kind
from rules.turn import Turn, group_key


def open_incident(
    turn: Turn,
    mode: Mode,
    where: Placed,
    *,
    hazard: str,
    signal: Signal,
    level: Level,
    title: Title,
    first_out: str,
    rule: str,
    reason: str,
) -> Incident:
    """`first_out`: the device that was first to detect it; empty where Tocsin itself found it. `rule`: what did."""
    turn.state.incidents_made += 1
    incident = Incident(
        id=f"INC-{turn.state.incidents_made:06d}",
        mode=mode,
        site=where.site,
        building=where.building,
        floor=where.floor,
        zone=where.zone,
        hazard=hazard,
        signal=signal,
        level=level,
        phase=Phase.ACTIVATED,
        confirmation=Confirmation.NOT_NEEDED,
        title=dict(title),
        first_out=first_out,
        opened_at=turn.now,
        updated_at=turn.now,
    )
    drill = drill_for(turn.state.drills, mode, where.site)
    if drill is not None:
        incident.drill, incident.suspended = drill.id, drill.stage is Stage.SUSPENDED
        drill.incidents.append(incident.id)
        if hazard not in drill.hazards:
            drill.hazards.append(hazard)
        turn.drill_changed(drill)
    turn.state.incidents[incident.id] = incident
    turn.state.groups[group_key(mode, where.zone, hazard)] = incident.id
    facts: dict[str, Value] = {"level": level.value, "hazard": hazard, "signal": signal.value}
    facts |= {"zone": where.zone, "floor": where.floor, "building": where.building}
    turn.write(Kind.OPENED, incident, device=first_out or None, rule=rule, facts=facts, reason=reason)
    return incident
