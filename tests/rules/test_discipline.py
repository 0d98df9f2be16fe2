"""Alarm discipline: what chatters, what is stale, and floods."""

from __future__ import annotations

import pytest

from rules.incident import Phase
from rules.instant import HOUR_MS, MINUTE_MS, SECOND_MS
from rules.level import Level
from rules.mode import Mode
from rules.timeline import Kind
from tests.support import building
from tests.support.building import FIRE, rule, ruleset
from tests.support.core import Core

BY_ITSELF = ruleset(
    rule("{metric: power_w, above: 900}", id="overload", device_class="energy_meter", closes="when_normal")
)
SMOKE = ruleset(rule("{metric: smoke, above: 1}", id="smoke", closes="when_normal"))


def flap(core: Core, times: int, every: str = "5s", device: str = "em-1", metric: str = "power_w") -> None:
    for _ in range(times):
        core.reading(device, **{metric: 1000 if metric == "power_w" else 2})
        core.wait(every)
        core.reading(device, **{metric: 0})
        core.wait(every)


def entries(core: Core, *kinds: Kind) -> list[Kind]:
    return [entry.kind for entry in core.entries if entry.kind in kinds]


# ---- chattering


def test_the_third_time_in_a_minute_is_chattering_and_is_said_once() -> None:
    core = Core(BY_ITSELF)
    flap(core, 8)
    assert entries(core, Kind.CHATTERING) == [Kind.CHATTERING]
    entry = core.entry(Kind.CHATTERING)
    assert (entry.incident, entry.device, entry.facts["times"]) == ("INC-000003", "tower-a/em-1", 3)


def test_three_times_in_more_than_a_minute_is_none() -> None:
    core = Core(BY_ITSELF)
    flap(core, 8, every="16s")
    assert entries(core, Kind.CHATTERING) == []


def test_while_it_chatters_its_incident_stays_open_and_its_changes_are_counted() -> None:
    core = Core(BY_ITSELF)
    flap(core, 13)
    assert [each.open for each in core.state.incidents.values()] == [False, False, True]
    assert entries(core, Kind.DETECTED) == [Kind.DETECTED] * 3
    assert core.incident("INC-000003").evidence[0].times == 11


def test_when_it_has_been_quiet_a_summary_says_how_often_it_came_and_the_incident_closes() -> None:
    core = Core(BY_ITSELF)
    flap(core, 13)
    core.wait(5 * MINUTE_MS)
    entry = core.entry(Kind.CHATTERING)
    assert (entry.facts["times"], entry.facts["folded"]) == (10, 21)
    assert entry.reason == "over: no change for 5min; 21 changes have no entry of their own"
    assert not core.incident("INC-000003").open
    assert core.state.chatter == {}


def test_what_stays_on_in_the_end_keeps_its_incident_and_later_changes_are_written_again() -> None:
    core = Core(BY_ITSELF)
    flap(core, 4)
    core.reading("em-1", power_w=1000)
    core.wait("6min")
    assert core.incident("INC-000003").open
    core.reading("em-1", power_w=0)
    assert core.entries[-2].kind is Kind.CLEARED
    assert not core.incident("INC-000003").open


def test_chattering_goes_on_over_a_restart() -> None:
    core = Core(BY_ITSELF)
    flap(core, 4)
    core.restart(down="1min")
    flap(core, 2)
    assert entries(core, Kind.CHATTERING) == [Kind.CHATTERING]
    core.restart(down="10min")
    assert core.entry(Kind.CHATTERING).facts["times"] == 3
    assert core.entry(Kind.CHATTERING).late_ms is not None


def test_of_a_life_safety_device_every_change_is_written_and_nothing_waits() -> None:
    core = Core(SMOKE)
    flap(core, 10, device="sd-1", metric="smoke")
    assert len(entries(core, Kind.DETECTED)) == len(entries(core, Kind.CLEARED)) == 10
    assert entries(core, Kind.CHATTERING) == [Kind.CHATTERING]
    assert not any(each.open for each in core.state.incidents.values())


def test_an_incident_a_person_has_is_not_moved_to_and_fro_by_what_chatters() -> None:
    core = Core(ruleset(rule("{metric: power_w, above: 900}", id="overload", device_class="energy_meter")))
    flap(core, 3)
    core.acknowledge()
    before = len(core.entries)
    flap(core, 10)
    assert len(core.entries) == before
    core.wait("5min")
    assert core.incident().phase is Phase.CLOSING


def test_a_folded_change_is_still_a_new_revision_of_its_incident() -> None:
    core = Core(BY_ITSELF)
    flap(core, 3)
    before = core.incident("INC-000003").revision
    core.reading("em-1", power_w=1000)
    assert core.incident("INC-000003").revision == before + 1
    assert "INC-000003" in core.last.incidents


def test_what_has_fired_is_forgotten_when_others_fire_later() -> None:
    core = Core(SMOKE)
    for device in ("sd-1", "sd-2", "sd-3"):
        core.reading(device, smoke=2)
        core.wait("2min")
    assert list(core.state.chatter) == ["actual|smoke|tower-a/sd-3"]


