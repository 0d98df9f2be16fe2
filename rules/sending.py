"""Messages to people, occupants and authorities: who gets them, what they say, and what when they do not arrive.

Nothing of an exercise goes out but by channels and to authorities that are marked for it, and nothing at all of a
test; an entry says so.
"""

from __future__ import annotations

from typing import NamedTuple
from zoneinfo import ZoneInfo

from rules import outgoing, rate
from rules.authorities import send_to_authority, update_authorities
from rules.drill import suspended_for
from rules.effects import Notify, TellOccupants
from rules.events import EffectTried
from rules.incident import Incident, StepStage
from rules.instant import MINUTE_MS, Instant, format_duration
from rules.level import Level
from rules.mode import Mode
from rules.notice import NoticeText, fit, render
from rules.notice_fields import fields_for
from rules.people import Person, who
from rules.places import SCOPES, Scope, place
from rules.state import HeldBack, Sent
from rules.timeline import Kind
from rules.trouble import GATEWAY, clear_trouble, raise_trouble
from rules.turn import Turn

__all__ = [
    "expired",
    "held_back_over",
    "notify_role",
    "send_to_authority",
    "tell_occupants",
    "tried",
    "update_authorities",
]

NOTIFY_EXPIRES_MS = 2 * MINUTE_MS  # by one channel; then the next is tried (ours)
OCCUPANTS_EXPIRES_MS = 10 * MINUTE_MS  # later it would only confuse (ours)
NO_ROSTER = "no people are set up"
OF_A_TEST = "nothing is sent in mode test"


class _Message(NamedTuple):
    template: str
    incident: Incident | None
    step: str | None
    site: str | None  # None: no particular one
    mode: Mode
    urgent: bool
    role: str
    reason: str
    what: str

    @property
    def incident_id(self) -> str | None:
        return self.incident.id if self.incident else None


def notify_role(
    turn: Turn,
    role: str,
    template: str,
    incident: Incident | None,
    step: str | None = None,
    *,
    site: str | None = None,
    mode: Mode = Mode.ACTUAL,
    reason: str = "",
    what: str = "",
    urgent: bool = False,
) -> list[str]:
    """A message to everybody who has the role now, by the roster. → ids of the effects; none if nobody is told
    (an entry says why).

    Where nobody has the role, the whole team of the incident's plan is told. `site` and `mode` count where there is no
    incident; `reason` and `what` fill in the placeholders of the same name.
    """
    if incident is not None:
        site, mode = incident.site, incident.mode
    urgent = urgent or (incident is not None and incident.level is Level.I)
    message = _Message(template, incident, step, site or None, mode, urgent, role, reason, what)
    suspended = OF_A_TEST if mode is Mode.TEST else suspended_for(turn.state.drills, mode, site or "")
    if suspended or not turn.roster.people:
        kind, why = (Kind.NOTICE_HELD_BACK, suspended) if suspended else (Kind.NOTICE_FAILED, NO_ROSTER)
        outgoing.not_sent(turn, incident, step, kind, reason=why, what="notify", to=role)
        return []
    people = _on_duty(turn, message)
    issued = [id for person in people if (id := _tell(turn, person, message)) is not None]
    if not issued:
        stage = StepStage.SKIPPED if people else StepStage.FAILED
        outgoing.leave_out(incident, step, stage, "held back" if people else f"nobody has the role {role} now")
    return issued


def _on_duty(turn: Turn, message: _Message) -> list[Person]:
    zone, role, source = timezone(turn, message.site), message.role, f"role/{message.role}"
    people = who(turn.roster, role, message.site, turn.now, zone)
    if people:
        clear_trouble(turn, source, "somebody has the role again", mode=message.mode)
        return people
    reason = f"nobody has the role {role} now"
    facts = {"what": "notify", "to": role}
    turn.write(Kind.NOTICE_FAILED, message.incident, mode=message.mode, facts=facts, reason=reason)
    title = {"en": f"Nobody is on duty as {role}", "zh": f"岗位 {role} 无人值守"}
    raise_trouble(turn, source, GATEWAY, title, reason, mode=message.mode)
    plan = turn.plans.plans.get(message.incident.plan or "") if message.incident else None
    team = [plan.lead, *plan.team] if plan else []
    found = [person for each in team for person in who(turn.roster, each, message.site, turn.now, zone)]
    return list({person.id: person for person in found}.values())


