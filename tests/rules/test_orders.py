"""Work orders: the table of their life, who may do what, and what it takes to end one."""

from __future__ import annotations

import pytest

from rules.mode import Mode
from rules.order import RECORDS_MAX, TRANSITIONS, Attachment, Node, OrderKind, OrderStep
from rules.order_steps import ATTACHMENTS_MAX
from rules.requests import AdvanceOrder, OpenOrder
from rules.response_plan import PlanBook
from rules.state import KEPT_CLOSED_MS
from rules.timeline import Kind
from tests.support.building import directory
from tests.support.repairs import ANOTHER, ENGINEER, OFFICER, Repairs, plan

WAY = {  # a node → the steps that lead to it
    Node.OPEN: [],
    Node.ACCEPTED: ["accept"],
    Node.SURVEYED: ["accept", "survey"],
    Node.REPAIRED: ["accept", "survey", "repair"],
}


def at_node(node: Node, **options: str) -> Repairs:
    core = Repairs(**options)
    core.breaks()
    core.works()
    if node is Node.CANCELLED:
        core.advance("cancel", reason="no fault found")
    elif node is Node.VERIFIED:
        core.advance(*WAY[Node.REPAIRED])
        core.verify()
    elif WAY[node]:
        core.advance(*WAY[node])
    assert core.order().node is node
    return core


def take(core: Repairs, step: OrderStep) -> None:
    core.advance(step.value, by=ANOTHER, reason="because", normal_at=core.now)


@pytest.mark.parametrize(("before", "step", "after"), [(*key, after) for key, after in TRANSITIONS.items()])
def test_each_row_of_the_table_is_what_happens(before: Node, step: OrderStep, after: Node) -> None:
    core = at_node(before)
    take(core, step)
    assert core.order().node is after


@pytest.mark.parametrize(
    ("node", "step"), [(node, step) for node in Node for step in OrderStep if (node, step) not in TRANSITIONS]
)
def test_what_is_not_in_the_table_is_refused_and_changes_nothing(node: Node, step: OrderStep) -> None:
    core = at_node(node)
    take(core, step)
    assert core.order().node is node
    assert core.last.refused is not None
    assert core.last.refused.code in ("wrong_step", "order_ended")


def test_a_plan_opens_an_order_for_the_device_that_failed() -> None:
    core = Repairs()
    order = core.breaks()
    assert (order.id, order.kind, order.asset, order.fault) == ("WO-000001", OrderKind.EMERGENCY, "tower-a/sd-1", "r")
    assert (order.role, order.opened_by, order.incidents) == ("engineer", "tocsin", ["INC-000001"])
    assert core.incident().orders == ["WO-000001"]
    opened = core.entry(Kind.ORDER_OPENED)
    assert (opened.incident, opened.device, opened.reason) == (
        "INC-000001",
        "tower-a/sd-1",
        "step mend of plan broken",
    )


def test_every_node_has_who_when_note_and_attachments() -> None:
    core = at_node(Node.ACCEPTED)
    photo = Attachment("board.jpg", "ab" * 32, 1_000, "image/jpeg")
    core.wait("5min")
    core.advance("survey", by=ANOTHER, note="board burnt", attachments=[photo])
    record = core.order().records[-1]
    assert (record.step, record.by, record.at) == (OrderStep.SURVEY, ANOTHER, core.now)
    assert (record.note, record.attachments) == ("board burnt", (photo,))
    entry = core.entry(Kind.ORDER_STEP)
    assert (entry.facts["note"], entry.facts["attachments"], entry.facts["node"]) == ("board burnt", 1.0, "surveyed")


def test_who_accepts_has_it_unless_somebody_was_named() -> None:
    core = at_node(Node.ACCEPTED)
    assert core.order().assignee == ENGINEER
    core = at_node(Node.OPEN)
    core.assign(ANOTHER)
    core.advance("accept")
    assert core.order().assignee == ANOTHER
    assert core.entry(Kind.ORDER_ASSIGNED).facts["to"] == ANOTHER


# ---- the same fault again


def test_the_same_fault_while_the_order_is_open_is_a_repeat_of_it() -> None:
    core = Repairs()
    core.breaks()
    core.works()
    core.hand_over()
    core.acknowledge()
    core.resolve()
    order = core.breaks()
    assert (order.id, order.repeats, order.incidents) == ("WO-000001", 1, ["INC-000001", "INC-000002"])
    assert core.incident("INC-000002").orders == ["WO-000001"]
    assert core.entry(Kind.ORDER_REPEATED).incident == "INC-000002"
    assert "handed over to lift firm" in core.entry(Kind.ORDER_REPEATED).reason


def test_after_its_end_the_same_fault_opens_another_order() -> None:
    core = at_node(Node.VERIFIED)
    core.acknowledge()
    core.resolve()
    assert core.breaks().id == "WO-000002"


