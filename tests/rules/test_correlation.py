"""From detections to incidents: grouping, confirmation by two devices, the pre-alarm and its countdown."""

from __future__ import annotations

import pytest

from rules.incident import Confirmation, Phase
from rules.level import Level
from rules.mode import Mode
from rules.signal import Signal
from rules.timeline import Kind
from tests.support.building import FIRE, FIRE_PLAN, rule, ruleset
from tests.support.core import Core

WITHOUT_PRE_ALARM = FIRE.replace("    pre_alarm: {level: II, acknowledge_within: 15s, investigate_within: 180s}\n", "")
BY_FLOOR = FIRE.replace("same: zone", "same: floor")


# ---- two devices


def test_a_second_smoke_detector_in_the_zone_raises_level_one() -> None:
    core = Core(FIRE)
    core.reading("sd-1", smoke=0.2)
    core.wait("10s")
    core.reading("sd-2", smoke=0.2)
    incident = core.incident()
    assert (incident.level, incident.confirmation) == (Level.I, Confirmation.CONFIRMED)
    assert core.entry(Kind.CONFIRMED).reason == "2 independent devices in one zone: sd-1, sd-2"


def test_the_same_detector_twice_is_one_device() -> None:
    core = Core(FIRE)
    for smoke in (0.2, 0.0, 0.2, 0.0, 0.2):
        core.reading("sd-1", smoke=smoke)
        core.wait("1s")
    assert core.incident().confirmation is Confirmation.PRE_ALARM


def test_a_detector_of_another_zone_is_another_incident() -> None:
    core = Core(FIRE)
    core.reading("sd-1", smoke=0.2)
    core.reading("sd-8", smoke=0.2)
    assert [each.confirmation for each in core.state.incidents.values()] == [Confirmation.PRE_ALARM] * 2
    assert [each.zone for each in core.state.incidents.values()] == ["tower-a/12F-east", "tower-a/12F-west"]


def test_a_detector_that_cleared_counts_until_the_window_is_over() -> None:
    core = Core(FIRE)
    core.reading("sd-1", smoke=0.2)
    core.reading("sd-1", smoke=0)
    core.wait("60s")
    core.reading("sd-2", smoke=0.2)
    assert core.incident().confirmation is Confirmation.CONFIRMED


def test_a_detector_that_cleared_before_the_window_does_not_count() -> None:
    core = Core(FIRE)
    core.reading("sd-1", smoke=0.2)
    core.reading("sd-1", smoke=0)
    core.wait("60001ms")
    core.reading("sd-2", smoke=0.2)
    assert core.incident().confirmation is Confirmation.PRE_ALARM


def test_a_detector_that_still_holds_counts_however_long_ago_it_fired() -> None:
    core = Core(WITHOUT_PRE_ALARM)
    core.reading("sd-1", smoke=0.2)
    core.wait("5min")
    core.reading("sd-2", smoke=0.2)
    assert core.incident().level is Level.I


def test_one_call_point_alone_is_a_fire() -> None:
    core = Core(FIRE)
    core.reading("mcp-1", alarm=True)
    incident = core.incident()
    assert (incident.level, incident.confirmation) == (Level.I, Confirmation.CONFIRMED)
    assert core.entry(Kind.CONFIRMED).reason == "call-point at mcp-1 needs no second device"


def test_a_call_point_confirms_a_pre_alarm() -> None:
    core = Core(FIRE)
    core.reading("sd-1", smoke=0.2)
    core.reading("mcp-1", alarm=True)
    assert core.incident().level is Level.I
    core.wait("5min")
    assert core.kinds().count(Kind.CONFIRMED) == 1


def test_devices_of_one_floor_confirm_the_incidents_of_both_zones() -> None:
    core = Core(BY_FLOOR, plans=FIRE_PLAN)
    core.reading("sd-1", smoke=0.2)
    core.reading("sd-8", smoke=0.2)
    both = list(core.state.incidents.values())
    assert [each.confirmation for each in both] == [Confirmation.CONFIRMED] * 2
    assert [each.level for each in both] == [Level.I] * 2
    assert {each.device for each in core.effects} == {"tower-a/vent-1", "tower-a/vent-2", "tower-a/vent-9"}


# ---- without a pre-alarm


def test_without_a_pre_alarm_one_detector_alone_opens_nothing() -> None:
    core = Core(WITHOUT_PRE_ALARM)
    core.reading("sd-1", smoke=0.2)
    core.wait("1h")
    assert not core.state.incidents
    assert core.entry(Kind.DETECTED).reason == "evidence only: no rule opens an incident on it alone"


