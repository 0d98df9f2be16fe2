"""Whatever people, faults and time do in any order: every order's life follows the table, one is open at most for a
fault, every limit is said once, and the state comes back from its bytes the same."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from rules.effects import PushOrder
from rules.instant import HOUR_MS, MINUTE_MS
from rules.mode import Mode
from rules.order import TRANSITIONS, Node, OrderKind, OrderStep
from rules.requests import AdvanceOrder
from rules.state import decode_state, encode_state
from rules.timeline import Kind
from tests.support.repairs import ANOTHER, ENGINEER, Repairs

DEVICES = ["sd-1", "sd-2", "sd-8"]
ORDERS = "push: true, recurrences: [{times: 3, within: 30d}]"
orders = st.integers(1, 6).map(lambda number: f"WO-{number:06d}")
persons = st.sampled_from([ENGINEER, ANOTHER])
modes = st.sampled_from([Mode.ACTUAL, Mode.EXERCISE])


class Orders(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.core = Repairs(level="II", orders=ORDERS)
        self.nodes: dict[str, Node] = {}

    # ---- what happens

    @rule(device=st.sampled_from(DEVICES), mode=modes, smoke=st.sampled_from([0, 2]))
    def reading(self, device: str, mode: Mode, smoke: int) -> None:
        self.core.reading(device, mode=mode, smoke=smoke)

    @rule(device=st.sampled_from(DEVICES), fault=st.sampled_from(["r", "hums"]), kind=st.sampled_from(OrderKind))
    def ask(self, device: str, fault: str, kind: OrderKind) -> None:
        self.core.ask_for_order(device, fault, kind=kind)

    @rule(
        id=orders,
        step=st.sampled_from(OrderStep),
        by=persons,
        reason=st.sampled_from(["", "because"]),
        role=st.sampled_from(["", "engineering_lead"]),
        normal=st.booleans(),
    )
    def advance(self, id: str, step: OrderStep, by: str, reason: str, role: str, normal: bool) -> None:
        before = self.core.state.orders.get(id)
        node = before.node if before else None
        normal_at = self.core.now if normal else None
        asked = AdvanceOrder(by=by, order=id, step=step, reason=reason, role=role, normal_at=normal_at)
        outcome = self.core.step(asked)
        if outcome.refused is None:
            assert node is not None
            assert self.core.order(id).node is TRANSITIONS[node, step]

    @rule(choice=st.integers(0, 99), by=persons)
    def work_on_one(self, choice: int, by: str) -> None:
        """A step that the table has, so that orders come to their end."""
        open_ = [order for order in self.core.state.orders.values() if order.open]
        if open_:
            order = open_[choice % len(open_)]
            steps = [step for node, step in TRANSITIONS if node is order.node and step is not OrderStep.CANCEL]
            self.advance(order.id, steps[choice % len(steps)], by, "because", "", True)

    @rule(id=orders)
    def hand_over(self, id: str) -> None:
        self.core.hand_over(order=id)

    @rule(number=st.integers(1, 4))
    def close(self, number: int) -> None:
        self.core.acknowledge(f"INC-{number:06d}")
        self.core.resolve(f"INC-{number:06d}")

    @rule(minutes=st.sampled_from([1, 15, 60, 24 * 60, 4 * 24 * 60]))
    def wait(self, minutes: int) -> None:
        self.core.wait(minutes * MINUTE_MS)

    @rule(hours=st.sampled_from([0, 30]))
    def restart(self, hours: int) -> None:
        self.core.restart(down=f"{hours * HOUR_MS}ms")

    # ---- what is always so

    @invariant()
    def one_is_open_at_most_for_a_fault(self) -> None:
        keys = [order.key for order in self.core.state.orders.values() if order.open]
        assert len(keys) == len(set(keys))

    @invariant()
    def an_order_moves_by_the_table_alone(self) -> None:
        for id, order in self.core.state.orders.items():
            before, self.nodes[id] = self.nodes.get(id, Node.OPEN), order.node
            reachable = {before} | {after for (node, _), after in TRANSITIONS.items() if node is before}
            assert order.node in reachable

    @invariant()
    def every_limit_is_said_once_and_none_lies_in_the_past(self) -> None:
        late = [each for each in self.core.state.orders.values() if each.open and each.due_at is not None]
        for order in late:
            assert order.overdue is (order.due_at <= self.core.state.now if order.due_at else False), order.id
        for order in late:
            since = order.records[-1].at if order.records else order.opened_at
            times = [
                entry
                for entry in self.core.entries
                if entry.kind is Kind.OVERDUE and entry.facts.get("id") == order.id and entry.at > since
            ]
            assert len(times) <= 1 + order.repeats  # a repeat may make it an emergency, with another limit
            assert bool(times) or not order.overdue

    @invariant()
    def a_closed_incident_has_no_order_that_nobody_has(self) -> None:
        for incident in self.core.state.incidents.values():
            for id in incident.orders:
                order = self.core.state.orders.get(id)
                if order is not None and not incident.open:
                    assert not order.open or order.handed_over is not None

    @invariant()
    def nothing_is_pushed_twice_and_nothing_of_a_drill(self) -> None:
        pushed = [effect for effect in self.core.effects if isinstance(effect, PushOrder)]
        assert len({push.id for push in pushed}) == len(pushed)
        assert {push.mode for push in pushed} <= {Mode.ACTUAL}

    @invariant()
    def the_state_comes_back_the_same(self) -> None:
        state = self.core.state
        assert decode_state(encode_state(state)) == state


TestOrders = Orders.TestCase
TestOrders.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
