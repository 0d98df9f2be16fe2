"""Gas and water: how they rise, what ends them."""

from __future__ import annotations

from rules.instant import HOUR_MS, MINUTE_MS, Instant
from rules.site import Device, Directory
from simulators.devices import readings
from simulators.scene import Disturbance, Fault, Scene, Told, layout

BEGIN: Instant = 1_795_363_200_000


def scene(tower: Directory, fault: Fault, device: str, until: Instant | None = None) -> Scene:
    leak = Disturbance(fault, f"tower-a/{device}", BEGIN, until)
    return Scene(1, layout(tower.sites.values()), 8 * HOUR_MS, (), {leak.device: (leak,)})


def values(tower: Directory, leaking: Scene, device: str, after_ms: int, told: Told | None = None) -> dict[str, float]:
    found: Device = tower.devices[f"tower-a/{device}"]
    return {name: float(value) for name, value in readings(found, leaking, BEGIN + after_ms, told).items()}


def test_gas_rises_to_an_alarm_and_is_aired_once_the_valve_is_closed(tower: Directory) -> None:
    leaking = scene(tower, Fault.GAS, "gd-0101")
    rising = [values(tower, leaking, "gd-0101", minute * MINUTE_MS)["gas_lel"] for minute in range(6)]
    assert rising == sorted(rising)
    assert rising[0] < 1
    assert 20 < rising[-1] < 40.5
    closed = Told("close_valve", BEGIN + MINUTE_MS)
    aired = [values(tower, leaking, "gd-0101", minute * MINUTE_MS, closed)["gas_lel"] for minute in (1, 3, 20)]
    assert aired == sorted(aired, reverse=True)
    assert aired[-1] < 1
    assert values(tower, leaking, "gd-0101", 5 * MINUTE_MS)["alarm"] == 1


def test_water_rises_up_to_a_limit_and_runs_off(tower: Directory) -> None:
    leaking = scene(tower, Fault.WATER, "wd-b101", BEGIN + 12 * MINUTE_MS)
    levels = [values(tower, leaking, "wd-b101", m * MINUTE_MS)["water_level_mm"] for m in (0, 2, 12, 15, 40)]
    assert levels == [0, 30, 150, 90, 0]
    alarms = [values(tower, leaking, "wd-b101", m * MINUTE_MS)["alarm"] for m in (0, 2, 40)]
    assert alarms == [0, 1, 0]


def test_a_leak_at_one_detector_is_none_at_another(tower: Directory) -> None:
    assert values(tower, scene(tower, Fault.WATER, "wd-b101"), "wd-b102", HOUR_MS)["alarm"] == 0
