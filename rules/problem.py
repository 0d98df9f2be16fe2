"""What is wrong with a file, in the form a person can act on."""

from __future__ import annotations

from typing import NamedTuple


class Problem(NamedTuple):
    """One fault in a file. `path` leads to it: keys and list indexes; the reader of the file adds the line.

    `message` names the offending value and what was expected:
    `'B1x' is not a floor of tower-a (B2, B1, 1F…)`.
    """

    path: tuple[str | int, ...]
    message: str
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        place = f"{where} {dotted(self.path)}".strip()
        return f"{place}: {self.message}" if place else self.message


def dotted(path: tuple[str | int, ...]) -> str:
    """`('zones', 2, 'floor')` → `zones[2].floor`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
