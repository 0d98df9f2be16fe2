"""What the API sees of the gateway: commands are done once, reading never waits, a failing store is said so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from api.ports import BadCursor, DeviceQuery, Done, IncidentQuery, Refused, Unavailable, UnknownDevice, UnknownIncident
from gateway.front import Front
from gateway.located import Located
from gateway.news import News
from gateway.store import StoreFailed
from rules.requests import Acknowledge, AddNote, Finding, Resolve
from rules.timeline import Kind
from tests.support.stage import Stage

ACKNOWLEDGE = Acknowledge(incident="INC-000001", by="duty.officer")


class Running:
    """The gateway, as far as the front needs it."""

    def __init__(self, stage: Stage) -> None:
        self.news = News()
        self.failed: list[StoreFailed] = []
        self.core: Any = SimpleNamespace(
            store=stage.store,
            desk=stage.desk,
            ingest=stage.ingest,
            screen=stage.screen,
            located=Located(stage.screen.directory),
            firing={"tower-a/sd-1": ["smoke-high"]},
        )

    def store_failed(self, error: StoreFailed) -> None:
        self.failed.append(error)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    made.publish("sd-1", smoke=0.4)
    made.deliver()
    yield made
    made.close()


@pytest.fixture
def running(stage: Stage) -> Running:
    return Running(stage)


@pytest.fixture
def front(running: Running) -> Front:
    return Front(running)  # type: ignore[arg-type]


async def test_a_command_is_committed_when_it_is_answered(front: Front, stage: Stage) -> None:
    done = await front.carry_out(ACKNOWLEDGE)
    assert isinstance(done, Done)
    assert done.incident.acknowledged_by == "duty.officer"
    assert Kind.ACKNOWLEDGED in stage.kinds()


async def test_the_same_key_again_is_answered_again_and_done_once_also_after_a_restart(
    front: Front, stage: Stage
) -> None:
    first = await front.carry_out(ACKNOWLEDGE, "key")
    again = await front.carry_out(ACKNOWLEDGE, "key", if_revision=1)
    stage.restart()
    after = await Front(Running(stage)).carry_out(ACKNOWLEDGE, "key")  # type: ignore[arg-type]
    assert isinstance(first, Done)
    assert isinstance(again, Done)
    assert isinstance(after, Done)
    assert (first.repeated, again.repeated, after.repeated) == (False, True, True)
    assert again.entries == after.entries == first.entries
    assert stage.kinds().count(Kind.ACKNOWLEDGED) == 1


async def test_a_key_that_was_used_for_something_else_is_refused(front: Front) -> None:
    await front.carry_out(ACKNOWLEDGE, "key")
    refused = await front.carry_out(AddNote(incident="INC-000001", by="duty.officer", text="other"), "key")
    assert isinstance(refused, Refused)
    assert refused.code == "idempotency_key_reused"


async def test_a_refusal_is_kept_under_its_key_too(front: Front, stage: Stage) -> None:
    resolve = Resolve(incident="INC-000001", by="duty.officer", finding=Finding.REAL, cause="fire")
    refused = [await front.carry_out(resolve, "key") for _ in range(2)]
    assert all(isinstance(each, Refused) for each in refused)
    assert refused[0] == refused[1]
    assert stage.kinds().count(Kind.REFUSED) == 1


async def test_a_decision_on_an_old_revision_is_refused(front: Front, stage: Stage) -> None:
    revision = (await front.incident("INC-000001")).revision
    assert isinstance(await front.carry_out(ACKNOWLEDGE, if_revision=revision), Done)
    refused = await front.carry_out(AddNote(incident="INC-000001", by="duty.officer", text="x"), if_revision=revision)
    assert isinstance(refused, Refused)
    assert refused.code == "revision_changed"
    assert Kind.NOTED not in stage.kinds()


async def test_a_store_that_fails_is_unavailable_and_the_gateway_is_told(
    front: Front, running: Running, stage: Stage
) -> None:
    stage.full = True
    with pytest.raises(Unavailable):
        await front.carry_out(ACKNOWLEDGE, "key")
    assert len(running.failed) == 1
    stage.full = False
    stage.restart()
    assert Kind.ACKNOWLEDGED not in stage.kinds()
    assert stage.store.answer("key") is None


async def test_without_a_core_it_is_unavailable(front: Front, running: Running) -> None:
    running.core = None
    for question in (front.incidents(IncidentQuery()), front.devices(DeviceQuery()), front.carry_out(ACKNOWLEDGE)):
        with pytest.raises(Unavailable):
            await question


async def test_what_is_not_there_is_said_so(front: Front) -> None:
    with pytest.raises(UnknownIncident):
        await front.timeline("INC-000099")
    with pytest.raises(UnknownDevice):
        await front.device("tower-a/nobody")
    for question in (front.incidents(IncidentQuery(cursor="?")), front.devices(DeviceQuery(cursor="é"))):
        with pytest.raises(BadCursor):
            await question


async def test_devices_come_page_by_page_and_can_be_chosen(front: Front) -> None:
    names, cursor = [], None
    while True:
        page = await front.devices(DeviceQuery(zone="tower-a/12F-east", limit=3, cursor=cursor))
        names += [device.name for device in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert names == ["door-1", "em-1", "mcp-1", "sd-1", "sd-2", "sd-3", "vent-1", "vent-2"]
    device = await front.device("tower-a/sd-1")
    assert (device.values, device.firing, device.silent) == ({"smoke": 0.4}, ["smoke-high"], False)


async def test_a_timeline_comes_page_by_page(front: Front, stage: Stage) -> None:
    page = await front.timeline("INC-000001", limit=2)
    rest = await front.timeline("INC-000001", after=int(page.next_cursor or 0))
    assert [entry.number for entry in [*page.items, *rest.items]] == list(range(1, len(stage.kinds()) + 1))
    assert rest.next_cursor is None


async def test_zones_show_their_worst_open_incident(front: Front) -> None:
    zones = {zone.name: zone for zone in await front.zones("tower-a")}
    assert (zones["12F-east"].open_incidents, zones["12F-west"].open_incidents) == (["INC-000001"], [])
    assert await front.zones("elsewhere") == []
