"""`tocsin portfolio`: the site file of buildings made up from a seed, for trials, training and load."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

DEVICES_MAX = 100_000  # of one site file; the gateway is measured up to there


def portfolio(
    buildings: Annotated[int, typer.Option(min=1, max=1_000, help="How many buildings.")] = 1,
    floors: Annotated[int, typer.Option(min=2, max=120, help="Floors of each, basement included.")] = 20,
    least_floors: Annotated[int, typer.Option(min=0, help="Heights differ, from so many floors; 0: they do not.")] = 0,
    devices: Annotated[int, typer.Option(min=0, max=DEVICES_MAX, help="So many devices in all; 0: all there are.")] = 0,
    lifts: Annotated[int, typer.Option(min=0, max=16, help="Lifts of each building.")] = 4,
    uses: Annotated[str, typer.Option(help="office, residential, retail: what the buildings are in turn.")] = "office",
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other heights and nameplates.")] = 1,
    site: Annotated[str, typer.Option(metavar="ID", help="The site's id, as in topics.")] = "portfolio",
    timezone: Annotated[str, typer.Option(help="Of the site, as in the tz database.")] = "Asia/Shanghai",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where to; without: standard output.")] = None,
) -> None:
    """Write the site file of a portfolio that is made up from a seed: buildings, floors, zones, devices.

    The same options give the same file. `tocsin check` accepts it, `tocsin run` serves it, and the simulated devices
    of it know how to behave.
    """
    from rules.file_types import check_id
    from rules.wording import not_one_of
    from simulators.building import USES, Plan, device_entries, site_yaml

    named = tuple(part.strip() for part in uses.split(","))
    for use in named:
        if use not in USES:
            raise typer.BadParameter(not_one_of(use, "a use", sorted(USES)), param_hint="--uses")
    if least_floors and not 2 <= least_floors <= floors:
        raise typer.BadParameter(f"{least_floors} is not between 2 and --floors {floors}", param_hint="--least-floors")
    try:
        check_id(site)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--site") from None
    plan = Plan(
        seed=seed,
        site=site,
        title={"en": "Portfolio", "zh": "物业群"},
        timezone=timezone,
        buildings=buildings,
        floors=floors,
        lifts=lifts,
        devices_max=devices or None,
        floors_least=least_floors or None,
        uses=named,
    )
    count = sum(1 for _ in device_entries(plan))
    if count > DEVICES_MAX:
        raise typer.BadParameter(f"{count:,} devices; expected at most {DEVICES_MAX:,}: fewer buildings, or --devices")
    if devices and count < devices:
        raise typer.BadParameter(f"these buildings have {count:,} devices, not {devices:,}", param_hint="--devices")
    _write(output, site_yaml(plan))
    typer.echo(f"{buildings} buildings, {count:,} devices, seed {seed}", err=True)


def _write(output: Path | None, lines: Iterator[str]) -> None:
    if output is None:
        for line in lines:
            typer.echo(line, nl=False)
        return
    with output.open("w", encoding="utf-8") as stream:
        stream.writelines(lines)
