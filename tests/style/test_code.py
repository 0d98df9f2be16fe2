"""What STYLE.md says of code, as far as a program can tell."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.support import exempt
from tests.support.sources import PACKAGES, Named, functions, named, python_files, read, tree

FILE_LINES_MAX = 400  # more than that is two subjects
FUNCTION_LINES_MAX = 70  # more does not fit on a screen
TEST_NAME_WORDS_MIN = 3  # fewer is a name, not a sentence

BANNED = {"alert", "handler", "manager", "util", "utils", "helper", "helpers", "common", "data", "service"}
BANNED_VERB = "process"  # as what a function does; an operating system's process is one

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")


def words(name: str) -> list[str]:
    """`LinkSettings` and `link_settings` → link, settings."""
    return [word.lower() for word in _WORD.findall(name)]


def with_banned_words() -> Iterator[Named]:
    for path in python_files(*PACKAGES):
        for entry in named(path):
            found = words(entry.name)
            verb = entry.name[0].islower() and found[:1] == [BANNED_VERB] and entry.line > 1
            if BANNED & set(found) or verb:
                yield entry


def too_long_functions() -> Iterator[Named]:
    for path in python_files():
        whole = {name for name, _ in functions(path)}
        yield from (entry for entry in named(path) if entry.qualified in whole and entry.lines > FUNCTION_LINES_MAX)


def test_no_file_is_longer_than_a_person_reads_at_once() -> None:
    lengths = {str(path): read(path).count("\n") for path in python_files()}
    too_long = {path: lines for path, lines in lengths.items() if lines > FILE_LINES_MAX}
    assert too_long.keys() == exempt.LINES_OF_FILE.keys(), too_long


def test_no_function_is_longer_than_a_screen() -> None:
    too_long = {entry.qualified: entry.lines for entry in too_long_functions()}
    assert too_long.keys() == exempt.LINES_OF_FUNCTION.keys(), too_long


def test_modules_classes_and_functions_have_the_words_of_the_house() -> None:
    found = list(with_banned_words())
    assert {entry.name for entry in found} == exempt.WORDS.keys(), [entry.qualified for entry in found]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("link_settings", ["link", "settings"]),
        ("LinkSettings", ["link", "settings"]),
        ("HTTPManager", ["http", "manager"]),
        ("metadata", ["metadata"]),
        ("_to_utf8", ["to", "utf", "8"]),
    ],
)
def test_a_name_is_taken_apart_into_its_words(name: str, expected: list[str]) -> None:
    assert words(name) == expected


def test_every_module_says_what_it_is_for() -> None:
    paths = [path for path in python_files(*PACKAGES, "bench") if tree(path).body]
    assert [str(path) for path in paths if not ast.get_docstring(tree(path))] == []


def test_no_test_replaces_what_is_inside_the_code() -> None:
    """A fake stands at a port and is passed in; nothing is patched from outside."""
    found = []
    for path in python_files("tests", "bench"):
        for node in ast.walk(tree(path)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            module = node.module if isinstance(node, ast.ImportFrom) else None
            if "unittest.mock" in [module, *names] or (module == "unittest" and "mock" in names):
                found.append(f"{path}:{node.lineno}")
    assert found == []


def test_nothing_sleeps_to_wait_for_something() -> None:
    found = []
    for path in python_files():
        for node in ast.walk(tree(path)):
            called = isinstance(node, ast.Attribute) and ast.unparse(node) == "time.sleep"
            imported = isinstance(node, ast.ImportFrom) and node.module == "time"
            if called or (imported and any(alias.name == "sleep" for alias in node.names)):
                found.append(f"{path}:{node.lineno}")
    assert found == []


def test_the_name_of_a_test_is_a_sentence() -> None:
    names = [
        name
        for path in python_files("tests")
        if path.name.startswith("test_")
        for name, _ in functions(path)
        if name.rpartition(".")[2].startswith("test_")
    ]
    assert names
    assert [name for name in names if len(words(name.rpartition(".")[2])) <= TEST_NAME_WORDS_MIN] == []
