"""The device models: what each device reports, as a pure function of (scene, device, instant) and its last command.

Nothing is remembered between two instants, so a day can be played from any hour, in any order, at any speed. Values
are rounded as devices round them. `detectors`, `lifts`, `meters`, `doors` and `leaks` have the models, with what they
assume and where it comes from; here is what any device can suffer: silence, a value that no longer moves, a battery
that runs flat, an alarm that chatters, a hand that takes it off its base.

`next_change` says when a device could have something new to say, so that not all need be asked every second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rules.instant import MINUTE_MS, SECOND_MS, Instant
from rules.reading import Value
from rules.site import Device
from simulators import detectors, doors, leaks, lifts, meters
from simulators.scene import Disturbance, Fault, Happening, Scene, Told

REPORT_EVERY_MS = {
    "lift": 20 * SECOND_MS,
    "energy_meter": 60 * SECOND_MS,
}
REPORT_EVERY_MS_OTHERS = 120 * SECOND_MS  # a fifth of the silence that their classes allow
WATCH_MS = SECOND_MS  # how often a device is looked at while smoke, gas or water moves
SETTLED_MS = 15 * MINUTE_MS  # so long after the end of what was wrong nothing of it is left: aired, run off
_MOVING = (Fault.GAS, Fault.WATER, Fault.NUISANCE, Fault.CHATTER, Fault.DENIALS)  # the others begin and end
_SENSITIVE = ("smoke_detector", "heat_detector")  # to fires

_Model = Callable[[Device, Scene, Instant, Told | None], dict[str, Value]]
_Events = Callable[[Device, Scene, Instant, Instant], Iterator[Happening]]
_Changes = Callable[[Device, Scene, Instant], Instant | None]


def readings(device: Device, scene: Scene, at: Instant, told: Told | None = None) -> dict[str, Value]:
    """Metric → value, by the names and units of the device's class. {}: it is silent, or no model knows its class."""
    model = _MODELS.get(device.device_class)
    if model is None:
        return {}
    if device.id not in scene.disturbances:
        return model(device, scene, at, told)
    wrong = {each.fault: each for each in scene.disturbances[device.id] if each.holds(at)}
    if Fault.SILENT in wrong:
        return {}
    measured_at = wrong[Fault.STUCK].since if Fault.STUCK in wrong else at
    wrong = {fault: each for fault, each in wrong.items() if can_suffer(device.device_class, fault)}
    return _suffered(model(device, scene, measured_at, told), wrong, at)


def can_suffer(device_class: str, fault: Fault) -> bool:
    """Whether the fault shows in what a device of the class reports."""
    return device_class in _SUFFERED_BY.get(fault, CLASSES)


def _suffered(values: dict[str, Value], wrong: dict[Fault, Disturbance], at: Instant) -> dict[str, Value]:
    if Fault.TAMPER in wrong:
        values["tamper"] = True
    if (chatters := wrong.get(Fault.CHATTER)) is not None:
        named = "alarm" if "alarm" in values else "fault"
        values[named] = (at - chatters.since) // detectors.CHATTER_MS % 2 == 0
    if (flat := wrong.get(Fault.FLAT_BATTERY)) is not None:
        left = 1 - (at - flat.since) / detectors.FLAT_AFTER_MS
        values["battery"] = round(float(values.get("battery", 100.0)) * left, 1)
        return values if left > 0 else {}
    return values


def events(device: Device, scene: Scene, since: Instant, until: Instant) -> list[Happening]:
    """What the device says after `since`, up to and including `until`, in order of time."""
    says = _EVENTS.get(device.device_class)
    if says is None:
        return []
    happenings = sorted(says(device, scene, since, until), key=lambda happening: happening.at)
    if device.id not in scene.disturbances:
        return happenings
    return [each for each in happenings if Fault.SILENT not in scene.disturbed(device.id, each.at)]


def report_every_ms(device: Device) -> int:
    """The longest time between two telemetry messages of a device."""
    return REPORT_EVERY_MS.get(device.device_class, REPORT_EVERY_MS_OTHERS)


