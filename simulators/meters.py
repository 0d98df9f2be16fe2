"""Energy meters: load over day and week by what a floor is used for, three phases, outages.

Use (ours) is read off the site file's ids: basements (B1, B2…) are plant, 1F is retail; above it is what its building
is: `r…` residential, `s…` retail, all else offices. Curves: offices and retail have the shape of the ASHRAE 90.1
schedules, homes two peaks, at 7 and at 20 h, plant runs round the clock (confidence low for all). Demand is 75 % of the
rated power at the height of the day.

Loads are shared among the phases within ±10 %, for good; 230 V ± 1 %, and 1 % lower at full load; the power factor is
that of the use ±0.03 (offices 0.94, retail 0.92, homes 0.96, motors in the plant 0.85); mains frequency 50 Hz ±
0.02 Hz. After an outage a floor takes up to 15 % more, gone with a time constant of 2 minutes (ours: all fridges and
fans start at once). The energy register is the integral of the curve since 2024 (before: 0), so that it rises evenly
and never falls; noise and faults do not count in it.
"""

from __future__ import annotations

import math
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from rules.instant import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Instant
from rules.reading import Value
from rules.site import Device
from simulators.chance import between, key, noise
from simulators.daily import at_hour, until_hour
from simulators.scene import Fault, Scene, Told

DEMAND = 0.75  # of the rated power
RATED_W = 50_000.0  # without a nameplate
OVERLOADS = {Fault.OVERLOAD: 1.05, Fault.OVERLOAD_SEVERE: 1.2}
STEP_MS = 5 * SECOND_MS  # the meter averages over so long
PHASES = ("l1", "l2", "l3")
_REGISTER_SINCE = 1_704_067_200_000 // DAY_MS  # 2024-01-01, a Monday
PICK_UP, PICK_UP_MS = 0.15, 2 * MINUTE_MS
_KEPT = 4_096  # meters whose nature is remembered
_Day = tuple[int, ...]


class Use(Enum):
    OFFICE = "office"
    RETAIL = "retail"
    RESIDENTIAL = "residential"
    PLANT = "plant"


# % of the demand, by hour
_OFFICE = (25, 25, 25, 25, 25, 28, 35, 60, 85, 95, 100, 98, 90, 95, 100, 98, 95, 85, 65, 50, 40, 32, 28, 25)
_OFFICE_OFF = (25, 25, 25, 25, 25, 25, 26, 28, 30, 32, 33, 33, 33, 33, 32, 32, 31, 30, 28, 27, 26, 25, 25, 25)
_RETAIL = (20, 20, 20, 20, 20, 20, 22, 30, 50, 80, 90, 95, 100, 98, 95, 95, 95, 98, 100, 95, 85, 60, 30, 22)
_HOME = (30, 26, 24, 23, 24, 30, 50, 70, 60, 45, 42, 45, 50, 45, 42, 42, 48, 62, 82, 95, 100, 90, 65, 42)
_HOME_OFF = (32, 28, 25, 24, 24, 26, 34, 50, 65, 70, 70, 74, 78, 72, 66, 62, 64, 72, 86, 96, 100, 90, 68, 45)
_PLANT = (50, 50, 50, 50, 50, 55, 65, 80, 90, 95, 95, 100, 100, 100, 98, 95, 95, 90, 80, 70, 60, 55, 52, 50)
_PLANT_OFF = (50, 50, 50, 50, 50, 50, 52, 55, 58, 60, 62, 62, 62, 62, 60, 60, 58, 56, 54, 52, 50, 50, 50, 50)
_WEEKS: dict[Use, tuple[_Day, ...]] = {
    Use.OFFICE: (_OFFICE,) * 5 + (_OFFICE_OFF,) * 2,
    Use.RETAIL: (_RETAIL,) * 7,
    Use.RESIDENTIAL: (_HOME,) * 5 + (_HOME_OFF,) * 2,
    Use.PLANT: (_PLANT,) * 5 + (_PLANT_OFF,) * 2,
}
_POWER_FACTOR = {Use.OFFICE: 0.94, Use.RETAIL: 0.92, Use.RESIDENTIAL: 0.96, Use.PLANT: 0.85}


