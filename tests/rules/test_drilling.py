"""The life of a drill: started, suspended by what is real, resumed, ended, aborted; and what is left of it then."""

from __future__ import annotations

import pytest

from rules.drill import TRANSITIONS, Stage
from rules.events import AuditFailed
from rules.instant import HOUR_MS, MINUTE_MS, SECOND_MS
from rules.mode import Mode
from rules.order import Node, OrderStep
from rules.outcome import Refused
from rules.requests import (
    Acknowledge,
    AddNote,
    AdvanceOrder,
    CompleteTask,
    Finding,
    HandOverOrder,
    PutOnShelf,
    Resolve,
    ResumeDrill,
    TakeTheory,
)
from rules.state import decode_state
from rules.timeline import Kind
from tests.support.building import SITE
from tests.support.drills import DRILL, LEADER, DrillCore
from tests.support.happenings import again


def code(refused: Refused | None) -> str:
    assert refused is not None
    return refused.code


def drilled() -> DrillCore:
    """A drill is on, and a call point has been pressed in it: INC-000001."""
    core = DrillCore()
    core.start()
    core.alarm()
    return core


# ---- starting


def test_what_is_told_on_the_exercise_tree_belongs_to_the_drill_that_is_on() -> None:
    core = drilled()
    assert core.incident().drill == DRILL
    assert core.drill.incidents == ["INC-000001"]
    assert core.drill.hazards == ["fire"]
    assert core.entry(Kind.DRILL).mode is Mode.EXERCISE


def test_one_drill_is_on_at_a_site_at_a_time() -> None:
    core = DrillCore()
    core.start()
    assert code(core.start().refused) == "drill_running"


def test_a_drill_is_not_started_at_a_site_that_is_not_there() -> None:
    assert code(DrillCore().start(site="tower-z").refused) == "unknown_site"


@pytest.mark.parametrize("lasts", [0, 59_000, 25 * HOUR_MS])
def test_a_drill_lasts_from_a_minute_to_a_day(lasts: int) -> None:
    assert code(DrillCore().start(lasts=lasts).refused) == "bad_duration"


def test_a_drill_is_not_started_beside_a_real_alarm() -> None:
    core = DrillCore()
    core.alarm(Mode.ACTUAL)
    refused = core.start().refused
    assert code(refused) == "real_alarm"
    assert "INC-000001" in refused.reason


def test_what_is_left_of_an_exercise_is_cleared_away_when_a_drill_begins() -> None:
    core = DrillCore()
    core.alarm()
    core.start()
    assert not core.incident().open
    assert not core.state.detections
    core.alarm()  # the same device says the same: for this drill it is news
    assert core.drill.incidents == ["INC-000002"]


# ---- the end


def test_when_a_drill_ends_nothing_of_it_goes_on() -> None:
    core = drilled()
    core.end()
    incident = core.incident()
    assert (core.drill.stage, core.drill.ended_by) == (Stage.ENDED, LEADER)
    assert (incident.open, incident.closed_by) == (False, "tocsin")
    assert not core.state.commands
    assert not [each for each in core.state.orders.values() if each.open]
    before = len(core.effects)
    core.wait("2h")
    later = core.effects[before:]
    assert later == []


def test_a_drill_that_nobody_ends_ends_by_itself_and_is_scored() -> None:
    core = DrillCore()
    core.start(lasts=10 * MINUTE_MS)
    core.wait("10min")
    assert (core.drill.stage, core.drill.ended_by) == (Stage.ENDED, "tocsin")
    assert core.drill.score is not None
    assert core.entry(Kind.DRILL).facts["what"] == "scored"


def test_an_aborted_drill_has_no_score_and_needs_a_reason() -> None:
    core = drilled()
    assert code(core.abort(" ").refused) == "reason_missing"
    core.abort()
    assert (core.drill.stage, core.drill.score) == (Stage.ABORTED, None)
    assert core.drill.reason == "the lobby is crowded"


def test_a_player_that_stops_late_starts_nothing_anew() -> None:
    core = drilled()
    core.abort()
    core.wait("5s")
    core.alarm(device="mcp-1")
    assert core.entry(Kind.SUPPRESSED).reason == f"drill {DRILL}: it is over"
    assert len(core.state.incidents) == 1
    core.wait("20min")
    assert len(core.state.incidents) == 1


def test_what_can_be_done_with_a_drill_stands_in_its_table() -> None:
    core = drilled()
    assert code(core.resume().refused) == "wrong_stage"
    core.end()
    for asked in (core.end, core.abort, core.suspend, core.resume):
        assert code(asked().refused) == "wrong_stage"
    assert {stage for stage, _ in TRANSITIONS} == {Stage.RUNNING, Stage.SUSPENDED}


def test_a_drill_that_is_not_known_is_refused() -> None:
    assert code(DrillCore().end().refused) == "unknown_drill"


