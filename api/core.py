"""How routes reach what the application was made with."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from api.errors import invalid
from api.language import wanted
from api.ports import Desk
from api.settings import ApiSettings
from rules.timeline_text import Language


async def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


async def no_parameter_twice(request: Request) -> None:
    """Of `?limit=1&limit=2` one would be ignored; which one, the reader of a log cannot tell."""
    seen: set[str] = set()
    for name, _ in request.query_params.multi_items():
        if name in seen:
            raise invalid(f"query.{name[:64]}", request.query_params.getlist(name)[:9], "one value")
        seen.add(name)


def settings_of(request: Request) -> ApiSettings:
    settings: ApiSettings = request.app.state.settings
    return settings


def language_of(request: Request, asked: Language | None) -> Language:
    return wanted(asked, request.headers.get("accept-language"), settings_of(request).language)


TheDesk = Annotated[Desk, Depends(_desk)]
