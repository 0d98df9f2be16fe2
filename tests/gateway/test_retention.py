"""What is past its keeping goes; what is kept can still be proven from the journal; what is open is never touched."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from gateway.attachments import Attachments
from gateway.auditor import audit
from gateway.config import KeepingPart
from gateway.keeping.backup import back_up
from gateway.keeping.proof import UNBROKEN, prove, state_hash
from gateway.keeping.restore import restore
from gateway.keeping.retention import Retention
from gateway.replay import differences, rebuilt
from gateway.search.follow import Follower
from gateway.search.index import Index
from gateway.search.words import expression
from gateway.store import BrokenAt, Store, Verified
from rules.incident import Finding, Phase
from rules.instant import DAY_MS
from rules.order import OrderStep
from rules.requests import Acknowledge, AdvanceOrder, HandOverOrder, OpenOrder, Resolve
from rules.timeline import Kind
from tests.support import groups
from tests.support.stage import START, Stage

YEAR_MS = 366 * DAY_MS
THREE_YEARS = KeepingPart(incidents_days=1096, orders_days=1096, handovers_days=1096, backup_first=False)
SMOKE = """
rules:
  - id: smoke-high
    title: {en: Smoke above alarm threshold, zh: 烟雾浓度超过报警阈值}
    device_class: smoke_detector
    hazard: smoke
    signal: alarm
    level: III
    when: {metric: smoke, above: 0.15}
    clear: {metric: smoke, below: 0.08}