def _tell(turn: Turn, person: Person, message: _Message) -> str | None:
    def held_back(reason: str) -> None:
        facts = {"what": "notify", "to": person.id}
        turn.write(Kind.NOTICE_HELD_BACK, message.incident, mode=message.mode, facts=facts, reason=reason)

    channels = _channels(turn, person, message.mode)
    if not channels:
        held_back(f"no channel of {person.id} is marked for exercises")
        return None
    text = _text(turn, message, person.language)
    same = _said_just_now(turn, person, message, text)
    if same is not None:
        return same
    if not message.urgent:
        why = rate.hold_back(turn, person.id, message.mode, message.site, message.incident)
        if why:
            held_back(why)
            return None
    text = NoticeText(text.title, text.body, text.short, rate.told(turn, person.id, message.mode, person.language))
    sent = Sent(
        id="",
        incident=message.incident_id,
        step=message.step,
        what="notify",
        to=person.id,
        channels_left=channels,
        mode=message.mode,
        text=text,
        urgent=message.urgent,
    )
    return _notify(turn, sent, message.reason)


def _said_just_now(turn: Turn, person: Person, message: _Message, text: NoticeText) -> str | None:
    """The same message to the person in this very step of the engine (ladder and plan call the same role): one is
    enough. It counts for the step of the plan from now on."""
    for effect in turn.outcome.effects:
        sent = turn.state.sent.get(effect.id)
        if sent is None or sent.text is None or (sent.to, sent.incident) != (person.id, message.incident_id):
            continue
        same = (sent.text.title, sent.text.body) == (text.title, text.body)
        if same and (message.step is None or sent.step in (None, message.step)):
            sent.step = sent.step or message.step
            return sent.id
    return None


def _notify(turn: Turn, sent: Sent, reason: str) -> str:
    """By the first of the channels that are left."""
    assert sent.text is not None
    id, channel, expires_at = outgoing.new_id(turn, "notify"), sent.channels_left[0], turn.now + NOTIFY_EXPIRES_MS
    known = turn.roster.channels.get(channel)
    title, body = fit(sent.text, known.characters_max if known else None)
    effect = Notify(
        id=id,
        mode=sent.mode,
        person=sent.to,
        channel=channel,
        title=title,
        body=body,
        incident=sent.incident,
        urgent=sent.urgent,
        issued_at=turn.now,
        expires_at=expires_at,
    )
    next_try = Sent(
        id=id,
        incident=sent.incident,
        step=sent.step,
        what="notify",
        to=sent.to,
        channels_left=sent.channels_left[1:],
        expires_at=expires_at,
        channel=channel,
        mode=sent.mode,
        text=sent.text,
        urgent=sent.urgent,
    )
    outgoing.launch(turn, effect, next_try, reason)
    return id


def tell_occupants(turn: Turn, incident: Incident, step: str, same: Scope, template: str) -> list[str]:
    """A notice to the people of the zone, floor, building or site around the incident, in each language. → ids of the
    effects, one each channel of the place; none if there is no such channel, or none for this mode (an entry says so).
    """
    where = place(incident, same)
    around = [place(incident, scope) for scope in SCOPES[SCOPES.index(same) :]]
    channels = next((turn.roster.places[each] for each in around if each in turn.roster.places), ())
    suspended = suspended_for(turn.state.drills, incident.mode, incident.site)
    allowed = [] if suspended else [each for each in channels if _allowed(turn, each, incident.mode)]
    if not allowed:
        kind, why = Kind.NOTICE_HELD_BACK, f"no channel of {where} is marked for exercises"
        if incident.mode is Mode.TEST:
            why = OF_A_TEST
        elif suspended:
            why = suspended
        elif not channels:
            kind, why = Kind.NOTICE_FAILED, f"no notice channel is set up for {where}"
        outgoing.not_sent(turn, incident, step, kind, reason=why, what="occupant_notice", to=where)
        return []
    message = _Message(template, incident, step, incident.site, incident.mode, False, "", "", "")
    texts = {language: _text(turn, message, language) for language in ("zh", "en")}
    return [_notice(turn, incident, step, where, channel, texts) for channel in allowed]


def _notice(turn: Turn, incident: Incident, step: str, where: str, channel: str, texts: dict[str, NoticeText]) -> str:
    id, expires_at = outgoing.new_id(turn, "occupant_notice"), turn.now + OCCUPANTS_EXPIRES_MS
    known = turn.roster.channels.get(channel)
    most = known.characters_max if known else None
    effect = TellOccupants(
        id=id,
        mode=incident.mode,
        place=where,
        texts={language: "\n".join(filter(None, fit(text, most))) for language, text in texts.items()},
        incident=incident.id,
        issued_at=turn.now,
        expires_at=expires_at,
        channel=channel,
    )
    sent = Sent(id, incident.id, step, "occupant_notice", where, (), expires_at, channel, incident.mode)
    outgoing.launch(turn, effect, sent)
    return id


