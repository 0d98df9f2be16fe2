"""Projections can be laid beside a rebuild, and replaced by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from gateway.store import Group, Store, StoreFailed
from rules.codec import encode
from tests.support import groups
from tests.support.groups import AT, Journal, command, entry, incident


def some_groups() -> Iterator[Group]:
    journal = Journal()
    yield journal.group(
        entries=[entry(1), entry(2, incident=None, number=0)],
        incidents={"INC-000002": incident("INC-000002"), "INC-000001": incident()},
        outbox_put=[command("CMD-000001"), command("CMD-000002")],
        detections_open=[("actual", "a-b", "x"), ("actual", "a", "x"), ("test", "a", "日")],
    )
    yield journal.group(
        entries=[entry(3)],
        incidents={"INC-000001": incident(updated_at=AT + 1)},
        outbox_drop=["CMD-000001"],
        detections_closed=[("test", "a", "日")],
    )


def test_projections_come_by_table_and_key_the_same_on_every_database(store: Store) -> None:
    for group in some_groups():
        store.commit(group)
    assert list(store.projections()) == [
        ("detections", "actual/a-b/x", b""),
        ("detections", "actual/a/x", b""),
        ("entries", "1", encode(entry(1))),
        ("entries", "2", encode(entry(2, incident=None, number=0))),
        ("entries", "3", encode(entry(3))),
        ("incidents", "INC-000001", encode(incident(updated_at=AT + 1))),
        ("incidents", "INC-000002", encode(incident("INC-000002"))),
        ("outbox", "CMD-000002", encode(command("CMD-000002"))),
    ]


def test_what_became_of_trying_is_no_difference(store: Store) -> None:
    for group in some_groups():
        store.commit(group)
    before = list(store.projections())
    store.outbox_retry("CMD-000002", attempts=4, next_try_at=AT + 99)
    assert list(store.projections()) == before


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ("UPDATE incidents SET severity = 1 WHERE id = 'INC-000002'", ("incidents", "INC-000002")),
        ("UPDATE incidents SET body = 'nonsense' WHERE id = 'INC-000001'", ("incidents", "INC-000001")),
        ("UPDATE outbox SET expires_at = 0", ("outbox", "CMD-000002")),
    ],
)
def test_a_column_that_contradicts_its_body_shows(url: str, store: Store, change: str, place: tuple[str, str]) -> None:
    for group in some_groups():
        store.commit(group)
    before = list(store.projections())
    groups.execute(url, change)
    differing = {old[:2] for old, new in zip(before, store.projections(), strict=True) if old != new}
    assert differing == {place}


def test_a_rebuild_replaces_what_was_tampered_with_and_leaves_the_rest(url: str, store: Store) -> None:
    for group in some_groups():
        store.commit(group)
    store.commit(Group(answers=[("k", b"{}", AT)]))
    before, head = list(store.projections()), store.head()
    groups.execute(url, "DELETE FROM detections", "UPDATE incidents SET body = '{}'", "DELETE FROM outbox")
    store.replace_projections(some_groups())
    assert list(store.projections()) == before
    assert store.head() == head
    assert store.answer("k") == b"{}"


def test_entries_are_guarded_again_after_a_rebuild(url: str, store: Store) -> None:
    store.replace_projections(some_groups())
    with pytest.raises(Exception, match="entries is append-only"):
        groups.execute(url, "DELETE FROM entries")


def test_a_rebuild_that_fails_leaves_the_old_projections(url: str, store: Store) -> None:
    for group in some_groups():
        store.commit(group)
    before = list(store.projections())
    with pytest.raises(StoreFailed):
        store.replace_projections([*some_groups(), Group(entries=[entry(1)])])
    assert list(store.projections()) == before
    with pytest.raises(Exception, match="entries is append-only"):
        groups.execute(url, "DELETE FROM entries")


def test_many_rows_come_in_chunks_without_loss(new_url: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.store.projections.CHUNK_ROWS", 3)
    monkeypatch.setattr("gateway.store.reader.CHUNK_ROWS", 3)
    with Store.open(new_url()) as store:
        store.commit(Journal().group(rows=10, entries=[entry(position) for position in range(1, 11)]))
        assert [key for _, key, _ in store.projections()] == [str(position) for position in range(1, 11)]
        assert [row.index for row in store.journal()] == list(range(1, 11))
