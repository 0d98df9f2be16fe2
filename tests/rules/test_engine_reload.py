"""New rules and other sites while incidents are open: what is withdrawn, what stays, and no ghosts."""

from __future__ import annotations

from typing import Any

from rules.incident import Confirmation, Phase
from rules.level import Level
from rules.timeline import Kind
from tests.support.building import FIRE, ZONES, directory, rule, ruleset
from tests.support.core import Core

SMOKE = rule("{metric: smoke, above: 1}", closes="when_normal")
HEAT = rule("{metric: temperature, above: 60}", id="heat", hazard="heat")
WITHOUT_PRE_ALARM = FIRE.replace("    pre_alarm: {level: II, acknowledge_within: 15s, investigate_within: 180s}\n", "")


def moved(device: str, to: str) -> dict[str, dict[str, Any]]:
    """The building with a device in another zone; to "": removed."""
    zones = {zone: {name: entry for name, entry in each.items() if name != device} for zone, each in ZONES.items()}
    if to:
        zones[to][device] = next(each[device] for each in ZONES.values() if device in each)
    return zones


def test_a_rule_that_is_withdrawn_ends_its_detection_and_says_so() -> None:
    core = Core(ruleset(SMOKE, HEAT))
    core.reading("sd-1", smoke=2, temperature=70)
    core.reload(ruleset(HEAT))
    entry = core.entry(Kind.RULE_WITHDRAWN)
    assert (entry.incident, entry.reason) == ("INC-000001", "rule r is no longer in force")
    assert core.incident("INC-000001").sources_normal
    assert not core.incident("INC-000002").sources_normal


def test_a_hold_of_a_withdrawn_rule_never_fires() -> None:
    core = Core(ruleset(rule("{metric: smoke, above: 1, for: 5min}")))
    core.reading("sd-1", smoke=2)
    core.reload(ruleset(HEAT))
    core.wait("1h")
    assert not core.state.incidents


def test_an_incident_of_a_withdrawn_rule_waits_for_a_person() -> None:
    core = Core(ruleset(SMOKE))
    core.reading("sd-1", smoke=2)
    core.reload(ruleset(HEAT))
    assert core.incident().open
    assert core.resolve().refused is None


def test_a_device_that_is_removed_ends_its_detections() -> None:
    core = Core(FIRE)
    core.reading("sd-1", smoke=0.2)
    core.reload(site=directory(moved("sd-1", "")))
    assert core.entry(Kind.RULE_WITHDRAWN).reason == "device tower-a/sd-1 is no longer in the site file"
    assert core.incident().countdown is None
    assert core.resolve().refused is None


def test_a_rule_that_no_longer_looks_at_the_class_lets_its_incident_be_resolved() -> None:
    core = Core(ruleset(SMOKE))
    core.reading("sd-1", smoke=2)
    core.reload(ruleset(rule("{metric: power_w, above: 1}", device_class="energy_meter")))
    assert core.entry(Kind.RULE_WITHDRAWN).reason == "rule r no longer looks at tower-a/sd-1"
    assert core.resolve().refused is None


def test_a_rule_whose_threshold_is_raised_is_judged_anew_at_once() -> None:
    core = Core(ruleset(SMOKE))
    core.reading("sd-1", smoke=2)
    core.reload(ruleset(rule("{metric: smoke, above: 3}", closes="when_normal")))
    assert core.incident().phase is Phase.CLOSED


def test_a_rule_that_comes_back_fires_again_on_what_is_known() -> None:
    core = Core(ruleset(SMOKE, HEAT))
    core.reading("sd-1", smoke=2)
    core.reload(ruleset(HEAT))
    core.resolve()
    core.reload(ruleset(SMOKE, HEAT))
    assert core.incident("INC-000002").evidence[0].values == {"smoke": 2.0}


def test_the_same_rules_again_change_nothing_at_all() -> None:
    core = Core(FIRE)
    core.reading("sd-1", smoke=0.2)
    entries = len(core.entries)
    assert core.reload(FIRE) == []
    assert len(core.entries) == entries


def test_an_incident_keeps_its_place_when_its_device_is_moved() -> None:
    core = Core(FIRE)
    core.reading("sd-1", smoke=0.2)
    core.reload(site=directory(moved("sd-1", "12F-west")))
    assert core.incident().zone == "tower-a/12F-east"
    core.reading("sd-1", smoke=0)
    assert core.incident().sources_normal


def test_a_detector_that_was_moved_away_confirms_nothing_where_it_was() -> None:
    core = Core(FIRE)
    core.reading("sd-1", smoke=0.2)
    core.acknowledge()
    core.reload(site=directory(moved("sd-1", "12F-west")))
    core.reading("sd-1", smoke=0)
    core.wait("10min")
    core.reading("sd-2", smoke=0.2)
    assert core.incident("INC-000001").confirmation is Confirmation.PRE_ALARM


def test_a_detector_that_was_moved_counts_where_it_is() -> None:
    core = Core(FIRE)
    core.reading("sd-1", smoke=0.2)
    core.reload(site=directory(moved("sd-1", "12F-west")))
    core.reading("sd-8", smoke=0.2)
    assert core.incident("INC-000002").level is Level.I


def test_a_detector_that_was_removed_confirms_nothing() -> None:
    core = Core(WITHOUT_PRE_ALARM)
    core.reading("sd-1", smoke=0.2)
    core.reload(site=directory(moved("sd-1", "")))
    core.wait("10min")
    core.reading("sd-2", smoke=0.2)
    assert not core.state.incidents


def test_a_withdrawn_rule_confirms_nothing() -> None:
    heat = """
    rules:
      - id: heat-high
        title: {en: Too hot}
        device_class: smoke_detector
        hazard: fire
        signal: alarm
        when: {metric: temperature, above: 60}
    """
    both = WITHOUT_PRE_ALARM.replace("of: [smoke-high]", "of: [smoke-high, heat-high]")
    core = Core(both, heat)
    core.reading("sd-1", temperature=70)
    core.reload(WITHOUT_PRE_ALARM)
    core.wait("10min")
    core.reading("sd-2", smoke=0.2)
    assert not core.state.incidents


def test_a_window_of_confirmation_outlives_a_reload() -> None:
    core = Core(FIRE)
    core.reading("sd-1", smoke=0.2)
    core.reading("sd-1", smoke=0)
    core.wait("30s")
    core.reload(FIRE, "rules: []\ndisable: [x]")
    core.reading("sd-2", smoke=0.2)
    assert core.incident().confirmation is Confirmation.CONFIRMED


def test_what_is_in_force_stands_on_the_timeline() -> None:
    core = Core(FIRE)
    facts = [entry.facts for entry in core.entries if entry.kind is Kind.CONFIGURATION]
    assert facts == [
        {"what": "directory", "version": core.state.directory[:12]},
        {"what": "rules", "version": core.state.rules[:12]},
    ]
