"""What a terminal shows of a drill: its timeline as a story, then the score sheet; and its report in other formats."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

from api.drill_schemas import DrillOut
from api.report_port import Format
from api.schemas import EntryOut
from gateway.library import Loaded
from gateway.reports.pdf import NotSet
from gateway.reports.rendering import rendered
from rules.drill_report import drill_report
from rules.instant import parse_rfc3339
from rules.report import Facts, Grid, Paragraph, Report, Tone
from rules.timeline_text import Language
from simulators.drill import HeldDrill
from simulators.scenario import Scenario
from simulators.story import story

__all__ = ["NotSet", "entry_line", "printed", "score_lines", "shown"]

WIDTH = 132  # where there is no terminal to ask
_STYLES = {
    Tone.PLAIN: "",
    Tone.STRONG: "bold",
    Tone.QUIET: "dim",
    Tone.GOOD: "green",
    Tone.FAIR: "yellow",
    Tone.BAD: "bold red",
}
_ON_PAPER = ("timeline", "signatures")  # sections that a terminal does not show: the story is the timeline


def shown(scenario: Scenario, held: HeldDrill, loaded: Loaded, language: Language) -> None:
    """On the terminal: the timeline, then the report without it."""
    console = Console(highlight=False)
    console = console if console.is_terminal else Console(highlight=False, width=WIDTH)
    told = story(scenario, held.entries, held.played.begins, loaded.directory, language)
    console.print(Text(told), soft_wrap=True)
    _show(console, drill_report(held.facts, language))


def printed(held: HeldDrill, form: Literal["text", "html", "pdf", "markdown", "json"], language: Language) -> bytes:
    """Raises NotSet for a PDF that cannot be set."""
    report = drill_report(held.facts, language)
    if form != "text":
        return rendered(report, Format(form))
    console = Console(record=True, width=WIDTH, file=io.StringIO())
    _show(console, report)
    return console.export_text().encode()


def entry_line(entry: EntryOut, loaded: Loaded, site: str) -> str:
    """One entry as it is made."""
    zone = ZoneInfo(loaded.directory.sites[site].timezone)
    at = datetime.fromtimestamp(parse_rfc3339(entry.at) / 1000, zone)
    return f"{at:%H:%M:%S}  {entry.incident or '-':10}  {entry.text}"


def score_lines(drill: DrillOut) -> str:
    """How a drill of a running gateway went, in a few lines."""
    if drill.score is None:
        return f"{drill.id} {drill.stage.value}: {drill.reason or 'not scored'}"
    score = drill.score
    result = "PASSED" if score.passed else "RETRAIN"
    lines = [f"{drill.id} {drill.stage.value}: {score.percent} of 100 · {result} · {score.pass_percent} needed"]
    for each in score.lines:
        took = "" if each.took_ms is None else f"{each.took_ms / 1000:.1f} s"
        limit = "" if each.limit_ms is None else f"of {each.limit_ms / 1000:g} s"
        who = each.person or each.role or "Tocsin"
        points = f"{each.points:g}/{each.of:g}" if each.of else "–"
        title = each.title.get("en", each.what)
        lines.append(f"  {each.met.value:9} {points:>6}  {took:>10} {limit:10}  {title} · {who}")
    return "\n".join(lines)


def _show(console: Console, report: Report) -> None:
    console.print(Text(f"{report.stamp} · {report.title} {report.subject}: {report.headline}", style="bold"))
    for section in report.sections:
        if section.id in _ON_PAPER:
            continue
        console.print(Text(f"\n{section.title}", style="bold"))
        for block in section.blocks:
            if isinstance(block, Paragraph):
                console.print(Text(block.text, style=_STYLES[block.tone]))
            elif isinstance(block, Facts):
                for fact in block.facts:
                    console.print(Text.assemble(f"  {fact.label}: ", (fact.cell.text, _STYLES[fact.cell.tone])))
            elif isinstance(block, Grid):
                console.print(_table(block))


def _table(grid: Grid) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in grid.columns:
        table.add_column(column.title, justify="right" if column.number else "left", overflow="fold")
    for row in grid.rows:
        table.add_row(*(Text(cell.text, style=_STYLES[cell.tone]) for cell in row))
    return table
