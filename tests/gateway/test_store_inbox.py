"""What codecs have found, in either database."""

from __future__ import annotations

from gateway.codecs.port import Found
from gateway.foreign.inbox import Inbox, Item
from gateway.foreign.stored import put_into, stored_items
from gateway.store import Store
from tests.support.core import START


def test_what_was_found_comes_back_as_it_was_and_what_was_dropped_does_not(store: Store) -> None:
    inbox = Inbox([])
    for name in ("one", "two"):
        inbox.found("z2m", Found(name, title="烟感", memory=b"\0\xff"), START)
    inbox.said(("z2m", "one"), {"smoke": True, "t": 21.5, "word": "ON"}, START + 1)
    put_into(store, inbox, whole=True)
    inbox.gone(("z2m", "two"))
    inbox.ignore(("z2m", "one"), True)
    put_into(store, inbox, whole=False)
    (item,) = stored_items(store)
    assert item == Item(
        "z2m",
        Found("one", title="烟感", memory=b"\0\xff"),
        START,
        START + 1,
        {"smoke": True, "t": 21.5, "word": "ON"},
        said=1,
        ignored=True,
    )


def test_names_that_no_database_takes_are_written_all_the_same(store: Store) -> None:
    inbox = Inbox([])
    inbox.found("z2m", Found("a\0b"), START)
    put_into(store, inbox, whole=True)
    (item,) = stored_items(store)
    assert item.found.native_id == "a\0b"
    inbox.gone(("z2m", "a\0b"))
    put_into(store, inbox, whole=True)
    assert stored_items(store) == []


def test_a_row_that_cannot_be_read_costs_its_device_alone(store: Store) -> None:
    store.inbox_write([("z2m", "bad", START, b"{"), ("z2m", "old", START, b'{"codec":"z2m"}')], [])
    inbox = Inbox([])
    inbox.found("z2m", Found("good"), START)
    put_into(store, inbox, whole=True)
    assert [each.found.native_id for each in stored_items(store)] == ["good"]
