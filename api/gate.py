"""The gate: what a request must show before any route is looked for. Closed by default: a path has to be opened.

Where nobody has made tokens or users, the authority lies in being on this machine, and a browser on this machine
carries any web page's requests: so then the peer, the Host (DNS rebinding) and the origin (cross-site requests) are
looked at. A token is never sent by a browser of its own accord, so with tokens or users it is the token that counts.
The first user ends the first of these for good: users are never removed, only disabled.
"""

from __future__ import annotations

import logging
import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.auth import LOCAL, Principal, Tokens, bearer, is_loopback
from api.bodies import Taken, media_type_of, taken_by
from api.errors import RETRY_AFTER, Code, ProblemRaised, problem_response
from api.identity_port import Access, Identity
from api.paths import OPEN_PATHS, PROBE_PATHS
from api.ports import Unavailable
from api.settings import TOKEN_CHARACTERS_MAX, ApiSettings

log = logging.getLogger(__name__)

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
FORWARDED_HEADERS = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
BODYLESS_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "DELETE"})
AUDITED = frozenset({401, 403, 421})  # what is refused for who asks; the rest is refused for what is asked
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::[0-9]{1,5})?")


class Gate:
    """ASGI. Puts the principal into `request.state.principal` (None on an open path), or answers with a problem.

    Every refusal, also that of a route, is put on the access log.
    """

    def __init__(self, app: ASGIApp, settings: ApiSettings) -> None:
        self._app = app
        self._tokens = Tokens(settings)
        self._open = settings.open_until_first_user
        self._hosts = LOOPBACK_HOSTS | set(settings.allowed_hosts)
        self._hosts_named = bool(settings.allowed_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers, state = Headers(scope=scope), scope["state"]
        identity: Identity = scope["app"].state.identity
        state["principal"] = None
        send = _audited(scope, send, identity)
        try:
            guarded = await self._guarded(scope, identity)
            self._check_host(headers, guarded)
            state["principal"] = principal = self._principal(scope, headers, identity, guarded)
            state["still"] = lambda: self._still(scope, headers, identity, principal)
            taken = taken_by(scope["path"])
            _check_body(scope, headers, taken)
        except ProblemRaised as problem:
            log.warning("refused %s from %s: %s", problem.code.value, peer_of(scope), problem.detail)
            state["refused"] = problem.code.value
            response = problem_response(state["request_id"], problem.code, problem.detail, headers=problem.headers)
            await response(scope, receive, send)
            return
        except Unavailable as error:
            response = problem_response(state["request_id"], Code.UNAVAILABLE, str(error), headers=RETRY_AFTER)
            await response(scope, receive, send)
            return
        await self._app(scope, _bounded(receive, taken), send)

    async def _still(self, scope: Scope, headers: Headers, identity: Identity, was: Principal | None) -> bool:
        """Whether who asked would be let in now as the same, for answers that last. Nobody who can tell: yes."""
        try:
            return self._principal(scope, headers, identity, await self._guarded(scope, identity)) == was
        except ProblemRaised:
            return False
        except Unavailable:
            return True

    async def _guarded(self, scope: Scope, identity: Identity) -> bool:
        """Whether a token is needed. Raises Unavailable when nobody can tell."""
        try:
            await identity.look()
        except Unavailable:
            if scope["path"] not in PROBE_PATHS:
                raise
            return True
        return bool(self._tokens) or identity.users_exist or not self._open

    def _check_host(self, headers: Headers, guarded: bool) -> None:
        hosts = headers.getlist("host")
        match = _HOST.fullmatch(hosts[0].lower()) if len(hosts) == 1 else None
        if match is None or ((self._hosts_named or not guarded) and match[1] not in self._hosts):
            raise ProblemRaised(
                Code.WRONG_HOST,
                "expected Host to be localhost, 127.0.0.1, [::1] or one of the configured allowed hosts",
            )

    def _principal(self, scope: Scope, headers: Headers, identity: Identity, guarded: bool) -> Principal | None:
        if not guarded:
            _check_local(scope, headers)
            return LOCAL
        path, given = scope["path"], headers.get("authorization")
        if path in OPEN_PATHS:  # whoever signs in may still send a token that is over
            return None
        principal = self._of_token(given, identity)
        if principal is None and (given is not None or path not in PROBE_PATHS):
            raise ProblemRaised(
                Code.UNAUTHENTICATED,
                "the token is not known, or is over" if given else "expected the header Authorization: Bearer …",
                headers={"WWW-Authenticate": 'Bearer realm="tocsin"'},
            )
        return principal

    def _of_token(self, authorization: str | None, identity: Identity) -> Principal | None:
        token = bearer(authorization)
        if token is None or len(token) > TOKEN_CHARACTERS_MAX:
            return None
        return self._tokens.principal(authorization, identity.users_exist) or identity.principal(token)


def _audited(scope: Scope, send: Send, identity: Identity) -> Send:
    async def audited(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] in AUDITED:
            state = scope["state"]
            principal: Principal | None = state["principal"]
            who = (principal.account or principal.name) if principal is not None else ""
            about = f"{scope['method']} {scope['path']}"
            identity.note(Access("refused", who, peer_of(scope), about, state.get("refused", ""), state["request_id"]))
        await send(message)

    return audited


def _check_local(scope: Scope, headers: Headers) -> None:
    if not is_loopback(peer_of(scope)):
        raise ProblemRaised(Code.NOT_LOCAL, "make a user, or configure a token, to serve other machines")
    if any(name in headers for name in FORWARDED_HEADERS):
        raise ProblemRaised(
            Code.NOT_LOCAL, "a proxy brings this request; make a user, or configure a token, to serve other machines"
        )
    origin = headers.get("origin")
    if origin is not None and origin.partition("://")[2].lower() != headers["host"].lower():
        raise ProblemRaised(Code.FOREIGN_ORIGIN, "pages of other sites may not ask")
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        raise ProblemRaised(Code.FOREIGN_ORIGIN, "pages of other sites may not ask")


def peer_of(scope: Scope) -> str:
    """The address of who connects: nobody's header says otherwise."""
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
