"""Expectations: met, missed by a second, missed by one, and what nobody expected."""

from __future__ import annotations

from typing import Any

import pytest

from rules.incident import CommandStage, CommandState, Confirmation, Phase, StepStage, StepState
from rules.level import Level
from rules.mode import Mode
from rules.requests import Finding
from rules.timeline import Entry, Kind
from simulators.expect import Expects
from simulators.judge import Judged, gravest_levels, judge

BEGINS = 1_000_000


class Stood:
    """How an incident stands in the end."""

    def __init__(self, **fields: Any) -> None:
        self.id = "INC-000001"
        self.mode = Mode.ACTUAL
        self.hazard = "fire"
        self.zone = "tower-a/12F-east"
        self.level = Level.II
        self.phase = Phase.CLOSED
        self.confirmation = Confirmation.CONFIRMED
        self.first_out = "tower-a/sd-1201"
        self.finding = Finding.REAL
        self.steps = [task("evacuate"), task("count", StepStage.SKIPPED)]
        self.commands = [command("release", "ac-1"), command("release", "ac-2", CommandStage.FAILED)]
        vars(self).update(fields)


def task(id: str, stage: StepStage = StepStage.DONE) -> StepState:
    return StepState(id, "task", {"en": id}, stage, BEGINS, mandatory=True)


def command(name: str, device: str, stage: CommandStage = CommandStage.DONE) -> CommandState:
    return CommandState(f"CMD-{device}", f"tower-a/{device}", name, "step", stage, BEGINS, BEGINS + 1)


def entry(kind: Kind, after_s: float, **rest: Any) -> Entry:
    fields = {"incident": "INC-000001", "mode": Mode.ACTUAL, **rest}
    return Entry(position=1, number=1, at=BEGINS + round(after_s * 1000), kind=kind, **fields)


ENTRIES = [
    entry(Kind.OPENED, 58, facts={"level": "II"}, device="tower-a/sd-1201"),
    entry(Kind.ACKNOWLEDGED, 63, by="duty-officer"),
    entry(Kind.LEVEL_RAISED, 71, facts={"from": "II", "to": "I"}),
    entry(Kind.LEVEL_LOWERED, 200, facts={"from": "I", "to": "II"}),
]


def judged(expects: dict[str, Any], mode: Mode = Mode.ACTUAL) -> list[Judged]:
    return judge(Expects.model_validate(expects), ENTRIES, [Stood()], BEGINS, "tower-a", mode)


@pytest.mark.parametrize(
    ("expected", "fault"),
    [
        ({}, ""),
        ({"zone": "12F-east", "device": "sd-1201", "level": "I", "confirmed": True, "closed": True}, ""),
        ({"finding": "real", "mandatory": "answered", "tasks": ["evacuate"], "commands": {"release": 1}}, ""),
        ({"times": 2}, "1 of them"),
        ({"zone": "12F-west"}, "0 of them"),
        ({"device": "sd-1202"}, "0 of them"),
        ({"mode": "exercise"}, "0 of them"),
        ({"level": "II"}, "INC-000001: level I"),
        ({"confirmed": False}, "INC-000001: confirmed"),
        ({"closed": False}, "INC-000001: closed"),
        ({"finding": "false_alarm"}, "INC-000001: finding real"),
        ({"mandatory": "done"}, "INC-000001: count skipped"),
        ({"tasks": ["count"]}, "INC-000001: count skipped"),
        ({"tasks": ["swim"]}, "INC-000001: swim never issued"),
        ({"commands": {"release": 2}}, "INC-000001: release carried out by 1"),
    ],
)
def test_an_incident_is_as_expected_or_it_is_said_what_is_not(expected: dict[str, Any], fault: str) -> None:
    first = judged(expects={"incidents": [{"incident": "fire", **expected}]})[0]
    assert (first.met, first.found) == (not fault, fault or "as expected")


@pytest.mark.parametrize(
    ("expected", "met"),
    [
        ({"entry": "opened", "at": "58s", "tolerance": "0s"}, True),
        ({"entry": "opened", "at": "53s"}, True),
        ({"entry": "opened", "at": "52s"}, False),
        ({"entry": "acknowledged", "after": "opened", "within": "5s"}, True),
        ({"entry": "acknowledged", "after": "opened", "within": "4s"}, False),
        ({"entry": "opened", "after": "acknowledged"}, False),
        ({"entry": "acknowledged", "after": "closed"}, False),
        ({"entry": "acknowledged", "by": "guard"}, False),
        ({"entry": "level_raised", "facts": {"to": "I"}}, True),
        ({"entry": "level_raised", "facts": {"to": "II"}}, False),
        ({"entry": "level_raised", "hazard": "gas"}, False),
        ({"entry": "opened", "device": "sd-1201", "zone": "12F-east", "hazard": "fire"}, True),
        ({"entry": "opened", "zone": "12F-west"}, False),
        ({"entry": "opened", "times": 1}, True),
        ({"entry": "opened", "times": 2}, False),
        ({"entry": "opened", "times_min": 2}, False),
        ({"entry": "notice_failed", "times": 0}, True),
        ({"entry": "opened", "times": 0}, False),
        ({"entry": "opened", "mode": "exercise"}, False),
    ],
)
def test_an_entry_is_there_in_time_or_it_is_not(expected: dict[str, Any], met: bool) -> None:
    assert judged({"timeline": [expected]})[0].met is met


def test_an_incident_that_nobody_expected_is_a_fault_unless_its_hazard_may_come_besides() -> None:
    stood = [Stood(), Stood(id="INC-000002", hazard="device")]
    listed: dict[str, Any] = {"incidents": [{"incident": "fire"}]}
    written = Expects.model_validate(listed)
    assert [each.met for each in judge(written, ENTRIES, stood, BEGINS, "tower-a")] == [True, False]
    written = Expects.model_validate({**listed, "besides": ["device"]})
    assert [each.met for each in judge(written, ENTRIES, stood, BEGINS, "tower-a")] == [True, True]


def test_what_holds_in_one_mode_alone_is_judged_there_alone() -> None:
    expected = {"entry": "flood_started", "played": "actual"}
    expects = {"timeline": [expected], "besides": ["fire"]}
    assert [each.met for each in judged(expects)] == [False]
    assert judged(expects, Mode.EXERCISE) == []


def test_requests_that_are_refused_are_part_of_the_story_or_a_fault() -> None:
    expects = Expects.model_validate({"refused": 1})
    assert [each.met for each in judge(expects, [], [], BEGINS, "tower-a", refused=1)] == [True]
    assert [each.met for each in judge(expects, [], [], BEGINS, "tower-a", refused=0)] == [False]


def test_the_gravest_level_is_that_which_was_reached_and_not_the_last() -> None:
    assert gravest_levels(ENTRIES) == {"INC-000001": Level.I}


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        ({"entry": "opened", "at": "1s", "after": "opened"}, "at and after in one expectation"),
        ({"entry": "opened", "within": "1s"}, "within needs an after"),
    ],
)
def test_an_expectation_has_one_measure_of_time(expected: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Expects.model_validate({"timeline": [expected]})
