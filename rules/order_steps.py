"""What people do with work orders: open, advance, assign, hand over. Each is carried out or refused with a reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rules import order_book
from rules.detection import detection_key
from rules.incident import Incident
from rules.level import Level
from rules.mode import Mode
from rules.order import (
    FAULT_CHARACTERS_MAX,
    RECORDS_MAX,
    TRANSITIONS,
    Node,
    NodeRecord,
    OrderStep,
    WorkOrder,
    fault_name,
)
from rules.order_book import Wanted
from rules.outcome import Refused
from rules.reading import Value
from rules.requests import AdvanceOrder, AssignOrder, HandOverOrder, OpenOrder
from rules.state import KEPT_CLOSED_MS
from rules.timeline import Kind
from rules.turn import Turn

ATTACHMENTS_MAX = 20  # of one step: a photo of each side, and the papers
ORDERS_OPEN_MAX = 10_000  # that people may open; a site with more has given up on orders


def asked(turn: Turn, request: OpenOrder | AdvanceOrder | AssignOrder | HandOverOrder) -> None:
    if isinstance(request, OpenOrder):
        _open(turn, request)
        return
    order = turn.state.orders.get(request.order)
    if order is None:
        _refuse(turn, request, None, Refused("unknown_order", f"there is no open order {request.order}"))
        return
    refusal = _refusal(turn, order, request)
    if refusal is not None:
        _refuse(turn, request, order, refusal)
        return
    if isinstance(request, AdvanceOrder):
        _advance(turn, order, request)
    elif isinstance(request, AssignOrder):
        order.assignee = request.to
        order_book.tell(turn, order, Kind.ORDER_ASSIGNED, by=request.by, facts={"to": request.to})
        order_book.changed(turn, order, "assigned")
    else:
        order.handed_over = request.to
        facts: dict[str, Value] = {"step": "hand over", "to": request.to}
        order_book.tell(turn, order, Kind.ORDER_STEP, by=request.by, facts=facts, reason=request.reason)
        order_book.changed(turn, order, "handed over")
    _look_at_its_incidents(turn, order)


def _look_at_its_incidents(turn: Turn, order: WorkOrder) -> None:
    for id in order.incidents:
        if id in turn.state.incidents and turn.state.incidents[id].open:
            turn.touch(turn.state.incidents[id])


# ---- opening


def _open(turn: Turn, request: OpenOrder) -> None:
    incident = turn.state.incidents.get(request.incident or "")
    device, zone = turn.directory.devices.get(request.asset), turn.directory.zones.get(request.asset)
    refusal = None
    if request.incident is not None and incident is None:
        refusal = Refused("unknown_incident", f"there is no incident {request.incident}")
    elif device is None and zone is None:
        refusal = Refused("unknown_asset", f"{request.asset} is neither a device nor a zone")
    elif not request.fault.strip() or request.fault.strip() != fault_name(request.fault):
        why = f"a fault is named in one line of at most {FAULT_CHARACTERS_MAX} characters"
        refusal = Refused("bad_fault", why)
    elif len(turn.state.order_keys) >= ORDERS_OPEN_MAX:
        refusal = Refused("too_many_orders", f"{len(turn.state.order_keys)} orders are open already")
    if refusal is not None:
        _refuse(turn, request, None, refusal)
        return
    place = device or zone
    assert place is not None
    wanted = Wanted(
        mode=incident.mode if incident else Mode.ACTUAL,
        site=place.site,
        zone=device.zone if device else request.asset,
        asset=request.asset,
        fault=fault_name(request.fault),
        kind=request.kind,
        role=request.for_role,
        summary=request.summary,
        by=request.by,
        reason=f"opened by {request.by}",
    )
    order_book.take_in(turn, wanted, incident)


# ---- why not


def _refusal(turn: Turn, order: WorkOrder, request: AdvanceOrder | AssignOrder | HandOverOrder) -> Refused | None:
    if not order.open:
        return Refused("order_ended", f"{order.id} is {order.node.value}")
    if isinstance(request, AssignOrder):
        return None if request.to.strip() else Refused("name_missing", "an order is assigned to somebody")
    if isinstance(request, HandOverOrder):
        return None if request.reason.strip() else Refused("reason_missing", "handing over wants a reason")
    if (order.node, request.step) not in TRANSITIONS:
        steps = ", ".join(step.value for node, step in TRANSITIONS if node is order.node)
        return Refused("wrong_step", f"{order.id} is {order.node.value}; from there: {steps}")
    if len(order.records) >= RECORDS_MAX:
        return Refused("too_many_steps", f"{order.id} has {RECORDS_MAX} steps; cancel it and open another")
    if len(request.attachments) > ATTACHMENTS_MAX:
        return Refused("too_many_attachments", f"{len(request.attachments)} attachments; at most {ATTACHMENTS_MAX}")
    check = _CHECKS.get(request.step)
    return check(turn, order, request) if check else None


def _may_cancel(turn: Turn, order: WorkOrder, request: AdvanceOrder) -> Refused | None:
    """What the plan of an open level I or II incident mandates is repaired or handed over. Only whoever commands on
    site may say that there is nothing to repair: the front line cannot take an order out of the way to close."""
    if not request.reason.strip():
        return Refused("reason_missing", "cancelling wants a reason")
    for incident in _grave_incidents(turn, order):
        lead = order_book.lead_of(turn, incident)
        if order.handed_over is None and not (lead and request.role == lead):
            who = f"only the {lead} of its plan" if lead else "nobody"
            return Refused("mandated", f"{incident.id} of level {incident.level.value} is open; {who} may cancel it")
    return None


def _grave_incidents(turn: Turn, order: WorkOrder) -> list[Incident]:
    known = [turn.state.incidents[id] for id in order.incidents if id in turn.state.incidents]
    return [each for each in known if each.open and each.level >= Level.II and order.id in each.orders]


def _may_reject(turn: Turn, order: WorkOrder, request: AdvanceOrder) -> Refused | None:
    return None if request.reason.strip() else Refused("reason_missing", "rejecting wants a reason")


def _may_verify(turn: Turn, order: WorkOrder, request: AdvanceOrder) -> Refused | None:
    repair = order.repair
    assert repair is not None
    order_book.note_level(turn, order)
    two_persons = turn.plans.orders.two_persons
    grave = two_persons is not None and order.level is not None and order.level >= two_persons
    if grave and request.by == repair.by:
        return Refused(
            "same_person", f"{repair.by} repaired it; at level {order.level and order.level.value} another verifies"
        )
    if request.reason.strip():
        return None
    detection = turn.state.detections.get(detection_key(order.mode, order.fault, order.asset))
    if detection is not None and detection.fires:
        return Refused("not_normal", f"{order.fault} at {order.asset} still holds; verify with a reason")
    if request.normal_at is None or request.normal_at < repair.at:
        return Refused("not_normal", f"no normal reading of {order.asset} since the repair; verify with a reason")
    return None


_CHECKS: dict[OrderStep, Callable[[Turn, WorkOrder, AdvanceOrder], Refused | None]] = {
    OrderStep.CANCEL: _may_cancel,
    OrderStep.REJECT: _may_reject,
    OrderStep.VERIFY: _may_verify,
}


def _refuse(turn: Turn, request: Any, order: WorkOrder | None, refusal: Refused) -> None:
    incident = order_book.incident_of(turn, order) if order else None
    what = request.step.value if isinstance(request, AdvanceOrder) else _WHAT[type(request)]
    facts: dict[str, Value] = {"id": order.id} if order else {}
    turn.refuse(refusal.code, refusal.reason, request.by, f"{what} order", incident, **facts)


_WHAT: dict[type, str] = {OpenOrder: "open", AssignOrder: "assign", HandOverOrder: "hand over"}


# ---- one step


def _advance(turn: Turn, order: WorkOrder, request: AdvanceOrder) -> None:
    order.node = TRANSITIONS[order.node, request.step]
    order.records.append(
        NodeRecord(
            step=request.step,
            by=request.by,
            at=turn.now,
            note=request.note,
            attachments=tuple(request.attachments),
            reason=request.reason,
        )
    )
    if request.step is OrderStep.ACCEPT and order.assignee is None:
        order.assignee = request.by
    order_book.set_limit(turn, order)
    facts: dict[str, Value] = {"step": request.step.value, "node": order.node.value}
    if request.note:
        facts["note"] = request.note
    if request.attachments:
        facts["attachments"] = float(len(request.attachments))
    order_book.tell(turn, order, Kind.ORDER_STEP, by=request.by, facts=facts, reason=_why(order, request))
    order_book.changed(turn, order, order.node.value)
    if not order.open:
        order_book.end(turn, order, turn.now + KEPT_CLOSED_MS)


def _why(order: WorkOrder, request: AdvanceOrder) -> str:
    if request.reason:
        return request.reason
    return f"normal reading of {order.asset} since the repair" if order.node is Node.VERIFIED else ""
