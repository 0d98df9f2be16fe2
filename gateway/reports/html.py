"""A report as one HTML page without anything from outside, for screens and for a browser's printer.

The tree is made of elements, never of text put together: what a device or a person has written cannot become markup.
"""

from __future__ import annotations

from importlib.resources import files
from xml.etree.ElementTree import Element, SubElement, tostring

from rules.report import Block, Cell, Facts, Grid, Paragraph, Report, Signatures, Tone

# What a browser may load for it: nothing. Its own style sheet stands in the page.
CONTENT_SECURITY_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

FACTS_BELOW_EACH_OTHER_MAX = 6  # more are shorter, and stand two beside each other


def html(report: Report) -> bytes:
    """A whole document in UTF-8."""
    root = Element("html", lang="zh-CN" if report.language == "zh" else "en")
    _head(root, report)
    body = SubElement(root, "body")
    if report.stamp:
        _add(body, "div", report.stamp, "stamp")
    main = SubElement(body, "main")
    header = SubElement(main, "header")
    _add(header, "p", report.site, "quiet")
    _add(header, "h1", f"{report.title} {report.subject}")
    _add(header, "p", report.headline, "headline")
    _add(header, "p", f"{report.prepared} · {report.words['times_in']} {report.timezone}", "quiet")
    for section in report.sections:
        made = SubElement(main, "section", id=section.id)
        _add(made, "h2", section.title)
        for block in section.blocks:
            _block(made, block, report)
    footer = SubElement(main, "footer")
    _add(footer, "p", f"{report.words['journal']} {report.footing.index} · SHA-256 {report.footing.hash}", "hash")
    _add(footer, "p", report.notice)
    text: bytes = tostring(root, encoding="utf-8", method="html")
    return b"<!DOCTYPE html>\n" + text


def _head(root: Element, report: Report) -> None:
    head = SubElement(root, "head")
    SubElement(head, "meta", charset="utf-8")
    SubElement(head, "meta", name="viewport", content="width=device-width, initial-scale=1")
    SubElement(head, "title").text = f"{report.stamp} {report.title} {report.subject}".strip()
    SubElement(head, "style").text = (files("gateway.reports") / "report.css").read_text(encoding="utf-8")


def _block(parent: Element, block: Block, report: Report) -> None:
    if isinstance(block, Facts):
        table = SubElement(parent, "table", {"class": "facts"})
        beside = 2 if len(block.facts) > FACTS_BELOW_EACH_OTHER_MAX else 1
        for first in range(0, len(block.facts), beside):
            row = SubElement(table, "tr")
            for fact in block.facts[first : first + beside]:
                SubElement(row, "th", scope="row").text = fact.label
                _cell(row, fact.cell)
    elif isinstance(block, Grid):
        _grid(parent, block, report)
    elif isinstance(block, Paragraph):
        _add(parent, "p", block.text, f"{block.tone.value} large" if block.large else block.tone.value)
    else:
        _signatures(parent, block, report)


def _grid(parent: Element, grid: Grid, report: Report) -> None:
    if not grid.rows:
        _add(parent, "p", report.words["nothing"], Tone.QUIET.value)
        return
    scrolls = SubElement(parent, "div", {"class": "scrolls"})
    table = SubElement(scrolls, "table", {"class": "grid"})
    head = SubElement(SubElement(table, "thead"), "tr")
    for column in grid.columns:
        of_numbers = {"class": "number"} if column.number else {}
        SubElement(head, "th", {"scope": "col", **of_numbers}).text = column.title
    body = SubElement(table, "tbody")
    for cells in grid.rows:
        row = SubElement(body, "tr")
        for column, cell in zip(grid.columns, cells, strict=True):
            _cell(row, cell, ("number",) if column.number else ("fixed",) if column.share == 0 else ())


def _cell(row: Element, cell: Cell, classes: tuple[str, ...] = ()) -> None:
    tone = () if cell.tone is Tone.PLAIN else (cell.tone.value,)
    named = {"class": " ".join((*classes, *tone))} if classes or tone else {}
    _lines(SubElement(row, "td", named), cell.text)


def _signatures(parent: Element, block: Signatures, report: Report) -> None:
    row = SubElement(parent, "div", {"class": "signatures"})
    for signature in block.signatures:
        box = SubElement(row, "div")
        _add(box, "strong", signature.role)
        for word, known in (("name", signature.name), ("signature", ""), ("date", "")):
            line = SubElement(box, "p")
            _add(line, "span", report.words[word], "quiet")
            _add(line, "span", known, "line")


def _add(parent: Element, tag: str, text: str, kind: str = "") -> None:
    _lines(SubElement(parent, tag, {"class": kind} if kind else {}), text)


def _lines(element: Element, text: str) -> None:
    first, *rest = text.split("\n")
    element.text = first
    for line in rest:
        SubElement(element, "br").tail = line