def use_of(device: Device) -> Use:
    if device.floor[:1] == "B" and device.floor[1:].isdigit():
        return Use.PLANT
    if device.floor == "1F" or (device.building[:1] == "s" and device.building[1:].isdigit()):
        return Use.RETAIL
    return Use.RESIDENTIAL if device.building[:1] == "r" and device.building[1:].isdigit() else Use.OFFICE


def readings(device: Device, scene: Scene, at: Instant, told: Told | None) -> dict[str, Value]:
    disturbed = scene.disturbed(device.id, at)
    chance, step, use = key(scene.seed, device.id), at // STEP_MS, use_of(device)
    rated_w = device.rated.get("power_w", RATED_W)
    demand = demand_share(use, at + scene.utc_offset_ms)
    total_w = rated_w * DEMAND * demand * (1 + 0.01 * noise(chance, step)) * _picked_up(device, scene, at)
    total_w = max([rated_w * share for fault, share in OVERLOADS.items() if fault in disturbed], default=total_w)
    values: dict[str, Value] = {}
    for phase, (share, off, name) in enumerate(zip(_shares(chance), _offs(chance), PHASES, strict=True)):
        dead = Fault.POWER_LOST in disturbed or (Fault.PHASE_LOST in disturbed and name == "l1")
        supplied = _Supply(chance + phase, _POWER_FACTOR[use] + off, total_w / rated_w)
        values |= _phase(supplied, step, name, 0.0 if dead else total_w * share)
    power_w = sum(float(values[f"power_{name}_w"]) for name in PHASES)
    return values | {
        "power_w": round(power_w, 1),
        "energy_kwh": round(rated_w * DEMAND / 1000 * _register_h(use, at + scene.utc_offset_ms), 2),
        "frequency_hz": 0.0 if Fault.POWER_LOST in disturbed else round(50 + 0.007 * noise(chance, -step), 3),
        "fault": Fault.FAULTY in disturbed,
    }


def _picked_up(device: Device, scene: Scene, at: Instant) -> float:
    own = scene.disturbances.get(device.id, ())
    ended = [each.until for each in own if each.fault is Fault.POWER_LOST and each.until is not None]
    since = max((until for until in ended if until <= at), default=None)
    return 1.0 if since is None else 1 + PICK_UP * math.exp(-(at - since) / PICK_UP_MS)


class _Supply(NamedTuple):
    chance: int
    power_factor: float
    load: float  # of the rated power


def _phase(supply: _Supply, step: int, name: str, power_w: float) -> dict[str, Value]:
    alive = power_w > 0
    volts = 230 * (1 - 0.01 * supply.load) + 0.7 * noise(supply.chance, step) if alive else 0.0
    factor = supply.power_factor if alive else 0.0
    return {
        f"power_{name}_w": round(power_w, 1),
        f"voltage_{name}_v": round(volts, 1),
        f"current_{name}_a": round(power_w / (volts * factor), 2) if alive else 0.0,
        f"power_factor_{name}": round(factor, 3),
        f"phase_{name}": alive,
    }


@lru_cache(_KEPT)
def _shares(chance: int) -> tuple[float, float, float]:
    parts = [between(chance, 0.9, 1.1, -phase - 1) for phase in range(3)]
    whole = sum(parts)
    return parts[0] / whole, parts[1] / whole, parts[2] / whole


@lru_cache(_KEPT)
def _offs(chance: int) -> tuple[float, float, float]:
    """By how much each phase's power factor is off that of the use."""
    return between(chance, -0.03, 0.03, 0), between(chance, -0.03, 0.03, 1), between(chance, -0.03, 0.03, 2)


def demand_share(use: Use, local_ms: Instant) -> float:
    """Share of the demand, by local time."""
    day, since_ms = divmod(local_ms, DAY_MS)
    return at_hour(_WEEKS[use][(day - _REGISTER_SINCE) % 7], since_ms / HOUR_MS) / 100


def _register_h(use: Use, local_ms: Instant) -> float:
    """Hours at full demand since 2024."""
    week = _WEEKS[use]
    day, since_ms = divmod(local_ms, DAY_MS)
    weeks, weekday = divmod(day - _REGISTER_SINCE, 7)
    whole_days = weeks * sum(until_hour(curve, 24) for curve in week)
    whole_days += sum(until_hour(curve, 24) for curve in week[:weekday])
    return max(0.0, whole_days + until_hour(week[weekday], since_ms / HOUR_MS)) / 100
