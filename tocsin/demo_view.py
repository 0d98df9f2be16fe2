"""The demo's face: lines that stay, and below them one status line that changes. Renders, and asks nobody anything.

Marks and words carry the meaning, colours repeat it. Where there is no terminal only the lines are printed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import Console, Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from api.schemas import IncidentOut
from rules.instant import SECOND_MS, Instant, parse_rfc3339
from rules.level import Level
from tocsin.demo_expected import Checked
from tocsin.demo_lines import Commands, Line

NOTE = "Tocsin is a supplementary system. It replaces no certified fire panel and no lift intercom."
LEVEL_STYLES = {Level.I: "bold white on red", Level.II: "bold black on yellow", Level.III: "bold black on cyan"}
_ASCII = {"●": "*", "◆": "+", "▲": "^", "☎": "@", "✎": "#", "»": ">", "→": ">", "✓": "v", "✗": "x", "○": "o", "■": "="}
_ASCII |= {"✉": "m", "☐": "-", "☑": "v", "⚒": "w"}


@dataclass
class Status:
    """What the status line tells."""

    quiet: str = "starting"  # while there is no incident
    incident: IncidentOut | None = None
    commands: Commands | None = None
    sent: int = 0
    acknowledged: int = 0

    def render(self, now: Instant) -> RenderableType:
        messages = f"{self.sent:,} messages, {self.acknowledged:,} acknowledged"
        bar = Text(no_wrap=True, overflow="ellipsis")
        if self.incident is None:
            bar.append(f" {self.quiet} ", style="reverse")
        else:
            bar.append_text(_headline(self.incident, now))
        bar.append(f"  {messages}", style="dim")
        if self.commands is not None and self.commands.open:
            bar.append(f"  {self.commands}", style="blue")
        return Group(Rule(style="dim"), bar)


def _headline(incident: IncidentOut, now: Instant) -> Text:
    end = parse_rfc3339(incident.closed_at) if incident.closed_at else now
    age_s = max(0, end - parse_rfc3339(incident.opened_at)) // SECOND_MS
    text = Text.assemble((f" LEVEL {incident.level.value} ", LEVEL_STYLES[incident.level]))
    confirmation = incident.confirmation.value.replace("_", "-")
    text.append(f" {incident.id}  {incident.hazard}  {incident.zone}  ", style="bold")
    text.append(f"{incident.phase.value}, {confirmation}", style="bold")
    return text.append(f"  {age_s // 60}:{age_s % 60:02d}")


def banner(console: Console, facts: Sequence[tuple[str, str]]) -> None:
    """What is being shown, and where it can be looked at."""
    console.print(Rule(Text("Tocsin demo", style="bold"), align="left", style="dim"))
    table = Table.grid(padding=(0, 2))
    for name, value in facts:
        table.add_row(Text(name, style="dim"), Text(value))
    console.print(table)
    console.print(Rule(style="dim"))


def show(console: Console, line: Line, since: Instant | None) -> None:
    """`14:30:52  +12.3 s  ◆ text`; the text is folded under itself."""
    moment = datetime.fromtimestamp(line.at / SECOND_MS, UTC).astimezone()
    elapsed = "" if since is None else f"+{max(0, line.at - since) / SECOND_MS:.1f} s"
    table = Table.grid(padding=(0, 1))
    table.add_column(width=8)
    table.add_column(width=8, justify="right")
    table.add_column(width=1)
    table.add_column(ratio=1, overflow="fold")
    mark = line.mark if _speaks_unicode(console) else _ASCII.get(line.mark, line.mark)
    when = Text(f"{moment:%H:%M:%S}", style="dim")
    table.add_row(when, Text(elapsed, style="dim"), Text(mark, style=line.style), Text(line.text, style=line.style))
    console.print(table)


def check_list(console: Console, checked: Sequence[Checked]) -> None:
    """What the timeline had to hold, each with the number of the entry that does."""
    table = Table.grid(padding=(0, 1))
    yes, no = ("✓", "✗") if _speaks_unicode(console) else ("yes", "NO")
    for each in checked:
        there = each.entry is not None
        mark = Text(yes if there else no, style="green" if there else "bold red")
        where = Text(f"entry {each.entry}" if there else "MISSING", style="dim" if there else "bold red")
        table.add_row(mark, Text(each.text), where)
    console.print(table)


def farewell(console: Console, api_url: str, incident: str | None) -> None:
    path = f"/api/v1/incidents/{incident}/timeline" if incident else "/api/v1/incidents"
    console.print(Rule(style="dim"))
    console.print(Text.assemble(("API   ", "dim"), f"{api_url}/api/v1/incidents"), soft_wrap=True)
    console.print(Text.assemble(("try   ", "dim"), f"curl -s {api_url}{path}"), soft_wrap=True)
    console.print(Text(NOTE, style="italic"))


def _speaks_unicode(console: Console) -> bool:
    return console.encoding.lower().startswith("utf")
