"""Work orders and the files that belong to them."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.types import Message

from api.attachments import UPLOADS_AT_ONCE_MAX, Uploads
from api.errors import ProblemRaised
from api.file_forms import FILE_BYTES_MAX
from api.paths import FILES as FILES_PATH
from api.ports import Refused
from rules.mode import Mode
from rules.order import Attachment, Node, OrderKind, OrderStep
from rules.requests import AdvanceOrder, AssignOrder, HandOverOrder, OpenOrder, PersonCommand
from tests.api.conftest import Client
from tests.api.fake_desk import FakeDesk
from tests.api.plans import PNG

ORDERS = "/api/v1/orders"
ORDER = f"{ORDERS}/WO-000001"
OPEN = {"asset": "tower-a/sd-8", "fault": "loose", "summary": "refit it"}
HASH = hashlib.sha256(PNG).hexdigest()


async def _ids(client: httpx.AsyncClient, **params: Any) -> list[str]:
    answer = await client.get(ORDERS, params=params)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def _sent(
    client: httpx.AsyncClient, content: Any = PNG, type: str = "image/png", **params: str
) -> httpx.Response:
    params = params or {"name": "a.png"}
    return await client.post(FILES_PATH, params=params, content=content, headers={"Content-Type": type})


# ---- orders


@pytest.mark.parametrize(
    ("name", "value", "fields"),
    [
        ("site", "tower-b", {"site": "tower-b"}),
        ("zone", "tower-a/B1", {"zone": "tower-a/B1"}),
        ("asset", "tower-a/lift-1", {"asset": "tower-a/lift-1"}),
        ("node", "surveyed", {"node": Node.SURVEYED}),
        ("kind", "preventive", {"kind": OrderKind.PREVENTIVE}),
        ("mode", "exercise", {"mode": Mode.EXERCISE}),
        ("open", "false", {"node": Node.VERIFIED}),
        ("overdue", "true", {"overdue": True}),
        ("assignee", "engineering-lead", {"assignee": "engineering-lead"}),
        ("role", "lift_engineer", {"role": "lift_engineer"}),
    ],
)
async def test_orders_are_filtered(
    client: httpx.AsyncClient, desk: FakeDesk, name: str, value: str, fields: dict[str, Any]
) -> None:
    desk.ordered()
    wanted = desk.ordered(**fields)
    assert await _ids(client, **{name: value}) == [wanted.id]


async def test_orders_come_newest_first_and_page_by_page(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    for _ in range(3):
        desk.ordered()
    assert await _ids(client, limit=2) == ["WO-000003", "WO-000002"]
    assert await _ids(client, limit=2, cursor="2") == ["WO-000001"]
    assert (await client.get(ORDERS, params={"cursor": "x"})).json()["errors"][0]["field"] == "query.cursor"


async def test_the_etag_of_an_order_is_its_revision(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    desk.ordered(revision=4)
    answer = await client.get(ORDER)
    assert (answer.headers["etag"], answer.json()["node"], answer.json()["open"]) == ('"4"', "open", True)
    stale = await client.post(f"{ORDER}/assign", json={"to": "engineer"}, headers={"If-Match": '"3"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")


@pytest.mark.parametrize(
    ("path", "body", "command"),
    [
        ("", OPEN, OpenOrder(by="li", role="guard", **OPEN)),
        (
            "",
            OPEN | {"kind": "emergency", "incident": "INC-000042", "for_role": "lift_engineer"},
            OpenOrder(
                by="li",
                role="guard",
                kind=OrderKind.EMERGENCY,
                incident="INC-000042",
                for_role="lift_engineer",
                **OPEN,
            ),
        ),
        (
            "/WO-000001/steps",
            {"step": "verify", "reason": "seen", "note": "ok"},
            AdvanceOrder(order="WO-000001", by="li", role="guard", step=OrderStep.VERIFY, reason="seen", note="ok"),
        ),
        ("/WO-000001/assign", {"to": "engineer"}, AssignOrder(order="WO-000001", by="li", role="guard", to="engineer")),
        (
            "/WO-000001/hand-over",
            {"to": "Lift Repair", "reason": "the maker's part"},
            HandOverOrder(order="WO-000001", by="li", role="guard", to="Lift Repair", reason="the maker's part"),
        ),
    ],
)
async def test_what_is_done_with_an_order_reaches_the_desk_as_it_was_said(
    client: httpx.AsyncClient, desk: FakeDesk, path: str, body: dict[str, Any], command: PersonCommand
) -> None:
    desk.ordered()
    answer = await client.post(f"{ORDERS}{path}", json={"by": "li", "role": "guard"} | body)
    assert answer.status_code == 200, answer.text
    assert desk.asked == [command]
    assert answer.headers["etag"] == f'"{answer.json()["order"]["revision"]}"'
    assert len(answer.json()["entries"]) == 1


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("", OPEN | {"asset": "a\x00b"}, "body.asset"),
        ("", OPEN | {"fault": "two\nlines"}, "body.fault"),
        ("", OPEN | {"summary": "x" * 501}, "body.summary"),
        ("", OPEN | {"kind": "urgent"}, "body.kind"),
        ("", OPEN | {"incident": "42"}, "body.incident"),
        ("/WO-000001/steps", {"step": "mend"}, "body.step"),
        ("/WO-000001/steps", {"step": "repair", "normal_at": 1}, "body.normal_at"),
        (
            "/WO-000001/steps",
            {"step": "repair", "attachments": [{"name": "a", "sha256": "x"}]},
            "body.attachments.0.sha256",
        ),
        (
            "/WO-000001/steps",
            {"step": "repair", "attachments": [{"name": "../a", "sha256": HASH}]},
            "body.attachments.0.name",
        ),
        (
            "/WO-000001/steps",
            {"step": "repair", "attachments": [{"name": "a", "sha256": HASH}] * 21},
            "body.attachments",
        ),
        ("/WO-000001/hand-over", {"to": "Lift Repair"}, "body.reason"),
    ],
)  # fmt: skip
async def test_an_order_that_is_not_said_right_is_refused_by_the_field(
    client: httpx.AsyncClient, desk: FakeDesk, path: str, body: dict[str, Any], field: str
) -> None:
    desk.ordered()
    answer = await client.post(f"{ORDERS}{path}", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == field
    assert desk.asked == []


@pytest.mark.parametrize("code", ["unknown_asset", "unknown_incident", "unknown_order"])
async def test_what_a_body_names_and_is_not_there_is_a_conflict(
    client: httpx.AsyncClient, desk: FakeDesk, code: str
) -> None:
    desk.refusal = Refused(code, "there is none")
    answer = await client.post(ORDERS, json=OPEN)
    assert (answer.status_code, answer.json()["code"]) == (409, code)


async def test_a_repetition_by_key_answers_with_the_same_order(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    first, again = [
        (await client.post(ORDERS, json=OPEN, headers={"Idempotency-Key": "7f3a"})).json() for _ in range(2)
    ]
    assert (first["repeated"], again["repeated"], again["order"]) == (False, True, first["order"])
    assert len(desk.known_orders) == 1


# ---- files


async def test_a_file_is_kept_by_the_hash_of_what_is_in_it(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    kept = (await _sent(client, name="烟感.png")).json()
    assert kept == {"name": "烟感.png", "sha256": HASH, "bytes": len(PNG), "media_type": "image/png"}
    assert (await _sent(client, name="again.png")).json() == kept
    assert len(desk.files) == 1


async def test_a_file_comes_back_as_it_was_sent_to_be_saved_and_not_shown(client: httpx.AsyncClient) -> None:
    await _sent(client, name="烟感 1.png")
    answer = await client.get(f"{FILES_PATH}/{HASH}")
    assert (answer.content, answer.headers["content-type"], answer.headers["etag"]) == (PNG, "image/png", f'"{HASH}"')
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''%E7%83%9F%E6%84%9F%201.png"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_step_names_the_files_that_were_sent(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    desk.ordered()
    await _sent(client)
    body = {"step": "repair", "attachments": [{"name": "after.png", "sha256": HASH}]}
    await client.post(f"{ORDER}/steps", json=body)
    command = desk.asked[0]
    assert isinstance(command, AdvanceOrder)
    assert command.attachments == [Attachment("after.png", HASH, len(PNG), "image/png")]


async def test_a_step_cannot_name_a_file_that_was_never_sent(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    desk.ordered()
    body = {"step": "repair", "attachments": [{"name": "after.png", "sha256": HASH}]}
    answer = await client.post(f"{ORDER}/steps", json=body)
    assert answer.json()["errors"][0]["field"] == "body.attachments.0.sha256"
    assert desk.asked == []


@pytest.mark.parametrize(
    ("type", "content"),
    [
        ("image/jpeg", b"\xff\xd8\xff\xe0" + bytes(9)),
        ("image/PNG; x=y", PNG),
        ("application/pdf", b"%PDF-1.7\n"),
        ("image/webp", b"RIFF\0\0\0\0WEBPVP8 "),
        ("image/heic", b"\0\0\0\x18ftypheic"),
        ("video/mp4", b"\0\0\0\x18ftypmp42"),
    ],
)
async def test_photos_papers_and_short_films_are_taken(client: httpx.AsyncClient, type: str, content: bytes) -> None:
    assert (await _sent(client, content, type)).status_code == 200


@pytest.mark.parametrize(
    "type", ["text/html", "text/plain", "image/svg+xml", "application/json", "multipart/form-data", ""]
)
async def test_other_types_of_file_are_not_taken(client: httpx.AsyncClient, desk: FakeDesk, type: str) -> None:
    answer = await _sent(client, b"<script>", type)
    assert (answer.status_code, answer.json()["code"]) == (415, "file_type_not_taken")
    assert desk.files == {}


@pytest.mark.parametrize("content", [b"", b"<html>", PNG[1:]])
async def test_a_file_that_is_not_what_it_says_is_refused(
    client: httpx.AsyncClient, desk: FakeDesk, content: bytes
) -> None:
    answer = await _sent(client, content)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body")
    assert desk.files == {}


@pytest.mark.parametrize("name", ["", "../a.png", "a\\b.png", ".hidden", "a\x00.png", "n" * 121, "a\nb"])
async def test_the_name_of_a_file_is_no_path(client: httpx.AsyncClient, desk: FakeDesk, name: str) -> None:
    answer = await _sent(client, name=name)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "query.name")
    assert desk.files == {}


async def test_the_largest_file_is_taken_and_a_larger_one_is_not(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    largest = PNG + bytes(FILE_BYTES_MAX - len(PNG))
    assert (await _sent(client, largest)).status_code == 200

    async def one_more() -> AsyncIterator[bytes]:
        yield largest
        yield b"x"

    for content in (largest + b"x", one_more()):
        answer = await _sent(client, content)
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert len(desk.files) == 1


@pytest.mark.parametrize("hash", ["0" * 64, "0" * 63, HASH.upper(), "..%2F..%2Fjournal.sqlite", "x"])
async def test_a_hash_that_is_none_finds_nothing(client: httpx.AsyncClient, hash: str) -> None:
    answer = await client.get(f"{FILES_PATH}/{hash}")
    assert (answer.status_code, answer.json()["code"] in ("unknown_attachment", "not_found")) == (404, True)


async def test_without_a_token_no_page_of_another_site_sends_a_file(client_for: Client) -> None:
    headers = {"Content-Type": "image/png", "Origin": "https://evil.example"}
    answer = await client_for().post(FILES_PATH, params={"name": "a.png"}, content=PNG, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")


def _request(arrives: asyncio.Event) -> Request:
    async def receive() -> Message:
        await arrives.wait()
        return {"type": "http.request", "body": PNG, "more_body": False}

    return Request({"type": "http", "method": "POST", "path": FILES_PATH, "headers": []}, receive)


async def test_no_more_files_than_memory_is_for_are_on_their_way_at_once() -> None:
    uploads, arrives = Uploads(), asyncio.Event()
    under_way = [asyncio.create_task(uploads.content(_request(arrives))) for _ in range(UPLOADS_AT_ONCE_MAX)]
    await asyncio.sleep(0)
    with pytest.raises(ProblemRaised) as refused:
        await uploads.content(_request(arrives))
    assert (refused.value.code.value, refused.value.status_code) == ("too_many_uploads", 503)
    arrives.set()
    assert await asyncio.gather(*under_way) == [PNG] * UPLOADS_AT_ONCE_MAX
    assert await uploads.content(_request(arrives)) == PNG


async def test_a_file_that_does_not_come_makes_room_for_others() -> None:
    uploads = Uploads(seconds_max=0.01)
    with pytest.raises(ProblemRaised) as refused:
        await uploads.content(_request(asyncio.Event()))
    assert (refused.value.code.value, refused.value.status_code) == ("body_too_slow", 408)
    assert uploads.under_way == 0
