"""The document that clients are made from, held against what the API does."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest

from api.app import make_app
from api.documented import EXAMPLES
from api.schemas import Wire
from rules.explain import Line
from rules.order import Attachment
from rules.score import Score
from tests.api.fake_desk import FakeDesk, device
from tests.api.plans import PNG, plan

DOCUMENT: dict[str, Any] = make_app(FakeDesk()).openapi()
PATHS = {
    "/api/v1/incidents",
    "/api/v1/incidents/{incident}",
    "/api/v1/incidents/{incident}/timeline",
    "/api/v1/incidents/{incident}/stream",
    "/api/v1/incidents/{incident}/acknowledge",
    "/api/v1/incidents/{incident}/notes",
    "/api/v1/incidents/{incident}/confirm",
    "/api/v1/incidents/{incident}/level",
    "/api/v1/incidents/{incident}/assign",
    "/api/v1/incidents/{incident}/respond",
    "/api/v1/incidents/{incident}/tasks/{step}/complete",
    "/api/v1/incidents/{incident}/tasks/{step}/skip",
    "/api/v1/incidents/{incident}/commands",
    "/api/v1/incidents/{incident}/resolve",
    "/api/v1/incidents/{incident}/review",
    "/api/v1/orders",
    "/api/v1/orders/{order}",
    "/api/v1/orders/{order}/steps",
    "/api/v1/orders/{order}/assign",
    "/api/v1/orders/{order}/hand-over",
    "/api/v1/attachments",
    "/api/v1/attachments/{sha256}",
    "/api/v1/actions",
    "/api/v1/actions/{action}",
    "/api/v1/actions/{action}/done",
    "/api/v1/actions/{action}/recheck",
    "/api/v1/shelves",
    "/api/v1/shelves/{shelf}",
    "/api/v1/shelves/{shelf}/end",
    "/api/v1/handovers",
    "/api/v1/handovers/{handover}",
    "/api/v1/handovers/{handover}/notes",
    "/api/v1/handovers/{handover}/sign",
    "/api/v1/drills",
    "/api/v1/drills/calendar",
    "/api/v1/drills/theory",
    "/api/v1/drills/{drill}",
    "/api/v1/drills/{drill}/end",
    "/api/v1/drills/{drill}/abort",
    "/api/v1/drills/{drill}/suspend",
    "/api/v1/drills/{drill}/resume",
    "/api/v1/drills/{drill}/theory",
    "/api/v1/drills/{drill}/score",
    "/api/v1/drills/{drill}/report",
    "/api/v1/drills/{drill}/report.md",
    "/api/v1/drills/{drill}/report.html",
    "/api/v1/plans",
    "/api/v1/plans/{hazard}",
    "/api/v1/roster",
    "/api/v1/notifications",
    "/api/v1/explain/incidents/{incident}",
    "/api/v1/explain/devices/{site}/{name}",
    "/api/v1/stream",
    "/api/v1/devices",
    "/api/v1/devices/{site}/{name}",
    "/api/v1/zones",
    "/api/v1/dead-letters",
    "/healthz",
    "/readyz",
    "/metrics",
}
NAMED = {  # in a path: can be unknown
    "incident",
    "order",
    "action",
    "shelf",
    "handover",
    "drill",
    "sha256",
    "hazard",
    "name",
}
FILES = "/api/v1/attachments"
FILE_HASH = hashlib.sha256(PNG).hexdigest()


class Operation(NamedTuple):
    path: str
    method: str
    spec: dict[str, Any]


def _operations() -> Iterator[Operation]:
    for path, methods in DOCUMENT["paths"].items():
        for method, spec in methods.items():
            yield Operation(path, method, spec)


OPERATIONS = list(_operations())
every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=[f"{o.method} {o.path}" for o in OPERATIONS])


def _url(path: str) -> str:
    values = {
        "incident": "INC-000001",
        "order": "WO-000001",
        "action": "CA-000001",
        "shelf": "SH-000001",
        "handover": "HO-000001",
        "drill": "DRL-000001",
        "step": "investigate",
        "hazard": "fire",
        "sha256": FILE_HASH,
        "site": "tower-a",
        "name": "sd-1203",
    }
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], path)


async def _asked(client: httpx.AsyncClient, operation: Operation, query: str = "") -> httpx.Response:
    """The operation with the example of its own document as the body."""
    url = f"{_url(operation.path)}{query}"
    if operation.method == "post" and operation.path == FILES:
        separator = "&" if query else "?"
        headers = {"Content-Type": "image/png"}
        return await client.post(f"{url}{separator}name=a.png", content=PNG, headers=headers)
    body = _body(operation)
    return await client.request(operation.method, url, json=body)


def _body(operation: Operation) -> Any:
    if "requestBody" not in operation.spec:
        return None
    reference = operation.spec["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    return DOCUMENT["components"]["schemas"][reference.rpartition("/")[2]]["examples"][0]


def _furnished(desk: FakeDesk) -> None:
    """One of everything that a path can name."""
    desk.opened(evidence=[])
    desk.ordered()
    desk.to_correct()
    desk.shelved()
    desk.handing_over()
    desk.drilling(score=Score(1.0, 1.0, 100, 80, True))
    desk.device_states = [device("sd-1203")]
    desk.plans_in_force = [plan()]
    desk.explained = {about: [Line("it is so", "就是这样")] for about in ("INC-000001", "tower-a/sd-1203")}
    desk.files = {FILE_HASH: (Attachment("a.png", FILE_HASH, len(PNG), "image/png"), PNG)}


def _example(operation: Operation) -> Any:
    contents = operation.spec["responses"]["200"]["content"].values()
    ((name, example),) = [item for media in contents for item in media.get("examples", {}).items()]
    return DOCUMENT["components"]["examples"][name]["value"] if "$ref" in example else example["value"]


def test_the_document_is_openapi_3_1_and_lists_every_route() -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")
    assert set(DOCUMENT["paths"]) == PATHS


def test_the_description_says_once_what_tocsin_does_not_replace() -> None:
    description = DOCUMENT["info"]["description"]
    assert description.count("supplementary") == 1
    assert "fire panel" in description
    assert "lift intercom" in description


@every_operation
def test_every_operation_has_a_summary_a_tag_and_a_description(operation: Operation) -> None:
    declared = {tag["name"] for tag in DOCUMENT["tags"]}
    assert operation.spec["summary"]
    assert len(operation.spec["tags"]) == 1
    assert set(operation.spec["tags"]) <= declared


@every_operation
def test_every_operation_shows_an_example_of_its_answer(operation: Operation) -> None:
    assert _example(operation)


@every_operation
def test_every_operation_documents_its_errors_as_problems_with_examples(operation: Operation) -> None:
    errors = {status: response for status, response in operation.spec["responses"].items() if status >= "400"}
    expected = {"401", "403", "421", "422", "500", "503"}
    named = set(re.findall(r"\{(\w+)\}", operation.path)) & NAMED
    if named:
        expected |= {"404"}
    if operation.method == "post":
        expected |= {"413", "415"} | ({"408"} if operation.path == FILES else {"409"})
    if operation.method == "post" and named - {"shelf"}:
        expected |= {"412"}
    assert set(errors) == expected
    for status, response in errors.items():
        if operation.path == "/readyz" and status == "503":
            continue  # not a problem of the request: the same document as when all is well
        media = response["content"]["application/problem+json"]
        assert media["schema"]["$ref"] == "#/components/schemas/Problem"
        assert all(example["value"]["status"] == int(status) for example in media["examples"].values())


@every_operation
def test_every_operation_asks_for_the_bearer_token(operation: Operation) -> None:
    if operation.path != "/healthz":
        assert operation.spec["security"] == [{"HTTPBearer": []}]


def test_every_reference_leads_somewhere() -> None:
    references = set(re.findall(r"'\$ref': '#/components/schemas/(\w+)'", str(DOCUMENT)))
    assert references <= set(DOCUMENT["components"]["schemas"])
    assert "Problem" in references


@every_operation
async def test_every_route_answers_as_its_document_says(
    client: httpx.AsyncClient, desk: FakeDesk, operation: Operation
) -> None:
    if operation.path.endswith("/stream"):
        return  # never ends: test_streams.py reads them
    _furnished(desk)
    answer = await _asked(client, operation)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].partition(";")[0] in operation.spec["responses"]["200"]["content"]
    if "json" in answer.headers["content-type"]:
        assert answer.json().keys() == _example(operation).keys()


@every_operation
async def test_no_route_takes_a_parameter_it_does_not_know(client: httpx.AsyncClient, operation: Operation) -> None:
    answer = await _asked(client, operation, "?surprise=1")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert answer.json()["errors"][0]["field"] == "query.surprise"


@every_operation
async def test_every_command_with_a_field_it_does_not_know_is_refused(
    client: httpx.AsyncClient, desk: FakeDesk, operation: Operation
) -> None:
    if "requestBody" not in operation.spec or operation.path == FILES:
        return
    _furnished(desk)
    body = _body(operation) | {"colour": "red"}
    answer = await client.request(operation.method, _url(operation.path), json=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body.colour")
    assert desk.asked == []


@every_operation
async def test_what_is_not_there_is_not_found(client: httpx.AsyncClient, operation: Operation) -> None:
    if set(re.findall(r"\{(\w+)\}", operation.path)) & NAMED:
        answer = await _asked(client, operation)
        assert answer.status_code == 404, answer.text
        assert answer.json()["code"].startswith("unknown_")


@every_operation
async def test_ids_of_another_form_are_not_found(client: httpx.AsyncClient, operation: Operation) -> None:
    if set(re.findall(r"\{(\w+)\}", operation.path)) & NAMED:
        url = re.sub(r"[A-Z]{2,3}-000001|sd-1203|fire|[0-9a-f]{64}", "%0Ax", _url(operation.path))
        answer = await client.request(operation.method, url, json=_body(operation))
        assert answer.status_code == 404, answer.text


@pytest.mark.parametrize("example", [value for value in EXAMPLES.values() if isinstance(value, Wire)])
def test_every_example_is_what_its_model_reads_back(example: Wire) -> None:
    assert type(example).model_validate_json(example.model_dump_json()) == example
