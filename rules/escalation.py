"""Who has to take an incident, who is told next when nobody does, and when an acknowledgement lapses.

While an incident is not acknowledged (at a level with a quorum: by one of each role) the roles of the plan's ladder
are told in turn, one each limit. When none is left the level rises by one and the ladder begins again; at the worst
level that silence may lead to, reminding goes on, less and less often. A level never falls here.
"""

from __future__ import annotations

from rules import response, sending
from rules.incident import Acknowledged, Incident, Ladder, StepStage
from rules.instant import MINUTE_MS, Instant, format_duration
from rules.level import Level
from rules.reading import Value
from rules.response_plan import Acknowledgement, ResponsePlan
from rules.timeline import Kind
from rules.trouble import title_facts
from rules.turn import Turn

REMINDED_MS_MAX = 15 * MINUTE_MS  # reminders come at least so often (ours: as the first response)
TEMPLATE, NEXT_TEMPLATE, OVERDUE_TEMPLATE = "incident", "escalation", "overdue"  # of the notice templates


def begin(turn: Turn, incident: Incident) -> None:
    """Sets the ladder and the first response's limit by the plan, where they do not stand. Called when an incident
    opens, its level rises or something else of it has changed; harmless otherwise."""
    plan = response.follow(turn, incident) if incident.open else None
    if plan is None:
        return
    if not (incident.first_response_by or incident.first_response_at or incident.sources_normal):
        _expect_response(turn, incident, plan)
    ladder = incident.ladder
    if is_acknowledged(turn, incident):
        incident.ladder = None
    elif ladder is None or incident.level > ladder.level:
        _start_ladder(turn, incident, plan)
    else:
        ladder.level = incident.level


def _expect_response(turn: Turn, incident: Incident, plan: ResponsePlan) -> None:
    incident.first_response_by = turn.now + plan.first_response_within
    turn.set_deadline(incident.first_response_by, "first response", incident.id)


# ---- acknowledging


def missing_roles(turn: Turn, incident: Incident) -> list[str]:
    """Roles that have yet to acknowledge at the incident's level, by the quorum of this level or the next milder."""
    plan = turn.plans.by_hazard.get(incident.hazard)
    quorums = plan.acknowledge.quorum if plan else {}
    worst = max((level for level in quorums if level <= incident.level), default=None)
    has = {each.role for each in incident.acknowledgements}
    return [role for role in quorums[worst] if role not in has] if worst else []


def is_acknowledged(turn: Turn, incident: Incident) -> bool:
    return bool(incident.acknowledgements) and not missing_roles(turn, incident)


def roles_of(turn: Turn, by: str, role: str) -> list[str]:
    """In which roles a person may act: the one named, where the roster gives it to the person; else all it gives.
    Without a roster the shell's word is taken."""
    if not turn.roster.people:
        return [role] if role else []
    person = turn.roster.people.get(by)
    known = list(person.roles) if person else []
    return [each for each in known if role in ("", each)]


def acknowledged(turn: Turn, incident: Incident, by: str, role: str) -> bool:
    """Takes one acknowledgement in. → whether the incident now counts as acknowledged (its quorum is there)."""
    incident.acknowledgements.append(Acknowledged(by, role, turn.now))
    complete = is_acknowledged(turn, incident)
    plan = turn.plans.by_hazard.get(incident.hazard)
    if plan is not None and complete and plan.acknowledge.re_alarm_after and not incident.sources_normal:
        incident.re_alarm_at = turn.now + plan.acknowledge.re_alarm_after
        turn.set_deadline(incident.re_alarm_at, "re-alarm", incident.id)
    incident.ladder = None  # `begin` starts another where somebody is missing
    turn.touch(incident)
    return complete


def acting_role(turn: Turn, incident: Incident, by: str, role: str) -> str:
    """The role that an acknowledgement counts for: one that is missing, where the person has it."""
    roles = roles_of(turn, by, role)
    missing = [each for each in missing_roles(turn, incident) if each in roles]
    return (missing or roles or [""])[0]


def followed(incident: Incident) -> None:
    """A person has done something about the incident: its acknowledgement does not lapse any more."""
    incident.re_alarm_at = None


def re_alarm_over(turn: Turn, id: str, due: Instant) -> None:
    """Nothing if it no longer stands (`due` tells)."""
    incident = turn.state.incidents.get(id)
    if incident is None or incident.re_alarm_at != due:
        return
    incident.re_alarm_at = None
    if incident.sources_normal or not incident.acknowledgements:
        turn.changed(incident)
        return
    since = incident.acknowledgements[-1]
    reason = f"nothing followed it within {format_duration(due - since.at)}"
    turn.write(Kind.ACKNOWLEDGEMENT_LAPSED, incident, by=since.by, reason=reason)
    incident.acknowledgements, incident.owner = [], None
    incident.ladder = None  # one that ran for the rest of a quorum; `begin` starts another: nobody has it now
    turn.touch(incident)


# ---- the ladder


