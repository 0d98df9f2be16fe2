"""What is installed is what was locked, with hashes; and what is shipped may be shipped."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.support.sources import ROOT

# Licences that put no condition on a program that merely uses what they are of. LGPL and MPL: used unchanged, as a
# package of its own, which anybody may replace.
PERMISSIVE = re.compile(
    r"Apache|MIT|BSD|ISC|PSF|Python Software Foundation|Unlicense|MPL|Mozilla|LGPL|Lesser|HPND|CC0|0BSD|Zlib|ZPL", re.I
)
FORBIDDEN = re.compile(
    r"(?<!L)(?<!Lesser )\b(A?GPL|GNU (Affero )?General Public|SSPL|BUSL|Commons Clause|Proprietary)", re.I
)


def locked(name: str) -> dict[str, list[str]]:
    """Distribution → the lines of its entry."""
    found: dict[str, list[str]] = {}
    entry: list[str] = []
    for line in (ROOT / "requirements" / name).read_text().splitlines():
        if match := re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;]+)", line):
            entry = found.setdefault(_plain(match[1]), [])
            entry.append(match[2])
        elif "--hash=" in line:
            entry.append(line.strip())
    return found


def _plain(name: str) -> str:
    """PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()


# Where a distribution names several licences for several of its parts, those of the parts that are shipped.
JUDGED = {"docutils": "public domain and BSD; the GPL is that of an Emacs mode, which is not in the wheel"}


def licences() -> dict[str, str]:
    """Installed distribution → its licence, as it says itself."""
    program = Path(sys.executable).parent / "pip-licenses"
    done = subprocess.run(
        [str(program), "--python", sys.executable, "--from", "mixed", "--format", "json"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {_plain(each["Name"]): each["License"] for each in json.loads(done.stdout)}


@pytest.mark.parametrize("name", ["run.txt", "dev.txt"])
def test_everything_that_is_locked_has_a_version_and_hashes(name: str) -> None:
    entries = locked(name)
    assert len(entries) > 30
    assert [each for each, lines in entries.items() if not any("sha256:" in line for line in lines)] == []


def test_every_dependency_that_is_named_is_locked() -> None:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
    names = [_plain(re.split(r"[^A-Za-z0-9._-]", each)[0]) for each in project["project"]["dependencies"]]
    assert set(names) <= locked("run.txt").keys()
    assert locked("run.txt").keys() <= locked("dev.txt").keys()


def test_what_is_shipped_with_the_product_has_a_licence_that_allows_it() -> None:
    known, shipped = licences(), locked("run.txt")
    said = {name: known[name] for name in shipped if name in known and name not in JUDGED}
    assert len(said) > 30
    assert {name: text for name, text in said.items() if FORBIDDEN.search(text)} == {}
    assert {name: text for name, text in said.items() if not PERMISSIVE.search(text)} == {}


@pytest.mark.parametrize("text", ["GPLv3", "GNU General Public License v3", "AGPL-3.0", "SSPL-1.0"])
def test_a_licence_that_would_bind_the_product_is_told_from_one_that_does_not(text: str) -> None:
    assert FORBIDDEN.search(text)
    assert not FORBIDDEN.search("LGPL-3.0-only")
    assert not FORBIDDEN.search("GNU Lesser General Public License v3")
