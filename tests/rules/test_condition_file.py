"""How conditions are written: one form each, and what is stored of a rule is the same rule."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from rules.condition_file import FORMS, NESTING_MAX, Condition
from rules.ruleset import Ruleset
from tests.support.building import rule, ruleset, yaml

GOOD = {
    "metric": "{metric: smoke, above: 1, of: power_w}",
    "event": "{event: denied, attributes: {door: B1, tries: 3, forced: true}, count: 2, within: 90s}",
    "status": "{status: offline}",
    "silent_for": "{silent_for: limit}",
    "schedule": "{schedule: {days: [workday, holiday], from: '22:00', to: '06:00'}}",
    "sequence": "{sequence: [{event: denied}, {metric: open, is: true}], within: 30s}",
    "baseline": "{baseline: {below: 4, weeks: 12, hours_min: 6, floor: 0.2}}",
    "expr": "{expr: 'smoke > 0.9 * rated_power_w'}",
    "any": "{any: [{metric: smoke, between: [1, 2]}, {metric: position, in: [open, ajar]}]}",
    "all": "{all: [{metric: smoke, below: 1, rate_per: 1min, over: 5min}], for: 1h}",
    "not": "{not: {metric: smoke, aggregate: avg, above: 1, over: 1h}}",
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_told_by_its_key(form: str) -> None:
    assert Condition.model_validate(yaml(GOOD[form])).form == form


@pytest.mark.parametrize("form", FORMS)
def test_a_rule_that_was_stored_is_the_same_rule_of_the_same_version(form: str) -> None:
    written = rule(GOOD[form], "{metric: smoke, below: 0.5, for: 30s}")
    stored = Ruleset.model_validate_json(ruleset(written).to_bytes())
    assert stored.detections["r"] == written
    assert stored.detections["r"].version == written.version
    assert stored.to_bytes() == ruleset(written).to_bytes()


def test_another_threshold_is_another_version() -> None:
    assert rule("{metric: smoke, above: 1}").version != rule("{metric: smoke, above: 2}").version


def test_a_hold_stands_at_the_top_and_is_that_of_the_rule() -> None:
    held = rule("{any: [{metric: smoke, above: 1}], for: 5min}", "{metric: smoke, below: 1, for: 1min}")
    assert (held.hold_ms, held.clear_hold_ms) == (300_000, 60_000)
    unheld = rule("{metric: smoke, above: 1}")
    assert (unheld.hold_ms, unheld.clear_hold_ms) == (0, 0)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("{}", "nothing in one condition"),
        ("{metric: smoke, above: 1, event: denied}", "'metric' and 'event' in one condition"),
        ("{metric: smoke}", "nothing on one metric"),
        ("{metric: smoke, above: 1, below: 2}", "'above' and 'below' on one metric"),
        ("{metric: smoke, is: 1, of: power_w}", "'of', 'rate_per' and 'aggregate' need"),
        ("{metric: smoke, above: 1, aggregate: avg}", "'aggregate' and 'over' go together"),
        ("{metric: smoke, above: 1, over: 1min}", "'aggregate' and 'over' go together"),
        ("{metric: smoke, above: 1, count: 2}", "'count' and 'within' go together"),
        ("{metric: smoke, between: [2, 1]}", "expected [lower, upper]"),
        ("{event: denied, above: 1}", "'above' cannot stand beside 'event'"),
        ("{status: away}", "'online' or 'offline'"),
        ("{silent_for: 5}", "is not a duration"),
        ("{schedule: {from: '25:00'}}", "is not a time of day"),
        ("{sequence: [{event: denied}], within: 1min}", "at least 2 items"),
        ("{sequence: [{event: denied}, {event: granted}]}", "a sequence needs 'within'"),
        ("{any: [{metric: smoke, above: 1, for: 1min}]}", "'for' inside a condition"),
        ("{any: []}", "at least 1 item"),
        ("{expr: 'smoke >'}", "is not a CEL expression"),
        ("{metric: smoke, abov: 1}", "Extra inputs are not permitted"),
        ("{not: " * NESTING_MAX + "{metric: smoke, above: 1}" + "}" * NESTING_MAX, "nested deeper than 8"),
    ],
)
def test_what_is_no_condition_is_refused_with_what_was_expected(written: str, message: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Condition.model_validate(yaml(written))
    assert message in str(refused.value)


def test_as_deep_as_a_person_can_read_is_allowed() -> None:
    depth = NESTING_MAX - 1
    assert Condition.model_validate(yaml("{not: " * depth + "{metric: smoke, above: 1}" + "}" * depth))
