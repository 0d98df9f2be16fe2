"""Broken files, full disks, killed processes: telemetry goes on."""

from __future__ import annotations

import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.store import StoreFailed
from gateway.telemetry import Telemetry
from rules.instant import HOUR_MS, Instant, parse_rfc3339

FIVE: Instant = parse_rfc3339("2026-11-24T05:00:00Z")
FILE = "2026-11-24T05.sqlite"
BODY = b'{"smoke":0.1}'
ROWS_A_BATCH = 50


def add(telemetry: Telemetry, first: int, count: int = 100, at: Instant = FIVE) -> int:
    telemetry.rows.extend((1, at + n, n, 0, at + n, None, BODY) for n in range(first, first + count))
    return telemetry.commit()


@contextmanager
def opened(folder: Path) -> Iterator[Telemetry]:
    telemetry = Telemetry(folder)
    try:
        yield telemetry
    finally:
        telemetry.close()


def garbage(path: Path) -> None:
    path.write_bytes(random.Random(1).randbytes(path.stat().st_size))


def truncated(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def emptied(path: Path) -> None:
    os.truncate(path, 0)


def another_database(path: Path) -> None:
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE rows (something_else)")
    connection.close()


BREAKS = pytest.mark.parametrize("break_it", [garbage, truncated, another_database])


@BREAKS
def test_a_broken_hour_is_set_aside_and_a_new_one_begun(
    tmp_path: Path, break_it: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    with opened(tmp_path) as telemetry:
        add(telemetry, 0, 5000)
    break_it(tmp_path / FILE)
    with opened(tmp_path) as telemetry:
        assert add(telemetry, 5000, 3000) == 3000
        assert len(list(telemetry.window(1, 0))) == 3000
    assert (tmp_path / f"{FILE}.broken-1").exists()
    assert f"{FILE} is broken" in caplog.text
    assert f"it is kept as {FILE}.broken-1" in caplog.text


@BREAKS
def test_a_broken_hour_of_the_past_is_passed_over_by_readers(
    tmp_path: Path, break_it: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    with opened(tmp_path) as telemetry:
        add(telemetry, 0, 5000)
        add(telemetry, 0, 100, FIVE + HOUR_MS)
    break_it(tmp_path / FILE)
    with opened(tmp_path) as telemetry:
        assert telemetry.last(2) is None
        assert len(list(telemetry.window(1, 0))) == 100
        assert len(telemetry.readings(1, 0, FIVE + 2 * HOUR_MS, limit=10_000)) == 100
        assert not telemetry.has(1, FIVE, 0, 0, FIVE)
    assert (tmp_path / f"{FILE}.broken-1").exists()
    assert "is broken" in caplog.text


def test_an_hour_that_was_emptied_is_begun_anew(tmp_path: Path) -> None:
    with opened(tmp_path) as telemetry:
        add(telemetry, 0)
    emptied(tmp_path / FILE)
    with opened(tmp_path) as telemetry:
        assert add(telemetry, 100) == 100
        assert len(list(telemetry.window(1, 0))) == 100


def test_a_file_that_a_reader_finds_broken_while_it_is_written_is_set_aside_by_the_next_commit(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(tmp_path) as telemetry:
        add(telemetry, 0, 50_000)
        with (tmp_path / FILE).open("r+b") as file:
            file.write(b"\xff" * (tmp_path / FILE).stat().st_size)
        os.truncate(tmp_path / f"{FILE}-wal", 0)
        assert list(telemetry.window(1, 0)) == []
        assert add(telemetry, 50_000) == 100
        assert len(list(telemetry.window(1, 0))) == 100
        assert add(telemetry, 50_100) == 100
    assert f"it is kept as {FILE}.broken-1" in caplog.text
    assert not (tmp_path / f"{FILE}.broken-2").exists()


def test_broken_hours_expire_too(tmp_path: Path) -> None:
    with opened(tmp_path) as telemetry:
        add(telemetry, 0)
    garbage(tmp_path / FILE)
    with opened(tmp_path) as telemetry:
        add(telemetry, 0)
    with opened(tmp_path) as telemetry:
        removed = telemetry.expire(FIVE + 9 * HOUR_MS, age_ms=HOUR_MS, bytes_max=2**60)
    assert {path.name for path in removed} == {FILE, f"{FILE}.broken-1"}
    assert {path.name for path in tmp_path.iterdir()} <= {"index.sqlite", "index.sqlite.lock"}


@pytest.mark.parametrize("break_it", [garbage, truncated, emptied, lambda path: path.unlink()])
def test_an_index_that_is_broken_or_gone_is_made_anew(tmp_path: Path, break_it: Callable[[Path], None]) -> None:
    with opened(tmp_path) as telemetry:
        add(telemetry, 0, 3000)
        telemetry.catch_up()
    break_it(tmp_path / "2026-11-24T05.by_source")
    with opened(tmp_path) as telemetry:
        assert telemetry.last(1) == (FIVE + 2999, 2999, FIVE + 2999)
        assert len(list(telemetry.window(1, 0))) == 3000
    assert not list(tmp_path.glob("*.broken-*"))


def test_an_index_from_before_a_power_cut_does_not_lead_to_other_rows(tmp_path: Path) -> None:
    """The file has lost its last rows, and has got others in their place; the index knows the lost ones."""
    with opened(tmp_path) as telemetry:
        add(telemetry, 0, 1000)
    before = (tmp_path / FILE).read_bytes()
    with opened(tmp_path) as telemetry:
        add(telemetry, 1000, 1000)
        telemetry.catch_up()
    (tmp_path / FILE).write_bytes(before)
    with opened(tmp_path) as telemetry:
        telemetry.rows.extend((2, FIVE + n, n, 0, FIVE + n, None, BODY) for n in range(3000))
        telemetry.commit()
        assert telemetry.last(1) == (FIVE + 999, 999, FIVE + 999)
        assert len(list(telemetry.window(1, 0))) == 1000
        assert len(list(telemetry.window(2, 0))) == 3000


def test_numbers_are_not_given_again_when_the_map_of_sources_is_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(tmp_path) as telemetry:
        numbers = [telemetry.source("actual", f"tower-a/{n}") for n in range(9)]
        telemetry.rows.append((numbers[-1], FIVE, 1, 0, FIVE, None, BODY))
        telemetry.commit()
    garbage(tmp_path / "index.sqlite")
    with pytest.raises(StoreFailed, match="not a database"):
        Telemetry(tmp_path, writer=False)
    with opened(tmp_path) as telemetry:
        assert telemetry.source("actual", "tower-a/new") > max(numbers)
    assert "index.sqlite is broken" in caplog.text


def test_a_full_disk_keeps_the_rows_for_the_next_try(tmp_path: Path) -> None:
    with opened(tmp_path) as telemetry:
        add(telemetry, 0, 10_000)
        telemetry.rows.extend((1, FIVE + n, n, 0, FIVE + n, None, BODY) for n in range(10_000, 60_000))
        before, ignored = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2 * 1024 * 1024, before[1]))
        try:
            for _ in range(2):
                with pytest.raises(StoreFailed, match="telemetry in"):
                    telemetry.commit()
                assert len(telemetry.rows) == 50_000
                assert len(list(telemetry.window(1, 0))) == 10_000
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, ignored)
        assert telemetry.commit() == 50_000
        assert len(list(telemetry.window(1, 0))) == 60_000


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreFailed, match="file/telemetry"):
        Telemetry(tmp_path / "file" / "telemetry")


