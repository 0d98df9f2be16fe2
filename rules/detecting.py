"""From a change of verdict to a detection that fires or ends: holds, and why one did not fire."""

from __future__ import annotations

from rules import correlation
from rules.detection import HELD, TRANSITIONS, Detection, Stage, detection_key
from rules.events import VerdictChanged
from rules.instant import Instant, format_duration
from rules.reading import Value
from rules.ruleset import DetectionRule
from rules.state import Cursor
from rules.timeline import Kind
from rules.turn import Turn
from rules.verdict import Verdict


def verdict_changed(turn: Turn, event: VerdictChanged) -> None:
    if event.key() is not None:  # else it is no message, or one that has nothing to be known by when it comes again
        seq = -1 if event.seq is None else event.seq
        turn.state.touch_cursor(f"{event.mode.value}|{event.device}", Cursor(event.at, seq, event.received_at))
    rule = turn.ruleset.detections.get(event.rule)
    if rule is None or event.device not in turn.directory.devices:
        unknown = f"rule {event.rule!r}" if rule is None else f"device {event.device!r}"
        turn.write(
            Kind.UNKNOWN, mode=event.mode, device=event.device, rule=event.rule, reason=f"no {unknown} is in force"
        )
        return
    detection, before = _detection(turn, event)
    turn.remark = " and ".join(word for word, so in (("arrived late", event.late), ("retained", event.retained)) if so)
    _step(turn, detection, rule, before)
    turn.remark = ""
    if detection.forgettable:
        turn.state.detections.pop(detection.key, None)


def hold_over(turn: Turn, key: str, due: Instant) -> None:
    """A hold's deadline, unless it no longer stands."""
    detection = turn.state.detections.get(key)
    if detection is None or detection.deadline != due:
        return
    _enter(turn, detection, turn.ruleset.detections[detection.rule], HELD[detection.stage])
    if detection.forgettable:
        del turn.state.detections[key]


def _detection(turn: Turn, event: VerdictChanged) -> tuple[Detection, Verdict]:
    """The detection with the event's verdict, and the verdict before."""
    key = detection_key(event.mode, event.rule, event.device)
    detection = turn.state.detections.get(key)
    if detection is None:
        detection = Detection(event.mode, event.rule, event.device)
        turn.state.detections[key] = detection
    before, detection.verdict = detection.verdict, event.verdict
    detection.device_at, detection.seq = event.at, event.seq
    detection.kept_from = (event.at if event.has_time else 0) if event.retained else None
    if event.verdict is not Verdict.NO_DATA:  # then the last that was known stays, for when its hold is over
        detection.values = dict(event.values)
    return detection, before


def _step(turn: Turn, detection: Detection, rule: DetectionRule, before: Verdict) -> None:
    after = TRANSITIONS[detection.stage, detection.verdict]
    if after is detection.stage:
        if after is Stage.FIRING and detection.verdict is Verdict.NO_DATA:
            correlation.tell(turn, detection, Kind.NO_DATA, facts=rule_title(rule), reason="what was last known stays")
        elif after is Stage.FIRING and before is Verdict.NO_DATA:
            correlation.tell(turn, detection, Kind.STILL_HOLDS, facts=rule_title(rule), reason="data is back")
        return
    if after is Stage.PENDING:
        _hold(turn, detection, rule, after, rule.hold_ms)
    elif after is Stage.CLEARING:
        _hold(turn, detection, rule, after, rule.clear_hold_ms)
    else:
        _enter(turn, detection, rule, after)


def _hold(turn: Turn, detection: Detection, rule: DetectionRule, stage: Stage, hold_ms: int) -> None:
    if hold_ms == 0:
        _enter(turn, detection, rule, HELD[stage])
        return
    detection.stage, detection.since, detection.deadline = stage, turn.now, turn.now + hold_ms
    turn.set_deadline(detection.deadline, "hold", detection.key)
    kind = Kind.PENDING if stage is Stage.PENDING else Kind.CLEARING
    values = detection.values if stage is Stage.PENDING else {}
    facts: dict[str, Value] = {"hold_ms": float(hold_ms), **rule_title(rule), **values}
    correlation.tell(turn, detection, kind, facts=facts)


def _enter(turn: Turn, detection: Detection, rule: DetectionRule, stage: Stage) -> None:
    before, since = detection.stage, detection.since
    detection.stage, detection.since, detection.deadline = stage, turn.now, None
    if stage is Stage.FIRING and before is Stage.CLEARING:
        correlation.tell(
            turn, detection, Kind.STILL_HOLDS, facts=rule_title(rule), reason="clear was not kept up long enough"
        )
    elif stage is Stage.FIRING:
        turn.outcome.fired.append((detection.mode, detection.rule, detection.device))
        correlation.fired(turn, detection, rule)
    elif before is Stage.PENDING:
        held = format_duration(turn.now - since)
        reason = f"held for {held} of {format_duration(rule.hold_ms)}"
        correlation.tell(turn, detection, Kind.NOT_FIRED, facts=rule_title(rule), reason=reason)
    else:
        turn.outcome.ended.append((detection.mode, detection.rule, detection.device))
        correlation.cleared(turn, detection, rule, reason="")


def rule_title(rule: DetectionRule) -> dict[str, Value]:
    return {f"title_{language}": text for language, text in rule.title.items()}
