"""How routes reach what the application was made with."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Request

from api.errors import invalid
from api.gate import peer_of
from api.identity_port import Access, Identity, Whence
from api.language import wanted
from api.ports import Desk
from api.settings import ApiSettings
from api.sight import Sight
from rules.timeline_text import Language


async def _desk(request: Request) -> Desk:
    """What the caller sees of it; on an open path, which has no caller, the desk itself."""
    state, principal = request.app.state, request.state.principal
    if principal is None:
        return cast(Desk, state.desk)

    def refused(about: str) -> None:
        who = principal.account or principal.name
        note = Access("out_of_sight", who, peer_of(request.scope), _asked(request), about, request.state.request_id)
        state.identity.note(note)

    return cast(Desk, Sight(state.desk, principal, state.masks, refused))


def _asked(request: Request) -> str:
    return f"{request.method} {request.url.path}"


async def _identity(request: Request) -> Identity:
    identity: Identity = request.app.state.identity
    return identity


async def _whence(request: Request) -> Whence:
    return Whence(peer_of(request.scope), request.state.request_id)


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
TheIdentity = Annotated[Identity, Depends(_identity)]
FromWhere = Annotated[Whence, Depends(_whence)]
