"""What a terminal shows of a drill: its timeline as a story, then the score sheet; and its report in other forms."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from api.document_html import html
from api.document_markdown import markdown
from api.drill_schemas import DrillOut
from api.schemas import EntryOut
from gateway.library import Loaded
from rules.document import Cell, Document, Facts, Heading, Paragraph, Table, Verdict
from rules.drill_report import Reader, report
from rules.instant import parse_rfc3339
from rules.place_names import titles_of
from rules.timeline_text import Language
from simulators.drill import HeldDrill
from simulators.scenario import Scenario
from simulators.story import story

WIDTH = 132  # where there is no terminal to ask
Form = Literal["json", "markdown", "html", "text"]
_STYLES = {"good": "green", "fair": "yellow", "bad": "bold red", "quiet": "dim", "": ""}


def shown(scenario: Scenario, held: HeldDrill, loaded: Loaded, language: Language) -> None:
    """On the terminal: the timeline, then the report without it."""
    console = Console(highlight=False)
    console = console if console.is_terminal else Console(highlight=False, width=WIDTH)
    told = story(scenario, held.entries, held.played.begins, loaded.directory, language)
    console.print(Text(told), soft_wrap=True)
    _show(console, report(held.drill, [], reader(loaded, held.drill.site, language)))


def printed(
    held: HeldDrill, loaded: Loaded, form: Literal["json", "markdown", "html", "text"], language: Language
) -> str:
    if form == "json":
        return msgspec.json.format(msgspec.json.encode(held.drill)).decode() + "\n"
    document = report(held.drill, held.entries, reader(loaded, held.drill.site, language))
    if form == "text":
        console = Console(record=True, width=WIDTH, file=io.StringIO())
        _show(console, document)
        return console.export_text()
    return markdown(document) if form == "markdown" else html(document)


def reader(loaded: Loaded, site: str, language: Language) -> Reader:
    people = {person.id: person.name for person in loaded.roster.people.values()}
    zone = ZoneInfo(loaded.directory.sites[site].timezone)
    return Reader(language, zone, titles_of(loaded.directory), people)


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


def _show(console: Console, document: Document) -> None:
    console.print(Text(f"{document.stamp} · {document.title}: {document.subtitle}", style="bold"))
    for block in document.blocks:
        if isinstance(block, Heading):
            console.print(Text(f"\n{block.text}", style="bold"))
        elif isinstance(block, Paragraph):
            console.print(Text(block.text, style=_STYLES[block.tone]))
        elif isinstance(block, Verdict):
            console.print(Text(f"{block.figure} {block.text}", style=_STYLES[block.tone]))
        elif isinstance(block, Facts):
            for name, value in block.rows:
                console.print(Text(f"  {name}: {value}"))
        else:
            console.print(_table(block))


def _table(block: Table) -> RichTable:
    table = RichTable(box=None, pad_edge=False, header_style="dim")
    for column in block.columns:
        table.add_column(column.text, justify="right" if column.number else "left", overflow="fold")
    for row in block.rows:
        table.add_row(*(_cell(each) for each in row))
    return table


def _cell(cell: Cell) -> Text:
    return Text(cell.text, style=_STYLES[cell.tone])
