"""Restart and reload: the screen neither forgets nor repeats what it has said."""

from __future__ import annotations

import pytest

from rules.ruleset import Ruleset
from rules.verdict import Verdict
from tests.support.building import ZONES, directory, rule, ruleset
from tests.support.core import Core

H, N, D, X = Verdict.HOLDS, Verdict.DOES_NOT, Verdict.DEADBAND, Verdict.NO_DATA
SMOKE = rule("{metric: smoke, above: 1}", "{metric: smoke, below: 0.5}")
SILENT = rule("{silent_for: limit}", id="silent", hazard="silence")


def listening(*rules: object) -> Core:
    core = Core(ruleset(*rules))  # type: ignore[arg-type]
    core.listen()
    return core


def test_after_a_restart_what_holds_still_holds_and_is_not_told_again() -> None:
    core = listening(SMOKE)
    core.reading("sd-1", smoke=2)
    assert core.restart("1min") == []
    assert core.held("sd-1") is H
    assert core.reading("sd-1", smoke=3) == []
    assert [change.verdict for change in core.reading("sd-1", smoke=0)] == [N]


@pytest.mark.parametrize("verdict", [D, X])
def test_after_a_restart_a_deadband_and_no_data_are_remembered(verdict: Verdict) -> None:
    core = listening(SMOKE)
    core.reading("sd-1", smoke=2)
    core.reading("sd-1", smoke=0.7 if verdict is D else 11.0)
    core.restart()
    assert core.held("sd-1") is verdict
    assert [change.verdict for change in core.reading("sd-1", smoke=2)] == [H]


def test_after_a_restart_the_next_message_whatever_it_says_settles_what_was_journaled() -> None:
    core = listening(SMOKE)
    core.reading("sd-1", smoke=0)
    core.wait("1s")
    core.reading("sd-1", smoke=2)
    core.telemetry.rows.popitem()  # the power went: the journal has the verdict, telemetry lost the reading
    core.restart()
    assert core.held("sd-1") is H
    core.reading("sd-1", smoke=0)
    assert core.held("sd-1") is N


def test_a_window_that_began_before_a_restart_goes_on_after_it() -> None:
    core = listening(rule("{metric: smoke, aggregate: sum, above: 5, over: 1h}"))
    core.reading("sd-1", smoke=3)
    core.wait("1min")
    core.reading("sd-1", temperature=20)
    core.restart("1min")
    core.reading("sd-1", smoke=2.5)
    assert core.held("sd-1") is H
    core.restart("58min")
    assert core.held("sd-1") is H
    core.wait("1min")
    assert core.held("sd-1") is N


def test_counts_and_sequences_that_began_before_a_restart_are_completed_after_it() -> None:
    count = rule("{event: denied, count: 2, within: 10min}", device_class="door", id="count")
    sequence = rule("{sequence: [{event: denied}, {metric: open, is: true}], within: 10min}", device_class="door")
    core = listening(count, sequence)
    core.event("door-1", "denied")
    core.restart("1min")
    core.event("door-1", "denied")
    assert core.held("door-1", "count") is H
    core.reading("door-1", open=True)
    assert core.held("door-1") is H


def test_what_held_before_the_window_is_not_counted_again_after_a_restart() -> None:
    core = listening(rule("{metric: smoke, above: 1, count: 2, within: 1min}"))
    for smoke, wait in ((2, "31s"), (2, "10s"), (0, "20s"), (0, "0s")):
        core.reading("sd-1", smoke=smoke)
        core.wait(wait)
    core.restart()
    core.reading("sd-1", smoke=2)
    assert core.held("sd-1") is N


def test_a_sequence_that_is_over_goes_on_holding_over_a_restart() -> None:
    core = listening(rule("{sequence: [{event: denied}, {metric: open, is: true}], within: 1min}", device_class="door"))
    core.event("door-1", "denied")
    core.wait("50s")
    core.reading("door-1", open=True)
    core.wait("40s")
    core.reading("door-1", forced=False)
    core.restart()
    core.reading("door-1", forced=False)
    assert core.held("door-1") is H
    core.wait("21s")
    assert core.held("door-1") is N


def test_a_hold_goes_on_over_a_restart() -> None:
    core = listening(rule("{metric: smoke, above: 1, for: 5min}"))
    core.reading("sd-1", smoke=2)
    core.wait("2min")
    core.restart("1min")
    core.wait("2min")
    assert core.incident().opened_at == core.now


@pytest.mark.parametrize("restarted", [True, False])
def test_a_clear_has_to_be_kept_up_over_a_restart_and_a_reload(restarted: bool) -> None:
    settling = rule("{metric: smoke, above: 1}", "{metric: smoke, below: 0.5, for: 1min}")
    core = listening(settling)
    core.reading("sd-1", smoke=2)
    core.reading("sd-1", smoke=0)
    core.wait("20s")
    core.restart() if restarted else core.reload(ruleset(settling, SILENT))
    core.wait("20s")
    core.reading("sd-1", smoke=0.7)
    core.wait("10min")
    assert not core.incident("INC-000001").sources_normal


def test_a_late_reading_is_not_taken_for_the_latest_after_a_restart() -> None:
    core = listening(SMOKE)
    core.reading("sd-1", smoke=2)
    core.wait("1s")
    core.reading("sd-1", at=core.now - 10_000, smoke=0)
    core.restart()
    assert core.reading("sd-1", temperature=20) == []
    assert core.held("sd-1") is H


