"""How a drill is scored: against the plan's limits, by role and by person; pass or retrain."""

from __future__ import annotations

from rules.effects import PublishCommand
from rules.events import CommandAnswered, EffectTried
from rules.instant import MINUTE_MS, SECOND_MS
from rules.mode import Mode
from rules.order import OrderStep
from rules.requests import Acknowledge, AdvanceOrder, CompleteTask, Finding, Resolve, Respond, SkipTask
from rules.score import Line, Met, Part, Score
from tests.support.drills import DrillCore

INCIDENT = "INC-000001"


def begun(onset: int = 0) -> DrillCore:
    core = DrillCore()
    core.start(onset=onset)
    return core


def take(core: DrillCore) -> None:
    """Both of the quorum."""
    core.step(Acknowledge(by="duty-officer-1", role="duty_officer", incident=INCIDENT))
    core.step(Acknowledge(by="safety-officer-1", role="safety_officer", incident=INCIDENT))


def deliver(core: DrillCore) -> None:
    for effect in [each for each in core.effects if each.mode is Mode.EXERCISE]:
        if isinstance(effect, PublishCommand):
            core.step(CommandAnswered(Mode.EXERCISE, effect.id, effect.device, True, core.now))
        elif effect.id in core.state.sent:
            core.step(EffectTried(effect.id, ok=True, attempt=1, last=True))


def do(core: DrillCore, task: str, by: str) -> None:
    assert core.step(CompleteTask(by=by, incident=INCIDENT, step=task)).refused is None


def finish(core: DrillCore) -> None:
    """Everything that is left to do, in order."""
    core.reading("mcp-1", mode=Mode.EXERCISE, alarm=False)
    deliver(core)
    do(core, "reset", "engineer-1")
    for order in [each for each in core.state.orders.values() if each.open]:
        for step in (OrderStep.ACCEPT, OrderStep.SURVEY, OrderStep.REPAIR):
            core.step(AdvanceOrder(by="engineer-1", order=order.id, step=step))
        core.step(AdvanceOrder(by="duty-officer-1", order=order.id, step=OrderStep.VERIFY, reason="tried"))
    resolved = Resolve(by="duty-officer-1", incident=INCIDENT, finding=Finding.REAL, cause="a drill")
    assert core.step(resolved).refused is None


def perfect() -> DrillCore:
    core = begun(onset=10_000)
    core.wait("12s")
    core.alarm()
    deliver(core)
    core.wait("10s")
    take(core)
    core.wait("20s")
    do(core, "call", "duty-officer-1")
    core.step(Respond(by="engineer-1", incident=INCIDENT))
    do(core, "look", "engineer-1")
    finish(core)
    core.end()
    return core


def score(core: DrillCore) -> Score:
    assert core.drill.score is not None
    return core.drill.score


def line(core: DrillCore, what: str, title: str = "") -> Line:
    found = [each for each in score(core).lines if each.what == what and title in each.title["en"]]
    assert len(found) == 1, [each.title for each in found]
    return found[0]


def test_a_drill_in_which_everything_was_done_in_time_has_all_points() -> None:
    found = score(perfect())
    assert (found.percent, found.passed, found.points) == (100, True, found.of)
    assert all(found.parts.values())


def test_times_are_counted_from_where_each_thing_began() -> None:
    core = perfect()
    assert line(core, "detect").took_ms == 2 * SECOND_MS  # from the onset, not from the start
    assert line(core, "acknowledge").took_ms == 10 * SECOND_MS
    assert line(core, "respond").took_ms == 30 * SECOND_MS
    assert line(core, "task", "Call").took_ms == 30 * SECOND_MS
    assert line(core, "task", "Call").limit_ms == MINUTE_MS


def test_everything_is_somebodys_by_role_and_by_person() -> None:
    core = perfect()
    call = line(core, "task", "Call")
    assert (call.role, call.person, call.part) == ("duty_officer", "duty-officer-1", Part.LIAISON)
    assert line(core, "control").role == ""
    assert {each.name for each in score(core).roles} == {"duty_officer", "safety_officer", "engineer"}
    assert {each.name for each in score(core).people} == {"duty-officer-1", "safety-officer-1", "engineer-1"}
    assert all(each.passed for each in score(core).people)


