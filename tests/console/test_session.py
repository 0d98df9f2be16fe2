"""One is kept up to date for all who see the same; nobody goes on seeing it with another's token for long."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from console.client import Api
from console.session import Lives, Session
from console.settings import Language


def _nobody(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("nobody is there", request=request)


def _api() -> Api:
    return Api("http://127.0.0.1:9", transport=httpx.MockTransport(_nobody))


def reader(account: str = "ada", language: Language = "en") -> Session:
    return Session(_api(), language, account=account, signed_in=bool(account), open=True)


@pytest.fixture
async def lives() -> AsyncIterator[Lives]:
    made = Lives(_api)
    yield made
    await made.close()


async def test_twenty_walls_of_one_account_are_one_stream(lives: Lives) -> None:
    assert len({id(lives.take(reader())) for _ in range(20)}) == 1


async def test_another_account_or_another_language_is_another(lives: Lives) -> None:
    assert len({id(lives.take(each)) for each in (reader(), reader("grace"), reader(language="zh"))}) == 3


async def test_with_the_last_reader_it_ends_and_before_it_asks_with_the_token_of_who_is_left(lives: Lives) -> None:
    one, other = reader(), reader()
    live = lives.take(one)
    assert lives.take(other) is live
    assert live.api is one.api
    lives.leave(one)
    assert live.api is other.api
    lives.leave(other)
    assert lives.take(reader()) is not live


async def test_whose_token_is_good_no_more_is_put_out_and_the_others_stay(lives: Lives) -> None:
    one, other = reader(), reader()
    live = lives.take(one)
    lives.take(other)
    assert live._another(one.api) is other.api
    assert (one.open, other.open) == (False, True)
    assert live._another(other.api) is None


async def test_where_there_are_no_users_it_stays_for_the_next(lives: Lives) -> None:
    somebody = reader("")
    live = lives.take(somebody)
    lives.leave(somebody)
    assert lives.take(reader("")) is live
