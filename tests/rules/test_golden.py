"""Stories as people would read them afterwards. Each is compared with golden/<its name>.txt, to the letter.

`pytest tests/rules --rewrite-golden` writes them anew.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rules.level import Level
from rules.mode import Mode
from rules.requests import Acknowledge, EndReport, Finding, ReportIncident, WithdrawCommand
from tests.support.building import FIRE, FIRE_PLAN, directory
from tests.support.core import Core

GOLDEN = Path(__file__).parent / "golden"

OVERLOAD = """
rules:
  - id: overload
    title: {en: Load above 90 % of rated power, zh: 负荷超过额定功率的 90 %}
    device_class: energy_meter
    hazard: power
    signal: supervisory
    level: III
    when: {metric: power_w, above: 0.9, of: power_w, for: 5min}
    clear: {metric: power_w, below: 0.85, of: power_w, for: 1min}
    closes: when_normal
"""
SILENT = """
rules:
  - id: device-silent
    title: {en: Device is silent, zh: 设备失联}
    device_class: smoke_detector
    hazard: communication
    signal: trouble
    level: III
    when: {silent_for: limit}
    closes: when_normal
"""
DURESS = """
rules:
  - id: duress-code
    title: {en: Duress code entered, zh: 胁迫码}
    device_class: door
    hazard: security
    signal: alarm
    level: I
    when: {event: duress}
  - id: door-forced
    title: {en: Door opened after it was denied, zh: 拒绝后门被打开}
    device_class: door
    hazard: security
    signal: alarm
    level: II
    when: {sequence: [{event: denied}, {metric: open, is: true}], within: 30s}
"""


def confirmed_fire() -> Core:
    """Two detectors, one vent that opens and one that does not, a person who comes, tries too early, and ends it."""
    core = Core(FIRE, plans=FIRE_PLAN)
    core.reading("sd-1", smoke=0.18)
    core.wait("8s")
    core.acknowledge(by="duty.officer", note="on my way to 12F")
    core.wait("12400ms")
    core.reading("sd-2", smoke=0.22)
    core.wait("40ms")
    core.published("CMD-000001")
    core.published("CMD-000002")
    core.wait("2s")
    core.answer("CMD-000001", "vent-1", detail="open")
    core.wait("3min")
    core.note("waste bin on fire, put out with an extinguisher", by="duty.officer")
    core.reading("sd-2", smoke=0.05)
    core.resolve(by="duty.officer", cause="waste bin")
    core.wait("1min")
    core.reading("sd-1", smoke=0.07)
    core.wait("10min")
    core.resolve(by="duty.officer", cause="waste bin")
    return core


def pre_alarm_ignored() -> Core:
    """Nobody looks; the gateway is down when the countdown runs out, and makes up for it."""
    core = Core(FIRE, plans=FIRE_PLAN)
    core.reading("sd-1", smoke=0.18)
    core.wait("10s")
    core.restart(down="20s")
    core.wait("1min")
    return core


def pre_alarm_false() -> Core:
    """Toast."""
    core = Core(FIRE, plans=FIRE_PLAN)
    core.reading("sd-9", smoke=0.16)
    core.wait("11s")
    core.acknowledge(by="engineer")
    core.wait("45s")
    core.reading("sd-9", smoke=0.1)
    core.wait("30s")
    core.reading("sd-9", smoke=0.02)
    core.wait("1min")
    core.resolve(by="engineer", finding=Finding.FALSE_ALARM, cause="burnt toast")
    return core


def overload_hold() -> Core:
    """Too short, then long enough; over when it stays so for a minute."""
    core = Core(OVERLOAD)
    for power_w, wait in ((920, "4min"), (700, "1min"), (950, "3min"), (990, "6min"), (870, "2min"), (840, "30s")):
        core.reading("em-1", power_w=power_w)
        core.wait(wait)
    core.reading("em-1", power_w=880)
    core.wait("1min")
    core.reading("em-1", power_w=600)
    core.wait("1min")
    return core


def silent_device() -> Core:
    """A detector alarms and falls silent. No data is not "normal"; whoever resolves it must have been there."""
    site = directory({"12F-east": {"sd-1": "smoke_detector", "vent-1": "smoke_vent"}})
    core = Core(FIRE, SILENT, plans=FIRE_PLAN, site=site)
    core.listen()
    core.reading("sd-1", smoke=0.3)
    core.wait("9s")
    core.acknowledge(by="duty.officer")
    core.wait("15min")
    core.note("detector burnt out, fire is out", by="duty.officer")
    core.resolve(by="duty.officer", cause="socket")
    core.wait("1h")
    core.reading("sd-1", smoke=0.01)
    return core


def duress() -> Core:
    """An exercise at one door while the real thing happens at it."""
    core = Core(DURESS)
    core.event("door-1", "duress", mode=Mode.EXERCISE, card="7")
    core.wait("3s")
    core.event("door-1", "denied", card="1234")
    core.wait("12s")
    core.reading("door-1", open=True)
    core.wait("2500ms")
    core.event("door-1", "duress", card="1234")
    core.wait("5s")
    core.acknowledge("INC-000002", by="guard")
    core.wait("2min")
    core.resolve("INC-000002", by="guard", cause="tailgating")
    core.resolve("INC-000001", by="guard", cause="drill of the night shift")
    return core


def reported_fire() -> Core:
    """A guard sees what no detector has: the plan runs all the same. A detector comes later, a vent is called off."""
    core = Core(FIRE, plans=FIRE_PLAN)
    east = "tower-a/12F-east"
    core.step(ReportIncident(by="guard", role="security_guard", zone=east, hazard="fire", level=Level.II, note=" "))
    core.step(ReportIncident(by="guard", zone=east, hazard="fire", level=Level.II, note="smoke under the door of 1203"))
    core.wait("20s")
    core.reading("sd-1", smoke=0.3)
    core.wait("10s")
    core.step(ReportIncident(by="guard", zone=east, hazard="fire", level=Level.I, note="flames"))
    core.published("CMD-000001")
    core.step(
        WithdrawCommand(
            incident="INC-000001", by="duty.officer", role="duty_officer", command="CMD-000001", reason="it is jammed"
        )
    )
    core.answer("CMD-000002", "vent-2")
    core.step(Acknowledge(incident="INC-000001", by="duty.officer", role="duty_officer"))
    core.wait("2min")
    core.reading("sd-1", smoke=0.02)
    core.resolve(by="duty.officer", cause="a candle")
    core.step(EndReport(incident="INC-000001", by="guard", note="put out"))
    core.wait("1min")
    core.resolve(by="duty.officer", cause="a candle")
    return core


STORIES: tuple[Callable[[], Core], ...] = (
    confirmed_fire,
    pre_alarm_ignored,
    pre_alarm_false,
    overload_hold,
    silent_device,
    duress,
    reported_fire,
)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_a_story_reads_as_it_always_has(story: Callable[[], Core], rewrite_golden: bool) -> None:
    path = GOLDEN / f"{story.__name__}.txt"
    core = story()
    told = f"# {story.__doc__}\n\n{core.timeline()}\n{core.timeline('zh')}"
    if rewrite_golden:
        path.write_text(told, encoding="utf-8")
    assert told == path.read_text(encoding="utf-8")


def test_every_golden_timeline_has_its_story() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == {story.__name__ for story in STORIES}
