"""Deadlines, late ones, restarts, and things nobody knows: the engine's own rules."""

from __future__ import annotations

import pytest

from rules.engine import LATE_MS
from rules.events import CommandAnswered, CommandFailed, CommandPublished, TimePassed, VerdictChanged
from rules.incident import Confirmation
from rules.instant import Instant
from rules.level import Level
from rules.mode import Mode
from rules.state import CURSORS_MAX, State
from rules.timeline import Kind
from rules.verdict import Verdict
from tests.support.building import FIRE, FIRE_PLAN, rule, ruleset
from tests.support.core import START, Core

HELD = ruleset(rule("{metric: smoke, above: 1, for: 5min}", "{metric: smoke, below: 0.5, for: 1min}"))


# ---- late


def test_a_deadline_that_passed_while_the_gateway_was_down_is_handled_at_once_and_says_how_late() -> None:
    core = Core(FIRE, plans=FIRE_PLAN)
    core.reading("sd-1", smoke=0.2)
    core.restart(down="59min")
    assert core.incident().level is Level.I
    confirmed = core.entry(Kind.CONFIRMED)
    assert (confirmed.at, confirmed.late_ms) == (core.now, 59 * 60_000 - 15_000)
    assert [effect.issued_at for effect in core.effects] == [core.now, core.now]


def test_what_is_not_late_does_not_say_so() -> None:
    core = Core(FIRE)
    core.reading("sd-1", smoke=0.2)
    core.now += 15_000 + LATE_MS
    core.look()
    assert core.entry(Kind.CONFIRMED).late_ms is None
    assert core.entry(Kind.OPENED).late_ms is None


def test_how_late_it_is_does_not_depend_on_holds_that_were_broken_off_before() -> None:
    core = Core(HELD)
    core.verdict("r", "sd-1", Verdict.HOLDS)
    core.wait("1min")
    core.verdict("r", "sd-1", Verdict.DOES_NOT)
    core.verdict("r", "sd-1", Verdict.HOLDS)
    core.now += 10 * 60_000
    core.look()
    assert core.entry(Kind.OPENED).late_ms == 5 * 60_000


def test_how_late_a_countdown_is_does_not_depend_on_its_acknowledgement() -> None:
    core = Core(FIRE)
    core.reading("sd-1", smoke=0.2)
    core.wait("10s")
    core.acknowledge()
    core.now += 200_000
    core.look()
    assert core.entry(Kind.CONFIRMED).late_ms == 20_000


def test_deadlines_that_passed_together_fall_in_the_order_they_were_due() -> None:
    core = Core(FIRE)
    core.reading("sd-1", smoke=0.2)
    core.wait("1s")
    core.reading("sd-8", smoke=0.2)
    core.restart(down="1min")
    confirmed = [entry.incident for entry in core.entries if entry.kind is Kind.CONFIRMED]
    assert confirmed == ["INC-000001", "INC-000002"]


def test_an_overdue_deadline_falls_before_the_event_that_wakes_the_engine() -> None:
    core = Core(FIRE)
    core.reading("sd-1", smoke=0.2)
    core.now += 60_000
    core.acknowledge()
    assert [entry.kind for entry in core.last.entries][:2] == [Kind.CONFIRMED, Kind.LEVEL_RAISED]
    assert core.last.entries[-2].kind is Kind.ACKNOWLEDGED


def test_time_that_goes_back_stands_still() -> None:
    core = Core(FIRE)
    core.reading("sd-1", smoke=0.2)
    core.wait("10s")
    late = core.now
    core.acknowledge()
    core.now = START
    core.note("the clock was set back")
    assert core.entry(Kind.NOTED).at == late


def test_no_deadline_is_announced_when_nothing_is_awaited() -> None:
    core = Core(FIRE)
    assert core.engine.next_deadline() is None
    core.reading("sd-1", smoke=0.2)
    assert core.engine.next_deadline() == core.now + 15_000


def test_time_that_passes_without_a_deadline_changes_nothing() -> None:
    core = Core(FIRE)
    assert core.step(TimePassed()).entries == []


