"""Everything that leaves for people, occupants, authorities and outside systems, and what came of it.

Each is one effect with its own id, known in the state until its last attempt. What has not been delivered when it
expires has failed: by the engine's own deadline, so that nothing depends on somebody reporting it.
"""

from __future__ import annotations

from rules.effects import Notify, PushOrder, SendToAuthority, TellOccupants
from rules.incident import Incident, StepStage, StepState
from rules.mode import Mode
from rules.reading import Value
from rules.site import Title
from rules.state import Sent
from rules.timeline import Kind
from rules.trouble import GATEWAY, clear_trouble, raise_trouble
from rules.turn import Turn

PREFIXES = {"notify": "NTF", "occupant_notice": "OCC", "authority": "AUT", "order": "PSH"}


def new_id(turn: Turn, what: str) -> str:
    """`NTF-000007`. One counter for all kinds."""
    turn.state.effects_made += 1
    return f"{PREFIXES[what]}-{turn.state.effects_made:06d}"


def launch(
    turn: Turn, effect: Notify | TellOccupants | SendToAuthority | PushOrder, sent: Sent, reason: str = ""
) -> None:
    """On its way from now on; `sent` says what is to be remembered of it. Its step of the plan, if any, knows it."""
    turn.outcome.effects.append(effect)
    turn.state.sent[effect.id] = sent
    turn.set_deadline(effect.expires_at, "sent", effect.id)
    turn.write(Kind.NOTICE_ISSUED, incident_of(turn, sent), mode=sent.mode, facts=facts_of(sent), reason=reason)


def arrived(turn: Turn, sent: Sent, receipt: str, attempt: int) -> None:
    settle(turn, sent)
    facts: dict[str, Value] = {**facts_of(sent), "detail": receipt, "attempt": float(attempt)}
    turn.write(Kind.NOTICE_DONE, incident_of(turn, sent), mode=sent.mode, facts=facts)
    clear_trouble(turn, _source(sent), "it delivers again", mode=sent.mode)
    step = step_of(turn, sent)
    if step is not None and step.stage in (StepStage.ISSUED, StepStage.FAILED):
        step.stage, step.done_at, step.done_by, step.note = StepStage.DONE, turn.now, "tocsin", receipt


def failed(turn: Turn, sent: Sent, detail: str, attempt: int) -> None:
    """For good. The step has failed when nothing of it has arrived and nothing is on its way."""
    settle(turn, sent)
    facts: dict[str, Value] = {**facts_of(sent), "detail": detail, "attempt": float(attempt)}
    turn.write(Kind.NOTICE_FAILED, incident_of(turn, sent), mode=sent.mode, facts=facts)
    annunciate(turn, sent, detail)
    step = step_of(turn, sent)
    if step is not None and step.stage is StepStage.ISSUED and not any(id in turn.state.sent for id in step.effects):
        step.stage, step.note = StepStage.FAILED, detail


def annunciate(turn: Turn, sent: Sent, detail: str) -> None:
    """What does not deliver is itself a trouble (GB 25506-2010: failure to transmit; confidence high). Of an exercise,
    an exercise's; and none once it is over, or stands still."""
    incident = incident_of(turn, sent)
    if sent.mode is Mode.EXERCISE and (incident is None or not incident.open or incident.suspended):
        return
    raise_trouble(turn, _source(sent), GATEWAY, _title(sent), detail, mode=sent.mode)


def settle(turn: Turn, sent: Sent) -> None:
    turn.outcome.settled.append(sent.id)
    del turn.state.sent[sent.id]


def incident_of(turn: Turn, sent: Sent) -> Incident | None:
    return turn.state.incidents.get(sent.incident or "")


def step_of(turn: Turn, sent: Sent) -> StepState | None:
    incident = incident_of(turn, sent)
    steps = incident.steps if incident and sent.step else []
    return next((step for step in steps if step.id == sent.step), None)


def facts_of(sent: Sent) -> dict[str, Value]:
    facts: dict[str, Value] = {"what": sent.what, "to": sent.to, "id": sent.id}
    return facts | ({"channel": sent.channel} if sent.channel else {})


def not_sent(
    turn: Turn, incident: Incident | None, step: str | None, kind: Kind, *, reason: str, **facts: Value
) -> None:
    """Nothing leaves, and that is as it should be (`NOTICE_HELD_BACK`) or not (`NOTICE_FAILED`)."""
    turn.write(kind, incident, facts=facts, reason=reason)
    leave_out(incident, step, StepStage.SKIPPED if kind is Kind.NOTICE_HELD_BACK else StepStage.FAILED, reason)


def leave_out(incident: Incident | None, step: str | None, stage: StepStage, note: str) -> None:
    """The step of the plan is over without anything having left."""
    for each in incident.steps if incident and step else []:
        if each.id == step and each.stage is StepStage.ISSUED and not each.effects:
            each.stage, each.note = stage, note


def _source(sent: Sent) -> str:
    return f"channel/{sent.channel}" if sent.channel else f"{sent.what}/{sent.to}"


def _title(sent: Sent) -> Title:
    if sent.channel:
        name = sent.channel
        return {"en": f"Channel {name} does not deliver", "zh": f"通知通道 {name} 无法送达"}
    if sent.what == "authority":
        return {"en": f"Messages do not reach the authority {sent.to}", "zh": f"无法向 {sent.to} 通报"}
    return {"en": f"Nothing can be passed on to {sent.to}", "zh": f"无法向 {sent.to} 推送"}
