"""Smoke and heat detectors, call points, sirens, vents: what they measure, how they age, how they fail.

Assumptions: clear air has 0.008 to 0.02 dB/m at a detector, by its place and its age, with a noise of 0.001; a room is
22 °C, 2 K warmer at 15 h than at 3 h, each sensor up to 0.4 K wrong for good, with a noise of 0.1 K. A smoke detector
decides for itself at 0.2 dB/m, a heat detector at 57 °C (class A1 responds statically at 54 to 65 °C, EN 54-5;
confidence low). Batteries lose 7 % a year, and are renewed after ten (ours).

Faults (ours): a nuisance (dust, steam) brings 0.3 dB/m to one detector, up and down with a time constant of 15 s. A
chamber that gets dirty takes 0.06 dB/m and 30 % of contamination an hour, and decides like any other. A flat battery
goes from what it has to nothing in two hours. What chatters is on for 4 s and off for 4 s.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

from rules.instant import DAY_MS, HOUR_MS, SECOND_MS, Instant
from rules.reading import Value
from rules.site import Device
from simulators.chance import between, key, noise
from simulators.scene import Fault, Scene, Told

SMOKE_ALARM_DB_PER_M = 0.2
SMOKE_DB_PER_M_MAX = 10.0  # the end of the chamber's scale
HEAT_ALARM_C = 57.0
TEMPERATURE_C_MAX = 125.0
STEP_MS = 2 * SECOND_MS  # how often a detector samples its chamber
BATTERY_DAYS = 3650.0
FLAT_AFTER_MS = 2 * HOUR_MS
CHATTER_MS = 4 * SECOND_MS
NUISANCE_DB_PER_M, NUISANCE_S = 0.3, 15.0
DIRT_DB_PER_M_PER_H, DIRT_PERCENT_PER_H = 0.06, 30.0
_KEPT = 4_096  # devices whose nature is remembered: two buildings of a district


class _Nature(NamedTuple):
    """What is for good about one detector."""

    clear_air_db_per_m: float
    offset_k: float
    battery_days: float  # its age at the epoch


@lru_cache(_KEPT)
def _nature(chance: int) -> _Nature:
    return _Nature(between(chance, 0.008, 0.02), between(chance, -0.4, 0.4, 8), between(chance, 0, BATTERY_DAYS, 7))


def smoke_detector(device: Device, scene: Scene, at: Instant, told: Told | None) -> dict[str, Value]:
    chance, step = key(scene.seed, device.id), at // STEP_MS
    brought = scene.smoke_db_per_m(device, at) if scene.fires else 0.0
    values: dict[str, Value] = {}
    own = scene.disturbances.get(device.id)
    if own:
        brought += sum(_nuisance(each.since, each.until, at) for each in own if each.fault is Fault.NUISANCE)
        dirty_h = max((at - each.since for each in own if each.fault is Fault.DRIFTING and each.holds(at)), default=0)
        if dirty_h:
            brought += DIRT_DB_PER_M_PER_H * dirty_h / HOUR_MS
            values["contamination"] = round(min(100.0, DIRT_PERCENT_PER_H * dirty_h / HOUR_MS), 1)
    smoke = _nature(chance).clear_air_db_per_m + 0.001 * noise(chance, step) + brought
    return values | {
        "smoke": round(min(SMOKE_DB_PER_M_MAX, smoke), 4),
        "temperature": round(min(TEMPERATURE_C_MAX, _air_c(device, scene, at, chance, step)), 1),
        "alarm": brought >= SMOKE_ALARM_DB_PER_M,
        "fault": Fault.FAULTY in scene.disturbed(device.id, at),
        "battery": battery(chance, at),
    }


def heat_detector(device: Device, scene: Scene, at: Instant, told: Told | None) -> dict[str, Value]:
    chance = key(scene.seed, device.id)
    temperature = _air_c(device, scene, at, chance, at // STEP_MS)
    return {
        "temperature": round(min(TEMPERATURE_C_MAX, temperature), 1),
        "alarm": temperature >= HEAT_ALARM_C,
        "fault": Fault.FAULTY in scene.disturbed(device.id, at),
        "battery": battery(chance, at),
    }


def _air_c(device: Device, scene: Scene, at: Instant, chance: int, step: int) -> float:
    hour = (at + scene.utc_offset_ms) % DAY_MS / DAY_MS * 24
    room = 22.0 - math.cos((hour - 3) / 12 * math.pi) + _nature(chance).offset_k
    return room + 0.1 * noise(chance, -step) + (scene.warming_k(device, at) if scene.fires else 0.0)


def _nuisance(since: Instant, until: Instant | None, at: Instant) -> float:
    ended = at if until is None else min(at, until)
    risen = 1 - math.exp(-max(0, ended - since) / 1000 / NUISANCE_S)
    return NUISANCE_DB_PER_M * risen * math.exp(-max(0, at - ended) / 1000 / NUISANCE_S)


def call_point(device: Device, scene: Scene, at: Instant, told: Told | None) -> dict[str, Value]:
    disturbed = scene.disturbed(device.id, at)
    return {
        "alarm": Fault.PRESSED in disturbed,
        "fault": Fault.FAULTY in disturbed,
        "battery": battery(key(scene.seed, device.id), at),
    }


def siren(device: Device, scene: Scene, at: Instant, told: Told | None) -> dict[str, Value]:
    return {
        "sounding": told is not None and told.command == "sound",
        "fault": Fault.FAULTY in scene.disturbed(device.id, at),
    }


def smoke_vent(device: Device, scene: Scene, at: Instant, told: Told | None) -> dict[str, Value]:
    running = told is not None and told.command == "start"
    return {
        "position": "open" if running else "closed",
        "running": running,
        "fault": Fault.FAULTY in scene.disturbed(device.id, at),
    }


def battery(chance: int, at: Instant) -> float:
    """Percent; fitted new at some time in the ten years before, and never below what a maintainer would let it."""
    age_days = (at / DAY_MS + _nature(chance).battery_days) % BATTERY_DAYS
    return round(max(30.0, 100 - 70 * age_days / BATTERY_DAYS), 1)
