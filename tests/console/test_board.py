"""One drawing for many pages: what differs is sent, once a change, and not faster than anybody reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from console.board import CHARACTERS_A_SECOND, REST_SECONDS_MAX, REST_SECONDS_MIN, SENT_AT_ONCE, Board
from console.client import Api
from console.live import Live
from console.pages import wall
from console.pages.wall import Look, wall_parts
from console.parts import NOTHING, Holder, Parts, difference, filled
from console.words import add
from tests.support.shown import incident, zone

add(wall.WORDS)


def cards(**pieces: str) -> Parts:
    return Parts("wall", {"cards": Holder(pieces)})


def test_what_has_not_changed_is_not_sent() -> None:
    assert difference(cards(a="1", b="2"), cards(a="1", b="2")) == {}
    assert difference(cards(a="1", b="2"), cards(a="1", b="3")) == {"holders": {"cards": {"pieces": {"b": "3"}}}}
    assert difference(NOTHING, NOTHING) == {}


def test_what_comes_goes_or_moves_is_sent_with_the_order() -> None:
    assert difference(cards(a="1", b="2"), cards(c="3", a="1"))["holders"] == {
        "cards": {"pieces": {"c": "3"}, "order": ["c", "a"]}
    }
    assert difference(cards(a="1", b="2"), cards(b="2", a="1"))["holders"]["cards"]["order"] == ["b", "a"]


def test_with_a_part_that_is_replaced_all_that_is_inside_of_it_goes() -> None:
    def building(frame: str, cell: str) -> Parts:
        cells = Holder({"z1": cell, "z2": "calm"}, inside="section-a")
        return Parts("", {"buildings": Holder({"section-a": frame}), "cells-a": cells})

    assert difference(building("f", "calm"), building("f", "fire"))["holders"].keys() == {"cells-a"}
    other = difference(building("f", "calm"), building("g", "calm"))["holders"]
    assert other["cells-a"]["pieces"] == {"z1": "calm", "z2": "calm"}


def test_a_page_begins_with_all_the_parts_in_their_places() -> None:
    parts = Parts("", {"outer": Holder({"a": '<b id="a" data-parts="inner"></b>'}), "inner": Holder({"x": "X"}, "a")})
    assert filled('<p data-parts="outer"></p>', parts) == '<p data-parts="outer"><b id="a" data-parts="inner">X</b></p>'


def test_one_more_alarm_among_five_hundred_zones_is_a_small_message() -> None:
    live = Live(Api("http://127.0.0.1:9"))
    live.zones = [zone(f"{floor}F", f"z{number}") for floor in range(1, 51) for number in range(10)]
    look, drawn = Look("en"), dict[str, Any]()
    before = wall_parts(live, look, drawn)
    there = live.zones[7]
    one = incident(1, zone=there["id"])
    live.incidents[one["id"]], there["open_incidents"] = one, [one["id"]]
    sent = difference(before, wall_parts(live, look, drawn))["holders"]
    cells = next(each for name, each in sent.items() if name.startswith("cells-"))
    assert set(cells["pieces"]) == {f"zone-{there['id']}", f"floor-{there['site']}-{there['building']}-1F"}
    assert len(json.dumps(sent)) < CHARACTERS_A_SECOND / 2


class Room:
    """A board before a clock that is set, and what waits for it."""

    def __init__(self) -> None:
        self.live = Live(Api("http://127.0.0.1:9"))
        self.now = 100.0
        self.waiting: list[tuple[float, Callable[[], None]]] = []
        self.text = "quiet"
        self.drawn = 0
        self.board = Board(self.live, self._draw, self._later, lambda: self.now)

    def _draw(self) -> Parts:
        self.drawn += 1
        return cards(a=self.text)

    def _later(self, seconds: float, work: Callable[[], None]) -> None:
        self.waiting.append((seconds, work))

    def change(self, text: str) -> None:
        self.text = text
        self.live.changed()

    def time_passes(self) -> None:
        (seconds, work) = self.waiting.pop()
        self.now += seconds
        work()

    def all_time_passes(self) -> None:
        """What waits is done in the order of its time."""
        begun = self.now
        due = [(begun + seconds, work) for seconds, work in self.waiting]
        self.waiting.clear()
        while due:
            at, work = due.pop(due.index(min(due, key=lambda each: each[0])))
            self.now = at
            work()
            due += [(at + seconds, later) for seconds, later in self.waiting]
            self.waiting.clear()


def said(script: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(script.removeprefix("tocsinPatch(").removesuffix(")"))
    return found


def test_twenty_pages_are_one_drawing() -> None:
    room, sent = Room(), list[str]()
    seats = [room.board.sit(sent.append) for _ in range(20)]
    drawn = room.drawn
    room.change("fire")
    assert room.drawn == drawn + 1
    assert len(sent) == SENT_AT_ONCE
    room.all_time_passes()
    assert len(sent) == 20
    assert set(sent) == {sent[0]}
    assert (said(sent[0])["from"], said(sent[0])["to"]) == (seats[0].number, seats[0].number + 1)


def test_each_of_many_pages_has_one_change_before_the_next_and_none_that_is_gone_is_sent_to() -> None:
    room, heard = Room(), [list[str]() for _ in range(11)]
    seats = [room.board.sit(each.append) for each in heard]
    room.change("x" * CHARACTERS_A_SECOND)
    seats[10].stop()
    room.change("y")
    room.all_time_passes()
    for each in heard[:10]:
        assert [said(script)["to"] - seats[0].number for script in each] == [1, 2]
    assert heard[10] == []


def test_when_it_is_quiet_a_change_is_sent_at_once_and_in_a_flood_a_few_times_a_second() -> None:
    room, sent = Room(), list[str]()
    room.board.sit(sent.append)
    room.change("one")
    assert len(sent) == 1
    for number in range(50):
        room.change(f"more {number}")
    assert (len(sent), len(room.waiting)) == (1, 1)
    assert room.waiting[0][0] == pytest.approx(REST_SECONDS_MIN)
    room.time_passes()
    assert said(sent[-1])["holders"]["cards"]["pieces"] == {"a": "more 49"}


@pytest.mark.parametrize(
    ("characters", "rests"),
    [(CHARACTERS_A_SECOND // 2, 0.5), (CHARACTERS_A_SECOND * 9, REST_SECONDS_MAX)],
)
def test_the_larger_a_change_was_the_longer_the_next_waits(characters: int, rests: float) -> None:
    room = Room()
    room.board.sit(lambda script: None)
    room.change("x" * characters)
    room.change("y")
    assert room.waiting[0][0] == pytest.approx(rests, rel=0.05)


def test_a_page_that_comes_later_begins_where_the_others_are() -> None:
    room, sent = Room(), list[str]()
    first = room.board.sit(sent.append)
    room.change("fire")
    seat = room.board.sit(sent.append)
    assert seat.parts == cards(a="fire")
    assert seat.number == first.number + 1


def test_a_choice_of_sites_that_nobody_looks_at_any_more_is_forgotten() -> None:
    live = Live(Api("http://127.0.0.1:9"))
    seats = [wall.board_of(live, Look("en", frozenset({name}))).sit(lambda script: None) for name in ("a", "b")]
    seats[0].stop()
    assert [look.sites for look in live.boards] == [frozenset({"b"})]


def test_where_nobody_looks_nothing_is_drawn() -> None:
    room = Room()
    room.board.sit(lambda script: None).stop()
    drawn = room.drawn
    room.change("fire")
    assert room.drawn == drawn
    assert not room.live.watched
