"""`tocsin check FILES…`"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from gateway.check import Checked

_VISIBLE = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))}  # a file may not steer the terminal


def check(
    paths: Annotated[
        list[Path], typer.Argument(metavar="FILES…", help="Files, or folders: all .yaml files below them.")
    ],
) -> None:
    """Check files that people write. Every fault is shown with file and line; exit code 1 if there is any."""
    from rich.console import Console
    from rich.text import Text

    from gateway.check import check as check_files

    checked = check_files(paths)
    console = Console(highlight=False, soft_wrap=True)
    for problem in checked.problems:
        line = str(problem).translate(_VISIBLE)
        where = len(f"{problem.file}:{problem.line}" if problem.line else problem.file)
        text = Text(line)
        text.stylize("bold", 0, where)
        console.print(text)
    for remark in checked.remarks:
        console.print(Text(f"note: {remark}", style="yellow"))
    console.print(Text(summary(checked), style="red" if checked.problems else "green"))
    raise typer.Exit(1 if checked.problems else 0)


def summary(checked: Checked) -> str:
    """`2 files, 1 site, 412 devices, 3 problems`"""
    counts = [(checked.files, "file"), (checked.sites, "site"), (checked.devices, "device")]
    parts = [_count(number, noun) for number, noun in counts]
    problems = len(checked.problems)
    return ", ".join([*parts, _count(problems, "problem") if problems else "no problems"])


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
