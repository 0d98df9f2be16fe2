"""The gate: what a request must show before any route is looked for. Closed by default: a path has to be opened.

Without tokens the authority lies in being on this machine, and a browser on this machine carries any web page's
requests: so then the peer, the Host (DNS rebinding) and the origin (cross-site requests) are looked at. A token is
never sent by a browser of its own accord, so with tokens it is the token that counts.
"""

from __future__ import annotations

import logging
import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.auth import LOCAL, Principal, Tokens, is_loopback
from api.bodies import Taken, media_type_of, taken_by
from api.errors import Code, ProblemRaised, problem_response
from api.settings import ApiSettings

log = logging.getLogger(__name__)

OPEN_PATHS = frozenset({"/healthz", "/readyz"})  # a container's probes have no token
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
FORWARDED_HEADERS = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
BODYLESS_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::[0-9]{1,5})?")


class Gate:
    """ASGI. Puts the principal into `request.state.principal` (None on an open path), or answers with a problem."""

    def __init__(self, app: ASGIApp, settings: ApiSettings) -> None:
        self._app = app
        self._tokens = Tokens(settings)
        self._hosts = LOOPBACK_HOSTS | set(settings.allowed_hosts)
        self._hosts_matter = bool(settings.allowed_hosts) or not self._tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            self._check_host(headers)
            scope["state"]["principal"] = self._principal(scope, headers)
            taken = taken_by(scope["path"])
            _check_body(scope, headers, taken)
        except ProblemRaised as problem:
            log.warning("refused %s from %s: %s", problem.code.value, _peer(scope), problem.detail)
            response = problem_response(
                scope["state"]["request_id"], problem.code, problem.detail, headers=problem.headers
            )
            await response(scope, receive, send)
            return
        await self._app(scope, _bounded(receive, taken), send)

    def _check_host(self, headers: Headers) -> None:
        hosts = headers.getlist("host")
        match = _HOST.fullmatch(hosts[0].lower()) if len(hosts) == 1 else None
        if match is None or (self._hosts_matter and match[1] not in self._hosts):
            raise ProblemRaised(
                Code.WRONG_HOST,
                "expected Host to be localhost, 127.0.0.1, [::1] or one of the configured allowed hosts",
            )

    def _principal(self, scope: Scope, headers: Headers) -> Principal | None:
        if not self._tokens:
            _check_local(scope, headers)
            return LOCAL
        given = headers.get("authorization")
        principal = self._tokens.principal(given)
        if principal is None and (given is not None or scope["path"] not in OPEN_PATHS):
            raise ProblemRaised(
                Code.UNAUTHENTICATED,
                "the token is not known" if given else "expected the header Authorization: Bearer …",
                headers={"WWW-Authenticate": 'Bearer realm="tocsin"'},
            )
        return principal


def _check_local(scope: Scope, headers: Headers) -> None:
    if not is_loopback(_peer(scope)):
        raise ProblemRaised(Code.NOT_LOCAL, "configure a token to serve other machines")
    if any(name in headers for name in FORWARDED_HEADERS):
        raise ProblemRaised(Code.NOT_LOCAL, "a proxy brings this request; configure a token to serve other machines")
    origin = headers.get("origin")
    if origin is not None and origin.partition("://")[2].lower() != headers["host"].lower():
        raise ProblemRaised(Code.FOREIGN_ORIGIN, "pages of other sites may not ask")
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        raise ProblemRaised(Code.FOREIGN_ORIGIN, "pages of other sites may not ask")


def _peer(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else "unknown"


def _check_body(scope: Scope, headers: Headers, taken: Taken) -> None:
    if scope["method"] not in BODYLESS_METHODS:
        taken.check_type(media_type_of(headers.get("content-type", "")))  # so that no page of another site can send it
    length = headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length[:20]) > taken.bytes_max:
        raise taken.too_large()


def _bounded(receive: Receive, taken: Taken) -> Receive:
    """`receive` that ends a body of unknown length when it has become too long."""
    received = 0

    async def bounded() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > taken.bytes_max:
            raise taken.too_large()
        return message

    return bounded
