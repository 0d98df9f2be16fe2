"""A long, seeded run of everything that can happen to the response: devices, people, deliveries, plans, time.

`python -m tests.support.answering SEED COUNT` prints a digest of all outcomes and of the last state.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from random import Random

from rules.codec import encode
from rules.effects import PublishCommand
from rules.events import AuditFailed, AuditPassed, EffectTried, RosterLoaded
from rules.level import Level
from rules.mode import Mode
from rules.order import OrderKind, OrderStep
from rules.people import Roster
from rules.requests import (
    AbortDrill,
    Acknowledge,
    ActionDone,
    AddNote,
    AdvanceOrder,
    Assign,
    AssignDevice,
    AssignOrder,
    ChangeLevel,
    ClearDeadLetters,
    CompleteTask,
    Confirm,
    Corrective,
    EndDrill,
    EndReport,
    EndShelf,
    FillHandover,
    Finding,
    HandOverOrder,
    IgnoreDevice,
    NoteHandover,
    OpenOrder,
    OverrideCommand,
    PersonCommand,
    PutOnShelf,
    RecheckAction,
    ReportIncident,
    Resolve,
    Respond,
    ResumeDrill,
    Review,
    SignHandover,
    SkipTask,
    StartDrill,
    SuspendDrill,
    TakeTheory,
    UnassignDevice,
    WithdrawCommand,
)
from rules.response_plan import PlanBook
from rules.signal import Signal
from rules.site import Source
from rules.state import encode_state
from tests.support import building, happenings
from tests.support.core import Core
from tests.support.roster import TEAM, roster

FIRE_PLAN = """
plans:
  - id: fire
    title: {en: Fire, zh: 火灾}
    hazard: fire
    lead: safety_officer
    team: [duty_officer, engineer]
    acknowledge:
      within: 1min
      ladder: [duty_officer, safety_officer]
      quorum: {I: [duty_officer, safety_officer]}
      re_alarm_after: 10min
    first_response_within: 3min
    steps:
      - {id: vents, title: {en: Vents}, level: I, command: {device_class: smoke_vent, command: open, retries: 1}}
      - {id: look, title: {en: Look}, task: {role: duty_officer, within: 3min}}
      - {id: tell, title: {en: Tell}, level: II, notify: {role: safety_officer}}
      - {id: call, title: {en: Call}, level: I, once: building, authority: {to: fire_brigade, event: Structure Fire}}
      - {id: leave, title: {en: Leave}, level: I, once: building, occupant_notice: {template: fire_evacuate}}
      - {id: mend, title: {en: Mend, zh: 维修}, level: II, work_order: {kind: emergency}}
      - {id: reset, title: {en: Reset}, phase: closing, level: II, task: {role: engineer}}
"""
OTHER_PLANS = """
plans:
  - id: power
    title: {en: Power, zh: 供电}
    hazard: power
    lead: engineer
    team: [duty_officer]
    acknowledge: {within: 5min, ladder: [duty_officer, engineer], raises_to: II}
    steps:
      - {id: mend, title: {en: Mend}, work_order: {kind: ordinary}}
      - {id: mend-now, title: {en: Mend now}, level: II, work_order: {kind: emergency}}
  - id: device
    title: {en: Device, zh: 设备}
    hazard: device
    lead: engineer
    team: [duty_officer]
    acknowledge: {within: 15min, ladder: [duty_officer], raises_to: III}
    steps: [{id: look, title: {en: Look}, task: {role: engineer, mandatory: false, within: 1d}}]
inhibitions:
  - {id: silence, title: {en: Smoke explains silence}, by: [smoke-high], inhibits: [silent], same: floor}
discipline: {shelving: {two_persons: [smoke_detector]}}
orders: {recurrences: [{times: 3, within: 30d}]}
"""
SECURITY_PLAN = """
plans:
  - id: security
    title: {en: Security, zh: 安防}
    hazard: security
    lead: safety_officer
    team: [duty_officer]
    acknowledge: {within: 30s, ladder: [duty_officer], raises_to: II}
    steps: [{id: watch, title: {en: Watch}, task: {role: duty_officer, within: 1min}}]
"""
DRILLS = """
drills: {suspended_at_most: 1h, calendar: {required: [{id: fire, title: {en: Fire}, hazards: [fire], every: 3d}]}}
theory:
  - plan: fire
    questions:
      - {id: first, question: {en: "What first?"}, choices: [{en: Look}, {en: Reset}], answer: 1}
