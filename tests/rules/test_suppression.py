"""Shelves and maintenance windows: who may, for how long, and that nothing is lost."""

from __future__ import annotations

from typing import Any

import pytest

from rules.instant import HOUR_MS, MINUTE_MS
from rules.level import Level
from rules.mode import Mode
from rules.outcome import Outcome
from rules.people import Person, Roster
from rules.requests import EndShelf, PutOnShelf
from rules.timeline import Kind
from tests.support.building import FIRE, rule, ruleset
from tests.support.core import Core

EAST = "tower-a/12F-east"
OVERLOAD = ruleset(
    rule("{metric: power_w, above: 900}", id="overload", device_class="energy_meter", signal="supervisory"),
    rule("{metric: voltage_v, below: 200}", id="undervoltage", device_class="energy_meter", signal="supervisory"),
)
QUIET = "discipline: {shelving: {two_persons: [], life_safety_at_most: 4h}}"


def put(core: Core, by: str = "the duty officer", reason: str = "welding", **what: Any) -> Outcome:
    what.setdefault("duration_ms", HOUR_MS)
    return core.step(PutOnShelf(by=by, reason=reason, **what))


def end(core: Core, shelf: str = "SH-000001") -> Outcome:
    return core.step(EndShelf(by="the next shift", shelf=shelf, reason="done"))


def shelved(**what: Any) -> Core:
    core = Core(OVERLOAD)
    assert put(core, **({"device": "tower-a/em-1"} | what)).refused is None
    return core


def test_what_is_shelved_opens_no_incident_and_the_timeline_says_who_why_and_until_when() -> None:
    core = shelved()
    core.reading("em-1", power_w=950)
    assert core.state.incidents == {}
    entry = core.entry(Kind.SUPPRESSED)
    assert (entry.device, entry.rule, entry.reason) == ("tower-a/em-1", "overload", "shelf SH-000001: welding")
    assert entry.facts["power_w"] == 950
    shelf = core.state.shelves["SH-000001"]
    assert (shelf.by, shelf.until) == ("the duty officer", core.now + HOUR_MS)
    assert core.entry(Kind.SHELVED).facts["duration_ms"] == HOUR_MS


def test_a_shelf_ends_by_itself_and_what_still_holds_is_raised_then() -> None:
    core = shelved()
    core.reading("em-1", power_w=950)
    core.wait(HOUR_MS)
    assert core.incident().evidence[0].device == "tower-a/em-1"
    assert core.entry(Kind.SUPPRESSION_ENDED).reason == "shelf SH-000001: it has ended"
    assert core.entry(Kind.DETECTED).reason == "held while it was kept quiet"
    assert (core.state.shelves, core.state.suppressed) == ({}, {})


def test_a_person_ends_a_shelf_at_any_time() -> None:
    core = shelved()
    core.reading("em-1", power_w=950)
    core.wait("1min")
    assert end(core).refused is None
    assert core.incident().open
    assert core.entry(Kind.SHELF_ENDED).by == "the next shift"
    core.wait(HOUR_MS)
    assert [entry.kind for entry in core.entries].count(Kind.SHELF_ENDED) == 1


def test_what_was_over_before_the_shelf_ended_is_not_raised_and_both_are_told() -> None:
    core = shelved()
    core.reading("em-1", power_w=950)
    core.reading("em-1", power_w=100)
    assert core.entry(Kind.SUPPRESSION_ENDED).reason == "shelf SH-000001: it is over"
    core.wait(HOUR_MS)
    assert core.state.incidents == {}


def test_a_shelf_survives_a_restart_and_one_that_fell_due_meanwhile_ends_late() -> None:
    core = shelved()
    core.reading("em-1", power_w=950)
    core.restart(down="30min")
    assert core.state.incidents == {}
    core.restart(down="1h")
    assert core.incident().open
    assert core.entry(Kind.SHELF_ENDED).late_ms == 30 * MINUTE_MS


