"""What has to be done before an incident closes, and that a refusal lists all of it."""

from __future__ import annotations

from rules.incident import Incident, Phase, StepStage
from rules.instant import HOUR_MS, MINUTE_MS
from rules.outcome import Refused
from rules.requests import CompleteTask, Finding, PutOnShelf, SkipTask
from rules.timeline import Kind
from tests.support.building import rule, ruleset
from tests.support.core import Core

BY_PERSON = ruleset(rule("{metric: smoke, above: 1}"))
BY_ITSELF = ruleset(rule("{metric: smoke, above: 1}", closes="when_normal"))

PLAN = """
plans:
  - id: test
    title: {en: Test plan, zh: 测试预案}
    hazard: test
    lead: lead
    team: [engineer]
    acknowledge: {within: 1h, ladder: [engineer]}
    first_response_within: 2h
    steps:
      - {id: look, title: {en: Look, zh: 查看}, task: {role: engineer}}
      - {id: ask, title: {en: Ask, zh: 询问}, task: {role: engineer, mandatory: false, within: 1h}}
      - {id: reset, title: {en: Reset, zh: 复位}, phase: closing, task: {role: engineer}}
"""
ORDER = PLAN + "      - {id: mend, title: {en: Mend it, zh: 维修}, work_order: {}}\n"
OPTIONAL = """
plans:
  - id: test
    title: {en: Test plan, zh: 测试预案}
    hazard: test
    lead: lead
    team: [engineer]
    acknowledge: {within: 1h, ladder: [engineer]}
    steps:
      - {id: ask, title: {en: Ask, zh: 询问}, task: {role: engineer, mandatory: false, within: 1h}}
"""


def smoking(plans: str = PLAN, rules: object = BY_PERSON) -> Core:
    core = Core(rules, plans=plans)  # type: ignore[arg-type]
    core.reading("sd-1", smoke=2)
    return core


def do(core: Core, *steps: str) -> None:
    for step in steps:
        assert core.step(CompleteTask(by="engineer-1", incident="INC-000001", step=step)).refused is None


def stage(incident: Incident, step: str) -> StepStage:
    found = incident.step(step)
    assert found is not None
    return found.stage


def test_a_refusal_lists_everything_that_is_missing() -> None:
    core = smoking(ORDER)
    core.acknowledge()
    refused = core.resolve(cause=" ").refused
    assert refused == Refused(
        "sources_not_normal",
        "still holds: r at tower-a/sd-1; not done: look; "
        "neither verified nor handed over: WO-000001; no cause is given",
    )
    assert core.entry(Kind.REFUSED).reason == refused.reason


def test_what_is_normal_still_waits_for_its_mandatory_tasks() -> None:
    core = smoking()
    core.acknowledge()
    core.reading("sd-1", smoke=0)
    assert core.resolve().refused == Refused("tasks_open", "not done: look, reset")
    do(core, "look")
    assert core.resolve().refused == Refused("tasks_open", "not done: reset")
    do(core, "reset")
    assert core.resolve().refused is None


def test_a_mandatory_task_left_out_with_a_reason_holds_up_nothing() -> None:
    core = smoking()
    core.acknowledge()
    core.reading("sd-1", smoke=0)
    do(core, "reset")
    core.step(SkipTask(by="duty-1", incident="INC-000001", step="look", reason="seen by camera"))
    assert core.resolve().refused is None


def test_what_nobody_has_taken_yet_has_its_closing_tasks_before_it() -> None:
    core = smoking()
    core.reading("sd-1", smoke=0)
    do(core, "look")
    assert core.resolve().refused == Refused("tasks_open", "not done: reset")
    core.acknowledge()
    do(core, "reset")
    assert core.resolve().refused is None


def test_an_order_that_is_open_holds_it_up() -> None:
    core = smoking(ORDER)
    core.acknowledge()
    core.reading("sd-1", smoke=0)
    do(core, "look", "reset")
    assert core.resolve().refused == Refused("orders_open", "neither verified nor handed over: WO-000001")


def test_an_empty_cause_is_none() -> None:
    core = smoking(OPTIONAL)
    core.acknowledge()
    core.reading("sd-1", smoke=0)
    assert core.resolve(cause="").refused == Refused("cause_missing", "no cause is given")


