"""What happens to a work order whoever asked for it: opened, repeated, given its limit, told of, pushed, forgotten."""

from __future__ import annotations

from typing import Any, NamedTuple

from rules import outgoing, sending
from rules.codec import encode
from rules.effects import PushOrder
from rules.incident import Incident
from rules.instant import DAY_MS, Instant, format_duration, rfc3339
from rules.mode import Mode
from rules.order import INCIDENTS_MAX, Node, NodeRecord, OrderKind, OrderStep, WorkOrder, fault_name, order_key
from rules.reading import Value
from rules.state import KEPT_CLOSED_MS, Sent
from rules.timeline import Kind
from rules.turn import Turn

BY_ITSELF = "tocsin"
FAULTS_MAX = 10_000  # remembered for recurrence; the one that was away longest is forgotten first
OUTSIDE = "maintenance"  # the outside maintenance system, as troubles and timelines name it
PUSH_KEPT_MS = DAY_MS  # a maintenance system that is away longer is told of the order's next change (ours)
RECURRING = "recurring: "  # what the fault of a preventive order begins with
_GRAVER = (OrderKind.PREVENTIVE, OrderKind.ORDINARY, OrderKind.EMERGENCY)


class Wanted(NamedTuple):
    """What is to be repaired, and who says so."""

    mode: Mode
    site: str
    zone: str
    asset: str
    fault: str
    kind: OrderKind
    role: str
    summary: str
    by: str = BY_ITSELF
    reason: str = ""
    summary_zh: str = ""  # for the timeline in Chinese; empty: as `summary`


def take_in(turn: Turn, wanted: Wanted, incident: Incident | None) -> WorkOrder:
    """The order for it: a new one, or the open one of the same asset and fault, which takes the repeat in."""
    known = turn.state.orders.get(turn.state.order_keys.get(order_key(wanted.mode, wanted.asset, wanted.fault), ""))
    if known is None:
        order = _open(turn, wanted, incident)
    elif incident is not None and incident.id in known.incidents and wanted.by == BY_ITSELF:
        _mean(turn, known, wanted)
        return known  # asked for again by the same plan: nothing has come again
    else:
        order = known
        _repeat(turn, order, wanted, incident)
    if wanted.kind is not OrderKind.PREVENTIVE:
        _count(turn, order, wanted, incident)
    return order


def _open(turn: Turn, wanted: Wanted, incident: Incident | None) -> WorkOrder:
    turn.state.orders_made += 1
    order = WorkOrder(
        id=f"WO-{turn.state.orders_made:06d}",
        kind=wanted.kind,
        mode=wanted.mode,
        site=wanted.site,
        zone=wanted.zone,
        asset=wanted.asset,
        fault=wanted.fault,
        summary=wanted.summary,
        role=wanted.role,
        opened_at=turn.now,
        opened_by=wanted.by,
        hazard=incident.hazard if incident else "",
    )
    turn.state.orders[order.id] = order
    turn.state.order_keys[order.key] = order.id
    _join(turn, order, incident)
    set_limit(turn, order)
    facts: dict[str, Value] = {"order_kind": order.kind.value, "role": order.role, "summary": order.summary}
    facts |= {"summary_zh": wanted.summary_zh} if wanted.summary_zh else {}
    tell(turn, order, Kind.ORDER_OPENED, by=wanted.by, facts=facts, reason=wanted.reason)
    changed(turn, order, "opened")
    return order


def _repeat(turn: Turn, order: WorkOrder, wanted: Wanted, incident: Incident | None) -> None:
    order.repeats += 1
    _join(turn, order, incident)
    reason = wanted.reason
    if _GRAVER.index(wanted.kind) > _GRAVER.index(order.kind):
        reason = f"{reason}; now {wanted.kind.value}"
        _make_graver(turn, order, wanted.kind)
    if order.handed_over is not None:
        reason = f"{reason}; handed over to {order.handed_over}"
    facts: dict[str, Value] = {"repeats": float(order.repeats), "order_kind": order.kind.value}
    tell(turn, order, Kind.ORDER_REPEATED, by=wanted.by, facts=facts, reason=reason)
    changed(turn, order, "repeated")


def _mean(turn: Turn, order: WorkOrder, wanted: Wanted) -> None:
    """A graver step of the same plan: it is the same order, and more urgent now."""
    if _GRAVER.index(wanted.kind) > _GRAVER.index(order.kind):
        _make_graver(turn, order, wanted.kind)
        tell(turn, order, Kind.ORDER_STEP, facts={"step": order.kind.value}, reason=wanted.reason)
        changed(turn, order, "more urgent")


def _make_graver(turn: Turn, order: WorkOrder, kind: OrderKind) -> None:
    """The graver kind's limit begins now; one that ends sooner stays."""
    order.kind = kind
    before = None if order.overdue else order.due_at
    set_limit(turn, order)
    if before is not None and order.due_at is not None:
        order.due_at = min(before, order.due_at)


def _join(turn: Turn, order: WorkOrder, incident: Incident | None) -> None:
    """From now on the incident cannot close without the order; a preventive order holds no incident up."""
    if incident is None:
        return
    if incident.id not in order.incidents:
        order.incidents.append(incident.id)
        del order.incidents[:-INCIDENTS_MAX]
    if order.id not in incident.orders and order.kind is not OrderKind.PREVENTIVE:
        incident.orders.append(order.id)
    order.lead = order.lead or lead_of(turn, incident)
    note_level(turn, order)


