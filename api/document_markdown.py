"""A document as Markdown: what can be read as it stands, pasted and compared."""

from __future__ import annotations

from rules.document import Block, Cell, Document, Facts, Heading, Paragraph, Table, Verdict


def markdown(document: Document) -> str:
    stamp = f"**{document.stamp}**\n\n" if document.stamp else ""
    blocks = "\n\n".join(_block(each) for each in document.blocks)
    return f"# {_plain(document.title)}\n\n{stamp}{_plain(document.subtitle)}\n\n{blocks}\n\n*{document.footer}*\n"


def _block(block: Block) -> str:
    if isinstance(block, Heading):
        return f"## {_plain(block.text)}"
    if isinstance(block, Paragraph):
        return _plain(block.text)
    if isinstance(block, Verdict):
        return f"**{_plain(block.figure)} {_plain(block.text)}**"
    if isinstance(block, Facts):
        return "\n".join(f"- {_plain(name)}: {_plain(value)}" for name, value in block.rows)
    return _table(block)


def _table(table: Table) -> str:
    rules = ["---:" if each.number else "---" for each in table.columns]
    return "\n".join([_row(table.columns), f"| {' | '.join(rules)} |", *map(_row, table.rows)])


def _row(cells: list[Cell]) -> str:
    return f"| {' | '.join(_plain(each.text) for each in cells)} |"


def _plain(text: str) -> str:
    """Nothing a person has written is taken for markup."""
    return "".join("\\" + each if each in "\\`*_[]<>|#" else each for each in " ".join(text.split()))
