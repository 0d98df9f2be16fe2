"""The core's one timer, on the event loop the gateway runs on (uvloop's timers are not asyncio's)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import uvloop

from gateway.config import GatewaySettings
from gateway.core import Core
from gateway.library import Loaded
from gateway.news import News
from rules.people import Roster
from rules.timeline import Kind
from tests.support import building
from tests.support.stage import START
from tests.support.waiting import until

ALARM, QUIET = 0.4, 0.01
LATER_MS = 60_000  # the pre-alarm's first deadline is long past by then


class Clock:
    now = START

    def __call__(self) -> int:
        return self.now


def _core(folder: Path, clock: Clock) -> Core:
    settings = GatewaySettings.model_validate({"data": folder, "broker": {"url": "mqtt://127.0.0.1:1"}})
    link = settings.link(settings.broker.url)
    rules = building.rules(building.FIRE)
    loaded = Loaded(building.directory(), rules, building.plans(), Roster())
    return Core(settings, link, loaded, clock, News(), lambda part, fault: None)


def _smoke(device: str, smoke: float, seq: int) -> tuple[bytes, bytes, int, int]:
    payload = f'{{"values": {{"smoke": {smoke}}}, "seq": {seq}}}'
    return f"tocsin/v1/tower-a/{device}/telemetry".encode(), payload.encode(), seq, 0


def test_messages_are_taken_while_a_deadline_is_overdue(tmp_path: Path) -> None:
    async def story() -> None:
        clock = Clock()
        core = _core(tmp_path, clock)
        try:
            core._on_messages([_smoke("sd-1", ALARM, 1)], 1)
            clock.now += LATER_MS
            core._on_messages([_smoke("sd-2", QUIET, 2)], 1)
            core._on_messages([_smoke("sd-2", QUIET, 3)], 1)
            await until(lambda: Kind.LEVEL_RAISED in [entry.kind for entry in core.store.entries_after(0)])
        finally:
            core.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(story())


def test_a_core_that_begins_to_run_has_one_timer(tmp_path: Path) -> None:
    async def story() -> None:
        core = _core(tmp_path, Clock())
        try:
            core._on_messages([_smoke("sd-1", ALARM, 1)], 1)
            of_the_commit = core._timer
            core._look()  # as `run` does at its beginning
            assert of_the_commit is not None
            assert of_the_commit.cancelled()
            assert core._timer is not of_the_commit
        finally:
            core.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(story())


def test_nothing_is_due_after_a_core_was_closed(tmp_path: Path) -> None:
    async def story() -> None:
        clock = Clock()
        core = _core(tmp_path, clock)
        core._on_messages([_smoke("sd-1", ALARM, 1)], 1)
        clock.now += LATER_MS
        core.close(snapshot=True)
        assert core._timer is not None
        assert core._timer.cancelled()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(story())
