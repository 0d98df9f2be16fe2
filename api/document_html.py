"""A document as one HTML page that needs nothing else, made to be printed on A4."""

from __future__ import annotations

from html import escape

from rules.document import Block, Cell, Document, Facts, Heading, Paragraph, Table, Verdict

STYLE = """
@page { size: A4; margin: 16mm 14mm 18mm; }
:root { --ink: #1b1f24; --soft: #5c6670; --line: #d9dee3; --good: #1a6b3c; --fair: #8a5a00; --bad: #a4161a; }
* { box-sizing: border-box; }
body { font: 10.5pt/1.45 "Noto Sans", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", system-ui, sans-serif;
  color: var(--ink); max-width: 182mm; margin: 10mm auto; padding: 0 4mm; }
.stamp { border: 2pt solid var(--bad); color: var(--bad); font-weight: 700; letter-spacing: .18em; text-align: center;
  padding: 1.5mm; margin-bottom: 6mm; }
h1 { font-size: 19pt; line-height: 1.2; margin: 0; }
.subtitle { color: var(--soft); font-size: 12.5pt; margin: 1mm 0 6mm; }
h2 { font-size: 12.5pt; margin: 8mm 0 2mm; break-after: avoid; }
.verdict { display: flex; align-items: baseline; gap: 4mm; border-left: 3pt solid; padding: 1mm 0 1mm 4mm;
  margin: 0 0 6mm; }
.verdict b { font-size: 34pt; line-height: 1; font-variant-numeric: tabular-nums; }
.verdict span { font-size: 12pt; font-weight: 600; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 1mm 6mm; margin: 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; font-size: 9.5pt; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
th { text-align: left; font-weight: 600; color: var(--soft); border-bottom: 1pt solid var(--ink); }
th, td { padding: 1.1mm 3mm 1.1mm 0; vertical-align: top; }
th:last-child, td:last-child { padding-right: 0; }
td { border-bottom: .5pt solid var(--line); overflow-wrap: anywhere; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.good { color: var(--good); } .fair { color: var(--fair); } .bad { color: var(--bad); } .quiet { color: var(--soft); }
td.good, td.fair, td.bad { font-weight: 600; white-space: nowrap; }
td.quiet { white-space: nowrap; }
footer { margin-top: 10mm; padding-top: 2mm; border-top: .5pt solid var(--line); color: var(--soft); font-size: 8.5pt; }
"""


def html(document: Document) -> str:
    stamp = f'<div class="stamp">{escape(document.stamp)}</div>' if document.stamp else ""
    blocks = "\n".join(_block(each) for each in document.blocks)
    return (
        f'<!doctype html>\n<html lang="{escape(document.language)}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(document.title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{stamp}\n"
        f'<h1>{escape(document.title)}</h1>\n<p class="subtitle">{escape(document.subtitle)}</p>\n{blocks}\n'
        f"<footer>{escape(document.footer)}</footer>\n</body>\n</html>\n"
    )


def _block(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h2>{escape(block.text)}</h2>"
    if isinstance(block, Paragraph):
        return f"<p{_class(block.tone)}>{escape(block.text)}</p>"
    if isinstance(block, Verdict):
        return f'<div class="verdict {block.tone}"><b>{escape(block.figure)}</b><span>{escape(block.text)}</span></div>'
    if isinstance(block, Facts):
        return f"<dl>{''.join(f'<dt>{escape(name)}</dt><dd>{escape(value)}</dd>' for name, value in block.rows)}</dl>"
    return _table(block)


def _table(table: Table) -> str:
    head = "".join(_cell("th", each) for each in table.columns)
    rows = "\n".join(f"<tr>{''.join(_cell('td', each) for each in row)}</tr>" for row in table.rows)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"


def _cell(tag: str, cell: Cell) -> str:
    return f"<{tag}{_class(cell.tone, 'number' if cell.number else '')}>{escape(cell.text)}</{tag}>"


def _class(*names: str) -> str:
    given = " ".join(name for name in names if name)
    return f' class="{given}"' if given else ""
