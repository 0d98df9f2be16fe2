"""Signing in and out, and the switch of language."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import RedirectResponse
from nicegui import app, ui

from console.client import Problem, Unreachable
from console.gate import Gate, dress
from console.words import say


def add(gate: Gate) -> None:
    @ui.page("/sign-in", title="Tocsin")
    async def sign_in(request: Request) -> None:
        session = gate.session(request)
        dress(session)
        language = session.language

        async def enter() -> None:
            problem.set_text("")
            try:
                await session.api.sign_in(name.value, password.value)
                session.name = name.value
                await gate.sessions.enter(session)
            except Problem as error:
                problem.set_text(say("wrong_sign_in", language, why=error.detail))
            except Unreachable:
                problem.set_text(say("unreachable", language))
            else:
                ui.navigate.to("/")

        with ui.element("main").classes("sign-in"):
            ui.html(f"<h1>{say('tocsin', language)}</h1>", sanitize=False)
            name = ui.input(say("name", language)).props("autofocus autocomplete=username dark").classes("w-full")
            password = ui.input(say("password", language), password=True)
            password.props("autocomplete=current-password dark").classes("w-full").on("keydown.enter", enter)
            ui.button(say("sign_in", language), on_click=enter, color=None).classes("do first w-full q-mt-md")
            problem = ui.label("").props("role=alert").style("color: #ff9d9d; margin-top: 1em")
            ui.html(f"<p class='foot'>{say('supplementary', language)}</p>", sanitize=False)

    @app.get("/sign-out")
    async def sign_out(request: Request) -> RedirectResponse:
        await gate.sessions.leave(gate.session(request))
        return RedirectResponse("/sign-in")

    @app.get("/language")
    async def language(request: Request) -> RedirectResponse:
        session = gate.session(request)
        gate.sessions.speak(session, "en" if session.language == "zh" else "zh")
        return RedirectResponse(request.headers.get("referer") or "/")
