"""How pages are entered: with a session, signed in where the gateway has users; else to the sign-in."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from functools import wraps
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from nicegui import app, ui

from console.client import Unreachable
from console.live import Live
from console.session import Session, Sessions
from console.words import say

STATIC = Path(__file__).parent / "static"
RETRY_SECONDS = 2.0
BUILT_SECONDS_MAX = 30.0  # a page asks the API several times before it is there, and either may be busy

Build = Callable[..., Awaitable[None]]


class Gate:
    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions

    def session(self, request: Request) -> Session:
        return self.sessions.of(str(app.storage.browser["id"]), request.headers.get("accept-language", ""))

    def page(self, path: str) -> Callable[[Build], Build]:
        """Registers `build(session, live, **of the path)`."""

        def register(build: Build) -> Build:
            @wraps(build)
            async def entered(request: Request, **of_path: Any) -> Response | None:
                session = self.session(request)
                dress(session)
                try:
                    entered = await self.sessions.enter(session)
                except Unreachable:
                    _unreachable(session)
                    return None
                if not entered:
                    return RedirectResponse("/sign-in")
                live = session.live
                assert isinstance(live, Live)
                self._count(session)
                await build(session, live, **of_path)
                return None

            _take_signature(entered, build)
            ui.page(path, title="Tocsin", response_timeout=BUILT_SECONDS_MAX)(entered)
            return build

        return register

    def _count(self, session: Session) -> None:
        self.sessions.page_opened(session)
        ui.context.client.on_delete(lambda: self.sessions.page_closed(session))


def dress(session: Session) -> None:
    """The look of a page, in the head."""
    ui.add_head_html(
        f'<link rel="stylesheet" href="/console-static/console.css">'
        f'<script>document.documentElement.lang = "{session.language}"</script>'
        f'<script src="/console-static/console.js" defer></script>'
    )


def _unreachable(session: Session) -> None:
    ui.html(
        f'<div class="content sign-in" role="alert"><h1>{say("no_connection", session.language)}</h1>'
        f"<p>{say('unreachable', session.language)}</p></div>",
        sanitize=False,
    )
    ui.timer(RETRY_SECONDS, ui.navigate.reload)


def _take_signature(entered: Any, build: Build) -> None:
    """The page's own parameters are those of its path: what `session` and `live` are, is known here."""

    own = inspect.signature(build, eval_str=True)
    path = [each for each in own.parameters.values() if each.name not in ("session", "live")]
    request = inspect.Parameter("request", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Request)
    entered.__signature__ = inspect.Signature([request, *path])
    entered.__annotations__ = {"request": Request} | {each.name: each.annotation for each in path}
    del entered.__wrapped__
