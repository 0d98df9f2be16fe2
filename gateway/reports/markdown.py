"""A report as Markdown (GitHub's flavour: tables), for wikis, tickets and version control."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rules.report import Block, Cell, Facts, Grid, Paragraph, Report, Tone

_MARKS = re.compile(r"([\\`*_{}\[\]<>|~#&!])")
_AT_THE_START = re.compile(r"^(\s*)([-+=]|\d+(?=[.)]))")


def markdown(report: Report) -> bytes:
    """UTF-8."""
    return "\n".join(_document(report)).encode()


def _document(report: Report) -> Iterator[str]:
    if report.stamp:
        yield f"> **{escaped(report.stamp)}**\n"
    yield f"# {escaped(report.title)} {escaped(report.subject)}\n"
    yield f"**{escaped(report.headline)}**\n"
    made = f"{report.prepared} · {report.words['times_in']} {report.timezone}"
    yield f"{escaped(report.site)} · {escaped(made)}\n"
    for section in report.sections:
        title = escaped(section.title)
        yield f"## {report.stamp + ' · ' if report.stamp else ''}{title}\n"
        for block in section.blocks:
            yield from _block(block, report)
    yield "---\n"
    yield f"{report.words['journal']} {report.footing.index} · SHA-256 `{report.footing.hash}`\n"
    yield f"*{escaped(report.notice)}*\n"


def _block(block: Block, report: Report) -> Iterator[str]:
    if isinstance(block, Facts):
        yield from _table(["", ""], [(Cell(fact.label, tone=Tone.STRONG), fact.cell) for fact in block.facts])
    elif isinstance(block, Grid):
        if block.rows:
            numbers = [column.number for column in block.columns]
            yield from _table([column.title for column in block.columns], block.rows, numbers)
        else:
            yield f"{report.words['nothing']}\n"
    elif isinstance(block, Paragraph):
        yield f"{_toned(Cell(block.text, tone=Tone.STRONG if block.large else block.tone))}\n"
    else:
        words = report.words
        rows = [(Cell(each.role, tone=Tone.STRONG), Cell(each.name), Cell(""), Cell("")) for each in block.signatures]
        yield from _table(["", words["name"], words["signature"], words["date"]], rows)


def _table(titles: list[str], rows: Sequence[tuple[Cell, ...]], numbers: list[bool] | None = None) -> Iterator[str]:
    yield "| " + " | ".join(escaped(title) for title in titles) + " |"
    yield "|" + "|".join(" ---: " if number else " --- " for number in numbers or [False] * len(titles)) + "|"
    for row in rows:
        yield "| " + " | ".join(_toned(cell) for cell in row) + " |"
    yield ""


def _toned(cell: Cell) -> str:
    text = escaped(cell.text)
    return f"**{text}**" if text and cell.tone in (Tone.STRONG, Tone.BAD) else text


def escaped(text: str) -> str:
    """As it reads, whatever is in it: no mark of it marks anything, no line of it ends a table's row."""
    lines = [_AT_THE_START.sub(r"\1\\\2", _MARKS.sub(r"\\\1", line)) for line in text.split("\n")]
    return "<br>".join(line.strip() for line in lines)
