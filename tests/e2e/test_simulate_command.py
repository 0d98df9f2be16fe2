"""`tocsin simulate` as a person and a benchmark run it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from typer.testing import CliRunner

from gateway.broker_process import free_port
from gateway.check import check
from tests.support.servers import Mosquitto
from tocsin.cli import app


def simulate(*options: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["simulate", *options])
    return result.exit_code, result.output


def test_the_load_is_sent_and_acknowledged_and_said_in_one_line(mosquitto: Callable[..., Mosquitto]) -> None:
    code, output = simulate("--broker", mosquitto().url, "--count", "2000", "--connections", "3")
    assert code == 0, output
    assert output.startswith("sent 2,000 · acknowledged 2,000 · in ")
    assert output.endswith("of one device the broker handed on 5 of 5\n")


def test_a_benchmark_reads_the_figures_as_json(mosquitto: Callable[..., Mosquitto]) -> None:
    code, output = simulate("--broker", mosquitto().url, "--rate", "1000", "--seconds", "0.2", "--json")
    assert code == 0, output
    figures = json.loads(output)
    assert figures["sent"] == figures["acknowledged"] == 200
    assert figures["seconds"] > 0.19
    assert figures["of_first"] == figures["handed_on"] == 1
    counted = {"sent", "acknowledged", "of_first", "handed_on"}
    assert set(figures) == {*counted, "seconds", "cpu_seconds", "behind_seconds", "rate_per_s"}


def test_the_site_file_is_a_good_one(tmp_path: Path) -> None:
    path = tmp_path / "load.yaml"
    code, output = simulate("--devices", "1234", "--site-file", str(path))
    assert (code, output) == (0, "")
    checked = check([path])
    assert (checked.problems, checked.devices) == ([], 1234)


def test_a_broker_that_is_not_there_is_said_in_a_sentence() -> None:
    code, output = simulate("--broker", f"mqtt://127.0.0.1:{free_port('127.0.0.1')}")
    assert code == 1
    assert "no load for the broker: " in output
    assert "refused" in output


def test_nothing_to_do_is_a_mistake_in_the_command() -> None:
    code, output = simulate()
    assert code == 2
    assert "neither" in output
