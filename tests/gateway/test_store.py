"""What is committed reads back; what is not committed is not there. On SQLite and PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.store import GENESIS, Group, Store, StoreFailed, StoreLocked, Verified
from rules.incident import Incident
from rules.timeline import Entry
from tests.support import groups
from tests.support.groups import AT, Journal, command, entry, incident


class Kept:
    """What a store should hold: the same groups, in plain dictionaries."""

    def __init__(self) -> None:
        self.journal = Journal()
        self.rows: list[object] = []
        self.entries: list[Entry] = []
        self.incidents: dict[str, Incident] = {}
        self.detections: set[tuple[str, str, str]] = set()
        self.commands: list[str] = []

    def group(self, draw: st.DataObject) -> Group:
        """A random group that may follow, kept."""
        position = len(self.entries)
        opened = draw.draw(st.sets(groups.detections, max_size=3)) - self.detections
        closed = draw.draw(st.sets(st.sampled_from(sorted(self.detections)))) if self.detections else set()
        commands = [f"CMD-{len(self.commands) + n:06d}" for n in range(draw.draw(st.integers(0, 2)))]
        group = Group(
            journal=draw.draw(groups.journal_rows(self.journal, draw.draw(st.integers(1, 3)))),
            entries=[draw.draw(groups.entries(position + n)) for n in range(1, draw.draw(st.integers(0, 3)) + 1)],
            incidents={each.id: each for each in draw.draw(st.lists(groups.incidents, max_size=2))},
            outbox_put=[command(id_) for id_ in commands],
            detections_open=sorted(opened),
            detections_closed=sorted(closed),
        )
        self.rows += group.journal
        self.entries += group.entries
        self.incidents |= group.incidents
        self.detections = (self.detections | opened) - closed
        self.commands += commands
        return group

    def check(self, store: Store) -> None:
        assert list(store.journal()) == self.rows
        assert store.head() == (self.journal.index, self.journal.hash)
        assert store.verify() == Verified(self.journal.index, self.journal.hash)
        assert store.entries_after(0, 1000) == self.entries
        assert {id_: store.incident(id_) for id_ in self.incidents} == self.incidents
        assert [due.effect.id for due in store.outbox_due(AT, 1000)] == self.commands
        projected = [key for table, key, _ in store.projections() if table == "detections"]
        assert projected == sorted("/".join(each) for each in self.detections)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_is_committed_reads_back(new_url: Callable[[], str], data: st.DataObject) -> None:
    kept = Kept()
    with Store.open(new_url()) as store:
        for _ in range(data.draw(st.integers(1, 4))):
            store.commit(kept.group(data))
        kept.check(store)


def test_an_empty_store_begins_at_the_genesis_hash(store: Store) -> None:
    assert store.head() == (0, GENESIS)
    assert store.verify() == Verified(0, GENESIS)
    assert list(store.journal()) == []
    assert store.snapshot() is None
    assert store.outbox_next(AT) is None


def test_what_was_committed_is_there_after_the_store_is_opened_again(url: str) -> None:
    with Store.open(url) as store:
        store.commit(Journal().group(entries=[entry(1)], incidents={"INC-000001": incident()}))
    with Store.open(url) as store:
        assert store.head()[0] == 1
        assert store.incident("INC-000001") == incident()
        assert store.entries_of("INC-000001") == [entry(1)]


def test_an_empty_group_is_nothing_to_commit(store: Store) -> None:
    group = Group()
    assert not group
    store.commit(group)
    assert store.head() == (0, GENESIS)


def test_a_group_is_cleared_for_the_next_one() -> None:
    group = Journal().group(
        entries=[entry(1)],
        incidents={"INC-000001": incident()},
        outbox_put=[command()],
        outbox_drop=["CMD-000000"],
        answers=[("k", b"{}", AT)],
        documents=[("h", "rules", b"{}")],
        snapshot=(1, b"{}"),
        detections_open=[("actual", "smoke-high", "tower-a/sd-1")],
        detections_closed=[("actual", "smoke-high", "tower-a/sd-2")],
    )
    assert group
    group.clear()
    assert group == Group()


def test_a_detection_that_is_open_already_fails_its_whole_group(store: Store) -> None:
    detection = ("actual", "smoke-high", "tower-a/sd-1203")
    journal = Journal()
    store.commit(journal.group(detections_open=[detection]))
    before = Journal(journal.index, journal.hash)
    with pytest.raises(StoreFailed):
        store.commit(
            journal.group(
                detections_open=[detection],
                entries=[entry(1)],
                incidents={"INC-000001": incident()},
                outbox_put=[command()],
                answers=[("k", b"{}", AT)],
            )
        )
    assert store.head() == (1, before.hash)
    assert store.entries_after(0) == []
    assert store.incident("INC-000001") is None
    assert store.outbox_due(AT, 10) == []
    assert store.answer("k") is None
    store.commit(before.group(entries=[entry(1)]))
    assert store.head() == (2, before.hash)


def test_a_detection_that_flaps_within_a_group_ends_as_it_began(store: Store) -> None:
    journal, detection = Journal(), ("actual", "smoke-high", "tower-a/sd-1203")
    store.commit(journal.group(detections_open=[detection], detections_closed=[detection]))
    assert list(store.projections()) == []
    store.commit(journal.group(detections_open=[detection]))
    store.commit(journal.group(detections_open=[detection], detections_closed=[detection]))
    assert list(store.projections()) == [("detections", "actual/smoke-high/tower-a/sd-1203", b"")]
    store.commit(journal.group(detections_closed=[detection, detection], detections_open=[detection]))
    assert list(store.projections()) == []


def test_a_key_is_journaled_once(store: Store) -> None:
    journal = Journal()
    store.commit(Group(journal=[journal.row(key="actual/tower-a/sd-1203/7")]))
    before = journal.index, journal.hash
    with pytest.raises(StoreFailed):
        store.commit(Group(journal=[journal.row(key="actual/tower-a/sd-1203/7")]))
    assert store.head() == before


def test_known_keys_are_told_from_unknown_ones_however_many_are_asked(store: Store) -> None:
    journal = Journal()
    keys = [f"key/{number}" for number in range(600)]
    store.commit(Group(journal=[journal.row(key=key) for key in keys]))
    assert store.knows([]) == set()
    for count in (1, 2, 16, 17, 256, 257, 600):
        asked = [*keys[:count], *(f"other/{number}" for number in range(count))]
        assert store.knows(asked) == set(keys[:count])


def test_journal_rows_that_do_not_follow_on_the_head_are_refused(store: Store) -> None:
    store.commit(Journal().group())
    index, hash_ = store.head()
    with pytest.raises(ValueError, match="journal row 3 does not follow row 1"):
        store.commit(Journal(2, hash_).group())
    with pytest.raises(ValueError, match="journal row 2 has a hash that is not its own"):
        store.commit(Journal(index, GENESIS).group())
    assert store.head() == (index, hash_)


def test_the_journal_is_read_between_two_indexes(store: Store) -> None:
    store.commit(Journal().group(rows=9))
    assert [row.index for row in store.journal(after=3)] == [4, 5, 6, 7, 8, 9]
    assert [row.index for row in store.journal(after=3, until=5)] == [4, 5]
    assert [row.index for row in store.journal(after=9)] == []


def test_a_second_writer_is_refused_by_name(url: str, store: Store) -> None:
    with pytest.raises(StoreLocked, match=r"another gateway .*only one may"):
        Store.open(url)
    store.commit(Journal().group())
    assert store.head()[0] == 1


def test_the_next_writer_may_open_when_the_first_has_closed(url: str) -> None:
    Store.open(url).close()
    Store.open(url).close()


def test_a_reader_beside_the_writer_sees_what_is_committed_and_cannot_write(url: str, store: Store) -> None:
    with Store.open(url, writer=False) as reader:
        store.commit(Journal().group(entries=[entry(1)]))
        assert reader.head() == store.head()
        assert reader.entries_after(0) == [entry(1)]
        assert isinstance(reader.verify(), Verified)
        with pytest.raises(StoreFailed, match="opened to read only"):
            reader.commit(Journal().group())


def test_readers_in_threads_never_see_half_a_group(store: Store) -> None:
    journal, wrong, stop = Journal(), [], threading.Event()

    def read() -> None:
        while not stop.is_set():
            rows = len(store.entries_after(0, 1000))
            if rows % 5:
                wrong.append(rows)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(60):
        store.commit(journal.group(entries=[entry(number * 5 + n) for n in range(1, 6)]))
    stop.set()
    for reader in readers:
        reader.join()
    assert wrong == []


def test_the_newest_snapshot_is_given_and_three_are_kept(url: str, store: Store) -> None:
    journal = Journal()
    for number in range(1, 6):
        store.commit(journal.group(snapshot=(number, f"state {number}".encode())))
        assert store.snapshot() == (number, f"state {number}".encode())
    assert groups.count(url, "snapshots") == 3


def test_a_snapshot_that_does_not_read_back_is_passed_over(
    url: str, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    journal = Journal()
    store.commit(journal.group(snapshot=(1, b"older")))
    store.commit(journal.group(snapshot=(2, b"newer")))
    groups.execute(url, "UPDATE snapshots SET body = 'NEWER' WHERE \"index\" = 2")
    assert store.snapshot() == (1, b"older")
    assert "snapshot 2 is passed over: it does not read back as it was written" in caplog.text


def test_a_snapshot_from_beyond_the_journal_is_passed_over(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    journal = Journal()
    store.commit(journal.group(snapshot=(1, b"state")))
    store.commit(Group(snapshot=(7, b"from where?")))
    assert store.snapshot() == (1, b"state")
    assert "snapshot 7 is passed over: the journal ends at 1" in caplog.text


def test_documents_are_kept_once_by_their_hash(store: Store) -> None:
    store.commit(Group(documents=[("abc", "rules", b"{}"), ("abc", "rules", b"{}")]))
    assert store.document("abc") == b"{}"
    with pytest.raises(LookupError, match="no document has the hash xyz"):
        store.document("xyz")


def test_the_first_answer_to_a_key_stays_until_it_expires(store: Store) -> None:
    store.commit(Group(answers=[("k", b"first", AT)]))
    store.commit(Group(answers=[("k", b"second", AT + 5), ("l", b"other", AT + 5)]))
    assert store.answer("k") == b"first"
    store.answers_expire(AT + 5)
    assert store.answer("k") is None
    assert store.answer("l") == b"other"


def test_effects_are_due_in_the_order_they_were_put_until_they_are_dropped(store: Store) -> None:
    ids = ["CMD-999998", "CMD-999999", "CMD-1000000"]
    store.commit(Journal().group(outbox_put=[command(id_) for id_ in ids]))
    assert [due.effect for due in store.outbox_due(AT, 10)] == [command(id_) for id_ in ids]
    assert [due.effect.id for due in store.outbox_due(AT, 2)] == ids[:2]
    assert store.outbox_next(AT) == AT
    store.commit(Group(outbox_drop=ids[:1]))
    assert [due.effect.id for due in store.outbox_due(AT, 10)] == ids[1:]


def test_an_effect_to_be_tried_again_is_not_due_before(store: Store) -> None:
    store.commit(Journal().group(outbox_put=[command("CMD-000001"), command("CMD-000002")]))
    store.outbox_retry("CMD-000001", attempts=3, next_try_at=AT + 500)
    store.outbox_retry("CMD-000002", attempts=1, next_try_at=AT + 900)
    assert store.outbox_due(AT + 499, 10) == []
    assert store.outbox_next(AT) == AT + 500
    (due,) = store.outbox_due(AT + 500, 10)
    assert (due.effect.id, due.attempts, due.next_try_at) == ("CMD-000001", 3, AT + 500)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("tocsin.sqlite", "is not a database URL; expected sqlite:///FILE"),
        ("mysql://host/name", "'mysql' is not a database Tocsin knows"),
        ("sqlite://", "is kept in memory only"),
        ("sqlite:///:memory:", "is kept in memory only"),
        ("sqlite:////nowhere/at/all/tocsin.sqlite", "cannot be opened"),
    ],
)
def test_a_bad_url_is_named(bad: str, message: str) -> None:
    with pytest.raises(StoreFailed, match=message):
        Store.open(bad)


def test_a_file_that_is_not_there_is_not_made_unless_asked(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/none.sqlite"
    for options in ({"create": False}, {"writer": False}):
        with pytest.raises(StoreFailed, match=r"none\.sqlite does not exist"):
            Store.open(url, **options)
