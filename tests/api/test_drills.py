"""Drills: what people ask for, scores, reports, the calendar, questions for training."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from api.auth import Principal
from api.playing import TOLD_MS, Players, Scenario, ToPlay
from api.ports import Held, Refused, RequiredDrill, UnknownDrill
from api.privacy import Masks
from api.sight import Sight
from rules.drill import Stage
from rules.mode import Mode
from rules.requests import AbortDrill, EndDrill, PersonCommand, ResumeDrill, StartDrill, SuspendDrill, TakeTheory
from rules.score import Line, Met, Part, Score
from rules.theory import Paper
from rules.timeline import Kind
from tests.api.fake_desk import START, FakeDesk

API = "/api/v1/drills"
WHO = {"by": "safety-officer", "role": "safety_officer"}
ID = "DRL-000001"
REPORT = f"{API}/{ID}/report"
LINE = Line("detect", {"en": "Detected", "zh": "发现"}, Part.START, Met.YES, 1.0, 1.0, took_ms=2_000)


@pytest.mark.parametrize(
    ("path", "body", "command"),
    [
        (
            "",
            {"site": "tower-a", "scenario": "fire-on-12f", "lasts_ms": 600_000, "onset_ms": 5_000},
            StartDrill(site="tower-a", scenario="fire-on-12f", lasts_ms=600_000, onset_ms=5_000, **WHO),
        ),
        (f"/{ID}/end", {"reason": "done"}, EndDrill(drill=ID, reason="done", **WHO)),
        (f"/{ID}/abort", {"reason": "crowd"}, AbortDrill(drill=ID, reason="crowd", **WHO)),
        (f"/{ID}/suspend", {"reason": "crowd"}, SuspendDrill(drill=ID, reason="crowd", **WHO)),
        (f"/{ID}/resume", {}, ResumeDrill(drill=ID, **WHO)),
        (
            f"/{ID}/theory",
            {"plan": "fire", "answers": {"a": 1}},
            TakeTheory(drill=ID, plan="fire", answers={"a": 1}, **WHO),
        ),
    ],
)
async def test_what_is_asked_for_reaches_the_desk(
    client: httpx.AsyncClient, desk: FakeDesk, path: str, body: dict[str, Any], command: PersonCommand
) -> None:
    desk.drilling()
    answer = await client.post(f"{API}{path}", json={**WHO, **body})
    assert answer.status_code == 200, answer.text
    assert desk.asked == [command]
    assert answer.json()["drill"]["mode"] == "exercise"
    assert "ETag" in answer.headers


async def test_a_refusal_is_a_conflict_with_its_reason(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    desk.refusal = Refused("real_alarm", "a real alarm is open: INC-000042")
    answer = await client.post(API, json={**WHO, "site": "tower-a", "scenario": "fire"})
    assert (answer.status_code, answer.json()["code"]) == (409, "real_alarm")
    assert "INC-000042" in answer.json()["detail"]


@pytest.mark.parametrize("body", [{"lasts_ms": 1}, {"scenario": ""}, {"onset_ms": -1}])
async def test_what_is_no_drill_is_refused_before_the_desk(
    client: httpx.AsyncClient, desk: FakeDesk, body: dict[str, Any]
) -> None:
    answer = await client.post(API, json={**WHO, "site": "tower-a", "scenario": "fire", **body})
    assert answer.status_code == 422
    assert desk.asked == []


async def test_drills_are_listed_by_how_they_stand(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    desk.drilling(stage=Stage.ABORTED, ended_at=START)
    desk.drilling()
    for query, found in (({}, 2), ({"open": "true"}, 1), ({"stage": "aborted"}, 1), ({"site": "tower-b"}, 0)):
        answer = await client.get(API, params=query)
        assert len(answer.json()["items"]) == found, query


async def test_a_drill_that_is_not_scored_has_no_score_yet(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    desk.drilling()
    answer = await client.get(f"{API}/{ID}/score")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_drill")
    desk.known_drills[ID].score = Score(1.0, 1.0, 100, 80, True, [LINE])
    assert (await client.get(f"{API}/{ID}/score")).json()["lines"][0]["took_ms"] == 2_000


@pytest.mark.parametrize(
    ("format", "media_type", "begins"),
    [
        ("html", "text/html; charset=utf-8", b"<!DOCTYPE html>"),
        ("pdf", "application/pdf", b"%PDF-"),
        ("markdown", "text/markdown; charset=utf-8", b"> **EXERCISE**"),
        ("json", "application/json", b"{"),
    ],
)
async def test_a_report_comes_in_the_format_that_was_asked_for(
    client: httpx.AsyncClient, desk: FakeDesk, format: str, media_type: str, begins: bytes
) -> None:
    desk.drilling(score=Score(1.0, 1.0, 100, 80, True, [LINE]))
    answer = await client.get(REPORT, params={"format": format, "lang": "en"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert answer.content.startswith(begins)
    assert f'inline; filename="{ID}-report-en.' in answer.headers["content-disposition"]
    assert "sandbox" in answer.headers["content-security-policy"]


async def test_a_report_has_the_drills_own_timeline_and_that_of_its_incidents(
    client: httpx.AsyncClient, desk: FakeDesk
) -> None:
    incident = desk.opened(mode=Mode.EXERCISE)
    desk.opened(id="INC-000002", mode=Mode.EXERCISE)
    desk.drilling(incidents=[incident.id])
    desk.write(None, Kind.DRILL, facts={"id": ID, "what": "started", "site": "tower-a"})
    answer = await client.get(REPORT, params={"format": "json", "lang": "zh", "download": "true"})
    assert answer.headers["content-disposition"].startswith("attachment")
    report = answer.json()
    assert (report["kind"], report["subject"], report["title"]) == ("drill", ID, "演练报告")
    (timeline,) = (each for each in report["sections"] if each["id"] == "timeline")
    assert {row[0]["text"] for row in timeline["blocks"][0]["rows"]} == {"", incident.id}


async def test_there_is_no_report_of_a_drill_that_is_not_known(client: httpx.AsyncClient) -> None:
    answer = await client.get(REPORT)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_drill")


async def test_the_calendar_says_what_was_held_and_what_is_due(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    held = [Held(ID, START, True)]
    desk.required_drills = [
        RequiredDrill("tower-a", "fire", {"en": "Fire"}, ["fire"], 1, START, False, START, ID, held),
        RequiredDrill("tower-b", "fire", {"en": "Fire"}, ["fire"], 1, START, True),
    ]
    answer = (await client.get(f"{API}/calendar", params={"year": 2026, "site": "tower-a"})).json()
    assert answer["year"] == 2026
    assert [(row["site"], row["overdue"], row["held"][0]["drill"]) for row in answer["items"]] == [
        ("tower-a", False, ID)
    ]


async def test_questions_come_without_their_answers(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    written = {"id": "q", "question": {"en": "What?"}, "choices": [{"en": "A"}, {"en": "B"}], "answer": 2}
    desk.papers = {"fire": Paper.model_validate({"plan": "fire", "questions": [written]})}
    (paper,) = (await client.get(f"{API}/theory")).json()["items"]
    assert paper["questions"] == [
        {"id": "q", "question": {"en": "What?"}, "choices": [{"en": "A"}, {"en": "B"}], "points": 1}
    ]


async def test_the_report_of_another_sites_drill_is_not_there(desk: FakeDesk) -> None:
    desk.drilling()
    sight = Sight(desk, Principal("east", sites=frozenset({"tower-b"})), Masks(b"k"), lambda about: None)  # type: ignore[arg-type]
    with pytest.raises(UnknownDrill):
        await sight.drill_facts(ID)


SCENARIO = {
    "name": "fire-on-12f",
    "site": "tower-a",
    "title": {"en": "A fire", "zh": "火灾"},
    "lasts_ms": 300_000,
    "hazards": ["fire"],
}


CAN_PLAY = {"player": "one", "scenarios": [SCENARIO]}


async def test_what_somebody_can_play_is_listed_and_handed_out_once_when_it_is_wanted(
    client: httpx.AsyncClient, desk: FakeDesk
) -> None:
    desk.drilling()
    assert (await client.get(f"{API}/scenarios")).json() == {"items": []}
    assert (await client.post(f"{API}/{ID}/play", json={})).json() == {"played": False}, "nobody can"
    assert (await client.post(f"{API}/scenarios", json=CAN_PLAY)).json() == {"items": []}
    assert (await client.get(f"{API}/scenarios")).json() == {"items": [SCENARIO]}
    assert (await client.post(f"{API}/{ID}/play", json={})).json() == {"played": True}
    told = [(await client.post(f"{API}/scenarios", json=CAN_PLAY)).json()["items"] for _ in range(2)]
    assert told == [[{"drill": ID, "site": "tower-a", "scenario": "fire-on-12f"}], []]


async def test_a_drill_that_is_over_is_not_played(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    desk.drilling(stage=Stage.ENDED)
    await client.post(f"{API}/scenarios", json=CAN_PLAY)
    assert (await client.post(f"{API}/{ID}/play", json={})).json() == {"played": False}


def test_what_has_not_been_said_for_a_while_counts_no_more() -> None:
    players, known = Players(), Scenario("fire", "a", {"en": "Fire"}, 60_000, ["fire"])
    players.told("one", [known], START)
    assert players.scenarios(START + TOLD_MS - 1) == [known]
    assert players.scenarios(START + TOLD_MS) == []
    assert not players.play(ToPlay("DRL-000001", "a", "fire"), START + TOLD_MS)


def test_a_player_that_leaves_takes_its_scenarios_along_and_leaves_those_of_others() -> None:
    players, fire, gas = Players(), *(Scenario(name, "a", {"en": name}, 60_000, []) for name in ("fire", "gas"))
    players.told("one", [fire], START)
    players.told("other", [gas], START)
    players.told("one", [], START)
    assert players.scenarios(START) == [gas]
