"""Keeping quiet: shelves, maintenance windows, inhibition. Suppressed is not lost: what still holds when a
suppression ends is raised then.

A detection that is kept quiet fires all the same, and is journaled; it only opens and joins no incident. What was
raised before it was shelved or explained stays on its incident. Only what is itself raised explains anything: of a
shelved power outage nobody would see why the meters are quiet. Shelves are for what is real (`Mode.ACTUAL`): a drill
is not shelved away.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rules import shelving
from rules.detection import Detection
from rules.drill import NO_DRILL, Stage, drill_at, settling
from rules.instant import Instant
from rules.mode import Mode
from rules.places import place
from rules.reading import Value
from rules.requests import EndShelf, PutOnShelf
from rules.response_plan import Inhibition
from rules.ruleset import DetectionRule
from rules.shelf import Shelf, Suppressed
from rules.signal import Signal
from rules.site import Device
from rules.timeline import Kind
from rules.turn import Turn

STAYS = "what is raised already stays"
GRAVEST_FIRST = (Signal.ALARM, Signal.SUPERVISORY, Signal.TROUBLE)


def keeps_quiet(turn: Turn, detection: Detection, rule: DetectionRule) -> Suppressed | None:
    """Why a detection that fires must raise nothing now; None: it may. Asked before anything comes of a firing."""
    if detection.mode is Mode.EXERCISE and (apart := _outside_a_drill(turn, detection)) is not None:
        return apart
    inhibitions = turn.plans.inhibitions_of.get(rule.id, ())
    if not turn.state.shelves and not (inhibitions and turn.state.causes):
        return None
    device = turn.directory.devices[detection.device]
    for shelf in turn.state.shelves.values():
        if covers(shelf, detection, device):
            return Suppressed(shelf.named, shelf.reason, shelf.until)
    for inhibition in inhibitions:
        causes = turn.state.causes.get(_cause_key(inhibition, detection.mode, device), {})
        for cause, until in causes.items():
            by, _, at = cause.partition("|")
            if (by, at) != (rule.id, device.id) and _may_explain(turn, by, rule, device):
                return Suppressed(f"inhibition {inhibition.id}", f"explained by {by} at {at}", until)
    return None


def _outside_a_drill(turn: Turn, detection: Detection) -> Suppressed | None:
    """What comes on the exercise tree while a drill is suspended, just after one, or from who knows when."""
    site, drills = detection.device.partition("/")[0], turn.state.drills
    drill = drill_at(drills, site)
    if drill is not None:
        if drill.stage is Stage.SUSPENDED:
            return Suppressed(drill.named, "it is suspended")
        before = detection.kept_from is not None and detection.kept_from < drill.started_at
        return Suppressed(drill.named, "retained from before it") if before else None
    last = settling(drills, site, turn.now)
    if last is not None:
        return Suppressed(last.named, "it is over")
    if detection.kept_from is not None:
        return Suppressed(NO_DRILL, "retained, and no drill is on")
    return Suppressed(NO_DRILL, "none is on") if turn.plans.drills.only_started else None


def covers(shelf: Shelf, detection: Detection, device: Device) -> bool:
    return (
        detection.mode is Mode.ACTUAL
        and shelf.device in (None, detection.device)
        and shelf.zone in (None, device.zone)
        and shelf.rule in (None, detection.rule)
    )


def _may_explain(turn: Turn, by: str, rule: DetectionRule, device: Device) -> bool:
    """A trouble or supervisory signal never masks an alarm (NFPA 72 ch. 10, confidence high); nothing masks one of a
    life-safety device (ours)."""
    if rule.signal is not Signal.ALARM:
        return True
    cause = turn.ruleset.detections.get(by)
    life_safety = turn.directory.device_classes[device.device_class].life_safety
    return cause is not None and cause.signal is Signal.ALARM and not life_safety


# ---- inhibition


def fired(turn: Turn, detection: Detection, rule: DetectionRule) -> None:
    """A detection has fired and raised what it had to: what it explains is quiet from now on."""
    for inhibition in turn.plans.inhibitions_by.get(rule.id, ()):
        device = turn.directory.devices[detection.device]
        causes = turn.state.causes.setdefault(_cause_key(inhibition, detection.mode, device), {})
        first = not causes
        causes[f"{rule.id}|{device.id}"] = None
        if first:
            _explain(turn, inhibition, detection.mode, device)


def ended(turn: Turn, detection: Detection, rule: DetectionRule | None) -> None:
    """A detection is over (`rule` None: withdrawn), still on its incident: what it explained is quiet for the grace
    yet, so that devices can come back; a one-shot shelf that kept quiet nothing but it ends."""
    quiet = turn.state.suppressed.pop(detection.key, None)
    if quiet is not None:
        _tell(turn, detection, Kind.SUPPRESSION_ENDED, reason=f"{quiet.by}: it is over")
        _end_one_shot(turn, quiet)
    explains_no_more(turn, detection)


def on_a_shelf(turn: Turn, detection: Detection) -> bool:
    """It was raised, and a person has put it on a shelf since."""
    quiet = turn.state.suppressed.get(detection.key)
    return quiet is not None and any(shelf.named == quiet.by for shelf in turn.state.shelves.values())


def explains_no_more(turn: Turn, detection: Detection) -> None:
    """What it explained is quiet for the grace yet."""
    device = turn.directory.devices.get(detection.device)
    if device is None:
        return  # `reloaded` counts anew
    for inhibition in turn.plans.inhibitions_by.get(detection.rule, ()):
        key, cause = _cause_key(inhibition, detection.mode, device), f"{detection.rule}|{device.id}"
        causes = turn.state.causes.get(key, {})
        if cause in causes and causes[cause] is None:
            until = causes[cause] = turn.now + turn.plans.discipline.inhibition.grace
            turn.set_deadline(until, "inhibition", key)


def grace_over(turn: Turn, id: str, due: Instant) -> None:
    """The grace after a cause's end is over. Nothing if the cause is back."""
    causes = turn.state.causes.get(id, {})
    over = [cause for cause, until in causes.items() if until is not None and until <= due]
    for cause in over:
        del causes[cause]
    if over and not causes:
        del turn.state.causes[id]
    if over:
        reconsider(turn, "what explained it is over", by=f"inhibition {id.partition('|')[0]}")


