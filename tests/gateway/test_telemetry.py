"""Telemetry: every message once, found again by its source, gone when it is old."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.store import StoreFailed, StoreLocked
from gateway.telemetry import Row, Telemetry, buffered_mark
from gateway.telemetry.files import FILES_OPEN_MAX
from gateway.telemetry.read import INDEX_BEHIND_ROWS_MAX
from rules.instant import DAY_MS, HOUR_MS, Instant, parse_rfc3339

FIVE: Instant = parse_rfc3339("2026-11-24T05:00:00Z")
FILE = "2026-11-24T05.sqlite"


@pytest.fixture
def telemetry(tmp_path: Path) -> Iterator[Telemetry]:
    opened = Telemetry(tmp_path / "telemetry")
    yield opened
    opened.close()


def row(source: int, at: Instant, seq: int = -1, received: Instant | None = None, **values: float) -> Row:
    body = json.dumps(values or {"smoke": 0.1}).encode()
    return source, at, seq, 0, at if received is None else received, None, body


def names(telemetry: Telemetry) -> list[str]:
    """Of what is the gateway's own to read, without SQLite's and the derived."""
    return sorted(path.name for path in telemetry.folder.glob("2*.sqlite"))


def fill(telemetry: Telemetry, *rows: Row) -> int:
    telemetry.rows.extend(rows)
    return telemetry.commit()


def test_a_device_keeps_its_number_through_a_restart_and_modes_have_their_own(tmp_path: Path) -> None:
    first = Telemetry(tmp_path)
    smoke, same_in_test = first.source("actual", "tower-a/sd-1"), first.source("test", "tower-a/sd-1")
    assert smoke == first.source("actual", "tower-a/sd-1") != same_in_test
    fill(first, row(smoke, FIVE))
    first.close()
    second = Telemetry(tmp_path)
    assert second.source("actual", "tower-a/sd-1") == smoke
    assert second.source("actual", "tower-a/sd-2") not in (smoke, same_in_test)
    second.close()


def test_a_message_lies_in_the_file_of_the_hour_it_was_received_in(telemetry: Telemetry) -> None:
    last_moment = FIVE + HOUR_MS - 1
    assert fill(telemetry, row(1, FIVE), row(1, FIVE - 7 * HOUR_MS, received=last_moment), row(1, FIVE + HOUR_MS)) == 3
    assert names(telemetry) == [FILE, "2026-11-24T06.sqlite"]
    assert [at for at, *_ in telemetry.window(1, FIVE + HOUR_MS)] == [FIVE + HOUR_MS]
    assert [received for _, _, received, *_ in telemetry.window(1, last_moment)] == [last_moment, FIVE + HOUR_MS]


def test_a_message_that_comes_again_is_stored_once(telemetry: Telemetry) -> None:
    message = row(1, FIVE, seq=7)
    assert fill(telemetry, message, message) == 1
    assert fill(telemetry, (*message[:4], FIVE + 999, *message[5:]), row(1, FIVE, seq=8)) == 1
    assert [seq for _, seq, *_ in telemetry.window(1, 0)] == [7, 8]


def test_nothing_to_commit_makes_no_file(telemetry: Telemetry) -> None:
    assert telemetry.commit() == 0
    assert names(telemetry) == []


def test_events_keep_their_name_and_attributes(telemetry: Telemetry) -> None:
    body = '{"card":"卡 7","ok":false}'.encode()
    fill(telemetry, (4, FIVE, -1, 99, FIVE + 5, "access_denied", body))
    assert list(telemetry.window(4, 0)) == [(FIVE, -1, FIVE + 5, "access_denied", {"card": "卡 7", "ok": False})]


def test_the_last_message_is_the_one_received_last_whatever_its_own_time(telemetry: Telemetry) -> None:
    assert telemetry.last(1) is None
    fill(telemetry, row(1, FIVE + 50, seq=5), row(2, FIVE + 60), row(1, FIVE - 50, seq=4, received=FIVE + 70))
    assert telemetry.last(1) == (FIVE - 50, 4, FIVE + 70)
    assert telemetry.last(2) == (FIVE + 60, -1, FIVE + 60)
    assert telemetry.last(3) is None
    fill(telemetry, row(2, FIVE + HOUR_MS))
    assert telemetry.last(1) == (FIVE - 50, 4, FIVE + 70)  # from the file before
    fill(telemetry, row(2, FIVE + 2 * HOUR_MS))
    assert telemetry.last(1) is None


@pytest.mark.parametrize("later", [0, INDEX_BEHIND_ROWS_MAX + 1])
def test_what_a_device_had_buffered_is_in_charts_and_is_not_its_last_message(telemetry: Telemetry, later: int) -> None:
    """`later`: rows of others after it, so that it is found by the index too."""
    body = b'{"smoke": 0.9}'
    buffered = (1, FIVE - HOUR_MS, -1, buffered_mark(body), FIVE + 1, None, body)
    fill(telemetry, row(1, FIVE), buffered, buffered, *(row(2, FIVE + 2 + number) for number in range(later)))
    assert telemetry.last(1) == (FIVE, -1, FIVE)
    assert [stored[4] for stored in telemetry.window(1, 0)] == [{"smoke": 0.1}]
    assert [stored[4] for stored in telemetry.readings(1, 0, FIVE + HOUR_MS, 10)] == [{"smoke": 0.9}, {"smoke": 0.1}]


def test_the_last_message_is_known_after_a_restart_and_a_long_rest(tmp_path: Path) -> None:
    first = Telemetry(tmp_path)
    fill(first, row(1, FIVE, seq=3))
    first.close()
    second = Telemetry(tmp_path)
    assert second.last(1) == (FIVE, 3, FIVE)
    assert second.has(1, FIVE, 3, 0, FIVE + DAY_MS)
    fill(second, row(1, FIVE + DAY_MS, seq=4))
    assert second.last(1) == (FIVE + DAY_MS, 4, FIVE + DAY_MS)
    second.close()


def test_a_row_is_known_as_soon_as_it_waits_and_when_it_is_stored(telemetry: Telemetry) -> None:
    assert not telemetry.has(1, FIVE, 7, 0, FIVE)
    telemetry.rows.append(row(1, FIVE, seq=7))
    assert telemetry.has(1, FIVE, 7, 0, FIVE)
    telemetry.rows.append(row(1, FIVE, seq=8))
    assert telemetry.has(1, FIVE, 8, 0, FIVE)
    telemetry.commit()
    for received in (FIVE, FIVE + HOUR_MS, FIVE + 9 * HOUR_MS):
        assert telemetry.has(1, FIVE, 7, 0, received)
    for other in ((2, FIVE, 7, 0), (1, FIVE + 1, 7, 0), (1, FIVE, 9, 0), (1, FIVE, 7, 1)):
        assert not telemetry.has(*other, FIVE)


def test_readings_are_found_by_their_own_time_whenever_they_were_received(telemetry: Telemetry) -> None:
    late = row(1, FIVE + 2000, received=FIVE + 5 * HOUR_MS)
    fill(telemetry, row(1, FIVE + 1000), row(1, FIVE + 3000), row(2, FIVE + 1500), row(1, FIVE + HOUR_MS), late)
    found = telemetry.readings(1, FIVE + 1000, FIVE + HOUR_MS, limit=10)
    assert [at - FIVE for at, *_ in found] == [1000, 2000, 3000]
    assert [at - FIVE for at, *_ in telemetry.readings(1, FIVE, FIVE + DAY_MS, limit=2)] == [1000, 2000]
    assert telemetry.readings(1, FIVE + 3001, FIVE + HOUR_MS, limit=10) == []
    fill(telemetry, row(1, FIVE + 2500, received=FIVE + 5 * HOUR_MS + 1))
    assert len(telemetry.readings(1, FIVE + 1000, FIVE + HOUR_MS, limit=10)) == 4


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.lists(
            st.tuples(st.integers(1, 4), st.integers(-3000, 9_000_000), st.integers(-1, 30), st.integers(0, 1_200_000)),
            max_size=40,
        ),
        max_size=6,
    )
)
def test_whatever_was_committed_is_found_by_every_question(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[tuple[int, int, int, int]]]
) -> None:
    """Against a plain list; a row's key is unique within the hour of its receipt."""
    telemetry, stored, received = Telemetry(tmp_path_factory.mktemp("telemetry")), dict[object, Row](), FIVE
    for batch in batches:
        for source, later, seq, step in batch:
            received += step
            made = row(source, FIVE + later, seq, received)
            telemetry.rows.append(made)
            stored.setdefault((*made[:4], received // HOUR_MS), made)
        telemetry.commit()
        check(telemetry, list(stored.values()))
    telemetry.close()


def check(telemetry: Telemetry, stored: list[Row]) -> None:
    hours = sorted({each[4] // HOUR_MS for each in stored})
    for source in range(1, 5):
        mine = [each for each in stored if each[0] == source]
        recent = [each for each in mine if each[4] // HOUR_MS in hours[-2:]]
        assert telemetry.last(source) == ((recent[-1][1], recent[-1][2], recent[-1][4]) if recent else None)
        since = FIVE + HOUR_MS // 2
        window = [(at, seq, received) for at, seq, received, _, _ in telemetry.window(source, since)]
        assert window == [(each[1], each[2], each[4]) for each in mine if each[4] >= since]
        readings = [(at, received) for at, _, received, _, _ in telemetry.readings(source, FIVE, since, limit=1000)]
        assert readings == sorted((each[1], each[4]) for each in mine if FIVE <= each[1] < since)
        assert all(telemetry.has(*each[:5]) for each in recent)


def test_a_source_is_found_while_its_rows_are_not_indexed_yet_and_when_they_are(telemetry: Telemetry) -> None:
    for number in range(INDEX_BEHIND_ROWS_MAX * 3):
        fill(telemetry, row(number % 7, FIVE + number, seq=number))
        if number % 50 == 0:
            assert telemetry.last(number % 7) == (FIVE + number, number, FIVE + number)
            assert len(list(telemetry.window(0, 0))) == number // 7 + 1
    assert telemetry.catch_up() > 0
    assert telemetry.catch_up() == 0
    assert len(list(telemetry.window(0, 0))) == (INDEX_BEHIND_ROWS_MAX * 3 - 1) // 7 + 1


def test_a_window_over_more_files_than_are_kept_open_is_whole(telemetry: Telemetry) -> None:
    hours = FILES_OPEN_MAX + 3
    for hour in range(hours):
        fill(telemetry, row(1, FIVE + hour * HOUR_MS), row(2, FIVE + hour * HOUR_MS))
    assert len(list(telemetry.window(1, 0))) == hours
    assert len(telemetry.readings(2, 0, FIVE + DAY_MS, limit=100)) == hours


def test_other_threads_may_read_while_one_writes(telemetry: Telemetry) -> None:
    stop, wrong = threading.Event(), []

    def read() -> None:
        while not stop.is_set():
            seqs = [seq for _, seq, *_ in telemetry.window(1, 0)]
            if seqs != list(range(len(seqs))):
                wrong.append(seqs)
            telemetry.readings(2, FIVE, FIVE + DAY_MS, limit=5)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(3000):
        fill(telemetry, row(1, FIVE + number * 3000, seq=number), row(2, FIVE + number * 3000))
        if number % 100 == 0:
            assert telemetry.last(1) == (FIVE + number * 3000, number, FIVE + number * 3000)
    stop.set()
    for reader in readers:
        reader.join()
    assert wrong == []


def test_who_only_reads_sees_what_is_added_and_may_not_write(telemetry: Telemetry) -> None:
    source = telemetry.source("actual", "tower-a/sd-1")
    fill(telemetry, row(source, FIVE))
    reader = Telemetry(telemetry.folder, writer=False)
    assert len(list(reader.window(reader.source("actual", "tower-a/sd-1"), 0))) == 1
    fill(telemetry, row(source, FIVE + HOUR_MS))
    assert len(list(reader.window(source, 0))) == 2
    reader.rows.append(row(source, FIVE))
    with pytest.raises(StoreFailed, match="opened to read only"):
        reader.commit()
    reader.close()


def test_a_second_writer_is_refused(telemetry: Telemetry) -> None:
    with pytest.raises(StoreLocked, match="only one may"):
        Telemetry(telemetry.folder)


# ---- retention


def test_old_hours_are_unlinked_with_all_that_belongs_to_them(telemetry: Telemetry) -> None:
    for hour in range(6):
        fill(telemetry, row(1, FIVE + hour * HOUR_MS))
    list(telemetry.window(1, 0))
    now = FIVE + 6 * HOUR_MS
    assert telemetry.expire(now, age_ms=7 * HOUR_MS, bytes_max=2**60) == []
    removed = telemetry.expire(now, age_ms=4 * HOUR_MS, bytes_max=2**60)
    assert [path.name for path in removed] == [FILE, "2026-11-24T06.sqlite"]
    assert not list(telemetry.folder.glob("2026-11-24T05*"))
    assert len(list(telemetry.window(1, 0))) == 4


def test_the_oldest_hours_go_first_when_there_is_too_much(telemetry: Telemetry) -> None:
    for hour in range(6):
        fill(telemetry, *(row(1, FIVE + hour * HOUR_MS + n) for n in range(2000)))
    telemetry.expire(FIVE + 6 * HOUR_MS, age_ms=DAY_MS, bytes_max=0)
    kept = names(telemetry)
    assert kept == ["2026-11-24T09.sqlite", "2026-11-24T10.sqlite"]  # these two are open to be written
    assert fill(telemetry, row(1, FIVE + 6 * HOUR_MS)) == 1
    assert len(telemetry.readings(1, 0, FIVE + DAY_MS, limit=10_000)) == 4001


def test_what_is_not_ours_in_the_folder_stays(telemetry: Telemetry) -> None:
    fill(telemetry, *(row(1, FIVE + hour * HOUR_MS) for hour in range(4)))
    (telemetry.folder / "notes.sqlite").write_text("mine")
    (telemetry.folder / "2026-11-24.txt").write_text("mine")
    telemetry.expire(FIVE + 400 * DAY_MS, age_ms=DAY_MS, bytes_max=0)
    assert (telemetry.folder / "notes.sqlite").exists()
    assert (telemetry.folder / "2026-11-24.txt").exists()
    assert (telemetry.folder / "index.sqlite").exists()
