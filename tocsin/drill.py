"""`tocsin drill`: a scenario as an exercise, on virtual time or live, with its timeline and its score."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from gateway.library import Loaded
    from simulators.drill import HeldDrill
    from simulators.scenario import Scenario

RETRAIN = 3  # exit code
PROBLEM = 1


class Form(Enum):
    TEXT = "text"
    PDF = "pdf"
    HTML = "html"
    MARKDOWN = "markdown"
    JSON = "json"


def drill(
    scenario: Annotated[
        str, typer.Argument(help="A shipped scenario, or a .yaml file. Without: which there are.")
    ] = "",
    files: Annotated[
        list[Path] | None,
        typer.Option("--files", help="Sites, rules, plans, people: files or folders. Without: the demo tower."),
    ] = None,
    site: Annotated[str, typer.Option(help="Where it is played; without: the first site there is.")] = "",
    form: Annotated[Form, typer.Option("--format", help="Of the report.")] = Form.TEXT,
    output: Annotated[
        Path | None, typer.Option(help="Write the report here, - for stdout. Without: printed; a PDF is SCENARIO.pdf.")
    ] = None,
    language: Annotated[str, typer.Option(help="en or zh")] = "en",
    live: Annotated[bool, typer.Option("--live", help="Into a running gateway, over MQTT and its API.")] = False,
    broker: Annotated[str, typer.Option(metavar="URL", help="Live: mqtt://host:1883")] = "mqtt://127.0.0.1:1883",
    api: Annotated[str, typer.Option(metavar="URL", help="Live: of the gateway.")] = "http://127.0.0.1:8080",
    token_file: Annotated[Path | None, typer.Option(help="Live: a file with the API's token.")] = None,
    speed: Annotated[float, typer.Option(min=0.01, max=1000, help="Live: so many times as fast as life.")] = 1.0,
    by: Annotated[str, typer.Option(help="Live: who leads the drill.")] = "drill-leader",
) -> None:
    """Hold a drill: play a scenario as an exercise, print its timeline and its score.

    On virtual time the real core and the real desk play it, in less than a second where little happens. With --live it
    is played into a running gateway, on the exercise tree alone; its people act through the API.

    Exit code 0: passed; 3: retrain, or aborted; 1: it could not be held.
    """
    if not scenario:
        _list(language)
        return
    if language not in ("en", "zh"):
        raise typer.BadParameter(f"{language!r} is not a language; expected en or zh")
    played, loaded, site = _prepared(scenario, files, site)
    if form is Form.PDF and output is None:
        output = Path(f"{played.scenario}.pdf")
    if live:
        token = token_file.read_text(encoding="utf-8").strip() if token_file else None
        passed = _live(played, loaded, site, form, output, language, broker, api, token, speed, by)
    else:
        passed = _virtual(played, loaded, site, form, output, language)
    if not passed:
        raise typer.Exit(RETRAIN)


def _list(language: str) -> None:
    from simulators.scenario import read_scenario, shipped

    for name in shipped():
        scenario, _ = read_scenario(name)
        title = (scenario.title.get(language) or next(iter(scenario.title.values()))) if scenario else ""
        typer.echo(f"{name:26}  {title}")


def _prepared(name: str, files: list[Path] | None, site: str) -> tuple[Scenario, Loaded, str]:
    from gateway.library import BadFiles, load
    from simulators.drill import demo_files
    from simulators.scenario import read_scenario
    from simulators.scenario_check import locate_faults

    try:
        scenario, problems = read_scenario(name)
        if files:
            loaded = load(files)
        else:
            with demo_files(scenario.seed if scenario else 1) as paths:
                loaded = load(paths)
    except (LookupError, OSError, BadFiles) as error:
        _give_up(str(error))
    where = site or next(iter(loaded.directory.sites), "")
    if where not in loaded.directory.sites:
        _give_up(f"there is no site {where or 'at all'} in the files")
    if scenario is not None and not problems:
        problems = locate_faults(name, scenario, loaded.directory, where, loaded.plans, loaded.roster)
    if scenario is None or problems:
        _give_up("\n".join(map(str, problems)))
    return scenario, loaded, where


def _give_up(why: str) -> NoReturn:
    typer.echo(why, err=True)
    raise typer.Exit(PROBLEM)


def _virtual(scenario: Scenario, loaded: Loaded, site: str, form: Form, output: Path | None, language: str) -> bool:
    from gateway.clock import monotonic_s
    from simulators.drill import VirtualDrill
    from tocsin.drill_view import NotSet, printed, shown

    drill = VirtualDrill(scenario, loaded, site)
    begun = monotonic_s()
    held = drill.hold()
    took_ms = (monotonic_s() - begun) * 1000
    if form is Form.TEXT and output is None:
        shown(scenario, held, loaded, language)  # type: ignore[arg-type]
        typer.echo(_left(held) + f"\nplayed in {took_ms:,.0f} ms", err=True)
    else:
        try:
            report = printed(held, form.value, language)  # type: ignore[arg-type]
        except NotSet as error:
            _give_up(f"the report cannot be set as PDF: {error}")
        _put(report, output)
    return held.drill.score is not None and held.drill.score.passed


def _left(held: HeldDrill) -> str:
    refused = [f"refused: {each}" for each in held.played.refused]
    return "\n".join([*refused, *(f"never came to it: {each}" for each in held.played.left)])


def _live(
    scenario: Scenario,
    loaded: Loaded,
    site: str,
    form: Form,
    output: Path | None,
    language: str,
    broker: str,
    api: str,
    token: str | None,
    speed: float,
    by: str,
) -> bool:
    import asyncio

    import httpx

    from simulators.control_room import ControlRoom, DrillRefused, ReportRefused
    from simulators.drill_live import LiveDrill
    from tocsin.drill_view import entry_line, score_lines

    held = LiveDrill(
        scenario,
        loaded.directory,
        site,
        broker,
        api,
        api_token=token,
        speed=speed,
        by=by,
        see=lambda entry: typer.echo(entry_line(entry, loaded, site), err=form is not Form.TEXT),
    )

    async def hold() -> tuple[bool, bytes]:
        drill = await held.hold()
        passed = drill.score is not None and drill.score.passed
        if form is Form.TEXT:
            return passed, score_lines(drill).encode()
        async with ControlRoom(api, token) as room:
            return passed, await room.drill_report(drill.id, form.value, language)

    try:
        passed, report = asyncio.run(hold())
    except DrillRefused as error:
        _give_up(f"the gateway does not start the drill: {error}")
    except ReportRefused as error:
        _give_up(f"the drill was held; there is no report of it: {error}")
    except (OSError, TimeoutError, httpx.HTTPError) as error:
        _give_up(f"no drill: {error or type(error).__name__}")
    _put(report, output)
    sent = held.live.played
    typer.echo(
        f"sent {sent.sent:,} messages on the exercise tree, {sent.acknowledged:,} acknowledged; "
        f"{sent.commands:,} commands obeyed; {sent.acts:,} acts of people, {len(sent.refused)} refused",
        err=True,
    )
    return passed


def _put(report: bytes, output: Path | None) -> None:
    if output is None or output == Path("-"):
        typer.get_binary_stream("stdout").write(report if output or report.endswith(b"\n") else report + b"\n")
        return
    try:
        output.write_bytes(report)
    except OSError as error:
        _give_up(f"{output}: {error.strerror}")
    typer.echo(f"written: {output}", err=True)
