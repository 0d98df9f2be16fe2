"""What one reading after another makes of a condition: cuts, Kleene's logic, deadbands, and what is no reading."""

from __future__ import annotations

from itertools import product
from math import inf, nan

import pytest

from rules.mode import Mode
from rules.reading import Value
from rules.verdict import Verdict
from tests.support.building import directory, rule, ruleset
from tests.support.core import Core

H, N, D, X = Verdict.HOLDS, Verdict.DOES_NOT, Verdict.DEADBAND, Verdict.NO_DATA


CLASSES = {"sd-1": "smoke_detector", "em-1": "energy_meter", "door-1": "door"}


def verdicts(when: str, metric: str, values: list[Value], clear: str | None = None, on: str = "sd-1") -> list[Verdict]:
    """The screen's verdict after each reading of one metric."""
    core = Core(ruleset(rule(when, clear, device_class=CLASSES[on])))
    found = []
    for value in values:
        core.reading(on, **{metric: value})
        found.append(core.held(on))
        core.wait("1s")
    return found


# ---- one value against a bound


@pytest.mark.parametrize(
    ("when", "values", "expected"),
    [
        ("{metric: smoke, above: 1}", [0.5, 1.0, 1.000001, 1.0, 2, 0], [N, N, H, N, H, N]),
        ("{metric: smoke, below: 1}", [2, 1.0, 0.999999, 1.0, 0, 2], [N, N, H, N, H, N]),
        ("{metric: smoke, between: [1, 2]}", [0.9, 1.0, 1.5, 2.0, 2.1, 2.0, 0], [N, H, H, H, N, H, N]),
        ("{metric: smoke, is: 1}", [0.9, 1.0, 1.1, 1.0, 1.0], [N, H, N, H, H]),
        ("{metric: smoke, in: [1, 3]}", [0, 1.0, 2, 3.0, 4], [N, H, N, H, N]),
        ("{metric: temperature, above: 0}", [-0.0, 0.0, 1e-300, -1e300], [N, N, H, N]),
        ("{metric: temperature, below: -10}", [-10, -10.5, 5], [N, H, N]),
    ],
)
def test_a_number_is_compared_exactly_at_the_cut(when: str, values: list[Value], expected: list[Verdict]) -> None:
    metric = "temperature" if "temperature" in when else "smoke"
    assert verdicts(when, metric, values) == expected


def test_a_bound_may_be_a_multiple_of_a_rated_value() -> None:
    when = "{metric: power_w, above: 0.9, of: power_w}"
    found = verdicts(when, "power_w", [900, 900.1, 899], on="em-1")
    assert found == [N, H, N]


def test_a_device_without_the_rated_value_is_not_judged() -> None:
    relative = rule("{metric: power_w, above: 0.9, of: power_w}", device_class="energy_meter")
    core = Core(ruleset(relative), site=directory({"12F-east": {"em-1": "energy_meter"}}))
    assert core.reading("em-1", power_w=1e6) == []


@pytest.mark.parametrize("wanted", [True, False])
def test_a_boolean_is_compared(wanted: bool) -> None:
    when = f"{{metric: alarm, is: {str(wanted).lower()}}}"
    assert verdicts(when, "alarm", [wanted, wanted, not wanted, wanted]) == [H, H, N, H]


def test_a_text_is_compared() -> None:
    found = verdicts("{metric: position, is: open}", "position", ["closed", "open", "ajar"], on="door-1")
    assert found == [N, H, N]
    found = verdicts("{metric: position, in: [open, ajar]}", "position", ["ajar", "open", "closed"], on="door-1")
    assert found == [H, H, N]


def test_a_change_is_told_once_with_the_values_that_made_it() -> None:
    core = Core(ruleset(rule("{any: [{metric: smoke, above: 1}, {metric: alarm, is: true}]}")))
    core.reading("sd-1", smoke=0.5, alarm=False, temperature=20)
    told = [core.reading("sd-1", smoke=smoke) for smoke in (2, 3, 4)]
    assert [len(changes) for changes in told] == [1, 0, 0]
    (change,) = told[0]
    assert (change.verdict, change.values) == (H, {"smoke": 2.0, "alarm": False})


def test_the_first_reading_that_is_normal_is_no_news() -> None:
    core = Core(ruleset(rule("{metric: smoke, above: 1}")))
    assert core.reading("sd-1", smoke=0.5) == []


# ---- any, all, not