def test_a_one_shot_shelf_ends_as_soon_as_what_it_keeps_quiet_is_over() -> None:
    core = shelved(one_shot=True, duration_ms=0)
    assert core.state.shelves["SH-000001"].until == core.now + 8 * HOUR_MS
    core.reading("em-1", power_w=950, voltage_v=100)
    core.reading("em-1", power_w=100)
    assert core.state.shelves
    core.reading("em-1", voltage_v=230)
    assert core.state.shelves == {}
    assert core.entry(Kind.SHELF_ENDED).reason == "what it kept quiet is over"
    core.reading("em-1", power_w=950)
    assert core.incident().open


def test_a_shelf_of_one_rule_leaves_the_device_s_others_alone() -> None:
    core = shelved(rule="overload")
    core.reading("em-1", power_w=950, voltage_v=100)
    assert [each.rule for each in core.incident().evidence] == ["undervoltage"]


def test_shelving_what_fires_already_leaves_its_incident_open_and_says_so() -> None:
    core = Core(OVERLOAD)
    core.reading("em-1", power_w=950)
    put(core, device="tower-a/em-1")
    entry = core.entry(Kind.SUPPRESSED)
    assert (entry.incident, entry.reason) == ("INC-000001", "shelf SH-000001: welding; what is raised already stays")
    assert core.incident().open
    core.reading("em-1", power_w=100)
    core.reading("em-1", power_w=950)
    assert not core.incident().evidence[0].holds
    end(core)
    assert core.incident().evidence[0].holds


def test_two_shelves_over_one_device_both_have_to_end() -> None:
    core = shelved()
    put(core, device="tower-a/em-1", duration_ms=2 * HOUR_MS, reason="the fuse, too")
    core.reading("em-1", power_w=950)
    core.wait(HOUR_MS)
    assert core.state.incidents == {}
    assert core.entry(Kind.SUPPRESSED).reason == "shelf SH-000002: the fuse, too"
    core.wait(HOUR_MS)
    assert core.incident().open


def test_a_drill_is_not_shelved_away() -> None:
    core = shelved()
    core.reading("em-1", mode=Mode.EXERCISE, power_w=950)
    assert core.incident().mode is Mode.EXERCISE


def test_a_maintenance_window_keeps_a_whole_zone_quiet() -> None:
    core = Core(FIRE, plans=QUIET)
    assert put(core, zone=EAST, maintenance=True).refused is None
    core.reading("sd-1", smoke=0.3)
    core.reading("sd-2", smoke=0.3)
    core.reading("mcp-1", alarm=True)
    assert core.state.incidents == {}
    core.reading("sd-8", smoke=0.3)
    assert core.incident().zone == "tower-a/12F-west"


def test_when_a_window_ends_two_detectors_that_still_hold_make_the_full_alarm() -> None:
    core = Core(FIRE, plans=QUIET)
    put(core, zone=EAST, maintenance=True)
    core.reading("sd-1", smoke=0.3)
    core.reading("sd-2", smoke=0.3)
    end(core)
    assert core.incident().level is Level.I
    assert core.incident().confirmation.value == "confirmed"


def test_a_shelved_detector_does_not_confirm_another() -> None:
    core = Core(FIRE, plans=QUIET)
    core.reading("sd-1", smoke=0.3)
    core.acknowledge()
    put(core, device="tower-a/sd-1")
    core.reading("sd-2", smoke=0.3)
    assert core.incident().level is Level.II
    core.reading("sd-3", smoke=0.3)
    assert core.incident().level is Level.I


def test_new_rules_raise_nothing_that_is_shelved_and_keep_nothing_that_is_gone() -> None:
    core = shelved()
    core.reading("em-1", power_w=950)
    core.reload(OVERLOAD)
    assert core.state.incidents == {}
    core.reload(FIRE)
    assert core.state.suppressed == {}
    assert core.entry(Kind.SUPPRESSION_ENDED).reason == "shelf SH-000001: it is over"


