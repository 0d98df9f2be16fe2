"""The screen skips nearly all its work: here it is held against one that skips nothing."""

from __future__ import annotations

from math import inf, nan
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.condition_file import Condition
from rules.ruleset import DetectionRule
from rules.verdict import Verdict
from tests.support.building import rule, ruleset
from tests.support.core import Core
from tests.support.naive import Naive

CUTS = [0.0, 0.5, 1.0, 2.0, 5.0, 10.0]
NUMBERS = st.sampled_from([*CUTS, 0.4999, 0.75, 1.5, 1.0000001, 4.0, 9.0])
WRONG = st.sampled_from([-1.0, 11.0, nan, inf, "much", True])


def leaf(metric: str) -> st.SearchStrategy[dict[str, Any]]:
    bounds = st.sampled_from(CUTS)
    pair = st.lists(bounds, min_size=2, max_size=2, unique=True).map(sorted)
    forms = st.one_of(
        st.fixed_dictionaries({"above": bounds}),
        st.fixed_dictionaries({"below": bounds}),
        st.fixed_dictionaries({"between": pair}),
        st.fixed_dictionaries({"is": bounds}),
        st.fixed_dictionaries({"in": st.lists(bounds, min_size=1, max_size=3)}),
    )
    return forms.map(lambda form: {"metric": metric, **form})


ALARM = st.booleans().map(lambda wanted: {"metric": "alarm", "is": wanted})
LEAVES = st.one_of(leaf("smoke"), leaf("temperature"), ALARM)
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=5,
)


@st.composite
def rules(draw: st.DrawFn) -> list[DetectionRule]:
    return [
        rule("{metric: smoke, above: 1}", id=f"r{number}").model_copy(
            update={
                "when": Condition.model_validate(draw(CONDITIONS)),
                "clear": Condition.model_validate(clear) if (clear := draw(st.none() | CONDITIONS)) else None,
            }
        )
        for number in range(draw(st.integers(1, 4)))
    ]


READING = st.fixed_dictionaries(
    {},
    optional={
        "smoke": NUMBERS | WRONG,
        "temperature": NUMBERS,
        "alarm": st.booleans(),
        "battery": st.just(1.0),
    },
)


@settings(max_examples=300)
@given(rules(), st.lists(READING, min_size=1, max_size=30))
def test_the_screen_says_what_looking_at_every_rule_with_every_reading_says(
    detections: list[DetectionRule], readings: list[dict[str, Any]]
) -> None:
    core = Core(ruleset(*detections))
    naive = Naive(core.directory.device_classes["smoke_detector"], core.ruleset)
    for values in readings:
        told = {change.rule: change.verdict for change in core.reading("sd-1", **values)}
        assert told == naive.reading(values)
    assert {id: core.held("sd-1", id) for id in naive.verdicts} == naive.verdicts


@settings(max_examples=100)
@given(rules(), st.lists(READING, min_size=1, max_size=20), st.lists(st.integers(0, 20), max_size=3))
def test_reloading_the_same_rules_between_readings_changes_nothing(
    detections: list[DetectionRule], readings: list[dict[str, Any]], reloaded: list[int]
) -> None:
    core, other = Core(ruleset(*detections)), Core(ruleset(*detections))
    for index, values in enumerate(readings):
        if index in reloaded:
            core.reload()
        told = {change.rule: change.verdict for change in core.reading("sd-1", **values)}
        assert told == {change.rule: change.verdict for change in other.reading("sd-1", **values)}


FULL = st.fixed_dictionaries({"smoke": NUMBERS, "temperature": NUMBERS, "alarm": st.booleans()})
TIMED = st.sampled_from(
    [
        {"metric": "smoke", "aggregate": "avg", "above": 1.0, "over": "30s"},
        {"metric": "smoke", "aggregate": "sum", "above": 3.0, "over": "1min"},
        {"metric": "temperature", "aggregate": "max", "above": 4.0, "over": "40s"},
        {"metric": "smoke", "above": 0.5, "rate_per": "1min", "over": "1min"},
        {"metric": "smoke", "above": 1.0, "count": 2, "within": "1min"},
        {
            "any": [
                {"metric": "alarm", "is": True},
                {"metric": "smoke", "aggregate": "min", "below": 1.0, "over": "30s"},
            ]
        },
        {"sequence": [{"metric": "smoke", "above": 1.0}, {"metric": "smoke", "below": 1.0}], "within": "30s"},
        {"silent_for": "30s"},
        {"schedule": {"from": "08:01", "to": "08:02"}},
        {"metric": "smoke", "changed": True},
    ]
)
WAITS = st.sampled_from(["0s", "1s", "10s", "20s", "31s", "61s"])


@settings(max_examples=150)
@given(
    st.lists(TIMED | CONDITIONS, min_size=1, max_size=4),
    st.lists(st.tuples(WAITS, FULL), min_size=1, max_size=25),
    st.sets(st.integers(0, 24), max_size=4),
)
def test_a_gateway_that_is_restarted_between_readings_says_what_one_that_is_not_says(
    conditions: list[dict[str, Any]], readings: list[tuple[str, dict[str, Any]]], restarted: set[int]
) -> None:
    """Readings here say everything there is to say and come right after the restart: it may forget what only an earlier
    message said, and until a device of which nothing held speaks, its windows stay in the stores.
    """
    detections = [
        rule("{metric: smoke, above: 1}", id=f"r{number}").model_copy(update={"when": Condition.model_validate(each)})
        for number, each in enumerate(conditions)
    ]
    core, other = Core(ruleset(*detections)), Core(ruleset(*detections))
    core.listen()
    other.listen()
    since = core.now
    for index, (wait, values) in enumerate(readings):
        core.wait(wait)
        if index in restarted:
            core.restart()
            core.screen.listening(since)
        core.reading("sd-1", **values)
        other.wait(wait)
        other.reading("sd-1", **values)
    told = [
        [(c.rule, c.verdict, c.received_at) for c in each.changes if c.device == "tower-a/sd-1"]
        for each in (core, other)
    ]
    assert told[0] == told[1]


def test_the_model_itself_knows_a_deadband_and_no_data() -> None:
    deadband = rule("{metric: smoke, above: 1}", "{metric: smoke, below: 0.5}")
    core = Core(ruleset(deadband))
    naive = Naive(core.directory.device_classes["smoke_detector"], core.ruleset)
    told = [naive.reading({"smoke": value}).get("r") for value in (0.7, 2.0, 0.7, 11.0, 0.7, 0.1, 11.0)]
    assert told == [None, Verdict.HOLDS, Verdict.DEADBAND, Verdict.NO_DATA, Verdict.DEADBAND, Verdict.DOES_NOT, None]
