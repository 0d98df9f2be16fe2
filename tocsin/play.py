"""`tocsin play`: a scenario on virtual time, its timeline, and whether it came to what it expects."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from gateway.library import Loaded
    from simulators.scenario import Scenario
    from simulators.virtual import Played

DAY = "working-day"


def play(
    scenario: Annotated[str, typer.Argument(help="A shipped scenario, or a file; `list`: what is shipped.")] = DAY,
    sites: Annotated[
        list[Path] | None, typer.Option("--site", help="Site, rule, plan and people files; without: the demo tower.")
    ] = None,
    lang: Annotated[Literal["en", "zh"], typer.Option(help="Of the timeline.")] = "en",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Without the timeline.")] = False,
) -> None:
    """Play a scenario through the real core on virtual time, and say whether it came to what it expects.

    Without a name: a whole day of the demo tower. Exit code 1: it did not, or people could not do what they wanted.
    """
    from rules.site import Directory
    from simulators.scenario import shipped

    if scenario == "list":
        typer.echo("\n".join(shipped()))
        return
    loaded = _load(sites or [])
    directory: Directory = loaded.directory
    site = next(iter(directory.sites))
    written = _read(scenario, loaded, site)
    if not _played(written, loaded, site, lang, quiet):
        raise typer.Exit(1)


def _load(files: list[Path]) -> Loaded:
    from tempfile import TemporaryDirectory

    from gateway.library import load
    from simulators.building import demo_tower, site_yaml
    from simulators.crew import write_crew

    if files:
        return load(files)
    with TemporaryDirectory() as folder:
        tower = Path(folder) / "tower-a.yaml"
        tower.write_text("".join(site_yaml(demo_tower())), encoding="utf-8")
        return load([tower, *write_crew(Path(folder) / "crew")])


def _read(name: str, loaded: Loaded, site: str) -> Scenario:
    from simulators.scenario import read_scenario
    from simulators.scenario_check import locate_faults

    try:
        written, problems = read_scenario(name)
    except (LookupError, OSError) as error:
        raise typer.BadParameter(str(error.args[0] if isinstance(error, LookupError) else error)) from error
    if written is not None and not problems:
        problems = locate_faults(name, written, loaded.directory, site, loaded.plans, loaded.roster)
    if written is None or problems:
        typer.echo("\n".join(map(str, problems)), err=True)
        raise typer.Exit(2)
    return written


def _played(written: Scenario, loaded: Loaded, site: str, lang: Literal["en", "zh"], quiet: bool) -> bool:
    import time

    from gateway.clock import monotonic_s
    from rules.mode import Mode
    from simulators.judge import judge
    from simulators.story import story
    from simulators.virtual import Virtual

    started_s, cpu_started_s = monotonic_s(), time.process_time()
    played = Virtual(written, loaded, site).play()
    wall_s, cpu_s = monotonic_s() - started_s, time.process_time() - cpu_started_s
    if not quiet:
        typer.echo(story(written, played.entries, played.begins, loaded.directory, lang))
    incidents, refused = played.state.incidents.values(), len(played.refused)
    judged = (
        judge(written.expects, played.entries, incidents, played.begins, site, Mode.ACTUAL, refused)
        if written.expects
        else []
    )
    for each in judged:
        typer.echo(f"  {'as expected' if each.met else 'NOT AS EXPECTED'}  {each.expected}: {each.found}")
    for act in played.left:
        typer.echo(f"  NOT AS EXPECTED  nobody came to it: {act}")
    typer.echo(_figures(written, played, len(loaded.directory.devices), wall_s, cpu_s))
    return all(each.met for each in judged) and not played.left


def _figures(written: Scenario, played: Played, devices: int, wall_s: float, cpu_s: float) -> str:
    from rules.instant import format_duration

    faster = written.lasts / 1000 / wall_s if wall_s else 0.0
    return (
        f"{format_duration(written.lasts)} of {devices} devices: {played.heard:,} messages, {len(played.entries):,} "
        f"entries, {len(played.effects):,} effects in {wall_s:.2f} s "
        f"({cpu_s:.2f} s of the processor), {faster:,.0f} times as fast as life"
    )
