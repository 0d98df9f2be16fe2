"""What can happen: to many devices at once, in one mode or another, while the broker is away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.library import Loaded, load
from rules.effects import PublishCommand
from rules.events import CommandPublished
from rules.instant import MINUTE_MS, SECOND_MS, Instant
from rules.mode import Mode
from rules.site import Directory
from rules.timeline import Kind
from simulators.building import demo_tower, site_yaml
from simulators.postman import Postman
from simulators.scenario import Scenario, modes_of, read_scenario, scene_of
from simulators.scenario_check import find_faults
from simulators.scene import Fault
from simulators.virtual import Virtual

FLOOD = {
    "at": "1min",
    "fault": "fault",
    "devices": {"class": ["siren"], "floor": "12F"},
    "over": "30s",
    "lasts": "1min",
}


def scenario(*happens: dict[str, Any], **rest: Any) -> Scenario:
    written = {"scenario": "x", "title": {"en": "X"}, "lasts": "20min", "happens": list(happens), **rest}
    return Scenario.model_validate(written)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    path = tmp_path_factory.mktemp("site") / "tower-a.yaml"
    path.write_text("".join(site_yaml(demo_tower())), encoding="utf-8")
    return load([path])


def test_many_devices_fail_each_at_a_moment_of_its_own(tower: Directory) -> None:
    scene, begins = scene_of(scenario(FLOOD), tower, "tower-a")
    found = {name: each[0].since - begins for name, each in scene.disturbances.items()}
    assert sorted(found) == ["tower-a/sr-1201", "tower-a/sr-1202"]
    assert all(MINUTE_MS <= since <= MINUTE_MS + 30 * SECOND_MS for since in found.values())
    assert len(set(found.values())) == 2
    again, _ = scene_of(scenario(FLOOD), tower, "tower-a")
    assert again.disturbances == scene.disturbances


def test_so_many_at_most_are_chosen_in_the_order_of_the_file(tower: Directory) -> None:
    three = {"at": "0s", "fault": "silence", "devices": {"at_most": 3}}
    scene, _ = scene_of(scenario(three), tower, "tower-a")
    assert list(scene.disturbances) == list(tower.devices)[:3]


def test_what_happens_in_a_mode_happens_there_alone(tower: Directory) -> None:
    real = {"at": "1s", "mode": "actual", "fault": "pressed", "device": "mcp-0101"}
    drilled = {"at": "1s", "fault": "pressed", "device": "mcp-0201"}
    written = scenario(real, drilled)
    assert modes_of(written, Mode.EXERCISE) == [Mode.EXERCISE, Mode.ACTUAL]
    scenes = {mode: scene_of(written, tower, "tower-a", Mode.EXERCISE, mode)[0] for mode in Mode}
    assert list(scenes[Mode.ACTUAL].disturbances) == ["tower-a/mcp-0101"]
    assert list(scenes[Mode.EXERCISE].disturbances) == ["tower-a/mcp-0201"]
    assert scenes[Mode.TEST].disturbances == {}


@pytest.mark.parametrize(
    ("happens", "expected"),
    [
        ({"at": "0s", "fault": "entrapment", "device": "sd-1201"}, "'entrapment' does not show in what smoke_detector"),
        ({"at": "0s", "fault": "fault", "devices": {"class": ["boiler"]}}, "no device of the site is one of them"),
        ({"at": "0s", "fault": "drift", "devices": {"floor": "3F"}}, "'drift' does not show in what access_controller"),
    ],
)
def test_a_fault_that_a_device_cannot_have_is_named(tower: Directory, happens: dict[str, Any], expected: str) -> None:
    (problem,) = find_faults(scenario(happens), tower, "tower-a")
    assert expected in str(problem)


def test_what_is_expected_of_a_place_that_is_not_there_is_named(tower: Directory) -> None:
    expects = {
        "incidents": [{"incident": "fire", "zone": "12F-eest"}],
        "timeline": [{"entry": "opened", "device": "sd-99"}],
    }
    problems = [str(problem) for problem in find_faults(scenario(expects=expects), tower, "tower-a")]
    assert len(problems) == 2
    assert "did you mean 12F-" in problems[0]
    assert "'sd-99' is not a device of tower-a" in problems[1]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("  - {at: 0s, fault: fault}\n", "expected either a device or devices"),
        ("  - {at: 0s, fault: fault, device: sd-1, over: 5s}\n", "over is for several devices"),
        ("  - {at: 0s, outage: network, lasts: 1min}\n", "'network' is not allowed here (broker)"),
        ("  - {at: 0s, outage: broker}\n", "lasts: is missing"),
        ("  - {at: 0s, fire: 1F-east, spreads_hops: 9}\n", "spreads_hops"),
    ],
)
def test_a_fault_of_the_file_is_named_with_its_line(tmp_path: Path, lines: str, expected: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(f"scenario: x\ntitle: {{en: X}}\nhappens:\n{lines}", encoding="utf-8")
    _, problems = read_scenario(path)
    assert expected in str(problems[0])
    assert str(problems[0]).startswith(f"{path}:4")


def test_while_the_broker_is_away_nothing_is_heard_and_nobody_counts_as_silent(loaded: Loaded) -> None:
    pressed = {"at": "2min", "fault": "pressed", "device": "mcp-1201", "lasts": "1h"}
    away = {"at": "1min", "outage": "broker", "lasts": "14min"}
    played = Virtual(scenario(pressed, away), loaded, "tower-a").play()
    opened = [entry for entry in played.entries if entry.kind is Kind.OPENED]
    assert [(entry.facts["hazard"], entry.at - played.begins) for entry in opened] == [("fire", 15 * MINUTE_MS)]
    sent = [at - played.begins for event, at in played.events if isinstance(event, CommandPublished)]
    assert min(sent) > 15 * MINUTE_MS


def test_a_command_waits_for_the_broker_and_one_that_has_expired_is_not_sent() -> None:
    def back_at(at: Instant) -> Instant | None:
        return 60_000 if at < 60_000 else None

    postman = Postman(back_at=back_at)
    for id, expires_at in (("CMD-1", 30_000), ("CMD-2", 90_000)):
        postman.take(PublishCommand(id, Mode.ACTUAL, "t/d", "sound", {}, "INC-1", 0, expires_at), 0)
    assert list(postman.due(30)) == []
    assert postman.next_due == 60_000
    assert [event for _, event in postman.due(60_000)] == [CommandPublished("CMD-2")]


def test_every_fault_has_a_word_of_its_own() -> None:
    assert len({fault.value for fault in Fault}) == len(Fault)
