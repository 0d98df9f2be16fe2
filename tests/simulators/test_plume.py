"""Smoke finds its way: by the core, the stairs and the windows, ever less of it, never down."""

from __future__ import annotations

import pytest

from rules.instant import HOUR_MS, SECOND_MS
from rules.site import Directory
from simulators.fire import Fire, Growth
from simulators.happens import FireStarts
from simulators.plume import BESIDE_S, SHARE_MIN, STAIRS_S, Passage, passages
from simulators.scene import Layout, Scene, layout

NOON = 1_795_406_400_000


@pytest.fixture(scope="module")
def shape(tower: Directory) -> Layout:
    return layout(tower.sites.values(), tower.devices.values())


def test_the_core_stands_between_east_and_west_and_between_the_floors(shape: Layout) -> None:
    assert shape.beside("tower-a/12F-east") == ["tower-a/12F-core"]
    assert shape.beside("tower-a/12F-core") == ["tower-a/12F-east", "tower-a/12F-west"]
    assert shape.stairs("tower-a/12F-core") == ["tower-a/13F-core"]
    assert shape.stairs("tower-a/12F-east") == []
    assert shape.over("tower-a/12F-east") == ["tower-a/13F-east"]
    assert shape.over("tower-a/19F-east") == []


def test_zones_of_a_floor_without_doors_all_adjoin_one_another() -> None:
    flat = Layout({"x": ("1F",)}, {"a": ("x", 0), "b": ("x", 0), "c": ("x", 0)})
    assert flat.beside("b") == ["a", "c"]


def test_smoke_comes_first_to_the_core_then_to_the_other_side_and_up_the_stairs(shape: Layout) -> None:
    found = passages(shape, "tower-a/12F-east")
    assert found["tower-a/12F-east"] == Passage(1.0, 0.0, 0)
    assert found["tower-a/12F-core"].delay_s == BESIDE_S
    assert found["tower-a/12F-west"].delay_s == 2 * BESIDE_S
    assert found["tower-a/13F-core"].delay_s == BESIDE_S + STAIRS_S
    assert found["tower-a/12F-core"].share > found["tower-a/13F-core"].share > found["tower-a/14F-core"].share
    floors = {zone.partition("/")[2].partition("F-")[0] for zone in found}
    assert min(int(floor) for floor in floors if floor.isdigit()) == 12
    assert all(passage.share >= SHARE_MIN for passage in found.values())


def test_a_zone_that_is_in_no_building_is_nowhere_reached(shape: Layout) -> None:
    assert passages(shape, "elsewhere/zone") == {}


def test_a_fire_that_spreads_lights_the_core_and_later_the_zone_above_until_all_is_put_out(shape: Layout) -> None:
    written = {"at": "10s", "fire": "8F-east", "spreads_after": "3min", "spreads_hops": 2, "put_out_after": "9min"}
    fires = {fire.zone: fire for fire in FireStarts.model_validate(written).fires("tower-a", NOON, shape)}
    since = {zone: (fire.started_at - NOON) // SECOND_MS for zone, fire in fires.items()}
    assert since == {
        "tower-a/8F-east": 10,
        "tower-a/8F-core": 190,
        "tower-a/8F-west": 370,
        "tower-a/9F-east": 370,
    }
    assert {fire.put_out_at for fire in fires.values()} == {NOON + 550 * SECOND_MS}


def test_a_fire_that_is_put_out_before_it_spreads_lights_nothing(shape: Layout) -> None:
    written = {"at": "0s", "fire": "8F-east", "spreads_after": "3min", "put_out_after": "2min"}
    assert len(FireStarts.model_validate(written).fires("tower-a", NOON, shape)) == 1


def test_what_a_scene_says_of_the_first_and_last_smoke_holds_at_every_detector(tower: Directory, shape: Layout) -> None:
    fire = Fire("tower-a/12F-east", NOON, Growth.FAST, 0.0, NOON + 300 * SECOND_MS)
    scene = Scene(1, shape, 8 * HOUR_MS, (fire,))
    for name in ("sd-1201", "sd-1205", "sd-1209", "sd-1301", "sd-1101"):
        device = tower.devices[f"tower-a/{name}"]
        since, until = scene.reached_at(device), scene.clear_at(device)
        assert until is not None
        if since is None:
            assert max(scene.smoke_db_per_m(device, NOON + s * SECOND_MS) for s in range(0, 2_000, 10)) == 0
            continue
        assert scene.smoke_db_per_m(device, since) == 0
        assert scene.smoke_db_per_m(device, since + 120 * SECOND_MS) > 0
        assert scene.smoke_db_per_m(device, until) < 1e-6