# ---- restart


@pytest.mark.parametrize("down", ["0s", "5s"])
def test_a_restart_within_the_countdown_changes_nothing_of_it(down: str) -> None:
    core = Core(FIRE)
    core.reading("sd-1", smoke=0.2)
    core.wait("5s")
    core.restart(down)
    assert core.incident().confirmation is Confirmation.PRE_ALARM
    core.wait_until(START + 15_000)
    assert core.incident().confirmation is Confirmation.CONFIRMED
    assert core.entry(Kind.CONFIRMED).late_ms is None


def test_a_restart_is_on_the_timeline_of_no_incident() -> None:
    core = Core(FIRE)
    core.restart()
    started = core.entry(Kind.STARTED)
    assert (started.incident, started.number, started.facts) == (None, 0, {"version": "0.1.0"})


# ---- unknown


def test_a_verdict_of_an_unknown_rule_or_device_is_told_and_nothing_is_raised() -> None:
    core = Core(FIRE)
    core.verdict("no-such-rule", "sd-1", Verdict.HOLDS)
    assert (core.entries[-1].kind, core.entries[-1].reason) == (Kind.UNKNOWN, "no rule 'no-such-rule' is in force")
    core.verdict("smoke-high", "sd-77", Verdict.HOLDS)
    assert core.entries[-1].reason == "no device 'tower-a/sd-77' is in force"
    assert not core.state.incidents
    assert not core.state.detections


@pytest.mark.parametrize(
    "event",
    [
        CommandPublished("CMD-000001"),
        CommandFailed("", "?", 0),
        CommandAnswered(Mode.ACTUAL, "CMD-1", "nowhere/at-all", ok=False, received_at=-1),
    ],
)
def test_news_of_an_unknown_command_raises_nothing(event: CommandPublished | CommandFailed | CommandAnswered) -> None:
    core = Core(FIRE)
    core.step(event)
    assert not core.state.incidents


@pytest.mark.parametrize("verdict", [Verdict.DOES_NOT, Verdict.NO_DATA, Verdict.DEADBAND])
def test_a_verdict_that_ends_nothing_writes_nothing(verdict: Verdict) -> None:
    core = Core(FIRE)
    assert core.verdict("smoke-high", "sd-1", verdict).entries == []


def test_the_same_verdict_twice_is_one_detection() -> None:
    core = Core(FIRE)
    core.verdict("smoke-high", "sd-1", Verdict.HOLDS)
    assert core.verdict("smoke-high", "sd-1", Verdict.HOLDS).entries == []


# ---- cursors


def message(device: str, at: Instant, received_at: Instant, seq: int | None) -> VerdictChanged:
    return VerdictChanged(Mode.ACTUAL, "smoke-high", device, Verdict.DOES_NOT, at, received_at, seq=seq)


def test_the_newest_message_of_a_device_is_known_even_if_an_older_one_comes_later() -> None:
    core = Core(FIRE)
    core.step(message("tower-a/sd-1", 2_000, 2_500, seq=7))
    core.step(message("tower-a/sd-1", 1_000, 3_000, seq=6))
    assert core.state.cursors["actual|tower-a/sd-1"].seq == 7


def test_what_time_alone_brought_about_is_no_message_of_the_device() -> None:
    core = Core(FIRE)
    core.step(message("tower-a/sd-1", 2_000, 2_500, seq=7))
    core.step(message("tower-a/sd-1", 9_000, 9_000, seq=None))
    assert core.state.cursors["actual|tower-a/sd-1"].at == 2_000


def test_cursors_are_bounded_and_the_least_recent_goes_first() -> None:
    state = State()
    core = Core(FIRE)
    core.step(message("tower-a/sd-1", 1, 2, seq=1))
    cursor = core.state.cursors["actual|tower-a/sd-1"]
    for number in range(CURSORS_MAX + 1):
        state.touch_cursor(f"actual|{number}", cursor)
    assert len(state.cursors) == CURSORS_MAX
    assert "actual|0" not in state.cursors
