"""How a device of another format gets its place: a line in a file, in the journal, in force at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from api.ports import BadCursor, Done, FoundDevice, InboxQuery, Refused, Unavailable, UnknownInboxDevice
from gateway.config import GatewaySettings, read_settings
from gateway.foreign import assigned_file
from gateway.front import Front
from gateway.library import load
from gateway.news import News
from gateway.store import StoreFailed
from rules.requests import AssignDevice, IgnoreDevice, UnassignDevice
from rules.site import Source, SourcePoint
from rules.timeline import Kind
from tests.support.plain_codec import PlainCodec, output, said
from tests.support.stage import Stage

SITE = """
site: tower-a
title: {en: Tower A}
timezone: Asia/Shanghai
buildings:
  - id: tower
    floors:
      - id: 12F
        zones:
          - id: 12F-east
            devices:
              - {id: sd-1, class: smoke_detector}
              - {id: sd-2, class: smoke_detector, source: {codec: z2m, id: by-file}}
"""
POINTS = [{"name": "smoke", "metric": "alarm"}, {"name": "lamp"}]


class Running:
    """The gateway, as far as the front needs it: `reload` puts the files in force on the stage."""

    def __init__(self, stage: Stage, settings: GatewaySettings) -> None:
        self._stage, self.settings = stage, settings
        self.news, self.failed, self.reloads = News(), list[StoreFailed](), 0

    @property
    def core(self) -> Any:
        stage = self._stage
        return SimpleNamespace(
            store=stage.store, desk=stage.desk, ingest=stage.ingest, screen=stage.screen, foreign=stage.foreign
        )

    def store_failed(self, error: StoreFailed) -> None:
        self.failed.append(error)

    async def reload(self) -> None:
        self.reloads += 1
        self._stage.assign(load(self.settings.all_files, codecs=self.settings.codecs).directory)


@pytest.fixture
def settings(tmp_path: Path) -> GatewaySettings:
    (tmp_path / "site.yaml").write_text(SITE)
    (tmp_path / "settings.yaml").write_text("sites: [site.yaml]\ndata: data\ncodecs: {z2m: {format: zigbee2mqtt}}\n")
    (tmp_path / "data").mkdir()
    return read_settings(tmp_path / "settings.yaml", {})


@pytest.fixture
def stage(settings: GatewaySettings) -> Iterator[Stage]:
    directory = load(settings.files).directory
    rules = """
rules:
  - {id: smoke, title: {en: Smoke}, device_class: smoke_detector, hazard: fire, signal: alarm, level: III,
     when: {metric: alarm, is: true}}
