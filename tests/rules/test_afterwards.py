"""After the incident: its review, and corrective actions until another person has found that they helped."""

from __future__ import annotations

from typing import Any

import pytest

from rules.instant import DAY_MS, parse_rfc3339
from rules.mode import Mode
from rules.order_settings import ReviewSettings
from rules.outcome import Outcome
from rules.requests import ActionDone, Corrective, RecheckAction, Review
from rules.state import KEPT_CLOSED_MS
from rules.timeline import Kind
from tests.support.building import directory, rule, ruleset
from tests.support.core import Core
from tests.support.repairs import Repairs

REVIEWER, OWNER, CHECKER = "project manager", "engineering lead", "safety officer"
ROLLERS = Corrective(text="Change the rollers", owner=OWNER)


def closed(level: str = "II", mode: Mode = Mode.ACTUAL, **options: Any) -> Core:
    core = Core(ruleset(rule("{metric: smoke, above: 1}", level=level)), **options)
    core.reading("sd-1", mode=mode, smoke=2)
    core.reading("sd-1", mode=mode, smoke=0)
    core.acknowledge()
    core.resolve()
    return core


def review(core: Core, *actions: Corrective, **changes: Any) -> Outcome:
    fields = {"cause": "worn rollers", "measures": "freed in 9 min", "result": "nobody hurt", **changes}
    return core.step(Review(by=REVIEWER, incident="INC-000001", actions=list(actions), **fields))


def done(core: Core, action: str = "CA-000001", by: str = OWNER) -> Outcome:
    return core.step(ActionDone(by=by, action=action, note="new ones are in"))


def recheck(core: Core, ok: bool = True, action: str = "CA-000001", by: str = CHECKER, note: str = "") -> Outcome:
    return core.step(RecheckAction(by=by, action=action, ok=ok, note=note))


def code(outcome: Outcome) -> str:
    assert outcome.refused is not None
    return outcome.refused.code


# ---- how long an incident waits for its review


@pytest.mark.parametrize(
    ("level", "mode", "waits"),
    [
        ("I", Mode.ACTUAL, True),
        ("II", Mode.ACTUAL, True),
        ("II", Mode.EXERCISE, True),
        ("III", Mode.ACTUAL, False),
        ("I", Mode.TEST, False),
    ],
)
def test_incidents_of_level_one_and_two_stay_until_they_are_reviewed(level: str, mode: Mode, waits: bool) -> None:
    core = closed(level, mode)
    core.wait(KEPT_CLOSED_MS + 1)
    assert ("INC-000001" in core.state.incidents) is waits
    assert code(review(core)) == "unknown_incident" if not waits else review(core).refused is None


def test_a_reviewed_incident_leaves_after_another_day() -> None:
    core = closed()
    core.wait("10d")
    review(core)
    core.wait(KEPT_CLOSED_MS - 1)
    assert core.note("one more thing").refused is None
    core.wait(1)
    assert core.state.incidents == {}


def test_what_nobody_reviews_leaves_in_the_end_and_says_so() -> None:
    core = closed()
    core.wait(ReviewSettings().review_within)
    assert core.state.incidents == {}
    entry = core.entry(Kind.OVERDUE)
    assert (entry.incident, entry.facts, entry.reason) == (
        "INC-000001",
        {"what": "review"},
        "not reviewed in the 90d since it was closed",
    )


def test_so_many_wait_and_then_the_longest_closed_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rules.turn.AWAITED_REVIEWS_MAX", 2)
    core = closed()
    for number in (2, 3):
        core.wait("1h")
        core.reading("sd-1", smoke=2)
        core.reading("sd-1", smoke=0)
        core.acknowledge(f"INC-{number:06d}")
        core.resolve(f"INC-{number:06d}")
    assert list(core.state.incidents) == ["INC-000002", "INC-000003"]
    assert core.entry(Kind.OVERDUE).facts == {"what": "review"}


def test_a_restart_changes_nothing_about_how_long_it_waits() -> None:
    core = closed()
    core.wait("2d")
    core.restart(down="1d")
    assert "INC-000001" in core.state.incidents
    core.wait(ReviewSettings().review_within)
    assert core.state.incidents == {}


# ---- the review


def test_a_review_names_cause_measures_and_result_and_stands_on_the_incident() -> None:
    core = closed()
    assert code(review(core, cause=" ")) == "review_incomplete"
    review(core, ROLLERS)
    reviewed = core.incident().review
    assert reviewed is not None
    assert (reviewed.by, reviewed.cause, reviewed.result) == (REVIEWER, "worn rollers", "nobody hurt")
    assert (reviewed.measures, reviewed.actions) == ("freed in 9 min", ["CA-000001"])
    assert core.entry(Kind.REVIEWED).by == REVIEWER


