"""What holds for every operation of the API, read off its own document and asked of it."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.requests import LIST_LIMIT_MAX
from tests.api.fake_desk import FakeDesk

UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

# POSTs that need no key: the same again is the same (a file is known by its hash, an end is an end), or nothing is
# changed, or what they answer is a secret that is told once and must not be kept for a second time.
WITHOUT_KEY = {
    "/api/v1/attachments": "known by its hash",
    "/api/v1/files/check": "changes nothing",
    "/api/v1/rules/dry-run": "changes nothing",
    "/api/v1/audit/verify": "changes nothing",
    "/api/v1/devices/{site}/{name}/events/unmask": "reads, on the record each time",
    "/api/v1/drills/scenarios": "nothing of it is kept",
    "/api/v1/drills/{drill}/play": "is handed out once",
    "/api/v1/login/token": "answers a secret",
    "/api/v1/login/revoke": "an end is an end",
    "/api/v1/login/setup": "works once",
    "/api/v1/me/password": "wants the one before",
    "/api/v1/users": "a name is taken once",
    "/api/v1/users/{user}/password": "the same again is the same",
    "/api/v1/users/{user}/sign-out": "an end is an end",
    "/api/v1/tokens": "answers a secret",
    "/api/v1/tokens/{token}/revoke": "an end is an end",
}


def operations(app: FastAPI, method: str) -> dict[str, dict[str, Any]]:
    """Path → operation."""
    paths = app.openapi()["paths"]
    return {path: operations[method] for path, operations in paths.items() if method in operations}


def parameters(operation: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["name"].lower(): each for each in operation.get("parameters", [])}


def test_every_post_takes_an_idempotency_key_or_says_why_it_needs_none(shared_app: FastAPI) -> None:
    without = {
        path for path, each in operations(shared_app, "post").items() if "idempotency-key" not in parameters(each)
    }
    assert without <= WITHOUT_KEY.keys()


def test_every_list_has_a_cursor_and_a_limit_with_an_end(shared_app: FastAPI) -> None:
    for path, operation in operations(shared_app, "get").items():
        known = parameters(operation)
        if "cursor" in known:
            assert known["limit"]["schema"]["maximum"] <= 1_000, path
            assert known["limit"]["schema"]["default"] <= LIST_LIMIT_MAX, path


@pytest.mark.parametrize(
    "path", ["incidents", "orders", "actions", "shelves", "handovers", "devices", "dead-letters", "inbox"]
)
async def test_a_page_that_is_too_long_and_a_cursor_that_is_none_are_refused(
    client: httpx.AsyncClient, path: str
) -> None:
    long = await client.get(f"/api/v1/{path}", params={"limit": LIST_LIMIT_MAX + 1})
    assert (long.status_code, long.json()["code"]) == (422, "invalid_request")
    bad = await client.get(f"/api/v1/{path}", params={"cursor": "no cursor"})
    assert (bad.status_code, bad.headers["content-type"]) == (422, "application/problem+json")


async def test_long_answers_are_compressed_for_those_who_can_and_have_an_id(
    client: httpx.AsyncClient, desk: FakeDesk
) -> None:
    for _ in range(20):
        desk.opened()
    packed = await client.get("/api/v1/incidents", headers={"Accept-Encoding": "gzip"})
    plain = await client.get("/api/v1/incidents", headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.json() == plain.json()
    assert int(packed.headers["content-length"]) < len(plain.content) / 5
    assert packed.headers["x-request-id"] != plain.headers["x-request-id"]


async def test_instants_are_utc_in_every_list(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    desk.opened()
    desk.ordered()
    for path in ("incidents", "incidents?view=summary", "orders"):
        (item,) = (await client.get(f"/api/v1/{path}")).json()["items"]
        instants = [value for name, value in item.items() if name.endswith("_at") and value is not None]
        assert instants
        assert all(UTC.fullmatch(instant) for instant in instants)
