"""Whatever devices, people, deliveries and time do, in whatever order: what the response promises holds.

`answering.run` asserts the invariants at every step: no effect twice under one key, no deadline in the past, no level
that falls without a person, nothing of an exercise that is real, at most one open order of an asset and fault.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rules import escalation, orders
from rules.codec import decode_entry, decode_event, decode_incident, encode
from rules.effects import Notify, PublishCommand, SendToAuthority, TellOccupants
from rules.in_force import in_force
from rules.incident import Confirmation, Incident, Phase
from rules.invariants import deadlines
from rules.level import Level
from rules.mode import Mode
from rules.requests import Confirm
from rules.response_plan import PlanStep
from rules.state import decode_state, encode_state
from rules.timeline import Kind
from rules.turn import Turn
from tests.support.answering import books, digest, rosters, run
from tests.support.building import FIRE
from tests.support.core import Core
from tests.support.happenings import again

ROOT = Path(__file__).parents[2]
SEEDS = st.integers(0, 2**32)
COUNTS = st.integers(1, 100)
PHASES = list(Phase)


def turn_of(core: Core) -> Turn:
    return Turn(core.state, in_force(core.state, core.documents), core.state.now, [])


@settings(max_examples=12)
@given(SEEDS, COUNTS)
def test_the_invariants_hold_whatever_is_asked_and_delivered(seed: int, count: int) -> None:
    core = run(seed, count)
    assert core.state.entries_made == core.watch.position == len(core.entries)
    assert all(due > core.state.now for due, _ in deadlines(core.state))


@settings(max_examples=10)
@given(SEEDS, COUNTS)
def test_while_nobody_has_taken_an_incident_somebody_is_told_again_and_again(seed: int, count: int) -> None:
    core = run(seed, count, steady=True)
    turn = turn_of(core)
    for incident in core.state.incidents.values():
        if incident.hazard not in turn.plans.by_hazard:
            continue
        unacknowledged = incident.open and not escalation.is_acknowledged(turn, incident)
        assert (incident.ladder is not None) is unacknowledged, incident.id
        if incident.ladder is not None:
            within = max(turn.plans.by_hazard[incident.hazard].acknowledge.within, escalation.REMINDED_MS_MAX)
            pause = turn.plans.drills.suspended_at_most + 1 if incident.suspended else 0
            assert incident.ladder.due_at - core.state.now <= within + pause


@settings(max_examples=10)
@given(SEEDS, COUNTS)
def test_every_incident_of_level_one_or_two_has_the_orders_its_plan_mandates(seed: int, count: int) -> None:
    core = run(seed, count, steady=True)
    turn = turn_of(core)
    for incident in core.state.incidents.values():
        plan = turn.plans.by_hazard.get(incident.hazard)
        if not incident.open or plan is None or incident.level < Level.II:
            continue
        for step in plan.steps:
            if step.work_order is not None and _is_called_for(step, incident):
                known = incident.step(step.id)
                assert known is not None, f"{incident.id}: no {step.id}"
                devices = {evidence.device or incident.zone or orders.NOWHERE for evidence in incident.evidence}
                assert devices <= set(known.assets), f"{incident.id}: {step.id} of {devices - set(known.assets)}"
    keys = [order.key for order in core.state.orders.values() if order.open]
    assert len(keys) == len(set(keys))


def _is_called_for(step: PlanStep, incident: Incident) -> bool:
    """Said once more, in other words than `rules.response`."""
    confirmed = incident.confirmation is not Confirmation.PRE_ALARM or not step.waits_for_confirmation
    return step.level <= incident.level and PHASES.index(step.phase) <= PHASES.index(incident.phase) and confirmed


@settings(max_examples=10)
@given(SEEDS, COUNTS)
def test_nothing_that_was_sent_expires_silently(seed: int, count: int) -> None:
    core = run(seed, count)
    ended = (
        Kind.NOTICE_DONE, Kind.NOTICE_FAILED, Kind.COMMAND_DONE, Kind.COMMAND_FAILED, Kind.COMMAND_WITHDRAWN
    )  # fmt: skip
    over = {entry.facts.get("id") for entry in core.entries if entry.kind in ended}
    over |= {e.facts.get("id") for e in core.entries if e.kind is Kind.NOTICE_TRIED and e.reason}  # the next channel
    awaited = {*core.state.sent, *core.state.commands}
    gone = {command for command in _issued(core) if command not in over | awaited}
    assert gone <= _of_forgotten(core)


def _issued(core: Core) -> list[str]:
    return [effect.id for effect in core.effects]


def _of_forgotten(core: Core) -> set[str]:
    """Commands of incidents that were closed more than a day ago: nobody awaits their answer any more."""
    known = core.state.incidents
    return {each.id for each in core.effects if isinstance(each, PublishCommand) and each.incident not in known}


@settings(max_examples=10)
@given(SEEDS, COUNTS)
def test_a_level_falls_only_by_a_person_with_a_reason(seed: int, count: int) -> None:
    core = run(seed, count)
    for entry in core.entries:
        if entry.kind is Kind.LEVEL_LOWERED:
            assert entry.by
            assert entry.reason
        if entry.kind is Kind.LEVEL_RAISED:
            assert str(entry.facts["from"]) > str(entry.facts["to"])  # II > I


@settings(max_examples=12)
@given(SEEDS, COUNTS)
def test_nothing_of_an_exercise_leaves_but_by_what_is_marked_for_it(seed: int, count: int) -> None:
    core = run(seed, count)
    allowed = {"drill-app", "app"}  # `app` in the second roster alone
    drills = [effect for effect in core.effects if effect.mode is Mode.EXERCISE]
    assert {each.channel for each in drills if isinstance(each, Notify | TellOccupants)} <= allowed
    assert not [each for each in drills if isinstance(each, SendToAuthority)]  # the brigade is not marked
    modes = {entry.incident: entry.mode for entry in core.entries if entry.incident}
    for effect in core.effects:
        incident = getattr(effect, "incident", None)
        assert incident is None or modes[incident] is effect.mode, effect.id


@settings(max_examples=12)
@given(SEEDS, COUNTS, st.floats(0, 1))
@example(11, 100, 1.0)
def test_a_replay_and_an_engine_taken_up_anywhere_come_to_the_same(seed: int, count: int, share: float) -> None:
    core = run(seed, count)
    restored_at = {index for index in range(len(core.events)) if Random(seed + index).random() <= share}
    replayed = again(core)
    assert replayed == again(core, restored_at)
    assert replayed[1] == encode_state(core.state)


@settings(max_examples=10)
@given(SEEDS)
def test_what_was_asked_for_and_what_came_of_it_survive_being_stored(seed: int) -> None:
    core = run(seed, 60)
    for event, _ in core.events:
        assert decode_event(encode(event)) == event
    for entry in core.entries:
        assert decode_entry(encode(entry)) == entry
    for incident in core.state.incidents.values():
        assert decode_incident(encode(incident)) == incident
    assert decode_state(encode_state(core.state)) == core.state


@pytest.mark.parametrize("hash_seed", ["0", "1", "random"])
def test_what_the_response_comes_to_does_not_depend_on_the_hash_seed(hash_seed: str) -> None:
    seed, count = 20261124, 400
    child = subprocess.run(
        [sys.executable, "-m", "tests.support.answering", str(seed), str(count)],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    assert child.stdout == _digest(seed, count)


_digests: dict[tuple[int, int], str] = {}


def _digest(seed: int, count: int) -> str:
    if (seed, count) not in _digests:
        _digests[seed, count] = digest(seed, count)
    return _digests[seed, count]


def test_when_a_person_confirms_a_fire_commands_are_sent_before_anybody_is_told() -> None:
    core = Core(FIRE, plans=books()[0], roster=rosters()[0])
    core.reading("sd-1", smoke=0.2)
    core.wait("5s")
    outcome = core.step(Confirm(by="duty-officer-1", incident="INC-000001"))
    kinds = [type(effect).__name__ for effect in outcome.effects]
    assert kinds[:2] == ["PublishCommand", "PublishCommand"]
    assert "Notify" in kinds
    assert "PublishCommand" not in kinds[2:]


def test_the_runs_are_long_enough_to_mean_something() -> None:
    kinds = Counter(entry.kind for seed in range(16) for entry in run(seed, 150).entries)
    assert set(Kind) - set(kinds) <= {
        Kind.CHATTERING,
        Kind.COUNTDOWN_STOPPED,
        Kind.NOT_FIRED,
        Kind.REVIEWED,
        Kind.ACTION,
        Kind.PRUNED,  # the gateway's own, after years: tests/gateway/test_retention.py
    }
