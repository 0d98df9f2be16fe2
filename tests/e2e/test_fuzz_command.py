"""`tocsin fuzz`, as a person runs it."""

from __future__ import annotations

from pathlib import Path

from click.testing import Result
from typer.testing import CliRunner

from simulators.fault_script import script_of
from simulators.faults import encode_script
from tocsin.cli import app


def fuzz(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["fuzz", *arguments])


def test_seeds_are_played_in_processes_and_counted() -> None:
    """`tocsin fuzz --first 1000 --seeds 500`"""
    result = fuzz("--first", "1000", "--seeds", "18", "--processes", "2")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("18 seeds, 0 failed, in ")


def test_fresh_seeds_are_played_besides() -> None:
    result = fuzz("--seeds", "1", "--fresh", "1", "--processes", "1", "--no-shrink")
    assert result.stdout.splitlines()[-1].startswith("2 seeds, "), "a fresh seed may find something; it is counted"


def test_a_printed_script_is_played_again(tmp_path: Path) -> None:
    """`tocsin fuzz --replay failure.jsonl`"""
    file = tmp_path / "failure.jsonl"
    file.write_text(encode_script(script_of(3)))
    result = fuzz("--replay", str(file))
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{len(script_of(3).acts)} acts, nothing found\n"


def test_a_script_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "failure.jsonl"
    file.write_text("{")
    result = fuzz("--replay", str(file))
    assert result.exit_code == 2
    assert "line 1" in result.output
