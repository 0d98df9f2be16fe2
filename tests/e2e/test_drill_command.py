"""`tocsin drill` as a person calls it."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import Result
from typer.testing import CliRunner

from simulators.scenario import shipped
from tocsin.cli import app


def drill(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["drill", *arguments])


def test_without_a_scenario_it_lists_what_there_is() -> None:
    listed = drill()
    assert [line.split()[0] for line in listed.stdout.splitlines()] == shipped()


def test_a_drill_prints_its_timeline_and_its_score() -> None:
    """`tocsin drill fire-on-12f`"""
    held = drill("fire-on-12f")
    assert held.exit_code == 0, held.output
    assert "EXERCISE: CONFIRMED: 2 independent devices in one zone" in held.stdout
    assert "of 100 · PASSED" in held.stdout
    assert "played in" in held.stderr


def test_who_has_to_train_again_is_told_by_the_exit_code() -> None:
    assert drill("entrapment-unanswered").exit_code == 3


def test_the_report_is_written_as_a_page_in_chinese(tmp_path: Path) -> None:
    """`tocsin drill fire-on-12f --format html --language zh --output report.html`"""
    page = tmp_path / "report.html"
    held = drill("fire-on-12f", "--format", "html", "--language", "zh", "--output", str(page))
    assert held.exit_code == 0, held.output
    assert "评分表" in page.read_text(encoding="utf-8")


def test_the_report_is_written_as_pdf(tmp_path: Path) -> None:
    """`tocsin drill fire-on-12f --format pdf --output report.pdf`"""
    paper = tmp_path / "report.pdf"
    held = drill("fire-on-12f", "--format", "pdf", "--output", str(paper))
    assert held.exit_code == 0, held.output
    assert paper.read_bytes().startswith(b"%PDF-")
    assert f"written: {paper}" in held.stderr


def test_as_json_it_is_the_report_with_values() -> None:
    found = json.loads(drill("fire-on-12f", "--format", "json").stdout)
    (summary,) = (each for each in found["sections"] if each["id"] == "summary")
    values = {fact["id"]: fact["cell"].get("value") for fact in summary["blocks"][0]["facts"]}
    assert (found["kind"], found["stamp"], values["state"]) == ("drill", "EXERCISE", "ended")
    assert values["score"] >= 80


def test_a_report_that_cannot_be_written_says_where(tmp_path: Path) -> None:
    held = drill("fire-on-12f", "--format", "markdown", "--output", str(tmp_path))
    assert held.exit_code == 1
    assert str(tmp_path) in held.stderr


def test_a_scenario_that_is_not_there_is_named() -> None:
    held = drill("fire-on-13f")
    assert held.exit_code == 1
    assert "fire-on-12f" in held.stderr


def test_live_without_a_gateway_says_so() -> None:
    held = drill("fire-on-12f", "--live", "--api", "http://127.0.0.1:9", "--broker", "mqtt://127.0.0.1:9")
    assert held.exit_code == 1
    assert held.stderr.startswith("no drill: ")
