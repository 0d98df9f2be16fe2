"""Killed between two turns of the event loop: a verdict is journaled at once, its telemetry waits for the batch."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gateway.test_crash_points import DEVICES, VALUES, Told, _timeline, _verdicts
from tests.support.stage import START, Stage


class Read(NamedTuple):
    """One read of the socket."""

    messages: int


class Slow(NamedTuple):
    """The disk takes so long."""

    ms: int


Step = Told | Read | Slow | Literal["batch", "kill"]

_told = st.builds(Told, st.sampled_from(list(DEVICES)), st.sampled_from(VALUES))
_steps = st.one_of(
    _told,
    _told,
    _told,
    st.builds(Read, st.integers(1, 4)),
    st.builds(Slow, st.sampled_from([1, 30, 700, 2_500])),
    st.just("batch"),
    st.just("kill"),
)
_scripts = st.lists(_steps, min_size=3, max_size=40)


def _play(stage: Stage, script: list[Any], kills: bool) -> None:
    said: Counter[str] = Counter()
    for step in script:
        if isinstance(step, Told):
            dated, counted = DEVICES[step.device]
            said[step.device] += 1
            at = START + 1_000 + sum(said.values()) if dated else None
            stage.now = max(stage.now, START + 1_000 + sum(said.values()))
            stage.publish(step.device, at=at, seq=said[step.device] if counted else None, **step.values)
        elif isinstance(step, Read):
            stage.read(step.messages)
        elif isinstance(step, Slow):
            stage.now += step.ms
        elif step == "batch":
            stage.time_is_up()
        elif kills:
            stage.restart()
    stage.read(1_000)
    stage.time_is_up()
    assert stage.queue == []


def _alarm_that_came_and_went(device: str, other: str, between: Step) -> list[Step]:
    """Journaled and not in telemetry when it is killed; then a new alarm of the device."""
    quiet, alarm = Told(device, {"smoke": 0.01}), Told(device, {"smoke": 0.4})
    before: list[Step] = [quiet, Read(1), "batch", alarm, quiet, Told(other, {"smoke": 0.4}), Read(2)]
    return [*before, between, Read(1), "kill", Read(3), "batch", alarm, Read(1), "batch"]


@pytest.mark.parametrize("between", [Slow(3), Slow(2_500), Slow(-3_600_000)], ids=["fast", "slow", "clock set back"])
@pytest.mark.parametrize("other", DEVICES)
@pytest.mark.parametrize("device", DEVICES)
def test_an_alarm_is_not_swallowed_by_one_that_came_before_the_crash(device: str, other: str, between: Step) -> None:
    _assert_as_if_it_had_lived(_alarm_that_came_and_went(device, other, between))


@given(_scripts)
@settings(max_examples=30, deadline=None)
def test_wherever_it_is_killed_nothing_is_lost_and_nothing_doubled(script: list[Any]) -> None:
    _assert_as_if_it_had_lived(script)


def _assert_as_if_it_had_lived(script: list[Any]) -> None:
    with tempfile.TemporaryDirectory(prefix="tocsin-crash-") as folder:
        plain, killed = Stage(Path(folder) / "plain"), Stage(Path(folder) / "killed")
        try:
            _play(plain, script, kills=False)
            _play(killed, script, kills=True)
            assert _timeline(killed) == _timeline(plain)
            assert _verdicts(killed) == _verdicts(plain)
            for device in DEVICES:
                assert Counter(map(str, killed.stored(device))) == Counter(map(str, plain.stored(device)))
        finally:
            plain.close()
            killed.close()
