"""What rule files mean beside the classes. The words of each fault are in tests/gateway/bad/rules.*."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.condition_file import Condition
from rules.overlap import overlap
from rules.plan import Plan
from rules.problem import dotted
from rules.rule_check import build_ruleset
from rules.ruleset import RuleFile, Ruleset
from rules.site import DeviceClass, Directory, Metric, MetricKind

SMOKE = DeviceClass(
    id="smoke_detector",
    title={},
    metrics={
        "smoke": Metric("smoke", MetricKind.NUMBER, "dB/m", 0, 10),
        "heat": Metric("heat", MetricKind.NUMBER, "°C"),
        "alarm": Metric("alarm", MetricKind.BOOLEAN),
        "state": Metric("state", MetricKind.STRING, values=("ok", "dirty")),
        "note": Metric("note", MetricKind.STRING),
    },
    events={"test": {}},
    rated={"heat": "°C"},
    commands={},
    silent_after_ms=60_000,
    life_safety=True,
)
DOOR = DeviceClass(
    id="door",
    title={},
    metrics={"alarm": Metric("alarm", MetricKind.BOOLEAN)},
    events={},
    rated={},
    commands={"release": {}},
    silent_after_ms=60_000,
)
DIRECTORY = Directory(device_classes={"smoke_detector": SMOKE, "door": DOOR})
TITLE = {"en": "Title"}


def rule(when: Any, **rest: Any) -> dict[str, Any]:
    kept = {"id": "r", "title": TITLE, "device_class": "smoke_detector", "hazard": "fire", "signal": "supervisory"}
    return {**kept, "level": "III", "when": when, **rest}


def evidence(id: str, **rest: Any) -> dict[str, Any]:
    return rule({"metric": "alarm", "is": True}, id=id, level=None, **rest)


def confirmation(*of: str, **rest: Any) -> dict[str, Any]:
    return {"id": "c", "title": TITLE, "hazard": "fire", "level": "I", "confirm": {"of": list(of)}, **rest}


def build(*shipped: dict[str, Any], mine: dict[str, Any] | None = None) -> tuple[Ruleset | None, list[str]]:
    files = {"library": RuleFile.model_validate({"rules": list(shipped)})}
    if mine is not None:
        files["mine"] = RuleFile.model_validate(mine)
    ruleset, problems = build_ruleset(files, DIRECTORY, {"library"})
    return ruleset, [f"{problem.file} {dotted(problem.path)}: {problem.message}" for problem in problems]


def faults(when: Any, **rest: Any) -> list[str]:
    """Where in a rule of one's own there is something wrong."""
    _, problems = build_ruleset({"mine": RuleFile.model_validate({"rules": [rule(when, **rest)]})}, DIRECTORY)
    return [dotted(problem.path[2:]) for problem in problems]


# ---- what ships, and what takes its place


def test_a_disabled_rule_is_out_of_force_and_its_confirmation_goes_on_without_it() -> None:
    ruleset, problems = build(
        evidence("a"), evidence("b"), confirmation("a", "b", **{"or": ["a"]}), mine={"disable": ["a"]}
    )
    assert problems == []
    assert ruleset is not None
    assert list(ruleset.detections) == ["b"]
    assert (ruleset.confirmations["c"].confirm.of, ruleset.confirmations["c"].or_) == (["b"], [])


def test_a_rule_of_ones_own_takes_the_place_of_the_disabled_one() -> None:
    own = evidence("a", title={"en": "Own"})
    ruleset, problems = build(evidence("a"), confirmation("a"), mine={"disable": ["a"], "rules": [own]})
    assert problems == []
    assert ruleset is not None
    assert ruleset.detections["a"].title == {"en": "Own"}
    assert [each.id for each in ruleset.confirmations_of["a"]] == ["c"]


def test_disabling_reaches_only_what_ships() -> None:
    _, problems = build(mine={"rules": [rule({"event": "test"}, id="own")], "disable": ["own"]})
    assert problems == ["mine disable[0]: 'own' is not the id of a shipped rule"]


def test_without_the_library_there_is_nothing_to_disable_and_nothing_wrong_with_it() -> None:
    _, problems = build_ruleset({"mine": RuleFile.model_validate({"disable": ["smoke-high"]})}, DIRECTORY)
    assert problems == []


def test_what_only_a_disabled_confirmation_needed_must_go_too_or_be_named_elsewhere() -> None:
    _, problems = build(evidence("a"), confirmation("a"), mine={"disable": ["c"]})
    assert len(problems) == 1
    own = confirmation("a", id="own")
    ruleset, problems = build(evidence("a"), confirmation("a"), mine={"disable": ["c"], "rules": [own]})
    assert problems == []
    assert ruleset is not None
    assert list(ruleset.confirmations) == ["own"]


