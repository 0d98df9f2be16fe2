"""`tocsin explain INC-… | site/device`"""

from __future__ import annotations

from typing import Annotated

import typer

from tocsin.run import Config

INDENT = "    "


def explain(
    what: Annotated[str, typer.Argument(metavar="INC-…|SITE/DEVICE", help="An incident or a device.")],
    config: Config = None,
    language: Annotated[str, typer.Option("--language", "-l", help="en or zh")] = "en",
    mode: Annotated[str, typer.Option(help="actual, exercise or test")] = "actual",
) -> None:
    """Say why something did or did not happen: every rule of a device, or an incident's decisions, what is due next
    and what keeps it from being closed. The gateway may run. Exit code 2: there is no such thing."""
    from rich.console import Console
    from rich.text import Text

    from gateway.clock import now_ms
    from gateway.config import read_settings
    from gateway.core import TELEMETRY_FOLDER
    from gateway.inquiry import Unknown
    from gateway.inquiry import explain as explain_stored
    from rules.mode import Mode
    from tocsin.journal import opened

    with opened(config) as store:
        folder = read_settings(config).data / TELEMETRY_FOLDER
        try:
            lines = explain_stored(store, folder, what, now_ms(), Mode(mode))
        except Unknown as unknown:
            typer.echo(f"tocsin: {unknown}", err=True)
            raise typer.Exit(2) from None
    console = Console(highlight=False, soft_wrap=True)
    for line in lines:
        said = line.zh if language == "zh" else line.en
        console.print(Text(INDENT * line.depth + said, style=("bold", "", "dim")[min(line.depth, 2)]))
