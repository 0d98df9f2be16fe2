"""After-action review, and the corrective actions that come of it: owner, limit, done, rechecked by another person.

An action is over when somebody else than who did it has found that it helped; both before its limit, or it is
overdue: said once, and to whoever commands by the incident's plan.
"""

from __future__ import annotations

from rules import order_book, sending
from rules.incident import Incident, ReviewState
from rules.instant import DAY_MS, Instant
from rules.outcome import Refused
from rules.reading import Value
from rules.requests import ActionDone, Corrective, RecheckAction, Review
from rules.state import KEPT_CLOSED_MS, ActionState
from rules.timeline import Kind
from rules.turn import Turn
from rules.working_days import after_working_days, calendar_of, last_day

ACTIONS_A_REVIEW_MAX = 50  # more is a project of its own
ACTIONS_OPEN_MAX = 5_000  # of all reviews: ten an incident that may wait for one
DUE_MS_MAX = 3 * 366 * DAY_MS  # the norm keeps records for three years; later is a slip of the pen


def reviewed(turn: Turn, request: Review) -> None:
    incident = turn.state.incidents.get(request.incident)
    refusal = _refusal(turn, incident, request)
    if refusal is not None:
        turn.refuse(refusal.code, refusal.reason, request.by, "review", incident)
        return
    assert incident is not None
    facts: dict[str, Value] = {"cause": request.cause, "measures": request.measures, "result": request.result}
    turn.write(Kind.REVIEWED, incident, by=request.by, facts=facts)
    actions = [_action(turn, incident, each, request.by) for each in request.actions]
    incident.review = ReviewState(
        by=request.by,
        at=turn.now,
        cause=request.cause,
        measures=request.measures,
        result=request.result,
        actions=[action.id for action in actions],
    )
    _stay(turn, incident)


def _refusal(turn: Turn, incident: Incident | None, request: Review) -> Refused | None:
    if incident is None:
        return Refused("unknown_incident", f"there is no incident {request.incident} that awaits a review")
    if incident.open:
        return Refused("incident_open", f"{incident.id} is {incident.phase.value}; it is reviewed once it is closed")
    if incident.review is not None:
        return Refused("already_reviewed", f"{incident.id} was reviewed by {incident.review.by}")
    if not (request.cause.strip() and request.measures.strip() and request.result.strip()):
        return Refused("review_incomplete", "a review names cause, measures and result")
    if len(request.actions) > ACTIONS_A_REVIEW_MAX:
        return Refused("too_many_actions", f"{len(request.actions)} actions; at most {ACTIONS_A_REVIEW_MAX} a review")
    if len(turn.state.actions) + len(request.actions) > ACTIONS_OPEN_MAX:
        return Refused("too_many_actions", f"{len(turn.state.actions)} corrective actions are open already")
    for action in request.actions:
        if not (action.text.strip() and action.owner.strip()):
            return Refused("action_incomplete", "a corrective action names what is to be done and its owner")
        if action.due_at is not None and not turn.now < action.due_at <= turn.now + DUE_MS_MAX:
            return Refused("bad_limit", f"{action.text}: due {action.due_at}; expected within three years from now")
    return None


def _action(turn: Turn, incident: Incident, asked: Corrective, by: str) -> ActionState:
    turn.state.actions_made += 1
    action = ActionState(
        id=f"CA-{turn.state.actions_made:06d}",
        incident=incident.id,
        text=asked.text,
        owner=asked.owner,
        due_at=asked.due_at or _limit(turn, incident.site),
        mode=incident.mode,
        site=incident.site,
        asked_at=turn.now,
        asked_by=by,
        lead=order_book.lead_of(turn, incident),
    )
    turn.state.actions[action.id] = action
    turn.set_deadline(action.due_at, "action", action.id)
    _tell(turn, action, "asked for", by=by, more=_due(turn, action))
    return action


def _limit(turn: Turn, site: str) -> Instant:
    """15 working days, if nothing else is set (property-management norm, confidence high)."""
    days = turn.plans.reviews.action_working_days
    return after_working_days(turn.now, days, calendar_of(turn.directory, site))


def _due(turn: Turn, action: ActionState) -> dict[str, Value]:
    return {"due": last_day(action.due_at, calendar_of(turn.directory, action.site)).isoformat()}


