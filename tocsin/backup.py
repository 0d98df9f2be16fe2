"""`tocsin backup` and `tocsin restore`"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tocsin.run import Config

if TYPE_CHECKING:
    from gateway.keeping.proof import Proof


def backup(
    to: Annotated[Path, typer.Argument(metavar="TO", help="A folder, or the name of a new file.")],
    config: Config = None,
    telemetry: Annotated[bool, typer.Option("--telemetry", help="Readings too: large, and kept for days.")] = False,
) -> None:
    """Back up journal, records, attachments, users and keys into one archive, proven and with a checksum. The gateway
    may run. Exit code 1: the archive is made, but what it was made of is not as it was written."""
    from gateway.clock import now_ms
    from gateway.config import read_settings
    from gateway.keeping.backup import back_up
    from gateway.keeping.proof import UNBROKEN

    with _faults():
        settings = read_settings(config)
        made = back_up(settings.store_url, settings.data, to, now_ms(), telemetry)
        typer.echo(f"{made.archive}: {made.archive.stat().st_size} bytes, {len(made.parts)} parts")
        _say(made.proof)
        typer.echo(f"sha256 {made.sha256}  (keep it elsewhere: it proves the archive)")
        if made.proof.chain != UNBROKEN or not made.proof.state:
            raise typer.Exit(1)


def restore(
    archive: Annotated[Path, typer.Argument(metavar="ARCHIVE")],
    config: Config = None,
    sha256: Annotated[str | None, typer.Option("--sha256", help="The archive's checksum, as it was noted.")] = None,
) -> None:
    """Restore a backup into an empty store and data folder, of SQLite or PostgreSQL, and prove that it is what was
    backed up. Nothing is ever overwritten. Exit code 2: nothing was restored, and why."""
    from gateway.config import read_settings
    from gateway.keeping.restore import restore as into

    with _faults():
        settings = read_settings(config)
        manifest = into(archive, settings.store_url, settings.data, sha256)
        typer.echo(f"restored what was backed up at {manifest.made_at} by Tocsin {manifest.tocsin}")
        _say(manifest.proof)


def _say(proof: Proof) -> None:
    typer.echo(f"{proof.entries} journal entries, {proof.chain}\nlast hash {proof.head}")
    typer.echo(f"state {proof.state or 'cannot be recovered from the journal'}")


@contextmanager
def _faults() -> Iterator[None]:
    """Exit code 2, with what was wrong in a line."""
    from gateway.config import BadSettings
    from gateway.keeping.archive import BadArchive
    from gateway.keeping.restore import NotEmpty
    from gateway.store import StoreFailed

    try:
        yield
    except (BadArchive, BadSettings, NotEmpty, OSError, StoreFailed, ValueError) as fault:
        typer.echo(f"tocsin: {fault}", err=True)
        raise typer.Exit(2) from None
