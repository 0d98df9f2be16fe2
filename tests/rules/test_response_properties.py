"""Whatever devices, people and time do: nothing is done twice, nothing expires silently, no level falls by itself.

Beside what is asserted here, `rules.invariants` is asserted after every step.
"""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from rules import escalation
from rules.effects import PublishCommand
from rules.engine import Engine
from rules.in_force import in_force
from rules.incident import Phase, StepStage
from rules.level import Level
from rules.requests import (
    Acknowledge,
    ChangeLevel,
    CompleteTask,
    Confirm,
    EndReport,
    Finding,
    OverrideCommand,
    ReportIncident,
    Resolve,
    Respond,
    SkipTask,
    WithdrawCommand,
)
from rules.state import State, encode_state
from rules.timeline import Kind
from rules.turn import Turn
from tests.support.building import FIRE
from tests.support.core import Core

PLAN = """
plans:
  - id: fire
    title: {en: Fire plan, zh: 火灾预案}
    hazard: fire
    lead: lead
    team: [first, second]
    acknowledge: {within: 1min, ladder: [first, second], quorum: {I: [first, second]}, re_alarm_after: 5min}
    first_response_within: 20min
    steps:
      - {id: vents, title: {en: Vents}, level: I, command: {device_class: smoke_vent, command: open, retries: 1}}
      - {id: look, title: {en: Look}, task: {role: first, within: 3min}}
      - {id: call, title: {en: Call}, level: I, task: {role: second, mandatory: false, within: 1min}}
      - {id: meet, title: {en: Meet}, phase: responding, task: {role: first, mandatory: false}}
      - {id: reset, title: {en: Reset}, phase: closing, task: {role: first}}
  - id: device
    title: {en: Device plan, zh: 设备预案}
    hazard: device
    lead: lead
    team: [second]
    acknowledge: {within: 2min, ladder: [second], raises_to: III}
    steps: [{id: look, title: {en: Look}, task: {role: second, mandatory: false, within: 1h}}]
"""
INCIDENT = st.sampled_from(["INC-000001", "INC-000002", "INC-000003"])
BY = st.sampled_from(["first", "second", "lead"])
STEP = st.sampled_from(["vents", "look", "call", "meet", "reset"])

Doing = Callable[[Core], object]


def asking(made: st.SearchStrategy[object]) -> st.SearchStrategy[Doing]:
    return made.map(lambda request: lambda core: core.step(request))


def reading(device: str, on: bool) -> Doing:
    if device.startswith("mcp"):
        return lambda core: core.reading(device, alarm=on)
    return lambda core: core.reading(device, smoke=0.3 if on else 0.01)


def answering(number: int, ok: bool) -> Doing:
    def answer(core: Core) -> None:
        commands = [effect for effect in core.effects if isinstance(effect, PublishCommand)]
        if commands:
            command = commands[number % len(commands)]
            core.answer(command.id, command.device.partition("/")[2], ok=ok)

    return answer


def waiting(duration_ms: int) -> Doing:
    return lambda core: core.wait(duration_ms)


def restarting(down: str) -> Doing:
    return lambda core: core.restart(down=down)


def finishing(incident: str) -> Doing:
    """What a team does that wants to go home."""

    def finish(core: Core) -> None:
        for device in ("sd-1", "sd-2", "sd-8", "mcp-1"):
            reading(device, False)(core)
        for by in ("first", "second"):
            core.step(Acknowledge(incident=incident, by=by, role=by))
        for step in ("look", "reset"):
            core.step(CompleteTask(incident=incident, by="first", step=step))
        core.step(Resolve(incident=incident, by="first", finding=Finding.REAL, cause="a cause"))

    return finish


