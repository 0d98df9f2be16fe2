"""`tocsin verify-log` and `tocsin replay`: what the journal proves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from tocsin.run import Config

if TYPE_CHECKING:
    from gateway.store import Store


def verify_log(config: Config = None) -> None:
    """Recompute the journal's hash chain. Exit code 1 and the entry's number if anything was altered."""
    from gateway.clock import monotonic_s
    from gateway.store import BrokenAt

    with opened(config) as store:
        begun = monotonic_s()
        result = store.verify()
        if isinstance(result, BrokenAt):
            typer.echo(f"BROKEN at journal entry {result.index}: {result.why}", err=True)
            raise typer.Exit(1)
        index, hash_ = store.head()
        typer.echo(f"{index} journal entries, unbroken ({monotonic_s() - begun:.1f} s)\nlast hash {hash_.hex()}")


def replay(
    config: Config = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Write the projections anew (the gateway must not run).")
    ] = False,
) -> None:
    """Rebuild timelines, incidents, open detections and outbox from the journal alone and compare them with what is
    stored. Exit code 1 and the differences if there are any."""
    from gateway.replay import differences, rebuilt

    with opened(config, writer=repair) as store:
        found = list(differences(store))
        for line in found[:DIFFERENCES_SHOWN]:
            typer.echo(line, err=True)
        if not found:
            typer.echo(f"{store.head()[0]} journal entries replayed: the projections are what the journal makes them")
            return
        typer.echo(f"{len(found)} differences", err=True)
        if not repair:
            raise typer.Exit(1)
        store.replace_projections(rebuilt(store))
        typer.echo("the projections were written anew from the journal")


DIFFERENCES_SHOWN = 20  # a person looks at the first few


@contextmanager
def opened(config: Config, writer: bool = False) -> Iterator[Store]:
    """The store of the settings. Exit code 2 when it cannot be opened or read."""
    from gateway.config import BadSettings, read_settings
    from gateway.store import Store, StoreFailed, StoreLocked

    try:
        with Store.open(read_settings(config).store_url, create=False, writer=writer) as store:
            yield store
    except (BadSettings, StoreFailed, StoreLocked, ValueError) as fault:
        typer.echo(f"tocsin: {fault}", err=True)
        raise typer.Exit(2) from None
