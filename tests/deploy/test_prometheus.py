"""The alert rules for Prometheus: valid, each tried both ways, and about metrics that there are."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from gateway.files import read_document
from tests.support.servers import require
from tests.support.watchers import program_of

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "prometheus"
RULES, CONFIG, TRIED = FOLDER / "tocsin.rules.yaml", FOLDER / "prometheus.yml", Path(__file__).with_name("alerts.yaml")
SECRET = "/run/secrets/metrics_token"


def promtool(*arguments: str) -> str:
    require("promtool", program_of("promtool"))
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, timeout=60, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


def alerts() -> dict[str, dict[str, object]]:
    groups = read_document(RULES.read_text(encoding="utf-8"), RULES.name).value["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def test_the_rules_are_valid() -> None:
    assert f"SUCCESS: {len(alerts())} rules found" in promtool("check", "rules", str(RULES))


def test_the_configuration_is_valid_and_finds_the_rules(tmp_path: Path) -> None:
    """With the secret's file where this machine has one."""
    (tmp_path / "token").write_text("a token")
    (tmp_path / RULES.name).write_text(RULES.read_text(encoding="utf-8"), encoding="utf-8")
    written = CONFIG.read_text(encoding="utf-8")
    assert SECRET in written
    (tmp_path / CONFIG.name).write_text(written.replace(SECRET, str(tmp_path / "token")), encoding="utf-8")
    assert f"{len(alerts())} rules found" in promtool("check", "config", str(tmp_path / CONFIG.name))


def test_each_alert_fires_when_it_should_and_not_when_it_nearly_should() -> None:
    assert "SUCCESS" in promtool("test", "rules", str(TRIED))


def test_each_alert_is_tried_both_ways() -> None:
    tried = {each["name"] for each in read_document(TRIED.read_text(encoding="utf-8"), TRIED.name).value["tests"]}
    always = {"TocsinDeadMan does not"}  # it fires always
    assert tried | always == {f"{name} {way}" for name in alerts() for way in ("fires", "does not")}


@pytest.mark.parametrize("name", alerts())
def test_each_alert_says_in_both_languages_what_it_is_and_what_to_do(name: str) -> None:
    annotations = alerts()[name]["annotations"]
    assert isinstance(annotations, dict)
    assert annotations.keys() == {"summary", "summary_zh", "action"}
    assert re.search(r"[一-鿿]", annotations["summary_zh"])
    labels = alerts()[name]["labels"]
    assert isinstance(labels, dict)
    assert labels["severity"] in ("none", "warning", "critical")
