"""Who is told next when nobody takes an incident, quorum by role, acknowledgements that lapse, first response."""

from __future__ import annotations

from typing import Any

import pytest

from rules.instant import MINUTE_MS
from rules.level import Level
from rules.mode import Mode
from rules.outcome import Outcome, Refused
from rules.people import Person, Roster
from rules.requests import Acknowledge, Assign, ChangeLevel, Respond
from rules.timeline import Kind
from tests.support.building import rule, ruleset
from tests.support.core import Core

RULES = ruleset(
    rule("{metric: smoke, above: 1}"),
    rule("{metric: temperature, above: 60}", id="worse", level="II"),
    rule("{metric: alarm, is: true}", id="worst", level="I"),
)

PLAN = """
plans:
  - id: test
    title: {en: Test plan, zh: 测试预案}
    hazard: test
    lead: lead
    team: [first, second, third]
    acknowledge: {within: 1min, ladder: [first, second]}
    first_response_within: 15min
    steps:
      - {id: look, title: {en: Look}, task: {role: first, mandatory: false}}
"""
QUORUM = PLAN.replace("ladder: [first, second]", "ladder: [first, second], quorum: {I: [first, third]}")
LAPSES = PLAN.replace("ladder: [first, second]", "ladder: [first, second], re_alarm_after: 10min")


def raised(plans: str = PLAN, **values: Any) -> Core:
    """An incident of level III."""
    core = Core(RULES, plans=plans)
    core.reading("sd-1", **(values or {"smoke": 2.0}))
    return core


def take(core: Core, by: str = "first-1", role: str = "first") -> Outcome:
    return core.step(Acknowledge(by=by, role=role, incident="INC-000001"))


def told(core: Core) -> list[object]:
    return [entry.facts["role"] for entry in core.entries if entry.kind is Kind.ESCALATED]


# ---- the ladder


def test_who_does_not_acknowledge_in_time_is_followed_by_the_next() -> None:
    core = raised()
    core.wait("59999ms")
    assert told(core) == []
    core.wait("1ms")
    assert told(core) == ["second"]
    assert core.entry(Kind.ESCALATED).reason == "not acknowledged within 1min"


def test_when_the_ladder_is_at_its_end_the_level_rises_by_one_and_it_begins_again() -> None:
    core = raised()
    core.wait("2min")
    assert core.incident().level is Level.II
    assert core.entry(Kind.LEVEL_RAISED).reason == "not acknowledged within 1min by anybody of the ladder"
    core.wait("2min")
    assert core.incident().level is Level.I
    assert told(core) == ["second", "second"]