def test_a_drill_that_is_over_leaves_the_state_after_a_month() -> None:
    core = drilled()
    core.end()
    core.wait("29d")
    assert DRILL in core.state.drills
    core.wait("1d")
    assert DRILL not in core.state.drills


# ---- what is real breaks through


def test_a_real_alarm_suspends_the_drill_before_anything_else_comes_of_it() -> None:
    core = drilled()
    outcome = core.last
    core.alarm(Mode.ACTUAL)
    outcome = core.last
    kinds = [entry.kind for entry in outcome.entries]
    assert kinds.index(Kind.DRILL) < kinds.index(Kind.COMMAND_ISSUED)
    assert (core.drill.stage, core.drill.suspended_for) == (Stage.SUSPENDED, "INC-000002")


def test_whoever_is_in_the_drill_is_told_that_it_is_suspended_and_why() -> None:
    core = drilled()
    core.alarm(Mode.ACTUAL)
    told = [each for each in core.last.effects if getattr(each, "mode", None) is Mode.EXERCISE]
    assert {each.person for each in told} == {"duty-officer-1", "safety-officer-1", "engineer-1"}
    english = next(each for each in told if each.person == "duty-officer-1")
    assert english.title == f"EXERCISE: DRILL SUSPENDED: {DRILL}"
    assert "a real alarm: INC-000002" in english.body


def test_while_a_drill_is_suspended_nothing_comes_of_it() -> None:
    core = drilled()
    core.alarm(Mode.ACTUAL)
    before = len(core.effects)
    core.reading("mcp-1", mode=Mode.EXERCISE, alarm=False)
    core.reading("sd-9", mode=Mode.EXERCISE, smoke=0.4)
    core.wait("30min")
    ours = [each for each in core.effects[before:] if each.mode is Mode.EXERCISE]
    assert [type(each).__name__ for each in ours] == []
    quiet = [entry for entry in core.entries if entry.kind is Kind.SUPPRESSED]
    assert {entry.reason for entry in quiet} == {f"drill {DRILL}: it is suspended"}


def test_while_a_drill_is_suspended_its_people_can_do_nothing_but_take_notes() -> None:
    core = drilled()
    core.suspend()
    refused = core.step(Acknowledge(by="duty-officer-1", incident="INC-000001")).refused
    assert code(refused) == "drill_suspended"
    assert core.step(AddNote(by="duty-officer-1", incident="INC-000001", text="waiting")).refused is None


def test_a_drill_goes_on_where_it_stood_with_as_much_time_left_as_it_had() -> None:
    core = drilled()
    core.wait("20s")
    core.suspend()
    core.wait("10min")
    core.resume()
    incident = core.incident()
    assert incident.step("call").due_at == core.now + 40 * SECOND_MS
    assert incident.ladder.due_at == core.now + 40 * SECOND_MS
    assert incident.first_response_by == core.now + 160 * SECOND_MS
    assert core.drill.ends_at == core.now + 1_800_000 - 20 * SECOND_MS
    core.wait("39s")
    assert not incident.step("call").overdue
    core.wait("1s")
    assert incident.step("call").overdue


def test_what_was_told_while_it_was_suspended_counts_once_it_goes_on() -> None:
    core = DrillCore()
    core.start()
    core.suspend()
    core.alarm()
    assert not core.state.incidents
    core.resume()
    assert core.incident().drill == DRILL
    assert "held while it was kept quiet" in core.entry(Kind.DETECTED).reason


def test_a_drill_is_not_resumed_while_the_real_alarm_is_open() -> None:
    core = drilled()
    core.alarm(Mode.ACTUAL)
    assert code(core.resume().refused) == "real_alarm"
    core.reading("mcp-1", alarm=False)
    for task in ("look", "call", "reset"):
        for person, role in (("duty-officer-1", "duty_officer"), ("safety-officer-1", "safety_officer")):
            core.step(Acknowledge(by=person, role=role, incident="INC-000002"))
        core.step(CompleteTask(by="engineer-1", incident="INC-000002", step=task))
    core.step(Resolve(by="duty-officer-1", incident="INC-000002", finding=Finding.FALSE_ALARM, cause="a prank"))
    for order in [each for each in core.state.orders.values() if each.open and each.mode is Mode.ACTUAL]:
        core.step(HandOverOrder(by="engineer-1", order=order.id, to="a firm", reason="parts"))
    core.step(Resolve(by="duty-officer-1", incident="INC-000002", finding=Finding.FALSE_ALARM, cause="a prank"))
    assert core.resume().refused is None


def test_a_drill_that_is_suspended_for_too_long_is_aborted() -> None:
    core = drilled()
    core.suspend()
    core.wait("4h")
    assert (core.drill.stage, core.drill.ended_by) == (Stage.ABORTED, "tocsin")
    assert core.drill.reason == "suspended for longer than 4h"


