"""Incidents, timelines and dead letters as the API asks for them."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.ports import DeadLetter, IncidentQuery
from gateway.store import Group, Store
from gateway.store.queries import PAGE_ITEMS_MAX
from rules.incident import Incident, Phase
from rules.level import Level
from rules.mode import Mode
from rules.signal import Signal
from tests.support import groups
from tests.support.groups import AT, entry, incident

queries = st.builds(
    IncidentQuery,
    site=st.none() | st.sampled_from(["tower-a", "tower-c"]),
    zone=st.none() | st.sampled_from(["tower-a/1F", "tower-a/2F", "tower-b/1F"]),
    level=st.none() | st.sampled_from(Level),
    phase=st.none() | st.sampled_from(Phase),
    signal=st.none() | st.sampled_from(Signal),
    mode=st.none() | st.sampled_from(Mode),
    hazard=st.none() | st.sampled_from(["fire", "water"]),
    open=st.none() | st.booleans(),
    since=st.none() | st.integers(AT, AT + 5),
    until=st.none() | st.integers(AT, AT + 5),
    limit=st.integers(1, 4),
)


def matches(query: IncidentQuery, each: Incident) -> bool:
    fields = ("site", "zone", "level", "phase", "signal", "mode", "hazard", "open")
    return (
        all(getattr(query, field) in (None, getattr(each, field)) for field in fields)
        and (query.since is None or each.opened_at >= query.since)
        and (query.until is None or each.opened_at < query.until)
    )


def all_pages(store: Store, query: IncidentQuery) -> list[Incident]:
    found: list[Incident] = []
    while True:
        page = store.incidents(query)
        assert len(page.items) <= query.limit
        found += page.items
        if page.next_cursor is None:
            return found
        assert len(page.items) == query.limit
        query = IncidentQuery(**{**{f: getattr(query, f) for f in query.__struct_fields__}, "cursor": page.next_cursor})


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changed=st.lists(groups.incidents, max_size=6), query=queries)
def test_a_query_finds_what_it_asks_for_newest_first_over_all_its_pages(
    store: Store, changed: list[Incident], query: IncidentQuery
) -> None:
    store.commit(Group(incidents={each.id: each for each in changed}))
    ids = {f"INC-{number:06d}" for number in range(8)}
    there = [found for found in map(store.incident, ids) if found is not None]
    expected = [each for each in there if matches(query, each)]
    assert all_pages(store, query) == sorted(expected, key=lambda each: (each.opened_at, each.id), reverse=True)


def test_what_an_incident_is_filtered_by_changes_with_it(store: Store) -> None:
    store.commit(Group(incidents={"INC-000001": incident(level=Level.III)}))
    store.commit(Group(incidents={"INC-000001": incident(level=Level.I, phase=Phase.CLOSED, signal=Signal.TROUBLE)}))
    assert store.incidents(IncidentQuery(open=True)).items == []
    assert store.incidents(IncidentQuery(level=Level.III)).items == []
    (found,) = store.incidents(IncidentQuery(level=Level.I, phase=Phase.CLOSED, signal=Signal.TROUBLE)).items
    assert found.level is Level.I


@pytest.mark.parametrize("cursor", ["", "x", "12", "12/a/b/c", "a/b", "1.5/INC-000001"])
def test_a_cursor_nobody_gave_is_refused(store: Store, cursor: str) -> None:
    with pytest.raises(ValueError, match="is not a cursor; expected the next_cursor of an earlier page"):
        store.incidents(IncidentQuery(cursor=cursor))
    with pytest.raises(ValueError, match="is not a cursor"):
        store.dead_letters(f"{cursor}/c")


def test_a_page_is_never_longer_than_the_longest(store: Store) -> None:
    store.commit(Group(entries=[entry(position) for position in range(1, PAGE_ITEMS_MAX + 2)]))
    assert len(store.entries_after(0, limit=10**9)) == PAGE_ITEMS_MAX
    assert len(store.entries_after(0, limit=0)) == 1


def test_entries_come_in_order_by_incident_by_device_and_altogether(store: Store) -> None:
    mine = [entry(1, number=1, device="tower-a/sd-1"), entry(3, number=2), entry(4, number=3, device="tower-a/sd-1")]
    other = [entry(2, incident="INC-000002", number=1, device="tower-a/sd-2"), entry(5, incident=None, number=0)]
    store.commit(Group(entries=sorted(mine + other, key=lambda each: each.position)))
    assert store.entries_of("INC-000001") == mine
    assert store.entries_of("INC-000001", after=1, limit=1) == mine[1:2]
    assert store.entries_of("INC-000009") == []
    assert store.entries_of_device("tower-a/sd-1") == [mine[0], mine[2]]
    assert store.entries_of_device("tower-a/sd-1", after=1) == [mine[2]]
    assert [each.position for each in store.entries_after(3)] == [4, 5]


# ---- dead letters


def letter(topic: str, reason: str = "bad json", count: int = 1, at: int = AT, text: str = "{") -> DeadLetter:
    return DeadLetter(topic, reason, f"detail of {text}", text, count, at, at)


def test_dead_letters_are_counted_by_topic_and_reason_and_keep_the_latest_payload(store: Store) -> None:
    store.dead_letters_add([])
    store.dead_letters_add([letter("a", count=2), letter("b"), letter("a", "unknown device")])
    store.dead_letters_add([letter("a", count=3, at=AT + 7, text="later")])
    page = store.dead_letters()
    assert page.next_cursor is None
    assert page.items == [
        DeadLetter("a", "bad json", "detail of later", "later", 5, AT, AT + 7),
        letter("a", "unknown device"),
        letter("b"),
    ]


def test_dead_letters_are_given_in_pages_the_latest_first(store: Store) -> None:
    store.dead_letters_add([letter(f"site/{number}%2F/x", at=AT + number // 2) for number in range(7)])
    found, cursor = [], None
    while True:
        page = store.dead_letters(cursor, limit=2)
        found += [(each.last_at, each.topic) for each in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(found) == 7
    assert found == sorted(found, key=lambda each: (-each[0], each[1]))


def test_topics_beyond_the_limit_are_counted_together_by_reason(url: str) -> None:
    with Store.open(url, dead_letter_rows_max=3) as store:
        store.dead_letters_add([letter(f"topic/{number}") for number in range(2)])
        store.dead_letters_add([letter(f"topic/{number}", count=2) for number in range(6)])
        store.dead_letters_add([letter(f"topic/{number}", "unknown device") for number in range(50)])
        store.dead_letters_add([letter("topic/1"), letter("topic/5")])
        counts = {(each.topic, each.reason): each.count for each in store.dead_letters().items}
    assert counts == {
        ("topic/0", "bad json"): 3,
        ("topic/1", "bad json"): 4,
        ("topic/2", "bad json"): 2,
        ("(other)", "bad json"): 7,
        ("(other)", "unknown device"): 50,
    }


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(), st.text(), st.text())
def test_a_dead_letter_may_say_anything(store: Store, topic: str, reason: str, text: str) -> None:
    store.dead_letters_add([DeadLetter(topic, reason, text, text * 1000, 1, AT, AT)])
    assert all(len(each.first_bytes) <= 8_192 for each in store.dead_letters().items)