# ---- refused


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ({}, "nothing_named"),
        ({"device": "tower-a/em-1", "zone": EAST}, "too_much_named"),
        ({"device": "tower-a/em-9"}, "unknown_device"),
        ({"zone": "tower-a/roof"}, "unknown_zone"),
        ({"device": "tower-a/em-1", "rule": "nothing"}, "unknown_rule"),
        ({"device": "tower-a/em-1", "reason": "  "}, "reason_missing"),
        ({"device": "tower-a/em-1", "duration_ms": 0}, "no_duration"),
        ({"device": "tower-a/em-1", "duration_ms": -1}, "no_duration"),
        ({"device": "tower-a/em-1", "duration_ms": 8 * HOUR_MS + 1}, "too_long"),
        ({"rule": "smoke-high", "second": "another"}, "too_wide"),
        ({"rule": "call-point", "maintenance": True}, "nothing_named"),
        ({"device": "tower-a/sd-1", "second": "another", "duration_ms": 4 * HOUR_MS + 1}, "too_long"),
        ({"zone": EAST, "second": "another", "duration_ms": 4 * HOUR_MS + 1, "maintenance": True}, "too_long"),
        ({"device": "tower-a/sd-1"}, "second_person"),
        ({"device": "tower-a/sd-1", "second": " The Duty Officer "}, "second_person"),
        ({"zone": EAST}, "second_person"),
    ],
)
def test_what_may_not_be_shelved_is_refused_with_its_reason(what: dict[str, Any], code: str) -> None:
    core = Core(FIRE)
    refused = put(core, **what).refused
    assert refused is not None
    assert refused.code == code
    assert core.entry(Kind.REFUSED).reason == refused.reason
    assert core.state.shelves == {}


def test_an_alarm_of_smoke_detection_is_shelved_by_two_persons() -> None:
    core = Core(FIRE)
    assert put(core, device="tower-a/sd-1", second="the engineer").refused is None
    assert core.entry(Kind.SHELVED).facts["second"] == "the engineer"


def test_a_trouble_of_a_smoke_detector_is_shelved_by_one_person() -> None:
    dirty = rule("{metric: smoke, above: 5}", id="dirty", signal="trouble")
    core = Core(ruleset(*Core(FIRE).ruleset.detections.values(), dirty))
    assert put(core, device="tower-a/sd-1", rule="dirty", duration_ms=8 * HOUR_MS).refused is None


def test_the_second_person_stands_on_the_roster_where_there_is_one() -> None:
    engineer = Person("engineer", "Engineer", ("engineer",), "en", ())
    people = [engineer, Person("officer", "Officer", ("duty",), "zh", ())]
    core = Core(FIRE, roster=Roster(people={each.id: each for each in people}))
    for second, code in (("nobody", "unknown_person"), ("engineer", "second_person")):
        refused = put(core, by="engineer", device="tower-a/sd-1", second=second).refused
        assert refused is not None
        assert refused.code == code
    assert put(core, by="engineer", device="tower-a/sd-1", second="Officer").refused is None


def test_what_is_part_of_an_open_level_one_incident_is_not_shelved() -> None:
    core = Core(FIRE)
    core.reading("mcp-1", alarm=True)
    refused = put(core, zone=EAST, second="another").refused
    assert refused is not None
    assert refused.code == "level_one_open"


def test_a_class_may_have_a_maximum_of_its_own() -> None:
    core = Core(OVERLOAD, plans="discipline: {shelving: {at_most_of: {energy_meter: 30min}}}")
    refused = put(core, device="tower-a/em-1").refused
    assert refused is not None
    assert refused.reason == "1h is longer than 30min"


def test_ending_a_shelf_that_is_not_there_is_refused() -> None:
    refused = end(Core(FIRE)).refused
    assert refused is not None
    assert refused.code == "unknown_shelf"