def test_a_person_may_add_a_repeat_and_make_it_an_emergency() -> None:
    core = Repairs(kind="ordinary")
    core.breaks()
    core.wait("2h")
    core.ask_for_order("sd-1", "r", kind=OrderKind.EMERGENCY)
    order = core.order()
    assert (order.repeats, order.kind) == (1, OrderKind.EMERGENCY)
    assert order.due_at == core.now + 15 * 60_000
    assert core.entry(Kind.ORDER_REPEATED).reason == "opened by duty officer; now emergency"


def test_a_drill_has_orders_of_its_own() -> None:
    core = Repairs()
    core.breaks()
    core.breaks(mode=Mode.EXERCISE)
    assert [order.mode for order in core.state.orders.values()] == [Mode.ACTUAL, Mode.EXERCISE]
    assert core.order("WO-000002").repeats == 0


def test_an_incident_of_very_many_devices_has_one_order_for_its_zone() -> None:
    names = {f"sd-{number}": "smoke_detector" for number in range(30)}
    core = Repairs(site=directory({"12F-east": names}), plans=PlanBook())
    for name in names:
        core.reading(name, smoke=2)
    core.follow(plan())
    core.acknowledge()
    assert [(order.asset, order.fault) for order in core.state.orders.values()] == [("tower-a/12F-east", "test")]


# ---- what it takes to verify


def test_without_a_normal_reading_since_the_repair_nobody_verifies() -> None:
    core = at_node(Node.REPAIRED)
    repaired_at = core.order().records[-1].at
    core.wait("1min")
    for normal_at in (None, repaired_at - 1):
        refused = core.verify(normal_at=normal_at).refused
        assert refused is not None
        assert refused.code == "not_normal"
    assert core.verify(normal_at=repaired_at).refused is None


def test_with_a_reason_it_is_verified_all_the_same_and_the_reason_stays() -> None:
    core = at_node(Node.REPAIRED)
    core.verify(normal_at=None, reason="replaced; the old one is gone")
    assert core.order().records[-1].reason == "replaced; the old one is gone"
    assert core.entry(Kind.ORDER_STEP).reason == "replaced; the old one is gone"


def test_while_the_fault_holds_a_normal_reading_is_no_proof() -> None:
    core = Repairs()
    core.breaks()
    core.advance("accept", "survey", "repair")
    refused = core.verify().refused
    assert refused is not None
    assert refused.reason == "r at tower-a/sd-1 still holds; verify with a reason"


@pytest.mark.parametrize(("level", "refused"), [("III", False), ("II", True), ("I", True)])
def test_at_level_two_and_worse_another_verifies_than_who_repaired(level: str, refused: bool) -> None:
    core = at_node(Node.REPAIRED, level=level)
    outcome = core.verify(by=ENGINEER)
    assert (outcome.refused is not None and outcome.refused.code == "same_person") is refused
    if refused:
        core.verify(by=ENGINEER, reason="I am alone")
        assert core.last.refused is not None
        assert core.verify(by=ANOTHER).refused is None


def test_two_persons_can_be_switched_off() -> None:
    core = at_node(Node.REPAIRED, level="I", orders="two_persons: null")
    assert core.verify(by=ENGINEER).refused is None


def test_a_repair_is_rejected_with_a_reason_and_done_again() -> None:
    core = at_node(Node.REPAIRED)
    refused = core.advance("reject", by=ANOTHER).refused
    assert refused is not None
    assert refused.code == "reason_missing"
    core.advance("reject", by=ANOTHER, reason="it hums again")
    assert core.order().node is Node.SURVEYED
    core.advance("repair")
    core.verify()
    assert [step for step, _ in core.records()] == ["accept", "survey", "repair", "reject", "repair", "verify"]


# ---- cancelling, handing over, closing


def test_cancelling_wants_a_reason() -> None:
    core = at_node(Node.OPEN)
    refused = core.advance("cancel").refused
    assert refused is not None
    assert refused.code == "reason_missing"
    assert core.advance("cancel", reason="a test button").refused is None


def test_what_a_grave_incident_mandates_only_its_lead_may_cancel() -> None:
    core = at_node(Node.ACCEPTED, level="I")
    refused = core.advance("cancel", reason="we want to go home", role="engineer").refused
    assert refused is not None
    assert (refused.code, refused.reason) == (
        "mandated",
        "INC-000001 of level I is open; only the engineering_lead of its plan may cancel it",
    )
    assert core.advance("cancel", reason="burnt toast", role="engineering_lead").refused is None


def test_once_it_is_handed_over_a_grave_order_may_be_cancelled() -> None:
    core = at_node(Node.ACCEPTED, level="I")
    core.hand_over()
    assert core.advance("cancel", reason="the firm found nothing").refused is None


