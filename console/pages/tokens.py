"""API tokens: one's own, for programs. The secret is shown once."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from console.ask import Field, ask
from console.client import Json
from console.drawing import draw
from console.frame import frame, keep_drawn, on_act, told
from console.gate import Gate
from console.kept import wear
from console.live import Live
from console.session import Session
from console.user_words import USER_WORDS
from console.words import add as add_words
from console.words import say

NOT_FOR_PROGRAMS = {"account:own", "users:manage"}  # the API gives them to nobody's token
DAYS = "90"


def add(gate: Gate) -> None:
    add_words(USER_WORDS)

    @gate.page("/tokens")
    async def tokens(session: Session, live: Live) -> None:
        wear("records")
        with frame(session, live, "users"), told(session):
            view = Tokens(session)
            await view.load()
            view.show()


class Tokens:
    """Those who manage users see everybody's."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.items: list[Json] = []
        self.secret = ""
        self.version = 0

    async def load(self) -> None:
        if self.session.may("account:own"):
            everybodys = True if self.session.may("users:manage") else None
            self.items = (await self.session.api.get("/tokens", all=everybodys))["items"]
        self.version += 1

    def show(self) -> None:
        own = self.session.may("account:own")

        def drawn() -> str:
            known = {"items": self.items, "secret": self.secret, "own": own}
            return draw("tokens.html", self.session.language, **known, manages=self.session.may("users:manage"))

        keep_drawn(self, drawn, ui.html(sanitize=False))
        on_act(self._act)

    def _act(self, what: dict[str, Any]) -> None:
        language = self.session.language
        if what["act"] == "tk_revoke":
            token = str(what["step"])

            async def revoke(values: dict[str, str]) -> None:
                await self.session.api.post(f"/tokens/{token}/revoke", {})
                await self.load()

            ask(self.session, f"{say('tk_revoke', language)} · {token}", [], revoke)
            return
        scopes = {each: each for each in sorted(self.session.permissions - NOT_FOR_PROGRAMS)}
        fields = [
            Field("name", "tk_name"),
            Field("scopes", "tk_scopes", scopes, value="read", several=True),
            Field("days", "tk_days", value=DAYS),
        ]
        ask(self.session, say("tk_new", language), fields, self._make)

    async def _make(self, values: dict[str, str]) -> None:
        days = int(values["days"]) if values["days"].isdecimal() else 0  # which the API refuses with the limits
        body = {"name": values["name"], "scopes": values["scopes"].split(","), "days": days}
        self.secret = (await self.session.api.post("/tokens", body))["secret"]
        await self.load()
