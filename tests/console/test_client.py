"""The console's client against the real API: tokens are renewed unnoticed, refusals and silence have names."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from api.app import close_streams, make_app
from api.permissions import Role
from console.client import Api, Problem, SignedOut, Unreachable
from rules.instant import HOUR_MS, MINUTE_MS
from tests.api.fake_desk import FakeDesk
from tests.support.identity import PASSWORD, SetClock, add_user, users_in

PEER = ("192.0.2.7", 50_000)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def api(tmp_path: Path, clock: SetClock) -> AsyncIterator[Api]:
    """Before a gateway with one operator, at another machine than the console's."""
    users = users_in(tmp_path, clock)
    await add_user(users, "ada", Role.ADMIN)
    app = make_app(FakeDesk(), identity=users)
    close_streams(app)  # they answer that they are closed, instead of never ending
    made = Api("http://127.0.0.1", transport=httpx.ASGITransport(app, client=PEER))
    yield made
    await made.close()


async def test_who_has_not_signed_in_is_told_so(api: Api) -> None:
    with pytest.raises(SignedOut):
        await api.get("/me")


async def test_a_wrong_password_is_refused_with_the_reason(api: Api) -> None:
    with pytest.raises(Problem) as refused:
        await api.sign_in("ada", "not her password")
    assert refused.value.code == "invalid_grant"
    assert not api.signed_in


async def test_an_access_token_that_is_over_is_renewed_unnoticed(api: Api, clock: SetClock) -> None:
    await api.sign_in("ada", PASSWORD)
    for _ in range(3):
        clock.now += 11 * MINUTE_MS
        assert (await api.get("/me"))["account"] == "ada"


async def test_a_stream_whose_token_is_over_comes_back_with_another(api: Api, clock: SetClock) -> None:
    await api.sign_in("ada", PASSWORD)
    clock.now += 11 * MINUTE_MS
    with pytest.raises(Problem) as refused:
        async with api.stream("/stream"):
            pass
    assert refused.value.code == "shutting_down"  # and not that nobody is signed in


async def test_many_requests_that_find_their_token_over_renew_it_once(api: Api, clock: SetClock) -> None:
    """A refresh token that comes twice ends the session."""
    await api.sign_in("ada", PASSWORD)
    clock.now += 11 * MINUTE_MS
    answers = await asyncio.gather(*(api.get("/me") for _ in range(8)))
    assert {each["account"] for each in answers} == {"ada"}
    assert (await api.get("/me"))["account"] == "ada"


async def test_a_session_that_is_over_signs_out(api: Api, clock: SetClock) -> None:
    await api.sign_in("ada", PASSWORD)
    clock.now += 13 * HOUR_MS
    with pytest.raises(SignedOut):
        await api.get("/me")
    assert not api.signed_in


async def test_who_signs_out_cannot_go_on(api: Api) -> None:
    await api.sign_in("ada", PASSWORD)
    await api.sign_out()
    with pytest.raises(SignedOut):
        await api.get("/incidents")


async def test_a_list_is_read_to_its_end(api: Api) -> None:
    await api.sign_in("ada", PASSWORD)
    assert await api.all("/incidents", open=True, limit=1) == await api.all("/incidents", open=True, limit=200)


async def test_a_gateway_that_does_not_answer_is_unreachable() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    silent = Api("http://127.0.0.1:9", transport=httpx.MockTransport(refuse))
    with pytest.raises(Unreachable):
        await silent.get("/incidents")
    assert not await silent.healthy()
    await silent.close()