@pytest.mark.parametrize(("smoke", "alarm"), list(product((2.0, 0.0, None), (True, False, None))))
@pytest.mark.parametrize("form", ["any", "all", "not any", "not all"])
def test_what_is_not_known_follows_kleenes_logic(form: str, smoke: float | None, alarm: bool | None) -> None:
    inner = f"{{{form[-3:]}: [{{metric: smoke, above: 1}}, {{metric: alarm, is: true}}]}}"
    core = Core(ruleset(rule(f"{{not: {inner}}}" if form.startswith("not") else inner)))
    told = {"smoke": smoke, "alarm": alarm, "temperature": 20.0}
    core.reading("sd-1", **{name: value for name, value in told.items() if value is not None})
    parts = [None if smoke is None else smoke > 1, alarm]
    decisive = form.endswith("any")
    truth = decisive if decisive in parts else None if None in parts else not decisive
    truth = truth if truth is None or not form.startswith("not") else not truth
    assert core.held("sd-1") is (H if truth else N)  # without data nothing that does not hold is news
    w = core.screen.watched(Mode.ACTUAL, "tower-a/sd-1", core.now)
    assert w is not None
    assert w.plan.rules[0].verdict(w, core.now) is {True: H, False: N, None: X}[truth]


# ---- deadband


def test_between_when_and_clear_what_was_stays() -> None:
    found = verdicts(
        "{metric: smoke, above: 1}", "smoke", [0.7, 2, 0.7, 0.5, 0.4, 0.7, 2], "{metric: smoke, below: 0.5}"
    )
    assert found == [N, H, D, D, N, N, H]


def test_when_both_when_and_clear_are_true_it_holds() -> None:
    found = verdicts("{metric: smoke, above: 1}", "smoke", [2, 0.5], "{metric: smoke, below: 5}")
    assert found == [H, N]


def test_clear_may_look_at_another_metric() -> None:
    core = Core(ruleset(rule("{metric: smoke, above: 1}", "{metric: alarm, is: false}")))
    core.reading("sd-1", smoke=2)
    core.reading("sd-1", smoke=0)
    assert core.held("sd-1") is X
    core.reading("sd-1", alarm=False)
    assert core.held("sd-1") is N


# ---- what is no reading


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"smoke": 11.0}, "out of range"),
        ({"smoke": -0.1}, "out of range"),
        ({"smoke": nan}, "out of range"),
        ({"smoke": inf}, "out of range"),
        ({"temperature": nan}, "out of range"),
        ({"temperature": -inf}, "out of range"),
        ({"smoke": True}, "wrong type"),
        ({"smoke": "much"}, "wrong type"),
        ({"alarm": 1.0}, "wrong type"),
        ({"smok": 1.0}, "unknown metric"),
    ],
)
def test_what_is_no_reading_is_told_and_no_longer_believed(values: dict[str, float | bool | str], reason: str) -> None:
    core = Core(
        ruleset(rule("{any: [{metric: smoke, above: 1}, {metric: alarm, is: true}, {metric: temperature, above: 9}]}"))
    )
    core.reading("sd-1", smoke=0, alarm=False, temperature=0)
    core.reading("sd-1", **values)
    assert [each[0] for each in core.faults] == [reason]
    assert next(iter(values)) in core.faults[0][1]
    w = core.screen.watched(Mode.ACTUAL, "tower-a/sd-1", core.now)
    assert w is not None
    assert w.believed().get(next(iter(values))) is None


def test_bounds_of_a_sensor_belong_to_its_range() -> None:
    assert verdicts("{metric: smoke, above: 9}", "smoke", [10, 0, 10.000001, 10]) == [H, N, N, H]


def test_a_value_that_is_none_of_the_expected_ones_is_told() -> None:
    core = Core(ruleset(rule("{metric: position, is: open}", device_class="door")))
    core.reading("door-1", position="upside down")
    assert core.faults == [("unknown value", "position: 'upside down' is none of open, ajar, closed")]


def test_a_broken_sensor_is_no_data_and_a_repaired_one_is_judged_again() -> None:
    core = Core(ruleset(rule("{metric: smoke, above: 1}")))
    told = [core.reading("sd-1", smoke=smoke) for smoke in (2, 11, 12, 2, 0)]
    assert [[change.verdict for change in changes] for changes in told] == [[H], [X], [], [H], [N]]


def test_one_bad_value_does_not_spoil_the_others_of_its_message() -> None:
    core = Core(ruleset(rule("{metric: smoke, above: 1}")))
    core.reading("sd-1", smoke=2, alarm="yes", nonsense=1)
    assert core.held("sd-1") is H
    assert len(core.faults) == 2


