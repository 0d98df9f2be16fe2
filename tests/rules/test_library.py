"""The shipped rules: each can begin and end, none begins on an ordinary day, each number says where it is from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from gateway.library import load
from rules.signal import Signal
from rules.timeline_words import word
from rules.verdict import Verdict
from tests.support.trial import Said, Trial

FILES = sorted((Path(__file__).parents[2] / "rules" / "library" / "rules").glob("*.yaml"))
LOADED = load([])
RULES = LOADED.ruleset


class Case(NamedTuple):
    """What a device says until the rule holds, then without ending it, then until it does not hold."""

    holds: list[Said]
    clears: list[Said]
    keeps: list[Said] = []


def flag(name: str, *, bad: bool = True) -> Case:
    return Case([{name: bad}], [{name: not bad}])


def event(name: str, *, gone: str = "after 61s") -> Case:
    return Case([f"event {name}"], [gone])


def number(metric: str, *, bad: float, between: float, good: float) -> Case:
    """`between` lies in the deadband."""
    return Case([{metric: good}, {metric: bad}], [{metric: good}], keeps=[{metric: between}])


def phases(pattern: str, *values: float | bool) -> dict[str, object]:
    return {pattern.format(phase): value for phase, value in zip(("l1", "l2", "l3"), values, strict=True)}


VOLTS = "voltage_{}_v"
AMPERES = "current_{}_a"
PHASES = "phase_{}"
RATED = {"power_w": 100.0, "voltage_v": 100.0, "current_a": 100.0, "speed": 10.0, "load_kg": 1000.0}
CASES: dict[str, Case] = {
    "smoke-high": number("smoke", bad=0.16, between=0.1, good=0.02),
    "smoke-alarm": flag("alarm"),
    "heat-high": number("temperature", bad=58, between=52, good=22),
    "heat-rate-of-rise": Case(
        [{"temperature": 30}, "after 1min", {"temperature": 43}],
        ["after 1min", {"temperature": 36}],
    ),
    "heat-alarm": flag("alarm"),
    "manual-call-point": flag("alarm"),
    "manual-call-point-event": event("pressed"),
    "smoke-detector-dirty": number("contamination", bad=81, between=70, good=10),
    "fire-device-tamper": flag("tamper"),
    "smoke-vent-stuck": Case([{"position": "moving"}], [{"position": "open"}]),
    "exhaust-fan-local": flag("local_control"),
    "exhaust-fan-overload": number("current_a", bad=116, between=110, good=90),
    "lift-entrapment": flag("entrapment"),
    "lift-alarm-button": flag("alarm_button"),
    "lift-alarm-button-event": event("alarm_button_pressed"),
    "lift-stopped-with-persons": Case(
        [{"at_landing": False, "speed": 0.0, "occupied": True}], [{"at_landing": True}], keeps=[{"speed": 0.2}]
    ),
    "lift-moving-with-door-open": Case([{"door": "open", "speed": -0.9}], [{"speed": -0.3}]),
    "lift-overspeed": number("speed", bad=-11.6, between=-11, good=-10),
    "lift-fault": flag("fault"),
    "lift-faults-repeated": Case(
        [{"fault": True}, {"fault": False}, {"fault": True}, {"fault": False}, "after 1min", {"fault": True}],
        ["after 24h"],
        keeps=[{"fault": False}],
    ),
    "lift-door-stuck": Case([{"door": "blocked"}, {"door": "closing"}], [{"door": "closed"}]),
    "lift-mains-lost": flag("mains", bad=False),
    "lift-machine-room-hot": number("temperature", bad=41, between=39, good=30),
    "power-lost": Case([phases(PHASES, False, False, False)], [phases(PHASES, False, True, False)]),
    "power-lost-event": event("power_lost"),
    "phase-lost": Case(
        [phases(PHASES, True, False, True)],
        [phases(PHASES, True, True, True)],
        keeps=[phases(PHASES, False, False, False)],
    ),
    "phase-voltage-lost": Case(
        [phases(VOLTS, 100, 0, 100)], [phases(VOLTS, 100, 100, 100)], keeps=[phases(VOLTS, 0, 0, 0)]
    ),
    "voltage-high": number("voltage_v", bad=107.5, between=106, good=100),
    "voltage-high-three-phase": Case(
        [phases(VOLTS, 100, 108, 100)], [phases(VOLTS, 100, 100, 100)], keeps=[phases(VOLTS, 100, 106, 100)]
    ),
    "voltage-low": number("voltage_v", bad=89, between=91, good=100),
    "voltage-low-three-phase": Case(
        [phases(VOLTS, 100, 100, 89)], [phases(VOLTS, 100, 100, 100)], keeps=[phases(VOLTS, 100, 100, 91)]
    ),
    "overload": number("power_w", bad=91, between=87, good=80),
    "overload-severe": number("power_w", bad=114, between=110, good=100),
    "overcurrent": number("current_a", bad=101, between=97, good=90),
    "overcurrent-three-phase": Case(
        [phases(AMPERES, 50, 101, 50)], [phases(AMPERES, 50, 50, 50)], keeps=[phases(AMPERES, 50, 97, 50)]
    ),
    "residual-current-high": number("residual_current_ma", bad=301, between=280, good=30),
    "cable-hot": number("cable_temperature", bad=71, between=65, good=40),
    "frequency-off": number("frequency_hz", bad=49.4, between=49.6, good=50),
    "night-load-high": Case([{"power_w": 60}, "after 9h", {"power_w": 60}], ["after 6h"]),
    "consumption-abnormal": Case(["weeks 8", "hour 17"], ["hour 12"], keeps=["hour 14"]),
    "door-forced": flag("forced"),
    "door-forced-event": event("door_forced"),
    "door-held-open": flag("held_open"),
    "door-held-open-event": event("door_held_open"),
    "duress": event("duress", gone="after 601s"),
    "access-denied-repeated": Case(["event access_denied"] * 5, ["after 2min"]),
    "access-tamper": flag("tamper"),
    "access-mains-lost": flag("mains", bad=False),
    "gas-present": number("gas_lel", bad=11, between=7, good=0),
    "gas-high": number("gas_lel", bad=26, between=22, good=0),
    "gas-alarm": flag("alarm"),
    "co-present": number("co_ppm", bad=101, between=70, good=5),
    "co-high": number("co_ppm", bad=301, between=250, good=5),
    "water-leak": flag("alarm"),
    "water-level-high": number("water_level_mm", bad=51, between=30, good=0),
    "water-leak-tamper": flag("tamper"),
    "device-silent": Case(["after 7d"], [{}]),
    "device-offline": Case(["status offline"], ["status online"]),
    "device-fault": flag("fault"),
    "battery-low": number("battery", bad=19, between=25, good=90),
    "clock-wrong": Case(["skew 1", "skew -6"], ["skew 1"], keeps=["skew -4"]),
}
OTHER_WAYS: list[tuple[str, Case]] = [
    ("lift-overspeed", number("speed", bad=11.6, between=11, good=10)),
    ("power-lost", number("voltage_v", bad=0, between=30, good=100)),
    ("power-lost", Case([phases(VOLTS, 0, 0, 0)], [phases(VOLTS, 100, 0, 0)], keeps=[phases(VOLTS, 30, 0, 0)])),
    ("frequency-off", number("frequency_hz", bad=50.6, between=50.4, good=50)),
    ("clock-wrong", Case(["skew 6"], ["skew 0"], keeps=["skew 4"])),
    ("device-offline", Case(["status offline"], [{}])),  # what speaks is not offline
    ("night-load-high", Case([{"power_w": 60}, "after 9h", {"power_w": 60}], [{"power_w": 40}])),
    ("consumption-abnormal", Case(["weeks 8", "hour 3"], ["hour 8"], keeps=["hour 6"])),
    ("lift-stopped-with-persons", Case([{"at_landing": False, "speed": 0.0, "occupied": True}], [{"occupied": False}])),
]
# What each class says when nothing is the matter.
ORDINARY: dict[str, dict[str, object]] = {
    "smoke_detector": {
        "smoke": 0.02,
        "temperature": 24,
        "alarm": False,
        "fault": False,
        "battery": 90,
        "tamper": False,
    },
    "heat_detector": {"temperature": 24, "alarm": False, "fault": False, "battery": 90, "tamper": False},
    "manual_call_point": {"alarm": False, "fault": False, "battery": 90, "tamper": False},
    "gas_detector": {"gas_lel": 0, "co_ppm": 3, "alarm": False, "fault": False, "battery": 90},
    "water_leak_detector": {"alarm": False, "water_level_mm": 0, "fault": False, "battery": 90, "tamper": False},
    "siren": {"sounding": False, "fault": False, "battery": 90, "tamper": False},
    "smoke_vent": {"position": "closed", "running": False, "fault": False},
    "exhaust_fan": {"running": False, "current_a": 0, "fault": False, "local_control": False},
    "power_switch": {"closed": True, "fault": False, "local_control": False},
    "lift": {
        "floor": "3F",
        "at_landing": False,
        "speed": 2.5,
        "door": "closed",
        "occupied": True,
        "load_kg": 75,
        "mode": "normal",
        "mains": True,
        "fault": False,
        "entrapment": False,
        "alarm_button": False,
        "temperature": 25,
    },
    "energy_meter": {
        "power_w": 60,
        "frequency_hz": 50.02,
        "voltage_v": 101,
        "current_a": 60,
        **phases(VOLTS, 99, 101, 100),
        **phases(AMPERES, 60, 55, 66),
        **phases(PHASES, True, True, True),
        "residual_current_ma": 20,
        "cable_temperature": 35,
        "fault": False,
    },
    "access_controller": {
        "door": "open",
        "locked": False,
        "forced": False,
        "held_open": False,
        "tamper": False,
        "mains": True,
        "battery": 90,
        "fault": False,
    },
}


def trials() -> list[tuple[str, str, Case]]:
    cases = [*CASES.items(), *OTHER_WAYS]
    classes = LOADED.directory.device_classes
    return [
        (rule, each, case)
        for rule, case in cases
        if rule in RULES.detections
        for each in classes
        if RULES.detections[rule].applies_to(each)
    ]


def test_the_library_is_in_force_as_shipped() -> None:
    assert (len(RULES.detections), len(RULES.confirmations)) == (61, 5)


def test_every_shipped_detection_has_a_case() -> None:
    assert set(CASES) == set(RULES.detections)


@pytest.mark.parametrize(
    ("rule", "device_class", "case"), trials(), ids=lambda part: part if isinstance(part, str) else ""
)
def test_a_shipped_rule_begins_and_ends(rule: str, device_class: str, case: Case) -> None:
    trial = Trial(LOADED.directory.device_classes[device_class], RULES, RATED)
    assert trial.verdict(rule) is Verdict.DOES_NOT
    trial.say(*case.holds)
    assert trial.verdict(rule) is Verdict.HOLDS
    trial.say(*case.keeps)
    assert trial.verdict(rule) is not Verdict.DOES_NOT
    trial.say(*case.clears)
    assert trial.verdict(rule) is Verdict.DOES_NOT


@pytest.mark.parametrize("device_class", LOADED.directory.device_classes)
def test_no_rule_begins_on_an_ordinary_day(device_class: str) -> None:
    trial = Trial(LOADED.directory.device_classes[device_class], RULES, RATED)
    for _ in range(3):
        trial.say(ORDINARY[device_class], "skew 0.4", "status online", "after 1min")
    assert trial.holding == []


def test_a_detector_that_reports_only_one_metric_is_judged_and_can_clear() -> None:
    trial = Trial(LOADED.directory.device_classes["smoke_detector"], RULES)
    trial.say({"smoke": 0.5})
    assert trial.holding == ["smoke-high"]
    trial.say({"smoke": 0.01})
    assert trial.watched.verdicts is None


def test_a_meter_without_a_nameplate_is_judged_by_what_needs_none() -> None:
    trial = Trial(LOADED.directory.device_classes["energy_meter"], RULES, rated={})
    trial.say(ORDINARY["energy_meter"] | {"power_w": 1_000_000, "voltage_v": 0})
    assert trial.holding == ["power-lost"]


@pytest.mark.parametrize("text", ["event test_button"])
@pytest.mark.parametrize("device_class", ["smoke_detector", "heat_detector", "manual_call_point", "gas_detector"])
def test_a_test_button_is_no_alarm(device_class: str, text: str) -> None:
    trial = Trial(LOADED.directory.device_classes[device_class], RULES)
    trial.say(text)
    assert trial.holding == []


# ---- how they are written


def test_titles_are_in_both_languages() -> None:
    every = [*RULES.detections.values(), *RULES.confirmations.values()]
    assert [rule.id for rule in every if set(rule.title) != {"en", "zh"}] == []


def test_every_hazard_has_a_word_in_chinese() -> None:
    hazards = {rule.hazard for rule in RULES.detections.values()}
    assert [hazard for hazard in sorted(hazards) if word(hazard, "zh").isascii()] == []


def test_alarms_wait_for_a_person() -> None:
    closing = [rule for rule in RULES.detections.values() if rule.closes == "when_normal"]
    assert closing
    assert [rule.id for rule in closing if rule.signal is Signal.ALARM] == []


NUMBER = re.compile(
    r"(above|below|between|count|distinct_devices|within|over|for|silent_for|from|to|\w+_within):? [\[\"-]*\d"
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_number_says_where_it_is_from(path: Path) -> None:
    """In a comment at its line or the one above: a source with its confidence, or that it is ours."""
    above, silent = "", []
    for line, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        content, _, comment = text.partition("#")
        if NUMBER.search(content) and not re.search(r"confidence (high|medium|low)|ours|nameplate", comment + above):
            silent.append(f"{path.name}:{line} {content.strip()}")
        above = text if text.lstrip().startswith("#") else ""
    assert silent == []
