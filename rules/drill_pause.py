"""Something real breaks through: a drill stands still, and goes on where it was.

While a drill is suspended nothing comes of its incidents: nobody is told, nothing is commanded, no limit runs. Its
deadlines are moved beyond the end of the longest suspension there may be, and moved back when it is resumed, by as much
as is then left of them: they stay absolute, and in the state.
"""

from __future__ import annotations

from rules import sending, suppression
from rules.drill import TRANSITIONS, Drill, Stage, Turning, drill_at
from rules.incident import Incident, StepStage
from rules.instant import Instant
from rules.mode import Mode
from rules.reading import Value
from rules.timeline import Kind
from rules.trouble import title_facts
from rules.turn import Turn

BY_ITSELF = "tocsin"
SUSPENDED_TEMPLATE = "drill_suspended"  # of the notice templates


def breaks_through(turn: Turn, incident: Incident) -> None:
    """Something real has been detected: the drill at its site stands still. Harmless where there is none."""
    drill = drill_at(turn.state.drills, incident.site) if turn.state.drills else None
    if drill is not None and drill.stage is Stage.RUNNING and _is_real(turn, incident):
        suspend(turn, drill, BY_ITSELF, f"a real alarm: {incident.id}", incident)


def real_ones(turn: Turn, site: str) -> str:
    """The open incidents of a site that a drill may not go on beside, by name."""
    real = [each.id for each in turn.state.incidents.values() if each.site == site and _is_real(turn, each)]
    return ", ".join(real[:5])


def _is_real(turn: Turn, incident: Incident) -> bool:
    grave = incident.signal in turn.plans.drills.suspended_by
    return incident.open and incident.mode is Mode.ACTUAL and grave


def suspend(turn: Turn, drill: Drill, by: str, reason: str, real: Incident | None = None) -> None:
    for role in _roles(turn, drill):  # before it stands still: this is the last that they are told
        sending.notify_role(
            turn,
            role,
            SUSPENDED_TEMPLATE,
            None,
            site=drill.site,
            mode=drill.mode,
            reason=reason,
            what=drill.id,
            urgent=True,
        )
    drill.stage = TRANSITIONS[drill.stage, Turning.SUSPEND]
    drill.suspended_at, drill.suspended_until = turn.now, turn.now + turn.plans.drills.suspended_at_most
    drill.suspended_for = real.id if real else None
    for incident in _incidents(turn, drill):
        incident.suspended = True
        _shift(turn, incident, _beyond(drill))
        turn.changed(incident)
    turn.set_deadline(drill.suspended_until, "drill", drill.id)
    tell(turn, drill, "suspended", by, reason, within_ms=float(drill.suspended_until - turn.now))


def resume(turn: Turn, drill: Drill, by: str, reason: str) -> None:
    assert drill.suspended_at is not None
    paused_ms = turn.now - drill.suspended_at
    back_ms = paused_ms - _beyond(drill)
    drill.stage = TRANSITIONS[drill.stage, Turning.RESUME]
    drill.pauses.append((drill.suspended_at, turn.now))
    drill.ends_at += paused_ms
    drill.suspended_at = drill.suspended_until = drill.suspended_for = None
    turn.set_deadline(drill.ends_at, "drill", drill.id)
    tell(turn, drill, "resumed", by, reason, paused_ms=float(paused_ms))
    for incident in _incidents(turn, drill):
        incident.suspended = False
        _shift(turn, incident, back_ms)
        turn.changed(incident)
        turn.touch(incident)
    suppression.reconsider(turn, "it goes on", by=drill.named)


def _beyond(drill: Drill) -> int:
    """By how much deadlines are moved: none falls before the suspension is over, one way or the other."""
    assert drill.suspended_at is not None
    assert drill.suspended_until is not None
    return drill.suspended_until - drill.suspended_at + 1


def _shift(turn: Turn, incident: Incident, by_ms: int) -> None:
    """What has fallen due already, and is handled after this (the clock was set), falls due as soon as it goes on."""

    def moved(due: Instant) -> Instant:
        return (max(due, turn.now) if by_ms > 0 else due) + by_ms

    countdown, ladder = incident.countdown, incident.ladder
    if countdown is not None:
        countdown.acknowledge_by = moved(countdown.acknowledge_by)
        if countdown.investigate_by is not None:
            countdown.investigate_by = moved(countdown.investigate_by)
        turn.set_deadline(countdown.due, "countdown", incident.id)
    if ladder is not None:
        ladder.due_at = moved(ladder.due_at)
        turn.set_deadline(ladder.due_at, "ladder", incident.id)
    for name, kind in (("first_response_by", "first response"), ("re_alarm_at", "re-alarm"), ("stale_at", "stale")):
        due = getattr(incident, name)
        if due is not None:
            setattr(incident, name, moved(due))
            turn.set_deadline(moved(due), kind, incident.id)
    for step in incident.steps:
        if step.due_at is not None and step.stage is StepStage.ISSUED and not step.overdue:
            step.due_at = moved(step.due_at)
            turn.set_deadline(step.due_at, "task", f"{incident.id}/{step.id}")


def _roles(turn: Turn, drill: Drill) -> list[str]:
    """Everybody who has a part in it so far."""
    plans = [turn.plans.by_hazard[hazard] for hazard in drill.hazards if hazard in turn.plans.by_hazard]
    return list(dict.fromkeys(role for plan in plans for role in (plan.lead, *plan.team)))


def _incidents(turn: Turn, drill: Drill) -> list[Incident]:
    return [each for each in turn.state.incidents.values() if each.open and each.drill == drill.id]


def tell(turn: Turn, drill: Drill, what: str, by: str, reason: str = "", **more: Value) -> None:
    """What has become of a drill, on the timeline of no incident."""
    if what not in ("theory", "scored"):
        drill.reason = reason
    turn.drill_changed(drill)
    facts: dict[str, Value] = {"id": drill.id, "what": what, "site": drill.site, **title_facts(drill.title), **more}
    turn.write(Kind.DRILL, mode=drill.mode, by=by, facts=facts, reason=reason)
    drill.positions.append(turn.state.entries_made)