def test_every_problem_is_told_at_once() -> None:
    bad = [rule({"metric": "smok", "above": 1}), rule({"event": "tset"}), confirmation("x", "y")]
    _, problems = build(mine={"rules": bad})
    assert [problem.partition(":")[0] for problem in problems] == [
        "mine rules[1].id",
        "mine rules[0].when.metric",
        "mine rules[2].confirm.of[0]",
        "mine rules[2].confirm.of[1]",
    ]


# ---- conditions


@pytest.mark.parametrize(
    ("when", "where"),
    [
        ({"metric": "smoke", "above": 10}, "when.above"),
        ({"metric": "smoke", "above": -1}, "when.above"),
        ({"metric": "smoke", "below": 0}, "when.below"),
        ({"metric": "smoke", "below": 11}, "when.below"),
        ({"metric": "smoke", "between": [11, 12]}, "when.between"),
        ({"metric": "smoke", "in": [1, 11]}, "when.in"),
        ({"metric": "smoke", "above": 11, "aggregate": "max", "over": "1min"}, "when.above"),
        ({"metric": "smoke", "is": True}, "when.is"),
        ({"metric": "state", "is": "durty"}, "when.is"),
        ({"metric": "state", "below": 1}, "when.below"),
        ({"metric": "alarm", "in": [True, "yes"]}, "when.in"),
        ({"not": {"metric": "smok", "above": 1}}, "when.not.metric"),
        ({"all": [{"any": [{"event": "tset"}]}, {"status": "offline"}]}, "when.all[0].any[0].event"),
        ({"metric": "heat", "above": 1, "of": "smoke"}, "when.of"),
        ({"metric": "smoke", "above": 1, "rate_per": "1s", "count": 2, "within": "1min"}, "when.count"),
        ({"sequence": [{"event": "test"}, {"event": "test", "count": 2}], "within": "1s"}, "when.sequence[1]"),
        ({"sequence": [{"event": "test"}, {"expr": "alarm"}], "within": "1s"}, "when.sequence[1]"),
        ({"expr": "smoke > rated_smoke"}, "when.expr"),
    ],
)
def test_a_condition_that_cannot_be_meant(when: dict[str, Any], where: str) -> None:
    assert faults(when) == [where]


@pytest.mark.parametrize(
    "when",
    [
        {"metric": "smoke", "above": 0},
        {"metric": "smoke", "below": 10},
        {"metric": "smoke", "between": [0, 5]},
        {"metric": "smoke", "above": 11, "aggregate": "sum", "over": "1min"},
        {"metric": "smoke", "above": 20, "rate_per": "1min"},
        {"metric": "heat", "above": 1.2, "of": "heat"},
        {"metric": "heat", "above": 1.2, "of": "rated_heat"},
        {"metric": "note", "is": "anything"},
        {"metric": "clock_skew_s", "above": 5},
        {"metric": "alarm", "is": True, "count": 3, "within": "1min"},
        {"sequence": [{"event": "test"}, {"metric": "heat", "above": 1, "of": "heat"}], "within": "1min"},
        {"expr": "heat > rated_heat && clock_skew_s < 5.0 && state == 'ok'"},
        {"silent_for": "10s"},
        {"schedule": {"days": ["holiday"]}},
        {"schedule": {"from": "22:00", "to": "06:00"}},
    ],
)
def test_a_condition_without_fault_can_be_compiled(when: dict[str, Any]) -> None:
    assert faults(when) == []
    detection = RuleFile.model_validate({"rules": [rule(when)]}).rules[0]
    Plan(SMOKE, {"heat": 60.0}, [detection])  # type: ignore[list-item]


def test_a_rule_for_every_class_looks_only_at_what_every_class_has() -> None:
    assert faults({"metric": "clock_skew_s", "above": 5}, device_class="*") == []
    assert faults({"metric": "alarm", "is": True}, device_class="*") == []
    assert faults({"metric": "smoke", "above": 5}, device_class="*") == ["when.metric"]


def test_only_alarms_of_life_safety_classes_may_not_be_delayed() -> None:
    held = {"metric": "alarm", "is": True, "for": "10s"}
    assert faults(held, signal="alarm") == ["when.for"]
    assert faults(held, signal="alarm", device_class=["door", "smoke_detector"]) == ["when.for"]
    assert faults(held, signal="alarm", device_class="*") == ["when.for"]
    assert faults(held, signal="alarm", device_class="door") == []
    assert faults(held, signal="trouble") == []
    assert faults({"metric": "alarm", "is": True}, signal="alarm", clear={**held, "is": False}) == []


