"""Gas and water that leak: how the concentration rises and goes, how the water stands and runs off.

Assumptions (ours): leaking gas approaches 40 % of the lower explosive limit with a time constant of 2 minutes (a hose
that came off a stove, a kitchen with its hood running) and is aired with one of 3; a detector that is told to close its
valve ends its own leak. Water rises 15 mm a minute up to 150 mm, from a sump whose pump does not follow, and is pumped
off at 20 mm a minute. Detectors decide for themselves at 20 %LEL (confidence low: GB 15322 has 5 to 25) and at 1 mm.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from rules.instant import MINUTE_MS, Instant
from rules.reading import Value
from rules.site import Device
from simulators.chance import key, noise
from simulators.scene import Disturbance, Fault, Scene, Told

GAS_PEAK_LEL = 40.0
GAS_ALARM_LEL = 20.0
RISING_MS = 2 * MINUTE_MS
AIRING_MS = 3 * MINUTE_MS
WATER_MM_PER_MIN = 15.0
WATER_MM_MAX = 150.0
PUMPED_MM_PER_MIN = 20.0
WATER_ALARM_MM = 1.0


def gas_detector(device: Device, scene: Scene, at: Instant, told: Told | None) -> dict[str, Value]:
    closed_at = told.at if told is not None and told.command == "close_valve" else None
    lel = sum((_gas_lel(each, closed_at, at) for each in _leaks(device, scene, Fault.GAS)), 0.0)
    clear_air = 0.3 + 0.05 * noise(key(scene.seed, device.id), at // 2_000)
    lel = min(100.0, clear_air + lel)
    return {
        "gas_lel": round(lel, 1),
        "alarm": lel >= GAS_ALARM_LEL,
        "fault": Fault.FAULTY in scene.disturbed(device.id, at),
    }


def water_leak_detector(device: Device, scene: Scene, at: Instant, told: Told | None) -> dict[str, Value]:
    level_mm = sum((_water_mm(each, at) for each in _leaks(device, scene, Fault.WATER)), 0.0)
    return {
        "alarm": level_mm >= WATER_ALARM_MM,
        "water_level_mm": round(level_mm, 0),
        "fault": Fault.FAULTY in scene.disturbed(device.id, at),
    }


def _leaks(device: Device, scene: Scene, fault: Fault) -> Iterator[Disturbance]:
    return (each for each in scene.disturbances.get(device.id, ()) if each.fault is fault)


def _gas_lel(leak: Disturbance, closed_at: Instant | None, at: Instant) -> float:
    ends = [each for each in (leak.until, closed_at) if each is not None and each >= leak.since]
    until = min(ends, default=at)
    leaked_ms, gone_ms = max(0, min(at, until) - leak.since), max(0, at - until)
    risen = GAS_PEAK_LEL * (1 - math.exp(-leaked_ms / RISING_MS))
    return risen * math.exp(-gone_ms / AIRING_MS)


def _water_mm(leak: Disturbance, at: Instant) -> float:
    until = at if leak.until is None else min(at, leak.until)
    risen_mm = min(WATER_MM_MAX, max(0, until - leak.since) / MINUTE_MS * WATER_MM_PER_MIN)
    return max(0.0, risen_mm - (at - until) / MINUTE_MS * PUMPED_MM_PER_MIN)
