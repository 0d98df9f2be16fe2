"""Corrective actions, shelves and shift handovers."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from api.ports import Refused
from rules.requests import (
    ActionDone,
    EndShelf,
    FillHandover,
    NoteHandover,
    PersonCommand,
    PutOnShelf,
    RecheckAction,
    SignHandover,
)
from tests.api.fake_desk import START, FakeDesk

API = "/api/v1"
WHO = {"by": "duty.officer", "role": "duty_officer"}


@pytest.fixture(autouse=True)
def one_of_each(desk: FakeDesk) -> None:
    desk.to_correct()
    desk.shelved()
    desk.handing_over()


async def _ids(client: httpx.AsyncClient, path: str, **params: Any) -> list[str]:
    answer = await client.get(f"{API}{path}", params=params)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


@pytest.mark.parametrize(
    ("path", "body", "command"),
    [
        ("/actions/CA-000001/done", {"note": "ok"}, ActionDone(action="CA-000001", note="ok", **WHO)),
        ("/actions/CA-000001/recheck", {"ok": False}, RecheckAction(action="CA-000001", ok=False, **WHO)),
        (
            "/shelves",
            {"reason": "welding", "device": "tower-a/sd-1", "duration_ms": 60_000, "second": "engineer"},
            PutOnShelf(reason="welding", device="tower-a/sd-1", duration_ms=60_000, second="engineer", **WHO),
        ),
        (
            "/shelves",
            {"reason": "repair", "zone": "tower-a/B1", "rule": "leak", "one_shot": True, "maintenance": True},
            PutOnShelf(
                reason="repair",
                duration_ms=0,
                zone="tower-a/B1",
                rule="leak",
                one_shot=True,
                maintenance=True,
                **WHO,
            ),
        ),
        ("/shelves/SH-000001/end", {"reason": "done"}, EndShelf(shelf="SH-000001", reason="done", **WHO)),
        (
            "/handovers",
            {"site": "tower-a", "incoming": "engineer"},
            FillHandover(site="tower-a", incoming="engineer", **WHO),
        ),
        ("/handovers/HO-000001/notes", {"text": "key"}, NoteHandover(handover="HO-000001", text="key", **WHO)),
        ("/handovers/HO-000001/sign", {}, SignHandover(handover="HO-000001", **WHO)),
    ],
)
async def test_what_is_asked_for_reaches_the_desk_as_it_was_said(
    client: httpx.AsyncClient, desk: FakeDesk, path: str, body: dict[str, Any], command: PersonCommand
) -> None:
    answer = await client.post(f"{API}{path}", json=WHO | body)
    assert answer.status_code == 200, answer.text
    assert desk.asked == [command]
    assert ("etag" in answer.headers) is ("/shelves" not in path)


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/actions/CA-000001/recheck", {}, "body.ok"),
        ("/actions/CA-000001/recheck", {"ok": "perhaps"}, "body.ok"),
        ("/shelves", {"reason": "x", "duration_ms": 1}, "body"),
        ("/shelves", {"device": "d", "duration_ms": 1}, "body.reason"),
        ("/shelves", {"reason": "x", "device": "d", "duration_ms": -1}, "body.duration_ms"),
        ("/shelves", {"reason": "x", "device": "d", "duration_ms": 10**12}, "body.duration_ms"),
        ("/handovers", {"site": "tower-a"}, "body.incoming"),
        ("/handovers", {"site": "tower-a", "incoming": "w", "silent_devices": []}, "body.silent_devices"),
        ("/handovers/HO-000001/notes", {"text": " "}, "body.text"),
    ],
)
async def test_what_is_not_said_right_is_refused_by_the_field(
    client: httpx.AsyncClient, desk: FakeDesk, path: str, body: dict[str, Any], field: str
) -> None:
    answer = await client.post(f"{API}{path}", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == field
    assert desk.asked == []


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/actions/CA-000001/recheck", {"ok": True}, "same_person"),
        ("/shelves", {"reason": "x", "device": "d", "duration_ms": 1}, "second_person_missing"),
        ("/shelves", {"reason": "x", "device": "d", "duration_ms": 1}, "unknown_device"),
        ("/handovers/HO-000001/sign", {}, "no_owner"),
    ],
)
async def test_the_refusals_of_the_engine_leave_with_their_own_code(
    client: httpx.AsyncClient, desk: FakeDesk, path: str, body: dict[str, Any], code: str
) -> None:
    desk.refusal = Refused(code, "because")
    answer = await client.post(f"{API}{path}", json=body)
    assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (409, code, "because")


async def test_corrective_actions_are_filtered(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    desk.to_correct(incident="INC-000002", owner="chen", overdue=True, rechecked_at=START)
    assert await _ids(client, "/actions") == ["CA-000002", "CA-000001"]
    for name, value in {"incident": "INC-000002", "owner": "chen", "overdue": "true", "open": "false"}.items():
        assert await _ids(client, "/actions", **{name: value}) == ["CA-000002"]


async def test_shelves_in_force_are_told_from_those_that_have_ended(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    desk.shelved(ended_at=START, rule="leak")
    assert await _ids(client, "/shelves", open="true") == ["SH-000001"]
    assert await _ids(client, "/shelves", open="false") == ["SH-000002"]
    assert await _ids(client, "/shelves", rule="leak") == ["SH-000002"]


async def test_handovers_are_filtered_by_site_and_signatures(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    desk.handing_over(site="tower-b", signed_by_outgoing_at=START, signed_by_incoming_at=START)
    assert await _ids(client, "/handovers", site="tower-b") == ["HO-000002"]
    assert await _ids(client, "/handovers", done="false") == ["HO-000001"]


@pytest.mark.parametrize("path", ["/actions/CA-000001", "/handovers/HO-000001"])
async def test_the_etag_is_the_revision(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(f"{API}{path}")
    assert answer.headers["etag"] == f'"{answer.json()["revision"]}"'
