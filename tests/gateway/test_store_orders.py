"""Orders, corrective actions, handovers and shelves in the store, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.ports import ActionQuery, HandoverQuery, OrderQuery, Page, ShelfQuery
from gateway.store import Group, Store, StoreFailed
from gateway.store.migrate import upgrade, version_of
from rules.codec import encode
from rules.mode import Mode
from rules.order import Node, OrderKind, WorkOrder
from tests.support import groups
from tests.support.groups import AT, Journal, action, entry, handover, incident, order, shelf

orders = st.builds(
    lambda number, **changes: order(f"WO-{number:06d}", opened_at=AT + number // 2, **changes),
    st.integers(0, 7),
    site=st.sampled_from(["tower-a", "tower-b"]),
    zone=st.sampled_from(["tower-a/1F", "tower-b/1F"]),
    asset=st.sampled_from(["tower-a/lift-1", "tower-a/lift-2"]),
    kind=st.sampled_from(OrderKind),
    node=st.sampled_from(Node),
    mode=st.sampled_from(Mode),
    role=st.sampled_from(["engineer", "electrician"]),
    assignee=st.none() | st.sampled_from(["engineer on duty", "x" * 300, "a\0b"]),
    overdue=st.booleans(),
    due_at=st.none() | st.integers(AT, AT + 9),
)
order_queries = st.builds(
    OrderQuery,
    site=st.none() | st.sampled_from(["tower-a", "tower-c"]),
    zone=st.none() | st.just("tower-a/1F"),
    asset=st.none() | st.just("tower-a/lift-1"),
    kind=st.none() | st.sampled_from(OrderKind),
    node=st.none() | st.sampled_from(Node),
    mode=st.none() | st.sampled_from(Mode),
    role=st.none() | st.just("engineer"),
    assignee=st.none() | st.just("engineer on duty"),
    open=st.none() | st.booleans(),
    overdue=st.none() | st.booleans(),
    sites=st.none() | st.frozensets(st.sampled_from(["tower-a", "tower-b"])),
    limit=st.integers(1, 4),
)


def all_pages(ask: Callable[[Any], Page[Any]], query: Any) -> list[Any]:
    found: list[Any] = []
    while True:
        page = ask(query)
        assert len(page.items) <= query.limit
        found += page.items
        if page.next_cursor is None:
            return found
        fields = {name: getattr(query, name) for name in query.__struct_fields__}
        query = type(query)(**{**fields, "cursor": page.next_cursor})


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changed=st.lists(orders, max_size=6), query=order_queries)
def test_a_query_finds_the_orders_it_asks_for_over_all_its_pages(
    store: Store, changed: list[WorkOrder], query: OrderQuery
) -> None:
    for each in changed:  # what never changes of an order does not: a later one keeps it
        before = store.order(each.id)
        if before is not None:
            each.mode, each.asset, each.fault = before.mode, before.asset, before.fault
        store.commit(Group(orders={each.id: each}))
    there = [found for found in (store.order(f"WO-{number:06d}") for number in range(8)) if found is not None]
    fields = [name for name in query.__struct_fields__ if name not in ("cursor", "limit", "sites")]
    seen = [each for each in there if query.sites is None or each.site in query.sites]
    expected = [each for each in seen if all(getattr(query, f) in (None, getattr(each, f)) for f in fields)]
    found = all_pages(store.orders, query)
    assert found == sorted(expected, key=lambda each: (each.opened_at, each.id), reverse=True)


def test_actions_handovers_and_shelves_are_found_by_what_they_are_asked_for(store: Store) -> None:
    store.commit(
        Group(
            actions={
                "CA-000001": action(overdue=True),
                "CA-000002": action("CA-000002", owner="guard", rechecked_at=AT),
            },
            handovers={
                "HO-000001": handover(signed_by_outgoing_at=AT, signed_by_incoming_at=AT),
                "HO-000002": handover("HO-000002", filled_at=AT + 1),
                "HO-000003": handover("HO-000003", site="tower-b", filled_at=AT + 2),
            },
            shelves={
                "SH-000001": shelf(device="tower-a/sd-1"),
                "SH-000002": shelf("SH-000002", zone="tower-b/1F", since=AT + 1),
                "SH-000003": shelf("SH-000003", rule="smoke-high", since=AT + 2),
                "SH-000004": shelf("SH-000004", device="tower-a/sd-1", since=AT + 3, ended_at=AT + 4),
            },
        )
    )

    def ids(page: Page[Any]) -> list[str]:
        return [each.id for each in page.items]

    assert ids(store.actions(ActionQuery(open=True))) == ["CA-000001"]
    assert ids(store.actions(ActionQuery(owner="guard"))) == ["CA-000002"]
    assert ids(store.actions(ActionQuery(overdue=True, incident="INC-000001"))) == ["CA-000001"]
    assert ids(store.handovers(HandoverQuery(site="tower-a"))) == ["HO-000002", "HO-000001"]
    assert ids(store.handovers(HandoverQuery(done=True))) == ["HO-000001"]
    assert ids(store.shelves(ShelfQuery(site="tower-a", open=True))) == ["SH-000003", "SH-000001"]
    assert ids(store.shelves(ShelfQuery(site="tower-b"))) == ["SH-000003", "SH-000002"]
    assert ids(store.shelves(ShelfQuery(open=False))) == ["SH-000004"]
    assert ids(store.shelves(ShelfQuery(device="tower-a/sd-1"))) == ["SH-000004", "SH-000001"]
    assert [len(all_pages(store.handovers, HandoverQuery(limit=1))), len(all_pages(store.shelves, ShelfQuery(limit=3)))]


def test_what_is_not_there_is_none(store: Store) -> None:
    assert (store.order("WO-000001"), store.action("CA-000001")) == (None, None)
    assert (store.handover("HO-000001"), store.shelf("SH-000001")) == (None, None)


def test_the_last_state_of_each_reads_back_with_every_field(store: Store) -> None:
    changed = order(node=Node.ACCEPTED, assignee="engineer on duty", repeats=2, due_at=AT + 9)
    store.commit(Group(orders={"WO-000001": order()}))
    store.commit(Group(orders={"WO-000001": changed}))
    store.commit(Group(actions={"CA-000001": action(done_at=AT, done_by="engineering lead")}))
    store.commit(Group(handovers={"HO-000001": handover(notes=["day shift: the pump hums"])}))
    assert store.order("WO-000001") == changed
    assert store.action("CA-000001") == action(done_at=AT, done_by="engineering lead")
    assert store.handover("HO-000001") == handover(notes=["day shift: the pump hums"])


def test_a_second_open_order_of_an_asset_and_fault_is_refused_by_the_database(store: Store) -> None:
    store.commit(Journal().group(orders={"WO-000001": order(fault="f")}))
    with pytest.raises(StoreFailed):
        store.commit(Group(orders={"WO-000002": order("WO-000002", fault="f")}))
    assert store.order("WO-000002") is None


def test_when_the_first_has_ended_another_may_open_in_the_same_commit(store: Store) -> None:
    store.commit(Group(orders={"WO-000001": order(fault="f")}))
    ended = order(fault="f", node=Node.VERIFIED)
    store.commit(Group(orders={"WO-000001": ended, "WO-000002": order("WO-000002", fault="f")}))
    assert [each.id for each in store.orders(OrderQuery(open=True)).items] == ["WO-000002"]


def test_they_are_projections_that_a_rebuild_replaces_and_compares(url: str, store: Store) -> None:
    group = Journal().group(
        orders={"WO-000001": order()},
        actions={"CA-000001": action()},
        handovers={"HO-000001": handover()},
        shelves={"SH-000001": shelf()},
    )
    store.commit(group)
    expected = [
        ("actions", "CA-000001", encode(action())),
        ("handovers", "HO-000001", encode(handover())),
        ("orders", "WO-000001", encode(order())),
        ("shelves", "SH-000001", encode(shelf())),
    ]
    assert list(store.projections()) == expected
    groups.execute(url, "UPDATE orders SET node = 'verified'", "DELETE FROM handovers", "UPDATE shelves SET until = 0")
    tampered = {row[:2]: row[2] for row in store.projections()}
    assert tampered["orders", "WO-000001"].startswith(b"column node is 'verified': ")
    assert tampered["shelves", "SH-000001"].startswith(b"column until is 0: ")
    store.replace_projections([group])
    assert list(store.projections()) == expected


def test_a_database_of_the_first_schema_is_brought_forward_with_what_it_holds(
    url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from sqlalchemy import NullPool, create_engine

    from gateway.store import writer

    def only_the_first(engine: Any) -> None:
        with engine.begin() as connection:
            upgrade(connection, "0001")

    journal = Journal()
    first = journal.group(entries=[entry(1)], incidents={"INC-000001": incident()})
    with monkeypatch.context() as patched:
        patched.setattr(writer.migrate, "bring_to_head", only_the_first)
        with Store.open(url) as store:
            store.commit(first)
    engine = create_engine(url, poolclass=NullPool)
    assert version_of(engine) == "0001"
    with Store.open(url) as store:
        assert store.head()[0] == 1
        assert store.entries_of("INC-000001") == [entry(1)]
        assert store.incident("INC-000001") == incident()
        assert store.orders(OrderQuery()).items == []
        store.commit(journal.group(orders={"WO-000001": order()}))
        assert store.order("WO-000001") == order()
    assert version_of(engine) == "0011"