# ---- stale


def test_what_is_active_for_more_than_a_day_is_stale_and_again_every_day() -> None:
    core = Core(BY_ITSELF)
    core.reading("em-1", power_w=1000)
    core.wait(24 * HOUR_MS - 1)
    assert entries(core, Kind.STALE) == []
    core.wait(1)
    assert core.entry(Kind.STALE).facts == {"active_ms": 24 * HOUR_MS, "signal": "supervisory"}
    core.wait(24 * HOUR_MS)
    assert entries(core, Kind.STALE) == [Kind.STALE] * 2


def test_what_was_normal_in_between_is_not_stale() -> None:
    core = Core(FIRE)
    core.reading("mcp-1", alarm=True)
    core.wait("20h")
    core.reading("mcp-1", alarm=False)
    core.wait("1h")
    core.reading("mcp-1", alarm=True)
    core.wait("23h")
    assert entries(core, Kind.STALE) == []
    core.wait("1h")
    assert entries(core, Kind.STALE) == [Kind.STALE]


def test_what_is_normal_but_not_closed_is_not_stale() -> None:
    core = Core(FIRE)
    core.reading("mcp-1", alarm=True)
    core.reading("mcp-1", alarm=False)
    core.wait("30h")
    assert entries(core, Kind.STALE) == []


# ---- flood

MANY = {f"{n}F-a": {f"em-{n}": "energy_meter"} for n in range(20)} | {
    "30F-a": {"sd-1": "smoke_detector", "sd-2": "smoke_detector", "vent": "smoke_vent"}
}
MANY_RULES = ruleset(*building.rules(FIRE).detections.values(), *BY_ITSELF.detections.values()).model_copy(
    update={"confirmations": building.rules(FIRE).confirmations}
)


def flooded(meters: int = 11, every: str = "1s") -> Core:
    core = Core(MANY_RULES, site=building.directory({**MANY, "12F-e": {"mcp-1": "call_point"}}))
    for n in range(meters):
        core.reading(f"em-{n}", power_w=1000)
        core.wait(every)
    return core


def test_the_eleventh_detection_in_ten_minutes_is_a_flood() -> None:
    assert entries(flooded(10), Kind.FLOOD_STARTED) == []
    core = flooded(11)
    assert core.entry(Kind.FLOOD_STARTED).facts == {"site": "tower-a", "count": 11}
    assert "tower-a" in core.state.floods


def test_eleven_in_more_than_ten_minutes_are_none() -> None:
    assert entries(flooded(20, every="61s"), Kind.FLOOD_STARTED) == []


@pytest.mark.parametrize("restarted", [False, True])
def test_a_flood_ends_when_fewer_than_five_came_in_ten_minutes(restarted: bool) -> None:
    core = flooded(11)
    if restarted:
        core.restart()
    fifth_last = core.now - 5 * SECOND_MS
    core.wait_until(fifth_last + 10 * MINUTE_MS - 1)
    assert entries(core, Kind.FLOOD_ENDED) == []
    core.wait(1)
    assert core.entry(Kind.FLOOD_ENDED).facts["count"] == 11
    assert core.state.floods == {}


def test_a_flood_goes_on_while_more_comes() -> None:
    core = flooded(20)
    core.wait("9min")
    for n in range(5):
        core.reading(f"em-{n}", power_w=0)
        core.reading(f"em-{n}", power_w=1000)
    core.wait("9min")
    assert "tower-a" in core.state.floods
    core.wait("1min")
    assert core.entry(Kind.FLOOD_ENDED).facts["count"] == 25


def test_a_fire_in_a_flood_is_raised_in_full() -> None:
    core = flooded(20)
    core.reading("sd-1", smoke=0.3)
    core.reading("sd-2", smoke=0.3)
    fire = core.incident("INC-000021")
    assert fire.level is Level.I
    kinds = core.kinds("INC-000021")
    assert kinds[0] is Kind.OPENED
    assert {Kind.PRE_ALARM, Kind.CONFIRMED, Kind.LEVEL_RAISED} <= set(kinds)


def test_drills_and_what_chatters_make_no_flood() -> None:
    core = Core(BY_ITSELF)
    flap(core, 30)
    assert entries(core, Kind.FLOOD_STARTED) == []
    core = Core(SMOKE)
    for _ in range(20):
        core.reading("sd-1", mode=Mode.EXERCISE, smoke=2)
        core.reading("sd-1", mode=Mode.EXERCISE, smoke=0)
    assert entries(core, Kind.FLOOD_STARTED) == []


def test_the_figures_are_settings() -> None:
    plans = "discipline: {flood: {above: 1, below: 1, within: 1min}, stale_after: 1h, chattering: {times: 2}}"
    core = Core(BY_ITSELF, plans=plans)
    flap(core, 2)
    assert entries(core, Kind.FLOOD_STARTED, Kind.CHATTERING) == [Kind.CHATTERING, Kind.FLOOD_STARTED]
