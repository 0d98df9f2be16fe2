"""The console's only wiring: pages, static files, sessions, the server."""

from __future__ import annotations

import secrets

from nicegui import app, ui

from console import clock as times
from console.gate import STATIC, Gate
from console.pages import (
    account,
    audit,
    devices,
    downloads,
    drill,
    drills,
    energy,
    handover,
    incident,
    kpis,
    orders,
    rules,
    sign_in,
    theory,
    tokens,
    users,
    wall,
)
from console.session import Sessions
from console.settings import ConsoleSettings

PAGES = (
    sign_in,
    account,
    downloads,
    wall,
    incident,
    orders,
    devices,
    energy,
    kpis,
    rules,
    drills,
    drill,
    theory,
    handover,
    audit,
    users,
    tokens,
)


def run(settings: ConsoleSettings) -> None:
    """Serves until it is told to stop."""
    make(settings)
    ui.run(
        host=settings.host,
        port=settings.port,
        title="Tocsin",
        dark=True,
        show=False,
        reload=False,
        tailwind=False,
        storage_secret=secrets.token_urlsafe(32),
        session_middleware_kwargs={"same_site": "lax"},
        show_welcome_message=False,
        reconnect_timeout=10.0,
    )


def make(settings: ConsoleSettings) -> Gate:
    times.choose(settings.timezone)
    sessions = Sessions(settings)
    gate = Gate(sessions)
    app.add_static_files("/console-static", STATIC)
    app.on_shutdown(sessions.close)
    for page in PAGES:
        page.add(gate)
    return gate
