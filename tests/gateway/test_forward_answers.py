"""What InfluxDB's answers mean: texts as its versions 1.6, 1.8, 2.7 and 3 word them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.forward.hint import hint
from gateway.forward.server import Away, Conflict, Denied, Partly, Refused, meaning

NOW = 1_795_500_000_000
CONFLICT = (
    'field type conflict: input field \\"smoke\\" on measurement \\"tocsin_readings\\" is type float,'
    " already exists as type string dropped=3"
)


def _meaning(status: int, body: str = "", **headers: str) -> Any:
    return meaning(status, body, {name.replace("_", "-"): value for name, value in headers.items()}, NOW)


@pytest.mark.parametrize(
    "body",
    [
        f'{{"error":"partial write: {CONFLICT}"}}',
        f'{{"code":"invalid","message":"failure writing points to database: partial write: {CONFLICT}"}}',
    ],
)
def test_a_type_conflict_says_which_field_and_how_many_points(body: str) -> None:
    found = _meaning(400, body)
    assert isinstance(found, Partly)
    assert (found.dropped, found.reason) == (3, "type conflict")
    assert found.conflict == Conflict("tocsin_readings", "smoke", "string")


def test_what_is_older_than_the_bucket_keeps_is_a_partial_write() -> None:
    found = _meaning(400, '{"error":"partial write: points beyond retention policy dropped=2"}')
    assert found[:2] == (2, "beyond retention")


def test_version_3_lists_the_lines_it_has_rejected() -> None:
    rejected = [{"original_line": "…", "line_number": n, "error_message": "invalid column type"} for n in (2, 5)]
    found = _meaning(400, json.dumps({"error": "partial write of line protocol occurred", "data": rejected}))
    assert found[:2] == (2, "not understood")
    assert "invalid column type" in found.detail


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, '{"error":"unable to parse \'x\': missing fields"}', "not understood"),
        (400, '{"error":"partial write: unable to parse \'x\': missing field value dropped=0"}', "not understood"),
        (413, "<html><h1>413 Request Entity Too Large</h1></html>", "too large"),
        (422, '{"code":"unprocessable entity","message":"outside the retention period"}', "beyond retention"),
    ],
)
def test_of_some_refusals_it_must_be_found_out_which_line_is_at_fault(status: int, body: str, reason: str) -> None:
    found = _meaning(status, body)
    assert isinstance(found, Refused)
    assert found.reason == reason


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, '{"code":"unauthorized","message":"unauthorized access"}', "does not accept the token"),
        (403, '{"code":"forbidden","message":"insufficient permissions"}', "may not write to the bucket"),
        (404, '{"error":"database not found: \\"x\\""}', "no such bucket"),
        (400, '{"code":"invalid","message":"org or orgID is required"}', "refuses what it is sent"),
        (405, "", "refuses what it is sent"),
    ],
)
def test_what_somebody_has_to_set_right_is_no_fault_of_the_points(status: int, body: str, words: str) -> None:
    found = _meaning(status, body)
    assert isinstance(found, Denied)
    assert words in found.detail


def test_a_server_that_asks_to_wait_is_waited_for_and_not_for_ever() -> None:
    assert _meaning(429, "", Retry_After="7") == Away("429", 7.0)
    assert _meaning(503, "", Retry_After="Tue, 24 Nov 2026 06:00:30 GMT").after_seconds == 30.0
    assert _meaning(503, "", Retry_After="100000").after_seconds == 600.0
    assert _meaning(503, "", Retry_After="soon").after_seconds is None
    assert isinstance(_meaning(500, '{"error":"timeout"}'), Away)
    assert isinstance(_meaning(502, "<html>Bad Gateway</html>"), Away)


def test_a_url_is_shown_without_what_may_be_secret() -> None:
    assert hint("http://somebody:word@host:8086/path?token=x") == "http://host:8086/path"
