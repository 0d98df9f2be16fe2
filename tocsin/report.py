"""`tocsin report INC-…`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from tocsin.run import Config


def report(
    incident: Annotated[str, typer.Argument(metavar="INC-…", help="The incident.")],
    config: Config = None,
    format: Annotated[
        Literal["pdf", "html", "markdown", "json", "csv"], typer.Option("--format", "-f", help="csv: its timeline.")
    ] = "pdf",
    kind: Annotated[
        Literal["incident", "after_action"], typer.Option(help="What happened, or how the response went.")
    ] = "incident",
    language: Annotated[Literal["en", "zh"], typer.Option("--language", "-l", help="en or zh")] = "en",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Where to; without it INC-….pdf, - for stdout.")
    ] = None,
) -> None:
    """Write the report of an incident, to be filed and signed, or its timeline for a spreadsheet. The gateway may run.
    Exit code 2: there is no such incident, or the report cannot be made here."""
    from gateway.clock import now_ms
    from gateway.reports.offline import ENDINGS, Unknown, written
    from gateway.reports.pdf import NotSet
    from tocsin.journal import opened

    with opened(config) as store:
        try:
            content = written(store, incident, kind, format, language, now_ms())
        except Unknown:
            typer.echo(f"tocsin: there is no incident {incident}", err=True)
            raise typer.Exit(2) from None
        except NotSet as error:
            typer.echo(f"tocsin: the report cannot be set as PDF: {error}", err=True)
            raise typer.Exit(2) from None
    if out == Path("-"):
        typer.get_binary_stream("stdout").write(content)
        return
    path = out or Path(f"{incident}.{ENDINGS[format]}")
    try:
        path.write_bytes(content)
    except OSError as error:
        typer.echo(f"tocsin: {path}: {error.strerror}", err=True)
        raise typer.Exit(2) from None
    typer.echo(f"{path}: {len(content)} bytes")
