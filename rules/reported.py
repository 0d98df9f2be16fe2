"""What people report: an incident that no device has detected, and that it is over.

A report is evidence that holds until somebody says that it is over (`EndReport`); only then may the incident be
resolved, so that the plan's closing tasks come first as they do for every other incident. A report of an alarm is a
person's word that it is real: it confirms, as a call point does (NFPA 72 ch. 23, confidence high). One of a zone and
hazard that has an open incident joins it.

    ask(turn, ReportIncident(by="guard", zone="tower-a/12F-east", hazard="fire", level=Level.II, note="smoke"))
"""

from __future__ import annotations

from rules import discipline
from rules.correlation import GRAVEST_FIRST
from rules.incident import Evidence, Incident, Step
from rules.opening import open_incident
from rules.outcome import Refused
from rules.reading import Value
from rules.requests import EndReport, ReportIncident
from rules.signal import Signal
from rules.site import Zone
from rules.timeline import Kind
from rules.trouble import HAZARD, Somewhere, trouble_key
from rules.turn import Turn, group_key

TITLE = {"en": "Reported by a person", "zh": "人工报告"}
SOURCE = "report/"  # what the source of its evidence begins with; one an incident


def ask(turn: Turn, request: ReportIncident) -> None:
    """Opens an incident or adds to the open one; or `turn.refuse(…)`."""
    zone = turn.directory.zones.get(request.zone)
    refused = _refusal(turn, request, zone)
    if refused is not None or zone is None:
        assert refused is not None
        facts: dict[str, Value] = {"zone": request.zone, "hazard": request.hazard}
        turn.refuse(refused.code, refused.reason, request.by, "report_incident", None, **facts)
        return
    known = turn.state.groups.get(group_key(request.mode, zone.id, request.hazard))
    incident = turn.state.incidents[known] if known else _open(turn, request, zone)
    _add(turn, incident, request)
    if request.signal is Signal.ALARM:
        turn.confirm(incident, f"reported by {request.by}", request.by)
    turn.raise_level(incident, request.level, f"reported by {request.by}", request.by)
    discipline.watch_for_stale(turn, incident)
    turn.touch(incident)


def over(turn: Turn, incident: Incident, request: EndReport) -> Refused | None:
    """What was reported is over; the incident counts as normal when nothing else holds."""
    evidence = _report_of(incident)
    if evidence is None:
        return Refused("not_reported", f"nobody has reported {incident.id}: devices have, and say when it is over")
    if not evidence.holds:
        return Refused("report_ended", f"what was reported of {incident.id} is over already")
    del turn.state.troubles[trouble_key(incident.mode, evidence.rule)]
    evidence.holds, evidence.cleared_at = False, turn.now
    facts: dict[str, Value] = {"note": request.note} if request.note else {}
    turn.write(Kind.REPORT_ENDED, incident, rule=evidence.rule, by=request.by, facts=facts)
    turn.touch(incident)
    return None


def holding(incident: Incident) -> list[str]:
    """What was reported and is not over: at most one."""
    evidence = _report_of(incident)
    return [f"what was reported in {incident.zone}"] if evidence is not None and evidence.holds else []


def is_reported(incident: Incident) -> bool:
    """A person has reported it, among others: it does not close by itself."""
    return _report_of(incident) is not None


def hazards(turn: Turn) -> list[str]:
    """Those that a rule or a plan in force knows: others would have nobody who answers them."""
    return sorted({HAZARD, *turn.plans.by_hazard, *turn.ruleset.detections_of})


def _refusal(turn: Turn, request: ReportIncident, zone: Zone | None) -> Refused | None:
    if zone is None:
        return Refused("unknown_zone", f"there is no zone {request.zone}")
    if request.hazard not in hazards(turn):
        return Refused(
            "unknown_hazard", f"{request.hazard} is no hazard of rules or plans ({', '.join(hazards(turn))})"
        )
    device = turn.directory.devices.get(request.device or "")
    if request.device and (device is None or device.zone != zone.id):
        return Refused("unknown_device", f"there is no device {request.device} in {zone.id}")
    if not request.note.strip():
        return Refused("note_missing", "what was seen has to be said")
    return None


def _open(turn: Turn, request: ReportIncident, zone: Zone) -> Incident:
    return open_incident(
        turn,
        request.mode,
        Somewhere(zone.site, zone.building, zone.floor, zone.id),
        hazard=request.hazard,
        signal=request.signal,
        level=request.level,
        title=TITLE,
        first_out="",
        rule=SOURCE.rstrip("/"),
        reason=f"reported by {request.by}",
    )


def _add(turn: Turn, incident: Incident, request: ReportIncident) -> None:
    source, evidence = f"{SOURCE}{incident.id}", _report_of(incident)
    facts: dict[str, Value] = {"note": request.note}
    facts |= {"role": request.role} if request.role else {}
    device = request.device or None
    turn.write(Kind.REPORTED, incident, device=device, rule=source, by=request.by, facts=facts)
    if evidence is None:
        evidence = Evidence(
            source,
            request.device or "",
            dict(TITLE),
            request.signal,
            request.level,
            turn.now,
            {},
            "",
            internal=True,
        )
        incident.evidence.append(evidence)
    else:
        evidence.holds, evidence.cleared_at, evidence.times = True, None, evidence.times + 1
        evidence.level = max(evidence.level, request.level)
        evidence.signal = min((evidence.signal, request.signal), key=GRAVEST_FIRST.index)
    turn.state.troubles[trouble_key(incident.mode, source)] = incident.id
    incident.signal = min((incident.signal, request.signal), key=GRAVEST_FIRST.index)
    incident.normal_since = None
    turn.move(incident, Step.EVIDENCE_RETURNED, f"reported by {request.by}")


def _report_of(incident: Incident) -> Evidence | None:
    return next((each for each in incident.evidence if each.internal and each.rule.startswith(SOURCE)), None)
