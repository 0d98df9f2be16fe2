"""Which drills a site has to hold: due a year after the last, overdue a trouble signal, over when it is held."""

from __future__ import annotations

from rules.instant import DAY_MS
from rules.mode import Mode
from rules.signal import Signal
from tests.support.building import FIRE, FIRE_PLAN, plans
from tests.support.core import Core
from tests.support.drills import EVERY_STEP, DrillCore

KEY = "tower-a|fire"
TROUBLE = "actual|drill/tower-a/fire"


def hold(core: DrillCore) -> None:
    core.start()
    core.alarm()
    core.end()


def test_a_site_has_to_drill_what_can_happen_there_and_nothing_else() -> None:
    core = DrillCore()  # it has fire detectors, no lifts; there is no plan for a power outage
    assert list(core.state.drills_due) == [KEY]


def test_a_new_site_has_a_year() -> None:
    core = DrillCore()
    assert core.state.drills_due[KEY].due_at == core.now + 365 * DAY_MS


def test_an_overdue_drill_is_a_real_trouble_signal_until_it_is_held() -> None:
    core = DrillCore()
    core.wait("365d")
    incident = core.state.incidents[core.state.troubles[TROUBLE]]
    assert (incident.signal, incident.mode) == (Signal.TROUBLE, Mode.ACTUAL)
    assert incident.title == {"en": "Drill overdue: Fire", "zh": "演练逾期：火灾"}
    assert core.state.drills_due[KEY].overdue
    hold(core)
    assert TROUBLE not in core.state.troubles
    assert core.state.drills_due[KEY].due_at == core.now + 365 * DAY_MS


def test_a_drill_that_was_held_is_due_again_after_a_year() -> None:
    core = DrillCore()
    core.wait("100d")
    hold(core)
    due = core.state.drills_due[KEY]
    assert (due.last, due.last_at, due.due_at) == ("DRL-000001", core.now, core.now + 365 * DAY_MS)


def test_an_aborted_drill_does_not_count() -> None:
    core = DrillCore()
    core.start()
    core.alarm()
    core.abort()
    assert core.state.drills_due[KEY].last_at is None


def test_a_drill_in_which_nothing_happened_does_not_count() -> None:
    core = DrillCore()
    core.start()
    core.end()
    assert core.state.drills_due[KEY].last_at is None


def test_a_drill_that_something_real_has_cut_off_does_not_count_and_is_not_passed() -> None:
    core = DrillCore()
    core.start()
    core.alarm()
    core.alarm(Mode.ACTUAL)
    core.end()
    score = core.drill.score
    assert score is not None
    assert (score.complete, score.passed) == (False, False)
    assert core.state.drills_due[KEY].last_at is None


def test_a_trouble_that_somebody_resolves_without_a_drill_comes_again() -> None:
    core = DrillCore()
    core.wait("365d")
    first = core.state.troubles.pop(TROUBLE)  # as `give_up_troubles` does when a person resolves its incident
    for evidence in core.state.incidents[first].evidence:
        evidence.holds, evidence.cleared_at = False, core.now
    core.state.incidents[first].normal_since = core.now
    core.wait("30d")
    assert TROUBLE in core.state.troubles


def test_what_is_required_and_how_often_can_be_set() -> None:
    more = "drills: {calendar: {required: [{id: quick, title: {en: Quick}, hazards: [fire], every: 30d}]}}\n"
    core = DrillCore(more)
    assert list(core.state.drills_due) == ["tower-a|quick"]
    core.wait("30d")
    assert "actual|drill/tower-a/quick" in core.state.troubles


def test_what_is_no_longer_required_is_no_longer_overdue() -> None:
    core = DrillCore()
    core.wait("365d")
    core.follow(plans(EVERY_STEP, "drills: {calendar: {required: []}}\n"))
    assert not core.state.drills_due
    assert TROUBLE not in core.state.troubles


def test_a_plan_that_is_saved_again_moves_no_due_date() -> None:
    core = DrillCore()
    due = core.state.drills_due[KEY].due_at
    core.wait("10d")
    core.follow(plans(EVERY_STEP.replace("within: 3min", "within: 4min")))
    assert core.state.drills_due[KEY].due_at == due


def test_the_due_date_survives_a_restart() -> None:
    core = Core(FIRE, plans=FIRE_PLAN)
    core.restart("366d")
    assert TROUBLE in core.state.troubles
