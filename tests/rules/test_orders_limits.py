"""Limits of work orders, faults that recur, and what the maintenance system outside is told."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from rules.effects import PushOrder
from rules.instant import DAY_MS, HOUR_MS, MINUTE_MS
from rules.mode import Mode
from rules.order import Node, OrderKind
from rules.order_book import FAULTS_MAX, PUSH_KEPT_MS
from rules.order_settings import EMERGENCY, ORDINARY, PREVENTIVE, OrderLimits, OrderSettings
from rules.timeline import Entry, Kind
from tests.support.core import START
from tests.support.repairs import ANOTHER, Repairs


def overdue(core: Repairs) -> list[Entry]:
    return [entry for entry in core.entries if entry.kind is Kind.OVERDUE and entry.facts["what"] == "work order"]


def test_the_limits_of_the_norm_are_the_defaults() -> None:
    assert EMERGENCY.accepted_within == 15 * MINUTE_MS
    assert (ORDINARY.accepted_within, ORDINARY.verified_within) == (24 * HOUR_MS, 72 * HOUR_MS)
    assert PREVENTIVE.verified_within == 21 * DAY_MS


def test_every_setting_says_where_it_comes_from() -> None:
    properties = OrderSettings.model_json_schema()["properties"]
    del properties["push"]  # a choice, not a figure
    assert all("ours" in each["description"] or "confidence" in each["description"] for each in properties.values())


def test_a_node_without_time_of_its_own_is_no_limit() -> None:
    with pytest.raises(ValidationError, match="surveyed_within is not longer than accepted_within"):
        OrderLimits.model_validate(
            {"accepted_within": "1h", "surveyed_within": "1h", "repaired_within": "2h", "verified_within": "3h"}
        )


def test_an_emergency_that_nobody_accepts_within_a_quarter_of_an_hour_is_overdue_and_said_so_once() -> None:
    core = Repairs()
    core.breaks()
    core.wait(15 * MINUTE_MS - 1)
    assert not core.order().overdue
    core.wait(1)
    (entry,) = overdue(core)
    assert (entry.incident, entry.facts["id"], entry.at) == ("INC-000001", "WO-000001", core.now)
    assert entry.reason == "not accepted within 15min"
    core.wait("3d")
    assert len(overdue(core)) == 1


def test_the_lead_of_the_plan_is_told_when_a_limit_passes() -> None:
    core = Repairs()
    core.breaks()
    core.wait("15min")
    told = [entry for entry in core.last.entries if entry.kind in (Kind.NOTICE_FAILED, Kind.NOTICE_ISSUED)]
    assert [entry.facts["to"] for entry in told] == ["engineering_lead"]  # nobody is on the roster here


def test_accepting_at_the_last_moment_counts() -> None:
    core = Repairs()
    core.breaks()
    core.wait(15 * MINUTE_MS - 1)
    core.now += 1
    core.advance("accept")
    assert overdue(core) == []


def test_limits_count_from_the_opening_and_who_takes_over_late_has_a_share_of_their_own() -> None:
    core = Repairs()
    core.breaks()
    core.wait("5min")
    core.advance("accept")
    assert core.order().due_at == START + 30 * MINUTE_MS
    core.wait("10h")
    core.advance("survey")
    assert core.order().due_at == core.now + EMERGENCY.share(Node.SURVEYED)
    assert not core.order().overdue
    core.wait("1d")
    assert [entry.reason for entry in overdue(core)] == [
        "not surveyed within 30min",
        "not repaired within 1410min of being surveyed",
    ]


def test_an_ordinary_order_is_answered_in_a_day_and_done_in_three() -> None:
    core = Repairs(kind="ordinary")
    core.breaks()
    core.works()
    assert core.order().due_at == START + 24 * HOUR_MS
    core.advance("accept", "survey", "repair")
    assert core.order().due_at == START + 72 * HOUR_MS
    core.wait("72h")
    assert [entry.reason for entry in overdue(core)] == ["not verified within 3d"]
    core.verify()
    assert core.order().due_at is None


def test_a_limit_that_passed_while_the_gateway_was_down_is_marked_late() -> None:
    core = Repairs()
    core.breaks()
    core.restart(down="1h")
    (entry,) = overdue(core)
    assert entry.late_ms == 45 * MINUTE_MS


def test_an_order_that_was_handed_over_still_has_its_limit() -> None:
    core = Repairs()
    core.breaks()
    core.hand_over()
    core.wait("15min")
    assert overdue(core)[0].reason == "not accepted within 15min; handed over to lift firm"


def test_limits_are_settings_of_a_plan_file() -> None:
    limits = "{accepted_within: 1min, surveyed_within: 2min, repaired_within: 3min, verified_within: 4min}"
    core = Repairs(orders=f"emergency: {limits}")
    core.breaks()
    assert core.order().due_at == START + MINUTE_MS


# ---- recurrence

THREE_TIMES = "recurrences: [{hazards: [test], times: 3, within: 30d}]"


def break_and_mend(core: Repairs, times: int, every: str = "1d") -> None:
    for _ in range(times):
        order = core.breaks()
        core.works()
        core.advance("accept", "survey", "repair", order=order.id)
        core.verify(order=order.id)
        incident = next(each.id for each in core.state.incidents.values() if each.open)
        core.acknowledge(incident)
        core.resolve(incident)
        core.wait(every)


def preventive(core: Repairs) -> list[str]:
    return [order.id for order in core.state.orders.values() if order.kind is OrderKind.PREVENTIVE]


def test_a_fault_that_comes_three_times_in_a_month_raises_a_preventive_order() -> None:
    core = Repairs(orders=THREE_TIMES)
    break_and_mend(core, 2)
    assert preventive(core) == []
    core.breaks()
    (id,) = preventive(core)
    order = core.order(id)
    assert (order.fault, order.asset, order.role) == ("recurring: r", "tower-a/sd-1", "engineer")
    assert core.entry(Kind.ORDER_OPENED).reason == "r came 3 times within 30d"
    assert core.incident("INC-000003").orders == ["WO-000003"]  # prevention does not hold the incident up


def test_a_fault_that_comes_seldom_raises_none() -> None:
    core = Repairs(orders=THREE_TIMES)
    break_and_mend(core, 5, every="16d")
    assert preventive(core) == []


def test_what_goes_on_recurring_is_a_repeat_of_the_preventive_order() -> None:
    core = Repairs(orders=THREE_TIMES)
    break_and_mend(core, 6)
    assert len(preventive(core)) == 1
    assert core.order(preventive(core)[0]).repeats == 1


def test_a_drill_counts_for_itself() -> None:
    core = Repairs(orders=THREE_TIMES)
    break_and_mend(core, 2)
    core.breaks(mode=Mode.EXERCISE)
    assert preventive(core) == []


def test_by_default_lifts_recur_at_three_and_everything_else_at_five() -> None:
    first, second = OrderSettings().recurrences
    assert (first.hazards, first.times, first.within) == (["lift_fault", "lift_entrapment"], 3, 30 * DAY_MS)
    assert (second.hazards, second.times, second.within) == ([], 5, 30 * DAY_MS)


def test_so_many_faults_are_remembered_and_the_longest_ago_is_forgotten() -> None:
    core = Repairs()
    core.state.faults.update({f"actual|tower-a/x|{number}": [core.now] for number in range(FAULTS_MAX)})
    core.breaks()
    assert len(core.state.faults) == FAULTS_MAX
    assert "actual|tower-a/x|0" not in core.state.faults
    assert core.state.faults["actual|tower-a/sd-1|r"] == [core.now]


# ---- the maintenance system outside


def pushes(core: Repairs) -> list[PushOrder]:
    return [effect for effect in core.effects if isinstance(effect, PushOrder)]


def test_without_a_setting_nobody_outside_is_told() -> None:
    core = Repairs()
    core.breaks()
    assert pushes(core) == []


def test_every_change_is_pushed_with_what_changed_and_the_whole_order() -> None:
    core = Repairs(orders="push: true")
    core.breaks()
    core.works()
    core.advance("accept")
    core.assign(ANOTHER)
    said = [json.loads(push.body) for push in pushes(core)]
    assert [each["what"] for each in said] == ["opened", "accepted", "assigned"]
    assert [each["order"]["revision"] for each in said] == [1, 2, 3]
    assert said[1]["order"]["records"][0]["by"] == "engineer on duty"
    first = pushes(core)[0]
    assert (first.id, first.order, first.expires_at) == ("PSH-000001", "WO-000001", START + PUSH_KEPT_MS)
    assert said[0]["id"] == first.id


def test_nobody_outside_repairs_after_a_drill() -> None:
    core = Repairs(orders="push: true")
    core.breaks(mode=Mode.EXERCISE)
    assert pushes(core) == []


def test_a_receipt_and_a_failure_are_on_the_timeline() -> None:
    from rules.events import EffectTried

    core = Repairs(orders="push: true")
    core.breaks()
    core.step(EffectTried("PSH-000001", ok=False, attempt=1, last=False, detail="503"))
    core.step(EffectTried("PSH-000001", ok=True, attempt=2, last=True, detail="ticket 4711"))
    done = core.entry(Kind.NOTICE_DONE)
    assert (done.incident, done.facts["to"], done.facts["detail"]) == ("INC-000001", "maintenance", "ticket 4711")