def reloaded(turn: Turn) -> None:
    """Other sites, rules or plans are in force: causes are counted anew, and what nothing keeps quiet is raised."""
    before, turn.state.causes = turn.state.causes, {}
    for detection in turn.state.detections.values():
        if detection.fires and detection.incident is not None:
            for inhibition in turn.plans.inhibitions_by.get(detection.rule, ()):
                key = _cause_key(inhibition, detection.mode, turn.directory.devices[detection.device])
                turn.state.causes.setdefault(key, {})[f"{detection.rule}|{detection.device}"] = None
    for key, causes in before.items():
        if key.partition("|")[0] in turn.plans.inhibitions:
            graces: dict[str, Instant | None] = {
                cause: until for cause, until in causes.items() if until is not None and until >= turn.now
            }
            if graces:
                turn.state.causes[key] = {**graces, **turn.state.causes.get(key, {})}
    reconsider(turn, "other rules or plans are in force")


def _explain(turn: Turn, inhibition: Inhibition, mode: Mode, where: Device) -> None:
    """The consequences were there before the cause: they stay, and it is said what explains them."""
    for detection in turn.state.detections.values():
        if detection.rule in inhibition.inhibits and detection.mode is mode:
            device = turn.directory.devices[detection.device]
            if _place(inhibition, device) == _place(inhibition, where):
                _keep_quiet_from_now(turn, detection)


def _cause_key(inhibition: Inhibition, mode: Mode, device: Device) -> str:
    return f"{inhibition.id}|{mode.value}|{_place(inhibition, device)}"


def _place(inhibition: Inhibition, device: Device) -> str:
    return device.id if inhibition.same == "device" else place(device, inhibition.same)


# ---- shelves


def asked(turn: Turn, request: PutOnShelf | EndShelf) -> None:
    """Carried out, or `turn.refuse(…)`."""
    if isinstance(request, EndShelf):
        _take_down(turn, request)
        return
    refused = shelving.refusal(turn, request)
    if refused is not None:
        named = {"device": request.device, "zone": request.zone, "rule": request.rule}
        facts: dict[str, Value] = {name: value for name, value in named.items() if value}
        turn.refuse(refused.code, refused.reason, request.by, "put_on_shelf", None, **facts)
        return
    shelf = shelving.shelf(turn, request)
    turn.state.shelves[shelf.id] = turn.outcome.shelves[shelf.id] = shelf
    turn.set_deadline(shelf.until, "shelf", shelf.id)
    rest: dict[str, Value] = {"duration_ms": float(shelf.until - shelf.since), "one_shot": shelf.one_shot}
    if shelf.second:
        rest["second"] = shelf.second
    _tell_of(turn, shelf, Kind.SHELVED, shelf.by, shelf.reason, rest)
    for detection in turn.state.detections.values():
        if covers(shelf, detection, turn.directory.devices[detection.device]):
            _keep_quiet_from_now(turn, detection)


