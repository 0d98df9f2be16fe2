"""Other sites, rules, plans or people come into force: what no longer stands is withdrawn, with its reason."""

from __future__ import annotations

from rules import correlation, drill_calendar, suppression
from rules.detection import Detection
from rules.events import DirectoryLoaded, PlansLoaded, RosterLoaded, RulesLoaded
from rules.in_force import Documents, InForce, in_force
from rules.plan import watches
from rules.timeline import Kind
from rules.turn import Turn

_WHAT = {DirectoryLoaded: "directory", RulesLoaded: "rules", PlansLoaded: "plans", RosterLoaded: "roster"}


def load(
    turn: Turn, event: DirectoryLoaded | RulesLoaded | PlansLoaded | RosterLoaded, documents: Documents
) -> InForce:
    what = _WHAT[type(event)]
    setattr(turn.state, what, event.version)
    force = in_force(turn.state, documents)
    turn.directory, turn.places, turn.ruleset, turn.plans, turn.roster = force
    turn.write(Kind.CONFIGURATION, facts={"what": what, "version": event.version[:12]})
    for detection in list(turn.state.detections.values()):
        gone = _gone(turn, detection)
        if gone:
            _withdraw(turn, detection, gone)
    correlation.recount(turn)
    suppression.reloaded(turn)
    drill_calendar.reloaded(turn)
    return force


def _withdraw(turn: Turn, detection: Detection, reason: str) -> None:
    if detection.fires:
        turn.outcome.ended.append((detection.mode, detection.rule, detection.device))
        correlation.cleared(turn, detection, None, reason)
    del turn.state.detections[detection.key]


def _gone(turn: Turn, detection: Detection) -> str:
    rule = turn.ruleset.detections.get(detection.rule)
    if rule is None:
        return f"rule {detection.rule} is no longer in force"
    device = turn.directory.devices.get(detection.device)
    if device is None:
        return f"device {detection.device} is no longer in the site file"
    return "" if watches(rule, device) else f"rule {rule.id} no longer looks at {device.id}"
