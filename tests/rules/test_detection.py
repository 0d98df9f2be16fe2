"""A detection's life: what each verdict does at each stage, and what a hold is for."""

from __future__ import annotations

import pytest

from rules.detection import HELD, TRANSITIONS, Stage
from rules.timeline import Kind
from rules.verdict import Verdict
from tests.support.building import rule, ruleset
from tests.support.core import Core

HELD_RULE = rule("{metric: smoke, above: 1, for: 5min}", "{metric: smoke, below: 0.5, for: 1min}")
KEY = "actual|r|tower-a/sd-1"


def at_stage(stage: Stage) -> Core:
    """A detection that has just come to this stage, by verdicts alone."""
    core = Core(ruleset(HELD_RULE))
    core.verdict("r", "sd-1", Verdict.HOLDS if stage is not Stage.INACTIVE else Verdict.NO_DATA, values={"smoke": 2.0})
    if stage in (Stage.FIRING, Stage.CLEARING):
        core.wait("5min")
    if stage is Stage.CLEARING:
        core.verdict("r", "sd-1", Verdict.DOES_NOT)
    return core


def stage_of(core: Core) -> Stage:
    detection = core.state.detections.get(KEY)
    return detection.stage if detection else Stage.INACTIVE


def test_the_table_says_what_every_verdict_does_at_every_stage() -> None:
    assert set(TRANSITIONS) == {(stage, verdict) for stage in Stage for verdict in Verdict}


@pytest.mark.parametrize(("before", "verdict", "after"), [(*key, after) for key, after in TRANSITIONS.items()])
def test_each_row_of_the_table_is_what_happens(before: Stage, verdict: Verdict, after: Stage) -> None:
    core = at_stage(before)
    assert stage_of(core) is before
    core.verdict("r", "sd-1", verdict)
    assert stage_of(core) is after


@pytest.mark.parametrize(("held", "after"), list(HELD.items()))
def test_a_hold_that_runs_out_leads_where_the_table_says(held: Stage, after: Stage) -> None:
    core = at_stage(held)
    core.wait("5min")
    assert stage_of(core) is after


def test_what_lasts_shorter_than_its_hold_raises_nothing_and_says_for_how_long_it_lasted() -> None:
    core = at_stage(Stage.PENDING)
    core.wait("2min")
    core.verdict("r", "sd-1", Verdict.DOES_NOT)
    core.wait("1h")
    assert not core.state.incidents
    assert not core.state.detections
    assert core.entry(Kind.NOT_FIRED).reason == "held for 2min of 5min"


def test_what_lasts_as_long_as_its_hold_opens_an_incident_at_that_instant() -> None:
    core = at_stage(Stage.PENDING)
    core.wait("299999ms")
    assert not core.state.incidents
    core.wait("1ms")
    assert core.incident().opened_at == core.now


def test_a_verdict_at_the_instant_the_hold_is_over_still_counts() -> None:
    core = at_stage(Stage.PENDING)
    core.now += 300_000
    core.verdict("r", "sd-1", Verdict.DOES_NOT)
    assert not core.state.incidents


def test_a_hold_starts_anew_after_a_break() -> None:
    core = at_stage(Stage.PENDING)
    core.wait("4min")
    core.verdict("r", "sd-1", Verdict.DEADBAND)
    core.verdict("r", "sd-1", Verdict.HOLDS)
    core.wait("4min")
    assert not core.state.incidents
    core.wait("1min")
    assert core.incident()


def test_without_data_a_hold_goes_on_and_the_incident_shows_the_last_known_values() -> None:
    core = at_stage(Stage.PENDING)
    core.verdict("r", "sd-1", Verdict.NO_DATA)
    core.wait("5min")
    assert core.incident().evidence[0].values == {"smoke": 2.0}


def test_without_data_what_fires_stays_and_says_so_and_says_when_data_is_back() -> None:
    core = at_stage(Stage.FIRING)
    core.verdict("r", "sd-1", Verdict.NO_DATA)
    core.verdict("r", "sd-1", Verdict.HOLDS)
    assert core.kinds()[-2:] == [Kind.NO_DATA, Kind.STILL_HOLDS]
    assert core.incident().open


def test_a_clear_that_is_not_kept_up_is_broken_off() -> None:
    core = at_stage(Stage.CLEARING)
    core.wait("30s")
    core.verdict("r", "sd-1", Verdict.DEADBAND)
    core.wait("10min")
    assert core.kinds()[-2:] == [Kind.CLEARING, Kind.STILL_HOLDS]
    assert not core.incident().sources_normal


def test_a_clear_that_is_kept_up_ends_it() -> None:
    core = at_stage(Stage.CLEARING)
    core.wait("1min")
    assert core.kinds()[-2:] == [Kind.CLEARING, Kind.CLEARED]
    assert core.incident().sources_normal
    assert not core.state.detections


def test_without_a_hold_it_fires_and_ends_at_once() -> None:
    core = Core(ruleset(rule("{metric: smoke, above: 1}")))
    core.reading("sd-1", smoke=2)
    assert core.last.fired == [(core.incident().mode, "r", "tower-a/sd-1")]
    core.reading("sd-1", smoke=0)
    assert core.last.ended == [(core.incident().mode, "r", "tower-a/sd-1")]


def test_what_comes_again_is_the_same_evidence_counted_twice() -> None:
    core = Core(ruleset(rule("{metric: smoke, above: 1}")))
    for smoke in (2, 0, 3):
        core.reading("sd-1", smoke=smoke)
        core.wait("1s")
    (evidence,) = core.incident().evidence
    assert (evidence.times, evidence.values, evidence.holds) == (2, {"smoke": 3.0}, True)


def test_a_reading_that_arrived_late_or_retained_is_marked() -> None:
    core = Core(ruleset(rule("{metric: smoke, above: 1}")))
    core.verdict("r", "sd-1", Verdict.HOLDS, late=True)
    assert core.entry(Kind.DETECTED).reason == "arrived late"
    core.verdict("r", "sd-2", Verdict.HOLDS, retained=True)
    assert core.entry(Kind.DETECTED).reason == "retained"
