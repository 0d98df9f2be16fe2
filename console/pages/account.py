"""One's own account: who one is to the gateway, and another password. Without users there: who goes on record."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from console.client import Problem, SignedOut, Unreachable
from console.drawing import draw
from console.frame import frame, told
from console.gate import Gate
from console.live import Live
from console.session import CONTROL_ROOM, Session
from console.words import Words, say
from console.words import add as add_words

WORDS: Words = {
    "account": ("Account", "账户"),
    "on_record": ("On record as", "记录中的姓名"),
    "user_is": ("User", "用户名"),
    "may_do": ("May do", "权限"),
    "plan_roles_are": ("Acts in incidents as", "事件中的角色"),
    "any_role": ("any role", "任意角色"),
    "no_plan_role": ("no role", "无"),
    "at_sites": ("At", "站点"),
    "everywhere": ("all sites", "全部站点"),
    "change_password": ("Change the password", "修改密码"),
    "old_password": ("Old password", "原密码"),
    "new_password": ("New password", "新密码"),
    "password_changed": ("The password is changed; other sessions are over.", "密码已修改，其他会话已结束。"),
    "without_users": (
        "This gateway has no users yet: whoever is on its machine may do everything but make users. "
        "The first admin ends that.",
        "该网关尚无用户：本机上的任何人均可执行除管理用户外的一切操作。创建首个管理员后即告结束。",
    ),
    "who_are_you": ("Who you are, for the record", "您的姓名（记录在案）"),
    "keep": ("Keep", "保存"),
    "kept_name": ("On record as {name} from now on", "此后记录为 {name}"),
}


def add(gate: Gate) -> None:
    add_words(WORDS)

    @gate.page("/account")
    async def account(session: Session, live: Live) -> None:
        with frame(session, live, ""), told(session):
            me = await session.api.get("/me")
            with ui.element("div").classes("content page account"):
                ui.html(draw("account.html", session.language, me=me, name=session.name), sanitize=False)
                if session.signed_in:
                    _password_form(session)
                else:
                    _name_form(session)


def _name_form(session: Session) -> None:
    language = session.language

    def keep() -> None:
        session.name = str(name.value or "").strip()[:64]
        ui.notify(say("kept_name", language, name=session.name or CONTROL_ROOM))

    with ui.element("section").classes("box"):
        ui.label(say("without_users", language)).classes("note")
        name = ui.input(say("who_are_you", language), value=session.name or CONTROL_ROOM).props("dark")
        name.classes("w-full").on("keydown.enter", keep)
        with ui.row().classes("acts"):
            ui.button(say("keep", language), on_click=keep, color=None).classes("do first")
            ui.html(
                f'<a class="do" href="/set-up">{say("set_up", language)}</a> '
                f'<a class="do" href="/sign-in">{say("sign_in", language)}</a>',
                sanitize=False,
            )


def _password_form(session: Session) -> None:
    language = session.language

    async def change() -> None:
        if new.value != again.value:
            problem.set_text(say("passwords_differ", language))
            return
        problem.set_text("")
        try:
            await session.api.post("/me/password", {"old": old.value, "new": new.value})
            await session.api.sign_in(session.account, new.value)
        except SignedOut:
            ui.navigate.to("/sign-in")
        except Problem as error:
            problem.set_text(say("refused", language, why=error.detail))
        except Unreachable:
            problem.set_text(say("unreachable", language))
        else:
            for field in (old, new, again):
                field.set_value("")
            ui.notify(say("password_changed", language), type="positive")

    with ui.element("section").classes("box"):
        ui.html(f"<h2>{say('change_password', language)}</h2>", sanitize=False)
        old = _field("old_password", session, "current-password")
        new = _field("new_password", session, "new-password").props(f'hint="{say("password_rule", language)}"')
        again = _field("password_again", session, "new-password").on("keydown.enter", change)
        ui.button(say("change_password", language), on_click=change, color=None).classes("do first q-mt-md")
        problem = ui.label("").props("role=alert").classes("problem")


def _field(label: str, session: Session, kind: str) -> Any:
    made = ui.input(say(label, session.language), password=True)
    return made.props(f"autocomplete={kind} dark").classes("w-full")