"""
DRILLS_BESIDE = """
drills: {suspended_by: [], only_started: true}
"""
PEOPLE = ("duty-officer-1", "safety-officer-1", "engineer-1", "a stranger")
ROLES = ("", "duty_officer", "safety_officer", "engineer")
STEPS = ("vents", "look", "tell", "call", "mend", "reset", "watch", "nonsense")
MODES = happenings.MODES


@cache
def books() -> tuple[PlanBook, ...]:
    return (
        building.plans(FIRE_PLAN, OTHER_PLANS, SECURITY_PLAN, DRILLS),
        building.plans(FIRE_PLAN, SECURITY_PLAN, DRILLS_BESIDE),
    )


@cache
def rosters() -> tuple[Roster, ...]:
    """The second: nobody is duty officer, and the app takes messages of exercises."""
    fewer = TEAM.replace("[duty_officer]", "[project_manager]").replace("app: {}", "app: {exercise: true}", 1)
    return roster(), roster(fewer)


def run(seed: int, count: int, *, steady: bool = False) -> Core:
    """Lets so much happen. Invariants are asserted at every step. `steady`: rules, plans and people stay."""
    chance = Random(seed)
    core = Core(happenings.RULES[0], site=happenings.DIRECTORIES[0], plans=books()[0], roster=rosters()[0])
    core.listen()
    kinds = [kind for kind in _HAPPENINGS if not (steady and kind in _UNSETTLING)]
    weights = [_HAPPENINGS[kind] for kind in kinds]
    for _ in range(count):
        core.wait(chance.choice((0, 0, 1, 900, 4_000, 15_000, 60_000)))
        chance.choices(kinds, weights)[0](core, chance)
    core.wait("20min")
    return core


def _person(core: Core, chance: Random) -> None:
    """Mostly about what there is; sometimes about nothing."""
    core.step(_REQUESTS[chance.randrange(len(_REQUESTS))](core, chance))


def _diligent(core: Core, chance: Random) -> None:
    """Somebody does the next thing that is right, so that incidents come to their end."""
    for incident in [each for each in core.state.incidents.values() if each.open][:2]:
        for person, role in (("duty-officer-1", "duty_officer"), ("safety-officer-1", "safety_officer")):
            core.step(Acknowledge(by=person, role=role, incident=incident.id))
        for step in [each.id for each in incident.steps if each.action == "task"]:
            core.step(CompleteTask(by="engineer-1", incident=incident.id, step=step))
        for order in [core.state.orders[id] for id in incident.orders if id in core.state.orders]:
            for step in (OrderStep.ACCEPT, OrderStep.SURVEY, OrderStep.REPAIR):
                core.step(AdvanceOrder(by="engineer-1", order=order.id, step=step))
            core.step(AdvanceOrder(by="duty-officer-1", order=order.id, step=OrderStep.VERIFY, reason="looked at"))
        core.step(Resolve(by="duty-officer-1", incident=incident.id, finding=Finding.REAL, cause="a cause"))


def _tried(core: Core, chance: Random) -> None:
    """What became of something on its way: of some, of several at once, of nothing that is known."""
    for id in chance.sample([*core.state.sent, "NTF-nonsense"], k=1):
        ok = chance.random() < 0.5
        core.step(EffectTried(id, ok, chance.randrange(1, 4), ok or chance.random() < 0.5, "detail"))


def _commands(core: Core, chance: Random) -> None:
    issued = {each.id: each for each in core.effects if isinstance(each, PublishCommand)}
    for id in list(core.state.commands)[:2]:
        if chance.random() < 0.5:
            core.published(id)
        else:
            core.answer(id, issued[id].device.partition("/")[2], ok=chance.random() < 0.7, mode=issued[id].mode)


def _audit(core: Core, chance: Random) -> None:
    what = chance.choice(("a ladder", "an order"))
    core.step(AuditFailed(what, core.now - 5_000) if chance.random() < 0.5 else AuditPassed(what))


def _plans(core: Core, chance: Random) -> None:
    core.follow(chance.choice(books()))


def _roster(core: Core, chance: Random) -> None:
    core.step(RosterLoaded(core.documents.add(chance.choice(rosters()))))


def _reload(core: Core, chance: Random) -> None:
    core.reload(chance.choice(happenings.RULES), site=chance.choice(happenings.DIRECTORIES))


def _quiet(core: Core, chance: Random) -> None:
    core.wait(chance.choice(("10min", "1h", "30h")))


def _drill(core: Core, chance: Random) -> None:
    """One begins, or something is done with it; then its devices speak, so that there is something to stop."""
    drill = _of(chance, core.state.drills, "DRL")
    kind = chance.choice((StartDrill, StartDrill, SuspendDrill, ResumeDrill, ResumeDrill, EndDrill, AbortDrill))
    if kind is StartDrill:
        lasts_ms, onset_ms = chance.choice((60_000, 3_600_000)), chance.choice((0, 5_000))
        core.step(StartDrill(**_who(chance), site=building.SITE, scenario="s", lasts_ms=lasts_ms, onset_ms=onset_ms))
    else:
        core.step(kind(**_who(chance), drill=drill, reason=_why(chance)))
    for device in ("sd-1", "sd-2")[: chance.randrange(3)]:
        core.reading(device, mode=Mode.EXERCISE, smoke=0.3, retained=chance.random() < 0.1)
    if chance.random() < 0.2:
        core.step(TakeTheory(**_who(chance), drill=drill, plan="fire", answers={"first": chance.randrange(4)}))


_HAPPENINGS: dict[Callable[[Core, Random], None], int] = {
    happenings._detector: 30,
    happenings._call_point: 6,
    happenings._meter: 8,
    happenings._door: 4,
    happenings._status: 1,
    happenings._command: 4,
    happenings._restart: 2,
    happenings._deaf: 1,
    _person: 40,
    _diligent: 4,
    _tried: 14,
    _commands: 8,
    _audit: 1,
    _drill: 7,
    _plans: 1,
    _roster: 1,
    _reload: 1,
    _quiet: 2,
}
_UNSETTLING = (_plans, _roster, _reload)


# ---- what people ask for


def _of(chance: Random, known: object, prefix: str) -> str:
    """One of those that are known, mostly the newest; else one that never was."""
    ids = list(known) if isinstance(known, dict) else []
    return chance.choice([*ids[-4:], *ids[-1:], f"{prefix}-000999"])


def _who(chance: Random) -> dict[str, str]:
    return {"by": chance.choice(PEOPLE), "role": chance.choice(ROLES)}


def _about(core: Core, chance: Random) -> dict[str, str]:
    return {**_who(chance), "incident": _of(chance, core.state.incidents, "INC")}


def _order(core: Core, chance: Random) -> dict[str, str]:
    return {**_who(chance), "order": _of(chance, core.state.orders, "WO")}


def _why(chance: Random) -> str:
    return chance.choice(("", "a reason", "a reason"))


def _asset(chance: Random) -> str:
    return chance.choice(("tower-a/sd-1", "tower-a/em-1", "tower-a/12F-east", "tower-a/nothing"))


def _withdrawal(core: Core, chance: Random) -> WithdrawCommand:
    """Mostly by one who may, of a command that awaits its answer."""
    command = _of(chance, core.state.commands, "CMD")
    who = {"by": "safety-officer-1", "role": ""} if chance.random() < 0.8 else _who(chance)
    incident = core.state.commands.get(command, "INC-000999")
    return WithdrawCommand(**who, incident=incident, command=command, reason=_why(chance))


_REQUESTS: tuple[Callable[[Core, Random], PersonCommand], ...] = (
    lambda core, chance: Acknowledge(**_about(core, chance)),
    lambda core, chance: Acknowledge(**_about(core, chance)),
    lambda core, chance: AddNote(**_about(core, chance), text="a note"),
    lambda core, chance: Confirm(**_about(core, chance), reason=_why(chance)),
    lambda core, chance: ChangeLevel(**_about(core, chance), level=chance.choice(list(Level)), reason=_why(chance)),
    lambda core, chance: Assign(**_about(core, chance), to=chance.choice(PEOPLE)),
    lambda core, chance: Respond(**_about(core, chance)),
    lambda core, chance: CompleteTask(**_about(core, chance), step=chance.choice(STEPS)),
    lambda core, chance: SkipTask(**_about(core, chance), step=chance.choice(STEPS), reason=_why(chance)),
    lambda core, chance: OverrideCommand(
        **_about(core, chance), device="tower-a/vent-9", command=chance.choice(("open", "fly")), reason=_why(chance)
    ),
    _withdrawal,
    lambda core, chance: ReportIncident(
        **_who(chance),
        zone=chance.choice(("tower-a/12F-east", "tower-a/12F-west", "tower-a/nowhere")),
        hazard=chance.choice(("fire", "power", "device", "boredom")),
        level=chance.choice(list(Level)),
        signal=chance.choice(list(Signal)),
        note=_why(chance),
        device=chance.choice((None, None, "tower-a/sd-1")),
        mode=chance.choice(happenings.MODES),
    ),
    lambda core, chance: EndReport(
        **_who(chance),
        incident=_of(chance, {each: 1 for key, each in core.state.troubles.items() if "|report/" in key}, "INC"),
    ),
    lambda core, chance: ClearDeadLetters(**_who(chance), reason=_why(chance), letters=3),
    lambda core, chance: AssignDevice(
        **_who(chance),
        device="tower-a/sd-77",
        zone="tower-a/12F-east",
        device_class="smoke_detector",
        source=Source("z2m", "0x77"),
        reason=_why(chance),
        against=chance.choice((("", ""), ("already_assigned", "z2m/0x77 is tower-a/sd-77"))),
    ),
    lambda core, chance: UnassignDevice(**_who(chance), codec="z2m", native_id="0x77", reason=_why(chance)),
    lambda core, chance: IgnoreDevice(
        **_who(chance), codec="z2m", native_id="0x77", ignored=chance.random() < 0.5, reason=_why(chance)
    ),
    lambda core, chance: Resolve(
        **_about(core, chance), finding=chance.choice(list(Finding)), cause=chance.choice(("", "a cause"))
    ),
    lambda core, chance: Review(
        **_about(core, chance), cause="c", measures="m", result="r", actions=[Corrective("do it", "engineer-1")]
    ),
    lambda core, chance: ActionDone(**_who(chance), action=_of(chance, core.state.actions, "CA")),
    lambda core, chance: RecheckAction(
        **_who(chance), action=_of(chance, core.state.actions, "CA"), ok=chance.random() < 0.5, note="n"
    ),
    lambda core, chance: OpenOrder(
        **_who(chance), asset=_asset(chance), fault="hums", summary="Look", kind=chance.choice(list(OrderKind)[:2])
    ),
    lambda core, chance: AdvanceOrder(
        **_order(core, chance), step=chance.choice(list(OrderStep)), reason=_why(chance), normal_at=core.now
    ),
    lambda core, chance: AdvanceOrder(**_order(core, chance), step=chance.choice(list(OrderStep)[:3])),
    lambda core, chance: AssignOrder(**_order(core, chance), to="engineer-1"),
    lambda core, chance: HandOverOrder(**_order(core, chance), to="a firm", reason=_why(chance)),
    lambda core, chance: PutOnShelf(
        **_who(chance),
        reason=_why(chance),
        duration_ms=chance.choice((60_000, 600_000, 600_000, 10**9)),
        device=chance.choice((None, "tower-a/sd-1", "tower-a/em-1", "tower-a/nothing")),
        one_shot=chance.random() < 0.3,
        second=chance.choice((None, "safety-officer-1")),
        maintenance=chance.random() < 0.3,
    ),
    lambda core, chance: EndShelf(**_who(chance), shelf=_of(chance, core.state.shelves, "SH"), reason="over"),
    lambda core, chance: FillHandover(**_who(chance), site=building.SITE, incoming=chance.choice(PEOPLE)),
    lambda core, chance: NoteHandover(
        **_who(chance), handover=_of(chance, core.state.handovers, "HO"), text="the keys are in the drawer"
    ),
    lambda core, chance: SignHandover(**_who(chance), handover=_of(chance, core.state.handovers, "HO")),
)


def digest(seed: int, count: int) -> str:
    """Of all events, entries and effects of a run, and of its last state."""
    core = run(seed, count)
    found = sha256(encode_state(core.state))
    for each in (*core.events, *core.entries, *core.effects):
        found.update(encode(each))
    return found.hexdigest()


if __name__ == "__main__":
    sys.stdout.write(digest(int(sys.argv[1]), int(sys.argv[2])))
