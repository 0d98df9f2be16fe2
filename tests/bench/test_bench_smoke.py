"""Every benchmark runs, small. What it measures is never asserted on: see `make bench`."""

from __future__ import annotations

import shutil
from io import StringIO
from pathlib import Path
from types import ModuleType

import pytest
from rich.console import Console

from api.ports import IncidentQuery
from bench import (
    forwarding,
    latency,
    listeners,
    lists,
    many_incidents,
    memory,
    old_journal,
    polling,
    scaling,
    start,
    throughput,
    walls,
)
from bench.__main__ import BENCHES, main
from bench.inside import loaded
from bench.report import machine, quantile
from bench.stage import missing
from gateway.desk import Desk
from gateway.store import Store, Verified
from gateway.store.listed import last_position
from simulators.building import demo_tower
from tests.support.influx import influxd_program, nginx_program
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
        (lists, ["600 incidents, 12,000 timeline entries", "words: rare", "timeline", "board", "≤ 50 ms"]),
        (listeners, ["5 listeners", "lost", "twice", "✓ 0"]),
        pytest.param(
            walls,
            ["2 open walls during a flood of 20 alarms", "a wall reacts", "alarm → command", "≤ 200 ms"],
            marks=(pytest.mark.browser, pytest.mark.timeout(300)),
        ),
        pytest.param(
            forwarding,
            ["rows, gzip", "none", "takes everything", "was away, catches up"],
            marks=[pytest.mark.slow, pytest.mark.timeout(300)],  # three gateways, each with an InfluxDB
        ),
        (polling, ["3 API clients", "own", "alarm → command", "≤ 2 ×"]),
    ],
    ids=lambda each: each.__name__ if isinstance(each, ModuleType) else "",
)
def test_a_benchmark_of_the_whole_gateway_says_what_it_should(
    bench: ModuleType, figures: list[str], tmp_path: Path
) -> None:
    require(missing("mosquitto"), not missing("mosquitto"))
    require(missing("nats"), not missing("nats"))
    require("chromium", bench is not walls or shutil.which("chromium"))
    require("influxd and nginx", bench is not forwarding or (influxd_program() and nginx_program()))
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


def test_a_store_as_years_leave_it_verifies_and_a_gateway_goes_on_with_its_numbers(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'journal.sqlite'}") as store:
        many_incidents.write(store, loaded(demo_tower()), incidents=30, entries_each=20)
        desk = Desk(store, lambda: many_incidents.ENDED, lambda entries, effects: None)
        state = desk.engine.state
        assert (state.incidents_made, state.orders_made) == (30, 6)
        assert state.entries_made == store.look(last_position)
        assert isinstance(store.verify(), Verified)
        assert [len(store.entries_of(each.id)) for each in store.incidents(IncidentQuery(limit=2)).items] == [20, 20]
