"""What people report: an incident without a device, and its way to the end."""

from __future__ import annotations

from typing import Any

import pytest

from rules.incident import CommandStage, Confirmation, Incident, Phase, StepStage
from rules.level import Level
from rules.mode import Mode
from rules.outcome import Outcome, Refused
from rules.requests import (
    Acknowledge,
    ClearDeadLetters,
    EndReport,
    Finding,
    ReportIncident,
    Resolve,
    WithdrawCommand,
)
from rules.signal import Signal
from rules.timeline import Kind
from tests.support.building import FIRE, FIRE_PLAN
from tests.support.core import Core

EAST = "tower-a/12F-east"
CLOSING = """
plans:
  - id: fire
    title: {en: Fire}
    hazard: fire
    lead: officer
    team: [officer]
    acknowledge: {ladder: [officer]}
    steps:
      - {id: vents, title: {en: Vents}, level: II, command: {device_class: smoke_vent, same: floor, command: open}}
      - {id: reset, title: {en: Reset}, phase: closing, level: III, task: {role: officer}}
"""


def a_core(plans: str = FIRE_PLAN) -> Core:
    core = Core(FIRE, plans=plans)
    core.listen()
    return core


def report(core: Core, **given: Any) -> Outcome:
    said = {"by": "guard", "zone": EAST, "hazard": "fire", "level": Level.II, "note": "smoke in the corridor"}
    return core.step(ReportIncident(**{**said, **given}))


def reported(core: Core) -> Incident:
    """The first: what Tocsin finds wrong by itself (nobody to tell) may be another."""
    return core.state.incidents["INC-000001"]


def test_what_a_person_reports_is_an_incident_in_its_zone_confirmed_at_once() -> None:
    core = a_core()
    report(core)
    incident = reported(core)
    assert (incident.zone, incident.floor, incident.building) == (EAST, "12F", "tower")
    assert (incident.level, incident.signal, incident.phase) == (Level.II, Signal.ALARM, Phase.ACTIVATED)
    assert incident.confirmation is Confirmation.CONFIRMED
    assert incident.first_response_by is not None
    assert incident.stale_at is not None
    assert incident.ladder is not None


def test_a_supervisory_report_confirms_nothing() -> None:
    core = a_core()
    report(core, signal=Signal.SUPERVISORY, level=Level.III)
    assert reported(core).confirmation is Confirmation.NOT_NEEDED


def test_a_report_of_level_one_runs_the_plan() -> None:
    core = a_core()
    report(core, level=Level.I)
    assert [effect.device for effect in core.effects] == ["tower-a/vent-1", "tower-a/vent-2"]


def test_a_report_ends_the_pre_alarm_of_its_zone_and_joins_it() -> None:
    core = a_core()
    core.reading("sd-1", smoke=0.3)
    assert reported(core).confirmation is Confirmation.PRE_ALARM
    report(core, device="tower-a/sd-1", level=Level.I)
    assert reported(core).confirmation is Confirmation.CONFIRMED
    assert reported(core).countdown is None
    assert reported(core).level is Level.I
    assert [each.rule for each in reported(core).evidence] == ["smoke-high", "report/INC-000001"]


def test_one_detector_makes_no_pre_alarm_of_what_was_reported() -> None:
    core = a_core()
    report(core)
    core.reading("sd-1", smoke=0.3)
    core.wait("1min")
    assert reported(core).confirmation is Confirmation.CONFIRMED
    assert Kind.PRE_ALARM not in core.kinds("INC-000001")


def test_reported_again_it_is_the_same_evidence_and_the_graver_level() -> None:
    core = a_core()
    report(core)
    report(core, level=Level.I, by="engineer")
    report(core, level=Level.III)
    (evidence,) = reported(core).evidence
    assert (evidence.times, evidence.level, reported(core).level) == (3, Level.I, Level.I)


def test_an_exercise_is_an_incident_of_its_own() -> None:
    core = a_core()
    report(core)
    report(core, mode=Mode.EXERCISE, level=Level.I)
    fires = [each for each in core.state.incidents.values() if each.hazard == "fire"]
    assert [each.mode for each in fires] == [Mode.ACTUAL, Mode.EXERCISE]
    assert {effect.mode for effect in core.effects} == {Mode.EXERCISE}


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"zone": "tower-a/13F"}, "unknown_zone"),
        ({"hazard": "boredom"}, "unknown_hazard"),
        ({"device": "tower-a/sd-9"}, "unknown_device"),
        ({"device": "tower-a/nothing"}, "unknown_device"),
        ({"note": " \n"}, "note_missing"),
    ],
)
def test_a_report_that_says_nothing_usable_is_refused_and_stands_on_the_timeline(
    wrong: dict[str, Any], code: str
) -> None:
    core = a_core()
    refused = report(core, **wrong).refused
    assert refused is not None
    assert refused.code == code
    assert core.state.incidents == {}
    assert core.entries[-1].kind is Kind.REFUSED
    assert core.entries[-1].by == "guard"


# ---- its end


