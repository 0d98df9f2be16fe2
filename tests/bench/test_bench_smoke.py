"""Every benchmark runs, small. What it measures is never asserted on: see `make bench`."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from types import ModuleType

import pytest
from rich.console import Console

from bench import latency, memory, old_journal, scaling, start, throughput
from bench.__main__ import BENCHES, main
from bench.inside import loaded
from bench.report import machine, quantile
from bench.stage import missing
from gateway.store import Store, Verified
from simulators.building import demo_tower
from tests.support.servers import require


def shown(bench: ModuleType, folder: Path) -> str:
    """What a terminal would show of a small run."""
    terminal = StringIO()
    console = Console(width=140, file=terminal)
    for table in bench.run(bench.SMOKE, folder):
        console.print(table)
    return terminal.getvalue()


@pytest.mark.parametrize(
    ("bench", "figures"),
    [
        (throughput, ["Mosquitto, flat out", "Mosquitto, 5000/s", "NATS, flat out", "NATS, flushing each", "≤ 20 µs"]),
        (latency, ["broker alone", "disk alone", "alarm → timeline", "alarm → command"]),
        (start, ["after a crash, 1,000 events to replay", "after an orderly stop", "≤ 3 s"]),
    ],
    ids=lambda each: each.__name__ if isinstance(each, ModuleType) else "",
)
def test_a_benchmark_of_the_whole_gateway_says_what_it_should(
    bench: ModuleType, figures: list[str], tmp_path: Path
) -> None:
    require(missing("mosquitto"), not missing("mosquitto"))
    require(missing("nats"), not missing("nats"))
    text = shown(bench, tmp_path)
    assert [figure for figure in figures if figure not in text] == []


@pytest.mark.parametrize(
    ("bench", "figures"),
    [
        (scaling, ["100 devices", "5 rules", "≤ 1.5 ×"]),
        (memory, ["every device has spoken", "the site directory", "≤ 2048"]),
    ],
    ids=lambda each: each.__name__ if isinstance(each, ModuleType) else "",
)
def test_a_benchmark_of_the_inside_says_what_it_should(bench: ModuleType, figures: list[str], tmp_path: Path) -> None:
    text = shown(bench, tmp_path)
    assert [figure for figure in figures if figure not in text] == []


def test_the_old_journal_has_a_chain_that_verifies_and_a_snapshot_before_its_end(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'journal.sqlite'}") as store:
        replayed = old_journal.write(store, loaded(demo_tower()), 400)
        snapshot, verified = store.snapshot(), store.verify()
        assert snapshot is not None
        assert (snapshot[0], replayed) == (200, 200)
        assert isinstance(verified, Verified)
        assert verified.rows == 400


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.0, 1)])
def test_a_quantile_is_a_measured_value_that_so_many_do_not_exceed(share: float, expected: int) -> None:
    assert quantile(list(range(1, 101)), share) == expected


def test_the_machine_is_named_with_its_cores_and_versions() -> None:
    text = machine()
    assert all(word in text for word in ("cores", "Python", "uvloop", "nats-server"))


def test_a_name_that_is_no_benchmark_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--only", "speed"])
    said = capsys.readouterr().err
    assert [name for name in BENCHES if name not in said] == []
