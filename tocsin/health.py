"""`tocsin health [URL]`: for what watches a container, where there is no curl."""

from __future__ import annotations

from typing import Annotated

import typer

SECONDS_MAX = 60.0


def health(
    url: Annotated[
        str, typer.Argument(metavar="[URL]", help="…/healthz: it lives; …/readyz: it takes readings; or any page.")
    ] = "http://127.0.0.1:8080/healthz",
    seconds: Annotated[float, typer.Option(min=0.1, max=SECONDS_MAX, help="How long the answer may take.")] = 5.0,
) -> None:
    """Ask a gateway or a console whether it answers. Exit code 1: it does not, or not with a status below 400."""
    import urllib.error
    import urllib.request

    if not url.startswith(("http://", "https://")):
        raise typer.BadParameter(f"{url!r}; expected http://… or https://…", param_hint="URL")
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never by way of the outside
    try:
        with direct.open(url, timeout=seconds) as answer:
            typer.echo(f"{url}: {answer.status}")
    except urllib.error.HTTPError as refused:
        with refused:
            typer.echo(f"{url}: {refused.code}", err=True)
        raise typer.Exit(1) from None
    except (OSError, ValueError) as fault:
        typer.echo(f"{url}: {getattr(fault, 'reason', fault)}", err=True)
        raise typer.Exit(1) from None
