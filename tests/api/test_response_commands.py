"""What people do about an incident besides taking and resolving it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from api.ports import Refused
from api.settings import ApiSettings
from rules.incident import (
    Acknowledged,
    CommandStage,
    CommandState,
    Countdown,
    Ladder,
    ReviewState,
    StepStage,
    StepState,
)
from rules.level import Level
from rules.requests import (
    Acknowledge,
    Assign,
    ChangeLevel,
    CompleteTask,
    Confirm,
    Corrective,
    OverrideCommand,
    PersonCommand,
    Respond,
    Review,
    SkipTask,
)
from tests.api.conftest import TOKEN, Client
from tests.api.fake_desk import START, FakeDesk

ID = "INC-000001"
INCIDENT = f"/api/v1/incidents/{ID}"
WHO = {"by": "duty.officer", "role": "duty_officer"}
REVIEW = {"cause": "a pan", "measures": "put out", "result": "nobody hurt"}


@pytest.fixture(autouse=True)
def an_incident(desk: FakeDesk) -> None:
    desk.opened()


@pytest.mark.parametrize(
    ("path", "body", "command"),
    [
        ("acknowledge", {"note": "here"}, Acknowledge(incident=ID, note="here", **WHO)),
        ("confirm", {"reason": "flames"}, Confirm(incident=ID, reason="flames", **WHO)),
        ("level", {"level": "II", "reason": "out"}, ChangeLevel(incident=ID, level=Level.II, reason="out", **WHO)),
        ("assign", {"to": "engineering-lead"}, Assign(incident=ID, to="engineering-lead", **WHO)),
        ("respond", {"note": "12F"}, Respond(incident=ID, note="12F", **WHO)),
        ("tasks/see/complete", {"note": "a pan"}, CompleteTask(incident=ID, step="see", note="a pan", **WHO)),
        ("tasks/see/skip", {"reason": "empty"}, SkipTask(incident=ID, step="see", reason="empty", **WHO)),
        (
            "commands",
            {"device": "tower-a/door-1", "command": "hold", "reason": "a queue", "args": {"s": 30, "now": True}},
            OverrideCommand(
                incident=ID,
                device="tower-a/door-1",
                command="hold",
                reason="a queue",
                args={"s": 30.0, "now": True},
                **WHO,
            ),
        ),
        (
            "review",
            REVIEW | {"actions": [{"text": "guards", "owner": "engineer", "due_at": "2026-12-24T13:00:00+08:00"}]},
            Review(incident=ID, actions=[Corrective("guards", "engineer", 1_798_088_400_000)], **REVIEW, **WHO),
        ),
        ("review", REVIEW, Review(incident=ID, **REVIEW, **WHO)),
    ],
)
async def test_what_a_person_asks_for_reaches_the_desk_as_it_was_said(
    client: httpx.AsyncClient, desk: FakeDesk, path: str, body: dict[str, Any], command: PersonCommand
) -> None:
    answer = await client.post(f"{INCIDENT}/{path}", json=WHO | body)
    assert answer.status_code == 200, answer.text
    assert desk.asked == [command]
    assert answer.headers["etag"] == f'"{answer.json()["incident"]["revision"]}"'


async def test_a_token_vouches_for_the_name_and_the_caller_names_the_role(
    client_for: Client, desk: FakeDesk, guarded: ApiSettings
) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    body = {"by": "the mayor", "role": "safety_officer"}
    await client_for(guarded).post(f"{INCIDENT}/acknowledge", json=body, headers=headers)
    assert desk.asked == [Acknowledge(incident=ID, by="duty.officer", role="safety_officer")]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("acknowledge", {"role": "Duty Officer"}, "body.role"),
        ("acknowledge", {"role": "r" * 65}, "body.role"),
        ("level", {"level": "II"}, "body.reason"),
        ("level", {"level": "II", "reason": " "}, "body.reason"),
        ("level", {"level": "IV", "reason": "x"}, "body.level"),
        ("assign", {"to": ""}, "body.to"),
        ("tasks/see/skip", {}, "body.reason"),
        (f"tasks/{'s' * 65}/complete", {}, "path.step"),
        ("commands", {"device": "tower-a/d", "command": "Open it", "reason": "x"}, "body.command"),
        ("commands", {"device": "", "command": "open", "reason": "x"}, "body.device"),
        ("commands", {"device": "d", "command": "open"}, "body.reason"),
        ("commands", {"device": "d", "command": "open", "reason": "x", "args": {"s": []}}, "body.args.s"),
        ("commands", {"device": "d", "command": "open", "reason": "x", "args": {"s": "x" * 201}}, "body.args.s"),
        ("commands", {"device": "d", "command": "open", "reason": "x", "args": {"s": None}}, "body.args.s"),
        ("review", REVIEW | {"cause": " "}, "body.cause"),
        ("review", REVIEW | {"actions": [{"text": "x" * 501, "owner": "engineer"}]}, "body.actions.0.text"),
        ("review", REVIEW | {"actions": [{"text": "x", "owner": "w", "due_at": "soon"}]}, "body.actions.0.due_at"),
        ("review", REVIEW | {"actions": [{"text": "x", "owner": "w"}] * 51}, "body.actions"),
    ],
)
async def test_a_body_that_is_not_right_is_refused_by_the_field(
    client: httpx.AsyncClient, desk: FakeDesk, path: str, body: dict[str, Any], field: str
) -> None:
    answer = await client.post(f"{INCIDENT}/{path}", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == field
    assert desk.asked == []


@pytest.mark.parametrize("number", [b"1e999", b"NaN", b"-Infinity", b"1" + b"0" * 400])
async def test_an_argument_that_no_device_could_read_is_refused(
    client: httpx.AsyncClient, desk: FakeDesk, number: bytes
) -> None:
    content = b'{"device":"d","command":"open","reason":"x","args":{"s":' + number + b"}}"
    answer = await client.post(f"{INCIDENT}/commands", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert desk.asked == []


async def test_the_longest_review_fits_however_it_is_escaped(client: httpx.AsyncClient) -> None:
    text = "\U0001f525" * 4_000
    actions = [{"text": text[:500], "owner": "w"}] * 50
    answer = await client.post(f"{INCIDENT}/review", json={**dict.fromkeys(REVIEW, text), "actions": actions})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("code", ["tasks_open", "orders_open", "unknown_task", "not_authorised", "unknown_device"])
async def test_the_refusals_of_the_engine_leave_with_their_own_code(
    client: httpx.AsyncClient, desk: FakeDesk, code: str
) -> None:
    desk.refusal = Refused(code, "not done: see; neither verified nor handed over: WO-000017")
    answer = await client.post(f"{INCIDENT}/tasks/see/complete", json={})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, code)
    assert problem["detail"] == "not done: see; neither verified nor handed over: WO-000017"


# ---- what an incident shows


async def test_an_incident_shows_how_far_its_response_has_come(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    incident = desk.known[ID]
    incident.plan, incident.owner, incident.orders = "fire", "duty.officer", ["WO-000017"]
    incident.acknowledgements = [Acknowledged("duty.officer", "duty_officer", START)]
    incident.review = ReviewState("duty.officer", START, "a pan", "put out", "nobody hurt", ["CA-000003"])
    incident.steps = [StepState("see", "task", {"en": "See"}, StepStage.DONE, START, "guard", True, done_by="engineer")]
    shown = (await client.get(INCIDENT)).json()
    assert (shown["plan"], shown["owner"], shown["orders"]) == ("fire", "duty.officer", ["WO-000017"])
    assert shown["acknowledgements"] == [
        {"by": "duty.officer", "role": "duty_officer", "at": "2026-11-24T05:00:00.120Z"}
    ]
    assert shown["review"]["actions"] == ["CA-000003"]
    assert (shown["steps"][0]["stage"], shown["steps"][0]["mandatory"], shown["steps"][0]["done_by"]) == (
        "done",
        True,
        "engineer",
    )


async def test_what_is_due_next_stands_in_one_list_the_soonest_first(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    incident = desk.known[ID]
    incident.countdown = Countdown("fire-confirmed", Level.I, START + 15_000, 180_000)
    incident.ladder = Ladder(0, START + 60_000)
    incident.first_response_by, incident.stale_at = START + 900_000, START + 86_400_000
    incident.steps = [
        StepState("see", "task", {"en": "See"}, StepStage.ISSUED, START, due_at=START + 30_000),
        StepState("late", "task", {"en": "Late"}, StepStage.ISSUED, START, due_at=START + 1, overdue=True),
        StepState("done", "task", {"en": "Done"}, StepStage.DONE, START, due_at=START + 2),
    ]
    stages = {"CMD-000001": CommandStage.PUBLISHED, "CMD-000002": CommandStage.DONE}
    incident.commands = [
        CommandState(id, "d", "open", "x", stage, START, START + 5_000) for id, stage in stages.items()
    ]
    due = (await client.get(INCIDENT)).json()["due"]
    assert [(each["what"], each["id"]) for each in due] == [
        ("command", "CMD-000001"),
        ("acknowledge", ""),
        ("task", "see"),
        ("escalate", ""),
        ("first_response", ""),
        ("stale", ""),
    ]
    assert due[0]["at"] == "2026-11-24T05:00:05.120Z"


async def test_a_countdown_that_somebody_took_is_due_when_the_investigation_is(
    client: httpx.AsyncClient, desk: FakeDesk
) -> None:
    desk.known[ID].countdown = Countdown("fire-confirmed", Level.I, START + 15_000, 180_000, START + 190_000)
    desk.known[ID].re_alarm_at = START + 600_000
    due = (await client.get(INCIDENT)).json()["due"]
    assert [each["what"] for each in due] == ["investigate", "re_alarm"]
