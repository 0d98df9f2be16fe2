"""A fire in two zones of one building: what is done once, by which incident, and who does it when that one ends."""

from __future__ import annotations

from rules.effects import PublishCommand, SendToAuthority
from rules.incident import StepStage
from rules.mode import Mode
from rules.requests import CompleteTask, Finding, SkipTask
from rules.timeline import Kind
from tests.support.building import FIRE, ZONES, directory
from tests.support.core import Core
from tests.support.roster import roster

PLAN = """
plans:
  - id: fire
    title: {en: Fire, zh: 火灾}
    hazard: fire
    lead: safety_officer
    team: [duty_officer, engineer]
    acknowledge: {within: 1h, ladder: [duty_officer, safety_officer]}
    first_response_within: 2h
    steps:
      - id: vents
        title: {en: Vents}
        level: I
        command: {device_class: smoke_vent, same: building, command: open, retries: 0}
      - {id: brigade, title: {en: Call}, level: I, once: building, task: {role: duty_officer}}
      - {id: inform, title: {en: Inform}, level: I, once: building, authority: {to: fire_brigade, event: Fire}}
      - {id: leave, title: {en: Leave}, level: I, once: building, occupant_notice: {template: fire_evacuate}}
      - {id: look, title: {en: Look}, level: I, task: {role: duty_officer}}
      - {id: reset, title: {en: Reset}, level: I, phase: closing, once: building, task: {role: engineer}}
      - id: over
        title: {en: Over}
        level: I
        phase: closing
        once: building
        occupant_notice: {template: occupants_all_clear}
"""
EAST, WEST = "INC-000001", "INC-000002"


def burning(*call_points: str, plans: str = PLAN) -> Core:
    """In the order in which they are pressed."""
    zones = {**ZONES, "12F-west": {**ZONES["12F-west"], "mcp-2": "call_point"}}
    core = Core(FIRE, site=directory(zones), plans=plans, roster=roster())
    for call_point in call_points:
        core.reading(call_point, alarm=True)
        core.wait("1s")
    return core


def opened(core: Core) -> list[str]:
    return [each.device.removeprefix("tower-a/") for each in core.effects if isinstance(each, PublishCommand)]


def steps(core: Core, incident: str) -> dict[str, str]:
    """Step → its stage, or the incident that has it."""
    return {each.id: each.carried_by or each.stage.value for each in core.incident(incident).steps}


def normal(core: Core, incident: str, call_point: str, *tasks: str) -> None:
    core.acknowledge(incident=incident)
    core.reading(call_point, alarm=False)
    for task in tasks:
        done = core.step(CompleteTask(by="duty-1", incident=incident, step=task))
        assert done.refused is None, done.refused


def test_the_second_zone_has_no_call_no_evacuation_and_no_cap_alert_of_its_own() -> None:
    core = burning("mcp-1", "mcp-2")
    carried = dict.fromkeys(("brigade", "inform", "leave", "vents"), EAST)
    assert steps(core, WEST) == {"vents": "skipped", "look": "issued"} | {
        k: v for k, v in carried.items() if k != "vents"
    }
    assert core.incident(WEST).authority_messages == []
    told = [entry for entry in core.entries if entry.kind is Kind.CARRIED and entry.incident == WEST]
    assert [entry.facts["title_en"] for entry in told] == ["Vents", "Call", "Inform", "Leave"]
    assert told[1].reason == "done for the whole building in INC-000001"


def test_the_authority_is_told_of_the_other_zone_by_an_update() -> None:
    core = burning("mcp-1", "mcp-2")
    assert [each.kind for each in core.incident(EAST).authority_messages] == ["Alert", "Update"]
    documents = [each.document for each in core.effects if isinstance(each, SendToAuthority)]
    assert "12F-west" not in documents[0]
    assert "also: 12F, 12F-west" in documents[1]


def test_a_device_is_not_told_again_within_a_minute_but_is_later() -> None:
    core = burning("mcp-1", "mcp-2")
    assert opened(core) == ["vent-1", "vent-2", "vent-9"]
    core = burning("mcp-1")
    for number in (1, 2, 3):
        core.answer(f"CMD-{number:06d}", opened(core)[number - 1])
    core.wait("1min")
    core.reading("mcp-2", alarm=True)
    assert opened(core) == ["vent-1", "vent-2", "vent-9"] * 2


def test_a_device_that_did_not_do_it_is_told_again_at_once() -> None:
    core = burning("mcp-1")
    core.wait("30s")
    core.reading("mcp-2", alarm=True)
    assert opened(core) == ["vent-1", "vent-2", "vent-9"] * 2


def test_when_the_first_was_a_false_alarm_the_second_has_everything_to_do_itself() -> None:
    core = burning("mcp-1", "mcp-2")
    normal(core, EAST, "mcp-1")
    for task in ("brigade", "look"):
        core.step(SkipTask(by="duty-1", incident=EAST, step=task, reason="a prank"))
    assert core.resolve(EAST, finding=Finding.FALSE_ALARM, cause="a prank").refused is None
    assert steps(core, WEST)["brigade"] == steps(core, WEST)["inform"] == "issued"
    assert [each.kind for each in core.incident(WEST).authority_messages] == ["Alert"]


def test_what_the_first_has_done_stays_done_when_it_is_over() -> None:
    core = burning("mcp-1", "mcp-2")
    normal(core, EAST, "mcp-1", "brigade", "look")
    assert core.resolve(EAST).refused is None
    west = core.incident(WEST).step("brigade")
    assert west is not None
    assert (west.stage, west.carried_by) == (StepStage.SKIPPED, EAST)


def test_nobody_is_told_that_it_is_over_while_it_burns_next_door() -> None:
    core = burning("mcp-1", "mcp-2")
    normal(core, EAST, "mcp-1", "brigade", "look")
    assert (steps(core, EAST)["over"], steps(core, EAST)["reset"]) == (WEST, WEST)
    assert core.resolve(EAST).refused is None
    normal(core, WEST, "mcp-2", "look", "reset")
    assert steps(core, WEST)["over"] == "issued"


def test_who_was_told_that_it_is_over_is_told_again_to_leave_when_it_burns_anew() -> None:
    core = burning("mcp-1")
    normal(core, EAST, "mcp-1")
    assert steps(core, EAST)["over"] == "issued"
    core.reading("mcp-2", alarm=True)
    assert steps(core, WEST)["leave"] == "issued"


def test_what_was_left_to_a_zone_that_was_none_is_told_before_that_one_closes() -> None:
    core = burning("mcp-1", "mcp-2", plans=PLAN.replace("phase: closing, once: building, task", "task"))
    normal(core, EAST, "mcp-1", "brigade", "look", "reset")
    assert core.resolve(EAST).refused is None
    core.reading("mcp-2", alarm=False)
    for task in ("look", "reset"):
        core.step(SkipTask(by="duty-1", incident=WEST, step=task, reason="a prank"))
    assert core.resolve(WEST, finding=Finding.FALSE_ALARM).refused is None
    assert steps(core, WEST)["over"] == "issued"


def test_a_real_fire_leaves_nothing_to_an_exercise() -> None:
    core = burning()
    core.reading("mcp-1", mode=Mode.TEST, alarm=True)
    core.reading("mcp-2", alarm=True)
    assert steps(core, WEST)["brigade"] == "issued"
