"""Readings of one device over time, put together from telemetry's files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.readings_port import Aggregate, ReadingsQuery
from gateway.telemetry import Telemetry
from gateway.telemetry.hours import by_source_file, file_of, hour_of
from gateway.telemetry.series import series
from rules.instant import HOUR_MS, MINUTE_MS
from rules.mode import Mode
from rules.reading import Value

START = 1_795_500_000_000 // HOUR_MS * HOUR_MS
DEVICE = "tower-a/em-1"


class Store:
    """Telemetry with a writer; what is said is stored at once."""

    def __init__(self, folder: Path) -> None:
        self.telemetry = Telemetry(folder)
        self.folder = folder
        self._number = 0

    def say(
        self, after_ms: int, late_ms: int = 0, device: str = DEVICE, event: str | None = None, **values: Value
    ) -> None:
        self._number += 1
        source = self.telemetry.source("actual", device)
        at = START + after_ms
        row = (source, at, self._number, 0, at + late_ms, event, json.dumps(values).encode())
        self.telemetry.rows.append(row)
        self.telemetry.commit()

    def points(self, aggregate: Aggregate = Aggregate.AVG, step_ms: int = MINUTE_MS, **given: Any) -> dict[str, Any]:
        found = series(self.folder, query(aggregate, step_ms, **given))
        return {each.metric: [(at - START, value) for at, value in each.points] for each in found.series}


def query(aggregate: Aggregate = Aggregate.AVG, step_ms: int = MINUTE_MS, **given: Any) -> ReadingsQuery:
    asked = {"device": DEVICE, "since": START, "until": START + HOUR_MS, "step_ms": step_ms, "aggregate": aggregate}
    return ReadingsQuery(**{**asked, **given})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "telemetry")
    yield made
    made.telemetry.close()


@pytest.mark.parametrize(
    ("aggregate", "expected"),
    [
        (Aggregate.AVG, [(0, 2.0), (MINUTE_MS, 7.0)]),
        (Aggregate.MIN, [(0, 1.0), (MINUTE_MS, 7.0)]),
        (Aggregate.MAX, [(0, 3.0), (MINUTE_MS, 7.0)]),
        (Aggregate.SUM, [(0, 4.0), (MINUTE_MS, 7.0)]),
        (Aggregate.LAST, [(0, 3.0), (MINUTE_MS, 7.0)]),
        (Aggregate.COUNT, [(0, 2.0), (MINUTE_MS, 1.0)]),
    ],
)
def test_the_readings_of_a_step_become_one_point(store: Store, aggregate: Aggregate, expected: Any) -> None:
    store.say(1_000, power_w=1.0)
    store.say(59_999, power_w=3.0)
    store.say(60_000, power_w=7.0)
    assert store.points(aggregate) == {"power_w": expected}


def test_a_boolean_is_averaged_as_a_share_and_a_text_has_a_last_one_alone(store: Store) -> None:
    store.say(0, open=True, position="ajar")
    store.say(1_000, open=False, position="closed")
    assert store.points(Aggregate.AVG) == {"open": [(0, 0.5)]}
    assert store.points(Aggregate.LAST) == {"open": [(0, False)], "position": [(0, "closed")]}
    assert store.points(Aggregate.COUNT) == {"open": [(0, 2.0)], "position": [(0, 2.0)]}


def test_a_text_among_numbers_is_counted_and_no_part_of_their_mean(store: Store) -> None:
    store.say(0, level=2.0)
    store.say(1, level="high")
    store.say(2, level=4.0)
    assert store.points(Aggregate.AVG) == {"level": [(0, 3.0)]}
    assert store.points(Aggregate.COUNT) == {"level": [(0, 3.0)]}
    assert store.points(Aggregate.LAST) == {"level": [(0, 4.0)]}


def test_of_readings_of_one_millisecond_the_one_received_last_is_the_last(store: Store) -> None:
    for number in range(20):
        store.say(500, power_w=float((number * 7) % 20))
    assert store.points(Aggregate.LAST) == {"power_w": [(0, float(19 * 7 % 20))]}


def test_where_nothing_was_said_there_is_no_point(store: Store) -> None:
    store.say(0, power_w=1.0)
    store.say(5 * MINUTE_MS, power_w=2.0)
    assert store.points() == {"power_w": [(0, 1.0), (5 * MINUTE_MS, 2.0)]}


def test_steps_go_over_files_and_what_came_late_stands_where_it_was_measured(store: Store) -> None:
    store.say(30 * MINUTE_MS, power_w=1.0)
    store.say(90 * MINUTE_MS, power_w=5.0)
    store.say(30 * MINUTE_MS + 1, late_ms=70 * MINUTE_MS, power_w=3.0)
    assert store.points(step_ms=HOUR_MS, until=START + 2 * HOUR_MS) == {"power_w": [(0, 2.0), (HOUR_MS, 5.0)]}
    assert store.points(Aggregate.LAST, step_ms=HOUR_MS) == {"power_w": [(0, 3.0)]}


def test_events_other_devices_modes_and_metrics_are_left_out(store: Store) -> None:
    store.say(0, power_w=1.0, voltage_v=230.0)
    store.say(0, device="tower-a/em-2", power_w=9.0)
    store.say(0, event="trip", power_w=9.0)
    assert store.points(metrics=["power_w"]) == {"power_w": [(0, 1.0)]}
    assert store.points(mode=Mode.EXERCISE) == {}
    assert store.points(device="tower-a/never") == {}


def test_the_range_is_half_open(store: Store) -> None:
    store.say(-1, power_w=1.0)
    store.say(0, power_w=2.0)
    store.say(HOUR_MS, power_w=3.0)
    assert store.points(step_ms=HOUR_MS) == {"power_w": [(0, 2.0)]}


def test_what_is_indexed_and_what_is_not_yet_is_found_alike(store: Store) -> None:
    store.say(0, power_w=1.0)
    path = file_of(store.folder, hour_of(START))
    assert not by_source_file(path).exists()
    assert store.points() == {"power_w": [(0, 1.0)]}
    store.telemetry.catch_up()
    assert by_source_file(path).exists()
    store.say(1_000, power_w=3.0)
    assert store.points() == {"power_w": [(0, 2.0)]}


def test_a_long_question_is_answered_as_far_as_it_comes_and_says_where_to_go_on(store: Store) -> None:
    for hour in range(4):
        store.say(hour * HOUR_MS, power_w=float(hour))
    ticks = iter(range(0, 100, 2))  # each look at the clock finds two seconds gone
    asked = query(step_ms=HOUR_MS, until=START + 4 * HOUR_MS)
    first = series(store.folder, asked, lambda: float(next(ticks)))
    assert START < first.complete_until < START + 4 * HOUR_MS
    rest = series(store.folder, query(step_ms=HOUR_MS, since=first.complete_until, until=START + 4 * HOUR_MS))
    assert [value for part in (first, rest) for _, value in part.series[0].points] == [0.0, 1.0, 2.0, 3.0]


def test_a_file_that_cannot_be_read_takes_only_its_own_hour_away(store: Store) -> None:
    store.say(0, power_w=1.0)
    (store.folder / f"{file_of(store.folder, hour_of(START) + 1).name}").write_bytes(b"not a database")
    assert store.points(until=START + 2 * HOUR_MS) == {"power_w": [(0, 1.0)]}


def test_without_telemetry_there_is_nothing_to_tell(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert series(tmp_path / "empty", query()).series == []


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    said=st.lists(
        st.tuples(st.integers(0, 3 * HOUR_MS), st.floats(-1e6, 1e6), st.sampled_from([0, 1, 2 * HOUR_MS])), max_size=25
    ),
    step_ms=st.sampled_from([1_000, 7_777, MINUTE_MS, HOUR_MS]),
    indexed=st.booleans(),
)
def test_any_readings_come_to_what_a_plain_loop_makes_of_them(
    tmp_path_factory: pytest.TempPathFactory, said: list[tuple[int, float, int]], step_ms: int, indexed: bool
) -> None:
    store = Store(tmp_path_factory.mktemp("telemetry"))
    for after_ms, value, late_ms in said:
        store.say(after_ms, late_ms, power_w=value)
    if indexed:
        store.telemetry.catch_up()
    steps: dict[int, list[float]] = {}
    for after_ms, value, _ in said:
        if after_ms < HOUR_MS:
            steps.setdefault(after_ms // step_ms * step_ms, []).append(value)
    expected = {"power_w": [(step, max(values)) for step, values in sorted(steps.items())]} if steps else {}
    assert store.points(Aggregate.MAX, step_ms) == expected
    counted = {"power_w": [(step, float(len(values))) for step, values in sorted(steps.items())]} if steps else {}
    assert store.points(Aggregate.COUNT, step_ms) == counted
    store.telemetry.close()
