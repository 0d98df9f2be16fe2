"""What comes after: review, corrective actions with owner, limit and recheck; shift handover."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rules import review, shift
from rules.instant import Instant
from rules.requests import ActionDone, FillHandover, NoteHandover, RecheckAction, Review, SignHandover
from rules.turn import Turn

_ASKED: dict[type, Callable[[Turn, Any], None]] = {
    Review: review.reviewed,
    ActionDone: review.done,
    RecheckAction: review.rechecked,
    FillHandover: shift.fill,
    NoteHandover: shift.note,
    SignHandover: shift.sign,
}


def asked(
    turn: Turn, request: Review | ActionDone | RecheckAction | FillHandover | NoteHandover | SignHandover
) -> None:
    """Carried out, or `turn.refuse(…)`."""
    _ASKED[type(request)](turn, request)


def action_over(turn: Turn, id: str, due: Instant) -> None:
    """A corrective action's limit has passed. Nothing if it no longer stands (`due` tells)."""
    review.overdue(turn, id, due)
