"""`tocsin check` and `tocsin schema` as a person runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = ROOT / "tests" / "gateway"


def tocsin(*arguments: str | Path, folder: Path = FILES) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tocsin", *map(str, arguments)]
    environment = {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "NO_COLOR": "1", "COLUMNS": "80"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_good_files_pass() -> None:
    done = tocsin("check", "good")
    assert (done.stdout, done.returncode) == ("2 files, 1 site, 5 devices, no problems\n", 0)


def test_each_problem_is_one_line_that_starts_with_file_and_line() -> None:
    done = tocsin("check", "bad/site.unknown-class.yaml", "bad/site.id-with-slash.yaml")
    assert done.returncode == 1
    first, second, summary = done.stdout.splitlines()
    assert first.startswith("bad/site.id-with-slash.yaml:11 buildings[0].floors[0].zones[0].devices[0].id: '1F/sd-1'")
    assert second.startswith("bad/site.unknown-class.yaml:12 ")
    assert second.endswith("did you mean smoke_detector?")
    assert summary == "2 files, 2 sites, 2 devices, 2 problems"


def test_a_file_cannot_steer_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text('"\\e[2Jsite": 1\nsite: a\n', encoding="utf-8")
    done = tocsin("check", "a.yaml", folder=tmp_path)
    assert done.returncode == 1
    assert "\x1b" not in done.stdout


def test_the_schemas_of_all_kinds_are_written_for_editors(tmp_path: Path) -> None:
    done = tocsin("schema", "--out", "schemas", folder=tmp_path)
    assert done.returncode == 0
    written = {path.name for path in (tmp_path / "schemas").iterdir()}
    assert {"site.schema.json", "device-classes.schema.json", "rules.schema.json"} <= written
    one = tocsin("schema", "site", folder=tmp_path)
    assert json.loads(one.stdout) == json.loads((tmp_path / "schemas" / "site.schema.json").read_text(encoding="utf-8"))


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    done = tocsin("schema", "sites")
    assert done.returncode == 2
    assert "did you mean site?" in " ".join(done.stderr.replace("│", " ").split())


def test_help_does_not_wait_for_the_gateway() -> None:
    script = "import sys, tocsin.cli; print([m for m in ('pydantic', 'sqlalchemy', 'gateway') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
