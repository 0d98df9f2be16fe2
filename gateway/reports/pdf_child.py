"""What sets a report as PDF, in a process of its own: it can be given up, and its memory goes with it.

Standard input: {"template", "inputs", "at"}; standard output: the PDF. Exit code 3: no font has what the report is
written in, which standard error names. Nothing of Tocsin is imported, so that it starts at once.
"""

from __future__ import annotations

import json
import os
import re
import sys
from typing import Literal

STANDARD: Literal["a-2a"] = (
    "a-2a"  # PDF/A: readable in ten years, tagged; and it refuses characters that would be drawn as empty boxes
)
TRIES_MAX = 5  # a font may lack what stands in for what it lacks
NO_FONT = 3
NICENESS = 10  # readings go first

_UNSHOWN = re.compile(r"error: .*?(?:the text|codepoint) `\"(.*?)\"`")
_ESCAPED = re.compile(r"\\u\{([0-9a-fA-F]+)\}|\\(.)")
_HAN = re.compile("[\u3000-\u303f\u3400-\u4dbf\u4e00-\u9fff\uff00-\uffef]")


def unshown(diagnostic: str) -> set[str]:
    """The characters that a diagnostic says no font has, or PDF/A does not allow."""
    found: set[str] = set()
    for text in _UNSHOWN.findall(diagnostic):
        plain = _ESCAPED.sub(lambda match: chr(int(match[1], 16)) if match[1] else match[2], text)
        found |= {character for character in plain if not character.isascii() or not character.isprintable()}
    return found


def set_pdf(template: str, inputs: dict[str, str], at: int) -> bytes:
    """Characters that cannot be shown are written as their number. Raises LookupError when Chinese cannot be."""
    import typst

    for _ in range(TRIES_MAX):
        try:
            made = typst.compile(
                template.encode(), format="pdf", sys_inputs=inputs, pdf_standards=STANDARD, timestamp=at
            )
        except typst.TypstError as error:
            missing = unshown(f"error: {error.message}\n{error.diagnostic}")
            if not missing:
                raise
            if any(_HAN.match(character) for character in missing):
                raise LookupError("no font for Chinese is installed") from error
            names = str.maketrans({character: f"[U+{ord(character):04X}]" for character in missing})
            inputs = {name: _translated(text, names) for name, text in inputs.items()}
        else:
            assert isinstance(made, bytes)
            return made
    raise LookupError("no font has all the characters of the report")


def _translated(text: str, names: dict[int, str]) -> str:
    """Of JSON, whose escapes are resolved first."""
    return json.dumps(json.loads(text), ensure_ascii=False).translate(names)


def main() -> int:
    os.nice(NICENESS)
    asked = json.load(sys.stdin.buffer)
    try:
        made = set_pdf(asked["template"], asked["inputs"], asked["at"])
    except LookupError as error:
        print(error, file=sys.stderr)  # noqa: T201 - what the parent reads
        return NO_FONT
    sys.stdout.buffer.write(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
