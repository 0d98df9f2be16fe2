"""What is always true of orders, corrective actions and handovers in the engine's state."""

from __future__ import annotations

from collections.abc import Iterator

from rules.instant import Instant
from rules.mode import Mode
from rules.order import INCIDENTS_MAX, RECORDS_MAX, TRANSITIONS, Node, OrderKind, OrderStep, WorkOrder
from rules.order_book import BY_ITSELF, FAULTS_MAX
from rules.shift import NOTES_MAX
from rules.state import AWAITED_REVIEWS_MAX, KEPT_CLOSED_MS, State


def check_orders(state: State) -> None:
    """Raises AssertionError that names the first thing that is not as it must be."""
    keys = {order.key: order.id for order in state.orders.values() if order.open}
    assert state.order_keys == keys, "the open orders are not one each of mode, asset and fault"
    assert len(state.orders) <= state.orders_made
    assert len(state.faults) <= FAULTS_MAX
    for id, order in state.orders.items():
        assert id == order.id
        _check_order(order)
    for incident in state.incidents.values():
        for id in incident.orders:
            known = state.orders.get(id)
            assert known is None or known.mode is incident.mode, f"{id}: not of the mode of {incident.id}"
            assert known is None or known.kind is not OrderKind.PREVENTIVE, f"{id}: holds {incident.id} up"
    _check_afterwards(state)


def _check_order(order: WorkOrder) -> None:
    id = order.id
    node = Node.OPEN
    for record in order.records:
        swept = order.mode is Mode.EXERCISE and record.step is OrderStep.CANCEL and record.by == BY_ITSELF
        if swept and node not in (Node.VERIFIED, Node.CANCELLED):
            node = Node.CANCELLED  # its drill is over, wherever it stood
            continue
        assert (node, record.step) in TRANSITIONS, f"{id}: {record.step.value} at {node.value}"
        node = TRANSITIONS[node, record.step]
    assert node is order.node, f"{id}: its records lead to {node.value}, it is {order.node.value}"
    assert order.open is (order.due_at is not None), f"{id}: {order.node.value}, due {order.due_at}"
    assert len(order.records) <= RECORDS_MAX, id
    assert len(order.incidents) <= INCIDENTS_MAX, id
    assert order.revision > 0, id


def _check_afterwards(state: State) -> None:
    for action in state.actions.values():
        assert action.open, f"{action.id} is over, and still there"
        assert (action.done_at is None) is (action.done_by == ""), action.id
    sites = [handover.site for handover in state.handovers.values()]
    assert len(sites) == len(set(sites)), "two handovers of one site at once"
    for handover in state.handovers.values():
        assert not handover.done, f"{handover.id} is signed by both, and still there"
        assert handover.outgoing != handover.incoming, f"{handover.id}: one person"
        assert len(handover.notes) <= NOTES_MAX + 5, handover.id
    assert sum(incident.awaits_review for incident in state.incidents.values()) <= AWAITED_REVIEWS_MAX


def order_deadlines(state: State) -> Iterator[tuple[Instant, str]]:
    """(due, what)."""
    for order in state.orders.values():
        if not order.open:
            yield order.ended_at + KEPT_CLOSED_MS, f"the end of {order.id}"
        elif order.due_at is not None and not order.overdue:
            yield order.due_at, f"the limit of {order.id}"
    for action in state.actions.values():
        if not action.overdue:
            yield action.due_at, f"the limit of {action.id}"