def _stay(turn: Turn, incident: Incident) -> None:
    """A reviewed incident stays another day; with actions that are not over, as long as a review may take."""
    open_ = incident.review is not None and any(id in turn.state.actions for id in incident.review.actions)
    turn.leave(incident, turn.now + (turn.plans.reviews.review_within if open_ else KEPT_CLOSED_MS))


# ---- corrective actions


def done(turn: Turn, request: ActionDone) -> None:
    action = turn.state.actions.get(request.action)
    if action is None:
        _refuse(turn, None, request, Refused("unknown_action", f"no corrective action {request.action} is open"))
        return
    if action.done_at is not None:
        _refuse(turn, action, request, Refused("already_done", f"{action.id} was done by {action.done_by}"))
        return
    action.done_at, action.done_by, action.done_note = turn.now, request.by, request.note
    _tell(turn, action, "done", by=request.by, note=request.note)


def rechecked(turn: Turn, request: RecheckAction) -> None:
    action = turn.state.actions.get(request.action)
    refusal = _recheck_refusal(action, request)
    if refusal is not None:
        _refuse(turn, action, request, refusal)
        return
    assert action is not None
    action.rechecked_by, action.recheck_note = request.by, request.note
    if request.ok:
        _over(turn, action, request)
    else:
        action.done_at, action.done_by, action.done_note = None, "", ""
        action.reopened += 1
        action.due_at, action.overdue = _limit(turn, action.site), False
        turn.set_deadline(action.due_at, "action", action.id)
        _tell(turn, action, "opened again", by=request.by, note=request.note, more=_due(turn, action))


def _recheck_refusal(action: ActionState | None, request: RecheckAction) -> Refused | None:
    if action is None:
        return Refused("unknown_action", f"no corrective action {request.action} is open")
    if action.done_at is None:
        return Refused("not_done", f"{action.id} is not done yet")
    if action.done_by == request.by:
        return Refused("same_person", f"{action.done_by} has done {action.id}; another person rechecks")
    if not request.ok and not request.note.strip():
        return Refused("reason_missing", f"say why {action.id} has not helped")
    return None


def _over(turn: Turn, action: ActionState, request: RecheckAction) -> None:
    action.rechecked_at = turn.now
    _tell(turn, action, "rechecked", by=request.by, note=request.note)
    del turn.state.actions[action.id]
    incident = turn.state.incidents.get(action.incident)
    if incident is not None:
        _stay(turn, incident)


def overdue(turn: Turn, id: str, due: Instant) -> None:
    """Nothing if the limit no longer stands."""
    action = turn.state.actions.get(id)
    if action is None or action.due_at != due or action.overdue:
        return
    action.overdue = True
    incident = turn.state.incidents.get(action.incident)
    reason = f"not done by {action.owner}" if action.done_at is None else "done, and not rechecked by another"
    facts: dict[str, Value] = {"what": "corrective action", "id": action.id}
    turn.write(Kind.OVERDUE, incident, mode=action.mode, facts=facts, reason=reason)
    _changed(turn, action)
    if action.lead:
        what = f"{action.id} {action.text}"
        sending.notify_role(
            turn, action.lead, "action_overdue", incident, site=action.site, mode=action.mode, reason=reason, what=what
        )


def _tell(
    turn: Turn, action: ActionState, what: str, by: str, note: str = "", more: dict[str, Value] | None = None
) -> None:
    facts: dict[str, Value] = {"id": action.id, "what": what, "text": action.text, "owner": action.owner}
    incident = turn.state.incidents.get(action.incident)
    if incident is None:
        facts["incident"] = action.incident
    turn.write(Kind.ACTION, incident, mode=action.mode, by=by, facts=facts | (more or {}), reason=note)
    _changed(turn, action)


def _changed(turn: Turn, action: ActionState) -> None:
    action.revision += action.id not in turn.outcome.actions
    turn.outcome.actions[action.id] = action


def _refuse(turn: Turn, action: ActionState | None, request: ActionDone | RecheckAction, refusal: Refused) -> None:
    what = "corrective action done" if isinstance(request, ActionDone) else "recheck"
    incident = turn.state.incidents.get(action.incident) if action else None
    turn.refuse(refusal.code, refusal.reason, request.by, what, incident, id=request.action[:20])
