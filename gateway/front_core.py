"""How what the API sees reaches the core that runs now, or what it has stored."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

from api.ports import BadCursor, Health, Unavailable
from gateway.attachments import Attachments
from gateway.clock import Clock, now_ms
from gateway.config import GatewaySettings
from gateway.news import News
from gateway.store import Store, StoreFailed

if TYPE_CHECKING:
    from gateway.core import Core  # a process apart has none, and need not read the modules that make one

T = TypeVar("T")


class Stored(Protocol):
    """What a question about stored things may look at: there is no more of the core in a process apart."""

    @property
    def store(self) -> Store: ...


class Reading(Protocol):
    """The gateway, as far as whoever reads what is stored needs it."""

    news: News

    @property
    def settings(self) -> GatewaySettings: ...

    @property
    def core(self) -> Stored | None: ...


class Running(Reading, Protocol):
    """The gateway, as far as the front needs it."""

    @property
    def core(self) -> Core | None: ...

    def health(self) -> Health: ...

    def metrics(self) -> bytes: ...

    def store_failed(self, error: StoreFailed) -> None: ...

    async def reload(self) -> None:
        """Reads all files again. Raises BadFiles: then nothing has changed."""
        ...


class FrontReads:
    """For parts that ask the store and the files alone: these run in the API's own process."""

    def __init__(self, gateway: Reading, clock: Clock = now_ms) -> None:
        self._gateway, self._clock = gateway, clock
        self._files: Attachments | None = None

    async def _read(self, read: Callable[[Stored], T]) -> T:
        """In a thread, so that a long answer holds up no reading. Raises Unavailable, BadCursor."""
        core = self._gateway.core
        if core is None:
            raise Unavailable("the gateway is starting, or its store has failed")
        try:
            return await asyncio.to_thread(read, core)
        except StoreFailed as error:
            raise Unavailable("the store does not answer") from error
        except ValueError as error:
            raise BadCursor(str(error)) from error

    def _latest(self) -> int:
        """The position of the latest entry. Raises Unavailable."""
        raise NotImplementedError


class FrontCore(FrontReads):
    """For parts that look into the core's memory, or change it: these run in the core's process."""

    _gateway: Running

    def _core(self) -> Core:
        core = self._gateway.core
        if core is None:
            raise Unavailable("the gateway is starting, or its store has failed")
        return core

    def _latest(self) -> int:
        return self._core().desk.engine.state.entries_made
