"""A crash at any point of a commit, and what the broker sends again after it: as if nothing had happened."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.reading import Value
from rules.timeline import Kind
from tests.support.building import FIRE
from tests.support.stage import BETWEEN, POINTS, START, Crashed, Stage

DEVICES = {  # device → whether it has a clock, a counter
    "sd-1": (True, True),
    "sd-2": (False, True),
    "sd-3": (True, False),
}
VALUES: list[dict[str, Any]] = [
    {"smoke": 0.4},
    {"smoke": 0.01},
    {"smoke": 0.1},  # between the two: what was, stays
    {"smoke": 0.3, "temperature": 21.0},
]


class Told(NamedTuple):
    device: str
    values: dict[str, Any]


REMEMBERING = """
rules:
  - id: rising
    title: {en: Rises fast}
    device_class: smoke_detector
    hazard: fire
    signal: alarm
    when: {metric: temperature, above: 100, rate_per: 1min, over: 3min}
"""  # makes the gateway read back what was said before a restart


Script = list[Told | int | tuple[str, int]]
"""Messages; a number: so many at the most are delivered; (point, most): the same, and the gateway dies in it."""

_told = st.builds(Told, st.sampled_from(list(DEVICES)), st.sampled_from(VALUES))
_deliveries = st.integers(1, 8)
_crashes = st.tuples(st.sampled_from(POINTS), _deliveries)
_scripts = st.lists(st.one_of(_told, _told, _told, _deliveries, _crashes), min_size=1, max_size=40)


@contextmanager
def _stage(*rules: str, url: str | None = None) -> Iterator[Stage]:
    folder = Path(tempfile.mkdtemp(prefix="tocsin-crash-"))
    stage = Stage(folder, *rules, url=url)
    try:
        yield stage
    finally:
        stage.close()
        shutil.rmtree(folder)


def _play(stage: Stage, script: Script, crashes: bool) -> None:
    seq: Counter[str] = Counter()
    for step in script:
        if isinstance(step, Told):
            dated, counted = DEVICES[step.device]
            seq[step.device] += 1
            at = START + 1_000 + sum(seq.values()) if dated else None
            stage.now = max(stage.now, START + 1_000 + sum(seq.values()))
            stage.publish(step.device, at=at, seq=seq[step.device] if counted else None, **step.values)
        elif isinstance(step, int):
            _deliver(stage, step)
        elif crashes:
            stage.crash_at = step[0]
            with suppress(Crashed):
                _deliver(stage, step[1])
            stage.crash_at = None
            stage.restart()
        else:
            _deliver(stage, step[1])
    while stage.queue:
        _deliver(stage, 1_000)


def _deliver(stage: Stage, most: int) -> None:
    if stage.queue:
        stage.deliver(most)
        stage.time_is_up()


def _timeline(stage: Stage) -> list[tuple[Any, ...]]:
    """Its content: without the instants at which the gateway came to know of it, and without its own starts."""
    return [
        (entry.kind, entry.incident, entry.number, entry.device, entry.rule, entry.facts, entry.reason, entry.seq)
        for entry in stage.entries()
        if entry.kind not in (Kind.STARTED, Kind.CONFIGURATION)
    ]


def _verdicts(stage: Stage) -> list[tuple[str, str, str]]:
    detections = stage.desk.engine.state.detections.values()
    return sorted((each.rule, each.device, each.verdict.value) for each in detections)


def _assert_as_if_nothing_had_happened(script: Script, url: str | None = None) -> None:
    with _stage() as plain, _stage(url=url) as crashed:
        _play(plain, script, crashes=False)
        _play(crashed, script, crashes=True)
        assert _timeline(crashed) == _timeline(plain)
        assert _verdicts(crashed) == _verdicts(plain)
        for device in DEVICES:
            assert Counter(map(str, crashed.stored(device))) == Counter(map(str, plain.stored(device)))
            assert _smoke(crashed, device) in (None, _smoke(plain, device))


def _smoke(stage: Stage, device: str) -> Value | None:
    """What is believed; None: nothing was said since the start."""
    watched = stage.screen.known(f"tower-a/{device}")
    return watched.believed().get("smoke") if watched and not watched.unseen else None


def test_a_message_received_in_the_millisecond_it_tells_is_known_when_it_comes_again() -> None:
    """Killed between journal and telemetry: without a counter its own time is all that it is known by."""
    with _stage() as stage:
        for smoke in (0.01, 0.4, 0.01):
            stage.publish("sd-3", at=stage.now + 3, smoke=smoke)
            stage.deliver()
            if smoke == 0.01 and len(stage.queue) == 1:
                stage.time_is_up()
        before = stage.kinds()
        assert before.count(Kind.DETECTED) == 1
        stage.restart()
        _deliver(stage, 10)
        assert (stage.kinds(), stage.queue) == (before, [])
        assert stage.stored("sd-3") == [(-1, {"smoke": value}) for value in (0.01, 0.4, 0.01)]


@given(_scripts)
@settings(max_examples=40)
def test_random_crashes_and_redeliveries_lose_and_double_nothing(script: Script) -> None:
    _assert_as_if_nothing_had_happened(script)


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("device", DEVICES)
def test_an_alarm_in_the_batch_of_a_crash_is_there_once(point: str, device: str, url: str) -> None:
    _assert_as_if_nothing_had_happened([Told(device, {"smoke": 0.4}), Told(device, {"smoke": 0.5}), (point, 2)], url)


@pytest.mark.parametrize("device", DEVICES)
def test_an_alarm_that_came_and_went_in_the_batch_of_a_crash_is_there_once(device: str) -> None:
    told: Script = [Told(device, {"smoke": value}) for value in (0.4, 0.01, 0.4, 0.01)]
    _assert_as_if_nothing_had_happened([*told, (BETWEEN, 4), 2, 2])


@pytest.mark.parametrize("device", DEVICES)
def test_an_alarm_is_not_cleared_by_a_message_that_says_nothing_of_it(device: str) -> None:
    before: Script = [Told(device, {"smoke": 0.01}), 1]
    alarm: Script = [Told(device, {"smoke": 0.4}), (BETWEEN, 1), 1]
    with _stage(FIRE, REMEMBERING) as stage:
        _play(stage, [*before, *alarm, Told(device, {"temperature": 20.0}), 1], crashes=True)
        assert stage.kinds() == [Kind.OPENED, Kind.DETECTED, Kind.PRE_ALARM]
        assert _smoke(stage, device) == 0.4
