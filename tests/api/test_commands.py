"""What people do with an incident."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from api.settings import ApiSettings
from rules.timeline import Kind
from tests.api.conftest import TOKEN, Client
from tests.api.fake_desk import FakeDesk

INCIDENT = "/api/v1/incidents/INC-000001"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(autouse=True)
def an_incident(desk: FakeDesk) -> None:
    desk.opened()


def _faults(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [error["field"] for error in answer.json()["errors"]]


async def test_acknowledging_answers_with_the_incident_and_its_new_entries(client: httpx.AsyncClient) -> None:
    answer = await client.post(f"{INCIDENT}/acknowledge", json={"by": "duty.officer", "note": "on my way"})
    done = answer.json()
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    assert (done["incident"]["phase"], done["incident"]["acknowledged_by"]) == ("responding", "duty.officer")
    assert [entry["text"] for entry in done["entries"]] == ["Acknowledged by duty.officer: on my way"]
    assert done["repeated"] is False


async def test_answers_speak_the_language_asked_for(client: httpx.AsyncClient) -> None:
    answer = await client.post(f"{INCIDENT}/acknowledge?lang=zh", json={"by": "duty.officer", "note": "马上到"})
    assert answer.json()["entries"][0]["text"] == "duty.officer 已接警：马上到"
    assert answer.headers["content-language"] == "zh"


async def test_a_note_goes_onto_the_timeline_as_it_was_written(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    await client.post(f"{INCIDENT}/notes", json={"text": "  a pan,\r\nno flames 👩‍🚒\n"})
    assert desk.entries[-1].facts == {"text": "a pan,\nno flames 👩‍🚒"}


async def test_resolving_closes_with_finding_and_cause(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    desk.known["INC-000001"].evidence = []
    answer = await client.post(f"{INCIDENT}/resolve", json={"finding": "false_alarm", "cause": "a burnt pan"})
    incident = answer.json()["incident"]
    assert (incident["phase"], incident["finding"], incident["cause"]) == ("closed", "false_alarm", "a burnt pan")


async def test_a_refusal_says_why_with_a_stable_code(client: httpx.AsyncClient) -> None:
    answer = await client.post(f"{INCIDENT}/resolve", json={"finding": "real", "cause": "a fire"})
    problem = answer.json()
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["code"] == "sources_not_normal"
    assert problem["detail"] == "still holds: smoke-high at tower-a/sd-1203"


@pytest.mark.parametrize(
    ("command", "body"),
    [("acknowledge", {}), ("notes", {"text": "x"}), ("resolve", {"finding": "real", "cause": "x"})],
)
@pytest.mark.parametrize("incident", ["INC-000099", "nothing"])
async def test_a_command_to_an_unknown_incident_is_not_found(
    client: httpx.AsyncClient, command: str, body: dict[str, str], incident: str
) -> None:
    answer = await client.post(f"/api/v1/incidents/{incident}/{command}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_incident")


# ---- who acts


async def test_at_this_machine_a_person_may_say_who_they_are(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    await client.post(f"{INCIDENT}/notes", json={"by": "值班员", "text": "x"})
    await client.post(f"{INCIDENT}/notes", json={"text": "x"})
    assert [entry.by for entry in desk.entries[1:]] == ["值班员", "local"]


async def test_the_name_of_a_token_prevails(client_for: Client, desk: FakeDesk, guarded: ApiSettings) -> None:
    await client_for(guarded).post(f"{INCIDENT}/notes", json={"by": "the mayor", "text": "x"}, headers=BEARER)
    assert desk.entries[-1].by == "duty.officer"


# ---- once and no more


async def test_the_same_key_again_does_nothing_again(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    first, second = [
        await client.post(f"{INCIDENT}/notes", json={"text": "once"}, headers={"Idempotency-Key": "7f3a"})
        for _ in range(2)
    ]
    assert (first.json()["repeated"], second.json()["repeated"]) == (False, True)
    assert first.json()["entries"] == second.json()["entries"]
    assert [entry.kind for entry in desk.entries] == [Kind.OPENED, Kind.NOTED]


async def test_the_same_key_for_something_else_is_refused(client: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "7f3a"}
    await client.post(f"{INCIDENT}/notes", json={"text": "one"}, headers=key)
    answer = await client.post(f"{INCIDENT}/notes", json={"text": "two"}, headers=key)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


async def test_two_people_may_choose_the_same_key(client_for: Client, desk: FakeDesk) -> None:
    tokens = {"duty.officer": TOKEN, "engineering-lead": TOKEN[::-1]}
    client = client_for(ApiSettings.model_validate({"tokens": tokens}))
    for token in tokens.values():
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "1"}
        await client.post(f"{INCIDENT}/notes", json={"text": "seen"}, headers=headers)
    assert [entry.by for entry in desk.entries[1:]] == ["duty.officer", "engineering-lead"]


@pytest.mark.parametrize("key", ["", "a b", "k" * 129, "ключ"])
async def test_a_key_that_is_none_is_refused(client: httpx.AsyncClient, key: str) -> None:
    headers = [(b"idempotency-key", key.encode())]
    assert _faults(await client.post(f"{INCIDENT}/notes", json={"text": "x"}, headers=headers)) == [
        "header.idempotency-key"
    ]


# ---- only as the incident stands


async def test_a_command_bound_to_a_revision_fails_once_the_incident_has_changed(client: httpx.AsyncClient) -> None:
    tag = (await client.get(INCIDENT)).headers["etag"]
    await client.post(f"{INCIDENT}/notes", json={"text": "meanwhile"})
    answer = await client.post(f"{INCIDENT}/acknowledge", json={}, headers={"If-Match": tag})
    assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")


async def test_a_command_bound_to_the_present_revision_is_carried_out(client: httpx.AsyncClient) -> None:
    tag = (await client.get(INCIDENT)).headers["etag"]
    assert (await client.post(f"{INCIDENT}/acknowledge", json={}, headers={"If-Match": tag})).status_code == 200


async def test_a_repetition_is_answered_although_it_has_itself_changed_the_incident(client: httpx.AsyncClient) -> None:
    headers = {"If-Match": '"1"', "Idempotency-Key": "7f3a"}
    answers = [await client.post(f"{INCIDENT}/acknowledge", json={}, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]


@pytest.mark.parametrize(
    ("tag", "status"), [("*", 200), ('W/"1"', 412), ("1", 412), ('"x"', 412), ('"99999999999999999999"', 412)]
)
async def test_tags_compare_strongly(client: httpx.AsyncClient, tag: str, status: int) -> None:
    answer = await client.post(f"{INCIDENT}/notes", json={"text": "x"}, headers={"If-Match": tag})
    assert answer.status_code == status


async def test_a_list_of_tags_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post(f"{INCIDENT}/notes", json={"text": "x"}, headers={"If-Match": '"1", "2"'})
    assert _faults(answer) == ["header.if-match"]


# ---- bodies


@pytest.mark.parametrize(
    ("command", "body", "field"),
    [
        ("notes", {}, "body.text"),
        ("notes", {"text": ""}, "body.text"),
        ("notes", {"text": " \n"}, "body.text"),
        ("notes", {"text": "x" * 4_001}, "body.text"),
        ("notes", {"text": 7}, "body.text"),
        ("notes", {"text": None}, "body.text"),
        ("notes", {"text": "bell \x07"}, "body.text"),
        ("notes", {"text": "safe \u202egnirts"}, "body.text"),
        ("notes", {"text": "x", "by": ""}, "body.by"),
        ("notes", {"text": "x", "by": "b" * 65}, "body.by"),
        ("notes", {"text": "x", "by": "two\nlines"}, "body.by"),
        ("notes", {"text": "x", "colour": "red"}, "body.colour"),
        ("acknowledge", {"note": "x" * 4_001}, "body.note"),
        ("resolve", {"cause": "x"}, "body.finding"),
        ("resolve", {"finding": "true", "cause": "x"}, "body.finding"),
        ("resolve", {"finding": "real", "cause": ""}, "body.cause"),
        ("notes", [], "body"),
        ("notes", "text", "body"),
    ],
)
async def test_a_body_that_is_not_right_is_refused_by_the_field(
    client: httpx.AsyncClient, desk: FakeDesk, command: str, body: Any, field: str
) -> None:
    assert _faults(await client.post(f"{INCIDENT}/{command}", json=body)) == [field]
    assert len(desk.entries) == 1


async def test_the_longest_text_fits_however_it_is_escaped(client: httpx.AsyncClient) -> None:
    emergency = "\U0001f525" * 4_000
    body = {"finding": "real", "cause": emergency, "note": emergency}
    answer = await client.post(f"{INCIDENT}/acknowledge", json={"note": emergency})
    assert answer.status_code == 200
    assert (await client.post(f"{INCIDENT}/resolve", json=body)).status_code == 409


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"text":"\\ud800"}', b'{"text":NaN}'])
async def test_a_body_that_is_hardly_json_is_refused(client: httpx.AsyncClient, desk: FakeDesk, content: bytes) -> None:
    answer = await client.post(
        f"{INCIDENT}/notes", content=content, headers={"Content-Type": "application/json; charset=utf-8"}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert len(desk.entries) == 1