def test_who_was_silent_is_silent_after_a_restart_until_it_speaks() -> None:
    core = listening(SILENT, SMOKE)
    core.reading("sd-1", smoke=2)
    core.wait("10min")
    assert core.restart("1h") == []
    core.listen()
    core.wait("3h")
    assert (core.held("sd-1", "silent"), core.held("sd-1")) == (H, X)
    core.reading("sd-1", smoke=0)
    assert (core.held("sd-1", "silent"), core.held("sd-1")) == (N, N)


def test_who_never_spoke_is_silent_after_a_restart_until_it_speaks() -> None:
    core = listening(SILENT)
    core.wait("10min")
    core.restart()
    core.listen()
    assert core.held("sd-1", "silent") is H
    core.reading("sd-1", smoke=0)
    assert core.held("sd-1", "silent") is N


def test_a_silent_device_does_not_hold_again_because_telemetry_remembers_it() -> None:
    timed = rule("{all: [{schedule: {from: '00:00', to: '23:00'}}, {metric: smoke, above: 1}]}")
    core = listening(timed)
    core.reading("sd-1", smoke=2)
    core.wait("10min")
    assert core.held("sd-1") is X
    assert core.restart() == []


def test_after_a_restart_everybody_has_their_limit_from_when_the_broker_is_heard() -> None:
    core = listening(SILENT)
    core.reading("sd-1", smoke=0)
    core.restart("1h")
    core.wait("1h")
    assert core.held("sd-1", "silent") is N
    core.listen()
    core.wait("10min")
    assert core.held("sd-1", "silent") is H


def test_an_offline_device_that_speaks_after_a_restart_is_online() -> None:
    core = listening(rule("{status: offline}"))
    core.reading("sd-1", smoke=0)
    core.status("sd-1", online=False)
    core.restart()
    assert core.held("sd-1") is H
    core.reading("sd-1", smoke=0)
    assert core.held("sd-1") is N


def test_night_that_fell_while_the_gateway_was_down_is_noticed_when_it_comes_up() -> None:
    core = listening(rule("{schedule: {from: '20:00', to: '06:00'}}"))
    assert {change.verdict for change in core.restart("13h")} == {H}
    assert core.restart("1h") == []
    assert {change.verdict for change in core.restart("9h")} == {N}


# ---- reload


def test_a_reload_keeps_what_is_known_and_judges_new_rules_by_it_at_once() -> None:
    core = listening(SMOKE)
    core.reading("sd-1", smoke=2)
    told = core.reload(ruleset(SMOKE, rule("{metric: smoke, above: 1.5}", id="s")))
    assert [(change.rule, change.verdict, change.values) for change in told] == [("s", H, {"smoke": 2.0})]


def test_a_reload_fills_new_windows_from_telemetry() -> None:
    core = listening(SMOKE)
    core.reading("sd-1", smoke=0.4)
    core.wait("10s")
    core.reading("sd-1", smoke=0.4)
    core.reload(ruleset(rule("{metric: smoke, aggregate: sum, above: 0.7, over: 1h}")))
    assert core.held("sd-1") is H


def test_a_reload_does_not_end_the_silence_of_who_is_silent_even_just_after_the_broker_was_away() -> None:
    core = listening(SILENT)
    core.wait("20min")
    core.screen.listening(None)
    core.wait("1min")
    assert core.reload(ruleset(SILENT, SMOKE)) == []
    core.listen()
    assert core.reload(ruleset(SILENT)) == []
    core.reading("sd-1", smoke=0)
    assert core.held("sd-1", "silent") is N


def test_a_reload_does_not_start_the_limit_of_silence_anew() -> None:
    core = listening(SILENT, SMOKE)
    core.reading("sd-1", smoke=2)
    core.wait("9min")
    core.reload(ruleset(SMOKE, SILENT))
    core.wait("1min")
    assert (core.held("sd-1", "silent"), core.held("sd-1")) == (H, X)


def test_what_a_silent_device_last_said_is_not_believed_after_a_reload() -> None:
    core = listening(SMOKE)
    core.reading("sd-1", smoke=2)
    core.wait("10min")
    core.reload(ruleset(SMOKE, SILENT))
    assert core.held("sd-1") is X
    core.reading("sd-1", smoke=2)
    assert core.held("sd-1") is H


def test_a_device_that_is_added_is_watched_at_once() -> None:
    core = listening(SILENT)
    core.wait("20min")
    more = directory({**ZONES, "12F-west": {**ZONES["12F-west"], "sd-10": "smoke_detector"}})
    core.reload(site=more)
    core.wait("10min")
    assert core.held("sd-10", "silent") is H


def test_a_device_that_is_removed_is_no_longer_watched() -> None:
    core = listening(SILENT)
    core.reload(site=directory({"12F-west": ZONES["12F-west"]}))
    core.wait("20min")
    assert {change.device for change in core.changes} == {"tower-a/sd-8", "tower-a/sd-9"}


def test_a_deadline_of_the_rules_before_comes_to_nothing() -> None:
    core = listening(rule("{metric: smoke, aggregate: max, above: 1, over: 1min}"))
    core.reading("sd-1", smoke=2)
    core.reload(Ruleset())
    core.wait("10min")
    assert core.incident().sources_normal
    assert len(core.changes) == 1
