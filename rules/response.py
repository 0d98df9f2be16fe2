"""Carrying out a plan: which steps are due for an incident as it stands, and what becomes of them.

An incident follows the plan of its hazard that is in force. A plan that comes into force later is followed from the
incident's next change on; what was issued under the one before stands, step by step, by the steps' ids.
"""

from __future__ import annotations

from collections.abc import Callable

from rules import linkage, orders, sending, sharing
from rules.incident import Confirmation, Incident, Phase, StepStage, StepState
from rules.order import OrderKind
from rules.reading import Value
from rules.response_plan import PlanStep, ResponsePlan
from rules.timeline import Kind
from rules.trouble import title_facts
from rules.turn import Turn

NO_PLAN = ""  # `Incident.plan` of one whose hazard has none; None: not looked yet
_PHASES = list(Phase)


def follow(turn: Turn, incident: Incident) -> ResponsePlan | None:
    """The plan that the incident follows now; the first time, and when it is another, an entry says so."""
    plan = turn.plans.by_hazard.get(incident.hazard)
    known = (plan.id, plan.version) if plan else (NO_PLAN, "")
    if known == (incident.plan, incident.plan_version) or not turn.plans.plans:
        return plan
    before = incident.plan
    incident.plan, incident.plan_version = known
    facts: dict[str, Value] = {"plan": known[0], "version": known[1], **title_facts(plan.title)} if plan else {}
    if plan is None:
        reason = f"plan {before} is no longer in force" if before else f"there is none for hazard {incident.hazard}"
    else:
        reason = "another version has come into force" if before == plan.id else f"hazard {incident.hazard}"
    turn.write(Kind.PLAN, incident, facts=facts, reason=reason)
    return plan


def control(turn: Turn, incident: Incident) -> None:
    """Issues the control commands that are due, before anybody is told anything (先控制、后处置); else harmless."""
    plan = follow(turn, incident) if incident.open else None
    for step in plan.ordered_steps if plan else ():
        if step.command is not None and is_due(step, incident):
            _command(turn, incident, step, incident.step(step.id))


def proceed(turn: Turn, incident: Incident) -> None:
    """Issues every step of the incident's plan that its level, phase and confirmation call for and that was not
    issued yet: commands first, the others by phase. Called whenever one of these has changed; harmless otherwise."""
    if not incident.open:
        return
    control(turn, incident)
    if incident.id in turn.relevelled:
        del turn.relevelled[incident.id]
        sending.update_authorities(turn, incident)
    plan = follow(turn, incident)
    for step in plan.ordered_steps if plan else ():
        known = incident.step(step.id)
        if step.command is None and is_due(step, incident) and (known is None or step.work_order is not None):
            carrier = sharing.carrier(turn, incident, step)
            if carrier is not None:
                _leave_to(turn, incident, step, carrier)
            else:
                _ISSUE[step.action](turn, incident, step)


def is_due(step: PlanStep, incident: Incident) -> bool:
    if incident.confirmation is Confirmation.PRE_ALARM and step.waits_for_confirmation:
        return False
    return incident.level >= step.level and _PHASES.index(incident.phase) >= _PHASES.index(step.phase)


def _command(turn: Turn, incident: Incident, step: PlanStep, known: StepState | None) -> None:
    """Also to devices that have come since: each has it once."""
    assert step.command is not None
    device_class = turn.directory.device_classes.get(step.command.device_class)
    if device_class is not None and step.command.command not in device_class.commands:
        if known is None:
            reason = f"{device_class.id} knows no command {step.command.command}"
            what = {"what": step.command.command, "code": "unknown_command"}
            turn.write(Kind.REFUSED, incident, by="tocsin", facts=what, reason=reason)
            _add(turn, incident, step, StepStage.FAILED).note = reason
        return
    told, issued = linkage.issue(turn, incident, step, step.command, known.assets if known else ())
    if not told and not issued:
        return
    state = known or _add(turn, incident, step, StepStage.SKIPPED)
    if told:
        state.assets.extend(told)
        by = ", ".join(dict.fromkeys(told.values()))
        state.note = f"{len(told)} devices were told so just now in {by}"
        turn.write(Kind.CARRIED, incident, facts={**title_facts(step.title), "by": by}, reason=state.note)
    if issued:
        state.stage, state.done_at = StepStage.ISSUED, None
        state.effects.extend(issued)


