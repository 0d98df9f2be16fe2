"""What a plan does for an incident: which steps are issued when, in which order, and what becomes of tasks."""

from __future__ import annotations

import pytest

from rules.effects import PublishCommand
from rules.incident import Confirmation, Incident, StepStage
from rules.level import Level
from rules.outcome import Refused
from rules.people import Person, Roster
from rules.requests import Assign, ChangeLevel, CompleteTask, Confirm, Finding, Respond, SkipTask
from rules.timeline import Entry, Kind
from tests.support import building
from tests.support.building import FIRE
from tests.support.core import Core

PLAN = """
plans:
  - id: fire
    title: {en: Fire plan, zh: 火灾预案}
    hazard: fire
    lead: safety_officer
    team: [duty_officer, guard]
    acknowledge: {within: 1h, ladder: [duty_officer]}
    first_response_within: 2h
    steps:
      - id: look
        title: {en: Look, zh: 查看}
        task: {role: guard, within: 3min}
      - id: meet
        title: {en: Meet the brigade, zh: 迎接消防队}
        phase: responding
        level: I
        task: {role: guard, mandatory: false}
      - id: call
        title: {en: Call 119, zh: 拨打119}
        level: I
        task: {role: duty_officer}
      - id: vents
        title: {en: Open the vents, zh: 开启排烟窗}
        level: I
        command: {device_class: smoke_vent, command: open}
      - id: sure
        title: {en: Only for a real one, zh: 属实才做}
        confirmed: true
        task: {role: guard, mandatory: false}
      - id: reset
        title: {en: Reset, zh: 复位}
        phase: closing
        task: {role: duty_officer}
"""


def smoking(plans: str = PLAN) -> Core:
    """One detector: a pre-alarm of level II."""
    core = Core(FIRE, plans=plans)
    core.reading("sd-1", smoke=0.2)
    return core


def burning(plans: str = PLAN) -> Core:
    core = Core(FIRE, plans=plans)
    core.reading("mcp-1", alarm=True)
    return core


def issued(incident: Incident) -> list[str]:
    return [step.id for step in incident.steps]


def plan_entries(core: Core) -> list[Entry]:
    return [entry for entry in core.entries if entry.kind is Kind.PLAN]


# ---- which plan


def test_an_incident_says_which_plan_it_follows() -> None:
    core = smoking()
    plan = building.plans(PLAN).plans["fire"]
    assert (core.incident().plan, core.incident().plan_version) == ("fire", plan.version)
    (entry,) = plan_entries(core)
    assert entry.facts["version"] == plan.version
    assert entry.reason == "hazard fire"


def test_a_hazard_without_a_plan_says_so_once_and_nothing_else_happens() -> None:
    core = burning(PLAN.replace("hazard: fire", "hazard: flood"))
    core.reading("sd-1", smoke=0.2)
    core.acknowledge()
    (entry,) = plan_entries(core)
    assert entry.reason == "there is none for hazard fire"
    assert (core.incident().steps, core.incident().ladder, core.effects) == ([], None, [])


def test_where_no_plans_are_in_force_nothing_is_said() -> None:
    core = Core(FIRE)
    core.reading("mcp-1", alarm=True)
    assert plan_entries(core) == []


def test_another_version_of_the_plan_is_followed_from_the_next_change_on() -> None:
    core = smoking()
    core.follow(PLAN.replace("id: look", "id: look-again"))
    assert issued(core.incident()) == ["look"]
    core.acknowledge()
    assert issued(core.incident()) == ["look", "look-again"]
    assert plan_entries(core)[-1].reason == "another version has come into force"


def test_a_plan_that_is_withdrawn_leaves_what_was_issued() -> None:
    core = burning()
    core.follow(PLAN.replace("hazard: fire", "hazard: flood"))
    core.acknowledge()
    assert plan_entries(core)[-1].reason == "plan fire is no longer in force"
    assert issued(core.incident()) == ["vents", "look", "call", "sure"]
    core.wait("2h")


# ---- which steps, and when


def test_a_pre_alarm_issues_what_its_level_calls_for_and_no_command() -> None:
    assert issued(smoking().incident()) == ["look"]


def test_commands_come_before_everything_else_of_their_phase() -> None:
    core = burning()
    assert issued(core.incident()) == ["vents", "look", "call", "sure"]
    kinds = [kind for kind in core.kinds() if kind in (Kind.COMMAND_ISSUED, Kind.TASK_ISSUED)]
    assert kinds == [Kind.COMMAND_ISSUED] * 2 + [Kind.TASK_ISSUED] * 3


def test_a_level_raised_later_issues_the_steps_of_phases_that_are_past() -> None:
    core = smoking()
    core.acknowledge()
    assert issued(core.incident()) == ["look"]
    core.reading("mcp-1", alarm=True)
    assert issued(core.incident()) == ["look", "vents", "call", "sure", "meet"]


