"""Users of the gateway: made, changed, disabled, signed out. Their names stand on record, so none is ever removed."""

from __future__ import annotations

from collections.abc import Callable
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
from console.user_words import ROLES, USER_WORDS
from console.words import add as add_words
from console.words import say

KEYS = {"us_change": "c", "us_password": "p", "us_sign_out": "o", "us_disable": "x", "us_enable": "x"}
LOGGED_SHOWN = 15  # of the access log; the audit has all
KEPT = ("roles", "sites", "person", "plan_roles", "external", "disabled")  # what a change has to name to keep it


def add(gate: Gate) -> None:
    add_words(USER_WORDS)

    @gate.page("/users")
    async def users(session: Session, live: Live) -> None:
        wear("records")
        with frame(session, live, "users"), told(session):
            view = Users(session, live)
            await view.load()
            view.show()

    @gate.page("/users/{user}")
    async def one(session: Session, live: Live, user: str) -> None:
        wear("records")
        with frame(session, live, "users"), told(session):
            view = Users(session, live, user)
            await view.load()
            view.show()


class Users:
    """`name`: of one; else all."""

    def __init__(self, session: Session, live: Live, name: str = "") -> None:
        self.session, self.live, self.name = session, live, name
        self.items: list[Json] = []
        self.user: Json = {}
        self.people: dict[str, str] = {}
        self.version = 0

    async def load(self) -> None:
        if not self.session.may("users:manage"):
            return
        api = self.session.api
        if self.name:
            self.user = await api.get(f"/users/{self.name}")
            if self.session.may("access-log:read"):
                self.items = (await api.get("/access-log", who=self.name, limit=LOGGED_SHOWN))["items"]
        else:
            self.items = (await api.get("/users"))["items"]
        roster = (await api.get("/roster"))["items"]
        self.people = {each["id"]: each["name"] for duty in roster for each in duty["people"]}
        self.version += 1

    def show(self) -> None:
        language, session = self.session.language, self.session
        template = "user.html" if self.name else "users.html"

        def drawn() -> str:
            known = {"items": self.items, "user": self.user, "acts": self._acts(), "keys": KEYS, "people": self.people}
            manages = session.may("users:manage")
            return draw(template, language, **known, manages=manages, permissions=sorted(session.permissions))

        keep_drawn(self, drawn, ui.html(sanitize=False))
        on_act(self._act)

    def _acts(self) -> list[str]:
        if not self.user:
            return []
        acts = ["us_change", "us_password", "us_sign_out"]
        return [*acts, "us_enable" if self.user["disabled"] else "us_disable"]

    def _act(self, what: dict[str, Any]) -> None:
        acts: dict[str, Callable[[], None]] = {
            "us_new": self._new,
            "us_change": self._change,
            "us_password": self._password,
            "us_sign_out": self._sign_out,
            "us_disable": lambda: self._disable(True),
            "us_enable": lambda: self._disable(False),
        }
        acts[str(what["act"])]()

    def _fields(self, user: Json) -> list[Field]:
        """What a user may do, where, as whom."""
        language = self.session.language
        roles = {role: say("us_role_" + role, language) for role in ROLES}
        sites = {zone["site"]: zone["site"] for zone in self.live.zones}
        sites |= {site: site for site in user.get("sites") or []}
        people = {"": say("us_no_person", language)} | self.people
        person = user.get("person") or ""
        fields = [
            Field("roles", "us_roles", roles, value=",".join(user.get("roles", [])), several=True),
            Field("sites", "us_sites", sites, value=",".join(user.get("sites") or []), needed=False, several=True),
            Field("person", "us_person", people | ({person: person} if person else {}), value=person, needed=False),
            Field("external", "us_external", value=user.get("external") or "", needed=False),
        ]
        return [*fields, Field("reason", "us_reason", needed=False)]

    def _new(self) -> None:
        secret = Field("password", "us_first_password", secret=True, needed=False)
        fields = [Field("name", "us_name"), secret, *self._fields({})]

        async def carry_out(values: dict[str, str]) -> None:
            await self.session.api.post("/users", values | _spelled(values))
            await self.load()

        ask(self.session, say("us_new", self.session.language), fields, carry_out)

    def _change(self) -> None:
        async def carry_out(values: dict[str, str]) -> None:
            named = {"plan_roles": self.user["plan_roles"], "disabled": self.user["disabled"]}
            await self._put(named | values | _spelled(values))

        ask(self.session, self._heading("us_change"), self._fields(self.user), carry_out)

    def _disable(self, disabled: bool) -> None:
        async def carry_out(values: dict[str, str]) -> None:
            await self._put({name: self.user[name] for name in KEPT} | {"disabled": disabled} | values)

        act = "us_disable" if disabled else "us_enable"
        note = say("us_disable_note", self.session.language) if disabled else ""
        ask(self.session, self._heading(act), [Field("reason", "us_reason", needed=disabled)], carry_out, note)

    def _password(self) -> None:
        fields = [Field("password", "us_first_password", secret=True), Field("reason", "us_reason")]
        ask(self.session, self._heading("us_password"), fields, self._posts("password"))

    def _sign_out(self) -> None:
        ask(self.session, self._heading("us_sign_out"), [Field("reason", "us_reason")], self._posts("sign-out"))

    def _posts(self, where: str) -> Callable[[dict[str, str]], Any]:
        async def carry_out(values: dict[str, str]) -> None:
            await self.session.api.post(f"/users/{self.name}/{where}", values)
            await self.load()

        return carry_out

    async def _put(self, body: Json) -> None:
        """On the revision that was seen: what somebody else has changed meanwhile is not undone."""
        headers = {"If-Match": f'"{self.user["revision"]}"'}
        await self.session.api.send("PUT", f"/users/{self.name}", json=body, headers=headers)
        await self.load()

    def _heading(self, act: str) -> str:
        return f"{say(act, self.session.language)} · {self.name}"


def _spelled(values: dict[str, str]) -> Json:
    """Lists as the API takes them: no site is all sites."""
    sites = values.get("sites", "")
    return {"roles": values["roles"].split(","), "sites": sites.split(",") if sites else None}
