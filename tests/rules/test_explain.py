"""Why something did, or did not, happen."""

from __future__ import annotations

import pytest

from rules.condition_file import Condition
from rules.explain import Line, condition_text, explain_device
from rules.explain_incident import explain_incident
from rules.in_force import in_force
from rules.instant import HOUR_MS
from rules.mode import Mode
from rules.requests import PutOnShelf
from rules.state import encode_state
from tests.support.building import FIRE, rule, ruleset, yaml
from tests.support.core import Core

HOLD = ruleset(
    rule("{metric: power_w, above: 900, for: 5min}", "{metric: power_w, below: 800}", device_class="energy_meter"),
    rule("{metric: voltage_v, below: 200}", id="low", device_class="energy_meter", hazard="supply"),
    rule("{metric: power_w, above: 1.2, of: rated_power_w}", id="over", device_class="energy_meter", hazard="supply"),
)


def device(core: Core, name: str) -> list[Line]:
    w = core.screen.watched(Mode.ACTUAL, f"tower-a/{name}", core.now)
    assert w is not None
    before = encode_state(core.state)
    lines = explain_device(core.state, in_force(core.state, core.documents), w, core.now)
    assert encode_state(core.state) == before
    assert all(line.en and line.zh for line in lines)
    return lines


def said(lines: list[Line]) -> str:
    return "\n".join(line.en for line in lines)


def incident(core: Core, id: str = "INC-000001") -> str:
    entries = [entry for entry in core.entries if entry.incident == id]
    before = encode_state(core.state)
    force = in_force(core.state, core.documents)
    lines = explain_incident(core.state, force, core.incident(id), entries, core.now)
    assert encode_state(core.state) == before
    assert all(line.en and line.zh for line in lines)
    return said(lines)


def test_a_rule_that_does_not_hold_says_what_it_looked_at_and_when_it_would() -> None:
    core = Core(HOLD)
    core.reading("em-1", power_w=700, voltage_v=230)
    text = said(device(core, "em-1"))
    assert "low: does not fire\nby the readings stored it does not hold (voltage_v 230)" in text
    assert "it would when {metric: voltage_v, below: 200.0}" in text


def test_a_device_that_was_never_heard_says_so_and_what_is_not_known() -> None:
    text = said(device(Core(HOLD), "em-1"))
    assert "nothing of it is stored" in text
    assert "cannot be told: no data" in text
    assert "not known: power_w" in text


def test_a_hold_says_how_long_it_still_has_to_last() -> None:
    core = Core(HOLD)
    core.reading("em-1", power_w=950)
    core.wait("2min")
    assert "r: holds, and counts in 3 min if it lasts" in said(device(core, "em-1"))


def test_what_fires_says_since_when_and_on_which_incident() -> None:
    core = Core(HOLD)
    core.reading("em-1", voltage_v=100)
    core.wait("90s")
    assert "low: fires since 1 min 30 s, on INC-000001" in said(device(core, "em-1"))


def test_what_is_shelved_says_by_what_and_for_how_much_longer() -> None:
    core = Core(HOLD)
    core.step(PutOnShelf(by="wei", reason="works", device="tower-a/em-1", rule="low", duration_ms=HOUR_MS))
    assert "would be kept quiet by shelf SH-000001: works, 1 h more" in said(device(core, "em-1"))
    core.reading("em-1", voltage_v=100)
    core.wait("20min")
    text = said(device(core, "em-1"))
    assert "low: fires since 20 min, kept quiet" in text
    assert "kept quiet by shelf SH-000001: works, 40 min more" in text


def test_one_detector_of_two_says_who_was_heard() -> None:
    core = Core(FIRE)
    core.reading("sd-1", smoke=0.3)
    text = said(device(core, "sd-1"))
    assert "fire-confirmed waits for another device: 1 of 2 in one zone (tower-a/sd-1)" in text


def test_a_rule_that_needs_a_rated_value_says_that_it_is_missing() -> None:
    from tests.support import building

    site = building.directory({"1F-a": {"em-1": "energy_meter"}})
    text = said(device(Core(HOLD, site=site), "em-1"))
    assert "over does not look at it: a rated value is not in the site file" in text


def test_a_deadband_says_so() -> None:
    core = Core(ruleset(rule("{metric: smoke, above: 1}", "{metric: smoke, below: 0.5}")))
    core.reading("sd-1", smoke=0.7)
    assert "neither holds nor is over (smoke 0.7)" in said(device(core, "sd-1"))


def test_a_silent_device_says_so() -> None:
    core = Core(HOLD)
    core.listen()
    core.reading("em-1", power_w=100)
    core.wait("6min")
    text = said(device(core, "em-1"))
    assert "SILENT: its limit is 5 min" in text
    assert "r: does not fire\nby the readings stored it cannot be told: no data" in text


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{metric: smoke, above: 0.15}", "{metric: smoke, above: 0.15}"),
        ("{schedule: {from: '22:00', to: '06:00'}}", "{schedule: {from: 22:00, to: 06:00}}"),
        ("{any: [" + ", ".join(["{metric: a, is: true}"] * 20) + "]}", None),
    ],
)
def test_a_condition_reads_as_it_is_written(written: str, expected: str | None) -> None:
    text = condition_text(Condition.model_validate(yaml(written)))
    assert text == expected if expected else text.endswith("…")


# ---- incidents


def test_a_pre_alarm_says_what_comes_next_and_who_it_waits_for() -> None:
    core = Core(FIRE)
    core.reading("sd-1", smoke=0.3)
    core.wait("5s")
    text = incident(core)
    assert text.startswith("INC-000001: level II fire, tower-a/12F-east, activated")
    assert "smoke-high at tower-a/sd-1 holds (alarm, level II)" in text
    assert "fire-confirmed waits for another device: 1 of 2 in one zone (tower-a/sd-1)" in text
    assert "in 10 s: the full alarm, if nobody ends the pre-alarm" in text
    assert "nobody has acknowledged it" in text
    assert "cannot be closed: still holds: smoke-high at tower-a/sd-1" in text


def test_an_incident_says_why_its_level_is_what_it_is() -> None:
    core = Core(FIRE)
    core.reading("sd-1", smoke=0.3)
    core.wait("20s")
    assert "LEVEL RAISED to I, was II · not acknowledged within 15s" in incident(core)


def test_what_is_normal_and_done_says_that_only_a_cause_is_missing() -> None:
    core = Core(FIRE)
    core.reading("mcp-1", alarm=True)
    core.acknowledge()
    core.reading("mcp-1", alarm=False)
    text = incident(core)
    assert "call-point at tower-a/mcp-1 is normal again" in text
    assert "nothing but a cause is missing to close it" in text


def test_what_is_due_and_was_not_done_is_called_overdue() -> None:
    core = Core(FIRE)
    core.reading("sd-1", smoke=0.3)
    core.now += 20_000
    assert "OVERDUE since 5 s: the full alarm" in incident(core)


def test_a_closed_incident_says_who_closed_it_and_why() -> None:
    core = Core(FIRE)
    core.reading("mcp-1", alarm=True)
    core.reading("mcp-1", alarm=False)
    core.resolve(cause="a child")
    text = incident(core)
    assert "Closed by duty.officer: real, cause: a child" in text
    assert "cannot be closed" not in text
