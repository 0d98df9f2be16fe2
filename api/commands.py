"""What people do with an incident: acknowledge it, note something, resolve it."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from api.auth import Caller
from api.core import TheDesk, language_of
from api.documented import Responses, answers, conflict
from api.errors import Code, ProblemRaised, invalid, refused_response
from api.examples import DONE
from api.incidents import IncidentId, etag, known_form
from api.ports import Desk
from api.requests import POSITION_MAX, AcknowledgeIn, LanguageQuery, NoteIn, ResolveIn
from api.schemas import DoneOut, IncidentOut, entry_out
from rules.outcome import Refused
from rules.requests import AboutIncident, Acknowledge, AddNote, Resolve
from rules.timeline_text import Language

router = APIRouter(prefix="/incidents/{incident}", tags=["commands"])

_KEY = re.compile(r"[\x21-\x7e]{1,128}")  # a UUID or a hash; stored with the command for good
_ETAG = re.compile(r'"([0-9]{1,19})"')


class Attempt:
    """One request to carry something out: under which conditions, and in which language to answer."""

    def __init__(self, request: Request, desk: Desk, language: Language, key: str | None, revision: int | None) -> None:
        self._request = request
        self._desk = desk
        self._language = language
        self._key = key
        self._revision = revision

    async def carry_out(self, command: AboutIncident) -> Response:
        """200 with what it led to, or the desk's refusal as a problem."""
        outcome = await self._desk.carry_out(command, idempotency_key=self._key, if_revision=self._revision)
        if isinstance(outcome, Refused):
            return refused_response(self._request, outcome)
        done = DoneOut(
            incident=IncidentOut.model_validate(outcome.incident),
            entries=[entry_out(entry, self._language, self._desk.titles()) for entry in outcome.entries],
            repeated=outcome.repeated,
        )
        headers = {"ETag": etag(outcome.incident), "Content-Language": self._language}
        return Response(done.model_dump_json(), headers=headers, media_type="application/json")


async def _attempt(
    request: Request,
    desk: TheDesk,
    caller: Caller,
    query: Annotated[LanguageQuery, Query()],
    idempotency_key: Annotated[
        str | None, Header(description="up to 128 visible ASCII characters; the same key is carried out once")
    ] = None,
    if_match: Annotated[str | None, Header(description='the ETag the decision was made on, e.g. `"4"`')] = None,
) -> Attempt:
    key = _idempotency_key(idempotency_key, caller.name)
    return Attempt(request, desk, language_of(request, query.lang), key, _revision(if_match))


def _idempotency_key(key: str | None, caller: str) -> str | None:
    """The key as the desk sees it: two callers that choose the same do not meet."""
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise invalid("header.idempotency-key", key, "1 to 128 visible ASCII characters")
    return f"{caller}/{key}"


def _revision(if_match: str | None) -> int | None:
    """`"4"` → 4; `*` holds for whatever there is. A tag that is none of ours (or a weak one) matches nothing."""
    if if_match is None or if_match.strip() == "*":
        return None
    match = _ETAG.fullmatch(if_match.strip())
    if "," in if_match:
        raise invalid("header.if-match", if_match, "one ETag, or *")
    if match is None or int(match[1]) > POSITION_MAX:
        raise ProblemRaised(Code.PRECONDITION_FAILED, f"{if_match[:64]!r} is not the ETag of any revision")
    return int(match[1])


def _answers() -> Responses:
    errors = (Code.UNKNOWN_INCIDENT, Code.PRECONDITION_FAILED, Code.BODY_TOO_LARGE, Code.NOT_JSON)
    return answers(DONE, *errors, Code.IDEMPOTENCY_KEY_REUSED, etag=True) | conflict()


_Attempt = Annotated[Attempt, Depends(_attempt)]


@router.post("/acknowledge", summary="Acknowledge an incident", response_model=DoneOut, responses=_answers())
async def acknowledge(incident: IncidentId, body: AcknowledgeIn, caller: Caller, attempt: _Attempt) -> Response:
    """Somebody has it now: the countdown of a pre-alarm is stopped or moves on to investigation."""
    by = caller.acts_as(body.by)
    return await attempt.carry_out(Acknowledge(incident=known_form(incident), by=by, note=body.note))


@router.post("/notes", summary="Add a note to an incident", response_model=DoneOut, responses=_answers())
async def add_note(incident: IncidentId, body: NoteIn, caller: Caller, attempt: _Attempt) -> Response:
    """A note becomes an entry of the timeline, and can no more be altered than any other."""
    by = caller.acts_as(body.by)
    return await attempt.carry_out(AddNote(incident=known_form(incident), by=by, text=body.text))


@router.post("/resolve", summary="Resolve an incident", response_model=DoneOut, responses=_answers())
async def resolve(incident: IncidentId, body: ResolveIn, caller: Caller, attempt: _Attempt) -> Response:
    """Closes it, with what it turned out to be and why. Refused while a source of it still holds."""
    by = caller.acts_as(body.by)
    command = Resolve(incident=known_form(incident), by=by, finding=body.finding, cause=body.cause, note=body.note)
    return await attempt.carry_out(command)
