"""A backtest: what other rules would have made of what was said."""

from __future__ import annotations

from rules.backtest import (
    FIRINGS_MAX,
    Judge,
    Judged,
    differing,
    limited,
    looked_at,
    matched,
    memory_ms,
    scope,
)
from rules.instant import MINUTE_MS
from rules.level import Level
from rules.mode import Mode
from rules.ruleset import Ruleset
from tests.rules.test_dry_run import in_force
from tests.support import building
from tests.support.trial import START

RUNNING = building.rules(building.FIRE)
HIGHER = building.rules(building.FIRE.replace("above: 0.15", "above: 0.25"))
INHIBITS = """
inhibitions:
  - {id: outage, title: {en: Outage}, by: [outage], inhibits: [silent], same: building}
"""
OUTAGE = """
rules:
  - {id: outage, title: {en: O}, device_class: energy_meter, hazard: power, signal: alarm, level: II,
     when: {metric: voltage_v, below: 10}}
  - {id: silent, title: {en: S}, device_class: energy_meter, hazard: device, signal: trouble, level: III,
     when: {metric: power_w, below: 1}}
"""


def judged(ruleset: Ruleset, *said: tuple[str, int, float], before: int = 0) -> Judged:
    """`said`: device, ms after START, smoke."""
    judge = Judge(in_force()._replace(ruleset=ruleset), START, START + before)
    for device, after_ms, smoke in said:
        judge.pass_until(START + after_ms)
        judge.reading(Mode.ACTUAL, f"{building.SITE}/{device}", {"smoke": smoke}, judge.now)
    return judge.judged_until(START + 10 * MINUTE_MS)


SAID = (
    ("sd-1", 1_000, 0.2),
    ("sd-1", 60_000, 0.0),
    ("sd-1", 120_000, 0.3),
    ("sd-1", 180_000, 0.0),
    ("sd-8", 200_000, 0.2),
)


def test_each_firing_is_told_with_device_beginning_end_and_values() -> None:
    found = judged(RUNNING, *SAID)
    assert [(each.device, each.since - START, each.until and each.until - START) for each in found.firings] == [
        ("tower-a/sd-1", 1_000, 60_000),
        ("tower-a/sd-1", 120_000, 180_000),
        ("tower-a/sd-8", 200_000, None),
    ]
    assert found.firings[1].values == {"smoke": 0.3}
    assert (found.fired, found.by_rule) == (3, {"smoke-high": 3})
    assert found.by_device == {"tower-a/sd-1": 2, "tower-a/sd-8": 1}


def test_each_time_is_an_incident_of_its_own() -> None:
    found = judged(RUNNING, *SAID)
    assert [(each.zone, each.closed_at and each.closed_at - START) for each in found.incidents] == [
        ("tower-a/12F-east", 60_000),
        ("tower-a/12F-east", 180_000),
        ("tower-a/12F-west", None),
    ]
    assert {each.level for each in found.incidents} == {Level.I}  # nobody looks: the countdown runs out


def test_what_fired_before_the_range_is_not_counted_and_what_goes_on_is_told() -> None:
    assert judged(RUNNING, *SAID, before=90_000).fired == 2
    found = judged(RUNNING, *SAID, before=130_000)
    assert (found.fired, found.held_before, found.incidents_opened) == (1, 1, 1)


def test_two_rulesets_are_compared_firing_by_firing() -> None:
    candidate, running = judged(HIGHER, *SAID), judged(RUNNING, *SAID)
    assert candidate.fired == 1
    assert matched(candidate, running) == (1, [], [0, 2])
    assert matched(running, candidate) == (1, [0, 2], [])


def test_more_firings_than_are_shown_are_counted() -> None:
    flapping = [("sd-1", 100 * number, 0.3 if number % 2 else 0.0) for number in range(2 * FIRINGS_MAX + 8)]
    found = judged(RUNNING, *flapping)
    assert len(found.firings) == FIRINGS_MAX
    assert found.fired == FIRINGS_MAX + 4


def test_only_what_differs_is_judged_with_what_it_builds_on() -> None:
    assert differing(RUNNING, RUNNING) == []
    assert differing(HIGHER, RUNNING) == ["smoke-high"]
    wanted = scope(["smoke-high"], HIGHER, RUNNING, building.plans())
    assert wanted == ["smoke-high", "fire-confirmed", "call-point"]
    assert looked_at(building.directory(), limited(RUNNING, wanted)) == {
        f"tower-a/{name}" for name in ("sd-1", "sd-2", "sd-3", "sd-8", "sd-9", "mcp-1")
    }


def test_a_rule_that_is_new_or_gone_differs() -> None:
    without = building.rules(OUTAGE)
    assert differing(without, RUNNING) == ["outage", "silent", "smoke-high", "call-point", "fire-confirmed"]


def test_what_inhibits_a_rule_is_judged_with_it() -> None:
    rules, plans = building.rules(OUTAGE), building.plans(INHIBITS)
    assert scope(["silent"], rules, rules, plans) == ["silent", "outage"]
    force = in_force(OUTAGE, plans=(INHIBITS,))
    judge = Judge(force, START, START)
    judge.reading(Mode.ACTUAL, "tower-a/em-1", {"voltage_v": 0.0, "power_w": 0.0}, START)
    found = judge.judged_until(START + MINUTE_MS)
    assert {each.rule: each.quiet for each in found.firings} == {"outage": False, "silent": True}


def test_how_far_back_rules_look_is_known() -> None:
    assert memory_ms(building.directory(), RUNNING) == 0
    rules = building.rules(
        """
rules:
  - {id: rising, title: {en: R}, device_class: smoke_detector, hazard: fire, signal: alarm,
     when: {metric: smoke, aggregate: avg, above: 0.1, over: 10min, for: 2min}}
"""
    )
    assert memory_ms(building.directory(), rules) >= 12 * MINUTE_MS


def test_a_device_that_could_not_be_heard_is_not_silent() -> None:
    rules = building.rules(
        """
rules:
  - {id: silent, title: {en: S}, device_class: energy_meter, hazard: device, signal: trouble, level: III,
     when: {silent_for: limit}}
"""
    )
    for deaf, fired in ((False, 1), (True, 0)):
        judge = Judge(in_force(plans=())._replace(ruleset=rules), START, START)
        judge.reading(Mode.ACTUAL, "tower-a/em-1", {"power_w": 1.0}, START)
        (judge.deaf_until if deaf else judge.pass_until)(START + 30 * MINUTE_MS)
        assert judge.judged_until(START + 30 * MINUTE_MS).fired == fired
