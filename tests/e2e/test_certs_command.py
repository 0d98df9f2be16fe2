"""The commands of docs/certs.md, in its order, in an empty folder."""

from __future__ import annotations

import os
import shlex
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509

from tests.support.documented import CERTS
from tests.support.markdown import blocks, commands
from tests.support.sources import ROOT

WRITTEN = [command for block in blocks(CERTS, "sh") for command in commands(block)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the commands are run: with the example's site, and the page's own file of users."""
    (tmp_path / "deploy").mkdir()
    shutil.copytree(ROOT / "deploy" / "example", tmp_path / "deploy" / "example")
    (tmp_path / "panels").write_text(next(blocks(CERTS, "text")).text)
    return tmp_path


def run(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    program, *arguments = shlex.split(command)
    assert program == "tocsin"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, "-m", "tocsin", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_commands_of_the_page_make_renew_and_revoke_certificates_and_write_access_lists(folder: Path) -> None:
    said: dict[str, str] = {}
    for command in WRITTEN:
        done = run(folder, command)
        assert (done.returncode, done.stderr) == (0, ""), command
        said[command] = done.stdout
        if command.endswith("--users panels --output acl"):
            text = (folder / "acl").read_text()
            assert "user fire-panel\n" in text
            assert "user example/sd-101\n" not in text
    certs = folder / "certs"
    assert all(stat.S_IMODE(key.stat().st_mode) == 0o600 for key in certs.rglob("*.key"))
    assert len(list((certs / "clients" / "example").glob("*.pem"))) == 12  # 13 devices, one of them revoked
    assert len(list(x509.load_pem_x509_crl((certs / "crl.pem").read_bytes()))) == 1
    listed = said["tocsin certs list --folder certs"]
    assert len(listed.splitlines()) == 1 + 1 + 13 + 3
    assert "example/sd-101: revoked " in said["tocsin certs revoke example/sd-101 --folder certs"]
    assert "user zigbee2mqtt\n" in (folder / "acl").read_text()


def test_what_expires_soon_is_marked_and_makes_an_exit_code(folder: Path) -> None:
    assert run(folder, "tocsin certs init --folder certs").returncode == 0
    assert run(folder, "tocsin certs device example/sd-101 --days 20.5 --folder certs").returncode == 0
    listed = run(folder, "tocsin certs list --folder certs")
    assert listed.returncode == 1
    assert "<- 20 days left" in listed.stdout


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        ("tocsin certs server broker --folder nowhere", "`tocsin certs init` begins a folder"),
        ("tocsin certs device --folder nowhere", "neither a device nor a --site is named"),
        ("tocsin certs device --site missing.yaml --folder nowhere", "missing.yaml: cannot be read"),
        ("tocsin acl deploy/example/site.yaml --users missing", "No such file or directory"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(folder: Path, command: str, fault: str) -> None:
    done = run(folder, command)
    assert done.returncode == 2
    assert fault in done.stderr
    assert "Traceback" not in done.stderr
