"""What every answer has: a request id, headers that keep it out of caches and frames, and no internals in a 500."""

from __future__ import annotations

import logging
import re
import secrets

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Code, problem_response

log = logging.getLogger(__name__)

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")  # goes into logs as it is: nothing that breaks a line


class Envelope:
    """ASGI, outermost. `request.state.request_id` is the caller's `X-Request-ID`, if a decent one, else a new one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        started = False

        async def enveloped(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                scope["app"].state.requests.add(scope["method"], message["status"])
                _stamp(MutableHeaders(scope=message), request_id)
            await send(message)

        try:
            await self._app(scope, receive, enveloped)
        except Exception:
            log.exception("request %s: %s %r failed", request_id, scope["method"], scope["path"])
            if started:
                raise  # the server breaks the connection off, so that half an answer is not taken for a whole
            response = problem_response(request_id, Code.INTERNAL, "it is in the gateway's log under this request_id")
            await response(scope, receive, enveloped)


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def _stamp(headers: MutableHeaders, request_id: str) -> None:
    headers["X-Request-ID"] = request_id
    headers["X-Content-Type-Options"] = "nosniff"
    headers.setdefault("Cache-Control", "no-store")  # an incident is never to be seen as it was
    headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