def _leave_to(turn: Turn, incident: Incident, step: PlanStep, carrier: Incident) -> None:
    """Another incident has the step for this one as well. An authority that it has told hears of this place, too."""
    state = _add(turn, incident, step, role=step.task.role if step.task else "")
    reason = sharing.carry(incident, step, state, carrier)
    turn.write(Kind.CARRIED, incident, facts={**title_facts(step.title), "by": carrier.id}, reason=reason)
    turn.changed(carrier)
    if step.authority is not None:
        sending.update_authorities(turn, carrier)


def before_the_end(turn: Turn, incident: Incident) -> None:
    """What the incident has taken over to tell for others, which are closed by now, and never came to."""
    plan = turn.plans.by_hazard.get(incident.hazard)
    left = {step for id, step in sharing.carried(incident) if _is_over(turn, id)} if plan else set()
    for step in plan.ordered_steps if plan and left else ():
        if step.id in left and step.occupant_notice is not None and incident.step(step.id) is None:
            _tell_occupants(turn, incident, step)


def _is_over(turn: Turn, id: str) -> bool:
    incident = turn.state.incidents.get(id)
    return incident is None or not incident.open


def _notify(turn: Turn, incident: Incident, step: PlanStep) -> None:
    assert step.notify is not None
    state = _add(turn, incident, step, role=step.notify.role)
    _sent(state, sending.notify_role(turn, step.notify.role, step.notify.template, incident, step.id))


def _tell_occupants(turn: Turn, incident: Incident, step: PlanStep) -> None:
    assert step.occupant_notice is not None
    state, notice = _add(turn, incident, step), step.occupant_notice
    _sent(state, sending.tell_occupants(turn, incident, step.id, notice.same, notice.template))


def _send_to_authority(turn: Turn, incident: Incident, step: PlanStep) -> None:
    assert step.authority is not None
    state, authority = _add(turn, incident, step), step.authority
    _sent(state, sending.send_to_authority(turn, incident, step.id, authority.to, authority.event))


def _sent(state: StepState, effects: list[str]) -> None:
    """`sending.tried` says how each of them went; nothing to send is a step that failed, and an entry of `sending`."""
    state.effects.extend(effects)
    if not effects and state.stage is StepStage.ISSUED:
        state.stage = StepStage.FAILED


def _task(turn: Turn, incident: Incident, step: PlanStep) -> None:
    assert step.task is not None
    state = _add(turn, incident, step, role=step.task.role)
    state.mandatory = step.task.mandatory
    facts: dict[str, Value] = {**title_facts(step.title), "role": step.task.role}
    if step.task.within is not None:
        state.due_at = turn.now + step.task.within
        facts["within_ms"] = float(step.task.within)
        turn.set_deadline(state.due_at, "task", f"{incident.id}/{step.id}")
    turn.write(Kind.TASK_ISSUED, incident, facts=facts)


def _work_order(turn: Turn, incident: Incident, step: PlanStep) -> None:
    """Also for devices that have come since: each has one."""
    assert step.work_order is not None
    order, known = step.work_order, incident.step(step.id)
    state = known or _add(turn, incident, step, role=order.role)
    opened = orders.open_for(turn, incident, step.id, OrderKind(order.kind), order.role, step.title, state.assets)
    state.effects.extend(each.id for each in opened)
    state.assets.extend(each.asset for each in opened)
    state.stage, state.done_at = StepStage.DONE, state.done_at or turn.now


_ISSUE: dict[str, Callable[[Turn, Incident, PlanStep], None]] = {  # all but commands
    "notify": _notify,
    "occupant_notice": _tell_occupants,
    "authority": _send_to_authority,
    "task": _task,
    "work_order": _work_order,
}


def _add(
    turn: Turn, incident: Incident, step: PlanStep, stage: StepStage = StepStage.ISSUED, *, role: str = ""
) -> StepState:
    state = StepState(step.id, step.action, dict(step.title), stage, turn.now, role)
    incident.steps.append(state)
    return state