def test_it_is_resolved_only_when_somebody_has_said_that_it_is_over_and_its_closing_tasks_are_done() -> None:
    core = a_core(CLOSING)
    report(core, level=Level.III)
    core.step(Acknowledge(incident="INC-000001", by="officer", role="officer"))
    assert code_of(core.resolve(by="officer")) == "sources_not_normal"
    core.step(EndReport(incident="INC-000001", by="guard", note="it is out"))
    assert reported(core).phase is Phase.CLOSING
    assert code_of(core.resolve(by="officer")) == "tasks_open"
    reset = reported(core).step("reset")
    assert reset is not None
    reset.stage = StepStage.DONE
    assert core.resolve(by="officer").refused is None
    assert reported(core).phase is Phase.CLOSED


def test_it_never_closes_by_itself() -> None:
    core = a_core()
    report(core, signal=Signal.SUPERVISORY, level=Level.III)
    core.step(EndReport(incident="INC-000001", by="guard"))
    core.wait("1d")
    assert reported(core).open


def test_seen_again_it_is_open_again() -> None:
    core = a_core()
    report(core)
    core.step(Acknowledge(incident="INC-000001", by="officer", role="officer"))
    core.step(EndReport(incident="INC-000001", by="guard"))
    report(core)
    assert reported(core).phase is Phase.RESPONDING
    assert not reported(core).sources_normal


def test_a_report_ends_once_and_a_device_is_not_spoken_for() -> None:
    core = a_core()
    report(core)
    assert core.step(EndReport(incident="INC-000001", by="guard")).refused is None
    assert code_of(core.step(EndReport(incident="INC-000001", by="guard"))) == "report_ended"
    core.reading("sd-8", smoke=0.3)
    by_device = core.state.groups["actual|tower-a/12F-west|fire"]
    assert code_of(core.step(EndReport(incident=by_device, by="guard"))) == "not_reported"


def test_after_it_is_closed_another_report_is_another_incident() -> None:
    core = a_core()
    report(core)
    core.step(EndReport(incident="INC-000001", by="guard"))
    core.step(Resolve(incident="INC-000001", by="officer", finding=Finding.FALSE_ALARM, cause="steam"))
    report(core)
    assert [each.open for each in core.state.incidents.values() if each.hazard == "fire"] == [False, True]


def test_it_survives_a_restart() -> None:
    core = a_core()
    report(core)
    core.restart("10s")
    assert core.step(EndReport(incident="INC-000001", by="guard")).refused is None


# ---- a command that is taken back


def withdraw(core: Core, **given: Any) -> Outcome:
    said = {"incident": "INC-000001", "by": "officer", "role": "officer", "command": "CMD-000001", "reason": "jammed"}
    return core.step(WithdrawCommand(**{**said, **given}))


def test_a_command_taken_back_is_neither_published_nor_tried_again() -> None:
    core = a_core(CLOSING)
    report(core)
    outcome = withdraw(core)
    assert outcome.settled == ["CMD-000001"]
    core.wait("10min")
    stages = {each.id: each.stage for each in reported(core).commands if each.device == "tower-a/vent-1"}
    assert stages == {"CMD-000001": CommandStage.WITHDRAWN}
    assert core.entries[-1].kind is not Kind.COMMAND_FAILED


def test_a_step_whose_commands_are_all_taken_back_is_left_out() -> None:
    core = a_core(CLOSING)
    report(core)
    for command in list(core.state.commands):
        withdraw(core, command=command)
    step = reported(core).step("vents")
    assert step is not None
    assert step.stage is StepStage.SKIPPED
    assert "taken back by officer: jammed" in step.note


def test_what_the_device_did_all_the_same_is_done() -> None:
    core = a_core(CLOSING)
    report(core)
    withdraw(core)
    core.answer("CMD-000001", "vent-1")
    assert reported(core).commands[0].stage is CommandStage.DONE


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"command": "CMD-000099"}, "no_such_command"),
        ({"reason": " "}, "reason_missing"),
        ({"by": "guard", "role": "guard"}, "not_authorised"),
    ],
)
def test_a_command_is_not_taken_back_by_anybody_for_no_reason(given: dict[str, str], code: str) -> None:
    core = a_core(CLOSING)
    report(core)
    assert code_of(withdraw(core, **given)) == code


def test_a_command_that_was_answered_cannot_be_taken_back() -> None:
    core = a_core(CLOSING)
    report(core)
    core.answer("CMD-000001", "vent-1")
    assert code_of(withdraw(core)) == "command_ended"


# ---- the gateway's own


def test_clearing_what_was_not_understood_says_who_and_why() -> None:
    core = a_core()
    core.step(ClearDeadLetters(by="engineer", reason="its sender is set up", fault="bad json", letters=4))
    entry = core.entries[-1]
    assert (entry.kind, entry.by, entry.facts) == (
        Kind.LETTERS_CLEARED,
        "engineer",
        {"count": 4.0, "fault": "bad json"},
    )
    assert code_of(core.step(ClearDeadLetters(by="engineer", reason=" "))) == "reason_missing"


def code_of(outcome: Outcome) -> str:
    assert isinstance(outcome.refused, Refused)
    return outcome.refused.code
