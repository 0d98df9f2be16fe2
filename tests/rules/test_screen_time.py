"""What time alone changes: silence, status, schedules; and that the gateway's deafness is nobody's silence."""

from __future__ import annotations

import pytest

from rules.instant import parse_rfc3339
from rules.mode import Mode
from rules.screen import Cause
from rules.verdict import Verdict
from tests.support.building import directory, rule, ruleset
from tests.support.core import Core

H, N, D, X = Verdict.HOLDS, Verdict.DOES_NOT, Verdict.DEADBAND, Verdict.NO_DATA
SMOKE = rule("{metric: smoke, above: 1}", "{metric: smoke, below: 0.5}")
SILENT = rule("{silent_for: limit}", id="silent", hazard="silence")  # 10 minutes for a smoke detector


def listening(*rules: object) -> Core:
    core = Core(ruleset(*rules))  # type: ignore[arg-type]
    core.listen()
    return core


def verdicts(core: Core) -> list[tuple[str, Verdict]]:
    return [(change.rule, change.verdict) for change in core.changes if change.device == "tower-a/sd-1"]


# ---- silence


def test_a_device_that_says_nothing_for_its_limit_is_silent_and_speaks_again() -> None:
    core = listening(SILENT)
    core.reading("sd-1", smoke=0)
    core.wait("599999ms")
    assert verdicts(core) == []
    core.wait("1ms")
    assert verdicts(core) == [("silent", H)]
    core.wait("1h")
    core.reading("sd-1", temperature=20)
    assert verdicts(core) == [("silent", H), ("silent", N)]
    core.wait("10min")
    assert verdicts(core)[-1] == ("silent", H)


def test_a_device_that_never_said_anything_is_silent_too() -> None:
    core = listening(SILENT)
    core.wait("10min")
    assert core.held("sd-1", "silent") is H


def test_any_message_is_a_sign_of_life() -> None:
    core = listening(rule("{silent_for: 1h}", device_class="door"))
    for speak in (
        lambda: core.reading("door-1", open=True),
        lambda: core.event("door-1", "granted"),
        lambda: core.status("door-1", online=True),
        lambda: core.reading("door-1", nonsense=1.0),
        lambda: core.event("door-1", "nonsense"),
    ):
        core.wait("61min")
        assert core.held("door-1") is H
        speak()
        assert core.held("door-1") is N


def test_a_will_is_no_sign_of_life() -> None:
    core = listening(SILENT)
    core.wait("5min")
    core.status("sd-1", online=False)
    core.wait("5min")
    assert core.held("sd-1", "silent") is H


def test_a_fixed_time_of_silence_stands_for_the_limit() -> None:
    core = listening(rule("{silent_for: 30s}"))
    core.wait("29999ms")
    assert core.held("sd-1") is N
    core.wait("1ms")
    assert core.held("sd-1") is H


def test_what_a_silent_device_last_said_is_no_longer_believed() -> None:
    core = listening(SMOKE)
    core.reading("sd-1", smoke=2)
    core.wait("10min")
    assert verdicts(core) == [("r", H), ("r", X)]
    core.reading("sd-1", temperature=20)
    assert core.held("sd-1") is X
    core.reading("sd-1", smoke=2)
    assert verdicts(core) == [("r", H), ("r", X), ("r", H)]


def test_silence_in_the_deadband_is_no_data_too_and_silence_of_a_normal_device_is_no_news() -> None:
    core = listening(SMOKE)
    core.reading("sd-1", smoke=2)
    core.reading("sd-1", smoke=0.7)
    core.reading("sd-2", smoke=0)
    core.wait("10min")
    assert verdicts(core) == [("r", H), ("r", D), ("r", X)]
    assert [change.device for change in core.changes if change.device != "tower-a/sd-1"] == []


def test_a_device_that_returns_is_judged_by_what_it_says() -> None:
    core = listening(SMOKE)
    core.reading("sd-1", smoke=2)
    core.wait("10min")
    core.reading("sd-1", smoke=0.1)
    assert core.held("sd-1") is N


def test_a_rule_that_holds_for_silence_goes_on_holding_when_the_device_falls_silent() -> None:
    core = listening(rule("{any: [{metric: smoke, above: 1}, {silent_for: limit}]}"))
    core.reading("sd-1", smoke=2)
    core.wait("1h")
    assert verdicts(core) == [("r", H)]
    core.reading("sd-1", smoke=0)
    assert verdicts(core) == [("r", H), ("r", N)]