def test_a_site_may_let_the_drill_go_on_beside_what_is_real() -> None:
    core = DrillCore("drills: {suspended_by: []}\n")
    core.start()
    core.alarm()
    core.alarm(Mode.ACTUAL)
    assert core.drill.stage is Stage.RUNNING
    assert {each.mode for each in core.state.incidents.values()} == {Mode.ACTUAL, Mode.EXERCISE}


def test_a_real_trouble_or_a_milder_signal_does_not_suspend_it() -> None:
    core = drilled()
    core.step(_audit_failed(core))
    assert core.drill.stage is Stage.RUNNING


def _audit_failed(core: DrillCore) -> object:

    return AuditFailed("a ladder", core.now - 5_000)


# ---- restarts


def test_a_drill_survives_a_restart_in_any_stage() -> None:
    core = drilled()
    core.suspend()
    core.restart("1min")
    assert core.drill.stage is Stage.SUSPENDED
    core.step(ResumeDrill(by=LEADER, drill=DRILL))
    core.restart("10min")
    assert core.drill.stage is Stage.RUNNING
    core.end()
    core.restart("1min")
    assert core.drill.score is not None


def test_a_drill_whose_time_is_up_while_the_gateway_is_down_ends_late_and_says_so() -> None:
    core = drilled()
    core.restart("2h")
    assert core.drill.stage is Stage.ENDED
    ended = next(entry for entry in core.entries if entry.facts.get("what") == "ended")
    assert ended.late_ms is not None


def test_a_replay_of_a_drill_comes_to_the_same() -> None:
    core = drilled()
    core.suspend()
    core.wait("3min")
    core.resume()
    core.end()
    replayed = again(core)
    assert replayed == again(core, range(len(core.events)))
    assert decode_state(replayed[1]).drills[DRILL] == core.drill


# ---- theory


def test_theory_is_marked_against_the_questions_of_the_plan() -> None:
    core = drilled()
    core.step(TakeTheory(by="engineer-1", drill=DRILL, plan="fire", answers={"first": 1, "then": 1, "none": 4}))
    taken = core.drill.theory[0]
    assert (taken.points, taken.of, taken.passed, taken.wrong) == (3, 4, False, ["then"])
    assert core.entry(Kind.DRILL).reason == "3 of 4 points: retrain"
    core.step(TakeTheory(by="engineer-1", drill=DRILL, plan="fire", answers={"first": 1, "then": 2}))
    assert core.drill.theory[1].passed


def test_theory_without_questions_is_refused() -> None:
    core = drilled()
    refused = core.step(TakeTheory(by="engineer-1", drill=DRILL, plan="gas", answers={})).refused
    assert code(refused) == "no_questions"


def test_every_site_that_is_cleared_is_named_to_the_shell() -> None:
    core = DrillCore()
    assert core.start().cleared_sites == [SITE]
    assert core.end().cleared_sites == [SITE]


def test_devices_that_obey_after_all_while_the_drill_stands_still_end_their_trouble() -> None:
    core = drilled()
    core.wait(5 * MINUTE_MS)  # nothing has answered, and no attempt is left: a trouble
    trouble = next(each for each in core.state.incidents.values() if each.hazard == "device")
    assert trouble.mode is Mode.EXERCISE
    assert trouble.normal_since is None
    core.suspend()
    for id in list(core.state.given_up):
        core.answer(id, _device_of(core, id), mode=Mode.EXERCISE)
    assert trouble.normal_since == core.now


def _device_of(core: DrillCore, id: str) -> str:
    commands = [command for incident in core.state.incidents.values() for command in incident.commands]
    return next(command.device.partition("/")[2] for command in commands if command.id == id)


def test_a_limit_that_has_passed_when_something_real_breaks_through_does_not_run_while_the_drill_stands_still() -> None:
    """The clock was set forward: a shelf's end, which raises the real alarm, and the limit are handled in one step."""
    core = DrillCore()
    core.start()
    core.step(PutOnShelf(by="lead", reason="test", device=f"{SITE}/mcp-1", duration_ms=MINUTE_MS))
    core.alarm(Mode.ACTUAL)  # kept quiet
    core.alarm()
    core.now += HOUR_MS // 4
    core.look()
    assert core.drill.stage is Stage.SUSPENDED
    assert core.drill.suspended_until is not None
    suspended = [each for each in core.state.incidents.values() if each.suspended]
    assert suspended
    for each in suspended:
        assert each.first_response_by is None or each.first_response_by > core.drill.suspended_until


def test_an_order_of_a_drill_that_is_over_is_cancelled_wherever_it_stands() -> None:
    core = drilled()
    order = next(each for each in core.state.orders.values() if each.open)
    for step in (OrderStep.ACCEPT, OrderStep.SURVEY, OrderStep.REPAIR):
        core.step(AdvanceOrder(by="engineer-1", order=order.id, step=step))
    assert order.node is Node.REPAIRED
    core.end()
    assert (order.node, order.records[-1].by) == (Node.CANCELLED, "tocsin")
