"""What every answer has, and what goes wrong properly."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from api.errors import VALUE_CHARACTERS_MAX, shown
from api.ports import Unavailable
from tests.api.fake_desk import FakeDesk

LIST = "/api/v1/incidents"


async def _problem(client: httpx.AsyncClient, path: str, status: int = 422) -> Any:
    answer = await client.get(path)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.json()


async def test_a_decent_request_id_comes_back(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{LIST}?surprise=1", headers={"X-Request-ID": "shift-7.a_B"})
    assert answer.headers["x-request-id"] == answer.json()["request_id"] == "shift-7.a_B"


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "<script>", "é"])
async def test_any_other_request_id_is_replaced(client: httpx.AsyncClient, given: str) -> None:
    answer = await client.get(LIST, headers=[(b"x-request-id", given.encode())])
    assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["x-request-id"])


async def test_answers_are_kept_out_of_caches_and_frames(client: httpx.AsyncClient) -> None:
    headers = (await client.get(LIST)).headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


async def test_long_answers_are_compressed(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    for _ in range(50):
        desk.opened()
    answer = await client.get(LIST, headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert len(answer.json()["items"]) == 50


async def test_an_unforeseen_fault_says_nothing_of_the_inside_and_is_logged(
    client: httpx.AsyncClient, desk: FakeDesk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.broken = RuntimeError("postgresql://tocsin:hunter2@store")
    problem = await _problem(client, LIST, 500)
    assert problem["code"] == "internal"
    assert "hunter2" not in str(problem)
    assert problem["request_id"] in caplog.text
    assert "hunter2" in caplog.text


async def test_a_core_that_cannot_answer_now_is_503_with_a_time_to_try_again(
    client: httpx.AsyncClient, desk: FakeDesk
) -> None:
    desk.broken = Unavailable("the store does not answer")
    answer = await client.get(LIST)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert (answer.json()["code"], answer.json()["detail"]) == ("unavailable", "the store does not answer")


async def test_a_path_that_is_none_is_not_found(client: httpx.AsyncClient) -> None:
    assert (await _problem(client, "/api/v1/incident", 404))["code"] == "not_found"


async def test_a_trailing_slash_is_another_path(client: httpx.AsyncClient) -> None:
    assert (await _problem(client, f"{LIST}/", 404))["code"] in ("not_found", "unknown_incident")


async def test_a_method_that_a_path_does_not_know_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.delete(LIST, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"], answer.headers["allow"]) == (405, "method_not_allowed", "GET")


@pytest.mark.parametrize(
    ("query", "field", "value"),
    [
        ("limit=0", "query.limit", "0"),
        ("limit=201", "query.limit", "201"),
        ("limit=many", "query.limit", "many"),
        ("level=1", "query.level", "1"),
        ("level=IV", "query.level", "IV"),
        ("phase=open", "query.phase", "open"),
        ("signal=fire", "query.signal", "fire"),
        ("mode=drill", "query.mode", "drill"),
        ("open=perhaps", "query.open", "perhaps"),
        ("since=yesterday", "query.since", "yesterday"),
        ("since=2026-11-24T05:00:00", "query.since", "2026-11-24T05:00:00"),
        ("since=10000-01-01T00:00:00Z", "query.since", "10000-01-01T00:00:00Z"),
        ("site=", "query.site", ""),
        ("site=a%00b", "query.site", "a\x00b"),
        ("cursor=nonsense", "query.cursor", "nonsense"),
        ("surprise=1", "query.surprise", "1"),
        ("limit=1&limit=2", "query.limit", "['1', '2']"),
    ],
)
async def test_a_query_that_is_not_right_is_refused_by_parameter_and_value(
    client: httpx.AsyncClient, query: str, field: str, value: str
) -> None:
    problem = await _problem(client, f"{LIST}?{query}")
    assert problem["code"] == "invalid_request"
    error = problem["errors"][0]
    assert (error["field"], error["value"]) == (field, value)
    assert error["expected"]
    assert field in problem["detail"]


async def test_a_span_that_ends_before_it_begins_is_refused(client: httpx.AsyncClient) -> None:
    problem = await _problem(client, f"{LIST}?since=2026-11-25T00:00:00Z&until=2026-11-24T00:00:00Z")
    assert problem["errors"][0]["expected"] == "since before until"


async def test_the_expectation_names_the_choices(client: httpx.AsyncClient) -> None:
    assert (await _problem(client, f"{LIST}?level=IV"))["errors"][0]["expected"] == "'I', 'II' or 'III'"


async def test_every_fault_is_named_at_once(client: httpx.AsyncClient) -> None:
    problem = await _problem(client, f"{LIST}?level=IV&limit=0")
    assert [error["field"] for error in problem["errors"]] == ["query.level", "query.limit"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        (True, True),
        (1.5, 1.5),
        (7, 7),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (2**60, str(2**60)),
        (["a"], "['a']"),
        ("x" * 300, "x" * (VALUE_CHARACTERS_MAX - 1) + "…"),
    ],
)
def test_offending_values_are_shown_so_that_every_reader_can_read_them(value: object, text: object) -> None:
    assert shown(value) == text
