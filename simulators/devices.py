"""The device models: what each device reports, as a pure function of (scene, device, instant) and its last command.

Nothing is remembered between two instants, so a day can be played from any hour, in any order, at any speed.
Lifts, meters, doors and leaks have modules of their own; smoke and heat are here. Values are rounded as devices round
them.

Assumptions for detectors: clear air has 0.005 to 0.02 dB/m with a noise of 0.002; a room is 22 °C, 2 K warmer at 15 h
than at 3 h, with a noise of 0.1 K; a smoke detector decides for itself at 0.2 dB/m, a heat detector at 57 °C (class A1
responds statically at 54 to 65 °C, EN 54-5; confidence low); batteries lose 7 % a year, and are renewed after ten
(ours).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from rules.instant import DAY_MS, SECOND_MS, Instant
from rules.reading import Value
from rules.site import Device
from simulators import doors, leaks, lifts, meters
from simulators.chance import between, key, noise
from simulators.scene import Fault, Happening, Scene, Told

SMOKE_ALARM_DB_PER_M = 0.2
HEAT_ALARM_C = 57.0
STEP_MS = 2 * SECOND_MS  # how often a detector samples its chamber
BATTERY_DAYS = 3650.0
REPORT_EVERY_MS = {
    "lift": 20 * SECOND_MS,
    "energy_meter": 60 * SECOND_MS,
}
REPORT_EVERY_MS_OTHERS = 120 * SECOND_MS  # a fifth of the silence that their classes allow

_Model = Callable[[Device, Scene, Instant, Told | None], dict[str, Value]]
_Events = Callable[[Device, Scene, Instant, Instant], Iterator[Happening]]


def readings(device: Device, scene: Scene, at: Instant, told: Told | None = None) -> dict[str, Value]:
    """Metric → value, by the names and units of the device's class. {}: it is silent, or no model knows its class."""
    model = _MODELS.get(device.device_class)
    if model is None or Fault.SILENT in scene.disturbed(device.id, at):
        return {}
    return model(device, scene, at, told)


def events(device: Device, scene: Scene, since: Instant, until: Instant) -> list[Happening]:
    """What the device says after `since`, up to and including `until`, in order of time."""
    says = _EVENTS.get(device.device_class)
    if says is None:
        return []
    happenings = sorted(says(device, scene, since, until), key=lambda happening: happening.at)
    return [each for each in happenings if Fault.SILENT not in scene.disturbed(device.id, each.at)]


def report_every_ms(device: Device) -> int:
    """The longest time between two telemetry messages of a device."""
    return REPORT_EVERY_MS.get(device.device_class, REPORT_EVERY_MS_OTHERS)


def _smoke_detector(device: Device, scene: Scene, at: Instant, told: Told | None) -> dict[str, Value]:
    chance, step = key(scene.seed, device.id), at // STEP_MS
    brought = scene.smoke_db_per_m(device, at) if scene.fires else 0.0
    clear_air = between(chance, 0.008, 0.02) + 0.001 * noise(chance, step)
    return {
        "smoke": round(min(10.0, clear_air + brought), 4),
        "temperature": round(min(125.0, _air_c(device, scene, at, chance, step)), 1),
        "alarm": brought >= SMOKE_ALARM_DB_PER_M,
        "fault": Fault.FAULTY in scene.disturbed(device.id, at),
        "battery": _battery(chance, at),
    }


def _heat_detector(device: Device, scene: Scene, at: Instant, told: Told | None) -> dict[str, Value]:
    chance = key(scene.seed, device.id)
    temperature = _air_c(device, scene, at, chance, at // STEP_MS)
    return {
        "temperature": round(temperature, 1),
        "alarm": temperature >= HEAT_ALARM_C,
        "fault": Fault.FAULTY in scene.disturbed(device.id, at),
        "battery": _battery(chance, at),
    }


def _air_c(device: Device, scene: Scene, at: Instant, chance: int, step: int) -> float:
    hour = (at + scene.utc_offset_ms) % DAY_MS / DAY_MS * 24
    room = 22.0 - math.cos((hour - 3) / 12 * math.pi)
    return room + 0.1 * noise(chance, -step) + (scene.warming_k(device, at) if scene.fires else 0.0)


def _call_point(device: Device, scene: Scene, at: Instant, told: Told | None) -> dict[str, Value]:
    disturbed = scene.disturbed(device.id, at)
    return {
        "alarm": Fault.PRESSED in disturbed,
        "fault": Fault.FAULTY in disturbed,
        "battery": _battery(key(scene.seed, device.id), at),
    }


def _call_point_events(device: Device, scene: Scene, since: Instant, until: Instant) -> Iterator[Happening]:
    for each in scene.disturbances.get(device.id, ()):
        if each.fault is Fault.PRESSED:
            if since < each.since <= until:
                yield Happening(each.since, "pressed")
            if each.until is not None and since < each.until <= until:
                yield Happening(each.until, "reset")


def _lift_events(device: Device, scene: Scene, since: Instant, until: Instant) -> Iterator[Happening]:
    for each in scene.disturbances.get(device.id, ()):
        if each.fault is Fault.ENTRAPMENT:
            if since < each.since + lifts.BUTTON_AFTER_MS <= until:
                yield Happening(each.since + lifts.BUTTON_AFTER_MS, "alarm_button_pressed")
            if each.until is not None and since < each.until <= until:
                yield Happening(each.until, "rescued")


def _meter_events(device: Device, scene: Scene, since: Instant, until: Instant) -> Iterator[Happening]:
    for each in scene.disturbances.get(device.id, ()):
        if each.fault is Fault.POWER_LOST:
            if since < each.since <= until:
                yield Happening(each.since, "power_lost")
            if each.until is not None and since < each.until <= until:
                yield Happening(each.until, "power_restored")


def _siren(device: Device, scene: Scene, at: Instant, told: Told | None) -> dict[str, Value]:
    return {
        "sounding": told is not None and told.command == "sound",
        "fault": Fault.FAULTY in scene.disturbed(device.id, at),
    }


def _smoke_vent(device: Device, scene: Scene, at: Instant, told: Told | None) -> dict[str, Value]:
    running = told is not None and told.command == "start"
    return {
        "position": "open" if running else "closed",
        "running": running,
        "fault": Fault.FAULTY in scene.disturbed(device.id, at),
    }


def _battery(chance: int, at: Instant) -> float:
    """Percent; fitted new at some time in the ten years before, and never below what a maintainer would let it."""
    age_days = (at / DAY_MS + between(chance, 0, BATTERY_DAYS, 7)) % BATTERY_DAYS
    return round(max(30.0, 100 - 70 * age_days / BATTERY_DAYS), 1)


_MODELS: dict[str, _Model] = {
    "smoke_detector": _smoke_detector,
    "heat_detector": _heat_detector,
    "manual_call_point": _call_point,
    "lift": lifts.readings,
    "energy_meter": meters.readings,
    "access_controller": doors.readings,
    "siren": _siren,
    "smoke_vent": _smoke_vent,
    "gas_detector": leaks.gas_detector,
    "water_leak_detector": leaks.water_leak_detector,
}
_EVENTS: dict[str, _Events] = {
    "manual_call_point": _call_point_events,
    "lift": _lift_events,
    "energy_meter": _meter_events,
    "access_controller": doors.events,
}
CLASSES = tuple(_MODELS)  # the device classes that have a model
