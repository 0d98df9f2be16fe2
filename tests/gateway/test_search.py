"""Incidents are found by words: in Chinese and English, in what they are and in what was said, on either database."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.ports import BadCursor, IncidentQuery
from gateway.front_search import FILE, FrontSearch
from gateway.news import News
from gateway.search import follow
from gateway.search.follow import Follower
from gateway.search.index import Index
from gateway.search.words import expression, words_of
from gateway.store import Group, Store, StoreFailed
from rules.level import Level
from rules.site import Title
from rules.timeline import Kind
from tests.support.groups import AT, entry, incident

TITLES = {"tower-a/12F-east": {"en": "12F east", "zh": "12层东区"}, "tower-a/sd-1203": {"zh": "感烟探测器3号"}}
FIRE = incident("INC-000001", title={"en": "Smoke above the threshold", "zh": "烟雾浓度超过报警阈值"})
LEAK = incident(
    "INC-000002", zone="tower-a/B1-plant", first_out="tower-a/ws-b101", opened_at=AT + 1, cause="空调冷凝水管堵塞",
    title={"en": "Water on the floor", "zh": "地面漏水"}, level=Level.III,
)  # fmt: skip


class Searched(FrontSearch):
    """Over a store, with an index in a folder."""

    def __init__(self, store: Store, folder: Path) -> None:
        running: Any = SimpleNamespace(
            news=News(), core=SimpleNamespace(store=store), settings=SimpleNamespace(data=folder)
        )
        super().__init__(running)
        self.store = store

    def titles(self) -> dict[str, Title]:
        return TITLES

    def follow(self) -> None:
        follower = Follower(self._index)
        while follower.step(self.store, TITLES):
            pass

    async def ids(self, text: str, **filters: Any) -> list[str]:
        return [each.id for each in (await self.incidents(IncidentQuery(text=text, **filters))).items]


@pytest.fixture
def searched(store: Store, tmp_path: Path) -> Searched:
    made = Searched(store, tmp_path / "search")
    notes = [
        entry(1, kind=Kind.OPENED),
        entry(2, incident="INC-000002", number=1, kind=Kind.OPENED),
        entry(3, number=2, kind=Kind.NOTED, by="patrol", facts={"text": "A burning sofa; 沙发起火"}),
        entry(4, number=3, kind=Kind.DETECTED, facts={"text": "unspoken"}),
    ]
    store.commit(Group(entries=notes, incidents={each.id: each for each in (FIRE, LEAK)}))
    made.follow()
    return made


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("烟雾", [1]),  # two characters: the usual length of a word
        ("漏水", [2]),
        ("水", [2]),  # one, at the end of a run and within one
        ("冷凝水管", [2]),
        ("探测器3号", [1]),  # a number between ideographs
        ("器3", [1]),
        ("探测3号", []),
        ("水冷", []),  # both are there, but not together
        ("感烟 12层", [1]),  # of the device, and of the zone
        ("smoke", [1]),
        ("SMO", [1]),  # the beginning of a word, in capitals
        ("moke", []),
        ("sofa", [1]),  # what a person said
        ("沙发 smoke", [1]),  # said, and known
        ("unspoken", []),  # what no person said
        ("sd-1203", [1]),
        ("INC-000002", [2]),
        ("tower", [2, 1]),  # newest first
        ("smoke water", []),
        ('"OR NEAR( * : ^', []),  # nothing of it is an operator
    ],
)
async def test_words_find_what_has_all_of_them(searched: Searched, text: str, expected: list[int]) -> None:
    assert [int(id[-1]) for id in await searched.ids(text)] == expected


async def test_filters_hold_beside_the_words(searched: Searched) -> None:
    assert await searched.ids("tower", level=Level.III) == ["INC-000002"]
    assert await searched.ids("tower", until=AT + 1) == ["INC-000001"]
    assert await searched.ids("tower", sites=frozenset({"tower-b"})) == []


async def test_what_is_said_later_is_found_and_what_was_said_before_still_is(searched: Searched) -> None:
    later = incident("INC-000001", cause="cigarette", revision=9)
    note = entry(5, number=4, kind=Kind.NOTED, by="engineer", facts={"text": "aired"})
    searched.store.commit(Group(entries=[note], incidents={"INC-000001": later}))
    searched.follow()
    for text in ("cigarette", "aired", "sofa"):
        assert await searched.ids(text) == ["INC-000001"]
    assert await searched.ids("threshold smoke") == []  # its title is another one by now


async def test_card_numbers_are_not_found_by_those_who_may_not_see_them(searched: Searched) -> None:
    note = entry(5, number=4, kind=Kind.NOTED, by="engineer", facts={"text": "badge read", "badge": "4711"})
    searched.store.commit(Group(entries=[note]))
    searched.follow()
    assert await searched.ids("4711") == []
    assert await searched.ids("badge read") == ["INC-000001"]


async def test_pages_follow_each_other_without_a_gap_or_a_repetition(searched: Searched) -> None:
    many = {f"INC-{number:06d}": incident(f"INC-{number:06d}", opened_at=AT + number) for number in range(3, 30)}
    searched.store.commit(
        Group(entries=[entry(number + 2, incident=id) for number, id in enumerate(many, start=3)], incidents=many)
    )
    searched.follow()
    seen: list[str] = []
    cursor = None
    while True:
        page = await searched.incidents(IncidentQuery(text="tower", limit=4, cursor=cursor))
        seen += [each.id for each in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [f"INC-{number:06d}" for number in range(29, 0, -1)]


@pytest.mark.parametrize("cursor", ["x", "-1", "9" * 19, "²"])
async def test_a_cursor_that_is_none_is_refused(searched: Searched, cursor: str) -> None:
    with pytest.raises(BadCursor):
        await searched.incidents(IncidentQuery(text="tower", cursor=cursor))


async def test_before_there_is_an_index_nothing_is_found(store: Store, tmp_path: Path) -> None:
    assert await Searched(store, tmp_path / "none").ids("smoke") == []


async def test_an_index_of_another_store_or_that_cannot_be_read_is_made_anew(
    searched: Searched, new_url: Callable[[], str], tmp_path: Path
) -> None:
    with Store.open(new_url()) as restored:
        gas = incident("INC-000001", title={"en": "Gas"})
        entries = [entry(number, kind=Kind.OPENED, at=AT + 77) for number in range(1, 9)]
        restored.commit(Group(entries=entries, incidents={gas.id: gas}))
        other = Searched(restored, tmp_path / "search")
        other.follow()
        assert (await other.ids("gas"), await other.ids("sofa")) == (["INC-000001"], [])
        (tmp_path / "search" / FILE).write_bytes(b"no database at all" * 100)
        other.follow()
        assert await other.ids("gas") == ["INC-000001"]


async def test_an_index_that_stopped_halfway_goes_on_where_it_was(store: Store, tmp_path: Path) -> None:
    entries = [
        entry(number, number=number, kind=Kind.NOTED, by="a", facts={"text": f"word{number}"})
        for number in range(1, 2 * follow.STEP_ENTRIES)
    ]
    store.commit(Group(entries=entries, incidents={"INC-000001": incident()}))
    searched = Searched(store, tmp_path / "search")
    assert Follower(searched._index).step(store, TITLES)
    assert await searched.ids(f"word{follow.STEP_ENTRIES + 1}") == []
    searched.follow()
    assert await searched.ids(f"word{follow.STEP_ENTRIES + 1} word1") == ["INC-000001"]
    assert Index(tmp_path / "search" / FILE).open().position == 2 * follow.STEP_ENTRIES - 1


def test_who_searches_while_the_index_is_made_anew_never_meets_half_of_it(tmp_path: Path) -> None:
    index, over = Index(tmp_path / FILE), threading.Event()
    faults: list[StoreFailed] = []

    def search() -> None:
        while not over.is_set():
            try:
                assert index.matching('"smoke" *', 10, 10) == []
            except StoreFailed as error:
                faults.append(error)

    searching = threading.Thread(target=search)
    searching.start()
    for _ in range(100):
        index.forget()
    over.set()
    searching.join()
    assert faults == []


@given(st.text(max_size=40), st.text(max_size=40))
@example("㉮㐀0", "")
def test_every_part_of_a_text_is_an_expression_that_fts_understands(text: str, other: str) -> None:
    with sqlite3.connect(":memory:") as connection:
        connection.execute("CREATE VIRTUAL TABLE words USING fts5(known, tokenize = 'ascii')")
        connection.execute("INSERT INTO words VALUES (?)", (words_of([text, other]),))
        try:
            asked = expression(text)
        except ValueError:
            assert not words_of([text])
            return
        assert connection.execute("SELECT count(*) FROM words WHERE words MATCH ?", (asked,)).fetchone() == (1,)
    connection.close()


def test_nothing_stands_in_the_place_of_an_index_before_the_whole_of_it(tmp_path: Path) -> None:
    seen: list[bool] = []

    class Observed(Index):
        def forget(self) -> None:
            seen.append((tmp_path / FILE).exists())
            super().forget()

    index = Observed(tmp_path / FILE)
    index.open()
    assert seen == [False]
    assert index.matching("smell", before=10, limit=1) == []
