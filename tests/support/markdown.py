"""What stands in a Markdown file: links, headings, code blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.support.sources import read

_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^()\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+?)\s*$", re.MULTILINE)
_PROMPT = "$ "


class Block(NamedTuple):
    """A fenced block of code. `first` is its first line: for YAML, a comment that says what kind of file it is."""

    file: Path
    line: int
    language: str
    text: str

    @property
    def first(self) -> str:
        return self.text.partition("\n")[0].strip()


def blocks(path: Path, language: str | None = None) -> Iterator[Block]:
    text = read(path)
    for match in _FENCE.finditer(text):
        block = Block(path, text.count("\n", 0, match.start()) + 1, match[2], _dedented(match[3], len(match[1])))
        if language in (None, block.language):
            yield block


def commands(block: Block) -> Iterator[str]:
    """Of a block of shell: a command each, with continued lines joined, without comments."""
    for line in block.text.replace("\\\n", " ").splitlines():
        command = re.sub(r"(^|\s+)# .*$", "", line).removeprefix(_PROMPT)
        if command.strip():
            yield " ".join(command.split())


def links(path: Path) -> Iterator[str]:
    """Targets, as they are written."""
    for match in _LINK.finditer(_CODE.sub("", _FENCE.sub("", read(path)))):
        yield match[1]


def anchors(path: Path) -> set[str]:
    """Of its headings, as GitHub makes them."""
    found = set()
    for heading in _HEADING.findall(_FENCE.sub("", read(path))):
        kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
        found.add(kept.replace(" ", "-"))
    return found


def _dedented(text: str, spaces: int) -> str:
    return re.sub(rf"^ {{{spaces}}}", "", text, flags=re.MULTILINE) if spaces else text
