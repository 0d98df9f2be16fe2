"""Inhibition: what a cause explains is quiet while it lasts; a trouble never masks an alarm."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.check import check
from rules.instant import MINUTE_MS
from rules.mode import Mode
from rules.requests import PutOnShelf
from rules.timeline import Kind
from tests.support.building import rule, ruleset
from tests.support.core import Core

RULES = ruleset(
    rule("{metric: voltage_v, below: 20}", id="power-lost", device_class="energy_meter", hazard="power_outage"),
    rule("{metric: power_w, above: 900}", id="overload", device_class="energy_meter", hazard="electrical"),
    rule("{status: offline}", id="offline", device_class="*", hazard="device", signal="trouble", closes="when_normal"),
    rule("{metric: smoke, above: 1}", id="smoke", hazard="fire"),
    rule("{metric: open, is: true}", id="door", device_class="door", hazard="access", signal="supervisory"),
)
PLANS = """
inhibitions:
  - {id: outage, title: {en: Outage}, by: [power-lost], inhibits: [offline, overload, smoke], same: building}
  - {id: gone, title: {en: Gone}, by: [offline], inhibits: [power-lost, overload, door], same: zone}
"""
GRACE = 5 * MINUTE_MS


def outage() -> Core:
    core = Core(RULES, plans=PLANS)
    core.reading("em-1", voltage_v=0)
    return core


def hazards(core: Core) -> list[str]:
    return [each.hazard for each in core.state.incidents.values() if each.open]


def test_what_a_cause_explains_is_not_raised_and_the_entry_names_the_cause() -> None:
    core = outage()
    core.status("door-1", online=False)
    assert hazards(core) == ["power_outage"]
    reason = "inhibition outage: explained by power-lost at tower-a/em-1"
    assert core.entry(Kind.SUPPRESSED).reason == reason


def test_when_the_cause_is_over_what_came_back_within_the_grace_was_never_raised() -> None:
    core = outage()
    core.status("door-1", online=False)
    core.reading("em-1", voltage_v=230)
    core.wait(GRACE - 1)
    core.status("door-1", online=True)
    core.wait("1h")
    assert hazards(core) == ["power_outage"]
    assert core.state.causes == {}


@pytest.mark.parametrize("restarted", [False, True])
def test_what_still_holds_after_the_grace_is_raised(restarted: bool) -> None:
    core = outage()
    core.status("door-1", online=False)
    core.reading("em-1", voltage_v=230)
    if restarted:
        core.restart()
    core.wait(GRACE)
    assert hazards(core) == ["power_outage", "device"]
    assert core.entry(Kind.SUPPRESSION_ENDED).reason == "inhibition outage: what explained it is over"
    assert core.entry(Kind.DETECTED).reason == "held while it was kept quiet"


def test_a_cause_that_comes_back_within_the_grace_goes_on_explaining() -> None:
    core = outage()
    core.status("door-1", online=False)
    core.reading("em-1", voltage_v=230)
    core.wait(GRACE - 1)
    core.reading("em-1", voltage_v=0)
    core.wait("2h")
    assert hazards(core) == ["power_outage"]


def test_what_was_raised_before_its_cause_stays_and_is_said_to_be_explained() -> None:
    core = Core(RULES, plans=PLANS)
    core.status("door-1", online=False)
    core.reading("em-1", voltage_v=0)
    entry = core.entry(Kind.SUPPRESSED)
    assert (entry.incident, entry.device) == ("INC-000001", "tower-a/door-1")
    assert entry.reason.endswith("explained by power-lost at tower-a/em-1; what is raised already stays")
    assert hazards(core) == ["device", "power_outage"]


def test_a_trouble_never_masks_an_alarm_but_may_explain_a_supervisory_signal() -> None:
    core = Core(RULES, plans=PLANS)
    core.status("vent-1", online=False)
    core.reading("door-1", open=True)
    assert hazards(core) == ["device"]
    core.reading("em-1", power_w=950)
    core.reading("em-1", voltage_v=0)
    assert hazards(core) == ["device", "electrical", "power_outage"]


def test_nothing_masks_a_life_safety_alarm() -> None:
    core = outage()
    core.reading("sd-1", smoke=2)
    assert hazards(core) == ["power_outage", "fire"]


def test_an_alarm_explains_another_alarm() -> None:
    core = outage()
    core.reading("em-1", power_w=950)
    assert hazards(core) == ["power_outage"]


def test_what_is_itself_kept_quiet_explains_nothing() -> None:
    core = Core(RULES, plans=PLANS)
    core.step(PutOnShelf(by="wei", reason="works", device="tower-a/em-1", duration_ms=MINUTE_MS))
    core.reading("em-1", voltage_v=0)
    core.status("door-1", online=False)
    assert hazards(core) == ["device"]


def test_a_drill_explains_nothing_that_is_real() -> None:
    core = Core(RULES, plans=PLANS)
    core.reading("em-1", mode=Mode.EXERCISE, voltage_v=0)
    core.status("door-1", online=False)
    assert hazards(core) == ["power_outage", "device"]


def test_plans_without_the_inhibition_raise_at_once_what_it_kept_quiet() -> None:
    core = outage()
    core.status("door-1", online=False)
    core.follow("inhibitions: []")
    assert hazards(core) == ["power_outage", "device"]
    assert core.state.causes == {}


def test_plans_put_in_force_again_know_their_causes() -> None:
    core = outage()
    core.follow("inhibitions: []")
    core.follow(PLANS)
    core.status("door-1", online=False)
    assert hazards(core) == ["power_outage"]


SITE = """
site: tower-a
title: {en: Tower A}
timezone: Asia/Shanghai
buildings:
  - id: tower
    floors:
      - id: 12F
        zones:
          - id: 12F-east
            devices:
              - {id: em-1, class: energy_meter, rated: {power_w: 10000}}
              - {id: door-1, class: access_controller}
              - {id: sd-1, class: smoke_detector}
          - {id: 12F-west, devices: [{id: door-2, class: access_controller}]}
