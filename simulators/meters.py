"""Energy meters of office floors: load over day and week, three phases, outages.

Assumptions: demand is 75 % of the rated power at the height of a working day, a quarter of that at night and at
week-ends (the shape of the ASHRAE 90.1 office schedules; confidence low). Loads are shared among the phases within
±10 %, for good; 230 V ± 1 %; power factor 0.90 to 0.97; mains frequency 50 Hz ± 0.02 Hz. The energy register is the
integral of the curve since 2024 (before: 0), so that it rises evenly and never falls; noise and faults do not count
in it.
"""

from __future__ import annotations

from rules.instant import DAY_MS, HOUR_MS, SECOND_MS, Instant
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
_WORKING_DAY = (25, 25, 25, 25, 25, 28, 35, 60, 85, 95, 100, 98, 90, 95, 100, 98, 95, 85, 65, 50, 40, 32, 28, 25)
_DAY_OFF = (25, 25, 25, 25, 25, 25, 26, 28, 30, 32, 33, 33, 33, 33, 32, 32, 31, 30, 28, 27, 26, 25, 25, 25)
_WEEK = (_WORKING_DAY,) * 5 + (_DAY_OFF,) * 2


def readings(device: Device, scene: Scene, at: Instant, told: Told | None) -> dict[str, Value]:
    disturbed = scene.disturbed(device.id, at)
    chance, step = key(scene.seed, device.id), at // STEP_MS
    rated_w = device.rated.get("power_w", RATED_W)
    total_w = rated_w * DEMAND * _demand(at + scene.utc_offset_ms) * (1 + 0.01 * noise(chance, step))
    total_w = max([rated_w * share for fault, share in OVERLOADS.items() if fault in disturbed], default=total_w)
    values: dict[str, Value] = {}
    for phase, share, name in zip(range(3), _shares(chance), PHASES, strict=True):
        dead = Fault.POWER_LOST in disturbed or (Fault.PHASE_LOST in disturbed and name == "l1")
        values |= _phase(key(scene.seed, f"{device.id}/{name}"), step + phase, name, 0.0 if dead else total_w * share)
    power_w = sum(float(values[f"power_{name}_w"]) for name in PHASES)
    return values | {
        "power_w": round(power_w, 1),
        "energy_kwh": round(rated_w * DEMAND / 1000 * _register_h(at + scene.utc_offset_ms), 2),
        "frequency_hz": 0.0 if Fault.POWER_LOST in disturbed else round(50 + 0.007 * noise(chance, -step), 3),
        "fault": Fault.FAULTY in disturbed,
    }


def _phase(chance: int, step: int, name: str, power_w: float) -> dict[str, Value]:
    alive = power_w > 0
    volts = 230 + 0.7 * noise(chance, step) if alive else 0.0
    factor = between(chance, 0.90, 0.97) if alive else 0.0
    return {
        f"power_{name}_w": round(power_w, 1),
        f"voltage_{name}_v": round(volts, 1),
        f"current_{name}_a": round(power_w / (volts * factor), 2) if alive else 0.0,
        f"power_factor_{name}": round(factor, 3),
        f"phase_{name}": alive,
    }


def _shares(chance: int) -> tuple[float, float, float]:
    parts = [between(chance, 0.9, 1.1, -phase - 1) for phase in range(3)]
    whole = sum(parts)
    return parts[0] / whole, parts[1] / whole, parts[2] / whole


def _demand(local_ms: Instant) -> float:
    """Share of the demand, by local time."""
    day, since_ms = divmod(local_ms, DAY_MS)
    return at_hour(_WEEK[(day - _REGISTER_SINCE) % 7], since_ms / HOUR_MS) / 100


def _register_h(local_ms: Instant) -> float:
    """Hours at full demand since 2024."""
    day, since_ms = divmod(local_ms, DAY_MS)
    weeks, weekday = divmod(day - _REGISTER_SINCE, 7)
    whole_days = weeks * sum(until_hour(curve, 24) for curve in _WEEK)
    whole_days += sum(until_hour(curve, 24) for curve in _WEEK[:weekday])
    return max(0.0, whole_days + until_hour(_WEEK[weekday], since_ms / HOUR_MS)) / 100