def shelf_over(turn: Turn, id: str, due: Instant) -> None:
    """A shelf's time is up. Nothing if it no longer stands (`due` tells)."""
    shelf = turn.state.shelves.get(id)
    if shelf is not None and shelf.until == due:
        _end(turn, shelf, "tocsin", "its time is up")


def _take_down(turn: Turn, request: EndShelf) -> None:
    shelf = turn.state.shelves.get(request.shelf)
    if shelf is None:
        reason = f"there is no shelf {request.shelf} in force"
        turn.refuse("unknown_shelf", reason, request.by, "end_shelf", id=request.shelf)
    else:
        _end(turn, shelf, request.by, request.reason)


def _end_one_shot(turn: Turn, quiet: Suppressed) -> None:
    if any(other.by == quiet.by for other in turn.state.suppressed.values()):
        return
    for shelf in list(turn.state.shelves.values()):
        if shelf.one_shot and shelf.named == quiet.by:
            _end(turn, shelf, "tocsin", "what it kept quiet is over")


def _end(turn: Turn, shelf: Shelf, by: str, because: str) -> None:
    del turn.state.shelves[shelf.id]
    shelf.ended_at, shelf.ended_by, shelf.ended_because = turn.now, by, because
    turn.outcome.shelves[shelf.id] = shelf
    _tell_of(turn, shelf, Kind.SHELF_ENDED, by, because, {"lasted_ms": float(turn.now - shelf.since)})
    reconsider(turn, "it has ended", by=shelf.named)


def _tell_of(turn: Turn, shelf: Shelf, kind: Kind, by: str, reason: str, rest: dict[str, Value]) -> None:
    facts: dict[str, Value] = {"id": shelf.id, **rest}
    if shelf.maintenance:
        facts["what"] = "maintenance"
    if shelf.zone:
        facts["zone"] = shelf.zone
    turn.write(kind, mode=Mode.ACTUAL, device=shelf.device, rule=shelf.rule, by=by, facts=facts, reason=reason)


# ---- what is quiet


def reconsider(turn: Turn, why: str, by: str | None = None) -> None:
    """Whether what is kept quiet (`by` this) still has to be. What holds and need not is raised before the step ends,
    causes first, then the gravest."""
    ended = []
    for key, quiet in list(turn.state.suppressed.items()):
        if by not in (None, quiet.by):
            continue
        detection = turn.state.detections[key]
        rule = turn.ruleset.detections[detection.rule]
        now = keeps_quiet(turn, detection, rule)
        if now is None:
            del turn.state.suppressed[key]
            ended.append((rule.id not in turn.plans.inhibitions_by, GRAVEST_FIRST.index(rule.signal), key))
            _tell(turn, detection, Kind.SUPPRESSION_ENDED, reason=f"{quiet.by}: {why}")
            continue
        turn.state.suppressed[key] = now
        if now.by != quiet.by:
            _tell(turn, detection, Kind.SUPPRESSED, reason=f"{now.by}: {now.reason}")
    for _, _, key in sorted(ended):
        if turn.state.detections[key].incident is None:
            turn.again[key] = "held while it was kept quiet"


def _keep_quiet_from_now(turn: Turn, detection: Detection) -> None:
    """It fires already. On an incident it stays there."""
    if not detection.fires or detection.key in turn.state.suppressed:
        return
    quiet = keeps_quiet(turn, detection, turn.ruleset.detections[detection.rule])
    if quiet is not None:
        turn.state.suppressed[detection.key] = quiet
        parts = [f"{quiet.by}: {quiet.reason}", *([STAYS] if detection.incident else [])]
        _tell(turn, detection, Kind.SUPPRESSED, reason="; ".join(parts))


def _tell(turn: Turn, detection: Detection, kind: Kind, **rest: Any) -> None:
    rule = turn.ruleset.detections.get(detection.rule)
    facts: dict[str, Value] = {f"title_{language}": text for language, text in rule.title.items()} if rule else {}
    turn.write(
        kind,
        turn.state.incidents.get(detection.incident or ""),
        mode=detection.mode,
        device=detection.device,
        rule=detection.rule,
        facts=facts,
        device_at=detection.device_at,
        seq=detection.seq,
        **rest,
    )


def quiet_by(turn: Turn, by: str) -> Iterator[str]:
    """Keys of the detections that one shelf or inhibition keeps quiet."""
    return (key for key, quiet in turn.state.suppressed.items() if quiet.by == by)
