"""`tocsin console`"""

from __future__ import annotations

from typing import Annotated

import typer


def console(
    api: Annotated[str, typer.Option(help="Where the gateway's API is.")] = "http://127.0.0.1:8080",
    host: Annotated[str, typer.Option(help="The address it listens on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535)] = 8090,
    timezone: Annotated[str, typer.Option(help="Of the times on pages; without it, that of the sites.")] = "",
    language: Annotated[str, typer.Option(help="en or zh, where a browser asks for neither.")] = "en",
) -> None:
    """The control room's web pages: a process of its own, and a client of the HTTP API alone.

    A supplementary display: it replaces no fire panel and no lift intercom.
    """
    from pydantic import ValidationError

    from console.app import run
    from console.settings import ConsoleSettings

    try:
        settings = ConsoleSettings.model_validate(
            {"api": api, "host": host, "port": port, "language": language, "timezone": timezone}
        )
    except ValidationError as error:
        first = error.errors()[0]
        typer.echo(f"tocsin: --{first['loc'][0]} {first['input']!r}: {first['msg']}", err=True)
        raise typer.Exit(2) from error
    typer.echo(f"The console is at http://{settings.host}:{settings.port}, over the API at {settings.api_url}")
    run(settings)