def test_at_level_one_reminding_goes_on_less_and_less_often() -> None:
    core = raised(alarm=True)
    begun = core.now
    core.wait("90min")
    at = [(entry.at - begun) // MINUTE_MS for entry in core.entries if entry.kind is Kind.ESCALATED]
    told_of_ladder = [each for each in at if each % 15]  # the first response is overdue every 15 min
    assert told_of_ladder == [1, 2, 4, 6, 10, 14, 22]
    core.wait("2d")
    assert core.kinds().count(Kind.ESCALATED) < 2 * 24 * 4 * 2 + 20
    assert core.incident().level is Level.I


def test_a_plan_says_up_to_where_silence_leads() -> None:
    core = raised(PLAN.replace("within: 1min,", "within: 1min, raises_to: II,"))
    core.wait("5h")
    assert core.incident().level is Level.II
    core.reading("sd-1", alarm=True)
    assert core.incident().level is Level.I


def test_once_acknowledged_nobody_else_is_told() -> None:
    core = raised()
    take(core)
    core.wait("14min")
    assert told(core) == []
    assert core.incident().ladder is None


def test_an_acknowledgement_at_the_instant_of_the_limit_counts() -> None:
    core = raised()
    core.now += MINUTE_MS
    take(core)
    assert told(core) == []


def test_evidence_that_makes_it_worse_begins_the_ladder_again() -> None:
    core = raised()
    core.wait("50s")
    core.reading("sd-1", temperature=70)
    core.wait("50s")
    assert told(core) == []
    core.wait("10s")
    assert told(core) == ["second"]


def test_after_a_restart_the_ladder_goes_on_where_it_was_and_says_how_late() -> None:
    core = raised()
    core.wait("30s")
    core.restart(down="45s")
    assert told(core) == ["second"]
    assert core.entry(Kind.ESCALATED).late_ms == 15_000


def test_a_closed_incident_reminds_nobody() -> None:
    core = raised()
    core.reading("sd-1", smoke=0)
    core.resolve()
    core.wait("1d")
    assert told(core) == []


def test_in_an_exercise_the_ladder_is_the_same() -> None:
    core = Core(RULES, plans=PLAN)
    core.reading("sd-1", mode=Mode.EXERCISE, smoke=2)
    core.wait("1min")
    assert core.entry(Kind.ESCALATED).mode is Mode.EXERCISE


def test_without_a_plan_nobody_is_told_and_the_level_stays() -> None:
    core = Core(RULES)
    core.reading("sd-1", smoke=2)
    core.wait("1d")
    assert (told(core), core.incident().level) == ([], Level.III)


# ---- quorum


def test_at_a_level_with_a_quorum_one_of_each_role_has_to_acknowledge() -> None:
    core = raised(QUORUM, alarm=True)
    take(core)
    assert core.incident().acknowledged_at is None
    assert core.entry(Kind.ACKNOWLEDGED).reason == "still missing: third"
    take(core, "third-1", "third")
    assert (core.incident().acknowledged_at, core.incident().acknowledged_by) == (core.now, "third-1")
    assert core.incident().ladder is None
    assert [each.by for each in core.incident().acknowledgements] == ["first-1", "third-1"]


def test_while_a_role_is_missing_it_is_told_first() -> None:
    core = raised(QUORUM, alarm=True)
    take(core)
    core.wait("1min")
    assert told(core) == ["second"], "third was told when first acknowledged"
    assert core.entry(Kind.ESCALATED).reason == "not acknowledged by third within 1min"


def test_a_level_that_rises_can_want_more_people_than_have_acknowledged() -> None:
    core = raised(QUORUM)
    take(core)
    assert core.incident().ladder is None
    core.reading("sd-1", alarm=True)
    assert core.incident().ladder is not None
    assert core.incident().acknowledged_by == "first-1"
    take(core, "third-1", "third")
    assert core.incident().ladder is None


def test_a_quorum_of_a_milder_level_holds_for_the_worse_one_too() -> None:
    core = raised(QUORUM.replace("{I:", "{II:"), alarm=True)
    take(core)
    assert core.incident().ladder is not None


def test_the_same_person_in_the_same_role_is_refused_with_who_is_missing() -> None:
    core = raised(QUORUM, alarm=True)
    take(core)
    assert take(core).refused == Refused(
        "already_acknowledged", "INC-000001 was acknowledged by first-1; still missing: third"
    )


ROSTER = Roster(
    people={
        "both": Person("both", "Both", ("first", "third"), "en", ()),
        "one": Person("one", "One", ("second",), "en", ()),
    }
)


def test_a_person_counts_for_the_role_that_is_missing_as_far_as_the_roster_gives_it() -> None:
    core = Core(RULES, plans=QUORUM, roster=ROSTER)
    core.reading("sd-1", alarm=True)
    take(core, "one", "third")
    assert core.incident().acknowledgements[-1].role == "", "the roster gives it no such role"
    take(core, "both", "")
    take(core, "both", "")
    assert [each.role for each in core.incident().acknowledgements] == ["", "first", "third"]
    assert core.incident().ladder is None


def test_a_stranger_may_acknowledge_but_counts_for_no_role() -> None:
    core = Core(RULES, plans=QUORUM, roster=ROSTER)
    core.reading("sd-1", alarm=True)
    assert take(core, "stranger", "first").refused is None
    assert core.entry(Kind.ACKNOWLEDGED).reason == "still missing: first, third"


# ---- an acknowledgement that nothing follows


def test_an_acknowledgement_lapses_when_nothing_follows_it() -> None:
    core = raised(LAPSES)
    take(core)
    core.wait("10min")
    lapsed = core.entry(Kind.ACKNOWLEDGEMENT_LAPSED)
    assert (lapsed.by, lapsed.reason) == ("first-1", "nothing followed it within 10min")
    assert (core.incident().acknowledgements, core.incident().owner) == ([], None)
    core.wait("1min")
    assert told(core) == ["second"]
    assert take(core).refused is None


def test_a_lapsed_acknowledgement_begins_the_ladder_anew_also_where_one_ran_for_the_rest_of_a_quorum() -> None:
    core = raised(LAPSES.replace("re_alarm_after", "quorum: {I: [first, second]}, re_alarm_after"))
    take(core)
    core.reading("sd-1", alarm=True)  # level I: one more has to take it
    core.wait("10min")
    assert core.entry(Kind.ACKNOWLEDGEMENT_LAPSED).by == "first-1"
    ladder = core.incident().ladder
    assert ladder is not None
    assert (ladder.rung, ladder.times, ladder.due_at - core.now) == (0, 0, MINUTE_MS)


@pytest.mark.parametrize("what", ["note", "respond", "assign", "level"])
def test_whatever_a_person_does_about_it_keeps_it(what: str) -> None:
    core = raised(LAPSES)
    take(core)
    core.wait("9min")
    if what == "note":
        core.note("on my way")
    elif what == "respond":
        core.step(Respond(by="first-1", incident="INC-000001"))
    elif what == "assign":
        core.step(Assign(by="first-1", incident="INC-000001", to="second-1"))
    else:
        core.step(ChangeLevel(by="first-1", incident="INC-000001", level=Level.II, reason="more smoke"))
    core.wait("1h")
    assert Kind.ACKNOWLEDGEMENT_LAPSED not in core.kinds()


def test_it_does_not_lapse_when_the_sources_are_normal_meanwhile() -> None:
    core = raised(LAPSES)
    take(core)
    core.reading("sd-1", smoke=0)
    core.wait("1h")
    assert Kind.ACKNOWLEDGEMENT_LAPSED not in core.kinds()


# ---- the first response


def test_nobody_on_site_in_time_tells_the_next_and_raises_the_level() -> None:
    core = raised()
    take(core)
    core.wait("15min")
    overdue = core.entry(Kind.OVERDUE)
    assert (overdue.facts, overdue.reason) == ({"what": "first_response"}, "nobody on site within 15min")
    assert told(core) == ["second"], "first has acknowledged"
    assert core.incident().level is Level.II


def test_it_goes_on_until_somebody_is_there() -> None:
    core = raised()
    take(core)
    core.wait("30min")
    assert core.incident().level is Level.I
    core.step(Respond(by="second-1", incident="INC-000001"))
    core.wait("1d")
    assert core.kinds().count(Kind.OVERDUE) == 2


def test_what_is_over_needs_no_first_response_until_it_returns() -> None:
    core = raised()
    take(core)
    core.reading("sd-1", smoke=0)
    core.wait("1h")
    assert Kind.OVERDUE not in core.kinds()
    core.reading("sd-1", smoke=2)
    core.wait("15min")
    assert core.kinds().count(Kind.OVERDUE) == 1
