"""Work orders: opened by plans, rules and people; four nodes with limits; at most one open an asset and fault."""

from __future__ import annotations

from collections.abc import Collection

from rules import order_book, order_steps
from rules.incident import Incident
from rules.instant import Instant, format_duration
from rules.order import Node, OrderKind, WorkOrder, fault_name
from rules.order_book import Wanted
from rules.place_names import title_in
from rules.requests import AdvanceOrder, AssignOrder, HandOverOrder, OpenOrder
from rules.signal import Signal
from rules.site import Title
from rules.state import KEPT_CLOSED_MS
from rules.timeline import Kind
from rules.turn import Turn

ORDERS_A_STEP_MAX = 20  # of more devices than a crew visits one by one, one order for the zone tells as much
NOWHERE = "gateway"  # the asset of a trouble that has neither a device nor a place

_GRAVEST = (Signal.ALARM, Signal.SUPERVISORY, Signal.TROUBLE)
_WHAT_IS_LATE = {
    Node.OPEN: "not accepted",
    Node.ACCEPTED: "not surveyed",
    Node.SURVEYED: "not repaired",
    Node.REPAIRED: "not verified",
}


def open_for(
    turn: Turn, incident: Incident, step: str, kind: OrderKind, role: str, title: Title, had: Collection[str] = ()
) -> list[WorkOrder]:
    """One order for each device whose detections make the incident, for the gravest of them (an open order of the
    same asset and fault takes the repeat in), also in `incident.orders`. `had`: assets that had theirs by this step.

    Where the incident has an open order for the device already, that one is meant: it becomes as grave as is asked.
    Of more than `ORDERS_A_STEP_MAX` there is one order, for the zone and the hazard.
    """
    zone = incident.zone or NOWHERE
    wanted = {asset: each for asset, each in _faults(turn, incident).items() if asset not in had}
    if len(wanted) > ORDERS_A_STEP_MAX or zone in had:
        wanted = {} if zone in had else {zone: (incident.zone, incident.hazard)}
    reason = f"step {step} of plan {incident.plan}" if incident.plan else f"step {step}"
    summary, zh = title_in(title, "en", step), title.get("zh", "")
    return [
        order_book.take_in(
            turn,
            Wanted(
                incident.mode, incident.site, where, asset, fault, kind, role, summary, reason=reason, summary_zh=zh
            ),
            incident,
        )
        for asset, (where, fault) in wanted.items()
    ]


def _faults(turn: Turn, incident: Incident) -> dict[str, tuple[str, str]]:
    """Asset → (zone, fault): what its open order of this incident says, else the gravest of its detections."""
    found: dict[str, tuple[str, str]] = {}
    for asset in dict.fromkeys(each.device for each in incident.evidence):
        device = turn.directory.devices.get(asset)
        theirs = (each for each in incident.evidence if each.device == asset)
        gravest = min(theirs, key=lambda each: (-each.level.severity, _GRAVEST.index(each.signal)))
        where = device.zone if device else incident.zone
        found.setdefault(asset or incident.zone or NOWHERE, (where, fault_name(gravest.rule)))
    for order in (turn.state.orders[id] for id in incident.orders if id in turn.state.orders):
        if order.open and order.asset in found and order.opened_by == order_book.BY_ITSELF:
            found[order.asset] = (order.zone, order.fault)
    return found


def blocking(turn: Turn, incident: Incident) -> list[str]:
    """The incident's orders that are neither verified, cancelled nor handed over: it cannot close."""
    known = [turn.state.orders[id] for id in incident.orders if id in turn.state.orders]
    return [order.id for order in known if order.open and order.handed_over is None]


def asked(turn: Turn, request: OpenOrder | AdvanceOrder | AssignOrder | HandOverOrder) -> None:
    """Carried out, or `turn.refuse(…)`."""
    order_steps.asked(turn, request)


def limit_over(turn: Turn, id: str, due: Instant) -> None:
    """An order's limit has passed, or its time in the state after its end. Nothing if it no longer stands (`due`)."""
    order = turn.state.orders.get(id)
    if order is None:
        return
    if not order.open:
        if due == order.ended_at + KEPT_CLOSED_MS:
            order_book.forget(turn, order)
    elif order.due_at == due and not order.overdue:
        _overdue(turn, order)


def _overdue(turn: Turn, order: WorkOrder) -> None:
    """Said once a node, on the timeline and to whoever commands."""
    order.overdue = True
    reason = _why_overdue(turn, order)
    if order.handed_over is not None:
        reason = f"{reason}; handed over to {order.handed_over}"
    order_book.tell(turn, order, Kind.OVERDUE, facts={"what": "work order"}, reason=reason)
    order_book.notify(turn, order, order.lead or order.role, "order_overdue", reason)
    order_book.changed(turn, order, "overdue")


def _why_overdue(turn: Turn, order: WorkOrder) -> str:
    limits = turn.plans.orders.limits(order.kind)
    within, share = limits.within(order.node), limits.share(order.node)
    if order.node is Node.OPEN or order.due_at == order.opened_at + within:
        return f"{_WHAT_IS_LATE[order.node]} within {format_duration(within)}"
    return f"{_WHAT_IS_LATE[order.node]} within {format_duration(share)} of being {order.node.value}"
