"""`tocsin run`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

HOST = "127.0.0.1"

Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", metavar="FILE", help="Settings file; without it defaults and TOCSIN_… variables."),
]


def run(
    config: Config = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Log what is only of interest to a developer.")
    ] = False,
    console: Annotated[bool, typer.Option("--console", help="The control room's web pages beside it.")] = False,
    console_port: Annotated[int, typer.Option(min=1, max=65_535, help="Of the web pages, on this machine.")] = 8090,
) -> None:
    """Run the gateway until it is told to stop (Ctrl-C, SIGTERM). Exit code 2: it cannot start like this."""
    import asyncio
    import logging

    from gateway.app import Gateway
    from gateway.broker import BrokerFailed
    from gateway.config import BadSettings, read_settings
    from gateway.ending import end
    from gateway.store import StoreLocked
    from gateway.systemd import Systemd
    from tocsin.console_child import keep_console
    from tocsin.loop import run_until_signal

    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    for name in ("alembic", "uvicorn"):
        logging.getLogger(name).setLevel(logging.WARNING)
    systemd = Systemd()
    try:
        settings = read_settings(config)
        beside: list[asyncio.Task[None]] = []

        def ready(url: str) -> None:
            typer.echo(f"Tocsin is ready: {url}/api/v1/incidents")
            if console and not beside:
                typer.echo(f"The console is at http://{HOST}:{console_port}")
                beside.append(asyncio.create_task(keep_console(url, HOST, console_port)))

        gateway = Gateway(settings, on_ready=ready, on_started=systemd.started)

        async def work() -> None:
            watching = asyncio.create_task(systemd.keep_alive(gateway.alive))
            try:
                await gateway.run()
            finally:
                await end([*beside, watching])

        run_until_signal(work, systemd.stopping)
    except* (BadSettings, BrokerFailed, StoreLocked, ValueError, OSError) as faults:
        for fault in _leaves(faults):
            typer.echo(f"tocsin: {fault}", err=True)
        raise typer.Exit(2) from None


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    found: list[BaseException] = []
    for each in group.exceptions:
        found += _leaves(each) if isinstance(each, BaseExceptionGroup) else [each]
    return found