# ---- when and clear


@pytest.mark.parametrize(
    ("when", "clear", "both"),
    [
        ({"metric": "smoke", "above": 5}, {"metric": "smoke", "below": 5}, ""),
        ({"metric": "smoke", "above": 5}, {"metric": "smoke", "between": [0, 5]}, ""),
        ({"metric": "smoke", "between": [4, 5]}, {"metric": "smoke", "between": [5, 6]}, "smoke 5"),
        ({"metric": "smoke", "above": 5}, {"metric": "smoke", "above": 7}, "smoke above 7"),
        ({"metric": "smoke", "below": 5}, {"metric": "smoke", "below": 9}, "smoke below 5"),
        ({"metric": "alarm", "is": True}, {"metric": "alarm", "is": True}, "alarm true"),
        ({"metric": "smoke", "above": 5}, {"metric": "alarm", "is": False}, ""),
        ({"metric": "smoke", "above": 5}, {"metric": "smoke", "below": 6, "of": "smoke"}, ""),
        ({"metric": "smoke", "above": 5}, {"not": {"metric": "smoke", "above": 9}}, ""),
        (
            {"metric": "smoke", "above": 5, "aggregate": "avg", "over": "1min"},
            {"metric": "smoke", "below": 6, "aggregate": "avg", "over": "1min"},
            "smoke between 5 and 6",
        ),
        (
            {"all": [{"metric": "smoke", "above": 5}, {"schedule": {"to": "06:00"}}]},
            {"metric": "smoke", "below": 9},
            "",
        ),
        (
            {"any": [{"metric": "smoke", "above": 5}, {"metric": "heat", "above": 60}]},
            {"all": [{"metric": "smoke", "below": 4}, {"metric": "heat", "below": 70}]},
            "heat between 60 and 70",
        ),
    ],
)
def test_what_when_and_clear_have_in_common(when: dict[str, Any], clear: dict[str, Any], both: str) -> None:
    assert overlap(Condition.model_validate(when), Condition.model_validate(clear)) == both


def test_a_generated_condition_is_not_worked_through_for_ever() -> None:
    pair = {"any": [{"metric": "smoke", "above": 1}, {"metric": "smoke", "below": 9}]}
    many = Condition.model_validate({"all": [pair] * 200})
    assert overlap(many, many) == ""


_bounds = st.integers(0, 6).map(float)
_comparisons = st.one_of(
    st.builds(lambda bound: {"above": bound}, _bounds),
    st.builds(lambda bound: {"below": bound}, _bounds),
    st.builds(lambda bound: {"is": bound}, _bounds),
    st.builds(lambda low, more: {"between": [low, low + more]}, _bounds, st.integers(1, 3)),
)
_leaves = st.builds(lambda metric, how: {"metric": metric, **how}, st.sampled_from(["smoke", "heat"]), _comparisons)
_conditions = st.recursive(
    _leaves,
    lambda inner: st.builds(
        lambda key, children: {key: children}, st.sampled_from(["any", "all"]), st.lists(inner, min_size=1, max_size=3)
    ),
    max_leaves=4,
)


@given(_conditions, _conditions)
def test_an_overlap_is_one_that_values_show(one: dict[str, Any], other: dict[str, Any]) -> None:
    when, clear = Condition.model_validate(one), Condition.model_validate(other)
    shown = any(
        _true(when, {"smoke": smoke / 2, "heat": heat / 2}) and _true(clear, {"smoke": smoke / 2, "heat": heat / 2})
        for smoke in range(-2, 24)
        for heat in range(-2, 24)
    )
    if overlap(when, clear):
        assert shown
    elif shown:
        assert _metrics(when) != _metrics(clear) or len(_metrics(when)) > 1  # decided only where both limit the same


def _true(condition: Condition, values: dict[str, float]) -> bool:
    if condition.any is not None:
        return any(_true(child, values) for child in condition.any)
    if condition.all is not None:
        return all(_true(child, values) for child in condition.all)
    value = values[condition.metric or ""]
    if condition.above is not None:
        return value > condition.above
    if condition.below is not None:
        return value < condition.below
    if condition.between is not None:
        return condition.between[0] <= value <= condition.between[1]
    return value == condition.is_


def _metrics(condition: Condition) -> set[str]:
    own = {condition.metric} if condition.metric else set()
    return own.union(*(_metrics(child) for child in condition.children)) if condition.children else own
