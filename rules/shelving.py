"""Whether something may be shelved: by whom, for how long, how much of it (OPC UA Part 9 5.8.17, ISA-18.2)."""

from __future__ import annotations

from collections.abc import Iterator

from rules.instant import format_duration
from rules.level import Level
from rules.mode import Mode
from rules.outcome import Refused
from rules.requests import PutOnShelf
from rules.shelf import Shelf
from rules.signal import Signal
from rules.site import DeviceClass
from rules.turn import Turn

SHELVES_MAX = 200  # each is looked at with every firing: 200 cost 30 µs (measured); a list people read is shorter


def refusal(turn: Turn, request: PutOnShelf) -> Refused | None:
    """Why not. The first thing that is wrong."""
    return _fault(turn, request) or _too_many_or_long(turn, request) or _by_whom(turn, request) or _grave(turn, request)


def shelf(turn: Turn, request: PutOnShelf) -> Shelf:
    """One that is not refused. A one-shot shelf without a duration may last as long as any."""
    turn.state.shelves_made += 1
    return Shelf(
        id=f"SH-{turn.state.shelves_made:06d}",
        by=request.by,
        reason=request.reason.strip(),
        since=turn.now,
        until=turn.now + (request.duration_ms or limit_ms(turn, request)),
        device=request.device,
        zone=request.zone,
        rule=request.rule,
        one_shot=request.one_shot,
        second=request.second if needs_two(turn, request) else None,
        maintenance=request.maintenance,
    )


def limit_ms(turn: Turn, request: PutOnShelf) -> int:
    """The shortest maximum of the classes of device concerned."""
    settings = turn.plans.discipline.shelving
    usual = settings.maintenance_at_most if request.maintenance else settings.at_most
    limits = [usual]
    for each in _classes(turn, request):
        grave = each.life_safety and _hides_alarms(turn, request, each)
        limits.append(settings.at_most_of.get(each.id, settings.life_safety_at_most if grave else usual))
    return min(limits[1:], default=usual)


def needs_two(turn: Turn, request: PutOnShelf) -> bool:
    wanted = turn.plans.discipline.shelving.two_persons
    return any(each.id in wanted and _hides_alarms(turn, request, each) for each in _classes(turn, request))


def _fault(turn: Turn, request: PutOnShelf) -> Refused | None:
    if request.device and request.zone:
        return Refused("too_much_named", f"device {request.device} and zone {request.zone}; expected one of them")
    if not (request.device or request.zone or request.rule):
        return Refused("nothing_named", "expected a device, a zone or a rule")
    if request.maintenance and not (request.device or request.zone):
        return Refused("nothing_named", "a maintenance window needs a device or a zone")
    if request.device and request.device not in turn.directory.devices:
        return Refused("unknown_device", f"there is no device {request.device}")
    if request.zone and request.zone not in turn.directory.zones:
        return Refused("unknown_zone", f"there is no zone {request.zone}")
    if request.rule and request.rule not in turn.ruleset.detections:
        return Refused("unknown_rule", f"there is no rule {request.rule} that looks at devices")
    if not request.reason.strip():
        return Refused("reason_missing", "what is kept quiet needs a reason")
    return None


def _too_many_or_long(turn: Turn, request: PutOnShelf) -> Refused | None:
    if len(turn.state.shelves) >= SHELVES_MAX:
        return Refused("too_many_shelves", f"{SHELVES_MAX} shelves are in force; end one of them first")
    limit, wanted = limit_ms(turn, request), request.duration_ms
    if wanted > limit:
        return Refused("too_long", f"{format_duration(wanted)} is longer than {format_duration(limit)}")
    if wanted < 0 or (wanted == 0 and not request.one_shot):
        return Refused("no_duration", f"{wanted} ms; expected how long, at most {format_duration(limit)}")
    return None


def _by_whom(turn: Turn, request: PutOnShelf) -> Refused | None:
    if not needs_two(turn, request):
        return None
    second = (request.second or "").strip()
    if not second:
        return Refused("second_person", "alarms of fire and gas detection are kept quiet by two persons only")
    if _person(turn, second) == _person(turn, request.by):
        return Refused("second_person", f"{second} asks for it; expected another person")
    if turn.roster.people and _person(turn, second) not in turn.roster.people:
        return Refused("unknown_person", f"{second} is not on the roster")
    return None


def _person(turn: Turn, named: str) -> str:
    """The id of who is called so."""
    wanted = named.strip().casefold()
    for person in turn.roster.people.values():
        if wanted in (person.id.casefold(), person.name.casefold()):
            return person.id
    return wanted


def _grave(turn: Turn, request: PutOnShelf) -> Refused | None:
    """A life-safety alarm is not kept quiet everywhere, nor while it is part of an open incident of level I."""
    classes = [each for each in _classes(turn, request) if each.life_safety and _hides_alarms(turn, request, each)]
    if classes and not (request.device or request.zone):
        return Refused("too_wide", f"{request.rule} is a life-safety alarm; expected a device or a zone, too")
    for detection in turn.state.detections.values():
        device, rule = turn.directory.devices[detection.device], turn.ruleset.detections[detection.rule]
        named = (
            request.device in (None, device.id),
            request.zone in (None, device.zone),
            request.rule in (None, rule.id),
        )
        incident = turn.state.incidents.get(detection.incident or "")
        if incident is None or detection.mode is not Mode.ACTUAL or rule.signal is not Signal.ALARM or not all(named):
            continue
        if incident.level is Level.I:
            return Refused("level_one_open", f"{rule.id} at {device.id} is part of {incident.id}, level I")
    return None


def _classes(turn: Turn, request: PutOnShelf) -> Iterator[DeviceClass]:
    """The classes of device it concerns, each once."""
    if request.device:
        names = [turn.directory.devices[request.device].device_class]
    elif request.zone:
        names = [device.device_class for device in turn.places.in_zone(request.zone)]
    else:
        names = list(turn.directory.device_classes)
    for name in dict.fromkeys(names):
        if request.rule is None or turn.ruleset.detections[request.rule].applies_to(name):
            yield turn.directory.device_classes[name]


def _hides_alarms(turn: Turn, request: PutOnShelf, of: DeviceClass) -> bool:
    rules = turn.ruleset.detections
    hidden = [rules[request.rule]] if request.rule else rules.values()
    return any(rule.signal is Signal.ALARM and rule.applies_to(of.id) for rule in hidden)
