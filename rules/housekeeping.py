"""What is done about the gateway itself, by people or by time, so that it stands in the journal: who, what, why."""

from __future__ import annotations

from rules.events import JournalPruned
from rules.instant import rfc3339
from rules.reading import Value
from rules.requests import AboutInbox, AssignDevice, ClearDeadLetters, IgnoreDevice, UnassignDevice
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


def assigned(turn: Turn, request: AssignDevice) -> None:
    """Where the device then is, the next directory says."""
    if _may(turn, request, "assign_device", needs_reason=True):
        source = request.source
        facts: dict[str, Value] = {"what": "device assigned", "codec": source.codec, "id": source.id}
        facts |= {"zone": request.zone, "class": request.device_class, "name": request.device}
        turn.write(Kind.INBOX, device=request.device, by=request.by, facts=facts, reason=request.reason.strip())


def unassigned(turn: Turn, request: UnassignDevice) -> None:
    if _may(turn, request, "unassign_device", needs_reason=True):
        facts: dict[str, Value] = {"what": "device unassigned", "codec": request.codec, "id": request.native_id}
        facts["name"] = request.device
        turn.write(Kind.INBOX, device=request.device, by=request.by, facts=facts, reason=request.reason.strip())


def ignored(turn: Turn, request: IgnoreDevice) -> None:
    if _may(turn, request, "ignore_device", needs_reason=False):
        what = "device ignored" if request.ignored else "device no longer ignored"
        facts: dict[str, Value] = {"what": what, "codec": request.codec, "id": request.native_id}
        turn.write(Kind.INBOX, by=request.by, facts=facts, reason=request.reason.strip())


def _may(turn: Turn, request: AboutInbox, what: str, needs_reason: bool) -> bool:
    code, reason = request.against
    if not code and needs_reason and not request.reason.strip():
        code, reason = "reason_missing", "what changes under watch needs a reason"
    if code:
        turn.refuse(code, reason, request.by, what)
    return not code


def pruned(turn: Turn, event: JournalPruned) -> None:
    """Nothing of the state goes with what is deleted: all of it was over."""
    facts: dict[str, Value] = {"until": float(event.until), "day": rfc3339(event.at)[:10]}
    turn.write(Kind.PRUNED, facts=facts | {kind: float(count) for kind, count in event.removed.items()})
