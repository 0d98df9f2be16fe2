"""Who may do what: every route with every role, against the table that is printed in docs/access.md."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from api.app import close_streams
from api.auth import LOCAL, all_name_a_permission, needed_by, needs
from api.identity_port import AccessQuery
from api.permissions import GRANTS, Permission, Role, granted
from api.settings import ApiSettings
from gateway.identity.users import Users
from tests.api.conftest import TOKEN, Client
from tests.api.fake_desk import FakeDesk
from tests.api.operations import OPERATIONS, Operation, asked, furnished, url
from tests.support.identity import HERE, PASSWORD, add_user, bearer

PAGE = Path(__file__).parents[2] / "docs" / "access.md"
PLAN_ROLES = frozenset({"duty_officer", "engineering_lead", "engineer"})  # in which the examples act
OPEN = {
    ("get", "/healthz"),
    ("get", "/readyz"),
    ("get", "/api/v1/openapi.json"),
    ("post", "/api/v1/login/token"),
    ("post", "/api/v1/login/revoke"),
    ("post", "/api/v1/login/setup"),
    ("get", "/api/v1/login/provider"),
    ("get", "/api/v1/login/provider/answer"),
}
OWN_PASSWORD = "/api/v1/me/password"


def _printed() -> dict[tuple[str, str], dict[str, bool]]:
    """(method, path) → role → whether it may, as people read it."""
    rows = [line.strip("| ").split("|") for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    roles = [role.value for role in Role]
    found = {}
    for request, _, *marks in rows:
        match = re.fullmatch(r"`(\w+) (\S+)`", request.strip())
        if match:
            found[match[1].lower(), match[2]] = dict(zip(roles, [mark.strip() != "" for mark in marks], strict=True))
    return found


def test_the_printed_table_has_every_route_that_is_not_open() -> None:
    assert {(each.method, each.path) for each in OPERATIONS} | {("get", "/api/v1/openapi.json")} == set(
        _printed()
    ) | OPEN


@pytest.mark.parametrize("role", Role)
async def test_every_route_lets_in_whom_the_printed_table_names_and_nobody_else(
    client_for: Client, shared_app: FastAPI, desk: FakeDesk, users: Users, role: Role
) -> None:
    await add_user(users, "ada", Role.ADMIN)
    await add_user(users, "rob", role, plan_roles=PLAN_ROLES)
    await furnished(desk, users)
    client = client_for(identity=users)
    client.headers.update(await bearer(users, "rob"))
    close_streams(shared_app)  # they answer that they are closed, instead of never ending
    printed, wrong = _printed(), []
    for operation in OPERATIONS:
        may = printed.get((operation.method, operation.path), {}).get(role.value)
        if may is None:
            continue
        answer = await _asked(client, operation)
        refused = answer.status_code == 403 and answer.json()["code"] == "forbidden"
        if answer.status_code == 401 or refused is may:
            wrong.append(f"{operation.method} {operation.path}: {answer.status_code}, expected {may}")
    assert wrong == []


async def _asked(client: httpx.AsyncClient, operation: Operation) -> httpx.Response:
    if operation.path == OWN_PASSWORD:  # which would end the session
        return await client.post(OWN_PASSWORD, json={"old": PASSWORD[1:], "new": PASSWORD[::-1]})
    return await asked(client, operation)


async def test_no_route_answers_without_a_token_but_health_readiness_login_and_the_document(
    client_for: Client, desk: FakeDesk, users: Users
) -> None:
    await add_user(users, "ada", Role.ADMIN)
    await furnished(desk, users)
    client = client_for(identity=users)
    requests = [(each.method, each.path) for each in OPERATIONS]
    requests += [
        ("get", "/api/v1/openapi.json"),
        ("get", "/nowhere"),
        ("get", "/docs"),
        ("get", "/redoc"),
        ("get", "/"),
    ]
    answered = set()
    for method, path in requests:
        answer = await client.request(method, url(path), headers={"Content-Type": "application/json"}, content=b"{}")
        if answer.status_code != 401:
            answered.add((method, path))
    assert answered == OPEN


async def test_a_refusal_stands_on_the_access_log_with_who_from_where_and_why(
    client_for: Client, desk: FakeDesk, users: Users
) -> None:
    await add_user(users, "rob", Role.VIEWER)
    desk.opened()
    client = client_for(identity=users, peer="192.0.2.7", host="gateway.lan")
    rob = await bearer(users, "rob")
    level = "/api/v1/incidents/INC-000001/level"
    await client.post(level, json={"level": "II", "reason": "it is out"}, headers=rob | {"X-Request-ID": "r-1"})
    await client.get("/api/v1/incidents?site=tower-a", headers={"Authorization": "Bearer none"})
    lines = (await users.access_log(AccessQuery(what="refused"))).items
    assert [(each.who, each.peer, each.about, each.why) for each in reversed(lines)] == [
        ("rob", "192.0.2.7", f"POST {level}", "forbidden"),
        ("", "192.0.2.7", "GET /api/v1/incidents", "unauthenticated"),
    ]
    assert lines[1].request == "r-1"
    assert desk.asked == []


def test_an_app_with_a_route_that_names_no_permission_cannot_be_made() -> None:
    router = APIRouter()

    @router.get("/named", dependencies=[needs(Permission.READ)])
    @router.get("/forgotten")
    async def nothing() -> None: ...

    with pytest.raises(ValueError, match="/forgotten names no permission"):
        all_name_a_permission(router.routes)
    assert needed_by(router.routes[1]) is not None


def test_admins_may_everything_and_every_permission_is_somebodys() -> None:
    assert GRANTS[Role.ADMIN] == frozenset(Permission)
    but_admins = frozenset[Permission]().union(*(GRANTS[role] for role in Role if role is not Role.ADMIN))
    assert frozenset(Permission) - but_admins == {Permission.MANAGE_USERS, Permission.KEEP}
    assert granted(frozenset()) == frozenset()
    assert granted(frozenset({Role.AUDITOR, Role.OPERATOR})) == GRANTS[Role.AUDITOR] | GRANTS[Role.OPERATOR]


def test_an_auditor_changes_nothing() -> None:
    changing = {each for each in GRANTS[Role.AUDITOR] if each.value.partition(":")[2] not in ("read", "", "verify")}
    assert changing == {Permission.OWN_ACCOUNT}


# ---- until there are users, and from then on


async def test_the_first_user_ends_it_that_this_machine_may_do_everything(client_for: Client, users: Users) -> None:
    client = client_for(identity=users)
    assert (await client.get("/api/v1/incidents")).status_code == 200
    assert (await client.get("/api/v1/users")).json()["code"] == "forbidden"
    await add_user(users, "ada", Role.ADMIN)
    assert (await client.get("/api/v1/incidents")).status_code == 401
    elsewhere = client_for(identity=users, peer="192.0.2.7", host="gateway.lan")
    ada = await bearer(users, "ada")
    assert (await elsewhere.get("/api/v1/users", headers=ada)).status_code == 200
    assert LOCAL.may(Permission.RESOLVE)


async def test_a_gateway_that_is_not_open_at_first_serves_nobody_without_a_token(
    client_for: Client, users: Users
) -> None:
    client = client_for(ApiSettings(open_until_first_user=False), identity=users)
    assert (await client.get("/api/v1/incidents")).status_code == 401
    assert (await client.get("/readyz")).status_code == 200


async def test_a_program_of_the_tokens_file_is_an_operator_once_there_are_users(
    client_for: Client, desk: FakeDesk, users: Users, guarded: ApiSettings
) -> None:
    desk.opened()
    client = client_for(guarded, identity=users)
    client.headers["Authorization"] = f"Bearer {TOKEN}"
    review = "/api/v1/incidents/INC-000001/review"
    body = {"cause": "a pan", "measures": "put out", "result": "nobody hurt"}
    assert (await client.post(review, json=body)).status_code == 200
    await add_user(users, "ada", Role.ADMIN)
    assert (await client.post(review, json=body)).json()["code"] == "forbidden"
    acknowledge = "/api/v1/incidents/INC-000001/acknowledge"
    assert (await client.post(acknowledge, json={"role": "duty_officer"})).json()["code"] == "role_not_held"
    assert (await client.post(acknowledge, json={})).status_code == 200


# ---- API tokens


async def test_an_api_token_may_do_what_is_in_its_scopes_and_what_its_owner_still_may(
    client_for: Client, desk: FakeDesk, users: Users
) -> None:
    await add_user(users, "ada", Role.ADMIN)
    await add_user(users, "rob", Role.OPERATOR)
    desk.opened()
    client = client_for(identity=users)
    rob = await bearer(users, "rob")
    made = await client.post("/api/v1/tokens", json={"name": "wall", "scopes": ["read"], "days": 1}, headers=rob)
    token = {"Authorization": f"Bearer {made.json()['secret']}"}
    assert (await client.get("/api/v1/incidents", headers=token)).status_code == 200
    note = "/api/v1/incidents/INC-000001/notes"
    assert (await client.post(note, json={"text": "x"}, headers=token)).json()["code"] == "forbidden"
    ada = await bearer(users, "ada")
    await client.put("/api/v1/users/rob", json={"roles": []}, headers=ada)
    assert (await client.get("/api/v1/incidents", headers=token)).json()["code"] == "forbidden"
    await client.post("/api/v1/tokens/TK-000001/revoke", json={}, headers=ada)
    assert (await client.get("/api/v1/incidents", headers=token)).status_code == 401


async def test_nobody_gives_a_token_more_than_they_may_and_no_token_makes_tokens(
    client_for: Client, users: Users
) -> None:
    await add_user(users, "ada", Role.ADMIN)
    await add_user(users, "rob", Role.VIEWER)
    client = client_for(identity=users)
    for name, scope in (("rob", "incidents:resolve"), ("ada", "users:manage"), ("ada", "account:own")):
        body = {"name": "wall", "scopes": ["read", scope]}
        answer = await client.post("/api/v1/tokens", json=body, headers=await bearer(users, name))
        assert answer.json()["code"] == "forbidden", (name, scope)


async def test_nobody_revokes_or_sees_the_token_of_another_but_who_manages_users(
    client_for: Client, users: Users
) -> None:
    await add_user(users, "ada", Role.ADMIN)
    for name in ("rob", "eve"):
        await add_user(users, name, Role.VIEWER)
    await users.make_api_token("rob", "wall", frozenset({Permission.READ}), None, 1, HERE)
    client = client_for(identity=users)
    eve, ada = await bearer(users, "eve"), await bearer(users, "ada")
    assert (await client.get("/api/v1/tokens", headers=eve)).json()["items"] == []
    assert (await client.get("/api/v1/tokens?all=true", headers=eve)).json()["code"] == "forbidden"
    answer = await client.post("/api/v1/tokens/TK-000001/revoke", json={}, headers=eve)
    assert answer.json()["code"] == "unknown_token"
    (token,) = (await client.get("/api/v1/tokens?all=true", headers=ada)).json()["items"]
    assert (token["owner"], token["scopes"], token["revoked_at"]) == ("rob", ["read"], None)


# ---- roles of plans


ACKNOWLEDGE = "/api/v1/incidents/INC-000001/acknowledge"


async def _acknowledged(client: httpx.AsyncClient, headers: dict[str, str], **body: str) -> httpx.Response:
    return await client.post(ACKNOWLEDGE, json=body, headers=headers)


async def test_nobody_acts_in_a_role_that_neither_the_roster_nor_an_admin_gives_them(
    client_for: Client, desk: FakeDesk, users: Users
) -> None:
    await add_user(users, "rob", Role.OPERATOR, person="duty-officer-1")
    desk.held_roles = {"duty-officer-1": {"duty_officer", "safety_officer"}, "rob": {"engineering_lead"}}
    desk.opened()
    client, rob = client_for(identity=users), await bearer(users, "rob")
    refused = await _acknowledged(client, rob, role="engineering_lead")
    assert (refused.status_code, refused.json()["code"]) == (403, "role_not_held")
    assert "has: duty_officer, safety_officer" in refused.json()["detail"]
    assert desk.asked == []
    assert (await _acknowledged(client, rob, role="duty_officer", by="somebody-else")).status_code == 200
    (command,) = desk.asked
    assert (command.by, command.role) == ("duty-officer-1", "duty_officer")
    assert desk.whences == ["127.0.0.1"]


async def test_a_role_that_is_the_only_one_need_not_be_said(client_for: Client, desk: FakeDesk, users: Users) -> None:
    await add_user(users, "rob", Role.OPERATOR, plan_roles=frozenset({"duty_officer"}))
    desk.opened()
    await _acknowledged(client_for(identity=users), await bearer(users, "rob"))
    assert [(each.by, each.role) for each in desk.asked] == [("rob", "duty_officer")]


async def test_two_users_cannot_go_on_record_as_one_person(client_for: Client, users: Users) -> None:
    await add_user(users, "ada", Role.ADMIN)
    await add_user(users, "rob", Role.OPERATOR, person="duty-officer-1")
    client, ada = client_for(identity=users), await bearer(users, "ada")
    user = {"roles": ["operator"], "password": PASSWORD}
    for more in (
        {"name": "eve", "person": "duty-officer-1"},
        {"name": "duty-officer-1"},
        {"name": "eve", "person": "rob"},
    ):
        answer = await client.post("/api/v1/users", json=user | more, headers=ada)
        assert (answer.status_code, answer.json()["code"]) == (409, "person_taken"), more


# ---- users


async def test_the_last_admin_can_be_neither_disabled_nor_demoted(client_for: Client, users: Users) -> None:
    await add_user(users, "ada", Role.ADMIN)
    client, ada = client_for(identity=users), await bearer(users, "ada")
    for body in ({"roles": ["viewer"]}, {"roles": ["admin"], "disabled": True}):
        answer = await client.put("/api/v1/users/ada", json=body, headers=ada)
        assert (answer.status_code, answer.json()["code"]) == (409, "last_admin")


async def test_what_an_admin_takes_away_is_gone_at_once_also_for_who_is_signed_in(
    client_for: Client, users: Users
) -> None:
    await add_user(users, "ada", Role.ADMIN)
    await add_user(users, "rob", Role.OPERATOR)
    client, ada, rob = client_for(identity=users), await bearer(users, "ada"), await bearer(users, "rob")
    user = "/api/v1/users/rob"
    etag = (await client.get(user, headers=ada)).headers["ETag"]
    assert (await client.get("/api/v1/roster", headers=rob)).status_code == 200
    await client.put(user, json={"roles": ["viewer"]}, headers=ada | {"If-Match": etag})
    assert (await client.get("/api/v1/roster", headers=rob)).status_code == 403
    stale = await client.put(user, json={"roles": ["admin"]}, headers=ada | {"If-Match": etag})
    assert stale.json()["code"] == "precondition_failed"
    await client.put(user, json={"roles": ["viewer"], "disabled": True}, headers=ada)
    assert (await client.get("/api/v1/incidents", headers=rob)).status_code == 401
