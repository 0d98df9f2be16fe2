"""One request to carry something out: under which conditions, and how it is answered."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import msgspec
from fastapi import Depends, Header, Query, Request, Response
from pydantic import BaseModel

from api.auth import Caller, Principal
from api.core import TheDesk, language_of
from api.documented import Responses, answers, conflict
from api.drill_schemas import DrillDoneOut
from api.errors import Code, ProblemRaised, invalid, refused_response
from api.gate import peer_of
from api.ids import etag
from api.inbox_schemas import InboxDoneOut
from api.ports import Desk
from api.requests import POSITION_MAX, LanguageQuery
from api.response_schemas import ActionDoneOut, HandoverDoneOut, OrderDoneOut, ShelfDoneOut
from api.rules_schemas import LettersDoneOut
from api.schemas import DoneOut, entry_out
from rules.outcome import Refused
from rules.requests import PersonCommand
from rules.timeline_text import Language

_KEY = re.compile(r"[\x21-\x7e]{1,128}")  # a UUID or a hash; stored with the command for good
_ETAG = re.compile(r'"([0-9]{1,19})"')

About = Literal["incident", "order", "action", "shelf", "handover", "drill", "letters", "found"]
_ANSWERS: dict[About, type[BaseModel]] = {
    "incident": DoneOut,
    "order": OrderDoneOut,
    "action": ActionDoneOut,
    "shelf": ShelfDoneOut,
    "handover": HandoverDoneOut,
    "letters": LettersDoneOut,
    "drill": DrillDoneOut,
    "found": InboxDoneOut,
}
_UNKNOWN: dict[About, Code] = {
    "incident": Code.UNKNOWN_INCIDENT,
    "order": Code.UNKNOWN_ORDER,
    "action": Code.UNKNOWN_ACTION,
    "shelf": Code.UNKNOWN_SHELF,
    "handover": Code.UNKNOWN_HANDOVER,
    "letters": Code.UNKNOWN_DEAD_LETTER,
    "drill": Code.UNKNOWN_DRILL,
    "found": Code.UNKNOWN_INBOX_DEVICE,
}

_WITHOUT_REVISION = ("shelf", "letters", "found")


class Attempt:
    """`key` and `revision`: as `api.ports.Desk.carry_out` takes them."""

    def __init__(
        self,
        request: Request,
        desk: Desk,
        caller: Principal,
        language: Language,
        key: str | None,
        revision: int | None,
    ) -> None:
        self._request = request
        self._desk = desk
        self._caller = caller
        self._language = language
        self._key = key
        self._revision = revision

    async def carry_out(self, command: PersonCommand, about: About = "incident", *, new: bool = False) -> Response:
        """200 with what it led to, or the desk's refusal as a problem. `new`: the path names none of these yet."""
        role = await acting_role(self._desk, self._caller, command.role)
        command = msgspec.structs.replace(command, role=role, whence=peer_of(self._request.scope))
        outcome = await self._desk.carry_out(command, idempotency_key=self._key, if_revision=self._revision)
        if isinstance(outcome, Refused):
            return refused_response(self._request, outcome, None if new else _UNKNOWN[about])
        subject = getattr(outcome, about)
        titles = self._desk.titles()
        done = _ANSWERS[about].model_validate(
            {
                about: subject,
                "entries": [entry_out(entry, self._language, titles) for entry in outcome.entries],
                "repeated": outcome.repeated,
            }
        )
        headers: dict[str, str] = {"Content-Language": self._language}
        if about not in _WITHOUT_REVISION:
            headers["ETag"] = etag(subject)
        return Response(done.model_dump_json(), headers=headers, media_type="application/json")


async def acting_role(desk: Desk, caller: Principal, claimed: str) -> str:
    """The role of plans and roster that a command counts for. Raises ProblemRaised for one the caller does not have.

    Those that the roster gives the person and those that an admin has given the user. Of one alone it need not be said
    that it is meant. As long as there are no users, anybody's word is taken.
    """
    held = await plan_roles_of(desk, caller)
    if held is None:
        return claimed
    if claimed and claimed not in held:
        has = ", ".join(held) or "none"
        raise ProblemRaised(Code.ROLE_NOT_HELD, f"{caller.name} cannot act as {claimed} (has: {has})")
    return claimed or (held[0] if len(held) == 1 else "")


async def plan_roles_of(desk: Desk, caller: Principal) -> list[str] | None:
    """In which roles of plans a caller may act; None: any."""
    if caller.plan_roles is None:
        return None
    of_roster = await desk.roles_of(caller.person) if caller.person is not None else frozenset[str]()
    return sorted(caller.plan_roles | of_roster)


IdempotencyKey = Annotated[
    str | None, Header(description="up to 128 visible ASCII characters; the same key is carried out once")
]


async def _attempt(
    request: Request,
    desk: TheDesk,
    caller: Caller,
    query: Annotated[LanguageQuery, Query()],
    idempotency_key: IdempotencyKey = None,
    if_match: Annotated[str | None, Header(description='the ETag the decision was made on, e.g. `"4"`')] = None,
) -> Attempt:
    key = key_of(idempotency_key, caller.name)
    return Attempt(request, desk, caller, language_of(request, query.lang), key, if_match_revision(if_match))


async def _unconditional(
    request: Request,
    desk: TheDesk,
    caller: Caller,
    query: Annotated[LanguageQuery, Query()],
    idempotency_key: IdempotencyKey = None,
) -> Attempt:
    key = key_of(idempotency_key, caller.name)
    return Attempt(request, desk, caller, language_of(request, query.lang), key, None)


AnAttempt = Annotated[Attempt, Depends(_attempt)]
Unconditional = Annotated[Attempt, Depends(_unconditional)]
"""Where there is nothing yet that could have changed, or it has no revision."""


def key_of(key: str | None, caller: str) -> str | None:
    """The key as the desk sees it: two callers that choose the same do not meet."""
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise invalid("header.idempotency-key", key, "1 to 128 visible ASCII characters")
    return f"{caller}/{key}"


def if_match_revision(if_match: str | None) -> int | None:
    """`"4"` → 4; `*` holds for whatever there is. A tag that is none of ours (or a weak one) matches nothing."""
    if if_match is None or if_match.strip() == "*":
        return None
    match = _ETAG.fullmatch(if_match.strip())
    if "," in if_match:
        raise invalid("header.if-match", if_match, "one ETag, or *")
    if match is None or int(match[1]) > POSITION_MAX:
        raise ProblemRaised(Code.PRECONDITION_FAILED, f"{if_match[:64]!r} is not the ETag of any revision")
    return int(match[1])


def command_answers(
    example: BaseModel, *codes: Code, refusal: tuple[str, str], conditional: bool = True, etag: bool = True
) -> Responses:
    """`responses=` of a command. `refusal`: one that is typical, code and reason."""
    if conditional:
        codes = (*codes, Code.PRECONDITION_FAILED)
    errors = (*codes, Code.BODY_TOO_LARGE, Code.NOT_JSON, Code.IDEMPOTENCY_KEY_REUSED)
    return answers(example, *errors, etag=etag) | conflict(refusal)