def test_what_is_late_gives_half_and_is_whose_who_should_have_done_it() -> None:
    core = begun()
    core.alarm()
    core.wait("90s")
    core.step(Acknowledge(by="safety-officer-1", role="safety_officer", incident=INCIDENT))
    core.end()
    taken = line(core, "acknowledge")
    assert (taken.met, taken.points, taken.of) == (Met.LATE, 1.0, 2.0)
    assert (taken.role, taken.person, taken.reason) == (
        "duty_officer",
        "duty-officer-1",
        "acknowledged by safety-officer-1",
    )


def test_a_mandatory_task_that_nobody_did_is_retrain_for_who_had_to() -> None:
    core = begun()
    core.alarm()
    take(core)
    core.end()
    found = score(core)
    assert not found.passed
    missed = {each.name: [title["en"] for title in each.missed] for each in found.people}
    assert missed["duty-officer-1"] == ["Call 119"]
    assert "Go and look" in missed["engineer-1"]
    assert "not done: Go and look, Call 119" in core.entries[-1].reason


def test_a_task_that_was_left_out_with_a_reason_gives_nothing_and_is_not_missed() -> None:
    core = begun()
    core.alarm()
    core.step(SkipTask(by="engineer-1", incident=INCIDENT, step="look", reason="seen on camera"))
    core.end()
    look = line(core, "task", "Go and look")
    assert (look.met, look.points, look.of, look.mandatory) == (Met.NO, 0.0, 2.0, False)
    assert look.reason == "left out: seen on camera"


def test_after_a_false_alarm_what_was_not_done_is_not_asked_for() -> None:
    core = begun()
    core.reading("sd-1", mode=Mode.EXERCISE, smoke=0.2)
    core.step(Acknowledge(by="duty-officer-1", role="duty_officer", incident=INCIDENT))
    core.reading("sd-1", mode=Mode.EXERCISE, smoke=0.0)
    done = Resolve(by="duty-officer-1", incident=INCIDENT, finding=Finding.FALSE_ALARM, cause="steam")
    assert core.step(done).refused is None
    core.end()
    assert line(core, "task", "Go and look").met is Met.NOT_ASKED
    assert score(core).passed


def test_what_an_exercise_may_not_do_costs_nothing() -> None:
    core = perfect()
    assert line(core, "authority", "brigade").met is Met.NOT_ASKED
    assert line(core, "authority", "desk").met is Met.YES


def test_a_later_phase_before_what_is_mandatory_in_an_earlier_one_is_out_of_order() -> None:
    core = begun()
    core.alarm()
    take(core)
    core.reading("mcp-1", mode=Mode.EXERCISE, alarm=False)
    do(core, "reset", "engineer-1")
    core.wait("1s")
    do(core, "call", "duty-officer-1")
    do(core, "look", "engineer-1")
    core.end()
    order = line(core, "order")
    assert (order.met, order.reason) == (Met.NO, "too early: Reset")


def test_a_device_that_does_not_obey_costs_tocsin_and_nobody_else() -> None:
    core = begun()
    core.alarm()
    core.wait("2min")
    core.end()
    control = line(core, "control")
    assert (control.met, control.role, control.person) == (Met.NO, "", "")
    assert "no answer within 30s" in control.reason


def test_the_time_for_which_a_drill_stood_still_does_not_count() -> None:
    core = begun()
    core.alarm()
    core.wait("10s")
    core.suspend()
    core.wait("1h")
    core.resume()
    core.wait("5s")
    take(core)
    core.end()
    assert line(core, "acknowledge").took_ms == 15 * SECOND_MS


def test_a_drill_in_which_nothing_was_detected_is_not_passed() -> None:
    core = begun()
    core.end()
    found = score(core)
    assert (found.passed, found.percent) == (False, 0)
    assert found.lines[0].reason == "nothing that happened was detected"


def test_weights_and_what_is_needed_to_pass_can_be_set() -> None:
    core = DrillCore("drills: {scoring: {pass_percent: 10, weights: {acknowledge: 50}}}\n")
    core.start()
    core.alarm()
    take(core)
    core.end()
    assert line(core, "acknowledge").of == 50.0
    assert score(core).pass_percent == 10
