"""Errors as RFC 9457 problem documents with stable codes. A client decides by `code`, a person reads `detail`."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.port_basics import TooBusy
from api.ports import (
    BadCursor,
    Unavailable,
    Unknown,
    UnknownAction,
    UnknownAttachment,
    UnknownDeadLetter,
    UnknownDevice,
    UnknownDrill,
    UnknownHandover,
    UnknownInboxDevice,
    UnknownIncident,
    UnknownOrder,
    UnknownPlan,
    UnknownShelf,
)
from api.rules_port import UnknownBacktest, UnknownRule, UnknownVersion
from rules.outcome import Refused

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:tocsin:problem:"  # names, not addresses: a control room has no way out to look one up
VALUE_CHARACTERS_MAX = 200  # enough of an offending value to recognise it; the client has the rest
RETRY_AFTER = {"Retry-After": "5"}  # seconds: a restart takes one or two
ERRORS_SHOWN_MAX = 20  # a body has fewer fields


class Code(Enum):
    """The API's own codes. 409 carries the desk's (`illegal_transition`, …)."""

    UNAUTHENTICATED = "unauthenticated"
    NOT_LOCAL = "not_local"
    FORBIDDEN = "forbidden"
    ROLE_NOT_HELD = "role_not_held"
    INVALID_GRANT = "invalid_grant"
    FOREIGN_ORIGIN = "foreign_origin"
    NOT_FOUND = "not_found"
    UNKNOWN_INCIDENT = "unknown_incident"
    UNKNOWN_DEVICE = "unknown_device"
    UNKNOWN_ORDER = "unknown_order"
    UNKNOWN_ACTION = "unknown_action"
    UNKNOWN_SHELF = "unknown_shelf"
    UNKNOWN_HANDOVER = "unknown_handover"
    UNKNOWN_DRILL = "unknown_drill"
    UNKNOWN_PLAN = "unknown_plan"
    UNKNOWN_RULE = "unknown_rule"
    UNKNOWN_VERSION = "unknown_version"
    UNKNOWN_BACKTEST = "unknown_backtest"
    UNKNOWN_DEAD_LETTER = "unknown_dead_letter"
    UNKNOWN_INBOX_DEVICE = "unknown_inbox_device"
    UNKNOWN_ATTACHMENT = "unknown_attachment"
    UNKNOWN_USER = "unknown_user"
    UNKNOWN_TOKEN = "unknown_token"  # noqa: S105 (a code)
    NO_PROVIDER = "no_provider"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    BODY_TOO_SLOW = "body_too_slow"
    PRECONDITION_FAILED = "precondition_failed"
    BODY_TOO_LARGE = "body_too_large"
    NOT_JSON = "not_json"
    NOT_A_FORM = "not_a_form"
    FILE_TYPE_NOT_TAKEN = "file_type_not_taken"
    WRONG_HOST = "wrong_host"
    INVALID_REQUEST = "invalid_request"
    WEAK_PASSWORD = "weak_password"  # noqa: S105 (a code)
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused"
    LOCKED_OUT = "locked_out"
    TOO_MANY_SIGN_INS = "too_many_sign_ins"
    INTERNAL = "internal"
    UNAVAILABLE = "unavailable"
    TOO_BUSY = "too_busy"
    TOO_MANY_STREAMS = "too_many_streams"
    TOO_MANY_UPLOADS = "too_many_uploads"
    SHUTTING_DOWN = "shutting_down"


STATUSES: dict[Code, tuple[int, str]] = {
    Code.INVALID_GRANT: (400, "Not signed in"),
    Code.UNAUTHENTICATED: (401, "A valid bearer token is needed"),
    Code.NOT_LOCAL: (403, "Without tokens only this machine is served"),
    Code.FORBIDDEN: (403, "This is not for the caller to do"),
    Code.ROLE_NOT_HELD: (403, "The caller does not have this role"),
    Code.FOREIGN_ORIGIN: (403, "Another site's page asks"),
    Code.NOT_FOUND: (404, "No such path"),
    Code.UNKNOWN_INCIDENT: (404, "No such incident"),
    Code.UNKNOWN_DEVICE: (404, "No such device"),
    Code.UNKNOWN_ORDER: (404, "No such work order"),
    Code.UNKNOWN_ACTION: (404, "No such corrective action"),
    Code.UNKNOWN_SHELF: (404, "No such shelf"),
    Code.UNKNOWN_HANDOVER: (404, "No such handover"),
    Code.UNKNOWN_RULE: (404, "No such rule"),
    Code.UNKNOWN_VERSION: (404, "No such version"),
    Code.UNKNOWN_BACKTEST: (404, "No such backtest"),
    Code.UNKNOWN_DEAD_LETTER: (404, "No such message"),
    Code.UNKNOWN_INBOX_DEVICE: (404, "No such device was found"),
    Code.UNKNOWN_DRILL: (404, "No such drill"),
    Code.UNKNOWN_PLAN: (404, "No plan for this hazard"),
    Code.UNKNOWN_ATTACHMENT: (404, "No such file"),
    Code.UNKNOWN_USER: (404, "No such user"),
    Code.UNKNOWN_TOKEN: (404, "No such API token"),
    Code.NO_PROVIDER: (404, "No OpenID provider is set up"),
    Code.METHOD_NOT_ALLOWED: (405, "The path does not know this method"),
    Code.BODY_TOO_SLOW: (408, "The body did not arrive in time"),
    Code.PRECONDITION_FAILED: (412, "It has changed meanwhile"),
    Code.BODY_TOO_LARGE: (413, "The body is too large"),
    Code.NOT_JSON: (415, "The body must be application/json"),
    Code.NOT_A_FORM: (415, "The body must be application/x-www-form-urlencoded"),
    Code.FILE_TYPE_NOT_TAKEN: (415, "Files of this type are not taken"),
    Code.WRONG_HOST: (421, "Not a name of this gateway"),
    Code.INVALID_REQUEST: (422, "The request is not valid"),
    Code.WEAK_PASSWORD: (422, "The password is easily guessed"),
    Code.IDEMPOTENCY_KEY_REUSED: (422, "The Idempotency-Key belongs to another command"),
    Code.LOCKED_OUT: (429, "Too many wrong passwords"),
    Code.TOO_MANY_SIGN_INS: (429, "Too many sign-ins at once"),
    Code.INTERNAL: (500, "Something went wrong inside"),
    Code.UNAVAILABLE: (503, "The gateway cannot answer now"),
    Code.TOO_BUSY: (503, "So much of this is under way already"),
    Code.TOO_MANY_STREAMS: (503, "Too many streams are open"),
    Code.TOO_MANY_UPLOADS: (503, "Too many files are on their way"),
    Code.SHUTTING_DOWN: (503, "The gateway is stopping"),
}
CONFLICT_TITLE = "Not possible as things stand"
_UNKNOWN: dict[type[Unknown], tuple[Code, str]] = {
    UnknownIncident: (Code.UNKNOWN_INCIDENT, "is not an incident"),
    UnknownDevice: (Code.UNKNOWN_DEVICE, "is not a device"),
    UnknownOrder: (Code.UNKNOWN_ORDER, "is not a work order"),
    UnknownAction: (Code.UNKNOWN_ACTION, "is not a corrective action"),
    UnknownShelf: (Code.UNKNOWN_SHELF, "is not a shelf"),
    UnknownHandover: (Code.UNKNOWN_HANDOVER, "is not a handover"),
    UnknownDrill: (Code.UNKNOWN_DRILL, "is not a drill"),
    UnknownPlan: (Code.UNKNOWN_PLAN, "is no hazard that a plan in force is for"),
    UnknownRule: (Code.UNKNOWN_RULE, "is not a rule in force"),
    UnknownVersion: (Code.UNKNOWN_VERSION, "is not the hash of a version that was ever in force"),
    UnknownBacktest: (Code.UNKNOWN_BACKTEST, "is not a backtest, or is forgotten"),
    UnknownDeadLetter: (Code.UNKNOWN_DEAD_LETTER, "is not among the messages that were not understood"),
    UnknownInboxDevice: (Code.UNKNOWN_INBOX_DEVICE, "is not among the devices that were found"),
    UnknownAttachment: (Code.UNKNOWN_ATTACHMENT, "is not the SHA-256 of a file that is kept"),
}
# Codes of the desk that have a status of their own, whatever the command is about.
_REFUSED = {
    "revision_changed": Code.PRECONDITION_FAILED,
    "idempotency_key_reused": Code.IDEMPOTENCY_KEY_REUSED,
}


class NotDone(Exception):
    """Nothing was changed. `code`: one of the API's, or a word of its own, which is a 409."""

    def __init__(self, code: Code | str, reason: str, retry_after_s: int | None = None) -> None:
        super().__init__(reason)
        self.code, self.reason, self.retry_after_s = code, reason, retry_after_s


