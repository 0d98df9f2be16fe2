"""`tocsin run`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", metavar="FILE", help="Settings file; without it defaults and TOCSIN_… variables."),
]


def run(
    config: Config = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Log what is only of interest to a developer.")
    ] = False,
) -> None:
    """Run the gateway until it is told to stop (Ctrl-C, SIGTERM). Exit code 2: it cannot start like this."""
    import logging

    from gateway.app import Gateway
    from gateway.broker import BrokerFailed
    from gateway.config import BadSettings, read_settings
    from gateway.store import StoreLocked
    from tocsin.loop import run_until_signal

    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    for name in ("alembic", "uvicorn"):
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        settings = read_settings(config)
        gateway = Gateway(settings, on_ready=lambda url: typer.echo(f"Tocsin is ready: {url}/api/v1/incidents"))
        run_until_signal(gateway.run)
    except* (BadSettings, BrokerFailed, StoreLocked, ValueError, OSError) as faults:
        for fault in _leaves(faults):
            typer.echo(f"tocsin: {fault}", err=True)
        raise typer.Exit(2) from None


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    found: list[BaseException] = []
    for each in group.exceptions:
        found += _leaves(each) if isinstance(each, BaseExceptionGroup) else [each]
    return found