"""
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


def loose(device: str, incident: str | None = None) -> OpenOrder:
    return OpenOrder(f"tower-a/{device}", "head is loose", "refit it", incident=incident, by="duty-1")


class Years(Stage):
    """A gateway that is run for years, stopped and started once a month."""

    def happens(self, device: str = "sd-1") -> str:
        """An alarm. → its incident"""
        before = self.desk.engine.state.incidents_made
        self.publish(device, smoke=0.4)
        self.deliver()
        self.time_is_up()
        assert self.desk.engine.state.incidents_made == before + 1
        return f"INC-{before + 1:06d}"

    def is_over(self, incident: str, device: str = "sd-1") -> None:
        self.publish(device, smoke=0.01)
        self.deliver()
        self.time_is_up()
        self.asked(Acknowledge(incident, by="duty-1"))
        self.asked(Resolve(incident, Finding.FALSE_ALARM, "steam", by="duty-1"))
        assert self.incident(incident).phase is Phase.CLOSED

    def asked(self, request: Any) -> None:
        self.now += 1
        self.desk.submit(request)
        self.desk.commit()

    def incident(self, id_: str) -> Any:
        found = self.store.incident(id_)
        assert found is not None
        return found

    def pass_time(self, ms: int) -> None:
        """By months, each with an orderly stop."""
        until = self.now + ms
        while self.now < until:
            self.desk.snapshot()
            self.now = min(until, self.now + 31 * DAY_MS)
            self.desk.advance()
            self.restart()

    def retention(self, keeping: KeepingPart = THREE_YEARS) -> Retention:
        return Retention(keeping, self.folder, self.store, self.desk, lambda: self.now, self.desk.commit)

    def is_proven(self) -> None:
        """By the chain, by a rebuild, and by a start from the store."""
        assert isinstance(self.store.verify(), Verified), self.store.verify()
        assert list(differences(self.store)) == []
        assert prove(self.store).chain == UNBROKEN
        assert len(prove(self.store).state) == 64
        audit(self.store)


@pytest.fixture
def years(new_url: Callable[[], str], tmp_path: Path) -> Iterator[Years]:
    url = new_url()
    made = Years(tmp_path / "gateway", SMOKE, url=None if url.startswith("sqlite") else url)
    yield made
    made.close()


@pytest.fixture
def some(tmp_path: Path) -> Iterator[Years]:
    """On SQLite alone, where it makes no difference."""
    made = Years(tmp_path / "gateway", SMOKE)
    yield made
    made.close()


async def test_what_was_over_three_years_ago_goes_and_what_is_left_is_proven(years: Years) -> None:
    old = years.happens()
    years.is_over(old)
    years.pass_time(3 * YEAR_MS + 90 * DAY_MS)
    new = years.happens("sd-8")
    years.is_over(new, "sd-8")
    assert years.store.anchor() is None
    await years.retention().look()
    anchor = years.store.anchor()
    assert anchor is not None
    assert years.store.incident(old) is None
    assert years.store.entries_of(old) == []
    assert years.incident(new).phase is Phase.CLOSED
    assert next(iter(years.store.journal())).index == anchor.index + 1 > 10
    assert next(entry for entry in years.entries() if entry.kind is Kind.PRUNED).facts["incidents"] == 1
    years.is_proven()
    before = state_hash(years.store)
    years.restart()
    assert years.store.incident(new) is not None
    years.is_proven()
    assert before != state_hash(years.store)  # the start itself is an event


async def test_nothing_younger_goes_and_nothing_goes_unasked(some: Years) -> None:
    old = some.happens()
    some.is_over(old)
    some.pass_time(3 * YEAR_MS - 60 * DAY_MS)
    await some.retention().look()
    assert some.store.anchor() is None
    some.pass_time(3 * YEAR_MS)
    await some.retention(KeepingPart(backup_first=False)).look()
    assert some.store.anchor() is None
    assert some.store.incident(old) is not None


async def test_what_is_still_open_stays_whole_and_can_be_ended_and_replayed(years: Years) -> None:
    opened = years.happens()
    over = years.happens("sd-8")
    years.is_over(over, "sd-8")
    years.pass_time(3 * YEAR_MS + 90 * DAY_MS)
    timeline = years.store.entries_of(opened)
    await years.retention().look()
    assert years.store.incident(over) is None
    assert years.store.entries_of(opened)[: len(timeline)] == timeline
    years.is_proven()
    years.is_over(opened)
    years.is_proven()
    years.pass_time(31 * DAY_MS)
    years.is_proven()


async def test_what_an_open_order_repairs_after_stays_with_it(some: Years) -> None:
    old = some.happens()
    some.asked(loose("sd-1", incident=old))
    some.asked(HandOverOrder("WO-000001", "the manufacturer", "a part is missing", by="duty-1"))
    some.is_over(old)
    other = some.happens("sd-8")
    some.is_over(other, "sd-8")
    some.pass_time(3 * YEAR_MS + 90 * DAY_MS)
    await some.retention().look()
    assert some.store.anchor() is not None
    assert some.incident(old).phase is Phase.CLOSED
    assert some.store.entries_of(old)
    assert some.store.incident(other) is None
    some.is_proven()


async def test_pruning_goes_on_month_by_month(years: Years) -> None:
    ids = []
    for _ in range(4):
        ids.append(years.happens())
        years.is_over(ids[-1])
        years.pass_time(70 * DAY_MS)
    gone = []
    for _ in range(4):
        years.pass_time(3 * YEAR_MS - 200 * DAY_MS if not gone else 70 * DAY_MS)
        await years.retention().look()
        gone.append([id_ for id_ in ids if years.store.incident(id_) is None])
        years.is_proven()
    assert gone[0] != gone[-1] == ids
    assert groups.count(years.url, "anchors") == 1


async def test_a_kind_that_is_kept_longer_outlives_the_others(some: Years) -> None:
    old = some.happens()
    some.asked(loose("sd-8"))
    some.asked(AdvanceOrder("WO-000001", OrderStep.CANCEL, reason="was not", by="duty-1"))
    some.is_over(old)
    some.pass_time(4 * YEAR_MS)
    longer = THREE_YEARS.model_copy(update={"orders_days": 3660.0})
    await some.retention(longer).look()
    assert some.store.incident(old) is None
    assert some.store.order("WO-000001") is not None
    some.is_proven()


async def test_nothing_goes_that_is_not_in_a_backup(some: Years, caplog: pytest.LogCaptureFixture) -> None:
    old = some.happens()
    some.is_over(old)
    some.pass_time(4 * YEAR_MS)
    careful = THREE_YEARS.model_copy(update={"backup_first": True})
    await some.retention(careful).look()
    assert some.store.incident(old) is not None
    assert "before a backup holds it" in caplog.text
    back_up(some.url, some.folder, some.folder, some.now)
    await some.retention(careful).look()
    assert some.store.incident(old) is None


async def test_a_pruned_store_is_backed_up_and_restored_like_any_other(years: Years, tmp_path: Path) -> None:
    opened = years.happens()
    years.pass_time(4 * YEAR_MS)
    await years.retention().look()
    made = back_up(years.url, years.folder, tmp_path / "backup.zip", years.now)
    assert made.proof.chain == UNBROKEN
    url = f"sqlite:///{tmp_path}/to/journal.sqlite"
    restore(made.archive, url, tmp_path / "to")
    with Store.open(url, writer=False) as store:
        assert prove(store) == made.proof
        assert list(differences(store)) == []
        assert store.incident(opened) is not None


async def test_killed_while_it_deletes_it_goes_on_with_the_next_look(some: Years) -> None:
    old = some.happens()
    some.is_over(old)
    some.pass_time(4 * YEAR_MS)
    retention = some.retention()
    found = await retention._found(some.now)
    assert found is not None
    some.restart()  # before it counts
    some.is_proven()
    await some.retention()._carry(found)
    some.desk.prune(found.anchor, found.removed)
    some.desk.commit()
    some.restart()  # before anything is deleted
    assert some.store.incident(old) is not None
    assert isinstance(some.store.verify(), Verified)
    await some.retention(KeepingPart()).look()
    assert some.store.incident(old) is None
    some.is_proven()


async def test_projections_of_a_pruned_journal_can_be_written_anew(some: Years) -> None:
    opened = some.happens()
    some.pass_time(4 * YEAR_MS)
    await some.retention().look()
    groups.execute(some.url, "UPDATE incidents SET phase = 'closed'", "DELETE FROM detections")
    assert list(differences(some.store)) != []
    some.store.replace_projections(rebuilt(some.store))
    some.is_proven()
    assert some.incident(opened).phase is Phase.ACTIVATED


# ---- nobody else can


async def test_the_database_lets_nothing_go_that_the_anchor_does_not_cover(years: Years) -> None:
    opened = years.happens()
    years.pass_time(4 * YEAR_MS)
    await years.retention().look()
    carried = years.store.entries_of(opened)[0].position
    for sql in (
        'DELETE FROM journal WHERE "index" = (SELECT max("index") FROM journal)',
        "DELETE FROM entries WHERE position = (SELECT max(position) FROM entries)",
        f"DELETE FROM entries WHERE position = {carried}",
        'UPDATE journal SET at = 0 WHERE "index" = (SELECT max("index") FROM journal)',
    ):
        with pytest.raises(DBAPIError, match="append-only"):
            groups.execute(years.url, sql)


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("UPDATE anchors SET hash = x'00'", "does not give its hash"),
        ("UPDATE anchors SET state = x'00'", "no row says that they were pruned"),
        ("UPDATE anchors SET entries = entries + 1", "no row says that they were pruned"),
        ("UPDATE carried SET body = x'7b7d' WHERE kind = 'incidents'", "what was carried over"),
        ("DELETE FROM carried WHERE kind = 'incidents'", "what was carried over"),
        ("DELETE FROM anchors", "is missing"),
        ('UPDATE anchors SET "index" = "index" + 1', "what was carried over"),
    ],
)
async def test_whoever_alters_where_the_journal_begins_is_found_out(some: Years, sql: str, why: str) -> None:
    some.happens()
    some.pass_time(4 * YEAR_MS)
    await some.retention().look()
    groups.execute(some.url, sql)
    found = some.store.verify()
    assert isinstance(found, BrokenAt)
    assert why in found.why


async def test_a_beginning_that_somebody_cut_off_with_an_anchor_of_their_own_is_found_out(some: Years) -> None:
    some.happens()
    some.pass_time(90 * DAY_MS)
    groups.execute(
        some.url,
        "INSERT INTO anchors SELECT \"index\", at, hash, state, '', 5 FROM milestones LIMIT 1",
        'DELETE FROM journal WHERE "index" <= (SELECT max("index") FROM anchors)',
    )
    found = some.store.verify()
    assert isinstance(found, BrokenAt)


# ---- what no setting can do


async def test_answers_and_messages_not_understood_go_by_their_own_age(years: Years) -> None:
    years.desk.answer("old", b"{}")
    years.desk.commit()
    years.publish("sd-1", payload=b"not json")
    years.deliver()
    years.time_is_up()
    years.now += 8 * DAY_MS
    years.desk.answer("new", b"{}")
    years.desk.commit()
    await years.retention(KeepingPart()).look()
    assert (years.store.answer("old"), years.store.answer("new")) == (None, b"{}")
    assert years.letters() != {}
    years.now += 90 * DAY_MS
    await years.retention(KeepingPart()).look()
    assert years.letters() == {}
    years.is_proven()


async def test_files_that_belong_to_no_order_go_and_others_stay(some: Years) -> None:
    attachments = Attachments(some.folder / "attachments")
    used = attachments.keep("used.png", "image/png", PNG)
    unused = attachments.keep("unused.png", "image/png", PNG + b"x")
    fresh = attachments.keep("fresh.png", "image/png", PNG + b"xy")
    for each in (used, unused):
        path = some.folder / "attachments" / each.sha256[:2] / f"{each.sha256}.json"
        os.utime(path, (START / 1000 - 8 * 86_400, START / 1000 - 8 * 86_400))
    os.utime(some.folder / "attachments" / fresh.sha256[:2] / f"{fresh.sha256}.json", (START / 1000, START / 1000))
    some.asked(loose("sd-1"))
    some.asked(AdvanceOrder("WO-000001", OrderStep.ACCEPT, attachments=[used], by="duty-1"))
    await some.retention(KeepingPart()).look()
    assert attachments.find(used.sha256) == used
    assert attachments.find(fresh.sha256) == fresh
    assert attachments.find(unused.sha256) is None


async def test_what_is_gone_is_not_found_by_its_words_either(some: Years) -> None:
    old, opened = some.happens(), some.happens("sd-8")
    some.is_over(old)
    some.pass_time(4 * YEAR_MS)
    index = Index(some.folder / "search.sqlite")
    follower = Follower(index)
    _followed(follower, some.store)
    assert index.matching(expression("smoke"), 2**62, 10) == [2, 1]
    await some.retention().look()
    _followed(follower, some.store)
    assert index.matching(expression("smoke"), 2**62, 10) == [2]
    assert some.incident(opened).open


def _followed(follower: Follower, store: Store) -> None:
    while follower.step(store, {}):
        pass


async def test_a_milestone_that_does_not_read_back_stops_nothing_but_the_pruning(
    some: Years, caplog: pytest.LogCaptureFixture
) -> None:
    old = some.happens()
    some.is_over(old)
    some.pass_time(4 * YEAR_MS)
    groups.execute(some.url, "UPDATE milestones SET state = x'00'")
    await some.retention().look()
    assert "does not read back" in caplog.text
    assert some.store.incident(old) is not None
    some.is_proven()
