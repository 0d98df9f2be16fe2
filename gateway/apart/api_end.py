"""The API's end of the line: what the core has told of itself, and questions to it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from api.ports import Unavailable
from gateway.apart.calls import call_of, raised, unavailable
from gateway.apart.line import Answer, Ask, Begin, Entries, Fault, Line, Message, Serving, Skipped, Stands, Titles
from gateway.config import GatewaySettings
from gateway.news import News
from gateway.store import Store, StoreFailed
from rules.site import Title

ANSWER_SECONDS_MAX = 30.0  # a commit may wait 10 s for a database that has fallen silent
HEALTH_SECONDS_MAX = 5.0  # a core that does not say in this time how it is, is not well
ASKED_MAX = 2_000  # questions that wait for the core at once


class StoreOnly:
    """Of the core, what a process apart has as well."""

    def __init__(self, store: Store) -> None:
        self.store = store


class ApiEnd:
    """`gateway.front_core.Reading`, from what the core tells."""

    def __init__(self) -> None:
        self.begun: asyncio.Future[Begin] = asyncio.get_running_loop().create_future()
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.news = News()
        self.titles: Mapping[str, Title] = {}
        self.position = 0  # of the latest entry
        self._settings: GatewaySettings | None = None
        self._line: Line | None = None
        self._up = False
        self._core: StoreOnly | None = None
        self._asked: dict[int, asyncio.Future[bytes]] = {}
        self._numbered = 0

    # ---- as `Reading`

    @property
    def settings(self) -> GatewaySettings:
        assert self._settings is not None, "the core says first what it was told"
        return self._settings

    @property
    def up(self) -> bool:
        return self._up

    @property
    def core(self) -> StoreOnly | None:
        """None while there is no core: then its store need not be of this version yet."""
        if not self._up:
            return None
        if self._core is None:
            try:
                self._core = StoreOnly(Store.open(self.settings.store_url, writer=False))
            except StoreFailed as error:
                raise Unavailable("the store does not answer") from error
        return self._core

    # ---- the line

    def take(self, line: Line) -> None:
        self._line = line

    def serving(self) -> None:
        if self._line is not None:
            self._line.say(Serving())

    def close(self) -> None:
        if self._core is not None:
            self._core.store.close()

    def gone(self) -> None:
        """The core's process has ended, or let go of this one."""
        self._up = False
        for future in self._asked.values():
            if not future.done():
                future.set_exception(unavailable())
                future.exception()
        if not self.lost.done():
            self.lost.set_result(None)

    async def ask(self, name: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """What the core's method answers. Raises what it raises, and Unavailable."""
        call = call_of(name)
        if self._line is None or self.lost.done() or len(self._asked) >= ASKED_MAX:
            raise unavailable()
        self._numbered += 1
        number = self._numbered
        future = self._asked[number] = asyncio.get_running_loop().create_future()
        try:
            self._line.say(Ask(number, name, call.arguments.encode(call.bound(arguments, named))))
            async with asyncio.timeout(HEALTH_SECONDS_MAX if name == "health" else ANSWER_SECONDS_MAX):
                return call.answer.decode(await future)
        except TimeoutError:
            raise unavailable() from None
        finally:
            del self._asked[number]

    def heard(self, message: Message) -> None:
        match message:
            case Answer():
                future = self._asked.get(message.number)
                if future is not None and not future.done():
                    future.set_result(message.body)
            case Fault():
                future = self._asked.get(message.number)
                if future is not None and not future.done():
                    future.set_exception(raised(message))
            case Entries():
                self.position = message.entries[-1].position
                self.news.publish(message.entries)
            case Skipped():
                self.position = message.position
                self.news.skip()
            case Stands():
                self._up, self.position = message.up, max(self.position, message.position)
                self.news.skip()  # what was committed while nobody listened is in the store
            case Titles():
                self.titles = message.titles
            case Begin():
                self._settings = GatewaySettings.model_validate_json(message.settings)
                self.begun.set_result(message)
            case _:
                pass
