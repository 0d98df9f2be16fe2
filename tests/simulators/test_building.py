"""The generated building: what is in it, that its file is a good one, that the seed settles all of it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.check import check
from gateway.files import read_document
from rules.site import Directory
from simulators.building import Plan, demo_tower, device_entries, portfolio, site_content, site_yaml

plans = st.builds(
    Plan,
    seed=st.integers(0, 1_000),
    buildings=st.integers(1, 3),
    floors=st.integers(1, 4),
    lifts=st.integers(0, 3),
    devices_max=st.none() | st.integers(0, 80),
)


def test_the_demo_tower_has_twenty_floors_and_some_four_hundred_devices_of_every_class(tower: Directory) -> None:
    floors = tower.sites["tower-a"].buildings[0].floors
    assert [floor.id for floor in floors] == ["B1", *(f"{number}F" for number in range(1, 20))]
    assert Counter(device.device_class for device in tower.devices.values()) == {
        "smoke_detector": 180,
        "heat_detector": 40,
        "manual_call_point": 40,
        "siren": 40,
        "smoke_vent": 40,
        "access_controller": 40,
        "energy_meter": 20,
        "lift": 4,
        "gas_detector": 2,
        "water_leak_detector": 2,
    }


def test_a_fire_zone_has_two_smoke_detectors_or_more_so_that_one_can_confirm_the_other(tower: Directory) -> None:
    in_zones = Counter(d.zone for d in tower.devices.values() if d.device_class == "smoke_detector")
    rooms = [zone for zone in tower.zones if zone.endswith(("-east", "-west"))]
    assert len(rooms) == 40
    assert all(in_zones[zone] >= 2 for zone in rooms)


@given(plan=plans)
def test_the_streamed_text_says_what_the_content_says(plan: Plan) -> None:
    document = read_document("".join(site_yaml(plan)), "site.yaml")
    assert not document.problems
    assert document.value == site_content(plan)


@given(plan=plans)
def test_ids_are_unique_and_a_cut_building_has_exactly_so_many_devices(plan: Plan) -> None:
    names = [device["id"] for device in device_entries(plan)]
    assert len(set(names)) == len(names)
    if plan.devices_max is not None:
        assert len(names) <= plan.devices_max


@pytest.mark.parametrize("devices", [1, 325, 5_000])
def test_a_portfolio_has_the_devices_it_was_asked_for_and_passes_the_check(devices: int, tmp_path: Path) -> None:
    path = tmp_path / "portfolio.yaml"
    path.write_text("".join(site_yaml(portfolio(devices))), encoding="utf-8")
    checked = check([path])
    assert not checked.problems
    assert checked.devices == devices


def test_a_seed_settles_the_nameplates_and_nothing_else() -> None:
    first, again, other = ("".join(site_yaml(demo_tower(seed))) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    ids = [[device["id"] for device in device_entries(demo_tower(seed))] for seed in (1, 2)]
    assert ids[0] == ids[1]