def test_the_incident_of_the_second_detector_takes_in_the_first() -> None:
    core = Core(WITHOUT_PRE_ALARM)
    core.reading("sd-1", smoke=0.2)
    core.wait("20s")
    core.reading("sd-2", smoke=0.3)
    incident = core.incident()
    assert [(each.device, each.fired_at) for each in incident.evidence] == [
        ("tower-a/sd-1", core.now - 20_000),
        ("tower-a/sd-2", core.now),
    ]
    assert incident.first_out == "tower-a/sd-1"


def test_it_is_not_over_while_the_first_detector_holds() -> None:
    core = Core(WITHOUT_PRE_ALARM)
    core.reading("sd-1", smoke=0.2)
    core.reading("sd-2", smoke=0.3)
    core.reading("sd-2", smoke=0)
    assert core.resolve().refused is not None
    core.reading("sd-1", smoke=0)
    assert core.resolve().refused is None


# ---- the pre-alarm


def test_one_detector_alone_is_a_pre_alarm_of_level_two() -> None:
    core = Core(FIRE)
    core.reading("sd-1", smoke=0.2)
    incident = core.incident()
    assert (incident.level, incident.confirmation) == (Level.II, Confirmation.PRE_ALARM)
    assert core.kinds() == [Kind.OPENED, Kind.DETECTED, Kind.PRE_ALARM]


def test_a_pre_alarm_that_nobody_acknowledges_becomes_a_fire_after_15_seconds() -> None:
    core = Core(FIRE)
    core.reading("sd-1", smoke=0.2)
    core.wait("14999ms")
    assert core.incident().level is Level.II
    core.wait("1ms")
    assert core.incident().level is Level.I
    assert core.incident().confirmation is Confirmation.CONFIRMED
    assert core.entry(Kind.CONFIRMED).at == core.incident().opened_at + 15_000


def test_an_acknowledgement_at_the_last_moment_counts() -> None:
    core = Core(FIRE)
    core.reading("sd-1", smoke=0.2)
    core.now += 15_000
    core.acknowledge()
    core.look()
    assert core.incident().level is Level.II


def test_an_acknowledgement_a_moment_too_late_does_not() -> None:
    core = Core(FIRE)
    core.reading("sd-1", smoke=0.2)
    core.now += 15_001
    core.acknowledge()
    assert core.incident().level is Level.I
    assert core.incident().phase is Phase.RESPONDING


def test_an_acknowledged_pre_alarm_becomes_a_fire_180_seconds_later() -> None:
    core = Core(FIRE)
    core.reading("sd-1", smoke=0.2)
    core.wait("10s")
    core.acknowledge()
    core.wait("179999ms")
    assert core.incident().level is Level.II
    core.wait("1ms")
    assert core.incident().level is Level.I
    assert core.entry(Kind.CONFIRMED).reason == "investigation not ended within 3min"


def test_a_second_detector_is_quicker_than_the_countdown() -> None:
    core = Core(FIRE)
    core.reading("sd-1", smoke=0.2)
    core.acknowledge()
    core.wait("20s")
    core.reading("sd-2", smoke=0.2)
    core.wait("5min")
    assert core.kinds().count(Kind.CONFIRMED) == 1


def test_the_countdown_stops_when_the_smoke_is_gone() -> None:
    core = Core(FIRE)
    core.reading("sd-1", smoke=0.2)
    core.wait("5s")
    core.reading("sd-1", smoke=0.07)
    assert core.kinds()[-1] is Kind.COUNTDOWN_STOPPED
    core.wait("1h")
    assert core.incident().level is Level.II
    assert core.incident().confirmation is Confirmation.PRE_ALARM


def test_the_countdown_does_not_stop_in_the_deadband() -> None:
    core = Core(FIRE)
    core.reading("sd-1", smoke=0.2)
    core.reading("sd-1", smoke=0.1)
    core.wait("15s")
    assert core.incident().level is Level.I


def test_smoke_that_comes_back_starts_the_countdown_anew() -> None:
    core = Core(FIRE)
    core.reading("sd-1", smoke=0.2)
    core.reading("sd-1", smoke=0)
    core.wait("1min")
    core.reading("sd-1", smoke=0.2)
    core.wait("14s")
    assert core.incident().level is Level.II
    core.wait("1s")
    assert core.incident().level is Level.I


