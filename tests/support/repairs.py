"""A building with a plan that opens work orders, and what people do with them: for the tests of orders."""

from __future__ import annotations

from typing import Any

from rules.mode import Mode
from rules.order import NodeRecord, OrderStep, WorkOrder
from rules.outcome import Outcome
from rules.requests import AdvanceOrder, AssignOrder, HandOverOrder, OpenOrder
from tests.support.building import SITE, rule, ruleset
from tests.support.core import Core

PLAN = """
plans:
  - id: broken
    title: {{en: Something is broken}}
    hazard: test
    lead: engineering_lead
    team: [duty_officer, engineer]
    acknowledge: {{within: 300d, ladder: [duty_officer]}}
    first_response_within: 300d
    steps:
      - id: mend
        title: {{en: Mend it}}
        work_order: {{kind: {kind}, role: engineer}}
orders: {{{orders}}}
"""
ENGINEER, ANOTHER, OFFICER = "engineer on duty", "second engineer", "duty officer"


def plan(kind: str = "emergency", orders: str = "") -> str:
    return PLAN.format(kind=kind, orders=orders)


class Repairs(Core):
    """`sd-1` above 1 is a fault that opens an incident of `level` and, by the plan, an order."""

    def __init__(self, level: str = "III", kind: str = "emergency", orders: str = "", **options: Any) -> None:
        rules = ruleset(rule("{metric: smoke, above: 1}", level=level, title={"en": "Broken"}))
        super().__init__(rules, **{"plans": plan(kind, orders), **options})

    def breaks(self, device: str = "sd-1", mode: Mode = Mode.ACTUAL) -> WorkOrder:
        """→ the order that is open for it."""
        self.reading(device, mode=mode, smoke=2)
        return self.open_order(device, mode)

    def works(self, device: str = "sd-1", mode: Mode = Mode.ACTUAL) -> None:
        self.reading(device, mode=mode, smoke=0)

    def open_order(self, device: str = "sd-1", mode: Mode = Mode.ACTUAL, fault: str = "r") -> WorkOrder:
        return self.state.orders[self.state.order_keys[f"{mode.value}|{SITE}/{device}|{fault}"]]

    def order(self, id: str = "WO-000001") -> WorkOrder:
        return self.state.orders[id]

    def advance(self, *steps: str, order: str = "WO-000001", by: str = ENGINEER, **more: Any) -> Outcome:
        """The steps in turn; → what the last one came to."""
        for step in steps:
            outcome = self.step(AdvanceOrder(by=by, order=order, step=OrderStep(step), **more))
        return outcome

    def verify(self, by: str = ANOTHER, **more: Any) -> Outcome:
        return self.advance("verify", by=by, **{"normal_at": self.now, **more})

    def ask_for_order(self, asset: str = "sd-8", fault: str = "hums", by: str = OFFICER, **more: Any) -> Outcome:
        return self.step(OpenOrder(by=by, asset=f"{SITE}/{asset}", fault=fault, summary="Look at it", **more))

    def assign(self, to: str, order: str = "WO-000001") -> Outcome:
        return self.step(AssignOrder(by=OFFICER, order=order, to=to))

    def hand_over(self, to: str = "lift firm", reason: str = "parts", order: str = "WO-000001") -> Outcome:
        return self.step(HandOverOrder(by=OFFICER, order=order, to=to, reason=reason))

    def records(self, id: str = "WO-000001") -> list[tuple[str, str]]:
        def said(record: NodeRecord) -> tuple[str, str]:
            return record.step.value, record.by

        return [said(record) for record in self.order(id).records]