class FieldError(BaseModel):
    """One fault of a request."""

    field: str = Field(description="where it stands: `query.limit`, `body.text`, `header.if-match`")
    value: str | int | float | bool | None = Field(description="the offending value, shortened")
    expected: str


class Problem(BaseModel):
    """RFC 9457."""

    model_config = ConfigDict(extra="forbid")

    type: str
    title: str
    status: int
    detail: str
    code: str = Field(description="stable: decide by this")
    request_id: str = Field(description="quote it when you report a fault")
    errors: list[FieldError] = []


class ProblemRaised(HTTPException):
    """Ends a request with a problem document. An HTTPException, so that FastAPI lets it pass while it reads a body."""

    def __init__(
        self,
        code: Code,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(STATUSES[code][0], detail, headers)
        self.code = code
        self.errors = list(errors)


def invalid(field: str, value: object, expected: str) -> ProblemRaised:
    """422 for one field that FastAPI does not check."""
    error = FieldError(field=field, value=shown(value), expected=expected)
    return ProblemRaised(Code.INVALID_REQUEST, f"{field}: expected {expected}", errors=[error])


def problem_response(
    request_id: str,
    code: Code | str,
    detail: str,
    *,
    status: int = 409,
    errors: Sequence[FieldError] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """`status` counts for codes of the desk alone; the API's own have theirs."""
    status, title = STATUSES[code] if isinstance(code, Code) else (status, CONFLICT_TITLE)
    name = code.value if isinstance(code, Code) else code
    problem = Problem(
        type=TYPE_PREFIX + name,
        title=title,
        status=status,
        detail=detail,
        code=name,
        request_id=request_id,
        errors=list(errors),
    )
    # ASCII escapes: an offending value may hold half a surrogate pair, which UTF-8 cannot.
    content = json.dumps(problem.model_dump(), allow_nan=False).encode("ascii")
    return Response(content, status, headers, MEDIA_TYPE)


def shown(value: object) -> str | int | float | bool | None:
    """A value in a form that every JSON reader takes, in at most `VALUE_CHARACTERS_MAX` characters."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, int) and abs(value) < 2**53:  # what a JavaScript client reads exactly
        return value
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= VALUE_CHARACTERS_MAX else text[: VALUE_CHARACTERS_MAX - 1] + "…"


def request_id(request: Request) -> str:
    return str(request.state.request_id)


def refused_response(request: Request, refused: Refused, unknown: Code | None = None) -> Response:
    """409 with the desk's own code and reason, but for the codes that have a status of their own.

    `unknown` is what the desk says of a path that leads nowhere: 404. What a body names and is not there is 409.
    """
    if unknown is not None and refused.code == unknown.value:
        return problem_response(request_id(request), unknown, refused.reason)
    return problem_response(request_id(request), _REFUSED.get(refused.code, refused.code), refused.reason)


async def _not_done(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, NotDone)
    request.state.refused = exc.code.value if isinstance(exc.code, Code) else exc.code
    headers = {"Retry-After": str(exc.retry_after_s)} if exc.retry_after_s is not None else None
    return problem_response(request_id(request), exc.code, exc.reason, headers=headers)


def add_error_answers(app: FastAPI) -> None:
    """Every error that is foreseen leaves as a problem document; the rest is `envelope.py`'s."""
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(Unknown, _unknown)
    app.add_exception_handler(BadCursor, _bad_cursor)
    app.add_exception_handler(Unavailable, _unavailable)
    app.add_exception_handler(TooBusy, _too_busy)
    app.add_exception_handler(NotDone, _not_done)


_BY_STATUS = {
    404: Code.NOT_FOUND,
    405: Code.METHOD_NOT_ALLOWED,
    413: Code.BODY_TOO_LARGE,
}


async def _http(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    if isinstance(exc, ProblemRaised):
        request.state.refused = exc.code.value
        return problem_response(request_id(request), exc.code, str(exc.detail), errors=exc.errors, headers=exc.headers)
    code = _BY_STATUS.get(exc.status_code, Code.INVALID_REQUEST)
    detail = {Code.NOT_FOUND: f"{shown(request.url.path)} is not a path of this API"}.get(code, str(exc.detail))
    return problem_response(request_id(request), code, detail, headers=exc.headers)


async def _validation(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, RequestValidationError)
    errors = [_field_error(error) for error in exc.errors()[:ERRORS_SHOWN_MAX]]
    detail = "; ".join(f"{error.field}: expected {error.expected}" for error in errors)
    return problem_response(request_id(request), Code.INVALID_REQUEST, detail, errors=errors)


def _field_error(error: Mapping[str, Any]) -> FieldError:
    """pydantic's `{type, loc, msg, input, ctx}` → where, what, and what was expected."""
    kind, where = error["type"], [str(step) for step in error["loc"]]
    expected = str(error["msg"]).removeprefix("Value error, ").removeprefix("Input should be ")
    if kind == "json_invalid":
        where, expected = where[:1], f"JSON; {error.get('ctx', {}).get('error', 'it cannot be read')}"
    elif kind == "missing":
        expected = "a value"
    elif kind == "extra_forbidden":
        expected = "no such parameter" if where[0] == "query" else "no such field"
    value = None if kind in ("missing", "json_invalid") else shown(error.get("input"))
    return FieldError(field=".".join(where), value=value, expected=expected)


async def _unknown(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, Unknown)
    code, what = _UNKNOWN[type(exc)]
    return problem_response(request_id(request), code, f"{_named(exc)} {what}")


async def _bad_cursor(request: Request, exc: Exception) -> Response:
    return await _http(request, invalid("query.cursor", request.query_params.get("cursor"), "a next_cursor of a page"))


async def _unavailable(request: Request, exc: Exception) -> Response:
    return problem_response(request_id(request), Code.UNAVAILABLE, _named(exc), headers=RETRY_AFTER)


async def _too_busy(request: Request, exc: Exception) -> Response:
    return problem_response(request_id(request), Code.TOO_BUSY, _named(exc), headers=RETRY_AFTER)


def _named(exc: Exception) -> str:
    return str(shown(exc.args[0])) if exc.args else "this"