def next_change(device: Device, scene: Scene, after: Instant) -> Instant | None:
    """The earliest instant after `after` at which it may say something besides its periodic reports; None: never.

    Commands are not in it: whoever tells a device something looks at it then.
    """
    changes = _CHANGES.get(device.device_class)
    found = changes(device, scene, after) if changes is not None else None
    if scene.fires and device.device_class in _SENSITIVE:
        since = scene.reached_at(device)
        found = _sooner(found, None if since is None else _watched(since, scene.clear_at(device), after))
    for each in scene.disturbances.get(device.id, ()):
        if each.fault in _MOVING:
            until = None if each.until is None else each.until + SETTLED_MS
            found = _sooner(found, _watched(each.since, until, after))
        else:
            moments = (each.since, each.since + lifts.BUTTON_AFTER_MS, each.until)
            for moment in moments:
                found = _sooner(found, moment if moment is not None and moment > after else None)
    return found


def _watched(since: Instant, until: Instant | None, after: Instant) -> Instant | None:
    """The next look of those from `since` to `until`."""
    if after < since:
        return since
    return after + WATCH_MS - (after - since) % WATCH_MS if until is None or after < until else None


def _sooner(one: Instant | None, other: Instant | None) -> Instant | None:
    return other if one is None else one if other is None else min(one, other)


def _call_point_events(device: Device, scene: Scene, since: Instant, until: Instant) -> Iterator[Happening]:
    for each in scene.disturbances.get(device.id, ()):
        if each.fault is Fault.PRESSED:
            if since < each.since <= until:
                yield Happening(each.since, "pressed")
            if each.until is not None and since < each.until <= until:
                yield Happening(each.until, "reset")


def _meter_events(device: Device, scene: Scene, since: Instant, until: Instant) -> Iterator[Happening]:
    for each in scene.disturbances.get(device.id, ()):
        if each.fault is Fault.POWER_LOST:
            if since < each.since <= until:
                yield Happening(each.since, "power_lost")
            if each.until is not None and since < each.until <= until:
                yield Happening(each.until, "power_restored")


_MODELS: dict[str, _Model] = {
    "smoke_detector": detectors.smoke_detector,
    "heat_detector": detectors.heat_detector,
    "manual_call_point": detectors.call_point,
    "lift": lifts.readings,
    "energy_meter": meters.readings,
    "access_controller": doors.readings,
    "siren": detectors.siren,
    "smoke_vent": detectors.smoke_vent,
    "gas_detector": leaks.gas_detector,
    "water_leak_detector": leaks.water_leak_detector,
}
_EVENTS: dict[str, _Events] = {
    "manual_call_point": _call_point_events,
    "lift": lifts.events,
    "energy_meter": _meter_events,
    "access_controller": doors.events,
}
_CHANGES: dict[str, _Changes] = {
    "lift": lifts.next_change,
    "access_controller": doors.next_change,
}
CLASSES = tuple(_MODELS)  # the device classes that have a model
_SUFFERED_BY: dict[Fault, tuple[str, ...]] = {  # what is not here any device can suffer
    Fault.FAULTY: tuple(each for each in CLASSES if each != "lift"),  # lift_fault
    Fault.PRESSED: ("manual_call_point",),
    Fault.ENTRAPMENT: ("lift",),
    Fault.OUT_OF_ORDER: ("lift",),
    Fault.DOOR_BLOCKED: ("lift",),
    Fault.FORCED: ("access_controller",),
    Fault.HELD_OPEN: ("access_controller",),
    Fault.DURESS: ("access_controller",),
    Fault.DENIALS: ("access_controller",),
    Fault.PHASE_LOST: ("energy_meter",),
    Fault.POWER_LOST: ("energy_meter", "access_controller", "lift"),
    Fault.OVERLOAD: ("energy_meter",),
    Fault.OVERLOAD_SEVERE: ("energy_meter",),
    Fault.GAS: ("gas_detector",),
    Fault.WATER: ("water_leak_detector",),
    Fault.NUISANCE: ("smoke_detector",),
    Fault.DRIFTING: ("smoke_detector",),
    Fault.FLAT_BATTERY: ("smoke_detector", "heat_detector", "manual_call_point", "siren", "access_controller"),
    Fault.TAMPER: ("smoke_detector", "heat_detector", "manual_call_point", "siren", "access_controller"),
}
