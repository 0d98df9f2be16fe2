"""The API's server: uvicorn on a socket that is open already, stopped in order."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from api.app import close_streams, make_app
from api.ports import Desk
from gateway.config import GatewaySettings
from gateway.identity.opening import open_users
from gateway.news import News

LOOPBACK = ["127.0.0.1", "::1"]  # whose word on who asks is taken, if anybody's


async def serve(
    desk: Desk,
    settings: GatewaySettings,
    listening: socket.socket,
    news: News,
    started: Callable[[], Awaitable[None]],
) -> None:
    """Until cancelled. `started` is awaited as soon as requests are taken. Raises ValueError for unfit settings."""
    async with open_users(settings) as users:
        app = make_app(desk, settings.api(), users)
        await _serve(app, listening, news, started, settings.http.behind_proxy)


async def _serve(
    app: FastAPI, listening: socket.socket, news: News, started: Callable[[], Awaitable[None]], behind_proxy: bool
) -> None:
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=behind_proxy,  # else who asks is who connects
        forwarded_allow_ips=LOOPBACK,
        ws="none",
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        await server.listens.wait()
        await started()
        await asyncio.shield(serving)
    finally:
        close_streams(app)  # the server waits for open answers
        news.close()
        server.should_exit = True
        await serving


class _Server(uvicorn.Server):
    """Signals are the command line's to handle."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listens.set()
