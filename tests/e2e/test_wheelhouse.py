"""Installing where there is no network: from the folder that `make wheelhouse` has made, into a new environment."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.servers import require
from tests.support.sources import ROOT

WHEELHOUSE = ROOT / "build" / "wheelhouse"
SECONDS_MAX = 300
NOWHERE = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_EXTRA_INDEX_URL": "", "PIP_CONFIG_FILE": os.devnull}


@pytest.fixture(scope="module")
def wheelhouse() -> Path:
    require("the wheelhouse (make wheelhouse)", (WHEELHOUSE / "SHA256SUMS").exists())
    return WHEELHOUSE


def without_network(command: list[str]) -> list[str]:
    """In a network namespace that has nothing, where this user may make one."""
    unshare = shutil.which("unshare")
    alone = [str(unshare), "--net", "--map-root-user"]
    if unshare and not subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        return [*alone, *command]
    return command


def test_everything_that_is_locked_is_there_and_is_what_its_list_says(wheelhouse: Path) -> None:
    listed = dict(reversed(line.split(maxsplit=1)) for line in (wheelhouse / "SHA256SUMS").read_text().splitlines())
    there = {f"./{path.relative_to(wheelhouse)}" for path in wheelhouse.rglob("*") if path.is_file()}
    assert listed.keys() == there - {"./SHA256SUMS"}
    assert not list(wheelhouse.glob("*.tar.gz"))  # nothing would have to be compiled
    locked = (ROOT / "requirements" / "run.txt").read_text()
    for wheel in wheelhouse.glob("*.whl"):
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        assert f"sha256:{digest}" in locked or wheel.name.startswith("tocsin-"), wheel.name
    assert len(list(wheelhouse.glob("tocsin-*.whl"))) == 1
    assert not re.search("secrets|certs", " ".join(listed))


@pytest.mark.slow
@pytest.mark.timeout(2 * SECONDS_MAX)
def test_it_is_installed_from_the_folder_alone_and_works(wheelhouse: Path, tmp_path: Path) -> None:
    into = tmp_path / "tocsin-0.1.0"
    command = without_network(["sh", str(wheelhouse / "install.sh"), str(into)])
    environment = {**os.environ, "PYTHON": sys.executable, **NOWHERE}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=SECONDS_MAX, cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Installed: {into}/bin/tocsin" in done.stdout
    alone = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    checked = subprocess.run(
        [str(into / "bin" / "tocsin"), "check", str(wheelhouse / "deploy" / "example")],
        env=alone,
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    again = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (again.returncode, "is there already" in again.stderr) == (1, True)


def test_a_folder_that_was_damaged_on_its_way_is_not_installed_from(wheelhouse: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in wheelhouse.rglob("*"):
        if path.is_file():
            place = copy / path.relative_to(wheelhouse)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(path)
    (copy / "run.txt").unlink()
    (copy / "run.txt").write_text((wheelhouse / "run.txt").read_text() + "\n# somebody was here\n")
    into = tmp_path / "tocsin"
    done = subprocess.run(
        ["sh", str(copy / "install.sh"), str(into)],
        env={**os.environ, "PYTHON": sys.executable, **NOWHERE},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "run.txt" in done.stdout + done.stderr
    assert not into.exists()
