"""Review, corrective actions with owner, limit and recheck; shift handover."""

from __future__ import annotations

from rules.instant import Instant
from rules.requests import ActionDone, FillHandover, NoteHandover, RecheckAction, Review, SignHandover
from rules.turn import Turn


def asked(
    turn: Turn, request: Review | ActionDone | RecheckAction | FillHandover | NoteHandover | SignHandover
) -> None:
    """Carried out, or `turn.refuse(…)`."""


def action_over(turn: Turn, id: str, due: Instant) -> None:
    """A corrective action's limit has passed. Nothing if it no longer stands (`due` tells)."""