def test_it_is_reviewed_once_and_only_when_it_is_closed() -> None:
    core = Repairs(level="II")
    core.breaks()
    assert code(review(core)) == "incident_open"
    core = closed()
    review(core)
    assert code(review(core)) == "already_reviewed"


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (Corrective(text=" ", owner=OWNER), "action_incomplete"),
        (Corrective(text="x", owner=""), "action_incomplete"),
        (Corrective(text="x", owner=OWNER, due_at=5), "bad_limit"),
        (Corrective(text="x", owner=OWNER, due_at=2**60), "bad_limit"),
    ],
)
def test_an_action_that_cannot_be_is_refused_with_the_whole_review(action: Corrective, expected: str) -> None:
    core = closed()
    assert code(review(core, ROLLERS, action)) == expected
    assert core.state.actions == {}
    assert core.incident().review is None


def test_more_actions_than_a_review_may_have_are_refused() -> None:
    assert code(review(closed(), *[ROLLERS] * 51)) == "too_many_actions"


# ---- corrective actions


def test_an_action_is_due_in_fifteen_working_days_of_the_site() -> None:
    core = closed(site=directory(holidays=("2026-11-30",)))
    review(core, ROLLERS)
    action = core.state.actions["CA-000001"]
    assert action.due_at == parse_rfc3339("2026-12-17T00:00:00+08:00")  # a Tuesday's 15, and one holiday
    assert core.entry(Kind.ACTION).facts["due"] == "2026-12-16"
    assert (action.owner, action.site, action.asked_by) == (OWNER, "tower-a", REVIEWER)


def test_another_limit_may_be_asked_for_and_another_default_set() -> None:
    core = closed()
    core.follow("reviews: {action_working_days: 1}")
    review(core, ROLLERS, Corrective(text="Train", owner=OWNER, due_at=core.now + DAY_MS))
    first, second = core.state.actions.values()
    assert first.due_at == parse_rfc3339("2026-11-26T00:00:00+08:00")
    assert second.due_at == core.now + DAY_MS


def test_an_action_is_over_when_another_person_has_found_that_it_helped() -> None:
    core = closed()
    review(core, ROLLERS)
    assert code(recheck(core)) == "not_done"
    assert done(core).refused is None
    assert code(done(core)) == "already_done"
    assert code(recheck(core, by=OWNER)) == "same_person"
    outcome = recheck(core)
    assert core.state.actions == {}
    over = outcome.actions["CA-000001"]
    assert (over.open, over.done_by, over.rechecked_by, over.rechecked_at) == (False, OWNER, CHECKER, core.now)
    assert [entry.facts["what"] for entry in core.entries if entry.kind is Kind.ACTION] == [
        "asked for",
        "done",
        "rechecked",
    ]
    assert code(recheck(core)) == "unknown_action"


def test_an_action_that_did_not_help_is_opened_again_with_a_limit_of_its_own() -> None:
    core = closed()
    review(core, ROLLERS)
    core.wait("7d")
    done(core)
    assert code(recheck(core, ok=False)) == "reason_missing"
    before = core.state.actions["CA-000001"].due_at
    recheck(core, ok=False, note="still grinds")
    action = core.state.actions["CA-000001"]
    assert (action.done_at, action.reopened, action.recheck_note) == (None, 1, "still grinds")
    assert action.due_at > before
    core.wait_until(before)
    assert not action.overdue
    core.wait_until(action.due_at)
    assert action.overdue


@pytest.mark.parametrize(
    ("is_done", "reason"),
    [(False, f"not done by {OWNER}"), (True, "done, and not rechecked by another")],
)
def test_what_is_not_over_by_its_limit_is_overdue_and_said_so_once(is_done: bool, reason: str) -> None:
    core = closed()
    review(core, ROLLERS)
    if is_done:
        done(core)
    core.wait("30d")
    late = [entry for entry in core.entries if entry.kind is Kind.OVERDUE]
    assert [(entry.incident, entry.facts["id"], entry.reason) for entry in late] == [
        ("INC-000001", "CA-000001", reason)
    ]
    assert core.last.actions["CA-000001"].overdue


def test_the_lead_of_the_plan_is_told_that_an_action_is_overdue() -> None:
    core = Repairs(level="II")
    core.breaks()
    core.works()
    core.hand_over()
    core.acknowledge()
    core.resolve()
    review(core, ROLLERS)
    core.wait("22d")
    told = [entry for entry in core.entries if entry.kind is Kind.NOTICE_FAILED and entry.at == core.now]
    told = told or [entry for entry in core.entries if entry.kind is Kind.NOTICE_FAILED]
    assert told[-1].facts["to"] == "engineering_lead"


def test_an_incident_stays_while_its_actions_are_open_and_their_end_is_on_its_timeline() -> None:
    core = closed()
    review(core, ROLLERS)
    core.wait("20d")
    done(core)
    assert core.entries[-1].incident == "INC-000001"
    recheck(core)
    core.wait(KEPT_CLOSED_MS)
    assert core.state.incidents == {}


def test_an_action_outlives_its_incident() -> None:
    core = closed()
    review(core, ROLLERS)
    core.wait(ReviewSettings().review_within)
    assert core.state.incidents == {}
    done(core)
    assert (core.entries[-1].incident, core.entries[-1].facts["incident"]) == (None, "INC-000001")
    assert recheck(core).refused is None


def test_an_action_nobody_asked_for_is_refused() -> None:
    core = closed()
    assert (code(done(core)), code(recheck(core))) == ("unknown_action", "unknown_action")
