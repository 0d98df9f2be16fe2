"""Asking a person for what a command needs: a dialog with its fields. What is refused is said in it, and nothing typed
is lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

from nicegui import ui

from console.client import Problem, SignedOut, Unreachable
from console.session import Session
from console.words import say

OPTIONS_TYPED = 8  # where there are more, one may type to find one


class Field(NamedTuple):
    """`options`: value → what is shown; none: free text. `needed`: it may not be empty."""

    name: str
    label: str  # a key of words
    options: Mapping[str, str] | None = None
    value: str = ""
    lines: int = 1
    needed: bool = True
    suggested: Sequence[str] = ()  # of a free text
    secret: bool = False  # is not shown while it is typed
    several: bool = False  # of the options, with commas between; none is an answer too


Carry = Callable[[dict[str, str]], Awaitable[Any]]


def ask(
    session: Session,
    heading: str,
    fields: list[Field],
    carry_out: Carry,
    note: str = "",
    beside: Callable[[], None] | None = None,
) -> None:
    """`carry_out(values)` when the person says so: what the API refuses is shown, and the dialog stays.

    `beside` puts more below the fields, photos, say.
    """
    language = session.language
    inputs: dict[str, Any] = {}

    async def do() -> None:
        values = {field.name: _text(inputs[field.name].value) for field in fields}
        lacking = [say(field.label, language) for field in fields if field.needed and not values[field.name]]
        if lacking:
            problem.set_text(say("missing", language, what=", ".join(lacking)))
            return
        button.disable()
        try:
            await carry_out({name: value for name, value in values.items() if value})
        except SignedOut:
            ui.navigate.to("/sign-in")
        except Problem as error:
            problem.set_text(say("refused", language, why=error.detail))
        except Unreachable:
            problem.set_text(say("unreachable", language))
        else:
            dialog.close()
        finally:
            button.enable()

    with _dialog() as dialog, ui.card():
        ui.html(f"<h2>{heading}</h2>", sanitize=False).props("id=asked")
        if note:
            ui.label(note).classes("note").style("white-space: pre-line")
        for number, field in enumerate(fields):
            inputs[field.name] = _input(field, session, first=number == 0, do=do)
        if beside is not None:
            beside()
        problem = ui.label("").props("role=alert").classes("problem")
        with ui.row().classes("q-gutter-sm"):
            button = ui.button(say("do_it", language), on_click=do, color=None).classes("do first")
            if not fields:
                button.props("autofocus")  # then Enter says yes
            ui.button(say("close_dialog", language), on_click=dialog.close, color=None).classes("do")
    dialog.on("hide", dialog.delete)
    dialog.open()


def show(session: Session, heading: str, content: str) -> None:
    """Something to read. `content`: HTML of a template."""
    with _dialog() as dialog, ui.card().classes("wide"):
        ui.html(f"<h2>{heading}</h2>", sanitize=False).props("id=asked")
        ui.html(content, sanitize=False).classes("shown")
        ui.button(say("back", session.language), on_click=dialog.close, color=None).classes("do").props("autofocus")
    dialog.on("hide", dialog.delete)
    dialog.open()


def _dialog() -> ui.dialog:
    """There at once, and gone at once: what moves takes time from who is in a hurry, and from the machine."""
    return ui.dialog().props("persistent=false transition-duration=0 aria-labelledby=asked")


def _input(field: Field, session: Session, first: bool, do: Callable[[], Awaitable[None]]) -> Any:
    label = say(field.label, session.language)
    if field.options is not None and field.several:
        wanted = [each for each in field.value.split(",") if each in field.options]
        made: Any = ui.select(dict(field.options), value=wanted, label=label, multiple=True)
        made.props("dark options-dark use-chips").classes("w-full")
    elif field.options is not None:
        chosen = field.value or next(iter(field.options), "")
        many = len(field.options) > OPTIONS_TYPED
        made = ui.select(dict(field.options), value=chosen, label=label, with_input=many)
        made.props("dark options-dark").classes("w-full")
    elif field.lines > 1:
        made = ui.textarea(label, value=field.value).props(f"dark rows={field.lines} autogrow").classes("w-full")
        made.on("keydown.ctrl.enter", do)
    else:
        made = (
            ui.input(label, value=field.value, autocomplete=list(field.suggested), password=field.secret)
            .props("dark")
            .classes("w-full")
            .on("keydown.enter", do)
        )
    return made.props("autofocus") if first else made


def _text(value: Any) -> str:
    return ",".join(value) if isinstance(value, list) else str(value or "").strip()
