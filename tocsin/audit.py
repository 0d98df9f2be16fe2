"""`tocsin audit`: whether what was due happened in time."""

from __future__ import annotations

from typing import Annotated

import typer

from tocsin.run import Config

LATE_SHOWN = 50  # a person looks at the first few


def audit(
    config: Config = None,
    tolerance: Annotated[float, typer.Option(metavar="SECONDS", min=0, help="How late is still in time.")] = 2.0,
) -> None:
    """Prove from the journal that every countdown, ladder, hold, command, task, order and shelf fell due in time. Exit
    code 1 if something is missing or was late while the gateway was up. The gateway may run."""
    from gateway.auditor import audit as audit_store
    from rules.instant import rfc3339
    from rules.timeline_words import duration
    from tocsin.journal import opened

    with opened(config) as store:
        findings, kept, until = audit_store(store, round(tolerance * 1000))
    bad = [each for each in findings if not each.excused]
    for each in [*bad, *(each for each in findings if each.excused)][:LATE_SHOWN]:
        late = "MISSING" if each.done_at is None else f"{duration(each.done_at - each.due_at, 'en')} late"
        excuse = ", the gateway was down" if each.excused else ""
        typer.echo(f"{rfc3339(each.due_at)}  {each.what}: {late}{excuse}", err=not each.excused)
    counts = f"{kept} in time, {len(findings) - len(bad)} late because the gateway was down, {len(bad)} late or missing"
    typer.echo(f"{counts} (journal up to {rfc3339(until)})")
    if bad:
        raise typer.Exit(1)
