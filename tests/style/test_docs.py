"""What the documentation says is so: links lead somewhere, examples are valid, generated parts are current."""

from __future__ import annotations

import pkgutil
import re
from pathlib import Path

import pytest

from gateway.check import check
from gateway.config import read_settings
from simulators.scenario import read_scenario
from tests.support import exempt, generated
from tests.support.documented import NOT_RUN, PAGES, RUN_BY
from tests.support.markdown import Block, anchors, blocks, commands, links
from tests.support.sources import PACKAGES, ROOT, files, markdown_files, read

STANDARD_FOLDERS = {Path(name) for name in ("/", "/home", "/opt", "/root", "/srv", "/tmp", "/usr", "/usr/src", "/var")}
_HOME = re.compile(r"/(?:home|Users)/[A-Za-z]|/root/[A-Za-z.]")

_PACKAGE = "|".join(PACKAGES)
_PATH = re.compile(rf"`(?!tocsin/v1)((?:{_PACKAGE}|tests|bench|deploy|docs)/[\w./-]*\w/?)`")
_NAME = re.compile(rf"`((?:{_PACKAGE})(?:\.\w+)+)`(?!\.)")

# Pages whose examples have a test of their own.
PLAYED = {Path("docs/rules.md"): Path("tests/rules/test_rules_doc.py")}
YAML = [block for path in markdown_files() if path not in PLAYED for block in blocks(path, "yaml")]
MAYBE_BINARY = {".png", ".ico", ".woff2", ".pdf"}


def identity(value: object) -> str:
    if isinstance(value, Block):
        return f"{value.file}:{value.line}"
    return f"{value.file}:{value.name}" if isinstance(value, generated.Part) else str(value)


@pytest.mark.parametrize("path", markdown_files(), ids=str)
def test_every_link_within_the_project_leads_somewhere(path: Path) -> None:
    dead = []
    for target in links(path):
        if re.match(r"[a-z]+:", target):
            continue  # elsewhere: not ours to test
        name, _, anchor = target.partition("#")
        goal = (ROOT / path.parent / name).resolve() if name else ROOT / path
        if not goal.exists() or (anchor and anchor not in anchors(goal.relative_to(ROOT))):
            dead.append(target)
    assert dead == []


@pytest.mark.parametrize("block", YAML, ids=identity)
def test_every_yaml_example_is_valid(block: Block, tmp_path: Path) -> None:
    file = tmp_path / "example.yaml"
    file.write_text(block.text, encoding="utf-8")
    if block.first == "# settings":
        read_settings(file, {})
    elif block.first == "# scenario":
        assert [str(problem) for problem in read_scenario(file)[1]] == []
    else:
        assert block.first in ("# site", "# device classes", "# rules", "# plans", "# roster", "# notices"), (
            "the first line says what kind of file it is"
        )
        assert [str(problem) for problem in check([file]).problems] == []


def test_pages_with_examples_that_are_played_have_a_test_that_plays_them() -> None:
    assert [page for page, test in PLAYED.items() if page.name not in read(test)] == []


@pytest.mark.parametrize("part", generated.PARTS, ids=identity)
def test_what_is_made_from_the_code_is_current(part: generated.Part) -> None:
    assert generated.stands(part) == part.text(), "python -m tests.support.generated writes it anew"


def test_every_setting_has_a_variable_that_sets_it() -> None:
    values = {"TOCSIN_HTTP__PORT": "9000", "TOCSIN_BROKER__URL": "mqtt://broker:1883"}
    assert values.keys() <= set(generated.variables())
    settings = read_settings(None, values)
    assert (settings.http.port, settings.broker.url) == (9000, "mqtt://broker:1883")


def test_known_violations_are_those_that_the_tests_let_pass() -> None:
    _, heading, section = read(Path("STYLE.md")).partition("## Known violations\n")
    assert heading, "STYLE.md ends with its known violations"
    let_pass = {**exempt.LINES_OF_FILE, **exempt.LINES_OF_FUNCTION, **exempt.WORDS}
    assert [name for name in let_pass if f"`{name}`" not in section] == []


def test_no_file_names_a_place_on_somebody_s_machine() -> None:
    own = [str(ROOT), *([f"{ROOT.parent}/"] if ROOT.parent not in STANDARD_FOLDERS else [])]
    found = []
    for path in files():
        if path.suffix in MAYBE_BINARY:
            continue
        for number, line in enumerate((ROOT / path).read_bytes().decode("utf-8", "replace").splitlines(), start=1):
            if any(place in line for place in own) or _HOME.search(line):
                found.append(f"{path}:{number}")
    assert found == []


@pytest.mark.parametrize("path", markdown_files(), ids=str)
def test_what_the_documentation_names_is_there(path: Path) -> None:
    """Paths from the root, and things by their full name: `gateway/desk.py`, `gateway.desk.Desk.submit`."""
    text = read(path)
    missing = [name for name in _PATH.findall(text) if not (ROOT / name).exists()]
    missing += [name for name in _NAME.findall(text) if not is_there(name)]
    assert missing == []


def is_there(name: str) -> bool:
    try:
        pkgutil.resolve_name(name)
    except (ImportError, AttributeError):
        module, _, field = name.rpartition(".")  # a field of a model or struct is no attribute of its class
        try:
            owner = pkgutil.resolve_name(module)
        except (ImportError, AttributeError):
            return False
        return field in getattr(owner, "__annotations__", {})
    return True


def test_every_command_of_the_documentation_is_run_or_says_why_not() -> None:
    written = {command for path in PAGES for block in blocks(path, "sh") for command in commands(block)}
    assert written == RUN_BY.keys() | NOT_RUN.keys()
    assert [test for test in RUN_BY.values() if not (ROOT / test).exists()] == []


def test_every_page_with_commands_is_looked_at() -> None:
    assert {path for path in markdown_files() if any(blocks(path, "sh"))} == set(PAGES)


def test_the_example_s_settings_and_site_are_valid() -> None:
    example = ROOT / "deploy" / "example"
    settings = read_settings(example / "gateway.yaml", {})
    assert settings.sites == [example / "site.yaml"]
    assert [str(problem) for problem in check(settings.files).problems] == []
