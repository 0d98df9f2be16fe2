"""The device models: pure, within the ranges of their classes, and right where it matters for a rule."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.instant import HOUR_MS, SECOND_MS, Instant
from rules.reading import Value
from rules.site import Device, Directory, MetricKind
from simulators.devices import events, readings
from simulators.fire import Fire, Growth
from simulators.scene import Disturbance, Fault, Scene, Told, layout

MIDNIGHT: Instant = 1_795_363_200_000  # Monday 2026-11-23, at 8 hours east
NOON = MIDNIGHT + 12 * HOUR_MS
_TYPES: dict[MetricKind, type | tuple[type, ...]] = {
    MetricKind.NUMBER: (float, int),
    MetricKind.BOOLEAN: bool,
    MetricKind.STRING: str,
}


def scene_in(tower: Directory, *disturbances: Disturbance, seed: int = 1, fires: tuple[Fire, ...] = ()) -> Scene:
    own: dict[str, tuple[Disturbance, ...]] = {}
    for each in disturbances:
        own[each.device] = (*own.get(each.device, ()), each)
    return Scene(seed, layout(tower.sites.values(), tower.devices.values()), 8 * HOUR_MS, fires, own)


def device(tower: Directory, name: str) -> Device:
    return tower.devices[f"tower-a/{name}"]


def wrong(fault: Fault, name: str, since: Instant = NOON, lasts_s: int = 600) -> Disturbance:
    return Disturbance(fault, f"tower-a/{name}", since, since + lasts_s * SECOND_MS)


ONE_OF_EACH = ("sd-1201", "hd-1201", "mcp-1201", "lift-2", "em-1201", "ac-1201", "sr-1201", "sv-1201")
faults = st.sampled_from(list(Fault))


@given(
    name=st.sampled_from(ONE_OF_EACH),
    seed=st.integers(0, 2**40),
    at=st.integers(0, 3_000_000_000_000),
    fault=st.none() | faults,
    told=st.none()
    | st.sampled_from(["release", "lock", "sound", "silence", "start", "stop", "recall", "out_of_service"]),
    burns_s=st.none() | st.floats(0, 5_000),
)
def test_values_are_of_the_kinds_and_within_the_ranges_of_the_class(
    tower: Directory, name: str, seed: int, at: int, fault: Fault | None, told: str | None, burns_s: float | None
) -> None:
    there = device(tower, name)
    fires = () if burns_s is None else (Fire(there.zone, at - round(burns_s * 1000), Growth.ULTRA_FAST),)
    disturbed = [Disturbance(fault, there.id, at - 60_000)] if fault else []
    scene = scene_in(tower, *disturbed, seed=seed, fires=fires)
    values = readings(there, scene, at, Told(told, at) if told else None)
    assert (values == {}) == (fault is Fault.SILENT)
    metrics = tower.device_classes[there.device_class].metrics
    for metric, value in values.items():
        known = metrics[metric]
        assert isinstance(value, _TYPES[known.kind])
        assert isinstance(value, bool) == (known.kind is MetricKind.BOOLEAN)
        if known.kind is MetricKind.NUMBER:
            low, high = known.minimum, known.maximum
            assert low is None or low <= float(value)
            assert high is None or float(value) <= high
        if known.values:
            assert value in known.values
    assert values == readings(there, scene, at, Told(told, at) if told else None)


@given(name=st.sampled_from(ONE_OF_EACH), fault=faults, cut_s=st.integers(1, 3_599))
def test_events_are_the_same_however_the_time_is_cut_and_known_to_the_class(
    tower: Directory, name: str, fault: Fault, cut_s: int
) -> None:
    there, scene = device(tower, name), scene_in(tower, wrong(fault, name, NOON + 90_000, 900))
    cut, end = NOON + cut_s * SECOND_MS, NOON + HOUR_MS
    whole = events(there, scene, NOON, end)
    assert whole == events(there, scene, NOON, cut) + events(there, scene, cut, end)
    assert whole == sorted(whole, key=lambda happening: happening.at)
    assert {happening.event for happening in whole} <= set(tower.device_classes[there.device_class].events)


def test_the_same_seed_gives_the_same_readings_in_every_process() -> None:
    program = (
        "from simulators.chance import key, noise, uniform\n"
        "print([uniform(key(7, 'a'), i) for i in range(5)], [noise(key(7, 'b'), i) for i in range(5)])"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("0", "1", "4242")
    }
    assert len(said) == 1


# ---- fire


def test_a_fire_grows_by_the_square_of_time_to_one_megawatt_in_the_time_its_class_says() -> None:
    for growth, seconds in ((Growth.SLOW, 600), (Growth.MEDIUM, 300), (Growth.FAST, 150), (Growth.ULTRA_FAST, 75)):
        fire = Fire("tower-a/12F-east", 0, growth)
        assert fire.heat_kw(seconds * 1000) == pytest.approx(1_055 + 20)
        assert (fire.heat_kw(seconds * 500) - 20) / (fire.heat_kw(seconds * 1000) - 20) == pytest.approx(0.25)
    assert [round(growth.kw_per_s2, 5) for growth in Growth] == [0.00293, 0.01172, 0.04689, 0.18756]


def smoke(tower: Directory, name: str, fire: Fire, after_s: float) -> float:
    scene = scene_in(tower, fires=(fire,))
    return scene.smoke_db_per_m(device(tower, name), fire.started_at + round(after_s * 1000))


def test_smoke_only_rises_until_the_fire_is_put_out_and_then_only_clears(tower: Directory) -> None:
    fire = Fire("tower-a/12F-east", NOON, Growth.MEDIUM, 30, NOON + 90_000)
    for name in ("sd-1201", "sd-1202", "sd-1203", "sd-1204"):
        rising = [smoke(tower, name, fire, second) for second in range(90)]
        assert rising == sorted(rising)
        assert rising[-1] > 0.1
        assert smoke(tower, name, fire, 150) < 0.08
        assert smoke(tower, name, fire, 600) < 1e-6


def test_smoke_reaches_the_zone_beside_and_the_floor_above_later_and_thinner_and_never_the_floor_below(
    tower: Directory,
) -> None:
    fire = Fire("tower-a/12F-east", NOON, Growth.FAST)
    for after_s in (60, 200, 400):
        here, beside, above, below = (
            max(smoke(tower, f"sd-{floor}{number:02d}", fire, after_s) for number in numbers)
            for floor, numbers in (("12", range(1, 5)), ("12", range(5, 9)), ("13", range(1, 5)), ("11", range(1, 9)))
        )
        assert here > 2 * beside >= 2 * above
        assert below == 0
    assert smoke(tower, "sd-1205", fire, 60) == 0
    assert smoke(tower, "sd-1301", fire, 150) == 0
    assert smoke(tower, "sd-1301", fire, 400) > 0


def test_a_heat_detector_decides_after_the_smoke_detectors(tower: Directory) -> None:
    scene = scene_in(tower, fires=(Fire("tower-a/12F-east", NOON, Growth.FAST, 20),))

    def decides_s(name: str) -> int:
        return next(s for s in range(900) if readings(device(tower, name), scene, NOON + s * 1000)["alarm"])

    assert min(decides_s(f"sd-120{number}") for number in range(1, 5)) < decides_s("hd-1201")


def test_clear_air_is_far_from_any_threshold(tower: Directory) -> None:
    scene = scene_in(tower)
    values = [readings(device(tower, "sd-0301"), scene, NOON + second * 1000) for second in range(0, 86_400, 61)]
    assert all(float(value["smoke"]) < 0.03 and not value["alarm"] for value in values)
    assert len({value["smoke"] for value in values}) > 10


# ---- lifts, meters, doors


def _over_a_day(tower: Directory, name: str, step_s: int, *disturbed: Disturbance) -> list[dict[str, Value]]:
    scene = scene_in(tower, *disturbed)
    return [readings(device(tower, name), scene, MIDNIGHT + s * SECOND_MS) for s in range(0, 86_400, step_s)]


def test_a_lift_goes_floor_by_floor_and_opens_its_doors_at_landings_only(tower: Directory) -> None:
    order = ["B1", *(f"{number}F" for number in range(1, 20))]
    day = _over_a_day(tower, "lift-2", 1)
    floors = [order.index(str(values["floor"])) for values in day]
    assert max(abs(a - b) for a, b in pairwise(floors)) <= 1
    assert all(values["at_landing"] for values in day if values["door"] == "open")
    assert len(set(floors)) == len(order)
    assert {values["occupied"] for values in day} == {True, False}


def test_a_lift_travels_more_at_nine_than_at_three_in_the_night(tower: Directory) -> None:
    moving = [values["speed"] != 0 for values in _over_a_day(tower, "lift-1", 10)]
    assert sum(moving[9 * 360 : 10 * 360]) > 3 * sum(moving[2 * 360 : 4 * 360])


def test_people_shut_in_press_the_button_after_five_seconds_and_are_freed(tower: Directory) -> None:
    scene = scene_in(tower, wrong(Fault.ENTRAPMENT, "lift-2"))
    stuck = readings(device(tower, "lift-2"), scene, NOON + 4_999)
    assert (stuck["entrapment"], stuck["alarm_button"], stuck["at_landing"], stuck["speed"]) == (True, False, False, 0)
    assert readings(device(tower, "lift-2"), scene, NOON + 5_000)["alarm_button"]
    assert not readings(device(tower, "lift-2"), scene, NOON + 600_000)["entrapment"]
    said = [happening.event for happening in events(device(tower, "lift-2"), scene, NOON, NOON + HOUR_MS)]
    assert said == ["alarm_button_pressed", "rescued"]


def test_a_recalled_lift_stands_in_the_lobby_with_its_doors_open(tower: Directory) -> None:
    values = readings(device(tower, "lift-1"), scene_in(tower), NOON, Told("recall", NOON))
    assert (values["floor"], values["door"], values["mode"]) == ("1F", "open", "fire")


def test_a_meter_obeys_ohm_and_its_register_rises_by_what_it_measures(tower: Directory) -> None:
    day = _over_a_day(tower, "em-1201", 60)
    for values in day:
        for phase in ("l1", "l2", "l3"):
            volts, amperes = float(values[f"voltage_{phase}_v"]), float(values[f"current_{phase}_a"])
            watts = volts * amperes * float(values[f"power_factor_{phase}"])
            assert watts == pytest.approx(float(values[f"power_{phase}_w"]), rel=0.01)
    register = [float(values["energy_kwh"]) for values in day]
    assert register == sorted(register)
    measured = sum(float(values["power_w"]) for values in day) / 60 / 1000
    assert register[-1] - register[0] == pytest.approx(measured, rel=0.01)


def test_a_floor_draws_more_on_a_working_day_than_at_night_or_on_sunday_and_never_overloads_by_itself(
    tower: Directory,
) -> None:
    scene, meter = scene_in(tower), device(tower, "em-1201")
    power = {
        name: float(readings(meter, scene, MIDNIGHT + hours * HOUR_MS)["power_w"])
        for name, hours in (("night", 3), ("day", 10), ("sunday", 6 * 24 + 10))
    }
    assert power["day"] > 3 * power["night"]
    assert power["day"] > 2.5 * power["sunday"]
    assert power["day"] < 0.85 * meter.rated["power_w"]


def test_faults_of_the_supply_show_in_the_meter(tower: Directory) -> None:
    meter = device(tower, "em-1201")

    def seen(fault: Fault) -> dict[str, Value]:
        return readings(meter, scene_in(tower, wrong(fault, "em-1201")), NOON)

    one_gone = seen(Fault.PHASE_LOST)
    assert (one_gone["voltage_l1_v"], one_gone["phase_l1"], one_gone["phase_l2"]) == (0, False, True)
    all_gone = seen(Fault.POWER_LOST)
    assert (all_gone["power_w"], all_gone["frequency_hz"]) == (0, 0)
    assert float(seen(Fault.OVERLOAD)["power_w"]) > meter.rated["power_w"]


def test_a_door_opens_for_a_granted_card_and_says_so_in_the_same_second(tower: Directory) -> None:
    door, scene = device(tower, "ac-0901"), scene_in(tower)
    granted = [each for each in events(door, scene, NOON, NOON + 4 * HOUR_MS) if each.event == "access_granted"]
    assert granted
    for happening in granted:
        assert readings(door, scene, happening.at)["door"] == "open"
        assert readings(door, scene, happening.at + 4_000)["door"] == "closed"


def test_a_forced_door_is_open_and_a_released_one_unlocked(tower: Directory) -> None:
    door = device(tower, "ac-1201")
    forced = readings(door, scene_in(tower, wrong(Fault.FORCED, "ac-1201")), NOON)
    assert (forced["door"], forced["forced"], forced["locked"]) == ("open", True, False)
    assert readings(door, scene_in(tower), NOON, Told("release", NOON))["locked"] is False


def test_somebody_who_tries_cards_is_denied_every_five_seconds(tower: Directory) -> None:
    scene = scene_in(tower, wrong(Fault.DENIALS, "ac-1201", NOON, 60))
    said = events(device(tower, "ac-1201"), dataclasses.replace(scene), NOON - 1, NOON + HOUR_MS)
    denied = [each.at - NOON for each in said if each.event == "access_denied" and each.at <= NOON + 60_000]
    assert set(range(0, 60_001, 5_000)) <= set(denied)
