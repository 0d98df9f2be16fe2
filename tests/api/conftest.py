"""A desk in memory, and clients that ask over ASGI as from this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from api.app import make_app, put_behind
from api.identity_port import Identity
from api.settings import ApiSettings
from gateway.identity.users import Users
from tests.api.fake_desk import FakeDesk
from tests.support.identity import users_in

Client = Callable[..., httpx.AsyncClient]
TOKEN = "k3J9vQm2XyT7bR4wZ8nL5pD1cF6hG0sA"


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk()


@pytest.fixture(scope="session")
def shared_app() -> FastAPI:
    """Of the settings that most tests have: to look at its routes takes it longer than most tests take."""
    return make_app(FakeDesk())


@pytest.fixture
async def client_for(desk: FakeDesk, shared_app: FastAPI) -> AsyncIterator[Client]:
    """`client_for(ApiSettings(…), peer="192.0.2.7", host="localhost")`"""
    async with AsyncExitStack() as stack:

        def client(
            settings: ApiSettings | None = None,
            peer: str = "127.0.0.1",
            host: str = "localhost",
            identity: Identity | None = None,
        ) -> httpx.AsyncClient:
            app = make_app(desk, settings, identity) if settings else shared_app
            put_behind(app, desk, settings or ApiSettings(), identity)
            transport = httpx.ASGITransport(app, client=(peer, 50_000))
            opened = httpx.AsyncClient(transport=transport, base_url=f"http://{host}")
            stack.push_async_exit(opened)
            return opened

        yield client


@pytest.fixture
def client(client_for: Client) -> httpx.AsyncClient:
    """No tokens, from loopback."""
    return client_for()


@pytest.fixture
async def users(tmp_path: Path) -> AsyncIterator[Users]:
    """No users yet, but where they are kept."""
    users = users_in(tmp_path)
    yield users
    await users.close()


@pytest.fixture
def guarded() -> ApiSettings:
    """duty.officer has a token."""
    return ApiSettings.model_validate({"tokens": {"duty.officer": TOKEN}})