PROGRAM = f"""
import sys
from pathlib import Path
from gateway.telemetry import Telemetry
telemetry = Telemetry(Path(sys.argv[1]))
first = int(sys.argv[2])
while True:
    telemetry.rows.extend(
        (1, {FIVE} + n, n, 0, {FIVE} + n, None, {BODY!r}) for n in range(first, first + {ROWS_A_BATCH})
    )
    telemetry.commit()
    first += {ROWS_A_BATCH}
    sys.stdout.write(str(first) + "\\n")
    sys.stdout.flush()
"""


def test_a_killed_process_leaves_every_batch_it_had_committed(tmp_path: Path) -> None:
    chance, stored = random.Random(20261124), 0
    for _ in range(4):
        program = [sys.executable, "-c", PROGRAM, str(tmp_path), str(stored)]
        with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as process:
            assert process.stdout is not None
            for _ in range(chance.randrange(20, 600)):
                process.stdout.readline()
            process.kill()
            returned = [int(line) for line in process.stdout if line.endswith("\n")]
        with opened(tmp_path) as telemetry:
            seqs = [seq for _, seq, *_ in telemetry.window(1, 0)]
        stored = len(seqs)
        assert seqs == list(range(stored))
        assert stored % ROWS_A_BATCH == 0
        assert stored >= max(returned, default=0)
