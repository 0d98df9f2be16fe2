"""`tocsin fuzz`: plays faults to the real core on virtual time, and says what came of it that should not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from simulators.checkers import Finding
    from simulators.faults import Script

FRESH_BELOW = 2**31


def fuzz(
    seeds: Annotated[int, typer.Option(min=0, help="How many seeds, one run each.")] = 1_000,
    first: Annotated[int, typer.Option(min=0, help="The first of them.")] = 0,
    fresh: Annotated[int, typer.Option(min=0, help="So many more that nobody has tried.")] = 0,
    processes: Annotated[int, typer.Option(min=1, max=256, help="To play them in.")] = 2,
    replay: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Play this script instead, as a failure has printed it.")
    ] = None,
    save: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Write the scripts of failures here.")] = None,
    shrink: Annotated[bool, typer.Option(help="Make scripts of failures as short as they can be.")] = True,
) -> None:
    """Search for faults: crashes, full disks, lost messages, wrong clocks, hurried people, around the real core.

    Every run is judged by models that share no code with it. A failure prints its seed, the commit and a short script.
    Exit code 1: something was found.
    """
    if replay is not None:
        found = _replay(replay, shrink)
    else:
        found = _search([*range(first, first + seeds), *_fresh(fresh)], processes, save, shrink)
    raise typer.Exit(1 if found else 0)


def _fresh(count: int) -> list[int]:
    import secrets

    return [secrets.randbelow(FRESH_BELOW) for _ in range(count)]


def _search(seeds: list[int], processes: int, save: Path | None, shrink: bool) -> int:
    from collections import Counter

    from gateway.clock import monotonic_s
    from simulators.fault_script import script_of
    from simulators.fuzz import fuzz as search

    began, failures, checks = monotonic_s(), 0, Counter[str]()
    for number, result in enumerate(search(seeds, processes), 1):
        if result.findings:
            failures += 1
            checks.update({finding.check for finding in result.findings})
            _tell(result.seed, result.findings, script_of(result.seed), shrink, save)
        if number % 500 == 0 or number == len(seeds):
            seconds = monotonic_s() - began
            typer.echo(f"{number:,} of {len(seeds):,} seeds · {failures} failed · {seconds:.0f} s", err=True)
    seconds = monotonic_s() - began
    each = seconds / len(seeds) * 1000 if seeds else 0
    typer.echo(f"{len(seeds):,} seeds, {failures} failed, in {seconds:.1f} s ({each:.0f} ms each)")
    for check, times in checks.most_common():
        typer.echo(f"  {times} × {check}")
    return failures


def _replay(file: Path, shrink: bool) -> int:
    from simulators.faults import decode_script
    from simulators.fuzz import judged

    try:
        script = decode_script(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"{file}: {error}") from error
    findings = judged(script)
    if findings:
        _tell(script.seed, findings, script, shrink, None)
    else:
        typer.echo(f"{len(script.acts)} acts, nothing found")
    return len(findings)


def _tell(seed: int, findings: list[Finding], script: Script, shrink: bool, save: Path | None) -> None:
    from simulators.faults import encode_script
    from simulators.fuzz import report, shortest

    short = shortest(script, findings) if shrink else script
    report(seed, findings, short, typer.echo)
    if save is not None:
        save.mkdir(parents=True, exist_ok=True)
        (save / f"{seed}.jsonl").write_text(encode_script(short), encoding="utf-8")