@pytest.mark.parametrize("form", ["changed: true", "above: 1, rate_per: 1min", "above: 1, aggregate: max, over: 1h"])
def test_of_a_silent_device_memories_say_nothing(form: str) -> None:
    core = listening(rule(f"{{metric: smoke, {form}}}"))
    core.reading("sd-1", smoke=0)
    core.wait("1s")
    core.reading("sd-1", smoke=2)
    assert core.held("sd-1") is H
    core.wait("10min")
    assert core.held("sd-1") is X


def test_what_a_silent_device_last_said_can_still_be_shown() -> None:
    core = listening(SMOKE)
    core.reading("sd-1", smoke=2)
    core.wait("1h")
    w = core.screen.watched(Mode.ACTUAL, "tower-a/sd-1", core.now)
    assert w is not None
    assert w.silent
    assert w.believed() == {"smoke": 2.0}


# ---- a clear that has to be kept up


SETTLING = rule("{metric: smoke, above: 1}", "{metric: smoke, below: 0.5, for: 1min}")


@pytest.mark.parametrize(("smoke", "broken_off"), [(0.7, D), (11.0, X), (2.0, H)])
def test_a_clear_that_is_not_kept_up_does_not_end_the_incident(smoke: float, broken_off: Verdict) -> None:
    core = listening(SETTLING)
    core.reading("sd-1", smoke=2)
    core.reading("sd-1", smoke=0)
    core.wait("59s")
    core.reading("sd-1", smoke=smoke)
    assert core.held("sd-1") is broken_off
    core.wait("1h")
    assert not core.incident().sources_normal


def test_a_device_that_falls_silent_before_its_clear_was_kept_up_is_no_data() -> None:
    core = listening(rule("{metric: smoke, above: 1}", "{metric: smoke, below: 0.5, for: 15min}"))
    core.reading("sd-1", smoke=2)
    core.reading("sd-1", smoke=0)
    core.wait("1h")
    assert verdicts(core) == [("r", H), ("r", N), ("r", X)]
    assert not core.incident().sources_normal


def test_once_a_clear_was_kept_up_the_deadband_is_no_news() -> None:
    core = listening(SETTLING)
    core.reading("sd-1", smoke=2)
    core.reading("sd-1", smoke=0)
    core.wait("60001ms")
    assert core.incident().sources_normal
    assert core.reading("sd-1", smoke=0.7) == []


# ---- deafness


def test_before_the_broker_is_heard_nobody_is_silent() -> None:
    core = Core(ruleset(SILENT, SMOKE))
    core.reading("sd-1", smoke=2)
    core.wait("3h")
    assert verdicts(core) == [("r", H)]


def test_while_the_broker_is_away_nobody_falls_silent_and_afterwards_everybody_has_their_limit() -> None:
    core = listening(SILENT, SMOKE)
    core.reading("sd-1", smoke=2)
    core.screen.listening(None)
    core.wait("3h")
    assert verdicts(core) == [("r", H)]
    core.listen()
    core.wait("599999ms")
    assert verdicts(core) == [("r", H)]
    core.wait("1ms")
    assert dict(verdicts(core)) == {"r": X, "silent": H}


def test_who_was_silent_before_the_broker_went_away_stays_silent() -> None:
    core = listening(SILENT)
    core.wait("10min")
    core.screen.listening(None)
    core.wait("1h")
    core.listen()
    core.wait("1h")
    assert verdicts(core) == [("silent", H)]


# ---- status


def test_a_will_says_offline_and_any_message_says_online() -> None:
    core = listening(rule("{status: offline}"))
    core.status("sd-1", online=False)
    assert core.held("sd-1") is H
    core.reading("sd-1", smoke=0)
    assert core.held("sd-1") is N
    core.status("sd-1", online=False)
    core.status("sd-1", online=True)
    assert core.held("sd-1") is N


def test_what_the_broker_kept_does_not_bring_an_offline_device_back() -> None:
    core = listening(rule("{status: offline}"))
    core.status("sd-1", online=False, retained=True)
    core.reading("sd-1", retained=True, smoke=0)
    assert core.held("sd-1") is H


def test_nobody_knows_whether_a_device_is_online_until_it_speaks() -> None:
    core = listening(rule("{not: {status: online}}"))
    assert core.held("sd-1") is N
    core.status("sd-1", online=False)
    assert core.held("sd-1") is H