def _start_ladder(turn: Turn, incident: Incident, plan: ResponsePlan) -> None:
    ladder = incident.ladder = Ladder(0, turn.now + plan.acknowledge.within, incident.level)
    turn.set_deadline(ladder.due_at, "ladder", incident.id)
    sending.notify_role(turn, _rungs(turn, incident, plan)[0], TEMPLATE, incident)


def _rungs(turn: Turn, incident: Incident, plan: ResponsePlan) -> list[str]:
    """The plan's ladder; once somebody has acknowledged, first the roles that are missing."""
    if not incident.acknowledgements:
        return plan.acknowledge.ladder
    missing = missing_roles(turn, incident)
    has = {each.role for each in incident.acknowledgements}
    return [*missing, *(role for role in plan.acknowledge.ladder if role not in has and role not in missing)]


def ladder_over(turn: Turn, id: str, due: Instant) -> None:
    """Nothing if it no longer stands (`due` tells)."""
    incident = turn.state.incidents.get(id)
    if incident is None or incident.ladder is None or incident.ladder.due_at != due:
        return
    plan, ladder = response.follow(turn, incident), incident.ladder
    if plan is None or is_acknowledged(turn, incident):
        incident.ladder = None
        turn.changed(incident)
        return
    rungs, reason = _rungs(turn, incident, plan), _unacknowledged(turn, incident, ladder, plan)
    ladder.rung += 1
    if ladder.rung >= len(rungs):
        ladder.rung, ladder.times = 0, ladder.times + 1
        if _raise_by_one(turn, incident, plan, f"{reason} by anybody of the ladder"):
            incident.ladder = None  # `begin` starts it for the new level
            return
    ladder.due_at = turn.now + _limit_ms(plan.acknowledge, ladder)
    turn.set_deadline(ladder.due_at, "ladder", id)
    _tell(turn, incident, rungs[ladder.rung], reason)


def _unacknowledged(turn: Turn, incident: Incident, ladder: Ladder, plan: ResponsePlan) -> str:
    limit = format_duration(_limit_ms(plan.acknowledge, ladder))
    missing = missing_roles(turn, incident) if incident.acknowledgements else []
    return f"not acknowledged by {', '.join(missing)} within {limit}" if missing else f"not acknowledged within {limit}"


def _limit_ms(acknowledge: Acknowledgement, ladder: Ladder) -> int:
    """Twice as long each time the ladder has led nowhere, up to `REMINDED_MS_MAX`."""
    longest = max(acknowledge.within, REMINDED_MS_MAX)
    return int(min(acknowledge.within * 2 ** min(ladder.times, 16), longest))


def _raise_by_one(turn: Turn, incident: Incident, plan: ResponsePlan, reason: str) -> bool:
    """→ whether it could: a plan says up to where silence alone may lead."""
    worse = {Level.III: Level.II, Level.II: Level.I}.get(incident.level)
    if worse is None or worse > plan.acknowledge.raises_to:
        return False
    turn.raise_level(incident, worse, reason)
    return True


def _tell(turn: Turn, incident: Incident, role: str, reason: str, template: str = NEXT_TEMPLATE) -> None:
    turn.write(Kind.ESCALATED, incident, facts={"role": role}, reason=reason)
    sending.notify_role(turn, role, template, incident, reason=reason)


# ---- what is overdue


def first_response_over(turn: Turn, id: str, due: Instant) -> None:
    """Nothing if it no longer stands (`due` tells)."""
    incident = turn.state.incidents.get(id)
    if incident is None or incident.first_response_by != due:
        return
    incident.first_response_by = None
    plan = response.follow(turn, incident)
    if plan is None or incident.sources_normal:
        turn.changed(incident)
        return
    reason = f"nobody on site within {format_duration(plan.first_response_within)}"
    turn.write(Kind.OVERDUE, incident, facts={"what": "first_response"}, reason=reason)
    _tell(turn, incident, _next_role(turn, incident, plan), reason, OVERDUE_TEMPLATE)
    _raise_by_one(turn, incident, plan, reason)
    _expect_response(turn, incident, plan)


def _next_role(turn: Turn, incident: Incident, plan: ResponsePlan) -> str:
    """Beyond the role told last; of an acknowledged incident, beyond those that have acknowledged it."""
    rungs = _rungs(turn, incident, plan)
    after = incident.ladder.rung + 1 if incident.ladder else 0
    return rungs[after] if after < len(rungs) else plan.lead


def task_over(turn: Turn, id: str, due: Instant) -> None:
    """`id`: "INC-000001/step"."""
    incident = turn.state.incidents.get(id.partition("/")[0])
    step = incident.step(id.partition("/")[2]) if incident else None
    if incident is None or step is None or step.due_at != due or step.stage is not StepStage.ISSUED or step.overdue:
        return
    step.overdue = True
    reason = f"not done within {format_duration(due - step.issued_at)}"
    facts: dict[str, Value] = {**title_facts(step.title), "role": step.role}
    turn.write(Kind.OVERDUE, incident, facts=facts, reason=reason)
    plan = turn.plans.by_hazard.get(incident.hazard)
    if plan is not None:
        _tell(turn, incident, plan.lead, reason, OVERDUE_TEMPLATE)