def test_an_unknown_event_is_told_and_the_known_ones_are_named() -> None:
    core = Core(ruleset(rule("{event: denied}", device_class="door")))
    core.event("door-1", "denid")
    assert core.faults == [("unknown event", "'denid' is not an event of door (denied, granted, duress)")]


# ---- late and retained


def test_a_late_reading_raises_and_the_next_of_its_device_clears() -> None:
    core = Core(ruleset(rule("{metric: smoke, above: 1}")))
    core.reading("sd-1", smoke=0)
    (change,) = core.reading("sd-1", at=core.now - 5_000, smoke=2)
    assert (change.verdict, change.late, change.values) == (H, True, {"smoke": 2.0})
    (change,) = core.reading("sd-1", temperature=20)
    assert (change.verdict, change.late) == (N, False)


def test_a_late_reading_never_clears() -> None:
    core = Core(ruleset(rule("{metric: smoke, above: 1}")))
    core.reading("sd-1", smoke=2)
    assert core.reading("sd-1", at=core.now - 5_000, smoke=0) == []
    assert core.held("sd-1") is H


def test_a_late_reading_that_was_journaled_before_a_crash_does_not_raise_again() -> None:
    core = Core(ruleset(rule("{metric: smoke, above: 1}")))
    core.reading("sd-1", seq=1, smoke=2)
    core.wait("1s")
    core.reading("sd-1", seq=2, smoke=0)
    assert core.reading("sd-1", at=core.now - 1_000, seq=1, smoke=2) == []
    assert len(core.reading("sd-1", at=core.now - 2_000, seq=0, smoke=2)) == 1


def test_a_late_reading_leaves_what_is_known_as_it_was() -> None:
    core = Core(ruleset(rule("{metric: smoke, above: 1}")))
    core.reading("sd-1", smoke=0, temperature=20)
    core.reading("sd-1", at=core.now - 1, smoke=2, temperature=99)
    w = core.screen.watched(Mode.ACTUAL, "tower-a/sd-1", core.now)
    assert w is not None
    assert w.believed() == {"smoke": 0.0, "temperature": 20.0}


def test_a_retained_reading_that_shows_a_fire_is_not_ignored() -> None:
    core = Core(ruleset(rule("{metric: smoke, above: 1}")))
    (change,) = core.reading("sd-1", retained=True, smoke=2)
    assert (change.verdict, change.retained) == (H, True)


def test_devices_and_modes_are_judged_apart() -> None:
    core = Core(ruleset(rule("{metric: smoke, above: 1}")))
    core.reading("sd-1", mode=Mode.EXERCISE, smoke=2)
    assert core.held("sd-1") is N
    assert core.held("sd-2") is N
    assert core.held("sd-1", mode=Mode.EXERCISE) is H


# ---- expressions


@pytest.mark.parametrize(
    ("expr", "values", "expected"),
    [
        ("smoke > 1.0 && alarm", {"smoke": 2, "alarm": True}, H),
        ("smoke > 1.0 && alarm", {"smoke": 2, "alarm": False}, N),
        ("smoke > 1.0 && alarm", {"smoke": 2}, X),
        ("smoke / temperature > 1.0", {"smoke": 2, "temperature": 0}, H),
        ("1 / 0 == 1 || smoke > 1.0", {"smoke": 0}, X),
        ("smoke", {"smoke": 2}, X),
        ("smoke + 1 > 2", {"smoke": 2}, X),
    ],
)
def test_an_expression_is_true_false_or_without_an_answer(
    expr: str, values: dict[str, float | bool], expected: Verdict
) -> None:
    core = Core(ruleset(rule(f"{{expr: '{expr}'}}")))
    core.reading("sd-1", **values)
    w = core.screen.watched(Mode.ACTUAL, "tower-a/sd-1", core.now)
    assert w is not None
    assert w.plan.rules[0].verdict(w, core.now) is expected


def test_an_expression_may_use_a_rated_value() -> None:
    core = Core(ruleset(rule("{expr: 'power_w > 0.9 * rated_power_w'}", device_class="energy_meter")))
    core.reading("em-1", power_w=901)
    assert core.held("em-1") is H
    core.reading("em-1", power_w=900)
    assert core.held("em-1") is N


def test_a_device_cannot_say_itself_how_wrong_its_clock_is() -> None:
    core = Core(ruleset(rule("{metric: clock_skew_s, above: 5}")))
    core.reading("sd-1", clock_skew_s=60)
    assert core.held("sd-1") is Verdict.DOES_NOT
    assert core.faults[-1][0] == "unknown metric"
