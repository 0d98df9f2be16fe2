"""From a fault to the stored order and back: the desk commits orders, actions and handovers with what caused them."""

from __future__ import annotations

from api.ports import ActionQuery, HandoverQuery, OrderQuery
from gateway.desk import Desk, recover
from gateway.documents import StoredDocuments
from gateway.replay import differences
from gateway.store import Store
from rules.events import Event, VerdictChanged
from rules.instant import MINUTE_MS
from rules.mode import Mode
from rules.order import Node, OrderStep
from rules.requests import (
    Acknowledge,
    AdvanceOrder,
    Corrective,
    FillHandover,
    Finding,
    HandOverOrder,
    Resolve,
    Review,
    SignHandover,
)
from rules.verdict import Verdict
from tests.support import building
from tests.support.core import START
from tests.support.repairs import plan

RULES = building.ruleset(building.rule("{metric: smoke, above: 1}", level="II", title={"en": "Broken"}))


class Shell:
    """A desk on a store, and a clock that stands still until it is put forward."""

    def __init__(self, store: Store) -> None:
        self.now, self.store = START, store
        self.desk = Desk(store, lambda: self.now, lambda entries, effects: None)
        self.desk.load(building.directory(), RULES, building.plans(plan(orders="push: true")))

    def say(self, *events: Event) -> None:
        for event in events:
            outcome = self.desk.submit(event)
            assert outcome.refused is None, outcome.refused
        self.desk.commit()

    def verdict(self, verdict: Verdict) -> VerdictChanged:
        return VerdictChanged(Mode.ACTUAL, "r", "tower-a/sd-1", verdict, self.now, self.now)

    def wait(self, ms: int) -> None:
        self.now += ms
        self.desk.advance()
        self.desk.commit()


def story(shell: Shell) -> None:
    shell.say(shell.verdict(Verdict.HOLDS))
    shell.wait(20 * MINUTE_MS)
    shell.say(AdvanceOrder(by="engineer on duty", order="WO-000001", step=OrderStep.ACCEPT))
    shell.say(
        shell.verdict(Verdict.DOES_NOT),
        Acknowledge(by="duty officer", incident="INC-000001"),
        HandOverOrder(by="duty officer", order="WO-000001", to="lift firm", reason="waits for a part"),
        Resolve(by="duty officer", incident="INC-000001", finding=Finding.REAL, cause="worn rollers"),
    )
    actions = [Corrective(text="Change the rollers", owner="engineering lead")]
    shell.say(
        Review(by="manager", incident="INC-000001", cause="c", measures="m", result="r", actions=actions),
        FillHandover(by="day shift", site="tower-a", incoming="night shift"),
        SignHandover(by="day shift", handover="HO-000001"),
        SignHandover(by="night shift", handover="HO-000001"),
    )


def test_what_became_of_a_fault_is_stored_with_what_caused_it(store: Store) -> None:
    story(Shell(store))
    (order,) = store.orders(OrderQuery(site="tower-a", open=True)).items
    assert (order.node, order.handed_over, order.assignee) == (Node.ACCEPTED, "lift firm", "engineer on duty")
    (action,) = store.actions(ActionQuery(incident="INC-000001", open=True)).items
    assert action.text == "Change the rollers"
    (handover,) = store.handovers(HandoverQuery(done=True)).items
    assert handover.open_orders == ["WO-000001"]
    pushed = store.outbox_due(START + 60 * MINUTE_MS, 100, "PushOrder")
    assert [due.effect.id for due in pushed] == sorted(due.effect.id for due in pushed)
    assert len(pushed) == 4  # opened, overdue, accepted, handed over


def test_the_journal_alone_makes_the_same_of_it(store: Store) -> None:
    story(Shell(store))
    assert list(differences(store)) == []


def test_after_a_restart_orders_actions_and_limits_go_on(store: Store) -> None:
    shell = Shell(store)
    story(shell)
    engine, _ = recover(store, StoredDocuments(store))
    assert engine.state == shell.desk.engine.state
    assert engine.next_deadline() == shell.desk.engine.next_deadline()
