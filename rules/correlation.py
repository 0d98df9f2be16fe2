"""From a detection that fires to an incident: grouping, first-out, confirmation, pre-alarm, level.

Detections of one zone and hazard are one incident. Its level rises with the evidence and never falls by itself.
"""

from __future__ import annotations

from typing import Any

from rules import discipline, drill_pause, escalation, response, suppression
from rules.detection import Detection, detection_key
from rules.incident import Confirmation, Countdown, Evidence, Incident, Step
from rules.instant import Instant, format_duration
from rules.opening import open_incident
from rules.places import place
from rules.reading import Value
from rules.ruleset import ConfirmRule, DetectionRule
from rules.signal import Signal
from rules.site import Device
from rules.timeline import Kind
from rules.turn import Turn

GRAVEST_FIRST = (Signal.ALARM, Signal.SUPERVISORY, Signal.TROUBLE)


def fired(turn: Turn, detection: Detection, rule: DetectionRule) -> None:
    """A detection fires; or it fired before, and what kept it quiet has ended."""
    quiet = suppression.keeps_quiet(turn, detection, rule)
    if quiet is not None:
        turn.state.suppressed[detection.key] = quiet
        turn.again.pop(detection.key, None)
        tell(turn, detection, Kind.SUPPRESSED, facts=_facts(detection, rule), reason=f"{quiet.by}: {quiet.reason}")
        return
    device = turn.directory.devices[detection.device]
    confirmations = turn.ruleset.confirmations_of.get(rule.id, ())
    confirmed = [(each, why) for each in confirmations if (why := _confirmed(turn, each, detection, device))]
    waiting = [each for each in confirmations if each.pre_alarm and rule.id in each.confirm.of]
    levels = [each.level for each, _ in confirmed] + [each.pre_alarm.level for each in waiting if each.pre_alarm]
    if rule.level is not None:
        levels.append(rule.level)
    incident = turn.open_incident(detection.mode, device, rule.hazard)
    if incident is None and not levels:
        reason = "evidence only: no rule opens an incident on it alone"
        tell(turn, detection, Kind.DETECTED, facts=_facts(detection, rule), reason=reason)
        return
    earlier: list[tuple[Detection, DetectionRule]] = []
    if incident is None:
        earlier = _without_incident(turn, detection, rule, device)
        first_out = earlier[0][0].device if earlier else detection.device
        incident = open_incident(
            turn,
            detection.mode,
            device,
            hazard=rule.hazard,
            signal=rule.signal,
            level=max(levels),
            title=rule.title,
            first_out=first_out,
            rule=rule.id,
            reason=f"{rule.id} is the first of its zone and hazard",
        )
        for each, its_rule in earlier:
            _add_evidence(turn, incident, each, its_rule, reason="held before the incident was opened")
    _add_evidence(turn, incident, detection, rule)
    drill_pause.breaks_through(turn, incident)
    if confirmed:
        _confirm(turn, incident, detection, confirmed)
    elif waiting and incident.confirmation is not Confirmation.CONFIRMED:
        _pre_alarm(turn, incident, waiting[0])
    if levels:
        turn.raise_level(incident, max(levels), f"{rule.id} at {device.name}")
    discipline.annunciated(turn, incident, detection)
    response.control(turn, incident)
    escalation.begin(turn, incident)
    response.proceed(turn, incident)
    for each, its_rule in (*earlier, (detection, rule)):
        suppression.fired(turn, each, its_rule)


def fired_again(turn: Turn, key: str, why: str) -> None:
    """It has fired before, and what kept it quiet has ended."""
    detection = turn.state.detections.get(key)
    if detection is not None and detection.fires and detection.incident is None:
        turn.remark = why
        fired(turn, detection, turn.ruleset.detections[detection.rule])
        turn.remark = ""


def cleared(turn: Turn, detection: Detection, rule: DetectionRule | None, reason: str) -> None:
    """A detection is over: its source is normal, or `rule` was withdrawn (None)."""
    _firing_over(turn, detection)
    incident = turn.state.incidents.get(detection.incident or "")
    kind = Kind.CLEARED if rule else Kind.RULE_WITHDRAWN
    tell(turn, detection, kind, facts=_facts(detection, rule) if rule else {}, reason=reason)
    suppression.ended(turn, detection, rule)
    detection.incident = None
    if incident is None or not incident.open:
        return
    for evidence in incident.evidence:
        if (evidence.rule, evidence.device) == (detection.rule, detection.device):
            evidence.holds, evidence.cleared_at = False, turn.now
    if incident.sources_normal:
        sources_normal(turn, incident)


def holding(turn: Turn, incident: Incident) -> list[Detection]:
    """The detections that keep the incident's sources from being normal."""
    held = [each for each in incident.evidence if each.holds and not each.internal]
    keys = [detection_key(incident.mode, each.rule, each.device) for each in held]
    return [turn.state.detections[key] for key in keys]