def test_an_incident_closes_only_when_its_orders_are_verified_or_handed_over() -> None:
    core = at_node(Node.ACCEPTED)
    core.acknowledge()
    refused = core.resolve().refused
    assert refused is not None
    assert (refused.code, refused.reason) == ("orders_open", "neither verified nor handed over: WO-000001")
    core.hand_over(to="lift firm", reason="waits for a part")
    assert core.order().handed_over == "lift firm"
    assert core.resolve().refused is None
    core.advance("survey", "repair")
    assert core.verify().refused is None


@pytest.mark.parametrize("what", ["assign", "hand over"])
def test_an_order_goes_to_somebody_and_is_handed_over_for_a_reason(what: str) -> None:
    core = at_node(Node.OPEN)
    outcome = core.assign(" ") if what == "assign" else core.hand_over(reason=" ")
    assert outcome.refused is not None
    assert outcome.refused.code in ("name_missing", "reason_missing")


def test_an_ended_order_is_kept_for_a_day() -> None:
    core = at_node(Node.VERIFIED)
    core.wait(KEPT_CLOSED_MS - 1)
    assert core.order().node is Node.VERIFIED
    core.wait(1)
    assert core.state.orders == {}
    refused = core.advance("accept").refused
    assert refused is not None
    assert refused.code == "unknown_order"


# ---- asked for by people


def test_a_person_opens_an_order_for_a_device_or_a_zone() -> None:
    core = Repairs()
    core.ask_for_order("sd-8")
    core.ask_for_order("12F-west", "window broken", kind=OrderKind.ORDINARY, for_role="joiner")
    device, zone = core.state.orders.values()
    assert (device.zone, device.opened_by, device.level) == ("tower-a/12F-west", OFFICER, None)
    assert (zone.asset, zone.zone, zone.role) == ("tower-a/12F-west", "tower-a/12F-west", "joiner")
    assert core.entry(Kind.ORDER_OPENED).incident is None


def test_an_order_for_an_incident_holds_it_up() -> None:
    core = at_node(Node.VERIFIED)
    core.ask_for_order("sd-2", incident="INC-000001")
    assert core.incident().orders == ["WO-000001", "WO-000002"]
    core.acknowledge()
    assert core.resolve().refused is not None


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"asset": "lift-99"}, "unknown_asset"),
        ({"incident": "INC-000009"}, "unknown_incident"),
        ({"fault": "x" * 201}, "bad_fault"),
        ({"fault": "two\nlines"}, "bad_fault"),
        ({"fault": " "}, "bad_fault"),
    ],
)
def test_an_order_that_cannot_be_opened_is_refused(changed: dict[str, str], code: str) -> None:
    core = Repairs()
    refused = core.ask_for_order(**{"asset": "sd-8", **changed}).refused  # type: ignore[arg-type]
    assert refused is not None
    assert refused.code == code
    assert core.entry(Kind.REFUSED).facts["code"] == code
    assert core.state.orders == {}


def test_an_order_that_does_not_exist_is_refused() -> None:
    refused = Repairs().advance("accept").refused
    assert refused is not None
    assert (refused.code, refused.reason) == ("unknown_order", "there is no open order WO-000001")


def test_steps_and_attachments_of_one_order_are_bounded() -> None:
    core = at_node(Node.ACCEPTED)
    many = [Attachment(f"{number}.jpg", "ab" * 32, 1, "image/jpeg") for number in range(ATTACHMENTS_MAX + 1)]
    outcome = core.step(AdvanceOrder(by=ENGINEER, order="WO-000001", step=OrderStep.SURVEY, attachments=many))
    assert outcome.refused is not None
    assert outcome.refused.code == "too_many_attachments"
    core.advance("survey")
    while len(core.order().records) < RECORDS_MAX:
        core.advance("repair" if core.order().node is Node.SURVEYED else "reject", reason="again")
    refused = core.advance("repair" if core.order().node is Node.SURVEYED else "reject", reason="again").refused
    assert refused is not None
    assert refused.code == "too_many_steps"


def test_a_refused_request_is_on_the_timeline_of_the_orders_incident() -> None:
    core = at_node(Node.OPEN)
    core.advance("repair", by=OFFICER)
    entry = core.entry(Kind.REFUSED)
    assert (entry.incident, entry.by, entry.facts["what"]) == ("INC-000001", OFFICER, "repair order")


def test_requests_are_what_the_journal_keeps() -> None:
    from rules.codec import decode_event, encode

    asked = OpenOrder(by=OFFICER, asset="tower-a/sd-1", fault="hums", summary="Look", kind=OrderKind.PREVENTIVE)
    assert decode_event(encode(asked)) == asked
