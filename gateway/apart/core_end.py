"""The core's end of the line: answers what the API's process asks, and tells it what is new."""

from __future__ import annotations

import asyncio
import logging

import msgspec

from api.ports import Unavailable
from gateway.apart.calls import IN_TURN, call_of, fault_of
from gateway.apart.line import (
    Answer,
    Ask,
    Begin,
    Entries,
    Line,
    Message,
    Serving,
    Skipped,
    Stands,
    Titles,
)
from gateway.apart.turns import TooMany, Turns
from gateway.config import GatewaySettings
from gateway.front import Front
from rules.timeline import Entry

WAITING_BYTES_MAX = 8 * 1024**2  # some 20 000 entries that the API's process has not taken: it reads the store then

log = logging.getLogger("tocsin.api")


class CoreEnd:
    """`serving()` is called when the API's process takes requests. One process at a time: `begin` for each."""

    def __init__(self, front: Front, settings: GatewaySettings) -> None:
        self._front, self._settings = front, settings
        self._line: Line | None = None
        self._turns = Turns(self._call)
        self._asked: set[asyncio.Task[None]] = set()
        self._titles: object = None
        self._skipping = False
        self.serving = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled: gives turns."""
        await self._turns.run()

    def begin(self, line: Line) -> None:
        self._line, self._titles, self._skipping = line, None, False
        self.serving.clear()
        line.say(Begin(self._settings.model_dump_json(), logging.getLogger().getEffectiveLevel()))
        self.stands()

    def end(self) -> None:
        """The process is gone; what it has asked need not be answered."""
        self._line = None
        self.serving.clear()
        for task in self._asked:
            task.cancel()

    def stands(self) -> None:
        """To be called when the core has come or gone, and when other files are in force."""
        if self._line is None:
            return
        titles = self._front.titles()
        if titles and titles is not self._titles:
            self._titles = titles
            self._line.say(Titles(dict(titles)))
        self._line.say(Stands(*self._front.stands()))

    def told(self, entries: list[Entry]) -> None:
        """What was committed."""
        line = self._line
        if line is None:
            return
        if line.waiting_bytes > WAITING_BYTES_MAX:
            self._skipping = True
            return
        if self._skipping:
            self._skipping = False
            line.say(Skipped(entries[0].position - 1))
        line.say(Entries(entries))

    def heard(self, message: Message) -> None:
        if isinstance(message, Ask):
            task = asyncio.create_task(self._answer(message))
            self._asked.add(task)
            task.add_done_callback(self._asked.discard)
        elif isinstance(message, Serving):
            self.serving.set()

    async def _answer(self, ask: Ask) -> None:
        line = self._line
        try:
            if ask.name in IN_TURN:
                body = await self._turns.answer(ask.name, ask.arguments)
            else:
                body = await self._call(ask.name, ask.arguments)
        except TooMany as error:
            answer: Message = fault_of(ask.number, Unavailable(str(error)))
        except Exception as error:
            fault = fault_of(ask.number, error)
            if not fault.module:
                log.exception("%s has failed", ask.name)
            answer = fault
        else:
            answer = Answer(ask.number, body)
        if line is not None:
            line.say(answer)

    async def _call(self, name: str, arguments: bytes) -> bytes:
        call = call_of(name)
        try:
            given = call.arguments.decode(arguments)
        except msgspec.ValidationError as error:
            raise LookupError(f"{name}: {error}") from error
        return call.answer.encode(await getattr(self._front, name)(*given))
