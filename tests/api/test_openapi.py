"""The document that clients are made from, held against what the API does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest
from pydantic import BaseModel

from api import examples, requests
from api.app import make_app
from api.schemas import Wire
from tests.api.fake_desk import FakeDesk, device

DOCUMENT: dict[str, Any] = make_app(FakeDesk()).openapi()
PATHS = {
    "/api/v1/incidents",
    "/api/v1/incidents/{incident}",
    "/api/v1/incidents/{incident}/timeline",
    "/api/v1/incidents/{incident}/stream",
    "/api/v1/incidents/{incident}/acknowledge",
    "/api/v1/incidents/{incident}/notes",
    "/api/v1/incidents/{incident}/resolve",
    "/api/v1/stream",
    "/api/v1/devices",
    "/api/v1/devices/{site}/{name}",
    "/api/v1/zones",
    "/api/v1/dead-letters",
    "/healthz",
    "/readyz",
    "/metrics",
}
BODIES: dict[str, type[BaseModel]] = {
    "acknowledge": requests.AcknowledgeIn,
    "notes": requests.NoteIn,
    "resolve": requests.ResolveIn,
}


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
    values = {"incident": "INC-000001", "site": "tower-a", "name": "sd-1"}
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], path)


def _body(path: str) -> dict[str, Any] | None:
    model = BODIES.get(path.rsplit("/", 1)[-1])
    return model.model_json_schema()["examples"][0] if model else None


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
    if operation.method == "post":
        expected |= {"404", "409", "412", "413", "415"}
    if "{incident}" in operation.path or "{name}" in operation.path:
        expected |= {"404"}
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
    desk.opened(evidence=[])
    desk.device_states = [device("sd-1")]
    answer = await client.request(operation.method, _url(operation.path), json=_body(operation.path))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].partition(";")[0] in operation.spec["responses"]["200"]["content"]
    if "json" in answer.headers["content-type"]:
        assert answer.json().keys() == _example(operation).keys()


@every_operation
async def test_no_route_takes_a_parameter_it_does_not_know(client: httpx.AsyncClient, operation: Operation) -> None:
    answer = await client.request(operation.method, f"{_url(operation.path)}?surprise=1", json=_body(operation.path))
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert answer.json()["errors"][0]["field"] == "query.surprise"


@pytest.mark.parametrize("example", [value for value in vars(examples).values() if isinstance(value, Wire)])
def test_every_example_is_what_its_model_reads_back(example: Wire) -> None:
    assert type(example).model_validate_json(example.model_dump_json()) == example
