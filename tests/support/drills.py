"""A core in which drills are held: a plan with steps of every kind; people, channels, an authority for exercises."""

from __future__ import annotations

from typing import Any

from rules.drill import Drill
from rules.mode import Mode
from rules.outcome import Outcome
from rules.requests import AbortDrill, EndDrill, ResumeDrill, StartDrill, SuspendDrill
from tests.support.building import FIRE, SITE
from tests.support.core import Core
from tests.support.roster import AUTHORITIES, roster

EVERY_STEP = """
plans:
  - id: fire
    title: {en: Fire, zh: 火灾}
    hazard: fire
    lead: safety_officer
    team: [duty_officer, engineer]
    acknowledge: {within: 1min, ladder: [duty_officer, safety_officer], quorum: {I: [duty_officer, safety_officer]}}
    first_response_within: 3min
    steps:
      - {id: vents, title: {en: Open the vents}, level: I, command: {device_class: smoke_vent, command: open}}
      - {id: look, title: {en: Go and look}, task: {role: engineer, within: 2min}}
      - {id: tell, title: {en: Tell the safety officer}, notify: {role: safety_officer}}
      - {id: leave, title: {en: Leave}, level: I, occupant_notice: {same: building, template: fire_evacuate}}
      - {id: brigade, title: {en: Inform the brigade}, level: I, authority: {to: fire_brigade, event: Fire}}
      - {id: desk, title: {en: Inform the desk}, level: I, authority: {to: drill_desk, event: Fire}}
      - {id: call, title: {en: Call 119}, level: I, part: liaison, task: {role: duty_officer, within: 1min}}
      - {id: mend, title: {en: Mend}, level: I, work_order: {kind: emergency}}
      - {id: reset, title: {en: Reset}, phase: closing, level: I, task: {role: engineer}}
orders: {push: true}
theory:
  - plan: fire
    questions:
      - {id: first, question: {en: "What first?"}, choices: [{en: Look}, {en: Reset}], answer: 1, points: 3}
      - {id: then, question: {en: "What then?"}, choices: [{en: Rest}, {en: Call}], answer: 2}
"""
PEOPLE = """
channels:
  app: {}
  sms: {characters_max: 70}
  drill-app: {exercise: true}
  lobby: {}
  drill-lobby: {exercise: true}
people:
  - {id: duty-officer-1, name: Duty officer 1, roles: [duty_officer], channels: [app, drill-app]}
  - {id: safety-officer-1, name: Safety officer 1, roles: [safety_officer], language: zh, channels: [sms, drill-app]}
  - {id: engineer-1, name: Engineer 1, roles: [engineer], channels: [app, drill-app]}
places:
  tower-a: [lobby, drill-lobby]
"""
DRILL = "DRL-000001"
LEADER = "drill-leader"


class DrillCore(Core):
    """`core.start(); core.alarm(); …`. Exercise and actual go by what each call says."""

    def __init__(self, more: str = "", plans: str = EVERY_STEP) -> None:
        super().__init__(FIRE, plans=plans + more, roster=roster(PEOPLE, AUTHORITIES))

    def start(self, lasts: int = 1_800_000, onset: int = 0, site: str = SITE) -> Outcome:
        title = {"en": "A fire on 12F", "zh": "12层火灾"}
        return self.step(
            StartDrill(by=LEADER, site=site, scenario="fire-on-12f", title=title, lasts_ms=lasts, onset_ms=onset)
        )

    def alarm(self, mode: Mode = Mode.EXERCISE, device: str = "mcp-1", **more: Any) -> None:
        """A call point: a fire of level I at once."""
        self.reading(device, mode=mode, alarm=True, **more)

    def end(self, reason: str = "all is done") -> Outcome:
        return self.step(EndDrill(by=LEADER, drill=DRILL, reason=reason))

    def abort(self, reason: str = "the lobby is crowded") -> Outcome:
        return self.step(AbortDrill(by=LEADER, drill=DRILL, reason=reason))

    def suspend(self, reason: str = "a visitor fainted") -> Outcome:
        return self.step(SuspendDrill(by=LEADER, drill=DRILL, reason=reason))

    def resume(self) -> Outcome:
        return self.step(ResumeDrill(by=LEADER, drill=DRILL, reason="go on"))

    @property
    def drill(self) -> Drill:
        return self.state.drills[DRILL]
