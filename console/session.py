"""Who sits before which browser: their tokens, their language, and what is kept up to date for them.

In memory alone: nothing of it is written down, and with the end of the console everybody is signed out.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from console.client import Api, Problem, SignedOut, Unreachable
from console.live import Live
from console.settings import ConsoleSettings, Language

CONTROL_ROOM = "control-room"  # on record where nobody has said who they are
SESSIONS_MAX = 1_000  # browsers; the one that was used longest ago goes first

log = logging.getLogger("tocsin.console")


@dataclass(eq=False)
class Session:
    api: Api
    language: Language
    name: str = ""  # who goes on record; on a gateway without users: who they say they are
    signed_in: bool = False  # as a user of the gateway
    open: bool = False  # pages may be shown
    permissions: frozenset[str] = frozenset()
    plan_roles: list[str] | None = None  # in which roles of plans they may act; None: any
    live: Live | None = None
    account: str = ""  # the user, empty: none
    pages: int = 0  # open ones

    def may(self, permission: str) -> bool:
        """Whether a page offers it; the API decides."""
        return permission in self.permissions

    def acting(self) -> dict[str, str]:
        """Who acts, for the body of a command: on a gateway with users the token says it."""
        return {} if self.signed_in else {"by": self.name or CONTROL_ROOM}


class Sessions:
    """By the id in a browser's signed cookie."""

    def __init__(self, settings: ConsoleSettings, make_api: Callable[[str, str], Api] = Api) -> None:
        self.settings, self._make_api = settings, make_api
        self._known: dict[str, Session] = {}
        self._lives = Lives(lambda: make_api(settings.api_url, settings.language))

    def of(self, id: str, accepted: str = "") -> Session:
        """`accepted`: the browser's Accept-Language, for the first time it comes."""
        found = self._known.pop(id, None)
        if found is None:
            language = preferred(accepted, self.settings.language)
            found = Session(self._make_api(self.settings.api_url, language), language)
        self._known[id] = found
        while len(self._known) > SESSIONS_MAX:
            self._forget(next(iter(self._known)))
        return found

    async def enter(self, session: Session) -> bool:
        """Whether pages may be shown: somebody has signed in, or the gateway has no users. Raises Unreachable."""
        if session.open and session.live is not None and not session.live.signed_out:
            return True
        try:
            me = await session.api.get("/me")
        except SignedOut:
            session.open = False
            return False
        session.signed_in, session.account = bool(me["account"]), str(me["account"])
        session.name = str(me["name"]) if session.signed_in else session.name
        session.permissions = frozenset(me["permissions"])
        session.plan_roles = me["plan_roles"]
        self._begin(session)
        return True

    def speak(self, session: Session, language: Language) -> None:
        session.language = session.api.language = language
        if session.live is not None:
            self._begin(session)  # what the stream says, it says in one language

    async def leave(self, session: Session) -> None:
        """Signs out."""
        try:
            await session.api.sign_out()
        except (Problem, Unreachable) as error:
            log.warning("not signed out at the gateway: %s", error)
        self._end(session)

    async def close(self) -> None:
        for session in self._known.values():
            self._end(session)
        for session in self._known.values():
            await session.api.close()
        await self._lives.close()

    def page_opened(self, session: Session) -> None:
        session.pages += 1

    def page_closed(self, session: Session) -> None:
        """With the last one nothing is kept up to date any more, and the stream is free for somebody else."""
        session.pages -= 1
        if session.pages <= 0 and session.live is not None:
            self._end(session)

    def _begin(self, session: Session) -> None:
        self._end(session)
        session.live, session.open = self._lives.take(session), True

    def _end(self, session: Session) -> None:
        self._lives.leave(session)
        session.open, session.live = False, None

    def _forget(self, id: str) -> None:
        self._end(self._known.pop(id))


@dataclass
class Shared:
    """What is kept up to date for all who see the same in one language."""

    live: Live
    readers: list[Session] = field(default_factory=list)
    own: Api | None = None  # where the gateway has no users


class Lives:
    """Everybody of one account sees the same, and everybody where a gateway has no users: one is kept for all of them
    who read one language. It asks with the token of one of its readers; when that one is signed out, with another's."""

    def __init__(self, make_api: Callable[[], Api]) -> None:
        self._make_api = make_api
        self._shared: dict[tuple[str, str], Shared] = {}
        self._tasks: dict[Live, asyncio.Task[None]] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def take(self, session: Session) -> Live:
        key = session.account, session.language
        shared = self._shared.get(key)
        if shared is None or shared.live.signed_out:
            shared = self._shared[key] = self._made(session, key)
        shared.readers.append(session)
        return shared.live

    def leave(self, session: Session) -> None:
        """With its last reader it ends; where there are no users it goes on."""
        for key, shared in list(self._shared.items()):
            if session not in shared.readers:
                continue
            shared.readers.remove(session)
            if shared.own is not None:
                continue
            if not shared.readers:
                del self._shared[key]
                self._stop(shared.live)
            elif shared.live.api is session.api:
                shared.live.api = shared.readers[0].api

    async def close(self) -> None:
        for live in list(self._tasks):
            self._stop(live)
        for shared in self._shared.values():
            if shared.own is not None:
                await shared.own.close()
        await asyncio.gather(*self._closing, return_exceptions=True)

    def _made(self, session: Session, key: tuple[str, str]) -> Shared:
        if session.signed_in:
            return Shared(self._start(Live(session.api, another=lambda gone: self._another(key, gone))))
        own = self._make_api()
        own.language = session.language
        return Shared(self._start(Live(own)), own=own)

    def _another(self, key: tuple[str, str], gone: Api) -> Api | None:
        """Whoever had that token is let in no more; one of the others has one that may be good."""
        shared = self._shared.get(key)
        if shared is None:
            return None
        for session in [each for each in shared.readers if each.api is gone]:
            shared.readers.remove(session)
            session.open = False
        return shared.readers[0].api if shared.readers else None

    def _start(self, live: Live) -> Live:
        self._tasks[live] = asyncio.create_task(live.run())
        return live

    def _stop(self, live: Live) -> None:
        task = self._tasks.pop(live, None)
        if task is not None:
            task.cancel()
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)


def preferred(accepted: str, otherwise: Language) -> Language:
    """The first of the languages that the console speaks: `zh-CN,zh;q=0.9,en;q=0.8` → zh."""
    for part in accepted.split(","):
        tongue = part.split(";")[0].strip().lower()
        if tongue.startswith("zh"):
            return "zh"
        if tongue.startswith("en"):
            return "en"
    return otherwise
