"""Plans, roster, the log of messages, explanations."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from api.ports import OnDuty
from rules.explain import Line
from rules.people import Person
from rules.timeline import Kind
from tests.api.fake_desk import FakeDesk
from tests.api.plans import plan

API = "/api/v1"


async def _json(client: httpx.AsyncClient, path: str, **params: Any) -> Any:
    answer = await client.get(f"{API}{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_plan_shows_what_it_would_do_commands_first(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    desk.plans_in_force = [plan()]
    shown = await _json(client, "/plans/fire", level="I")
    assert [step["id"] for step in shown["steps"]] == ["release", "tell", "look"]
    assert shown["quorum"] == ["duty_officer", "engineering_lead"]
    assert (shown["acknowledge_within_ms"], shown["re_alarm_after_ms"]) == (60_000, 600_000)
    assert shown["first_response_within_ms"] == 900_000
    release, tell, look = shown["steps"]
    assert (release["command"], release["args"], release["expires_after_ms"]) == ("release", {"hold_s": 30}, 30_000)
    assert (tell["action"], tell["role"], tell["template"], tell["command"]) == (
        "notify",
        "duty_officer",
        "incident",
        None,
    )
    assert (look["within_ms"], look["mandatory"], look["waits_for_confirmation"]) == (180_000, True, False)


@pytest.mark.parametrize(("level", "steps", "quorum"), [("III", 2, []), ("II", 2, []), (None, 3, [])])
async def test_a_milder_incident_gets_fewer_steps(
    client: httpx.AsyncClient, desk: FakeDesk, level: str | None, steps: int, quorum: list[str]
) -> None:
    desk.plans_in_force = [plan()]
    shown = await _json(client, "/plans/fire", **({"level": level} if level else {}))
    assert (len(shown["steps"]), shown["quorum"], shown["level"]) == (steps, quorum, level)


async def test_the_list_of_plans_says_who_leads_and_how_long_they_are(
    client: httpx.AsyncClient, desk: FakeDesk
) -> None:
    desk.plans_in_force = [plan()]
    (shown,) = (await _json(client, "/plans"))["items"]
    assert (shown["hazard"], shown["lead"], shown["steps"]) == ("fire", "duty_officer", 3)
    assert shown["version"] == plan().version


@pytest.mark.parametrize("hazard", ["flood", "%00", "a" * 64])
async def test_a_hazard_without_a_plan_is_not_found(client: httpx.AsyncClient, hazard: str) -> None:
    answer = await client.get(f"{API}/plans/{hazard}")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_plan")


async def test_the_roster_says_who_has_a_role_now_without_their_addresses(
    client: httpx.AsyncClient, desk: FakeDesk
) -> None:
    person = Person("duty.officer", "Duty officer", ("duty_officer",), "zh", ("wecom",))
    desk.duty = [OnDuty("duty_officer", [person]), OnDuty("engineer", [])]
    assert await _json(client, "/roster", role="duty_officer", site="tower-a") == {
        "items": [
            {
                "role": "duty_officer",
                "people": [
                    {
                        "id": "duty.officer",
                        "name": "Duty officer",
                        "roles": ["duty_officer"],
                        "language": "zh",
                        "site": None,
                        "channels": ["wecom"],
                    }
                ],
            }
        ]
    }
    assert [each["role"] for each in (await _json(client, "/roster"))["items"]] == ["duty_officer", "engineer"]


async def test_the_log_of_messages_reads_in_the_language_asked_for(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    incident = desk.opened()
    facts = {"what": "notify", "to": "duty.officer", "id": "NTF-000001"}
    desk.write(incident, Kind.NOTICE_ISSUED, facts=facts)
    desk.write(incident, Kind.NOTICE_FAILED, facts=facts)
    desk.write(desk.opened(), Kind.NOTICE_DONE, facts=facts)
    page = await _json(client, "/notifications", lang="zh")
    assert [item["kind"] for item in page["items"]] == ["notice_done", "notice_failed", "notice_issued"]
    assert page["items"][0]["text"].startswith("已送达")
    failed = await _json(client, "/notifications", failed="true")
    assert [item["kind"] for item in failed["items"]] == ["notice_failed"]
    assert len((await _json(client, "/notifications", incident="INC-000002"))["items"]) == 1
    assert (await _json(client, "/notifications", limit=1))["next_cursor"] == "1"


@pytest.mark.parametrize(("path", "about"), [("incidents/INC-000001", "INC-000001"), ("devices/a/b", "a/b")])
async def test_an_explanation_reads_in_the_language_asked_for(
    client: httpx.AsyncClient, desk: FakeDesk, path: str, about: str
) -> None:
    desk.explained = {about: [Line("it is so", "就是这样", 0), Line("because", "因为", 2)]}
    english = await _json(client, f"/explain/{path}")
    assert english["lines"] == [{"text": "it is so", "depth": 0}, {"text": "because", "depth": 2}]
    answer = await client.get(f"{API}/explain/{path}", headers={"Accept-Language": "zh-CN"})
    assert [line["text"] for line in answer.json()["lines"]] == ["就是这样", "因为"]
    assert answer.headers["content-language"] == "zh"