def lead_of(turn: Turn, incident: Incident) -> str:
    """The role that commands on site by the incident's plan; empty: it has none."""
    plan = turn.plans.plans.get(incident.plan or "") or turn.plans.by_hazard.get(incident.hazard)
    return plan.lead if plan else ""


def note_level(turn: Turn, order: WorkOrder) -> None:
    """The worst level that its incidents have had as long as they were known."""
    known = [turn.state.incidents[id].level for id in order.incidents if id in turn.state.incidents]
    levels = [*known, *([order.level] if order.level else [])]
    order.level = max(levels, default=None)


# ---- the limit


def set_limit(turn: Turn, order: WorkOrder) -> None:
    """The present node's limit counts from the opening; one that is entered late has its own share all the same."""
    order.overdue = False
    order.due_at = None
    if not order.open:
        return
    limits = turn.plans.orders.limits(order.kind)
    order.due_at = max(order.opened_at + limits.within(order.node), turn.now + limits.share(order.node))
    turn.set_deadline(order.due_at, "order", order.id)


# ---- telling


def tell(turn: Turn, order: WorkOrder, kind: Kind, facts: dict[str, Value] | None = None, **rest: Any) -> None:
    """An entry on the timeline of the order's newest incident, as long as the state has it."""
    named: dict[str, Value] = {"id": order.id, "asset": order.asset, "fault": order.fault}
    device = order.asset if order.asset in turn.directory.devices else None
    turn.write(kind, incident_of(turn, order), mode=order.mode, device=device, facts=named | (facts or {}), **rest)


def incident_of(turn: Turn, order: WorkOrder) -> Incident | None:
    """The newest of its incidents that is still in the state."""
    return next((turn.state.incidents[id] for id in reversed(order.incidents) if id in turn.state.incidents), None)


def notify(turn: Turn, order: WorkOrder, role: str, template: str, reason: str) -> None:
    incident, what = incident_of(turn, order), f"{order.id} {order.summary}"
    sending.notify_role(turn, role, template, incident, site=order.site, mode=order.mode, reason=reason, what=what)


def changed(turn: Turn, order: WorkOrder, what: str) -> None:
    """To be called after every change: the projection, the revision, and the maintenance system outside."""
    order.revision += order.id not in turn.outcome.orders
    turn.outcome.orders[order.id] = order
    if turn.plans.orders.push and order.mode is Mode.ACTUAL:  # nobody outside repairs after a drill
        _push(turn, order, what)


def _push(turn: Turn, order: WorkOrder, what: str) -> None:
    id, expires_at = outgoing.new_id(turn, "order"), turn.now + PUSH_KEPT_MS
    body = encode({"id": id, "what": what, "at": rfc3339(turn.now), "order": order}).decode()
    incident = incident_of(turn, order)
    effect = PushOrder(id=id, mode=order.mode, order=order.id, body=body, issued_at=turn.now, expires_at=expires_at)
    sent = Sent(
        id=id,
        incident=incident.id if incident else None,
        step=None,
        what="order",
        to=OUTSIDE,
        expires_at=expires_at,
        mode=order.mode,
    )
    outgoing.launch(turn, effect, sent, reason=f"{order.id} {what}")


# ---- recurrence


def _count(turn: Turn, order: WorkOrder, wanted: Wanted, incident: Incident | None) -> None:
    """One more time this fault came: so often in so many days wants a preventive order."""
    hazard = incident.hazard if incident else order.hazard
    rule = next((each for each in turn.plans.orders.recurrences if not each.hazards or hazard in each.hazards), None)
    if rule is None:
        return
    faults = turn.state.faults
    times = [at for at in faults.pop(order.key, []) if at > turn.now - rule.within] + [turn.now]
    if len(times) >= rule.times:
        reason = f"came {len(times)} times within {format_duration(rule.within)}"
        preventive = wanted._replace(
            fault=fault_name(RECURRING + wanted.fault),
            kind=OrderKind.PREVENTIVE,
            by=BY_ITSELF,
            reason=f"{wanted.fault} {reason}",
        )
        _prevent(turn, preventive, incident)
        return  # counted anew from here
    faults[order.key] = times
    while len(faults) > FAULTS_MAX:
        del faults[next(iter(faults))]


def _prevent(turn: Turn, wanted: Wanted, incident: Incident | None) -> None:
    known = turn.state.order_keys.get(order_key(wanted.mode, wanted.asset, wanted.fault))
    if known is None:
        notify(turn, _open(turn, wanted, incident), wanted.role, "order", wanted.reason)
    else:
        _repeat(turn, turn.state.orders[known], wanted, incident)


# ---- the end


def cancel(turn: Turn, order: WorkOrder, by: str, reason: str) -> None:
    """Whatever node it is in: what it was for is over."""
    order.node, order.due_at, order.overdue = Node.CANCELLED, None, False
    order.records.append(NodeRecord(OrderStep.CANCEL, by, turn.now, reason=reason))
    facts: dict[str, Value] = {"step": OrderStep.CANCEL.value, "node": order.node.value}
    tell(turn, order, Kind.ORDER_STEP, by=by, facts=facts, reason=reason)
    changed(turn, order, order.node.value)
    end(turn, order, turn.now + KEPT_CLOSED_MS)


def end(turn: Turn, order: WorkOrder, at: Instant) -> None:
    """Its key is free again; it stays in the state until `at`."""
    assert order.node in (Node.VERIFIED, Node.CANCELLED)
    del turn.state.order_keys[order.key]
    turn.set_deadline(at, "order", order.id)


def forget(turn: Turn, order: WorkOrder) -> None:
    del turn.state.orders[order.id]