DOINGS = st.one_of(
    st.builds(finishing, INCIDENT),
    st.builds(reading, st.sampled_from(["sd-1", "sd-2", "mcp-1", "sd-8"]), st.booleans()),
    st.builds(waiting, st.sampled_from([1_000, 29_000, 60_000, 240_000, 300_000, 3_600_000])),
    st.builds(answering, st.integers(0, 20), st.booleans()),
    st.builds(restarting, st.sampled_from(["0s", "90s", "2h"])),
    asking(st.builds(lambda i, by: Acknowledge(incident=i, by=by, role=by), INCIDENT, BY)),
    asking(st.builds(lambda i, by: Respond(incident=i, by=by), INCIDENT, BY)),
    asking(st.builds(lambda i, by: Confirm(incident=i, by=by), INCIDENT, BY)),
    asking(
        st.builds(
            lambda i, by, level, why: ChangeLevel(incident=i, by=by, level=level, reason=why),
            INCIDENT,
            BY,
            st.sampled_from(Level),
            st.sampled_from(["", "why"]),
        )
    ),
    asking(st.builds(lambda i, by, step: CompleteTask(incident=i, by=by, step=step), INCIDENT, BY, STEP)),
    asking(st.builds(lambda i, by, step: SkipTask(incident=i, by=by, step=step, reason="why"), INCIDENT, BY, STEP)),
    asking(
        st.builds(
            lambda i, by: OverrideCommand(
                incident=i, by=by, role=by, device="tower-a/vent-9", command="close", reason="why"
            ),
            INCIDENT,
            BY,
        )
    ),
    asking(
        st.builds(
            lambda i, by, number: WithdrawCommand(
                incident=i, by=by, role=by, command=f"CMD-{number:06d}", reason="why"
            ),
            INCIDENT,
            BY,
            st.integers(1, 9),
        )
    ),
    asking(
        st.builds(
            lambda by, zone, level: ReportIncident(by=by, zone=zone, hazard="fire", level=level, note="smoke"),
            BY,
            st.sampled_from(["tower-a/12F-east", "tower-a/12F-west"]),
            st.sampled_from(Level),
        )
    ),
    asking(st.builds(lambda i, by: EndReport(incident=i, by=by), INCIDENT, BY)),
    asking(
        st.builds(
            lambda i, by, finding: Resolve(incident=i, by=by, finding=finding, cause="a cause"),
            INCIDENT,
            BY,
            st.sampled_from(Finding),
        )
    ),
)


@settings(max_examples=120, deadline=None)
@given(st.lists(DOINGS, max_size=40))
def test_whatever_happens_the_response_goes_on(doings: list[Doing]) -> None:
    core = Core(FIRE, plans=PLAN)
    for doing in doings:
        doing(core)
        assert_somebody_is_told(core)
    core.wait("10min")
    assert_nothing_expires_silently(core)
    assert_the_level_falls_only_by_a_person(core)
    assert_a_replay_gives_the_same(core)


def assert_somebody_is_told(core: Core) -> None:
    """While an incident is not acknowledged by everybody needed, a ladder runs, and its next rung is near."""
    turn = Turn(core.state, in_force(core.state, core.documents), core.now, [])
    for incident in core.state.incidents.values():
        running = incident.ladder is not None
        assert running is (incident.open and not escalation.is_acknowledged(turn, incident)), incident.id
        if incident.ladder is not None:
            assert incident.ladder.due_at - core.state.now <= escalation.REMINDED_MS_MAX
            assert incident.ladder.level is incident.level


def assert_nothing_expires_silently(core: Core) -> None:
    """Every command and every task has an end on the timeline, or is still awaited."""
    ended = {Kind.COMMAND_DONE, Kind.COMMAND_FAILED, Kind.COMMAND_WITHDRAWN}
    told = {entry.facts["id"] for entry in core.entries if entry.kind in ended}
    for effect in core.effects:
        assert effect.id in told or effect.id in core.state.commands, effect.id
    for incident in core.state.incidents.values():
        to_do = [step for step in incident.steps if step.action == "task" and step.stage is StepStage.ISSUED]
        assert all(step.overdue or step.due_at is None or step.due_at > core.state.now for step in to_do)
        kinds = core.kinds(incident.id)
        tasks = kinds.count(Kind.TASK_DONE) + kinds.count(Kind.TASK_SKIPPED) + len(to_do)
        assert kinds.count(Kind.TASK_ISSUED) == tasks
        assert incident.phase is not Phase.CLOSED or Kind.CLOSED in kinds


def assert_the_level_falls_only_by_a_person(core: Core) -> None:
    for entry in core.entries:
        if entry.kind is Kind.LEVEL_LOWERED:
            assert entry.by
            assert entry.reason


def assert_a_replay_gives_the_same(core: Core) -> None:
    engine = Engine(State(), core.documents)
    entries = [entry for event, now in core.events for entry in engine.step(event, now).entries]
    assert entries == core.entries
    assert encode_state(engine.state) == encode_state(core.state)
