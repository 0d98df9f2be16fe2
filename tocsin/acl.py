"""`tocsin acl [SITE…]`: the broker's access list."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def acl(
    sites: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[SITE…]", help="Site and class files: lines of its own for each device; without: %u."),
    ] = None,
    users: Annotated[
        Path | None,
        typer.Option("--users", metavar="FILE", help="Lines of `user site/device [site/device …]`; needs a SITE."),
    ] = None,
    formats: Annotated[
        list[str] | None, typer.Option("--format", metavar="NAME", help="Also a format's topics; several are possible.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where to; without: standard output.")] = None,
) -> None:
    """Write the access list of a Mosquitto: each device its own topics, exercises apart from what is real.

    Formats: zigbee2mqtt, tasmota, shelly, chirpstack, homeassistant, homie, sparkplug.
    """
    from gateway.access_list import FORMATS, access_list, read_users
    from gateway.library import load
    from rules.wording import not_one_of

    for each in formats or []:
        if each not in FORMATS:
            raise typer.BadParameter(not_one_of(each, "a format", sorted(FORMATS)), param_hint="--format")
    if users and not sites:
        raise typer.BadParameter("the devices it names stand in a site file: give it, too", param_hint="--users")
    try:
        directory = load(sites).directory if sites else None
        theirs = read_users(users.read_text(encoding="utf-8"), directory, str(users)) if users and directory else None
        text = access_list(directory, theirs, list(dict.fromkeys(formats or [])))
        if output is None:
            typer.echo(text, nl=False)
        else:
            output.write_text(text, encoding="utf-8")
    except (ValueError, OSError) as fault:
        typer.echo(f"tocsin: {fault}", err=True)
        raise typer.Exit(2) from None
