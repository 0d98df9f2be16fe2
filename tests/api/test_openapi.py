"""The document that clients are made from, held against what the API does."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from api.documented import EXAMPLES
from api.permissions import Role
from api.schemas import Wire
from gateway.identity.users import Users
from tests.api.conftest import Client
from tests.api.fake_desk import FakeDesk
from tests.api.operations import DOCUMENT, FILES, FORMS, OPEN, OPERATIONS, Operation, asked, body, furnished, url
from tests.support.identity import add_user, bearer

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
    "/api/v1/incidents/{incident}/report",
    "/api/v1/incidents/{incident}/timeline.csv",
    "/api/v1/kpis/alarms",
    "/api/v1/kpis/response",
    "/api/v1/kpis/energy",
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
    "/api/v1/drills/scenarios",
    "/api/v1/drills/{drill}/play",
    "/api/v1/drills/{drill}",
    "/api/v1/drills/{drill}/end",
    "/api/v1/drills/{drill}/abort",
    "/api/v1/drills/{drill}/suspend",
    "/api/v1/drills/{drill}/resume",
    "/api/v1/drills/{drill}/theory",
    "/api/v1/drills/{drill}/score",
    "/api/v1/drills/{drill}/report",
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
    "/api/v1/inbox",
    "/api/v1/inbox/{found}",
    "/api/v1/inbox/{found}/assign",
    "/api/v1/inbox/{found}/unassign",
    "/api/v1/inbox/{found}/ignore",
    "/api/v1/sites",
    "/api/v1/device-classes",
    "/api/v1/roles",
    "/api/v1/dead-letters",
    "/api/v1/dead-letters/{letter}",
    "/api/v1/dead-letters/clear",
    "/api/v1/incidents/{incident}/over",
    "/api/v1/incidents/{incident}/commands/{command}/withdraw",
    "/api/v1/commands",
    "/api/v1/rules",
    "/api/v1/rules/{rule}",
    "/api/v1/rules/dry-run",
    "/api/v1/versions",
    "/api/v1/versions/{version}",
    "/api/v1/files/check",
    "/api/v1/backtests",
    "/api/v1/backtests/{backtest}",
    "/api/v1/devices/{site}/{name}/readings",
    "/api/v1/devices/{site}/{name}/events",
    "/api/v1/devices/{site}/{name}/events/unmask",
    "/api/v1/shifts",
    "/api/v1/absences",
    "/api/v1/maintenance-windows",
    "/api/v1/maintenance-windows/{shelf}",
    "/api/v1/maintenance-windows/{shelf}/end",
    "/api/v1/audit/verify",
    "/api/v1/me",
    "/api/v1/me/password",
    "/api/v1/users",
    "/api/v1/users/{user}",
    "/api/v1/users/{user}/password",
    "/api/v1/users/{user}/sign-out",
    "/api/v1/tokens",
    "/api/v1/tokens/{token}/revoke",
    "/api/v1/access-log",
    "/api/v1/login/token",
    "/api/v1/login/revoke",
    "/api/v1/login/setup",
    "/api/v1/login/provider",
    "/api/v1/login/provider/answer",
    "/api/v1/orders/board",
    "/healthz",
    "/readyz",
    "/metrics",
}
NAMED = {
    "incident",
    "order",
    "action",
    "shelf",
    "handover",
    "drill",
    "sha256",
    "hazard",
    "name",
    "user",
    "token",
    "rule",
    "version",
    "backtest",
    "letter",
    "found",
}  # in a path: can be unknown
# Statuses of signing in and of users; where a path is not here, all of its kind are the same.
STATUSES = {
    "/api/v1/login/token": {"400", "413", "415", "429"},
    "/api/v1/login/revoke": {"413", "415"},
    "/api/v1/login/setup": {"400", "413", "415", "429"},
    "/api/v1/login/provider": {"404"},
    "/api/v1/login/provider/answer": {"400", "404", "429"},
    "/api/v1/devices/{site}/{name}/events/unmask": {"404", "413", "415"},
    "/api/v1/me/password": {"400", "413", "415", "429"},
    "/api/v1/users": {"409", "413", "415", "429"},
    "/api/v1/users/{user}/password": {"404", "413", "415", "429"},
    "/api/v1/users/{user}/sign-out": {"404", "413", "415"},
    "/api/v1/tokens/{token}/revoke": {"404", "413", "415"},
    # what is tried changes nothing, and so is never refused
    "/api/v1/files/check": {"413", "415"},
    "/api/v1/rules/dry-run": {"413", "415"},
    "/api/v1/backtests": {"413", "415"},
    "/api/v1/audit/verify": {"413", "415"},
    "/api/v1/drills/scenarios": {"413", "415"},
    "/api/v1/drills/{drill}/play": {"404", "413", "415"},
}
NEED_MORE = {"/api/v1/login/setup", "/api/v1/login/provider", "/api/v1/login/provider/answer"}  # see test_login.py
every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=[f"{o.method} {o.path}" for o in OPERATIONS])


@pytest.fixture
async def client(client_for: Client, users: Users) -> httpx.AsyncClient:
    """Of an admin, who may do everything; in the roles, too, that the examples act in."""
    await add_user(users, "ada", Role.ADMIN, plan_roles=frozenset({"duty_officer", "engineering_lead", "engineer"}))
    asking = client_for(identity=users)
    asking.headers.update(await bearer(users, "ada"))
    return asking


def _example(operation: Operation) -> Any:
    contents = _answer(operation)["content"].values()
    ((name, example),) = [item for media in contents for item in media.get("examples", {}).items()]
    return DOCUMENT["components"]["examples"][name]["value"] if "$ref" in example else example["value"]


def _answer(operation: Operation) -> dict[str, Any]:
    """What is documented of the answer when all is well."""
    answer: dict[str, Any] = next(iter(operation.spec["responses"].values()))
    return answer


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
    if {"200", "202"} & set(operation.spec["responses"]):
        assert _example(operation)
    else:
        assert next(iter(operation.spec["responses"])) == "302"


@every_operation
def test_every_operation_documents_its_errors_as_problems_with_examples(operation: Operation) -> None:
    errors = {status: response for status, response in operation.spec["responses"].items() if status >= "400"}
    expected = {"401", "403", "421", "422", "500", "503"}
    named = set(re.findall(r"\{(\w+)\}", operation.path)) & NAMED
    if named:
        expected |= {"404"}
    if operation.method == "post":
        expected |= {"413", "415"} | ({"408"} if operation.path == FILES else {"409"})
    if operation.method == "post" and named - {"shelf", "found"}:
        expected |= {"412"}
    if (operation.path in STATUSES and operation.method == "post") or operation.path in OPEN:
        expected = {"401", "403", "421", "422", "500", "503"} | STATUSES[operation.path]
    if operation.method == "put":
        expected |= {"409", "412", "413", "415"}
    assert set(errors) == expected
    for status, response in errors.items():
        if operation.path == "/readyz" and status == "503":
            continue  # not a problem of the request: the same document as when all is well
        media = response["content"]["application/problem+json"]
        assert media["schema"]["$ref"] == "#/components/schemas/Problem"
        assert all(example["value"]["status"] == int(status) for example in media["examples"].values())


@every_operation
def test_every_operation_asks_for_the_bearer_token(operation: Operation) -> None:
    if operation.path != "/healthz" and operation.path not in OPEN:
        assert operation.spec["security"] == [{"HTTPBearer": []}]


def test_every_reference_leads_somewhere() -> None:
    references = set(re.findall(r"'\$ref': '#/components/schemas/(\w+)'", str(DOCUMENT)))
    assert references <= set(DOCUMENT["components"]["schemas"])
    assert "Problem" in references


@every_operation
async def test_every_route_answers_as_its_document_says(
    client: httpx.AsyncClient, desk: FakeDesk, users: Users, operation: Operation
) -> None:
    if operation.path.endswith("/stream") or operation.path in NEED_MORE:
        return  # a stream never ends: test_streams.py reads them
    await furnished(desk, users, but=operation.path if operation.method == "post" else "")
    answer = await asked(client, operation)
    assert answer.status_code in (200, 202), answer.text
    assert str(answer.status_code) in operation.spec["responses"]
    assert answer.headers["content-type"].partition(";")[0] in _answer(operation)["content"]
    if "json" in answer.headers["content-type"]:
        assert answer.json().keys() == _example(operation).keys()


@every_operation
async def test_no_route_takes_a_parameter_it_does_not_know(client: httpx.AsyncClient, operation: Operation) -> None:
    if operation.path == "/api/v1/login/provider/answer":
        return  # a provider may append what it likes
    answer = await asked(client, operation, "?surprise=1")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert answer.json()["errors"][0]["field"] == "query.surprise"


@every_operation
async def test_every_command_with_a_field_it_does_not_know_is_refused(
    client: httpx.AsyncClient, desk: FakeDesk, users: Users, operation: Operation
) -> None:
    if "requestBody" not in operation.spec or operation.path == FILES:
        return
    if operation.path in FORMS:
        answer = await client.post(operation.path, data=FORMS[operation.path] | {"colour": "red"})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body.colour")
        return
    await furnished(desk, users)
    odd = body(operation) | {"colour": "red"}
    answer = await client.request(operation.method, url(operation.path), json=odd)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body.colour")
    assert desk.asked == []


@every_operation
async def test_what_is_not_there_is_not_found(client: httpx.AsyncClient, operation: Operation) -> None:
    if set(re.findall(r"\{(\w+)\}", operation.path)) & NAMED:
        answer = await asked(client, operation)
        assert answer.status_code == 404, answer.text
        assert answer.json()["code"].startswith("unknown_")


@every_operation
async def test_ids_of_another_form_are_not_found(client: httpx.AsyncClient, operation: Operation) -> None:
    if set(re.findall(r"\{(\w+)\}", operation.path)) & NAMED:
        odd = re.sub(
            r"[A-Z]{2,3}-000001|sd-1203|smoke-high|fire|grace|[0-9a-f]{64}|dG9j\w+", "%0Ax", url(operation.path)
        )
        answer = await client.request(operation.method, odd, json=body(operation))
        assert answer.status_code == 404, answer.text


@pytest.mark.parametrize("example", [value for value in EXAMPLES.values() if isinstance(value, Wire)])
def test_every_example_is_what_its_model_reads_back(example: Wire) -> None:
    assert type(example).model_validate_json(example.model_dump_json()) == example
