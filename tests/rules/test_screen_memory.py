"""Conditions that remember: changes, rates, windows, counts, sequences."""

from __future__ import annotations

import pytest

from rules.ruleset import DetectionRule
from rules.verdict import Verdict
from tests.support.building import rule, ruleset
from tests.support.core import START, Core

H, N, X = Verdict.HOLDS, Verdict.DOES_NOT, Verdict.NO_DATA


def smoke(core: Core, *values: float, every: str = "10s") -> list[Verdict]:
    """The verdict after each reading of smoke."""
    found = []
    for value in values:
        core.reading("sd-1", smoke=value)
        found.append(core.held("sd-1"))
        core.wait(every)
    return found


def of(when: str, device_class: str = "smoke_detector") -> Core:
    return Core(ruleset(rule(when, device_class=device_class)))


# ---- changed, rate


def test_a_value_has_changed_when_the_last_two_readings_differ() -> None:
    assert smoke(of("{metric: smoke, changed: true}"), 1, 1, 2, 2, 1) == [N, N, H, N, H]


def test_a_reading_of_another_metric_is_no_change() -> None:
    core = of("{any: [{metric: smoke, changed: true}, {metric: temperature, changed: true}]}")
    core.reading("sd-1", smoke=1, temperature=20)
    core.reading("sd-1", smoke=2)
    assert core.held("sd-1") is H
    core.reading("sd-1", temperature=20)
    assert core.held("sd-1") is H  # smoke is still what it had changed to
    core.reading("sd-1", smoke=2)
    assert core.held("sd-1") is N


def test_a_rate_is_the_change_between_two_readings_in_the_time_named() -> None:
    core = of("{metric: smoke, above: 6, rate_per: 1min}")
    assert smoke(core, 0, 1, 2.1, 2.2) == [N, N, H, N]


def test_a_falling_rate_is_negative() -> None:
    assert smoke(of("{metric: smoke, below: -6, rate_per: 1min}"), 5, 4, 2, 2) == [N, N, H, N]


def test_a_rate_over_a_window_is_between_its_ends() -> None:
    core = of("{metric: smoke, above: 2, rate_per: 1min, over: 30s}")
    assert smoke(core, 0, 0, 1, 1.1, 1.1, 1.1) == [N, N, H, H, H, N]


def test_without_two_readings_in_its_window_a_rate_is_not_known() -> None:
    core = of("{metric: smoke, above: 2, rate_per: 1min, over: 30s}")
    smoke(core, 0, 2)
    assert core.held("sd-1") is H
    core.wait("10001ms")  # 30 s and a moment after the first of the two
    assert core.held("sd-1") is X


def test_two_readings_at_one_instant_have_no_rate() -> None:
    core = of("{metric: smoke, above: 1, rate_per: 1min}")
    core.reading("sd-1", smoke=0)
    core.reading("sd-1", smoke=5)
    assert core.held("sd-1") is N


# ---- windows


@pytest.mark.parametrize(
    ("aggregate", "expected"),
    [
        ("sum", [N, N, H, H, N]),  # 1, 3, 6, 7, 5
        ("avg", [N, N, N, N, N]),  # at most 7/3
        ("max", [N, N, N, N, N]),
        ("min", [N, N, N, N, N]),
    ],
)
def test_a_window_holds_the_readings_of_its_time(aggregate: str, expected: list[Verdict]) -> None:
    core = of(f"{{metric: smoke, aggregate: {aggregate}, above: 5.5, over: 20s}}")
    assert smoke(core, 1, 2, 3, 2, 0) == expected


@pytest.mark.parametrize(("aggregate", "after"), [("avg", [H, N, N]), ("max", [H, H, N]), ("min", [H, N, N])])
def test_an_aggregate_forgets_what_is_older_than_its_window(aggregate: str, after: list[Verdict]) -> None:
    core = of(f"{{metric: smoke, aggregate: {aggregate}, above: 4, over: 15s}}")
    assert smoke(core, 5, 1, 1) == after


def test_a_reading_as_old_as_the_window_still_counts_and_a_moment_later_does_not() -> None:
    core = of("{metric: smoke, aggregate: sum, above: 5, over: 30s}")
    smoke(core, 4, 3)
    core.wait("10s")
    assert core.held("sd-1") is H
    core.wait("1ms")
    assert core.held("sd-1") is N


def test_an_empty_window_is_no_data() -> None:
    core = of("{metric: smoke, aggregate: sum, above: 5, over: 30s}")
    smoke(core, 6)
    core.wait("1min")
    assert core.held("sd-1") is X


def test_a_reading_of_one_metric_is_not_counted_again_with_one_of_another() -> None:
    core = of(
        "{any: [{metric: smoke, aggregate: sum, above: 5, over: 1h},"
        " {metric: temperature, aggregate: sum, above: 1000, over: 1h}]}"
    )
    core.reading("sd-1", smoke=3)
    for _ in range(5):
        core.reading("sd-1", temperature=20)
    assert core.held("sd-1") is N


