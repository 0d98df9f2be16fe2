"""What is done about the gateway itself, by people or by time, so that it stands in the journal: who, what, why."""

from __future__ import annotations

from rules.events import JournalPruned
from rules.instant import rfc3339
from rules.reading import Value
from rules.requests import ClearDeadLetters
from rules.timeline import Kind
from rules.turn import Turn


def cleared(turn: Turn, request: ClearDeadLetters) -> None:
    """The entry is all there is to it here; the letters are the shell's."""
    if not request.reason.strip():
        turn.refuse("reason_missing", "what is cleared needs a reason", request.by, "clear_dead_letters")
        return
    facts: dict[str, Value] = {"count": float(request.letters)}
    facts |= {"topic": request.topic} if request.topic else {}
    facts |= {"fault": request.fault} if request.fault else {}
    turn.write(Kind.LETTERS_CLEARED, by=request.by, facts=facts, reason=request.reason.strip())


def pruned(turn: Turn, event: JournalPruned) -> None:
    """Nothing of the state goes with what is deleted: all of it was over."""
    facts: dict[str, Value] = {"until": float(event.until), "day": rfc3339(event.at)[:10]}
    turn.write(Kind.PRUNED, facts=facts | {kind: float(count) for kind, count in event.removed.items()})
