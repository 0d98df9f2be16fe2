"""The project's own files, and what stands in them: for the tests of style."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PACKAGES = ("rules", "api", "gateway", "simulators", "tocsin")
NOT_SOURCES = ("__pycache__", "build", "data", "dist")

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Named(NamedTuple):
    """A module, class or function: `gateway.desk`, `gateway.desk.Desk`, `gateway.desk.Desk.submit`."""

    qualified: str
    line: int
    lines: int

    @property
    def name(self) -> str:
        return self.qualified.rpartition(".")[2]


@cache
def files() -> tuple[Path, ...]:
    """Everything that is, or would be, under version control, by its path from the root."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    found = {Path(name) for name in listed.stdout.split("\0") if name} or set(_unpacked(ROOT))
    return tuple(sorted(path for path in found if (ROOT / path).is_file()))


def _unpacked(folder: Path) -> Iterator[Path]:
    """The files of an archive that was unpacked: no version control knows them."""
    for path in folder.iterdir():
        if path.is_dir() and not path.name.startswith(".") and path.name not in NOT_SOURCES:
            yield from _unpacked(path)
        elif path.is_file():
            yield path.relative_to(ROOT)


def python_files(*folders: str) -> list[Path]:
    """Those in the given folders; without any, all."""
    return [path for path in files() if path.suffix == ".py" and (not folders or path.parts[0] in folders)]


def markdown_files() -> list[Path]:
    return [path for path in files() if path.suffix == ".md"]


def read(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(read(path), str(path))


def module_name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def named(path: Path) -> Iterator[Named]:
    """The module itself, then its classes and functions at any depth."""
    module = module_name(path)
    yield Named(module, 1, read(path).count("\n"))
    yield from _inside(tree(path), module)


def _inside(node: ast.AST, prefix: str) -> Iterator[Named]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function | ast.ClassDef):
            name = f"{prefix}.{child.name}"
            yield Named(name, child.lineno, (child.end_lineno or child.lineno) - child.lineno + 1)
            yield from _inside(child, name)
        else:
            yield from _inside(child, prefix)


def functions(path: Path) -> Iterator[tuple[str, Function]]:
    """Qualified name and definition of each function, at any depth."""
    lines = {entry.line: entry.qualified for entry in named(path)}
    for node in ast.walk(tree(path)):
        if isinstance(node, Function):
            yield lines[node.lineno], node