def give_up(turn: Turn, detection: Detection, by: str) -> None:
    """A person resolves although this one is without data: should its device speak again, it is a new incident."""
    _firing_over(turn, detection)
    rule = turn.ruleset.detections[detection.rule]
    tell(
        turn,
        detection,
        Kind.GIVEN_UP,
        facts=_facts(detection, rule),
        reason=f"without data when {by} resolved the incident",
    )
    turn.outcome.ended.append((detection.mode, detection.rule, detection.device))
    suppression.ended(turn, detection, rule)
    _no_longer_evidence(turn, detection)
    del turn.state.detections[detection.key]


def set_aside(turn: Turn, detection: Detection, by: str) -> None:
    """A person resolves although this one holds: it is on a shelf, and raised anew if it holds when that ends."""
    quiet, rule = turn.state.suppressed[detection.key], turn.ruleset.detections[detection.rule]
    reason = f"kept quiet by {quiet.by} when {by} resolved the incident"
    tell(turn, detection, Kind.GIVEN_UP, facts=_facts(detection, rule), reason=reason)
    suppression.explains_no_more(turn, detection)
    _no_longer_evidence(turn, detection)
    detection.incident = None


def _no_longer_evidence(turn: Turn, detection: Detection) -> None:
    incident = turn.state.incidents[detection.incident or ""]
    for evidence in incident.evidence:
        if (evidence.rule, evidence.device) == (detection.rule, detection.device):
            evidence.holds, evidence.cleared_at = False, turn.now
    incident.normal_since = turn.now


def sources_normal(turn: Turn, incident: Incident) -> None:
    incident.normal_since = incident.normal_since or turn.now
    if discipline.unsettled(turn, incident):
        return
    if incident.countdown is not None:
        incident.countdown = None
        turn.write(Kind.COUNTDOWN_STOPPED, incident, reason="all its sources are normal again")
    turn.move(incident, Step.SOURCES_NORMAL, "all its sources are normal")
    turn.touch(incident)  # closing steps, or the end


def tell(turn: Turn, detection: Detection, kind: Kind, **rest: Any) -> None:
    """Writes an entry about a detection, on its incident's timeline where it has one; unless it chatters."""
    incident = turn.state.incidents.get(detection.incident or "")
    if discipline.folds(turn, detection, kind):
        if incident is not None:
            turn.changed(incident)
        return
    turn.write(
        kind,
        incident,
        mode=detection.mode,
        device=detection.device,
        rule=detection.rule,
        device_at=detection.device_at,
        seq=detection.seq,
        **rest,
    )


def countdown_over(turn: Turn, id: str, due: Instant) -> None:
    """A pre-alarm's deadline, unless it no longer stands."""
    incident = turn.state.incidents.get(id)
    countdown = incident.countdown if incident else None
    if incident is None or countdown is None or due != countdown.due:
        return
    if countdown.investigate_by is not None:
        reason = f"investigation not ended within {format_duration(countdown.investigate_ms)}"
    else:
        reason = f"not acknowledged within {_time_allowed(turn, countdown)}"
    turn.confirm(incident, reason)
    turn.raise_level(incident, countdown.level, reason)
    response.proceed(turn, incident)


def _time_allowed(turn: Turn, countdown: Countdown) -> str:
    rule = turn.ruleset.confirmations.get(countdown.rule)
    return format_duration(rule.pre_alarm.acknowledge_within) if rule and rule.pre_alarm else "the time allowed"


def _without_incident(
    turn: Turn, detection: Detection, rule: DetectionRule, device: Device
) -> list[tuple[Detection, DetectionRule]]:
    """What holds already in the same zone for the same hazard but opened no incident by itself; the earliest first."""
    found = []
    for near in turn.places.in_zone(device.zone):
        for each in turn.ruleset.detections_of[rule.hazard]:
            other = turn.state.detections.get(detection_key(detection.mode, each.id, near.id))
            if other is None or other is detection or not other.fires:
                continue
            quiet = other.key in turn.state.suppressed or other.key in turn.again
            if other.incident is None and not quiet:
                found.append((other, each))
    return sorted(found, key=lambda pair: pair[0].since)


def _add_evidence(turn: Turn, incident: Incident, detection: Detection, rule: DetectionRule, reason: str = "") -> None:
    detection.incident = incident.id
    tell(turn, detection, Kind.DETECTED, facts=_facts(detection, rule), reason=reason)
    known = [e for e in incident.evidence if (e.rule, e.device) == (detection.rule, detection.device)]
    for evidence in known:
        evidence.holds, evidence.cleared_at, evidence.times = True, None, evidence.times + 1
        evidence.values = dict(detection.values)
    if not known:
        incident.evidence.append(
            Evidence(
                rule=rule.id,
                device=detection.device,
                title=dict(rule.title),
                signal=rule.signal,
                level=rule.level or incident.level,
                fired_at=detection.since,
                values=dict(detection.values),
                rule_version=rule.version,
            )
        )
    incident.normal_since = None
    incident.signal = min((incident.signal, rule.signal), key=GRAVEST_FIRST.index)
    turn.move(incident, Step.EVIDENCE_RETURNED, f"{rule.id} at {detection.device} holds")