def test_each_step_is_issued_once_whatever_happens() -> None:
    core = burning()
    core.reading("sd-1", smoke=0.2)
    core.reading("sd-2", smoke=0.2)
    core.acknowledge()
    core.restart(down="10min")
    core.reading("sd-1", smoke=0)
    core.reading("sd-1", smoke=0.2)
    assert sorted(issued(core.incident())) == ["call", "look", "meet", "sure", "vents"]


def test_closing_steps_come_when_the_sources_are_normal_and_somebody_has_it() -> None:
    core = burning()
    core.reading("mcp-1", alarm=False)
    assert "reset" not in issued(core.incident())
    core.acknowledge()
    assert issued(core.incident())[-1] == "reset"


def test_lowering_the_level_takes_nothing_back() -> None:
    core = burning()
    before = issued(core.incident())
    core.step(ChangeLevel(by="duty-1", incident="INC-000001", level=Level.III, reason="a pan"))
    assert issued(core.incident()) == before


def test_commands_of_a_plan_go_to_the_place_around_the_incident() -> None:
    core = burning(PLAN.replace("class: smoke_vent,", "class: smoke_vent, same: site,"))
    vents = [effect.device for effect in core.effects if isinstance(effect, PublishCommand)]
    assert vents == ["tower-a/vent-1", "tower-a/vent-2", "tower-a/vent-9"]


def test_a_command_that_the_class_no_longer_knows_is_refused_once() -> None:
    core = Core(FIRE, plans=PLAN.replace("command: open", "command: explode"))
    core.reading("mcp-1", alarm=True)
    core.acknowledge()
    refusals = [entry for entry in core.entries if entry.kind is Kind.REFUSED]
    assert [entry.reason for entry in refusals] == ["smoke_vent knows no command explode"]
    assert core.incident().steps[0].stage is StepStage.FAILED


def test_a_step_without_any_device_near_is_left_out_until_there_is_one() -> None:
    core = Core(FIRE, plans=PLAN.replace("smoke_vent, command: open", "siren, command: sound"))
    core.reading("mcp-1", alarm=True)
    assert "vents" not in issued(core.incident())


# ---- a person says how grave it is


def test_a_person_who_confirms_a_pre_alarm_makes_it_the_full_alarm() -> None:
    core = smoking()
    assert core.step(Confirm(by="guard-1", incident="INC-000001", reason="flames")).refused is None
    incident = core.incident()
    assert (incident.confirmation, incident.level, incident.countdown) == (Confirmation.CONFIRMED, Level.I, None)
    assert (core.entry(Kind.CONFIRMED).by, core.entry(Kind.CONFIRMED).reason) == ("guard-1", "flames")
    assert issued(incident) == ["look", "vents", "call", "sure"]


def test_a_pre_alarm_whose_source_is_normal_again_can_still_be_confirmed() -> None:
    core = smoking()
    core.reading("sd-1", smoke=0)
    core.step(Confirm(by="guard-1", incident="INC-000001"))
    assert (core.incident().level, core.entry(Kind.CONFIRMED).reason) == (Level.I, "seen by guard-1")


def test_what_is_confirmed_is_confirmed_once() -> None:
    core = burning()
    assert core.step(Confirm(by="guard-1", incident="INC-000001")).refused == Refused(
        "already_confirmed", "INC-000001 is confirmed"
    )


def test_a_person_raises_the_level_and_more_is_done() -> None:
    core = smoking()
    core.step(ChangeLevel(by="duty-1", incident="INC-000001", level=Level.I, reason="smoke on the stairs"))
    raised = core.entry(Kind.LEVEL_RAISED)
    assert (raised.by, raised.reason, raised.facts) == ("duty-1", "smoke on the stairs", {"from": "II", "to": "I"})
    assert issued(core.incident()) == ["look", "call"], "still a pre-alarm: no command"


def test_a_level_is_lowered_only_with_a_reason() -> None:
    core = burning()
    lower = ChangeLevel(by="duty-1", incident="INC-000001", level=Level.III, reason=" ")
    assert core.step(lower).refused == Refused("reason_missing", "a level is lowered only with a reason")
    assert core.incident().level is Level.I
    core.step(ChangeLevel(by="duty-1", incident="INC-000001", level=Level.III, reason="a pan"))
    assert (core.incident().level, core.incident().lowered_by) == (Level.III, "duty-1")
    assert core.entry(Kind.LEVEL_LOWERED).facts == {"from": "I", "to": "III"}


def test_the_level_it_has_is_no_change() -> None:
    refused = burning().step(ChangeLevel(by="duty-1", incident="INC-000001", level=Level.I, reason="x")).refused
    assert refused == Refused("same_level", "INC-000001 is of level I already")


def test_after_a_person_lowered_it_new_evidence_raises_it_again() -> None:
    core = burning()
    core.step(ChangeLevel(by="duty-1", incident="INC-000001", level=Level.III, reason="a pan"))
    core.reading("sd-1", smoke=0.2)
    core.reading("sd-2", smoke=0.2)
    assert core.incident().level is Level.I


# ---- people


