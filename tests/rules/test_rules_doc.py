"""docs/rules.md says what is true: every example is checked, and its traces are played to a device."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.check import Checked, check
from gateway.files import read_document, validate
from gateway.library import load
from rules.condition_file import COMPARISONS, FORMS
from rules.problem import Problem
from rules.rule_check import build_ruleset
from rules.ruleset import RuleFile, Ruleset
from tests.support.trial import Said, Trial
from tocsin.cli import app

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
FILES = [block for block in BLOCKS if re.search(r"^(rules|disable):", block, re.MULTILINE)]
CONDITIONS = [block for block in BLOCKS if block not in FILES]
DIRECTORY = load([]).directory
FRAME = (
    "rules:\n  - id: example\n    title: {en: Example}\n    hazard: example\n    signal: supervisory\n    level: III\n"
)
TRACE = re.compile(r"# (.+?)\s{2,}(holds|does not|deadband|no data)")


def first_line(block: str) -> str:
    return next(line for line in block.splitlines() if line.startswith(("when", "  - id", "disable")))


def ruleset_of(block: str) -> Ruleset:
    indented = "".join(f"    {line}\n" for line in block.splitlines())
    content, problems = validate(RuleFile, read_document(FRAME + indented, "example.yaml"))
    assert content is not None, problems
    ruleset, faults = build_ruleset({"example.yaml": content}, DIRECTORY)
    assert ruleset is not None, [str(fault) for fault in faults]
    return ruleset


def said(text: str) -> Said:
    if not text.startswith("{"):
        return text
    value: Any = read_document(text, "trace").value
    return dict(value)


@pytest.mark.parametrize("block", CONDITIONS, ids=first_line)
def test_a_condition_does_what_its_trace_says(block: str) -> None:
    ruleset = ruleset_of(block)
    wanted = ruleset.detections["example"].device_class
    name = "smoke_detector" if wanted == "*" else str(wanted)
    trial = Trial(DIRECTORY.device_classes[name], ruleset)
    traces = [line for line in block.splitlines() if line.startswith("#")]
    assert traces
    for line in traces:
        match = TRACE.fullmatch(line)
        assert match, line
        trial.say(*(said(part.strip()) for part in match[1].split(";")))
        assert trial.verdict("example").value.replace("_", " ") == match[2], line


@pytest.mark.parametrize("block", FILES, ids=first_line)
def test_a_file_in_the_text_has_no_problems(block: str, tmp_path: Path) -> None:
    (tmp_path / "example.yaml").write_text(block, encoding="utf-8")
    checked: Checked = check([tmp_path])
    assert checked.problems == list[Problem]()
    assert checked.ruleset is not None


def test_the_first_rule_passes_the_command_the_text_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my-rules.yaml").write_text(FILES[0], encoding="utf-8")
    result = CliRunner().invoke(app, ["check", "my-rules.yaml"])
    assert (result.exit_code, result.output.strip()) == (0, "1 file, 0 sites, 0 devices, no problems")
    assert CliRunner().invoke(app, ["schema", "rules"]).exit_code == 0


@pytest.mark.parametrize(
    "key", [*FORMS, *COMPARISONS, "of", "changed", "rate_per", "aggregate", "count", "for", "attributes"]
)
def test_every_key_of_a_condition_is_explained(key: str) -> None:
    assert re.search(rf"\b{key}:", PAGE.read_text(encoding="utf-8")), key


def test_the_text_says_once_what_tocsin_is_not() -> None:
    assert PAGE.read_text(encoding="utf-8").count("supplementary") == 1
