"""The forwarder on virtual time: what reaches a server that fails in every way, and what is said of what does not."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gateway.forward.counts import Counts, plus
from gateway.forward.durable import Durable
from gateway.forward.forwarder import Forwarder
from gateway.forward.server import Away, Conflict, Denied, Partly, Refused
from gateway.forward.stored import StoredRows
from gateway.telemetry import Telemetry
from gateway.telemetry.hours import file_of, hour_of
from rules.instant import HOUR_MS, SECOND_MS
from tests.support.forwarding import HERE, START, THERE, Killed, World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Callable[..., World]]:
    made: list[World] = []

    def make(**settings: Any) -> World:
        made.append(World(tmp_path, **settings))
        return made[-1]

    yield make
    for each in made:
        each.telemetry.close()
        each.durable.close()


def test_what_is_stored_is_sent_in_batches_and_once(world: Callable[..., World]) -> None:
    it = world()
    it.say(10)
    it.run()
    assert it.values() == [float(n) for n in range(1, 11)]
    assert [body.count(b"\n") + 1 for body in it.server.bodies] == [4, 4, 2]
    assert it.turn() == it.settings.interval_seconds
    assert (it.counts.rows, it.counts.points, it.counts.batches, it.counts.fault) == (10, 10, 3, "")
    assert len(it.server.bodies) == 3


def test_a_batch_is_bounded_in_bytes_but_one_point_always_goes(world: Callable[..., World]) -> None:
    it = world(batch_rows=100, batch_bytes=1_024)
    it.say(12, values={"text": "x" * 300})
    it.say(1, values={"text": "y" * 5_000})
    it.run()
    assert [len(body) <= 1_024 for body in it.server.bodies] == [True] * 6 + [False]


def test_two_readings_of_a_device_in_one_millisecond_are_two_points(world: Callable[..., World]) -> None:
    it = world()
    it.say(3)
    it.run()
    assert it.values() == [1.0, 2.0, 3.0]
    assert sorted(int(time) - START * 1_000_000 for _, time in it.server.points) == [0, 1, 2]


def test_what_is_measured_in_one_instant_and_received_in_different_hours_are_different_points(
    world: Callable[..., World],
) -> None:
    it = world()
    for _ in range(3):
        it.say(2, at=START)
        it.now += HOUR_MS
    it.run()
    assert len(it.server.points) == 6


def test_after_an_outage_it_catches_up_and_meanwhile_says_how_far_it_is_behind(world: Callable[..., World]) -> None:
    it = world()
    it.server.answers = [Away("gone")] * 5
    it.say(9)
    waits = []
    for _ in range(5):
        waits.append(it.turn())
        it.now += round(waits[-1] * SECOND_MS)
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0]
    assert (it.counts.lag_rows, it.counts.up, it.counts.failures) == (9, False, {"away": 5})
    assert it.counts.lag_ms == 7_500  # at the last look
    it.run()
    assert it.values() == [float(n) for n in range(1, 10)]
    assert (it.counts.lag_rows, it.counts.lag_ms, it.counts.up) == (0, 0, True)


def test_a_server_that_asks_to_wait_longer_is_left_alone_for_so_long(world: Callable[..., World]) -> None:
    it = world()
    it.server.answers = [Away("busy", 42.0)]
    it.say()
    assert it.turn() == 42.0


def test_a_lag_beyond_the_limit_is_told_until_nearly_all_is_caught_up(world: Callable[..., World]) -> None:
    it = world(lag_seconds_max=100, retry_seconds_max=50)
    it.server.answers = [Away("connection refused")] * 12
    it.say(20)
    faults = []
    while it.server.answers:
        it.now += round(it.turn() * SECOND_MS)
        faults.append(it.counts.fault)
    assert faults[0] == ""
    assert faults[-1].endswith("s behind, 20 rows wait: connection refused")
    it.turn()
    assert it.counts.fault  # it goes on, but is still far behind
    it.run()
    assert it.counts.fault == ""


def test_a_denial_is_told_at_once_and_tried_slowly_until_it_is_over(world: Callable[..., World]) -> None:
    it = world()
    it.server.answers = [Denied("it does not accept the token (401)"), Denied("it does not accept the token (401)")]
    it.say()
    assert it.turn() == 30.0
    assert it.counts.fault == "InfluxDB at http://influx.test: it does not accept the token (401)"
    it.run()
    assert (it.counts.fault, it.counts.failures, it.values()) == ("", {"denied": 2}, [1.0])


def test_one_line_that_is_not_understood_is_found_told_once_and_left_behind(world: Callable[..., World]) -> None:
    it = world(batch_rows=100)
    it.server.wrong = lambda line: Refused("not understood", "400: unable to parse") if "=13.0" in line else None
    it.say(40)
    it.run()
    assert it.values() == [float(n) for n in range(1, 41) if n != 13]
    assert it.counts.lost == {"not understood": 1}
    assert [(each.reason, each.count) for each in it.lost] == [("not understood", 1)]
    assert b"power_w=13.0" in it.lost[0].example
    assert (it.counts.rows, it.counts.points) == (40, 39)


def test_what_the_server_drops_is_counted_told_once_per_reason_and_not_sent_again(world: Callable[..., World]) -> None:
    it = world()
    it.server.wrong = lambda line: Partly(1, "beyond retention", "400: points beyond retention policy dropped=1")
    it.say(12)
    it.run()
    assert it.counts.lost == {"beyond retention": 12}
    assert len(it.lost) == 1
    assert (len(it.server.bodies), it.counts.points) == (3, 0)


def test_a_field_of_another_type_there_is_learnt_and_nothing_is_lost(world: Callable[..., World]) -> None:
    it = world()
    conflict = Conflict("tocsin_readings", "power_w", "string")
    it.server.wrong = lambda line: Partly(1, "type conflict", "…", conflict) if " power_w=" in line else None
    it.say(6)
    it.run()
    assert it.values() == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert {fields.partition("=")[0] for fields in it.server.points.values()} == {"power_w:number"}
    assert it.counts.lost == {}
    it.durable.close()
    it.start()  # it is remembered
    it.say(2)
    bodies = len(it.server.bodies)
    it.run()
    assert len(it.server.bodies) == bodies + 1


def test_a_conflict_that_no_other_name_solves_ends(world: Callable[..., World]) -> None:
    it = world()
    conflict = Conflict("tocsin_readings", "power_w", "float")
    it.server.wrong = lambda line: Partly(1, "type conflict", "…", conflict)
    it.say(3)
    it.run()
    assert it.counts.lost == {"type conflict": 3}


@pytest.mark.parametrize("taken", [False, True])
def test_killed_while_sending_it_sends_the_same_again_even_if_devices_stand_elsewhere_by_then(
    world: Callable[..., World], taken: bool
) -> None:
    it = world()
    it.say(6)
    it.server.kill_after_taking, it.server.answers = taken, [] if taken else [Killed]
    it.killed()
    it.server.kill_after_taking = False
    it.start(THERE)
    it.say(3)
    it.run()
    assert it.values() == [float(n) for n in range(1, 10)]  # no point twice under two places
    assert ["2F" in series for series, _ in sorted(it.server.points, key=lambda key: key[1])] == [False] * 4 + [
        True
    ] * 5


def test_excluded_modes_are_passed_over(world: Callable[..., World]) -> None:
    it = world(modes=["actual"])
    it.say(3, mode="exercise")
    it.say(2)
    it.run()
    assert (it.values(), it.counts.rows, it.counts.points) == ([4.0, 5.0], 5, 2)


def test_what_expired_before_it_was_sent_is_counted_and_told_even_after_a_restart(
    world: Callable[..., World], caplog: pytest.LogCaptureFixture
) -> None:
    it = world(retry_seconds_max=15)
    it.say(10)
    it.server.answers = [Away("gone")] * 30
    for _ in range(20):
        it.now += round(it.turn() * SECOND_MS)
    it.durable.close()
    it.now += 3 * HOUR_MS
    it.say(2)
    it.telemetry.commit()
    it.telemetry.rows.append((1, it.now + HOUR_MS, 99, 0, it.now + HOUR_MS, None, b'{"power_w": 99.0}'))
    it.telemetry.commit()  # the first file is not the writer's any more
    it.telemetry.rows.append((1, it.now + 2 * HOUR_MS, 100, 0, it.now + 2 * HOUR_MS, None, b'{"power_w": 100.0}'))
    it.telemetry.commit()
    assert it.telemetry.expire(it.now + 2 * HOUR_MS, 4 * HOUR_MS, 10**9)
    it.start()
    it.server.answers.clear()
    it.run()
    assert it.counts.lost == {"expired here": 10}
    assert "10 rows of it were never forwarded" in caplog.text
    assert it.values() == [11.0, 12.0, 99.0, 100.0]


def test_a_file_that_lost_its_end_in_a_power_cut_is_sent_from_its_beginning(world: Callable[..., World]) -> None:
    it = world()
    it.say(6)
    it.run()
    it.durable.close()
    path = file_of(it.folder / "telemetry", hour_of(START))
    with sqlite3.connect(path) as connection:  # rows 4 to 6 never reached the disk, and others came in their place
        connection.execute("DELETE FROM rows WHERE row > 3")
    connection.close()
    it.seq = 50
    it.say(5)
    it.start()
    it.run()
    assert set(it.values()) >= {1.0, 2.0, 3.0, 51.0, 52.0, 53.0, 54.0, 55.0}


def test_a_file_that_cannot_be_read_costs_its_own_hour_and_is_told(world: Callable[..., World]) -> None:
    it = world()
    it.server.answers = [Away("gone")]
    it.say(5)
    it.turn()
    it.telemetry.close()
    path = file_of(it.folder / "telemetry", hour_of(START))
    path.write_bytes(b"this is no database" * 100)
    it.now += HOUR_MS
    it.telemetry = Telemetry(it.folder / "telemetry")
    it.say(2)
    it.run()
    assert it.counts.lost == {"unreadable here": 5}
    assert it.values() == [6.0, 7.0]


def test_a_file_that_is_just_being_made_is_not_broken(world: Callable[..., World]) -> None:
    it = world()
    sqlite3.connect(file_of(it.folder / "telemetry", hour_of(START))).close()
    it.turn()
    it.say(2)
    it.run()
    assert (it.counts.lost, it.values()) == ({}, [1.0, 2.0])


def test_another_target_gets_everything_that_is_stored(world: Callable[..., World]) -> None:
    it = world()
    it.say(5)
    it.run()
    it.durable.close()
    it.server.points.clear()
    it.start(target="another")
    assert it.durable.began_anew
    it.run()
    assert it.values() == [1.0, 2.0, 3.0, 4.0, 5.0]


def test_before_it_is_told_where_devices_stand_nothing_is_sent(world: Callable[..., World]) -> None:
    it = world()
    it.durable.close()
    it.durable = Durable(it.folder / "other.sqlite", "x")
    stored = StoredRows(it.folder / "telemetry")
    it.forwarder = Forwarder(it.settings, stored, it.durable, it.server, it.lost.append, lambda: 1.0)
    it.say(3)
    assert it.turn() == it.settings.interval_seconds
    assert it.server.bodies == []
    assert it.counts.lag_rows == 3


def test_the_counts_of_several_processes_add_up_and_what_is_of_now_is_the_lasts() -> None:
    one = Counts(rows=5, failures={"away": 1}, lost={"a": 1}, lag_rows=9, fault="x")
    two = Counts(rows=7, failures={"away": 2, "denied": 1}, lost={"b": 3}, lag_rows=1, up=True)
    expected = Counts(rows=12, failures={"away": 3, "denied": 1}, lost={"a": 1, "b": 3}, lag_rows=1, up=True)
    assert plus(one, two) == expected


_ACTS = st.lists(st.sampled_from(["say", "hour", "turn", "away", "kill", "kill after", "move"]), max_size=40)


@hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=_ACTS)
def test_whatever_happens_every_row_is_there_once(tmp_path_factory: pytest.TempPathFactory, acts: list[str]) -> None:
    it = World(tmp_path_factory.mktemp("world"))
    places = [HERE, THERE]
    for act in acts:
        if act == "say":
            it.say(3)
        elif act == "hour":
            it.now += HOUR_MS
        elif act == "move":
            places.reverse()
            it.forwarder.stand(places[0])
        elif act == "turn":
            it.turn()
        elif act == "away":
            it.server.answers = [Away("gone")]
            it.turn()
            it.server.answers.clear()
        else:
            it.server.kill_after_taking, it.server.answers = (
                act == "kill after",
                [] if act == "kill after" else [Killed],
            )
            try:
                it.turn()
            except Killed:
                it.durable.close()
                it.start(places[0])
            it.server.kill_after_taking = False
            it.server.answers.clear()
    it.run()
    assert it.values() == [float(n) for n in range(1, it.seq + 1)]
    it.telemetry.close()
    it.durable.close()
