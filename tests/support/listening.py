"""A gateway's link as a test sees it: what it handed on, and what it said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from gateway.link import Link, LinkSettings, Message


class Listener:
    """A Link that keeps what it hears; `acknowledges` makes it acknowledge everything at once."""

    def __init__(self, settings: LinkSettings, acknowledges: bool = False) -> None:
        self.messages: list[Message] = []
        self.generations: list[int] = []
        self.states: list[tuple[bool, str]] = []
        self.state_times: list[float] = []
        self.changed = asyncio.Event()
        self.acknowledges = acknowledges
        self.link = Link(settings, self._on_messages, self._on_state, chance=lambda: 1.0)

    @property
    def payloads(self) -> list[bytes]:
        return [message[1] for message in self.messages]

    @property
    def packet_ids(self) -> list[int]:
        return [message[2] for message in self.messages]

    async def until(self, condition: Any) -> None:
        """Wait until `condition(self)` is true, looked at whenever the link says something."""
        while not condition(self):
            self.changed.clear()
            await self.changed.wait()

    async def heard(self, count: int) -> None:
        await self.until(lambda listener: len(listener.messages) >= count)

    async def state(self, connected: bool) -> str:
        """Wait for the next such state that nobody waited for yet; its reason."""
        await self.until(lambda listener: any(state[0] == connected for state in listener.states))
        while True:
            state = self.states.pop(0)
            if state[0] == connected:
                return state[1]

    def _on_messages(self, messages: list[Message], generation: int) -> None:
        self.messages += messages
        self.generations += [generation] * len(messages)
        if self.acknowledges:
            assert self.link.acknowledge(generation, [message[2] for message in messages])
        self.changed.set()

    def _on_state(self, connected: bool, reason: str) -> None:
        self.states.append((connected, reason))
        self.state_times.append(asyncio.get_running_loop().time())
        self.changed.set()


@asynccontextmanager
async def listening(settings: LinkSettings, acknowledges: bool = False) -> AsyncIterator[Listener]:
    """The link runs within the block and says goodbye at its end."""
    listener = Listener(settings, acknowledges)
    task = asyncio.create_task(listener.link.run())
    try:
        yield listener
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