def _facts(detection: Detection, rule: DetectionRule) -> dict[str, Value]:
    return {**{f"title_{language}": text for language, text in rule.title.items()}, **detection.values}


# ---- confirmation


def _confirmed(turn: Turn, rule: ConfirmRule, detection: Detection, device: Device) -> str:
    """Why the incident is real by this rule; empty: it is not yet."""
    if detection.rule in rule.or_:
        return f"{detection.rule} at {device.name} needs no second device"
    firings = turn.state.firings.setdefault(_firing_key(rule, detection, device), {})
    firings[device.id] = None
    earliest = turn.now - rule.confirm.within
    for other, cleared_at in list(firings.items()):
        if cleared_at is not None and cleared_at < earliest:
            del firings[other]
    counted = [id for id, cleared_at in firings.items() if cleared_at is not None or _heard(turn, rule, detection, id)]
    if len(counted) < rule.confirm.distinct_devices:
        return ""
    names = ", ".join(id.partition("/")[2] for id in counted)
    return f"{len(counted)} independent devices in one {rule.confirm.same}: {names}"


def _heard(turn: Turn, rule: ConfirmRule, detection: Detection, device: str) -> bool:
    """Whether a device that fires is not kept quiet; the detection that is looked at is not."""
    keys = [detection_key(detection.mode, each, device) for each in rule.confirm.of]
    fires = [key for key in keys if (other := turn.state.detections.get(key)) is not None and other.fires]
    return device == detection.device or any(key not in turn.state.suppressed for key in fires)


def _firing_over(turn: Turn, detection: Detection) -> None:
    device = turn.directory.devices.get(detection.device)
    if device is None:
        return
    for rule in turn.ruleset.confirmations_of.get(detection.rule, ()):
        key = _firing_key(rule, detection, device)
        firings = turn.state.firings.get(key, {})
        others = (each for each in rule.confirm.of if each != detection.rule)
        still = any(_fires(turn, detection, other) for other in others)
        if device.id in firings and not still:
            firings[device.id] = turn.now


def recount(turn: Turn) -> None:
    """After new rules or sites: which devices fire for which confirmation, and where, as they now stand."""
    before, firings = turn.state.firings, dict[str, dict[str, Instant | None]]()
    for detection in turn.state.detections.values():
        device = turn.directory.devices[detection.device]
        for rule in turn.ruleset.confirmations_of.get(detection.rule, ()):
            if detection.fires and detection.rule in rule.confirm.of:
                firings.setdefault(_firing_key(rule, detection, device), {})[device.id] = None
    for key, devices in before.items():
        confirmation = turn.ruleset.confirmations.get(key.partition("|")[0])
        for id, cleared_at in devices.items():
            known = turn.directory.devices.get(id)
            if cleared_at is not None and confirmation and known and _stands_in(known, confirmation, key):
                firings.setdefault(key, {}).setdefault(id, cleared_at)
    turn.state.firings = firings


def _stands_in(device: Device, rule: ConfirmRule, key: str) -> bool:
    return key.endswith(f"|{place(device, rule.confirm.same)}")


def _fires(turn: Turn, detection: Detection, rule: str) -> bool:
    other = turn.state.detections.get(detection_key(detection.mode, rule, detection.device))
    return other is not None and other.fires


def _firing_key(rule: ConfirmRule, detection: Detection, device: Device) -> str:
    return f"{rule.id}|{detection.mode.value}|{place(device, rule.confirm.same)}"


def _confirm(turn: Turn, incident: Incident, detection: Detection, confirmed: list[tuple[ConfirmRule, str]]) -> None:
    for rule, why in confirmed:
        device = turn.directory.devices[detection.device]
        turn.confirm(incident, why)
        for other in turn.state.firings.get(_firing_key(rule, detection, device), {}):
            known = turn.directory.devices.get(other)
            theirs = turn.open_incident(detection.mode, known, incident.hazard) if known else None
            if theirs is not None and theirs is not incident:
                turn.confirm(theirs, why)
                turn.raise_level(theirs, rule.level, why)
                response.proceed(turn, theirs)


def _pre_alarm(turn: Turn, incident: Incident, rule: ConfirmRule) -> None:
    """One device alone: a countdown that becomes the full alarm by itself unless people are quicker."""
    assert rule.pre_alarm is not None
    if incident.countdown is not None:
        return
    limits = rule.pre_alarm
    incident.confirmation = Confirmation.PRE_ALARM
    incident.countdown = Countdown(
        rule=rule.id,
        level=rule.level,
        acknowledge_by=turn.now + limits.acknowledge_within,
        investigate_ms=limits.investigate_within,
    )
    if incident.acknowledged_at is not None:
        incident.countdown.investigate_by = turn.now + limits.investigate_within
    turn.set_deadline(incident.countdown.due, "countdown", incident.id)
    facts: dict[str, Value] = {
        "acknowledge_within_ms": float(limits.acknowledge_within),
        "investigate_within_ms": float(limits.investigate_within),
    }
    turn.write(Kind.PRE_ALARM, incident, rule=rule.id, facts=facts, reason="one automatic device alone")
