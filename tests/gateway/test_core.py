"""The core as a whole, made from its stores again and again; its broker is away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gateway.broker_process import free_port
from gateway.config import GatewaySettings
from gateway.core import Core
from gateway.library import Loaded
from gateway.news import News
from gateway.store import StoreFailed, StoreLocked
from rules.mode import Mode
from rules.people import Roster
from rules.timeline import Kind
from tests.support import building
from tests.support.stage import START
from tests.support.waiting import until

TOPIC = b"tocsin/v1/tower-a/sd-1/telemetry"
ALARM = (TOPIC, b'{"values": {"smoke": 0.4}, "seq": 1}', 1, 0)


class Clock:
    now = START

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(tmp_path: Path, clock: Clock) -> Iterator[Callable[..., Core]]:
    """`core = make()`: on the same folder each time; the caller closes it."""
    port = free_port("127.0.0.1")
    settings = GatewaySettings.model_validate({"data": tmp_path, "broker": {"url": f"mqtt://127.0.0.1:{port}"}})
    made: list[Core] = []

    def core(*rules: str, told: Callable[[str, str], None] = lambda part, fault: None) -> Core:
        ruleset = building.rules(*(rules or (building.FIRE,)))
        link = settings.link(settings.broker.url)
        loaded = Loaded(building.directory(), ruleset, building.plans(), Roster())
        made.append(Core(settings, link, loaded, clock, News(), told))
        return made[-1]

    yield core
    for each in made:
        each.close()


def _kinds(core: Core) -> list[Kind]:
    kinds = [entry.kind for entry in core.store.entries_after(0)]
    return [kind for kind in kinds if kind not in (Kind.STARTED, Kind.CONFIGURATION)]


async def test_what_it_knew_it_knows_again(make: Callable[..., Core]) -> None:
    with closing(make()) as first:
        first.ingest.on_messages([ALARM], 1)
        first.ingest.flush()
        assert _kinds(first) == [Kind.OPENED, Kind.DETECTED, Kind.PRE_ALARM]
        assert first.firing == {"tower-a/sd-1": ["smoke-high"]}
    with closing(make()) as second:
        assert second.firing == {"tower-a/sd-1": ["smoke-high"]}
        known = second.screen.known("tower-a/sd-1")
        assert known is not None
        assert (known.believed(), known.seq) == ({"smoke": 0.4}, 1)
        second.ingest.on_messages([ALARM], 2)
        second.ingest.flush()
        assert _kinds(second) == [Kind.OPENED, Kind.DETECTED, Kind.PRE_ALARM]


async def test_after_an_orderly_stop_nothing_is_replayed(make: Callable[..., Core]) -> None:
    first = make()
    first.ingest.on_messages([ALARM], 1)
    first.close(snapshot=True)
    with closing(make()) as second:
        assert second.desk.replayed == 0
    with closing(make()) as third:
        assert third.desk.replayed == 1  # the start of the second


async def test_only_one_core_has_the_stores_and_a_refused_one_leaves_nothing_open(make: Callable[..., Core]) -> None:
    with closing(make()):
        for _ in range(3):
            with pytest.raises(StoreLocked, match="only one may"):
                make()
    make().close()


async def test_a_deadline_is_handled_without_anybody_asking(make: Callable[..., Core], clock: Clock) -> None:
    core = make()
    core.ingest.on_messages([ALARM], 1)
    running = asyncio.create_task(core.run())
    clock.now += 15_000  # as when the wall clock is set forward
    await until(lambda: Kind.CONFIRMED in _kinds(core))
    running.cancel()
    await asyncio.wait({running}, timeout=20)
    assert running.done()


async def test_it_ends_with_the_failure_of_its_store(make: Callable[..., Core]) -> None:
    core = make()
    running = asyncio.create_task(core.run())
    core.fail(StoreFailed("the disk is full"))
    core.fail(StoreFailed("and again"))
    with pytest.raises(StoreFailed, match="the disk is full"):
        async with asyncio.timeout(20):
            await running


async def test_a_broker_that_is_away_is_told(make: Callable[..., Core]) -> None:
    told: list[tuple[str, str]] = []
    core = make(told=lambda part, fault: told.append((part, fault)))
    running = asyncio.create_task(core.run())
    await until(lambda: {"broker", "commands"} <= {part for part, fault in told if fault})
    running.cancel()
    await asyncio.wait({running}, timeout=20)


async def test_new_rules_judge_what_is_known_at_once_and_the_same_rules_change_nothing(
    make: Callable[..., Core],
) -> None:
    core = make()
    core.ingest.on_messages([(TOPIC, b'{"values": {"smoke": 0.12}}', 1, 0)], 1)
    core.ingest.flush()
    assert not core.load(Loaded(building.directory(), building.rules(building.FIRE), building.plans(), Roster()))
    assert _kinds(core) == []
    assert core.load(
        Loaded(
            building.directory(),
            building.rules(building.FIRE.replace("above: 0.15", "above: 0.1")),
            building.plans(),
            Roster(),
        )
    )
    assert _kinds(core) == [Kind.OPENED, Kind.DETECTED, Kind.PRE_ALARM]


async def test_a_device_that_was_taken_out_of_the_site_is_no_more_listened_to(make: Callable[..., Core]) -> None:
    core = make()
    core.ingest.on_messages([ALARM], 1)
    zones: Any = {zone: dict(devices) for zone, devices in building.ZONES.items()}
    del zones["12F-east"]["sd-1"]
    core.load(Loaded(building.directory(zones), building.rules(building.FIRE), building.plans(), Roster()))
    core.ingest.on_messages([(TOPIC, b'{"values": {"smoke": 0.5}, "seq": 2}', 2, 0)], 1)
    core.ingest.flush()
    assert [letter.reason for letter in core.store.dead_letters().items] == ["unknown device"]
    assert "tower-a/sd-1" not in core.located.among(None, None, None)
    assert core.screen.known("tower-a/sd-1", Mode.ACTUAL) is None