# ---- the clock of a device


def test_a_clock_that_is_wrong_is_a_metric_of_every_device() -> None:
    core = listening(rule("{metric: clock_skew_s, above: 5}"))
    core.reading("sd-1", smoke=0)
    w = core.screen.watched(Mode.ACTUAL, "tower-a/sd-1", core.now)
    assert w is not None
    for skew, expected in ((0.2, N), (4.0, N), (5.0, N), (5.5, H), (6.0, H), (1.0, N)):
        core._taken(core.screen.skew(w, skew, Cause(core.now, core.now)))
        assert core.held("sd-1") is expected
        assert w.believed()["clock_skew_s"] == skew


# ---- schedules


def at(local: str, rule_: str, zone: str = "Asia/Shanghai", holidays: tuple[str, ...] = ()) -> Core:
    """A core that starts at a local time with an offset, with one rule about sd-1 alone."""
    site = directory({"1F-all": {"sd-1": "smoke_detector"}}, timezone=zone, holidays=holidays)
    return Core(ruleset(rule(rule_)), site=site, now=parse_rfc3339(local))


def changes(core: Core) -> list[tuple[str, bool]]:
    """(how long after the start, holds)."""
    started = core.entries[0].at
    return [(f"{(change.at - started) / 3_600_000:g}h", change.verdict is H) for change in core.changes]


def test_a_schedule_begins_and_ends_to_the_millisecond() -> None:
    core = at("2026-11-24T07:00:00+08:00", "{schedule: {from: '08:00', to: '18:00'}}")
    core.wait("3599999ms")
    assert core.held("sd-1") is N
    core.wait("1ms")
    assert core.held("sd-1") is H
    core.wait("40h")
    assert changes(core) == [("1h", True), ("11h", False), ("25h", True), ("35h", False)]


def test_a_schedule_over_midnight_belongs_to_the_day_it_began_on() -> None:
    core = at("2026-11-27T12:00:00+08:00", "{schedule: {days: [fri], from: '22:00', to: '06:00'}}")
    core.wait("3d")
    assert changes(core) == [("10h", True), ("18h", False)]


def test_a_gateway_that_starts_at_night_knows_that_it_is_night() -> None:
    core = at("2026-11-28T01:00:00+08:00", "{schedule: {days: [fri], from: '22:00', to: '06:00'}}")
    assert core.held("sd-1") is H


def test_workdays_and_holidays_are_those_of_the_site() -> None:
    holidays = ("2026-10-01",)  # a Thursday
    core = at("2026-09-30T00:00:00+08:00", "{schedule: {days: [workday]}}", holidays=holidays)
    core.wait("7d")
    assert changes(core) == [("0h", True), ("24h", False), ("48h", True), ("72h", False), ("120h", True)]
    core = at("2026-09-30T00:00:00+08:00", "{schedule: {days: [holiday]}}", holidays=holidays)
    core.wait("7d")
    assert changes(core) == [("24h", True), ("48h", False)]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-03-29T00:00:00+01:00", [("1.5h", True), ("3h", False)]),  # 02:00 becomes 03:00
        ("2026-10-25T00:00:00+02:00", [("1.5h", True), ("5h", False)]),  # 03:00 becomes 02:00
        ("2026-06-01T00:00:00+02:00", [("1.5h", True), ("4h", False)]),
    ],
)
def test_on_the_days_the_clocks_change_a_schedule_keeps_to_local_time(
    day: str, expected: list[tuple[str, bool]]
) -> None:
    core = at(day, "{schedule: {from: '01:30', to: '04:00'}}", zone="Europe/Berlin")
    core.wait("20h")
    assert changes(core) == expected


def test_a_schedule_and_a_value_hold_together_when_the_later_of_them_comes() -> None:
    core = at(
        "2026-11-24T21:00:00+08:00", "{all: [{schedule: {from: '22:00', to: '06:00'}}, {metric: smoke, above: 1}]}"
    )
    core.reading("sd-1", smoke=2)
    assert core.held("sd-1") is N
    core.wait("1h")
    assert core.held("sd-1") is H
    core.wait("1h")
    core.reading("sd-1", smoke=0)
    core.reading("sd-1", smoke=2)
    core.wait("7h")
    assert [holds for _, holds in changes(core)] == [True, False, True, False]
