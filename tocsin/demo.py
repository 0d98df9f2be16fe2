"""`tocsin demo`"""

from __future__ import annotations

from typing import Annotated

import typer


def demo(
    leave: Annotated[bool, typer.Option("--exit", help="End by itself when the incident is closed.")] = False,
    speed: Annotated[float, typer.Option(min=0.5, max=20, help="How many times as fast as life.")] = 5,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Of the HTTP API; another if it is taken.")] = 8080,
    mqtt_port: Annotated[int, typer.Option(min=0, max=65_535, help="Of the broker; another if it is taken.")] = 1883,
    console_port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Of the web pages; another if it is taken.")
    ] = 8090,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds for the incident to open and close.")] = 180,
) -> None:
    """A simulated tower, a fire on the 12th floor, and its timeline as it grows.

    The gateway is the real one, in a child process with an embedded broker and a temporary data folder; 408 simulated
    devices publish over MQTT. Exit code 1: the timeline does not hold what it should.
    """
    import sys
    from io import TextIOWrapper

    from rich.console import Console

    from tocsin.demo_gateway import GatewayFailed
    from tocsin.demo_play import Demo, Options
    from tocsin.loop import run_until_signal

    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that knows no Unicode still shows the rest
    console = Console(highlight=False)
    code = 130  # as a shell says: ended by Ctrl-C

    async def run() -> None:
        nonlocal code
        code = await Demo(Options(leave, speed, port, mqtt_port, console_port, timeout), console).run()

    try:
        run_until_signal(run)
    except GatewayFailed as failed:
        typer.echo(f"tocsin: {failed}", err=True)
        raise typer.Exit(1) from failed
    raise typer.Exit(0 if code == 130 and not leave else code)
