"""What devices suffer: drift, stuck values, batteries, chatter, nuisance; people on shifts; loads by use."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.instant import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Instant
from rules.reading import Value
from rules.site import Device, Directory
from simulators.devices import CLASSES, can_suffer, events, next_change, readings
from simulators.meters import Use, use_of
from simulators.scene import Disturbance, Fault, Scene, layout

MIDNIGHT: Instant = 1_795_363_200_000  # Monday 2026-11-23, at 8 hours east
NOON = MIDNIGHT + 12 * HOUR_MS


def device(tower: Directory, name: str) -> Device:
    return tower.devices[f"tower-a/{name}"]


def scene_of(tower: Directory, *disturbances: Disturbance) -> Scene:
    own: dict[str, tuple[Disturbance, ...]] = {each.device: (each,) for each in disturbances}
    return Scene(1, layout(tower.sites.values(), tower.devices.values()), 8 * HOUR_MS, (), own)


def suffering(tower: Directory, name: str, fault: Fault, lasts_ms: int | None = None) -> Scene:
    until = None if lasts_ms is None else NOON + lasts_ms
    return scene_of(tower, Disturbance(fault, f"tower-a/{name}", NOON, until))


def seen(tower: Directory, name: str, scene: Scene, after_ms: int) -> dict[str, Value]:
    return readings(device(tower, name), scene, NOON + after_ms)


def test_a_dirty_chamber_takes_clear_air_for_smoke_and_says_how_dirty_it_is(tower: Directory) -> None:
    scene = suffering(tower, "sd-1201", Fault.DRIFTING)
    smoke = [float(seen(tower, "sd-1201", scene, hour * HOUR_MS)["smoke"]) for hour in range(5)]
    assert all(later - sooner > 0.04 for sooner, later in pairwise(smoke))
    assert seen(tower, "sd-1201", scene, 2 * HOUR_MS)["contamination"] == 60.0
    assert seen(tower, "sd-1201", scene, 4 * HOUR_MS)["alarm"] is True
    assert "contamination" not in seen(tower, "sd-1202", scene, HOUR_MS)


def test_what_is_stuck_reports_the_same_for_ever_and_the_truth_again_afterwards(tower: Directory) -> None:
    scene = suffering(tower, "em-1201", Fault.STUCK, HOUR_MS)
    first, later = (seen(tower, "em-1201", scene, after) for after in (0, 50 * MINUTE_MS))
    assert first == later
    assert seen(tower, "em-1201", scene, HOUR_MS)["energy_kwh"] != first["energy_kwh"]


def test_a_flat_battery_runs_down_within_two_hours_and_the_device_with_it(tower: Directory) -> None:
    scene = suffering(tower, "sd-1201", Fault.FLAT_BATTERY, 3 * HOUR_MS)
    levels = [float(seen(tower, "sd-1201", scene, m * MINUTE_MS)["battery"]) for m in range(0, 120, 10)]
    assert levels == sorted(levels, reverse=True)
    assert levels[-1] < 10
    assert seen(tower, "sd-1201", scene, 2 * HOUR_MS) == {}
    assert float(seen(tower, "sd-1201", scene, 3 * HOUR_MS)["battery"]) > 25


def test_a_chattering_detector_is_on_and_off_every_four_seconds(tower: Directory) -> None:
    scene = suffering(tower, "sd-1201", Fault.CHATTER, MINUTE_MS)
    alarms = [seen(tower, "sd-1201", scene, s * SECOND_MS)["alarm"] for s in range(0, 64, 4)]
    assert alarms == [True, False] * 7 + [True, False]


def test_a_nuisance_is_smoke_at_one_detector_and_nowhere_else(tower: Directory) -> None:
    scene = suffering(tower, "sd-1201", Fault.NUISANCE, 2 * MINUTE_MS)
    assert float(seen(tower, "sd-1201", scene, MINUTE_MS)["smoke"]) > 0.25
    assert float(seen(tower, "sd-1202", scene, MINUTE_MS)["smoke"]) < 0.03
    assert float(seen(tower, "sd-1201", scene, 4 * MINUTE_MS)["smoke"]) < 0.03


def test_a_fault_shows_in_the_classes_that_can_suffer_it_and_in_no_other(tower: Directory) -> None:
    by_class = {each.device_class: each for each in tower.devices.values()}
    for fault in Fault:
        for name in CLASSES:
            there = by_class[name]
            scene = scene_of(tower, Disturbance(fault, there.id, NOON - 8 * SECOND_MS))
            if not can_suffer(name, fault):
                assert readings(there, scene, NOON) == readings(there, scene_of(tower), NOON)
                said = events(there, scene, NOON - HOUR_MS, NOON)
                assert said == events(there, scene_of(tower), NOON - HOUR_MS, NOON)


@given(
    name=st.sampled_from(["lift-2", "ac-1201", "sd-1201", "mcp-1201", "em-1201"]),
    fault=st.none() | st.sampled_from([Fault.SILENT, Fault.CHATTER, Fault.POWER_LOST, Fault.ENTRAPMENT, Fault.FORCED]),
    minute=st.integers(0, 1_439),
)
def test_between_two_changes_a_device_says_no_event_and_no_other_word(
    tower: Directory, name: str, fault: Fault | None, minute: int
) -> None:
    there, at = device(tower, name), MIDNIGHT + minute * MINUTE_MS
    wrong = [Disturbance(fault, there.id, at + 20 * SECOND_MS, at + 50 * SECOND_MS)] if fault else []
    scene = scene_of(tower, *wrong)
    change = next_change(there, scene, at)
    assert change is None or change > at
    until = min(change or at + DAY_MS, at + 10 * MINUTE_MS)
    assert events(there, scene, at, until - 1) == []
    words = [_words(readings(there, scene, moment)) for moment in range(at, until, 500)]
    assert all(each == words[0] for each in words)


def _words(values: dict[str, Value]) -> dict[str, Value]:
    """Without where a lift is on its way, and which floors it passes: it says so every few seconds."""
    return {name: value for name, value in values.items() if isinstance(value, bool | str) and name != "floor"}


def test_people_come_by_card_in_the_morning_and_go_by_the_button_in_the_evening(tower: Directory) -> None:
    scene, came, went = scene_of(tower), Counter[int](), Counter[int]()
    for number in range(1, 20):
        for each in events(device(tower, f"ac-{number:02d}01"), scene, MIDNIGHT, MIDNIGHT + DAY_MS):
            (went if each.event == "request_to_exit" else came)[(each.at - MIDNIGHT) // HOUR_MS] += 1
    assert came[8] > 3 * went[8]
    assert went[17] > 3 * came[17]
    assert came[3] + went[3] < came[8] / 10


def test_on_a_day_off_hardly_anybody_comes(tower: Directory) -> None:
    scene, door = scene_of(tower), device(tower, "ac-0901")
    monday, sunday = (
        len(events(door, scene, MIDNIGHT + day * DAY_MS, MIDNIGHT + (day + 1) * DAY_MS)) for day in (0, 6)
    )
    assert monday > 4 * sunday


def test_one_passing_in_fifty_is_refused_first_and_granted_afterwards(tower: Directory) -> None:
    said = [
        each.event
        for number in range(1, 20)
        for each in events(device(tower, f"ac-{number:02d}02"), scene_of(tower), MIDNIGHT, MIDNIGHT + 5 * DAY_MS)
    ]
    counted = Counter(said)
    assert 0.005 < counted["access_denied"] / counted["access_granted"] < 0.05


@pytest.mark.parametrize(
    ("floor", "building", "use"),
    [
        ("B1", "tower", Use.PLANT),
        ("1F", "tower", Use.RETAIL),
        ("9F", "tower", Use.OFFICE),
        ("9F", "r002", Use.RESIDENTIAL),
        ("9F", "s003", Use.RETAIL),
        ("9F", "riverside", Use.OFFICE),
    ],
)
def test_what_a_floor_is_used_for_is_read_off_its_ids(floor: str, building: str, use: Use) -> None:
    assert use_of(Device("m", "m", "energy_meter", "x", building, floor, "x/z", {}, {}, 60_000)) is use


def test_homes_take_most_in_the_evening_and_offices_by_day() -> None:
    scene = Scene(1, layout([]), 8 * HOUR_MS)

    def power_w(building: str, hour: int) -> float:
        meter = Device("m", "m", "energy_meter", "x", building, "9F", "x/z", {}, {"power_w": 50_000}, 60_000)
        return float(readings(meter, scene, MIDNIGHT + hour * HOUR_MS)["power_w"])

    assert power_w("r001", 20) > 1.5 * power_w("r001", 11)
    assert power_w("t001", 11) > 1.5 * power_w("t001", 20)


def test_after_an_outage_a_floor_takes_more_for_some_minutes(tower: Directory) -> None:
    scene = suffering(tower, "em-1201", Fault.POWER_LOST, 10 * MINUTE_MS)
    at_once, later = (
        float(seen(tower, "em-1201", scene, after)["power_w"]) for after in (10 * MINUTE_MS, 30 * MINUTE_MS)
    )
    assert seen(tower, "em-1201", scene, MINUTE_MS)["power_w"] == 0
    assert at_once > 1.08 * later