def test_smoke_that_comes_back_to_an_acknowledged_incident_need_not_be_acknowledged_again() -> None:
    core = Core(FIRE)
    core.reading("sd-1", smoke=0.2)
    core.acknowledge()
    core.reading("sd-1", smoke=0)
    core.reading("sd-1", smoke=0.2)
    core.wait("179s")
    assert core.incident().level is Level.II
    core.wait("1s")
    assert core.incident().level is Level.I


# ---- grouping


def test_detections_of_one_zone_and_hazard_are_one_incident_and_the_first_stays_first() -> None:
    core = Core(FIRE)
    for device in ("sd-2", "sd-1", "sd-3"):
        core.reading(device, smoke=0.2)
        core.wait("1s")
    incident = core.incident()
    assert [each.device for each in incident.evidence] == ["tower-a/sd-2", "tower-a/sd-1", "tower-a/sd-3"]
    assert incident.first_out == "tower-a/sd-2"


def test_another_hazard_in_the_same_zone_is_another_incident() -> None:
    smoke = rule("{metric: smoke, above: 1}", id="a", hazard="fire")
    heat = rule("{metric: temperature, above: 60}", id="b", hazard="heat")
    core = Core(ruleset(smoke, heat))
    core.reading("sd-1", smoke=2, temperature=70)
    assert [each.hazard for each in core.state.incidents.values()] == ["fire", "heat"]


def test_after_it_is_closed_the_next_detection_opens_another() -> None:
    core = Core(FIRE)
    core.reading("sd-1", smoke=0.2)
    core.reading("sd-1", smoke=0)
    core.resolve()
    core.wait("2min")
    core.reading("sd-1", smoke=0.2)
    assert list(core.state.incidents) == ["INC-000001", "INC-000002"]


# ---- level and signal


@pytest.mark.parametrize("first", ["a", "b"])
def test_a_level_once_raised_is_never_lowered(first: str) -> None:
    mild = rule("{metric: smoke, above: 1}", id="a", level="III")
    grave = rule("{metric: temperature, above: 60}", id="b", level="I")
    core = Core(ruleset(mild, grave))
    core.reading("sd-1", **({"smoke": 2} if first == "a" else {"temperature": 70}))
    core.reading("sd-2", smoke=2, temperature=70)
    assert core.incident().level is Level.I
    core.reading("sd-1", smoke=0, temperature=20)
    core.reading("sd-2", temperature=20)
    assert core.incident().level is Level.I


def test_a_detection_that_calls_for_two_levels_raises_it_once() -> None:
    core = Core(FIRE)
    core.reading("sd-1", smoke=0.2)
    core.reading("sd-2", smoke=0.2)
    assert core.kinds().count(Kind.LEVEL_RAISED) == 1


def test_trouble_never_masks_an_alarm() -> None:
    alarm = rule("{metric: smoke, above: 1}", id="a", signal="alarm")
    trouble = rule("{metric: temperature, above: 60}", id="b", signal="trouble")
    core = Core(ruleset(alarm, trouble))
    core.reading("sd-1", temperature=70)
    assert core.incident().signal is Signal.TROUBLE
    core.reading("sd-1", smoke=2)
    assert core.incident().signal is Signal.ALARM
    core.reading("sd-2", temperature=70)
    assert core.incident().signal is Signal.ALARM


# ---- modes


def test_an_exercise_never_touches_the_actual_incident() -> None:
    core = Core(FIRE)
    core.reading("sd-1", smoke=0.2)
    core.reading("sd-2", mode=Mode.EXERCISE, smoke=0.2)
    core.reading("sd-2", mode=Mode.TEST, smoke=0.2)
    assert [each.mode for each in core.state.incidents.values()] == [Mode.ACTUAL, Mode.EXERCISE, Mode.TEST]
    assert all(each.confirmation is Confirmation.PRE_ALARM for each in core.state.incidents.values())
    core.reading("sd-2", mode=Mode.EXERCISE, smoke=0)
    assert core.incident("INC-000001").countdown is not None
    assert core.incident("INC-000002").countdown is None


def test_every_entry_of_an_exercise_says_that_it_is_one() -> None:
    core = Core(FIRE, plans=FIRE_PLAN)
    core.reading("sd-1", mode=Mode.EXERCISE, smoke=0.2)
    core.wait("5min")
    assert {entry.mode for entry in core.entries if entry.incident} == {Mode.EXERCISE}
    assert {effect.mode for effect in core.effects} == {Mode.EXERCISE}
