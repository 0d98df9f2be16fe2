"""`tocsin play-drills`: the devices of drills that are started at a console, say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

PROBLEM = 1


def play_drills(
    files: Annotated[
        list[Path] | None,
        typer.Option("--files", help="Sites, rules, plans, people: as the gateway has them. Without: the demo tower."),
    ] = None,
    broker: Annotated[str, typer.Option(metavar="URL", help="mqtt://host:1883")] = "mqtt://127.0.0.1:1883",
    api: Annotated[str, typer.Option(metavar="URL", help="Of the gateway.")] = "http://127.0.0.1:8080",
    token_file: Annotated[Path | None, typer.Option(help="A file with an API token that may run drills.")] = None,
    speed: Annotated[float, typer.Option(min=0.01, max=1000, help="So many times as fast as life.")] = 1.0,
) -> None:
    """Play the devices of drills that are started elsewhere, until told to stop (Ctrl-C, SIGTERM).

    A console then offers the shipped scenarios by name; people do what people have to. On the exercise tree alone.
    """
    import logging

    from gateway.library import BadFiles, load
    from simulators.drill import demo_files
    from simulators.drill_player import DrillPlayer
    from tocsin.loop import run_until_signal

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        if files:
            loaded = load(files)
        else:
            with demo_files(1) as paths:
                loaded = load(paths)
        token = token_file.read_text(encoding="utf-8").strip() if token_file else None
        player = DrillPlayer(loaded, broker, api, token, speed)
    except (OSError, BadFiles, ValueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(PROBLEM) from None
    typer.echo(f"{len(player.scenarios)} scenarios can be played")
    run_until_signal(player.run)
