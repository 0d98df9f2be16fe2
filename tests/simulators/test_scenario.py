"""Scenario files: what is shipped is right, and what is wrong is named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.library import load
from rules.instant import HOUR_MS, MINUTE_MS, SECOND_MS
from rules.site import Directory
from simulators.crew import write_crew
from simulators.scenario import read_scenario, scene_of, shipped
from simulators.scenario_check import locate_faults

GOOD = "scenario: x\ntitle: {en: X}\nlasts: 1min\n"


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_scenario_is_right_and_fits_the_demo_tower(tower: Directory, name: str) -> None:
    scenario, problems = read_scenario(name)
    assert not problems
    assert scenario is not None
    assert scenario.scenario == name
    assert not locate_faults(name, scenario, tower, "tower-a")


def test_the_fire_is_shipped() -> None:
    assert "fire-on-12f" in shipped()


def test_a_name_that_is_not_shipped_is_answered_with_those_that_are() -> None:
    with pytest.raises(LookupError, match=r"'fire-on-12' is not a shipped scenario .*; did you mean fire-on-12f"):
        read_scenario("fire-on-12")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            "happens:\n  - {at: 6s, fire: 12F-east, growth: quick}\n",
            "5 happens[0].growth: 'quick' is not allowed here (slow, medium, fast, ultra_fast)",
        ),
        ("happens:\n  - {at: 90s, fire: 12F-east}\n", "5 happens[0].at: 90s never comes: the scenario lasts 1min"),
        ("happens:\n  - {at: 6, fire: 12F-east}\n", "5 happens[0].at: 6 is not a duration"),
        ("happens:\n  - {at: 6s, fault: sillence, device: sd-1201}\n", "did you mean silence?"),
        ('starts: "25:00"\n', "4 starts: '25:00' is not a time of day"),
        ("people:\n  - {when: opned, does: acknowledge, by: duty officer}\n", "did you mean opened?"),
        ("people:\n  - {when: opened, does: acknowledge}\n", "5 people[0].by: is missing"),
        ("people:\n  - {when: opened, does: pray, by: duty officer}\n", "'pray' is not allowed here"),
        ("people:\n  - {when: normal, does: resolve, by: duty officer}\n", "5 people[0].cause: is missing"),
        ("people:\n  - {when: opened, does: complete, by: guard}\n", "5 people[0].task: is missing"),
        ("people:\n  - {when: opened, does: order, step: aprove, by: guard}\n", "'aprove' is not allowed here"),
        (
            "people:\n  - {when: begun, does: acknowledge, by: guard}\n",
            "5 people[0].when: acknowledge needs an incident",
        ),
        ("hapens: []\n", "did you mean happens?"),
    ],
)
def test_a_fault_is_named_with_its_line(tmp_path: Path, lines: str, expected: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(GOOD + lines, encoding="utf-8")
    _, problems = read_scenario(path)
    assert len(problems) == 1
    assert expected in str(problems[0])
    assert str(problems[0]).startswith(f"{path}:")


def test_what_the_site_does_not_have_is_named(tmp_path: Path, tower: Directory) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(
        GOOD
        + "happens:\n  - {at: 1s, fire: 12F-wst}\n  - {at: 1s, fault: silence, device: sd-9901}\n"
        + "people:\n  - {when: opened, does: note, by: patrol, text: here, zone: 30F-east}\n",
        encoding="utf-8",
    )
    scenario, problems = read_scenario(path)
    assert scenario is not None
    assert not problems
    faults = [str(problem) for problem in locate_faults(path, scenario, tower, "tower-a")]
    assert [fault.removeprefix(str(path)).split(":")[1].split()[0] for fault in faults] == ["5", "6", "8"]
    assert "'12F-wst' is not a zone of tower-a" in faults[0]
    assert "did you mean 12F-west?" in faults[0]


def test_people_tasks_and_channels_that_are_not_there_are_named(tmp_path: Path, tower: Directory) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(
        GOOD
        + "happens:\n  - {at: 1s, undelivered: smss}\n"
        + "people:\n"
        + "  - {when: opened, does: complete, task: cal-police, by: guard, hazard: duress}\n"
        + "  - {when: opened, does: note, text: t, by: gard}\n"
        + "  - {when: opened, does: note, text: t, by: guard, role: engineer}\n"
        + "  - {when: opened, does: shelve, device: sd-9999, for: 1h, reason: r, by: guard}\n",
        encoding="utf-8",
    )
    scenario, problems = read_scenario(path)
    assert scenario is not None, problems
    shipped_files = load(write_crew(tmp_path / "crew"))
    faults = locate_faults(path, scenario, tower, "tower-a", shipped_files.plans, shipped_files.roster)
    said = sorted((str(fault).removeprefix(f"{path}:") for fault in faults), key=lambda line: int(line.split()[0]))
    assert len(said) == 5
    assert "5 happens[0].undelivered: 'smss' is not a channel or an authority" in said[0]
    assert "did you mean call-police?" in said[1]
    assert "'gard' is not a person of the roster" in said[2]
    assert "guard does not have the role engineer (security_guard)" in said[3]
    assert "'sd-9999' is not a device of tower-a" in said[4]


def test_a_scene_begins_at_the_local_time_that_the_scenario_says(tower: Directory) -> None:
    scenario, _ = read_scenario("fire-on-12f")
    assert scenario is not None
    scene, begins = scene_of(scenario, tower, "tower-a")
    assert (begins + scene.utc_offset_ms) % (24 * HOUR_MS) == 14 * HOUR_MS + 30 * MINUTE_MS
    assert scene.fires[0].started_at == begins + 5 * SECOND_MS
    assert scene.fires[0].zone == "tower-a/12F-east"
