"""Closing an incident: what is still missing, a person's Resolve, and closing by itself."""

from __future__ import annotations

from rules import (
    correlation,
    discipline,
    drill_pause,
    escalation,
    orders,
    reported,
    response,
    sending,
    sharing,
    suppression,
)
from rules.incident import Incident, Phase, Step, StepStage, StepState
from rules.outcome import Refused
from rules.reading import Value
from rules.requests import Finding, Resolve
from rules.timeline import Kind
from rules.trouble import give_up_troubles, title_facts
from rules.turn import Turn

BY_ITSELF = "tocsin"


def missing(turn: Turn, incident: Incident, request: Resolve) -> Refused | None:
    """Everything that keeps it from being closed; the code is that of the first. None: nothing does."""
    found: list[tuple[str, str]] = []
    held = [each for each in correlation.holding(turn, incident) if not each.blind]
    holding = [f"{each.rule} at {each.device}" for each in held if not suppression.on_a_shelf(turn, each)]
    holding += reported.holding(incident)
    if holding:
        found.append(("sources_not_normal", f"still holds: {', '.join(holding)}"))
    tasks = open_tasks(turn, incident, request.finding)
    if tasks:
        found.append(("tasks_open", f"not done: {', '.join(tasks)}"))
    blocking = orders.blocking(turn, incident)
    if blocking:
        found.append(("orders_open", f"neither verified nor handed over: {', '.join(blocking)}"))
    if not request.cause.strip():
        found.append(("cause_missing", "no cause is given"))
    return Refused(found[0][0], "; ".join(reason for _, reason in found)) if found else None


def open_tasks(turn: Turn, incident: Incident, finding: Finding | None = None) -> list[str]:
    """Ids of the mandatory tasks that are not done. After a false alarm only those of the closing phase count."""
    tasks = [step for step in incident.steps if _is_open(step) and step.mandatory]
    closing = _closing_tasks(turn, incident)
    if finding is Finding.FALSE_ALARM:
        tasks = [step for step in tasks if step.id in closing]
    return [*(step.id for step in tasks), *_not_issued(incident, closing)]


def _not_issued(incident: Incident, closing: dict[str, bool]) -> list[str]:
    """An incident that nobody has taken, normal again: its closing tasks come with the acknowledgement."""
    if not incident.sources_normal or incident.phase is not Phase.ACTIVATED:
        return []
    return [id for id, due in closing.items() if due and incident.step(id) is None]


def _closing_tasks(turn: Turn, incident: Incident) -> dict[str, bool]:
    """Mandatory tasks of the plan's closing phase → whether the incident as it stands calls for them."""
    plan = turn.plans.by_hazard.get(incident.hazard)
    steps = [step for step in plan.steps if step.phase is Phase.CLOSING] if plan else []
    return {step.id: incident.level >= step.level for step in steps if step.task and step.task.mandatory}


def _is_open(step: StepState) -> bool:
    return step.action == "task" and step.stage is StepStage.ISSUED


def resolve(turn: Turn, incident: Incident, request: Resolve) -> None:
    """A person closes it; `missing` has found nothing."""
    incident.finding, incident.cause = request.finding, request.cause
    if incident.phase is Phase.ACTIVATED:
        incident.acknowledged_at, incident.acknowledged_by = turn.now, request.by
    facts: dict[str, Value] = {"finding": request.finding.value, "cause": request.cause}
    if request.note:
        facts["note"] = request.note
    for detection in correlation.holding(turn, incident):
        leave = correlation.give_up if detection.blind else correlation.set_aside
        leave(turn, detection, request.by)
    give_up_troubles(turn, incident, request.by)
    turn.move(incident, Step.RESOLVED, f"resolved by {request.by}")
    why = "it was a false alarm" if request.finding is Finding.FALSE_ALARM else f"resolved by {request.by}"
    _close(turn, incident, request.by, facts, reason="", left_out=why)
    sending.update_authorities(turn, incident, cancelled=request.finding is Finding.FALSE_ALARM)


def by_itself(turn: Turn, incident: Incident) -> None:
    """Closes it if its sources are normal, all their rules allow it and nothing mandatory is open."""
    rules = [turn.ruleset.detections.get(each.rule) for each in incident.evidence if not each.internal]
    may = all(rule is not None and rule.closes == "when_normal" for rule in rules)
    may = may and not reported.is_reported(incident)
    if not (incident.open and incident.sources_normal and may) or discipline.unsettled(turn, incident):
        return
    if open_tasks(turn, incident) or orders.blocking(turn, incident):
        return
    reason = "its rules let it close when its sources are normal"
    _close(turn, incident, BY_ITSELF, {}, reason, left_out="closed by itself")
    sending.update_authorities(turn, incident)


def with_its_drill(turn: Turn, incident: Incident, reason: str) -> None:
    """The drill that it belongs to is over, whatever is left to do."""
    _close(turn, incident, BY_ITSELF, {}, reason, left_out=reason)
    sending.update_authorities(turn, incident)


def _close(turn: Turn, incident: Incident, by: str, facts: dict[str, Value], reason: str, left_out: str) -> None:
    response.before_the_end(turn, incident)
    for step in incident.steps:
        if _is_open(step):
            step.stage, step.done_at, step.note = StepStage.SKIPPED, turn.now, left_out
            turn.write(Kind.TASK_SKIPPED, incident, facts=title_facts(step.title), reason=left_out)
    turn.write(Kind.CLOSED, incident, by=by, facts=facts, reason=reason)
    turn.close(incident, by)
    sharing.release(turn, incident)


def look(turn: Turn, incident: Incident) -> None:
    """What follows when anything of an open incident has changed: its sources, its ladder, its plan, its end."""
    if not incident.suspended:
        drill_pause.breaks_through(turn, incident)
    if incident.sources_normal and incident.normal_since is None:
        correlation.sources_normal(turn, incident)
    if incident.suspended:
        return  # until its drill goes on
    response.control(turn, incident)
    escalation.begin(turn, incident)
    response.proceed(turn, incident)
    by_itself(turn, incident)
