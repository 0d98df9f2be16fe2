"""Messages that said nothing Tocsin understands."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.attempt import Unconditional, command_answers
from api.auth import Caller, needs
from api.core import TheDesk
from api.documented import answers
from api.errors import Code
from api.examples import DEAD_LETTERS
from api.permissions import Permission
from api.ports import UnknownDeadLetter
from api.requests import DeadLettersQuery, NoQuery
from api.rules_examples import DEAD_LETTER, LETTERS_DONE
from api.rules_requests import ClearIn
from api.rules_schemas import LettersDoneOut
from api.schemas import DeadLetterOut, DeadLettersOut
from rules.requests import ClearDeadLetters

router = APIRouter(tags=["building"])


@router.get(
    "/dead-letters",
    summary="Messages that were not understood",
    responses=answers(DEAD_LETTERS),
    dependencies=[needs(Permission.READ_DEAD_LETTERS)],
)
async def list_dead_letters(desk: TheDesk, _: Caller, query: Annotated[DeadLettersQuery, Query()]) -> DeadLettersOut:
    """Counted by topic and reason: a device that is misconfigured shows here first."""
    return DeadLettersOut.model_validate(await desk.dead_letters(query.cursor, query.limit))


@router.get(
    "/dead-letters/{letter}",
    summary="Messages of one topic that were not understood for one reason",
    responses=answers(DEAD_LETTER, Code.UNKNOWN_DEAD_LETTER),
    dependencies=[needs(Permission.READ_DEAD_LETTERS)],
)
async def get_dead_letter(
    desk: TheDesk,
    _: Caller,
    letter: Annotated[str, Path(description="its `id`", examples=[DEAD_LETTER.id])],
    query: Annotated[NoQuery, Query()],
) -> DeadLetterOut:
    """With the first bytes of the latest of them."""
    return DeadLetterOut.model_validate(await desk.dead_letter(*topic_and_reason(letter)))


@router.post(
    "/dead-letters/clear",
    summary="Forget messages that were not understood",
    response_model=LettersDoneOut,
    responses=command_answers(
        LETTERS_DONE, conditional=False, etag=False, refusal=("reason_missing", "what is cleared needs a reason")
    ),
    dependencies=[needs(Permission.CLEAR_DEAD_LETTERS)],
)
async def clear_dead_letters(body: ClearIn, caller: Caller, attempt: Unconditional) -> Response:
    """Of a topic, of a reason, or all of them; who did it and why stands in the journal. What comes again is counted
    anew."""
    command = ClearDeadLetters(
        by=caller.acts_as(body.by), role=body.role, reason=body.reason, topic=body.topic, fault=body.fault
    )
    return await attempt.carry_out(command, "letters", new=True)


def topic_and_reason(letter: str) -> tuple[str, str]:
    """Of an id. Raises UnknownDeadLetter for what is none."""
    try:
        text = urlsafe_b64decode(letter + "=" * (-len(letter) % 4)).decode("utf-8", "surrogatepass")
    except ValueError as error:
        raise UnknownDeadLetter(letter) from error
    topic, separator, reason = text.partition("\0")
    if not separator:
        raise UnknownDeadLetter(letter)
    return topic, reason