def test_what_is_out_of_range_does_not_enter_a_window() -> None:
    core = of("{metric: smoke, aggregate: sum, above: 5, over: 1h}")
    assert smoke(core, 3, 11, 1) == [N, N, N]
    assert smoke(core, 2) == [H]


# ---- how often


def test_an_event_holds_for_a_minute_unless_told_otherwise() -> None:
    core = of("{event: duress}", "door")
    core.event("door-1", "duress")
    core.wait("60s")
    assert core.held("door-1") is H
    core.wait("1ms")
    assert core.held("door-1") is N


def test_an_event_counts_only_with_the_attributes_named() -> None:
    core = of("{event: denied, attributes: {door: B1}}", "door")
    core.event("door-1", "denied", door="B2")
    core.event("door-1", "granted", door="B1")
    assert core.held("door-1") is N
    core.event("door-1", "denied", door="B1", card="7")
    assert core.held("door-1") is H


def test_three_events_within_a_minute() -> None:
    core = of("{event: denied, count: 3, within: 1min}", "door")
    for wait in ("30s", "31s", "29s"):
        core.event("door-1", "denied")
        assert core.held("door-1") is N
        core.wait(wait)
    core.event("door-1", "denied")
    assert core.held("door-1") is H
    core.wait("1s")
    assert core.held("door-1") is N


def test_a_value_counts_each_time_it_comes_to_hold() -> None:
    core = of("{metric: smoke, above: 1, count: 3, within: 1min}")
    assert smoke(core, 2, 2, 0, 2, 0, 2, every="5s") == [N, N, N, N, N, H]
    core.wait("35s")
    assert core.held("sd-1") is N


def test_neither_an_event_nor_another_metric_makes_a_value_come_to_hold_again() -> None:
    core = of("{any: [{metric: open, is: true, count: 2, within: 1h}, {event: duress, count: 9, within: 1h}]}", "door")
    core.reading("door-1", open=True)
    core.event("door-1", "duress")
    core.reading("door-1", forced=False)
    core.reading("door-1", open=True)
    assert core.held("door-1") is N
    core.reading("door-1", open=False)
    core.reading("door-1", open=True)
    assert core.held("door-1") is H


# ---- sequences


def forced() -> DetectionRule:
    return rule("{sequence: [{event: denied}, {metric: open, is: true}], within: 30s}", device_class="door")


def test_a_sequence_holds_when_its_steps_come_in_order_and_in_time() -> None:
    core = Core(ruleset(forced()))
    core.event("door-1", "denied")
    core.wait("30s")
    core.reading("door-1", open=True)
    assert core.held("door-1") is H
    core.wait("30s")
    assert core.held("door-1") is H
    core.wait("1ms")
    assert core.held("door-1") is N


def test_a_sequence_in_another_order_is_none() -> None:
    core = Core(ruleset(forced()))
    core.reading("door-1", open=True)
    core.event("door-1", "denied")
    assert core.held("door-1") is N


def test_a_sequence_that_takes_too_long_is_none() -> None:
    core = Core(ruleset(forced()))
    core.event("door-1", "denied")
    core.wait("30001ms")
    core.reading("door-1", open=True)
    assert core.held("door-1") is N


def test_a_step_is_what_a_message_says_not_what_was_known_before() -> None:
    core = Core(ruleset(rule("{sequence: [{metric: forced, is: true}, {metric: open, is: true}], within: 30s}",
                             device_class="door")))  # fmt: skip
    core.reading("door-1", open=True)
    core.reading("door-1", forced=True)
    core.reading("door-1", forced=True)
    assert core.held("door-1") is N
    core.reading("door-1", open=True)
    assert core.held("door-1") is H


def test_a_first_step_that_comes_again_starts_the_time_anew() -> None:
    core = Core(ruleset(forced()))
    core.event("door-1", "denied")
    core.wait("25s")
    core.event("door-1", "denied")
    core.wait("25s")
    core.reading("door-1", open=True)
    assert core.held("door-1") is H


def test_other_messages_between_the_steps_do_not_matter() -> None:
    core = Core(ruleset(forced()))
    core.event("door-1", "denied")
    core.event("door-1", "granted")
    core.reading("door-1", open=False)
    core.reading("door-1", open=True)
    assert core.held("door-1") is H


def test_one_message_is_one_step() -> None:
    core = Core(ruleset(rule("{sequence: [{event: denied}, {event: denied}], within: 30s}", device_class="door")))
    core.event("door-1", "denied")
    assert core.held("door-1") is N
    core.event("door-1", "denied")
    assert core.held("door-1") is H


def test_what_falls_due_sooner_is_looked_at_sooner() -> None:
    core = of("{any: [{schedule: {from: '20:00', to: '21:00'}}, {event: duress}]}", "door")
    core.event("door-1", "duress")
    assert core.held("door-1") is H
    core.wait("60001ms")
    assert core.held("door-1") is N
    core.wait_until(START + 12 * 3_600_000)
    assert core.held("door-1") is H