"""
    made = Stage(settings.data, rules, site=directory, codecs={"z2m": PlainCodec})
    for native_id in ("new", "by-file"):
        found = output("Found", native_id=native_id, title="East", device_class="smoke_detector", points=POINTS)
        made.tell("plain/x", [found])
    yield made
    made.close()


@pytest.fixture
def running(stage: Stage, settings: GatewaySettings) -> Running:
    return Running(stage, settings)


@pytest.fixture
def front(running: Running, stage: Stage) -> Front:
    return Front(running, lambda: stage.now)  # type: ignore[arg-type]


def assign(native_id: str = "new", **more: Any) -> AssignDevice:
    given: dict[str, Any] = {
        "by": "eng",
        "device": "tower-a/sd-9",
        "zone": "tower-a/12F-east",
        "device_class": "smoke_detector",
        "source": Source("z2m", native_id),
        "reason": "fitted today",
    }
    return AssignDevice(**(given | more))


def _refused(answer: Done | Refused) -> tuple[str, str]:
    assert isinstance(answer, Refused), answer
    return answer.code, answer.reason


async def test_an_assigned_device_is_watched_from_then_on(front: Front, stage: Stage, running: Running) -> None:
    stage.tell("plain/x", [said("new", {"smoke": True})])
    assert stage.kinds() == []
    done = await front.carry_out(assign())
    assert isinstance(done, Done)
    assert isinstance(done.found, FoundDevice)
    assert (done.found.device, done.found.by_file, running.reloads) == ("tower-a/sd-9", False, 1)
    assert stage.kinds() == [Kind.INBOX, Kind.OPENED, Kind.DETECTED], "it burns already"
    entry = next(entry for entry in stage.entries() if entry.kind is Kind.INBOX)
    assert (entry.by, entry.reason, entry.device) == ("eng", "fitted today", "tower-a/sd-9")
    assert [each.device for each in (await front.inbox(InboxQuery(assigned=True))).items] == [
        "tower-a/sd-2",
        "tower-a/sd-9",
    ]


async def test_the_file_says_who_and_why_and_is_read_like_any_other(front: Front, settings: GatewaySettings) -> None:
    source = Source("z2m", "new", {"smoke": SourcePoint("alarm", words={"ON": True}), "b": SourcePoint("battery")})
    await front.carry_out(assign(source=source, silent_after_ms=90_000_000, title={"en": "Corridor", "zh": "走廊"}))
    (entry,) = assigned_file.entries_of(settings.assigned)
    assert (entry["by"], entry["reason"], entry["silent_after"]) == ("eng", "fitted today", "25h")
    directory = load(settings.all_files, codecs=settings.codecs).directory
    device = directory.devices["tower-a/sd-9"]
    assert (device.source, device.silent_after_ms) == (
        Source("z2m", "new", source.points, silence_announced=False),
        90_000_000,
    )
    assert device.title == {"en": "Corridor", "zh": "走廊"}


async def test_a_device_is_given_one_place_also_when_two_ask_at_once(front: Front, settings: GatewaySettings) -> None:
    answers = await asyncio.gather(*(front.carry_out(assign(device=f"tower-a/sd-{n}")) for n in (7, 8)))
    assert _refused(answers[1]) == ("already_assigned", "z2m/new is tower-a/sd-7")
    assert len(assigned_file.entries_of(settings.assigned)) == 1


async def test_the_same_key_gives_a_device_its_place_once(front: Front, running: Running) -> None:
    first, again = [await front.carry_out(assign(), "key") for _ in range(2)]
    assert isinstance(first, Done)
    assert isinstance(again, Done)
    assert (first.repeated, again.repeated, running.reloads) == (False, True, 1)


@pytest.mark.parametrize(
    ("change", "code", "reason"),
    [
        ({"source": Source("z2m", "other")}, "unknown_inbox_device", "z2m/other is not among the devices"),
        ({"source": Source("z2m", "by-file")}, "already_assigned", "z2m/by-file is tower-a/sd-2"),
        ({"device": "tower-a/sd-1"}, "not_valid", "'sd-1' is already a device of tower-a"),
        ({"zone": "tower-a/13F"}, "not_valid", "'tower-a/13F' is not a zone of any site"),
        ({"device_class": "smoke"}, "not_valid", "'smoke' is not a device class"),
        ({"device_class": "lift"}, "no_points", "which points of z2m/new are metrics of lift"),
        ({"source": Source("z2m", "new", {"smoke": SourcePoint("alarms")})}, "not_valid", "did you mean alarm?"),
        ({"reason": " "}, "reason_missing", "needs a reason"),
    ],
)
async def test_what_cannot_be_is_refused_journaled_and_changes_nothing(
    front: Front, stage: Stage, running: Running, change: dict[str, Any], code: str, reason: str
) -> None:
    refused = _refused(await front.carry_out(assign(**change)))
    assert refused[0] == code
    assert reason in refused[1]
    assert stage.kinds() == [Kind.REFUSED]
    assert (running.settings.assigned.exists(), running.reloads) == (False, 0)


async def test_a_store_that_fails_leaves_the_file_as_it_was(
    front: Front, stage: Stage, running: Running, settings: GatewaySettings
) -> None:
    await front.carry_out(assign())
    before = settings.assigned.read_text()
    stage.full = True
    with pytest.raises(Unavailable):
        await front.carry_out(UnassignDevice(by="eng", codec="z2m", native_id="new", reason="taken down"))
    assert (settings.assigned.read_text(), len(running.failed)) == (before, 1)


async def test_a_file_that_somebody_has_broken_is_not_written_over(front: Front, settings: GatewaySettings) -> None:
    settings.assigned.write_text("assigned: {oops")
    assert _refused(await front.carry_out(assign()))[0] == "file_broken"
    assert settings.assigned.read_text() == "assigned: {oops"


async def test_a_device_that_gives_up_its_place_is_in_the_inbox_again(
    front: Front, stage: Stage, settings: GatewaySettings
) -> None:
    await front.carry_out(assign())
    done = await front.carry_out(UnassignDevice(by="eng", codec="z2m", native_id="new", reason="taken down"))
    assert isinstance(done, Done)
    assert (await front.found_device("z2m", "new")).device is None
    assert assigned_file.entries_of(settings.assigned) == []
    stage.tell("plain/x", [said("new", {"smoke": True})])
    assert stage.kinds() == [Kind.INBOX, Kind.INBOX]


async def test_what_a_site_file_says_only_the_file_takes_back(front: Front) -> None:
    answer = await front.carry_out(UnassignDevice(by="eng", codec="z2m", native_id="by-file", reason="x"))
    assert _refused(answer) == ("assigned_by_file", "tower-a/sd-2 stands in a site file; take it out there")
    assert (await front.found_device("z2m", "by-file")).by_file is True


async def test_a_device_is_left_out_and_looked_at_again(front: Front, stage: Stage) -> None:
    await front.carry_out(IgnoreDevice(by="eng", codec="z2m", native_id="new", reason="a lamp"))
    stage.restart()
    assert (await front.found_device("z2m", "new")).ignored is True
    await front.carry_out(IgnoreDevice(by="eng", codec="z2m", native_id="new", ignored=False))
    assert [each.native_id for each in (await front.inbox(InboxQuery(ignored=False))).items] == ["by-file", "new"]
    refused = await front.carry_out(IgnoreDevice(by="eng", codec="z2m", native_id="by-file"))
    assert _refused(refused)[0] == "already_assigned"


async def test_the_inbox_comes_in_pages(front: Front, stage: Stage) -> None:
    stage.tell("plain/x", [said(f"more-{number}", {"a": 1}) for number in range(5)])
    seen, cursor = [], None
    while True:
        page = await front.inbox(InboxQuery(cursor=cursor, limit=3))
        seen += [each.native_id for each in page.items]
        if (cursor := page.next_cursor) is None:
            break
    assert seen == ["by-file", *(f"more-{number}" for number in range(5)), "new"]
    with pytest.raises(BadCursor):
        await front.inbox(InboxQuery(cursor="bogus"))
    with pytest.raises(UnknownInboxDevice):
        await front.found_device("z2m", "nobody")
