"""Signing in and out, the first admin, and the switch of language."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.responses import RedirectResponse
from nicegui import app, ui

from console.client import Problem, Unreachable
from console.gate import Gate, dress
from console.session import Session
from console.words import Words, say
from console.words import add as add_words

SET_UP = "/login/setup"

WORDS: Words = {
    "no_user_yet": ("No user yet? Make the first admin", "还没有用户？创建首个管理员"),
    "set_up": ("The first admin", "首个管理员"),
    "set_up_note": (
        "Once, and only while the gateway has no user. The secret stands in the file setup-secret in its data folder.",
        "仅在网关尚无用户时可用一次。密钥在网关数据目录的 setup-secret 文件中。",
    ),
    "secret": ("Secret", "密钥"),
    "password_again": ("Password again", "再次输入密码"),
    "password_rule": ("at least 12 characters", "至少 12 个字符"),
    "passwords_differ": ("The two passwords are not the same", "两次输入的密码不一致"),
    "make_admin": ("Make the admin and sign in", "创建管理员并登录"),
    "back_to_sign_in": ("Back to the sign-in", "返回登录"),
}


def add(gate: Gate) -> None:
    add_words(WORDS)
    _add_sign_in(gate)
    _add_set_up(gate)

    @app.get("/sign-out")
    async def sign_out(request: Request) -> RedirectResponse:
        await gate.sessions.leave(gate.session(request))
        return RedirectResponse("/sign-in")

    @app.get("/language")
    async def language(request: Request) -> RedirectResponse:
        session = gate.session(request)
        gate.sessions.speak(session, "en" if session.language == "zh" else "zh")
        return RedirectResponse(request.headers.get("referer") or "/")


def _add_sign_in(gate: Gate) -> None:
    @ui.page("/sign-in", title="Tocsin")
    async def sign_in(request: Request) -> None:
        session = gate.session(request)
        dress(session)
        language = session.language

        async def enter() -> None:
            problem.set_text("")
            try:
                await _enter(gate, session, name.value, password.value)
            except Problem as error:
                problem.set_text(say("wrong_sign_in", language, why=error.detail))
            except Unreachable:
                problem.set_text(say("unreachable", language))

        with ui.element("div").classes("content sign-in"):
            ui.html(f"<h1>{say('tocsin', language)}</h1>", sanitize=False)
            name = ui.input(say("name", language)).props("autofocus autocomplete=username dark").classes("w-full")
            name.on("keydown.enter", enter)
            password = _password("password", session, "current-password").on("keydown.enter", enter)
            ui.button(say("sign_in", language), on_click=enter, color=None).classes("do first w-full q-mt-md")
            problem = _problem()
            _links(session, "/set-up", "no_user_yet")


def _add_set_up(gate: Gate) -> None:
    @ui.page("/set-up", title="Tocsin")
    async def set_up(request: Request) -> None:
        session = gate.session(request)
        dress(session)
        language = session.language

        async def make() -> None:
            if password.value != again.value:
                problem.set_text(say("passwords_differ", language))
                return
            problem.set_text("")
            body = {"secret": secret.value.strip(), "name": name.value.strip(), "password": password.value}
            try:
                await session.api.send("POST", SET_UP, json=body)
                await _enter(gate, session, name.value.strip(), password.value)
            except Problem as error:
                problem.set_text(say("refused", language, why=error.detail))
            except Unreachable:
                problem.set_text(say("unreachable", language))

        with ui.element("div").classes("content sign-in"):
            ui.html(f"<h1>{say('set_up', language)}</h1>", sanitize=False)
            ui.label(say("set_up_note", language)).classes("note")
            secret = _password("secret", session, "off").props("autofocus")
            name = ui.input(say("name", language)).props("autocomplete=username dark").classes("w-full")
            password = _password("password", session, "new-password")
            password.props(f'hint="{say("password_rule", language)}"')
            again = _password("password_again", session, "new-password").on("keydown.enter", make)
            ui.button(say("make_admin", language), on_click=make, color=None).classes("do first w-full q-mt-md")
            problem = _problem()
            _links(session, "/sign-in", "back_to_sign_in")


async def _enter(gate: Gate, session: Session, name: str, password: str) -> None:
    await session.api.sign_in(name, password)
    session.name = name
    await gate.sessions.enter(session)
    ui.navigate.to("/")


def _password(label: str, session: Session, kind: str) -> Any:
    made = ui.input(say(label, session.language), password=True)
    return made.props(f"autocomplete={kind} dark").classes("w-full")


def _problem() -> ui.label:
    return ui.label("").props("role=alert").classes("problem q-mt-md")


def _links(session: Session, path: str, label: str) -> None:
    other = "English" if session.language == "zh" else "中文"
    ui.html(
        f'<p class="links"><a href="{path}">{say(label, session.language)}</a> · <a href="/language">{other}</a></p>'
        f'<p class="foot">{say("supplementary", session.language)}</p>',
        sanitize=False,
    )
