"""What people of a scenario can do: each act asks the engine for the right thing, and the API takes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from api.app import make_app
from rules.incident import Phase
from rules.level import Level
from rules.order import Node, OrderKind, OrderStep
from rules.requests import (
    Acknowledge,
    AddNote,
    AdvanceOrder,
    Assign,
    AssignOrder,
    ChangeLevel,
    CompleteTask,
    Confirm,
    Corrective,
    Finding,
    HandOverOrder,
    OpenOrder,
    OverrideCommand,
    PersonCommand,
    PutOnShelf,
    Resolve,
    Respond,
    Review,
    SkipTask,
)
from simulators.control_room import ControlRoom
from simulators.people import People
from simulators.scenario import Scenario
from tests.api.fake_desk import FakeDesk

BY: dict[str, str] = {"by": "guard", "role": "security_guard"}
INCIDENT: dict[str, str] = {"incident": "INC-000001", **BY}
ORDER: dict[str, str] = {"order": "WO-000001", **BY}
ACTS: list[tuple[dict[str, Any], PersonCommand]] = [
    ({"does": "acknowledge", "note": "n"}, Acknowledge(**INCIDENT, note="n")),
    ({"does": "note", "text": "t"}, AddNote(**INCIDENT, text="t")),
    ({"does": "confirm", "reason": "r"}, Confirm(**INCIDENT, reason="r")),
    ({"does": "change_level", "to": "I", "reason": "r"}, ChangeLevel(**INCIDENT, level=Level.I, reason="r")),
    ({"does": "assign", "to": "engineer-1"}, Assign(**INCIDENT, to="engineer-1")),
    ({"does": "respond", "note": "n"}, Respond(**INCIDENT, note="n")),
    ({"does": "complete", "task": "look", "note": "n"}, CompleteTask(**INCIDENT, step="look", note="n")),
    ({"does": "skip", "task": "look", "reason": "r"}, SkipTask(**INCIDENT, step="look", reason="r")),
    (
        {"does": "command", "device": "ac-1201", "command": "release", "reason": "r"},
        OverrideCommand(**INCIDENT, device="tower-a/ac-1201", command="release", reason="r"),
    ),
    (
        {"does": "resolve", "finding": "false_alarm", "cause": "c"},
        Resolve(**INCIDENT, finding=Finding.FALSE_ALARM, cause="c"),
    ),
    (
        {"does": "review", "cause": "c", "measures": "m", "result": "r", "actions": [{"text": "t", "owner": "o"}]},
        Review(**INCIDENT, cause="c", measures="m", result="r", actions=[Corrective("t", "o")]),
    ),
    (
        {"does": "open_order", "device": "sd-1201", "fault": "hums", "summary": "s", "kind": "emergency"},
        OpenOrder(
            **BY, asset="tower-a/sd-1201", fault="hums", summary="s", kind=OrderKind.EMERGENCY, incident="INC-000001"
        ),
    ),
    ({"does": "order", "step": "accept", "note": "n"}, AdvanceOrder(**ORDER, step=OrderStep.ACCEPT, note="n")),
    ({"does": "assign_orders", "to": "engineer-1"}, AssignOrder(**ORDER, to="engineer-1")),
    ({"does": "hand_over", "to": "firm", "reason": "r"}, HandOverOrder(**ORDER, to="firm", reason="r")),
    (
        {"does": "shelve", "device": "sd-1201", "for": "1h", "reason": "r", "second": "engineer-1"},
        PutOnShelf(**BY, reason="r", duration_ms=3_600_000, device="tower-a/sd-1201", second="engineer-1"),
    ),
]


@dataclass
class Order:
    id: str
    node: Node


def act(written: dict[str, Any], when: str = "opened") -> Any:
    people = [{"when": when, **BY, **written}]
    return Scenario.model_validate({"scenario": "x", "title": {"en": "X"}, "people": people}).people[0]


@pytest.mark.parametrize(("written", "asked"), ACTS, ids=[written["does"] for written, _ in ACTS])
def test_an_act_asks_for_what_it_says(written: dict[str, Any], asked: PersonCommand) -> None:
    assert act(written).ask("INC-000001", "tower-a", [Order("WO-000001", Node.OPEN)]) == [asked]


@pytest.mark.parametrize(("written", "asked"), ACTS, ids=[written["does"] for written, _ in ACTS])
async def test_the_api_takes_every_act_and_hands_on_the_same_request(
    written: dict[str, Any], asked: PersonCommand
) -> None:
    desk = FakeDesk()
    transport = httpx.ASGITransport(make_app(desk), client=("127.0.0.1", 50_000))
    async with ControlRoom("http://localhost", transport=transport) as room:
        answer = await room.ask(asked)
    body = answer.detail
    assert "invalid" not in body, body
    assert "not_found" not in body, body
    assert all(took == asked for took in desk.asked)


def test_orders_are_taken_only_from_the_node_that_the_step_starts_from() -> None:
    orders = [Order("WO-000001", Node.OPEN), Order("WO-000002", Node.ACCEPTED), Order("WO-000003", Node.VERIFIED)]
    advanced = act({"does": "order", "step": "survey"}).ask("INC-000001", "tower-a", orders)
    assert [each.order for each in advanced] == ["WO-000002"]
    handed = act({"does": "hand_over", "to": "firm", "reason": "r"}).ask("INC-000001", "tower-a", orders)
    assert [each.order for each in handed] == ["WO-000001", "WO-000002"]


def test_what_needs_no_incident_is_done_when_the_scenario_begins() -> None:
    shelve = act({"does": "shelve", "device": "sd-1201", "for": "1h", "reason": "r", "wait": "1min"}, when="begun")
    crew = People([shelve], "tower-a")
    crew.begin(1_000)
    assert crew.next_due == 61_000
    assert crew.waiting == []
    assert [(due.incident, due.act) for due in crew.take_due(61_000)] == [("", shelve)]


@pytest.mark.parametrize(
    ("when", "more", "not_yet", "then"),
    [
        ("closed", {}, {"phase": Phase.CLOSING}, {"phase": Phase.CLOSED}),
        ("ordered", {}, {}, {"orders": ["WO-000001"]}),
        ("opened", {"level": "I"}, {"level": Level.II}, {"level": Level.I}),
    ],
)
def test_a_person_waits_for_the_end_for_an_order_or_until_it_is_grave(
    when: str, more: dict[str, Any], not_yet: dict[str, Any], then: dict[str, Any]
) -> None:
    waiting = act({"does": "note", "text": "t", **more}, when=when)
    assert not waiting.fits(FakeDesk().opened(**not_yet), "tower-a")
    assert waiting.fits(FakeDesk().opened(**then), "tower-a")
