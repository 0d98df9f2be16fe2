"""`tocsin plan`: what the response plans would do, as a person reads it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from tocsin.cli import app


def plan(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["plan", *arguments])


def lines(result: Result) -> list[str]:
    assert result.exit_code == 0, result.output
    return [" ".join(line.split()) for line in result.output.splitlines()]


def test_the_list_has_a_line_a_plan() -> None:
    shown = lines(plan("list"))
    assert "fire Fire safety officer 1 min 3 min 0 2 21" in shown
    assert sum(line.startswith(("fire ", "gas ", "device ", "lift_")) for line in shown) == 5


def test_the_steps_of_a_fire_are_shown_in_the_order_in_which_they_are_issued() -> None:
    """`tocsin plan show fire --level I`"""
    shown = lines(plan("show", "fire", "--level", "I"))
    assert shown[0] == "Fire · fire · level I"
    assert "acknowledged only by all of: duty officer, engineering lead" in shown
    assert "1 command Release the doors* every access controller of the building 30 s × 2" in shown
    phases = [line for line in shown if line in ("activated", "responding", "closing")]
    assert phases == ["activated", "responding", "closing"]
    actions = [line.split()[1] for line in shown if line[:1].isdigit()]
    assert actions[:7] == ["command"] * 6 + ["task"]
    assert "command" not in actions[7:]


def test_a_milder_level_does_less() -> None:
    shown = lines(plan("show", "fire", "--level", "II"))
    assert [line for line in shown if line[:1].isdigit()] == [
        "1 task Go to the zone and see what it is security guard 3 min",
        "2 message Tell the safety officer safety officer",
    ]


def test_it_is_shown_in_chinese_as_well() -> None:
    """`tocsin plan show lift_entrapment --level II --lang zh`"""
    shown = lines(plan("show", "lift_entrapment", "--level", "II", "--lang", "zh"))
    assert shown[0] == "电梯困人应急预案 · 电梯困人 · II 级"
    assert "5 任务 救援人员到达现场 工程主管 30 分钟" in shown


def test_a_plan_of_ones_own_is_shown_beside_those_shipped(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(
        """
disable_plans: [duress]
plans:
  - id: own
    title: {en: Our own, zh: 自订}
    hazard: duress
    lead: lead
    team: [guard]
    acknowledge: {ladder: [guard]}
    steps:
      - {id: look, title: {en: Look, zh: 查看}, task: {role: guard, mandatory: false}}
""",
        encoding="utf-8",
    )
    assert "1 task Look (optional) guard" in lines(plan("show", "duress", str(file)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(("show", "fyre"), "did you mean fire?"), (("show", "fire", "--level", "IV"), "'IV' is not a level")],
)
def test_what_there_is_not_is_named_with_what_was_meant(arguments: tuple[str, ...], message: str) -> None:
    result = plan(*arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.output.replace("│", " ").split())


def test_files_with_a_fault_show_nothing_but_the_fault(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("disable_plans: [fyre]\n", encoding="utf-8")
    result = plan("list", str(file))
    assert result.exit_code == 1
    assert "bad.yaml:1 disable_plans[0]: 'fyre' is not the id" in result.output
