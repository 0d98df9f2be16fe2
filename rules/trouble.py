"""Troubles that Tocsin finds by itself, with no device to report them: a command that failed, a notifier that reaches
nobody, a step that the auditor misses. Each is a trouble signal (GB 25506: annunciated) as if a rule had seen it.

    raise_trouble(turn, "notify/sms", GATEWAY, {"en": …, "zh": …}, "no answer of the SMS gateway")
    clear_trouble(turn, "notify/sms", "it sends again")

A trouble has a `source`: what is wrong, in one stable string with a `/` in it, which no rule's id has. Raised again
while it holds, nothing happens; cleared while it does not, neither. It becomes evidence of the open incident of hazard
`device` in its place, or opens one, which closes by itself when all its sources are normal. A person who resolves
the incident gives it up: raised again it is another incident.

`where` is anything that stands somewhere: a device, an incident, `GATEWAY` where no place is concerned.

Nothing is issued at once: plan and ladder of the incident follow before the step of the engine ends (`Turn.touch`), so
that whoever sends and commands may raise a trouble without going round in circles.
"""

from __future__ import annotations

from typing import NamedTuple

from rules.drill import settling
from rules.incident import Evidence, Incident, Step
from rules.level import Level
from rules.mode import Mode
from rules.opening import open_incident
from rules.places import Placed
from rules.reading import Value
from rules.signal import Signal
from rules.site import Title
from rules.timeline import Kind
from rules.turn import Turn, group_key

HAZARD = "device"  # as that of the shipped rules about the watching itself


class Somewhere(NamedTuple):
    site: str = ""
    building: str = ""
    floor: str = ""
    zone: str = ""


GATEWAY = Somewhere()  # no place: what is wrong is Tocsin's own


def raise_trouble(
    turn: Turn,
    source: str,
    where: Placed,
    title: Title,
    reason: str,
    *,
    mode: Mode = Mode.ACTUAL,
    device: str = "",
    level: Level = Level.III,
) -> Incident | None:
    """→ the incident on which it holds. Idempotent. `device`: the one concerned, if any.

    None: it is an exercise's that has just ended, and nothing comes of those any more.
    """
    if mode is Mode.EXERCISE and settling(turn.state.drills, where.site, turn.now) is not None:
        return None
    key = trouble_key(mode, source)
    if key in turn.state.troubles:
        return turn.state.incidents[turn.state.troubles[key]]
    known = turn.state.groups.get(group_key(mode, where.zone, HAZARD))
    incident = turn.state.incidents[known] if known else None
    if incident is None:
        incident = open_incident(
            turn,
            mode,
            where,
            hazard=HAZARD,
            signal=Signal.TROUBLE,
            level=level,
            title=title,
            first_out=device,
            rule=source,
            reason=reason,
        )
    turn.state.troubles[key] = incident.id
    _add_evidence(
        turn, incident, Evidence(source, device, dict(title), Signal.TROUBLE, level, turn.now, {}, ""), reason
    )
    turn.raise_level(incident, level, reason)
    turn.touch(incident)
    return incident


def clear_trouble(turn: Turn, source: str, reason: str, *, mode: Mode = Mode.ACTUAL) -> None:
    """It is over. Idempotent."""
    incident = turn.state.incidents.get(turn.state.troubles.pop(trouble_key(mode, source), ""))
    if incident is None:
        return
    for evidence in incident.evidence:
        if evidence.internal and evidence.rule == source:
            evidence.holds, evidence.cleared_at = False, turn.now
            device = evidence.device or None
            facts = title_facts(evidence.title)
            turn.write(Kind.CLEARED, incident, device=device, rule=source, facts=facts, reason=reason)
    turn.touch(incident)


def give_up_troubles(turn: Turn, incident: Incident, by: str) -> None:
    """A person resolves the incident although they hold: nothing measures whether they are mended."""
    for evidence in incident.evidence:
        if evidence.internal and evidence.holds:
            del turn.state.troubles[trouble_key(incident.mode, evidence.rule)]
            evidence.holds, evidence.cleared_at = False, turn.now
            facts, why = title_facts(evidence.title), f"taken as mended when {by} resolved the incident"
            device = evidence.device or None
            turn.write(Kind.GIVEN_UP, incident, device=device, rule=evidence.rule, facts=facts, reason=why)
    if incident.sources_normal:
        incident.normal_since = incident.normal_since or turn.now


def trouble_key(mode: Mode, source: str) -> str:
    return f"{mode.value}|{source}"


def title_facts(title: Title) -> dict[str, Value]:
    return {f"title_{language}": text for language, text in title.items()}


def _add_evidence(turn: Turn, incident: Incident, evidence: Evidence, reason: str) -> None:
    facts, device = title_facts(evidence.title), evidence.device or None
    turn.write(Kind.DETECTED, incident, device=device, rule=evidence.rule, facts=facts, reason=reason)
    known = [each for each in incident.evidence if each.internal and each.rule == evidence.rule]
    for each in known:
        each.holds, each.cleared_at, each.times = True, None, each.times + 1
    if not known:
        evidence.internal = True
        incident.evidence.append(evidence)
    incident.normal_since = None
    turn.move(incident, Step.EVIDENCE_RETURNED, reason)
