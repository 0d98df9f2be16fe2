"""Files that people write: YAML text → values, and every fault in them as a `Problem` with file, line and path.

    document = read_file(Path("rules/fire.yaml"))
    rules, problems = validate(RuleFile, document)
    problems += locate(find_faults(rules), document)     # rules that know paths, but no lines

Nothing here raises for what stands in a file; a file that cannot be opened raises OSError.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from pydantic import BaseModel, ValidationError

from gateway.faults import problems_of
from gateway.yaml_tree import Marks, Step, TreeBuilder, Unreadable
from rules.problem import Problem
from rules.wording import shown

FILE_BYTES_MAX = 64 * 1024 * 1024  # a site of 100 000 devices is 15 MB

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Document:
    """What stands in one file: `value` in plain Python (dict, list, str, int, float, bool, None).

    Keys are always text. With `problems` the value holds what could be read, None if nothing could.
    """

    file: str
    value: Any = None
    problems: tuple[Problem, ...] = ()
    marks: Marks = field(default_factory=lambda: Marks(1))
    text: str = ""

    def line(self, path: tuple[Step, ...]) -> int:
        """The line of the key or item that `path` leads to; of the nearest thing above it, if it does not exist."""
        marks, line = self.marks, self.marks.line
        for step in path:
            line = marks.lines.get(step, line)
            if step not in marks.below:
                break
            marks = marks.below[step]
        return line

    def at(self, path: tuple[Step, ...]) -> Any:
        """The value that `path` leads to; None if there is none."""
        value = self.value
        for step in path:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value


def read_document(text: str, file: str) -> Document:
    """YAML 1.2 text → document. `file` is the name that problems carry."""
    builder = TreeBuilder()
    problems = builder.problems
    value = None
    try:
        builder.build(text)
        value = builder.value if isinstance(builder.value, dict) else None
        if value is None:
            found = "the file is empty" if builder.value is None else f"{shown(builder.value)} is not a mapping"
            problems.append(Problem((), f"{found}; expected keys and values", line=1))
    except Unreadable as stop:
        problems.append(stop.args[0])
    placed = tuple(problem._replace(file=file) for problem in problems)
    return Document(file, value, placed, builder.marks, text)


def read_file(path: Path, name: str = "") -> Document:
    """Read a file of at most `FILE_BYTES_MAX`, UTF-8. Raises OSError if it cannot be opened."""
    name = name or str(path)
    with path.open("rb") as stream:
        raw = stream.read(FILE_BYTES_MAX + 1)
    if len(raw) > FILE_BYTES_MAX:
        return Document(name, None, (Problem((), f"larger than {FILE_BYTES_MAX} bytes", name, 1),))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = raw[: fault.start].count(b"\n") + 1
        return Document(name, None, (Problem((), f"byte {raw[fault.start]:#04x} is not UTF-8", name, line),))
    return read_document(text, name)


def validate(model: type[M], document: Document) -> tuple[M | None, list[Problem]]:
    """The document as a `model`, or None, and all problems: those of reading come first.

    Types are strict, as in JSON: `"5"` is no number and `on` no boolean.
    """
    problems = list(document.problems)
    if document.value is None:
        return None, problems
    try:
        return model.model_validate_json(msgspec.json.encode(document.value), strict=True), problems
    except ValidationError as errors:
        misread = {problem.path for problem in problems}  # there the value is None, which is no news
        found = [problem for problem in problems_of(errors, model, document.value) if problem.path not in misread]
    return None, problems + locate(found, document)


def locate(problems: Iterable[Problem], document: Document) -> list[Problem]:
    """The same problems with this document's file name and the lines their paths lead to."""
    return [p._replace(file=document.file, line=p.line or document.line(p.path)) for p in problems]
