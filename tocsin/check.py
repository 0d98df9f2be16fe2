"""`tocsin check FILES…`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
    from gateway.check import summary

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