# ---- what came of it


def tried(turn: Turn, event: EffectTried) -> None:
    """What came of an attempt: entries, the fallback channel, the trouble when nothing is left."""
    sent = turn.state.sent.get(event.id)
    if sent is None:
        turn.outcome.settled.append(event.id)
        late = f"{event.id} was delivered after it had been given up"
        turn.write(
            Kind.UNKNOWN,
            facts={"id": event.id},
            reason=late if event.ok else f"nothing called {event.id} is on its way",
        )
    elif event.ok:
        outgoing.arrived(turn, sent, event.detail, event.attempt)
    elif event.last:
        _failed(turn, sent, event.detail, event.attempt)
    else:
        facts = {**outgoing.facts_of(sent), "attempt": float(event.attempt), "detail": event.detail}
        turn.write(Kind.NOTICE_TRIED, outgoing.incident_of(turn, sent), mode=sent.mode, facts=facts)


def expired(turn: Turn, id: str, due: Instant) -> None:
    """What was to be delivered by now, unless it was."""
    sent = turn.state.sent.get(id)
    if sent is not None and sent.expires_at == due:
        _failed(turn, sent, "not delivered in time", 0)


def _failed(turn: Turn, sent: Sent, detail: str, attempt: int) -> None:
    known = [channel for channel in sent.channels_left if channel in turn.roster.channels]
    if not known:
        outgoing.failed(turn, sent, detail, attempt)
        return
    outgoing.settle(turn, sent)
    facts = {**outgoing.facts_of(sent), "attempt": float(attempt), "detail": detail}
    incident = outgoing.incident_of(turn, sent)
    turn.write(Kind.NOTICE_TRIED, incident, mode=sent.mode, facts=facts, reason=f"the next channel is {known[0]}")
    outgoing.annunciate(turn, sent, detail)
    sent.channels_left = tuple(known)
    id = _notify(turn, sent, f"{sent.channel} did not deliver")
    step = outgoing.step_of(turn, sent)
    if step is not None:
        step.effects.append(id)


def held_back_over(turn: Turn, key: str, due: Instant) -> None:
    """The limit allows a message again: it says what was held back, unless another one has said so."""
    held = turn.state.held_back.get(key)
    if held is None or held.due_at != due:
        return
    person = turn.roster.people.get(key.partition("|")[2])
    channels = _channels(turn, person, held.mode) if person else ()
    if person is None or not channels:
        del turn.state.held_back[key]
        facts = {"what": "notify", "to": key.partition("|")[2]}
        turn.write(Kind.NOTICE_FAILED, mode=held.mode, facts=facts, reason="no longer in the roster")
        return
    _summarise(turn, person, channels, held)


def _summarise(turn: Turn, person: Person, channels: tuple[str, ...], held: HeldBack) -> None:
    message = _Message("held_back", None, None, held.site, held.mode, False, "", "", "")
    text = _text(turn, message, person.language)
    text = NoticeText(text.title, text.body, text.short, rate.told(turn, person.id, held.mode, person.language))
    limit = format_duration(turn.roster.notices.limit.within_ms)
    sent = Sent("", None, None, "notify", person.id, channels, mode=held.mode, text=text)
    _notify(turn, sent, f"held back for up to {limit}")


# ---- words, channels


def timezone(turn: Turn, site: str | None) -> ZoneInfo:
    known = turn.directory.sites.get(site or "")
    return ZoneInfo(known.timezone if known else turn.roster.timezone)


def _text(turn: Turn, message: _Message, language: str) -> NoticeText:
    more = {"role": message.role, "reason": message.reason, "what": message.what}
    link, zone = turn.roster.notices.link, timezone(turn, message.site)
    fields = fields_for(message.incident, turn.directory, zone, language, link, more)
    level = message.incident.level if message.incident else None
    return render(turn.roster.notices.named(message.template), language, level, message.mode, fields)


def _channels(turn: Turn, person: Person, mode: Mode) -> tuple[str, ...]:
    return tuple(each for each in person.channels if _allowed(turn, each, mode))


def _allowed(turn: Turn, channel: str, mode: Mode) -> bool:
    known = turn.roster.channels.get(channel)
    return mode is Mode.ACTUAL or (mode is Mode.EXERCISE and known is not None and known.exercise)
