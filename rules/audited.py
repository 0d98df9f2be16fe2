"""What the auditor found: a trouble signal until it is mended."""

from __future__ import annotations

from rules.events import AuditFailed, AuditPassed
from rules.reading import Value
from rules.timeline import Kind
from rules.trouble import GATEWAY, clear_trouble, raise_trouble
from rules.turn import Turn

AUDITS_MAX = 1_000  # more, and what is wrong is one thing: the rest is counted by the auditor, not raised one by one
TITLE = {"en": "Something due was not done in time", "zh": "到期事项未按时执行"}


def failed(turn: Turn, event: AuditFailed) -> None:
    """A step that fell due was not done within tolerance."""
    known = event.what in turn.state.audits
    if known or len(turn.state.audits) >= AUDITS_MAX:
        return
    turn.state.audits[event.what] = event.due_at
    incident = raise_trouble(turn, _source(event.what), GATEWAY, TITLE, f"due and not done: {event.what}")
    turn.write(Kind.AUDIT, incident, facts=_facts("failed", event.what, event.due_at), reason="due and not done")


def passed(turn: Turn, event: AuditPassed) -> None:
    """It is done by now."""
    due_at = turn.state.audits.pop(event.what, None)
    if due_at is None:
        return
    incident = turn.state.incidents.get(turn.state.troubles.get(f"actual|{_source(event.what)}", ""))
    turn.write(Kind.AUDIT, incident, facts=_facts("passed", event.what, due_at), reason="done by now, late")
    clear_trouble(turn, _source(event.what), "done by now, late")


def _source(what: str) -> str:
    return f"audit/{what}"


def _facts(found: str, what: str, due_at: int) -> dict[str, Value]:
    return {"found": found, "what": what, "due_at": float(due_at)}