def test_an_incident_is_assigned_to_a_person() -> None:
    core = burning()
    core.acknowledge(by="duty-1")
    assert core.incident().owner == "duty-1"
    core.step(Assign(by="duty-1", incident="INC-000001", to="safety-1"))
    assert (core.incident().owner, core.entry(Kind.ASSIGNED).facts) == ("safety-1", {"to": "safety-1"})


def test_nobody_and_strangers_are_assigned_nothing() -> None:
    roster = Roster(people={"duty-1": Person("duty-1", "Duty officer 1", ("duty_officer",), "en", ())})
    core = Core(FIRE, plans=PLAN, roster=roster)
    core.reading("mcp-1", alarm=True)
    ask = core.step(Assign(by="duty-1", incident="INC-000001", to="")).refused
    assert ask == Refused("owner_missing", "nobody is named")
    ask = core.step(Assign(by="duty-1", incident="INC-000001", to="safety-1")).refused
    assert ask == Refused("unknown_person", "safety-1 is not in the roster")


def test_the_first_responder_is_noted_once_and_has_taken_it() -> None:
    core = burning()
    core.step(Respond(by="guard-1", incident="INC-000001", note="at the door"))
    incident = core.incident()
    assert (incident.first_response_at, incident.first_response_by) == (core.now, None)
    assert (incident.acknowledged_by, core.entry(Kind.RESPONDED).facts) == ("guard-1", {"note": "at the door"})
    refused = core.step(Respond(by="guard-2", incident="INC-000001")).refused
    assert refused == Refused("already_responded", "the first responder to INC-000001 is on site already")


# ---- tasks


def test_a_task_is_done_by_a_person() -> None:
    core = burning()
    core.step(CompleteTask(by="guard-1", incident="INC-000001", step="look", note="a fire"))
    step = core.incident().step("look")
    assert step is not None
    assert (step.stage, step.done_by, step.done_at, step.note) == (StepStage.DONE, "guard-1", core.now, "a fire")
    entry = core.entry(Kind.TASK_DONE)
    assert (entry.by, entry.facts, entry.reason) == (
        "guard-1",
        {"title_en": "Look", "title_zh": "查看", "note": "a fire"},
        "",
    )
    again = core.step(CompleteTask(by="guard-2", incident="INC-000001", step="look")).refused
    assert again == Refused("task_ended", "look was ended by guard-1")


def test_a_mandatory_task_is_left_out_only_with_a_reason() -> None:
    core = burning()
    refused = core.step(SkipTask(by="duty-1", incident="INC-000001", step="call", reason="")).refused
    assert refused == Refused("reason_missing", "call is mandatory; it is left out only with a reason")
    assert core.step(SkipTask(by="duty-1", incident="INC-000001", step="sure", reason="")).refused is None
    assert core.step(SkipTask(by="duty-1", incident="INC-000001", step="call", reason="they are here")).refused is None
    assert core.entry(Kind.TASK_SKIPPED).reason == "they are here"


@pytest.mark.parametrize("step", ["vents", "reset", "nothing"])
def test_what_is_no_task_of_the_incident_is_refused_with_those_that_are(step: str) -> None:
    refused = burning().step(CompleteTask(by="guard-1", incident="INC-000001", step=step)).refused
    assert refused == Refused("unknown_task", f"INC-000001 has no task {step} (to do: look, call, sure)")


def test_a_task_past_its_limit_is_overdue_and_the_lead_is_told() -> None:
    core = burning()
    core.wait("3min")
    step = core.incident("INC-000001").step("look")
    assert step is not None
    assert step.overdue
    overdue, escalated = core.entry(Kind.OVERDUE), core.entry(Kind.ESCALATED)
    assert (overdue.facts["title_en"], overdue.reason) == ("Look", "not done within 3min")
    assert (escalated.facts, escalated.reason) == ({"role": "safety_officer"}, "not done within 3min")
    core.step(CompleteTask(by="guard-1", incident="INC-000001", step="look"))
    assert core.entry(Kind.TASK_DONE).reason == "after its limit"
    core.wait("1h")
    assert core.kinds().count(Kind.OVERDUE) == 1


def test_a_task_done_at_the_instant_of_its_limit_is_in_time() -> None:
    core = burning()
    core.now += 180_000
    core.step(CompleteTask(by="guard-1", incident="INC-000001", step="look"))
    assert Kind.OVERDUE not in core.kinds()


def test_a_limit_that_passed_while_the_gateway_was_down_says_how_late() -> None:
    core = burning()
    core.restart(down="10min")
    assert core.entry(Kind.OVERDUE).late_ms == 7 * 60_000


def test_a_false_alarm_leaves_out_what_was_to_do() -> None:
    core = burning()
    core.reading("mcp-1", alarm=False)
    core.acknowledge()
    core.step(CompleteTask(by="duty-1", incident="INC-000001", step="reset"))
    assert core.resolve(finding=Finding.FALSE_ALARM).refused is None
    steps = {step.id: (step.stage, step.note) for step in core.incident("INC-000001").steps}
    assert steps["call"] == (StepStage.SKIPPED, "it was a false alarm")
    assert core.kinds()[-5:-1] == [Kind.TASK_SKIPPED] * 4
