"""What every page has around it: where one can go, whether the gateway is heard, the sound, and one's name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple, Protocol

from nicegui import ui
from nicegui.events import GenericEventArguments

from console import clock as times
from console.client import Problem, SignedOut, Unreachable
from console.clock import monotonic_s, now_ms
from console.drawing import draw
from console.live import Live
from console.session import Session
from console.words import say

STILL_SECONDS = 20.0  # between two looks whether a person may still see what they see
REDRAWN_SECONDS = 0.3  # a page is drawn anew at the most so often, whatever happens
LARGE_CHARACTERS, LARGE_SECONDS = 24_000, 1.0  # and what is large, as in a flood, once a second: nobody reads faster


class Place(NamedTuple):
    key: str  # on the keyboard
    name: str
    path: str
    permission: str  # without it the place is not shown


PLACES = (
    Place("1", "wall", "/", "read"),
    Place("2", "orders", "/orders", "read"),
    Place("3", "devices", "/devices", "read"),
    Place("4", "energy", "/energy", "reports:read"),
    Place("5", "rules", "/rules", "rules:read"),
    Place("6", "drills", "/drills", "read"),
    Place("7", "handover", "/handover", "read"),
    Place("8", "kpis", "/kpis", "reports:read"),
    Place("9", "users", "/users", "users:manage"),
    Place("0", "audit", "/audit", "journal:verify"),
)


@contextmanager
def frame(session: Session, live: Live, here: str, sites: frozenset[str] = frozenset()) -> Iterator[None]:
    """`here`: the name of a place, or "" for a page beside them. `sites`: sounds for these alone; none: for all."""
    places = [place for place in PLACES if session.may(place.permission)]
    known = {"places": places, "here": here, "name": session.name, "signed_in": session.signed_in}
    ui.html(draw("frame.html", session.language, **known), sanitize=False)
    try:
        yield
    finally:
        ui.html(f'<p class="foot">{say("supplementary", session.language)}</p>', sanitize=False)
    ui.timer(1.0, lambda: _beat(session, live, sites))
    if session.signed_in:
        ui.timer(STILL_SECONDS, lambda: _is_still_let_in(session), immediate=False)


async def _is_still_let_in(session: Session) -> None:
    """What is kept up to date is asked for with the token of one of those who see the same: each is looked at."""
    with suppress(Problem, Unreachable):
        try:
            await session.api.get("/me")
        except SignedOut:
            session.open = False


def _beat(session: Session, live: Live, sites: frozenset[str]) -> None:
    if live.signed_out or not session.open:
        ui.navigate.to("/sign-in")
        return
    siren = live.siren(sites)
    stale = "true" if live.stale else "false"
    silent_ms, zone = round(live.silent_seconds * 1000), json.dumps(times.zone.name)
    ui.run_javascript(f"tocsinBeat({now_ms()}, {stale}, {silent_ms}, '{siren}', {zone})")


class Versioned(Protocol):
    """`version` rises with every change."""

    version: int


def keep_drawn(of: Versioned, draw_it: Callable[[], str], element: ui.html) -> None:
    """Draws an element anew when something has changed, at most every REDRAWN_SECONDS, and only if it looks other."""
    shown, drawn, not_before = str(draw_it()), of.version, 0.0
    element.set_content(shown)

    def look() -> None:
        nonlocal shown, drawn, not_before
        if of.version == drawn or monotonic_s() < not_before:
            return
        drawn = of.version
        made = str(draw_it())
        if made != shown:
            shown = made
            ui.run_javascript(f"tocsinShow({json.dumps(element.html_id)}, {json.dumps(made, ensure_ascii=False)})")
            not_before = monotonic_s() + (LARGE_SECONDS if len(made) > LARGE_CHARACTERS else 0.0)

    ui.timer(REDRAWN_SECONDS, look)


def on_act(handle: Callable[[dict[str, Any]], Any]) -> None:
    """`handle(what)`: a button with `data-act` was pressed; `what` are its data attributes."""

    def acted(event: GenericEventArguments) -> Any:
        args = event.args[0] if isinstance(event.args, list) else event.args
        return handle({str(name): value for name, value in dict(args).items()})

    ui.on("act", acted)


@contextmanager
def told(session: Session) -> Iterator[None]:
    """What the API refuses, or that it does not answer, is said to the person; nothing is swallowed."""
    try:
        yield
    except SignedOut:
        ui.navigate.to("/sign-in")
    except Problem as error:
        ui.notify(say("refused", session.language, why=error.detail), type="negative", multi_line=True, timeout=10_000)
    except Unreachable:
        ui.notify(say("unreachable", session.language), type="negative", timeout=10_000)
