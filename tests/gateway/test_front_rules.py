"""What the API sees of versions, commands, reports by people and messages not understood, over a real store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine, text

from api.duty_port import CommandQuery
from api.ports import BadCursor, DeadLetter, Done, Refused, ShelfQuery, UnknownDeadLetter
from api.rules_port import UnknownVersion, VersionKind
from gateway.check import check
from gateway.front import Front
from gateway.replay import differences
from gateway.store import Group, Store
from gateway.store.migrate import upgrade
from gateway.versions import in_force, stays, text_of
from rules.codec import encode
from rules.incident import CommandStage
from rules.level import Level
from rules.mode import Mode
from rules.requests import ClearDeadLetters, EndReport, PutOnShelf, ReportIncident, WithdrawCommand
from rules.timeline import Kind
from tests.gateway.test_front import Running
from tests.support import building, groups
from tests.support.stage import Stage

EAST = "tower-a/12F-east"
REPORT = ReportIncident(by="guard", zone=EAST, hazard="fire", level=Level.I, note="flames")
HIGHER = building.FIRE.replace("above: 0.15", "above: 0.25")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path, plans=(building.FIRE_PLAN,))
    yield made
    made.close()


@pytest.fixture
def front(stage: Stage) -> Front:
    return Front(Running(stage))  # type: ignore[arg-type]


# ---- what people do


async def test_a_report_is_answered_with_its_incident_and_a_repetition_with_the_same(front: Front) -> None:
    first = await front.carry_out(REPORT, "key")
    again = await front.carry_out(REPORT, "key")
    assert isinstance(first, Done)
    assert isinstance(again, Done)
    assert first.incident is not None
    assert first.incident.zone == EAST
    assert again.repeated
    assert again.incident == first.incident


async def test_commands_of_incidents_are_found_newest_first_page_by_page(front: Front, stage: Stage) -> None:
    await front.carry_out(REPORT)
    page = await front.commands(CommandQuery(limit=1))
    rest = await front.commands(CommandQuery(limit=5, cursor=page.next_cursor))
    assert [each.command.id for each in (*page.items, *rest.items)] == ["CMD-000002", "CMD-000001"]
    assert rest.next_cursor is None
    asked = WithdrawCommand(
        incident="INC-000001", by="duty", role="duty_officer", command="CMD-000001", reason="it is jammed"
    )
    assert isinstance(await front.carry_out(asked), Done)
    (withdrawn,) = (await front.commands(CommandQuery(stage=CommandStage.WITHDRAWN))).items
    assert withdrawn.command.id == "CMD-000001"
    assert stage.store.outbox_due(stage.now, 10, "PublishCommand")[0].effect.id == "CMD-000002"
    for query in (CommandQuery(site="elsewhere"), CommandQuery(by_hand=True), CommandQuery(mode=Mode.TEST)):
        assert (await front.commands(query)).items == []
    assert (await front.commands(CommandQuery(sites=frozenset({"elsewhere"})))).items == []
    with pytest.raises(BadCursor):
        await front.commands(CommandQuery(cursor="nonsense"))


async def test_the_store_can_be_rebuilt_after_what_people_have_reported(front: Front, stage: Stage) -> None:
    await front.carry_out(REPORT)
    await front.carry_out(EndReport(incident="INC-000001", by="guard"))
    await front.carry_out(
        PutOnShelf(by="eng", reason="cleaning", duration_ms=60_000, device="tower-a/em-1", maintenance=True)
    )
    assert list(differences(stage.store)) == []
    windows = stage.store.shelves(ShelfQuery(maintenance=True)).items
    assert [each.device for each in windows] == ["tower-a/em-1"]
    assert stage.store.shelves(ShelfQuery(maintenance=False)).items == []


async def test_what_is_cleared_is_gone_and_stands_in_the_journal_with_who_and_why(front: Front, stage: Stage) -> None:
    stage.publish("nobody", smoke=1.0)
    stage.publish("sd-1", payload=b"not json")
    stage.deliver()
    stage.time_is_up()
    letter = next(each for each in (await front.dead_letters()).items if each.reason == "unknown device")
    assert await front.dead_letter(letter.topic, letter.reason) == letter
    done = await front.carry_out(ClearDeadLetters(by="eng", reason="set up now", fault="unknown device"))
    assert isinstance(done, Done)
    assert done.letters == 1
    with pytest.raises(UnknownDeadLetter):
        await front.dead_letter(letter.topic, letter.reason)
    assert [each.reason for each in (await front.dead_letters()).items] == ["bad json"]
    assert stage.kinds()[-1] is Kind.LETTERS_CLEARED
    refused = await front.carry_out(ClearDeadLetters(by="eng", reason=" "))
    assert isinstance(refused, Refused)
    assert (await front.dead_letters()).items


def test_messages_are_cleared_by_topic_by_reason_or_all_at_once(store: Store) -> None:
    letters = [DeadLetter(topic, reason, "", "", 1, 1, 1) for topic in ("a", "b") for reason in ("x", "y")]
    store.dead_letters_add(letters)
    assert store.dead_letters_count() == 4
    assert store.dead_letters_count("a") == store.dead_letters_count(reason="x") == 2
    store.dead_letters_clear("a", "x")
    assert store.dead_letters_count() == 3
    store.dead_letters_clear(reason="y")
    assert [each.topic for each in store.dead_letters().items] == ["b"]
    store.dead_letters_clear()
    assert store.dead_letters_count() == 0


def test_maintenance_windows_of_an_older_database_are_known_as_such(url: str) -> None:
    shelf = groups.shelf(maintenance=True)
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        upgrade(connection, "0006")
        row = {"id": shelf.id, "open": True, "since": shelf.since, "until": shelf.until, "body": encode(shelf)}
        columns = ", ".join(f'"{name}"' for name in row)
        values = ", ".join(f":{name}" for name in row)
        connection.execute(text(f"INSERT INTO shelves ({columns}) VALUES ({values})"), row)
    with Store.open(url) as store:
        assert store.shelves(ShelfQuery(maintenance=True)).items == [shelf]


# ---- versions


def test_every_stay_in_force_is_told_with_its_text_also_of_a_version_that_came_back(stage: Stage) -> None:
    texts = [building.rules(building.FIRE), building.rules(HIGHER), building.rules(building.FIRE)]
    for number, rules in enumerate(texts):
        stage.now += 1_000
        stage.desk.load(rules)
        stage.desk.keep_texts({"rules": {"fire.yaml": f"# {number}"}})
        stage.desk.commit()
    found = stays(stage.store, VersionKind.RULES)
    assert [each.version == found[0].version for each in found] == [True, False, True]
    assert [each.until for each in found] == [None, found[0].since, found[1].since]
    assert in_force(stage.store, "rules") == found[0].version
    assert text_of(stage.store, found[1].version).files == {"fire.yaml": "# 1"}
    kept = text_of(stage.store, found[0].version[:12])
    assert kept.files == {"fire.yaml": "# 0"}  # as it was written when this version first came into force
    assert '"above":0.15' in kept.content.replace(" ", "")
    assert len(stays(stage.store, VersionKind.PLANS)) == 1
    for unknown in ("f" * 64, "3f2a", "nonsense"):
        with pytest.raises(UnknownVersion):
            text_of(stage.store, unknown)


def test_texts_of_a_version_are_kept_on_every_database(store: Store) -> None:
    store.commit(Group(documents=[("ab" * 32, "rules", b"{}")], texts=[("ab" * 32, "rules", b'{"a.yaml": "x"}')]))
    store.commit(Group(texts=[("ab" * 32, "rules", b'{"a.yaml": "later"}')]))
    assert text_of(store, "ab" * 32).files == {"a.yaml": "x"}


# ---- files that are on no disk


def test_a_posted_file_is_checked_beside_those_on_disk_and_stands_in_for_one_of_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    mine = """
rules:
  - {id: warm, title: {en: W}, device_class: smoke_detector, hazard: fire, signal: alarm, level: III,
     when: {metric: smoke, above: 0.05}}
"""
    (folder / "warm.yaml").write_text(mine)
    alone = check([folder])
    assert alone.problems == []
    assert alone.texts == {"rules": {"rules/warm.yaml": mine}}
    other = mine.replace("0.05", "0.09")
    for name in ("rules/warm.yaml", "warm.yaml"):
        found = check([folder], posted={name: other})
        assert found.problems == []
        assert found.ruleset is not None
        assert found.ruleset.detections["warm"].when.above == 0.09
    twice = check([folder], posted={"other.yaml": mine})
    assert "warm" in str(twice.problems[0])
    assert all(str(tmp_path) not in str(each) for each in twice.problems)
    assert check([folder], posted={"arm.yaml": mine}).problems  # half a name is none
