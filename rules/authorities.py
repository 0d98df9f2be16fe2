"""What authorities are told of an incident: an Alert, Updates while it changes, a Cancel when it was none (CAP 1.2)."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from rules import outgoing
from rules.cap import CapMessage, Category, Certainty, Info, MessageKind, Severity, Urgency, cap_name, cap_time, to_xml
from rules.drill import suspended_for
from rules.effects import SendToAuthority
from rules.incident import AuthorityMessage, Confirmation, Incident
from rules.instant import HOUR_MS
from rules.level import Level
from rules.mode import Mode
from rules.notice import Authority
from rules.notice_fields import fields_for
from rules.place_names import place_names
from rules.requests import Finding
from rules.sharing import carried
from rules.state import Sent
from rules.timeline import Kind
from rules.turn import Turn

EXPIRES_MS = HOUR_MS  # tried for so long; an authority that comes back later has been called by telephone (ours)
UPDATES_MAX = 200  # of one incident to one authority: each refers to all before it

# Which of CAP's categories a hazard is; what is in no line is Safety (ours).
CATEGORIES = {
    "fire": Category.FIRE,
    "smoke": Category.FIRE,
    "gas": Category.CBRNE,
    "lift_entrapment": Category.RESCUE,
    "entrapment": Category.RESCUE,
    "lift": Category.INFRASTRUCTURE,
    "lift_fault": Category.INFRASTRUCTURE,
    "power_outage": Category.INFRASTRUCTURE,
    "electrical": Category.INFRASTRUCTURE,
    "water_leak": Category.INFRASTRUCTURE,
    "access": Category.SECURITY,
    "intrusion": Category.SECURITY,
    "duress": Category.SECURITY,
    "security": Category.SECURITY,
}
SEVERITIES = {Level.I: Severity.EXTREME, Level.II: Severity.SEVERE, Level.III: Severity.MODERATE}
_LANGUAGES = {"zh": "zh-CN", "en": "en-US"}


def send_to_authority(turn: Turn, incident: Incident, step: str, to: str, event: str) -> list[str]:
    """The first CAP message (Alert) of the incident to an authority. → its effect; none where the authority is not set
    up or this mode is not for it (an entry says so)."""
    authority = turn.roster.notices.authorities.get(to)
    why, kind = "", Kind.NOTICE_HELD_BACK
    if incident.mode is Mode.TEST:
        why = "nothing is sent in mode test"
    elif suspended := suspended_for(turn.state.drills, incident.mode, incident.site):
        why = suspended
    elif authority is None:
        why, kind = f"no authority {to} is set up", Kind.NOTICE_FAILED
    elif incident.mode is Mode.EXERCISE and not authority.exercise:
        why = f"the authority {to} is not marked for exercises"
    if authority is None or why:
        outgoing.not_sent(turn, incident, step, kind, reason=why, what="authority", to=to)
        return []
    return [_send(turn, incident, authority, MessageKind.ALERT, to, event, step)]


def update_authorities(turn: Turn, incident: Incident, *, cancelled: bool = False) -> None:
    """Update or Cancel to every authority that has an Alert of the incident. Called when its level changes, when it is
    closed, and (`cancelled`) when it turns out false. After a Cancel there is nothing more to say."""
    latest = {message.to: message for message in incident.authority_messages}
    for to, message in latest.items():
        authority = turn.roster.notices.authorities.get(to)
        sent = sum(each.to == to for each in incident.authority_messages)
        if authority is None or message.kind == MessageKind.CANCEL.value:
            continue
        if cancelled or sent < UPDATES_MAX or not incident.open:
            kind = MessageKind.CANCEL if cancelled else MessageKind.UPDATE
            _send(turn, incident, authority, kind, to, message.event, None)


def _send(
    turn: Turn, incident: Incident, authority: Authority, kind: MessageKind, to: str, event: str, step: str | None
) -> str:
    id, expires_at = outgoing.new_id(turn, "authority"), turn.now + EXPIRES_MS
    site = turn.directory.sites.get(incident.site)
    zone = ZoneInfo(site.timezone if site else turn.roster.timezone)
    now = datetime.fromtimestamp(turn.now / 1000, zone)
    sender = authority.sender or cap_name(f"tocsin@{incident.site}")
    message = CapMessage(
        identifier=cap_name(f"{incident.site or 'tocsin'}.{incident.id}.{id}.{now:%Y%m%d}"),
        sender=sender,
        sent=cap_time(turn.now, zone),
        mode=incident.mode,
        kind=kind,
        addresses=to,
        incident=incident.id,
        info=tuple(_info(turn, incident, kind, event, language, zone) for language in ("zh", "en")),
        references=tuple((m.sender, m.identifier, m.sent) for m in incident.authority_messages if m.to == to),
        note=_note(incident, kind),
    )
    incident.authority_messages.append(
        AuthorityMessage(to, kind.value, event, sender, message.identifier, message.sent)
    )
    effect = SendToAuthority(
        id=id,
        mode=incident.mode,
        to=to,
        identifier=message.identifier,
        document=to_xml(message),
        incident=incident.id,
        issued_at=turn.now,
        expires_at=expires_at,
    )
    sent = Sent(id, incident.id, step, "authority", to, (), expires_at, "", incident.mode)
    outgoing.launch(turn, effect, sent, f"CAP {kind.value}, level {incident.level.value}")
    return id


def _note(incident: Incident, kind: MessageKind) -> str:
    """An exercise names itself (CAP 1.2, 3.2.1: "the exercise identifier SHOULD appear in <note>")."""
    parts = [f"Exercise {incident.id}"] if incident.mode is Mode.EXERCISE else []
    if kind is MessageKind.CANCEL:
        parts.append(f"False alarm: {incident.cause}" if incident.cause else "False alarm")
    return ". ".join(parts)


def _info(turn: Turn, incident: Incident, kind: MessageKind, event: str, language: str, zone: ZoneInfo) -> Info:
    fields = fields_for(incident, turn.directory, zone, language, turn.roster.notices.link, {})
    chinese = language == "zh"
    over = kind is MessageKind.CANCEL or not incident.open
    area = ("" if chinese else ", ").join(
        filter(None, (fields[name] for name in ("site", "building", "floor", "zone")))
    )
    area += _also(turn, incident, language)
    mark = {Mode.EXERCISE: "【演练】" if chinese else "EXERCISE: "}.get(incident.mode, "")
    if chinese:
        headline = f"{mark}{fields['hazard']}{'（已结束）' if over else ''}，{fields['level']}级响应：{area}"
        description = (
            f"{mark}{fields['time']} 首报：{fields['device'] or '网关'}，{fields['title']}。阶段：{fields['phase']}。"
        )
    else:
        headline = f"{mark}{event}{' (over)' if over else ''}, response level {fields['level']}: {area}"
        description = (
            f"{mark}First reported at {fields['time']} by {fields['device'] or 'the gateway'}: {fields['title']}."
        )
        description += f" Phase: {fields['phase']}."
    return Info(
        language=_LANGUAGES[language],
        category=CATEGORIES.get(incident.hazard, Category.SAFETY),
        event=fields["hazard"] if chinese else event,
        response_type="AllClear" if over else "Execute",
        urgency=Urgency.PAST if over else Urgency.IMMEDIATE if incident.level >= Level.II else Urgency.EXPECTED,
        severity=SEVERITIES[incident.level],
        certainty=_certainty(incident, kind),
        sender_name=fields["site"],
        headline=headline,
        description=description,
        area=area or incident.site or "unknown",
        web=fields["link"],
    )


def _also(turn: Turn, incident: Incident, language: str) -> str:
    """The places of the incidents that the authority hears of with this one."""
    ids = dict.fromkeys(id for id, step in carried(incident) if _is_for_authority(incident, step))
    places = [
        place_names(turn.directory, turn.state.incidents[id], language) for id in ids if id in turn.state.incidents
    ]
    if not places:
        return ""
    if language == "zh":
        return "；另有：" + "、".join(f"{each.floor}{each.zone}" for each in places)
    return "; also: " + "; ".join(f"{each.floor}, {each.zone}" for each in places)


def _is_for_authority(incident: Incident, step: str) -> bool:
    state = incident.step(step)
    return state is not None and state.action == "authority"


def _certainty(incident: Incident, kind: MessageKind) -> Certainty:
    if kind is MessageKind.CANCEL or incident.finding is Finding.FALSE_ALARM:
        return Certainty.UNLIKELY
    return Certainty.POSSIBLE if incident.confirmation is Confirmation.PRE_ALARM else Certainty.OBSERVED
