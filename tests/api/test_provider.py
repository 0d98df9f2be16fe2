"""Signing in at an OpenID provider: a private one, that says whatever it is told of who signs in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from oidc_provider_mock import User, run_server_in_thread

from api.errors import NotDone
from api.identity_port import AccessQuery
from api.paths import PROVIDER, PROVIDER_ANSWER
from api.permissions import Role
from api.ports import Unavailable
from gateway.broker_process import free_port
from gateway.clock import now_ms
from gateway.identity.provider import BEGUN_MAX, BEGUN_MS, Provider, ProviderSettings
from gateway.identity.users import Users
from tests.api.conftest import Client
from tests.support.identity import HERE, SetClock, add_user, change, users_in

REDIRECT = "http://localhost" + PROVIDER_ANSWER


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    people = [User(sub="grace@sso", claims={"employee": "4711"}), User(sub="eve@sso")]
    with run_server_in_thread(require_nonce=True, user_claims=people) as server:
        yield f"http://localhost:{server.server_port}"


def _settings(issuer: str, **more: Any) -> ProviderSettings:
    return ProviderSettings(issuer, "tocsin", "the client's secret", REDIRECT, **more)


@pytest.fixture
async def at_provider(tmp_path: Path, issuer: str) -> AsyncIterator[Users]:
    """grace is a viewer here, and grace@sso there; eve@sso is nobody here."""
    users = users_in(tmp_path, now_ms, provider=Provider(_settings(issuer)))
    await add_user(users, "grace", Role.VIEWER, external="grace@sso")
    yield users
    await users.close()


@pytest.fixture
def client(client_for: Client, at_provider: Users) -> httpx.AsyncClient:
    return client_for(identity=at_provider)


async def _at_the_provider(url: str, sub: str) -> dict[str, str]:
    """What a browser does there, and what it comes back with."""
    async with httpx.AsyncClient() as browser:
        answer = await browser.post(url, data={"sub": sub})
    assert answer.status_code == 302, answer.text
    location = urlsplit(answer.headers["location"])
    assert f"{location.scheme}://{location.netloc}{location.path}" == REDIRECT
    return {name: values[0] for name, values in parse_qs(location.query).items()}


async def _begun(client: httpx.AsyncClient) -> str:
    answer = await client.get(PROVIDER)
    assert answer.status_code == 302
    return answer.headers["location"]


async def test_who_signs_in_at_the_provider_is_the_user_an_admin_has_named(client: httpx.AsyncClient) -> None:
    url = await _begun(client)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    answer = await client.get(PROVIDER_ANSWER, params=await _at_the_provider(url, "grace@sso"))
    assert answer.status_code == 200, answer.text
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert (await client.get("/api/v1/me", headers=headers)).json()["account"] == "grace"


async def test_whoever_no_admin_has_named_gets_nowhere(client: httpx.AsyncClient, at_provider: Users) -> None:
    answer = await client.get(PROVIDER_ANSWER, params=await _at_the_provider(await _begun(client), "eve@sso"))
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_grant")
    assert [each.about for each in (await at_provider.access_log(AccessQuery(what="sign_in_failed"))).items] == [
        "eve@sso"
    ]


async def test_a_disabled_user_gets_nowhere_there_either(client: httpx.AsyncClient, at_provider: Users) -> None:
    await at_provider.change_account(
        "grace", change(Role.VIEWER, external="grace@sso", disabled=True), None, "ada", "", HERE
    )
    answer = await client.get(PROVIDER_ANSWER, params=await _at_the_provider(await _begun(client), "grace@sso"))
    assert answer.json()["code"] == "invalid_grant"


async def test_an_answer_is_good_once_and_in_the_browser_that_began(client: httpx.AsyncClient) -> None:
    params = await _at_the_provider(await _begun(client), "grace@sso")
    cookie = client.cookies.get("tocsin_provider")
    client.cookies.clear()
    assert (await client.get(PROVIDER_ANSWER, params=params)).json()["detail"].endswith("another browser")
    client.cookies.set("tocsin_provider", cookie or "")
    again = await client.get(PROVIDER_ANSWER, params=params)
    assert again.json()["detail"].startswith("this sign-in was not begun here")


@pytest.mark.parametrize("params", [{}, {"code": "x", "state": "made-up"}, {"error": "access_denied"}])
async def test_an_answer_that_nobody_asked_for_is_refused(client: httpx.AsyncClient, params: dict[str, str]) -> None:
    assert (await client.get(PROVIDER_ANSWER, params=params)).json()["code"] == "invalid_grant"


async def test_another_code_than_the_providers_is_refused(issuer: str) -> None:
    provider = Provider(_settings(issuer))
    now = now_ms()
    url, cookie = await provider.begin(now)
    state = parse_qs(urlsplit(url).query)["state"][0]
    with pytest.raises(NotDone, match="the provider refuses"):
        await provider.finish("made-up", state, cookie, now)


async def test_an_answer_that_comes_too_late_is_refused(issuer: str) -> None:
    provider = Provider(_settings(issuer))
    now = now_ms()
    url, cookie = await provider.begin(now)
    params = await _at_the_provider(url, "grace@sso")
    with pytest.raises(NotDone, match="too long ago"):
        await provider.finish(params["code"], params["state"], cookie, now + BEGUN_MS + 1)


async def test_another_claim_can_name_the_user(issuer: str) -> None:
    provider = Provider(_settings(issuer, claim="employee"))
    now = now_ms()
    url, cookie = await provider.begin(now)
    params = await _at_the_provider(url, "grace@sso")
    assert await provider.finish(params["code"], params["state"], cookie, now) == "4711"


async def test_sign_ins_that_nobody_finishes_are_forgotten(issuer: str) -> None:
    clock = SetClock(now_ms())
    provider = Provider(_settings(issuer))
    url, cookie = await provider.begin(clock.now)
    params = await _at_the_provider(url, "grace@sso")
    for _ in range(BEGUN_MAX):
        await provider.begin(clock.now)
    with pytest.raises(NotDone, match="not begun here"):
        await provider.finish(params["code"], params["state"], cookie, clock.now)


async def test_a_provider_that_is_away_is_503_and_no_fault_of_who_asks() -> None:
    provider = Provider(_settings(f"http://localhost:{free_port('127.0.0.1')}"))
    with pytest.raises(Unavailable, match="does not answer"):
        await provider.begin(now_ms())


async def test_a_provider_that_calls_itself_otherwise_is_not_believed(issuer: str) -> None:
    with pytest.raises(Unavailable, match="calls itself"):
        await Provider(_settings(issuer.replace("localhost", "127.0.0.1") + "/")).begin(now_ms())


@pytest.mark.parametrize("url", ["http://sso.example.org", "ftp://localhost", "sso.example.org"])
def test_a_provider_over_a_network_in_the_clear_is_not_taken(url: str) -> None:
    with pytest.raises(ValueError, match="expected https"):
        Provider(_settings(url))


async def test_without_a_provider_there_is_none(client_for: Client, users: Users) -> None:
    await add_user(users, "ada", Role.ADMIN)
    answer = await client_for(identity=users).get(PROVIDER)
    assert (answer.status_code, answer.json()["code"]) == (404, "no_provider")
