"""What the shipped detections come to: two devices of a zone, one call point, nobody who acknowledges."""

from __future__ import annotations

import pytest

from gateway.library import load
from rules.effects import PublishCommand
from rules.engine import Engine
from rules.events import DirectoryLoaded, PlansLoaded, RulesLoaded, TimePassed, VerdictChanged
from rules.incident import Confirmation
from rules.instant import Instant
from rules.level import Level
from rules.mode import Mode
from rules.people import Roster
from rules.response_plan import PlanBook
from rules.ruleset import Ruleset
from rules.site import Device, Directory
from rules.state import State
from rules.verdict import Verdict
from tests.support.trial import START, a_device

LOADED = load([])
RULES = LOADED.ruleset


class Documents:
    def __init__(self, directory: Directory, ruleset: Ruleset) -> None:
        self._directory, self._ruleset = directory, ruleset

    def directory(self, version: str) -> Directory:
        return self._directory

    def ruleset(self, version: str) -> Ruleset:
        return self._ruleset

    def plans(self, version: str) -> PlanBook:
        return LOADED.plans

    def roster(self, version: str) -> Roster:
        return Roster()


DEVICES = [
    a_device("sd-1", "smoke_detector"),
    a_device("hd-2", "heat_detector"),
    a_device("mcp-1", "manual_call_point"),
    a_device("vent-1", "smoke_vent"),
    a_device("fan-1", "exhaust_fan"),
    a_device("vent-west", "smoke_vent", zone="12F-west"),
    a_device("siren-1", "siren"),
    a_device("siren-2F", "siren", zone="2F-east", floor="2F"),
    a_device("door-1F", "access_controller", zone="1F-lobby", floor="1F"),
    a_device("lift-1", "lift", zone="1F-lobby", floor="1F"),
    a_device("lift-2", "lift", zone="1F-lobby", floor="1F"),
    a_device("meter-1", "energy_meter", rated={"power_w": 1000.0}),
    a_device("meter-2", "energy_meter", zone="2F-east", floor="2F", rated={"power_w": 1000.0}),
    a_device("gas-1", "gas_detector"),
    a_device("gas-2", "gas_detector"),
    a_device("leak-1", "water_leak_detector"),
    a_device("leak-2", "water_leak_detector"),
]


class Building:
    """The engine with the shipped rules; detections come straight to it."""

    def __init__(self) -> None:
        devices: dict[str, Device] = {device.id: device for device in DEVICES}
        directory = Directory(devices=devices, device_classes=LOADED.directory.device_classes)
        self.engine = Engine(State(), Documents(directory, RULES))
        self.now: Instant = START
        self.commands: list[tuple[str, str]] = []
        self._step(DirectoryLoaded("d"))
        self._step(RulesLoaded("r"))
        self._step(PlansLoaded("p"))

    def sees(self, rule: str, device: str, verdict: Verdict = Verdict.HOLDS) -> None:
        self.now += 1_000
        self._step(VerdictChanged(Mode.ACTUAL, rule, f"s/{device}", verdict, self.now, self.now))
        self.now += RULES.detections[rule].hold_ms
        self._step(TimePassed())

    def waits(self, duration_ms: int) -> None:
        self.now += duration_ms
        self._step(TimePassed())

    def _step(self, event: object) -> None:
        outcome = self.engine.step(event, self.now)  # type: ignore[arg-type]
        commands = [effect for effect in outcome.effects if isinstance(effect, PublishCommand)]
        self.commands += [(command.command, command.device.removeprefix("s/")) for command in commands]

    @property
    def levels(self) -> list[Level]:
        return [incident.level for incident in self.engine.state.incidents.values()]


LINKED_TO_A_FIRE = [
    ("release", "door-1F"),
    ("sound", "siren-1"),
    ("sound", "siren-2F"),
    ("start", "vent-1"),
    ("start", "fan-1"),
    ("recall", "lift-1"),
    ("recall", "lift-2"),
]


@pytest.mark.parametrize(("first", "second"), [("smoke-high", "heat-high"), ("smoke-alarm", "heat-rate-of-rise")])
def test_two_detectors_of_a_zone_are_a_fire(first: str, second: str) -> None:
    building = Building()
    building.sees(first, "sd-1")
    assert (building.levels, building.commands) == ([Level.II], [])
    building.sees(second, "hd-2")
    assert (building.levels, building.commands) == ([Level.I], LINKED_TO_A_FIRE)


@pytest.mark.parametrize("rule", ["manual-call-point", "manual-call-point-event"])
def test_one_call_point_is_a_fire(rule: str) -> None:
    building = Building()
    building.sees(rule, "mcp-1")
    assert (building.levels, building.commands) == ([Level.I], LINKED_TO_A_FIRE)


def test_one_detector_becomes_a_fire_when_nobody_acknowledges_within_15_seconds() -> None:
    building = Building()
    building.sees("smoke-high", "sd-1")
    building.waits(14_999)
    assert building.commands == []
    building.waits(1)
    assert (building.levels, building.commands) == ([Level.I], LINKED_TO_A_FIRE)


def test_two_values_of_one_detector_are_one_device() -> None:
    building = Building()
    for rule in ("smoke-high", "smoke-alarm", "heat-high"):
        building.sees(rule, "sd-1")
    (incident,) = building.engine.state.incidents.values()
    assert (incident.level, incident.confirmation) == (Level.II, Confirmation.PRE_ALARM)


@pytest.mark.parametrize(
    ("rule", "first", "second", "levels"),
    [
        ("lift-entrapment", "lift-1", "lift-2", [Level.I]),
        ("power-lost", "meter-1", "meter-2", [Level.II, Level.II]),
        ("gas-present", "gas-1", "gas-2", [Level.I]),
        ("water-leak", "leak-1", "leak-2", [Level.II]),
    ],
)
def test_a_second_device_makes_it_worse(rule: str, first: str, second: str, levels: list[Level]) -> None:
    building = Building()
    building.sees(rule, first)
    assert building.levels == [RULES.detections[rule].level]
    building.sees(rule, second)
    assert building.levels == levels


def test_gas_closes_the_valves_of_its_zone() -> None:
    building = Building()
    building.sees("gas-present", "gas-1")
    assert building.commands == [("close_valve", "gas-1"), ("close_valve", "gas-2")]


def test_an_entrapment_moves_no_lift() -> None:
    building = Building()
    building.sees("lift-entrapment", "lift-1")
    building.sees("lift-entrapment", "lift-2")
    assert building.commands == []
