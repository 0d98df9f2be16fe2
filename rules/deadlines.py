"""All deadlines are in the state; the engine's heap is only their order."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from rules.incident import Incident, StepStage
from rules.state import KEPT_CLOSED_MS, State
from rules.turn import Deadline


def deadlines_of(state: State) -> list[Deadline]:
    """As a heap."""
    found: list[Deadline] = []
    for detection in state.detections.values():
        if detection.deadline is not None:
            found.append((detection.deadline, "hold", detection.key))
    for incident in state.incidents.values():
        found.extend(_of_incident(state, incident))
    for order in state.orders.values():
        if not order.open:
            found.append((order.ended_at + KEPT_CLOSED_MS, "order", order.id))
        elif order.due_at is not None and not order.overdue:
            found.append((order.due_at, "order", order.id))
    for action in state.actions.values():
        if action.rechecked_at is None and not action.overdue:
            found.append((action.due_at, "action", action.id))
    found.extend((shelf.until, "shelf", shelf.id) for shelf in state.shelves.values())
    found.extend((sent.expires_at, "sent", sent.id) for sent in state.sent.values())
    found.extend((held.due_at, "held back", key) for key, held in state.held_back.items())
    for key, causes in state.causes.items():
        found.extend((until, "inhibition", key) for until in causes.values() if until is not None)
    for key, chatter in state.chatter.items():
        if chatter.look_at is not None:
            found.append((chatter.look_at, "chatter", key))
    found.extend((flood.look_at, "flood", site) for site, flood in state.floods.items())
    found.extend((drill.due, "drill", drill.id) for drill in state.drills.values() if drill.due is not None)
    found.extend((each.due_at, "drill due", key) for key, each in state.drills_due.items())
    heapq.heapify(found)
    return found


def _of_incident(state: State, incident: Incident) -> Iterator[Deadline]:
    if incident.countdown is not None:
        yield incident.countdown.due, "countdown", incident.id
    if incident.leaves_at is not None:
        yield incident.leaves_at, "forget", incident.id
    if incident.ladder is not None:
        yield incident.ladder.due_at, "ladder", incident.id
    if incident.first_response_by is not None:
        yield incident.first_response_by, "first response", incident.id
    if incident.re_alarm_at is not None:
        yield incident.re_alarm_at, "re-alarm", incident.id
    if incident.stale_at is not None:
        yield incident.stale_at, "stale", incident.id
    for command in incident.commands:
        if command.id in state.commands:
            yield command.expires_at, "command", command.id
    for step in incident.steps:
        if step.due_at is not None and step.stage is StepStage.ISSUED and not step.overdue:
            yield step.due_at, "task", f"{incident.id}/{step.id}"
