"""How what the API sees reaches the core that runs now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeVar

from api.ports import BadCursor, Health, Unavailable
from gateway.attachments import Attachments
from gateway.clock import Clock, now_ms
from gateway.config import GatewaySettings
from gateway.core import Core
from gateway.news import News
from gateway.store import StoreFailed

T = TypeVar("T")


class Running(Protocol):
    """The gateway, as far as the front needs it."""

    news: News
    settings: GatewaySettings

    @property
    def core(self) -> Core | None: ...

    def health(self) -> Health: ...

    def metrics(self) -> bytes: ...

    def store_failed(self, error: StoreFailed) -> None: ...


class FrontCore:
    def __init__(self, gateway: Running, clock: Clock = now_ms) -> None:
        self._gateway, self._clock = gateway, clock
        self._files: Attachments | None = None

    def _core(self) -> Core:
        core = self._gateway.core
        if core is None:
            raise Unavailable("the gateway is starting, or its store has failed")
        return core

    async def _read(self, read: Callable[[Core], T]) -> T:
        """In a thread, so that a long answer holds up no reading. Raises Unavailable, BadCursor."""
        core = self._core()
        try:
            return await asyncio.to_thread(read, core)
        except StoreFailed as error:
            raise Unavailable("the store does not answer") from error
        except ValueError as error:
            raise BadCursor(str(error)) from error