def test_a_false_alarm_wants_only_what_sets_things_right_again() -> None:
    core = smoking()
    core.acknowledge()
    core.reading("sd-1", smoke=0)
    assert core.resolve(finding=Finding.FALSE_ALARM).refused == Refused("tasks_open", "not done: reset")
    do(core, "reset")
    assert core.resolve(finding=Finding.FALSE_ALARM).refused is None


def test_optional_tasks_that_are_left_are_left_out_with_the_reason() -> None:
    core = smoking(OPTIONAL)
    core.acknowledge()
    core.reading("sd-1", smoke=0)
    core.resolve()
    assert stage(core.incident(), "ask") is StepStage.SKIPPED
    assert core.entry(Kind.TASK_SKIPPED).reason == "resolved by duty.officer"
    core.wait("2h")
    assert Kind.OVERDUE not in core.kinds()


def test_closing_tasks_are_issued_with_the_phase() -> None:
    core = smoking()
    core.acknowledge()
    core.reading("sd-1", smoke=0)
    assert core.incident().phase is Phase.CLOSING
    assert stage(core.incident(), "reset") is StepStage.ISSUED


def test_what_a_burnt_detector_began_is_closed_without_tasks_that_never_came() -> None:
    core = smoking(PLAN.replace("id: look,", "id: look, level: I,"))
    core.listen()
    core.wait("10min")
    core.acknowledge()
    assert core.resolve().refused is None


# ---- by itself


def test_what_may_close_by_itself_waits_for_its_mandatory_tasks() -> None:
    core = smoking(rules=BY_ITSELF)
    core.reading("sd-1", smoke=0)
    assert core.incident().open
    core.wait(MINUTE_MS)
    do(core, "look")
    assert core.incident().open, "nobody has it: its closing task has not come"
    core.acknowledge()
    do(core, "reset")
    assert (core.incident().phase, core.incident().closed_by) == (Phase.CLOSED, "tocsin")


def test_optional_tasks_hold_nothing_up() -> None:
    core = smoking(OPTIONAL, BY_ITSELF)
    core.reading("sd-1", smoke=0)
    assert core.incident().closed_by == "tocsin"
    assert core.entry(Kind.TASK_SKIPPED).reason == "closed by itself"


def test_a_detector_that_stays_in_alarm_is_set_aside_once_it_is_on_a_shelf() -> None:
    core = smoking()
    do(core, "look")
    assert core.resolve(finding=Finding.FALSE_ALARM).refused is not None
    core.step(PutOnShelf(by="engineer-1", second="lead-1", reason="stuck", device="tower-a/sd-1", duration_ms=HOUR_MS))
    assert core.resolve(finding=Finding.FALSE_ALARM).refused is None
    assert core.entry(Kind.GIVEN_UP).reason == "kept quiet by shelf SH-000001 when duty.officer resolved the incident"
    assert not core.incident("INC-000001").open


def test_what_was_set_aside_is_raised_anew_when_its_shelf_ends_and_it_still_holds() -> None:
    core = smoking(plans=OPTIONAL)
    core.step(PutOnShelf(by="engineer-1", second="lead-1", reason="stuck", device="tower-a/sd-1", duration_ms=HOUR_MS))
    assert core.resolve(finding=Finding.FALSE_ALARM).refused is None
    core.wait("59min")
    assert len(core.state.incidents) == 1
    core.wait("1min")
    assert core.incident("INC-000002").evidence[0].device == "tower-a/sd-1"


def test_what_was_set_aside_and_is_normal_again_raises_nothing() -> None:
    core = smoking(plans=OPTIONAL)
    core.step(PutOnShelf(by="engineer-1", second="lead-1", reason="stuck", device="tower-a/sd-1", duration_ms=HOUR_MS))
    assert core.resolve(finding=Finding.FALSE_ALARM).refused is None
    core.reading("sd-1", smoke=0)
    core.wait("2h")
    assert list(core.state.incidents) == ["INC-000001"]
    core.reading("sd-1", smoke=2)
    assert core.incident("INC-000002").open