"""


def test_the_shipped_inhibitions_explain_an_outage_in_its_zone_and_no_further(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(SITE, encoding="utf-8")
    checked = check([tmp_path / "site.yaml"])
    assert checked.problems == []
    assert checked.ruleset is not None
    core = Core(checked.ruleset, site=checked.directory, plans=checked.plans)
    core.reading("em-1", phase_l1=False, phase_l2=False, phase_l3=False)
    core.wait("5s")
    for door in ("door-1", "door-2"):
        core.status(door, online=False)
    core.reading("sd-1", smoke=0.3)
    core.wait("20s")
    quiet = {key: each.by for key, each in core.state.suppressed.items()}
    assert quiet == {"actual|device-offline|tower-a/door-1": "inhibition outage-silences-devices"}
    assert hazards(core) == ["power_outage", "fire", "device"]


LIFTS = """
site: tower-a
title: {en: Tower}
timezone: Asia/Shanghai
buildings:
  - id: tower
    floors:
      - id: 1F
        zones:
          - {id: lift-shaft, devices: [{id: lift-1, class: lift}, {id: lift-2, class: lift}]}
"""


def test_a_car_with_people_in_it_is_one_incident_and_another_car_that_fails_is_told(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(LIFTS, encoding="utf-8")
    checked = check([tmp_path / "site.yaml"])
    assert checked.problems == []
    assert checked.ruleset is not None
    core = Core(checked.ruleset, site=checked.directory, plans=checked.plans)
    core.reading("lift-1", entrapment=True, fault=True)
    assert hazards(core) == ["lift_entrapment"]
    core.reading("lift-2", fault=True)
    assert hazards(core) == ["lift_entrapment", "lift_fault"]


def test_a_car_that_is_still_out_of_order_after_its_people_were_freed_is_told_after_the_grace(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(LIFTS, encoding="utf-8")
    checked = check([tmp_path / "site.yaml"])
    assert checked.ruleset is not None
    core = Core(checked.ruleset, site=checked.directory, plans=checked.plans)
    core.reading("lift-1", entrapment=True, fault=True)
    core.reading("lift-1", entrapment=False, fault=True)
    core.wait(GRACE - 1)
    assert hazards(core) == ["lift_entrapment"]
    core.wait("1s")
    assert hazards(core) == ["lift_entrapment", "lift_fault"]
