"""`tocsin play` and `tocsin portfolio` as a person runs them."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.check import check
from simulators.scenario import shipped
from tocsin.cli import app


def tocsin(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(words))
    return result.exit_code, result.output


def test_a_scenario_is_played_told_and_compared_with_what_it_expects() -> None:
    code, output = tocsin("play", "waste-bin-smoke")
    assert code == 0, output
    assert "PRE-ALARM: acknowledge within 15 s" in output
    assert "  as expected  1 × fire in 4F-east, level II, not confirmed, closed, finding false_alarm" in output
    assert "15min of 408 devices: " in output.splitlines()[-1]


def test_a_scenario_of_ones_own_that_comes_to_something_else_says_what(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    happens = "happens: [{at: 10s, fault: pressed, device: mcp-0201}]"
    expects = "expects: {incidents: [{incident: fire, level: II}]}"
    path.write_text(f"scenario: mine\ntitle: {{en: Mine}}\nlasts: 1min\n{happens}\n{expects}\n", encoding="utf-8")
    code, output = tocsin("play", str(path), "--quiet")
    assert code == 1
    assert "  NOT AS EXPECTED  1 × fire, level II: INC-000001: level I" in output
    assert "LEVEL" not in output


def test_a_scenario_that_names_what_is_not_there_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("scenario: mine\ntitle: {en: Mine}\nhappens:\n  - {at: 1s, fire: 99F-east}\n", encoding="utf-8")
    code, output = tocsin("play", str(path))
    assert code == 2
    assert f"{path}:4 happens[0].fire: '99F-east' is not a zone of tower-a" in output


def test_the_shipped_scenarios_are_listed_and_another_name_is_answered_with_them() -> None:
    assert tocsin("play", "list") == (0, "".join(f"{name}\n" for name in shipped()))
    code, output = tocsin("play", "working-dya")
    assert code == 2
    assert "did you mean working-day?" in " ".join(output.replace("│", " ").split())


def test_a_portfolio_of_several_uses_is_a_good_site_file_and_the_same_from_the_same_seed(tmp_path: Path) -> None:
    options = ("--buildings", "6", "--floors", "12", "--least-floors", "4", "--uses", "office,residential,retail")
    texts = []
    for name, seed in (("a", "5"), ("b", "5"), ("c", "6")):
        code, output = tocsin("portfolio", *options, "--seed", seed, "--output", str(tmp_path / f"{name}.yaml"))
        assert code == 0, output
        texts.append((tmp_path / f"{name}.yaml").read_text(encoding="utf-8"))
    assert texts[0] == texts[1] != texts[2]
    checked = check([tmp_path / "a.yaml"])
    assert checked.problems == []
    assert checked.directory is not None
    buildings = checked.directory.sites["portfolio"].buildings
    assert [building.id for building in buildings] == ["t001", "r002", "s003", "t004", "r005", "s006"]
    assert len({len(building.floors) for building in buildings}) > 1
    assert all(4 <= len(building.floors) <= 12 for building in buildings)


def test_a_portfolio_has_exactly_as_many_devices_as_were_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    code, output = tocsin("portfolio", "--buildings", "3", "--devices", "1000", "-o", str(path))
    assert (code, output) == (0, "3 buildings, 1,000 devices, seed 1\n")
    assert check([path]).devices == 1000


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--uses", "offices"), "did you mean office?"),
        (("--least-floors", "30"), "30 is not between 2 and --floors 20"),
        (("--devices", "5000"), "these buildings have 408 devices, not 5,000"),
        (("--site", "a/b"), "is one level of a topic"),
        (("--buildings", "1000"), "expected at most 100,000"),
    ],
)
def test_what_cannot_be_built_is_said(options: tuple[str, ...], expected: str) -> None:
    code, output = tocsin("portfolio", *options)
    assert code == 2
    assert expected in " ".join(output.replace("│", " ").split())
