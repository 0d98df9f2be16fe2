"""Rules and plans as text: YAML as people write it, and what differs between two texts, line by line. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import unified_diff
from io import StringIO
from typing import Any, NamedTuple

from ruamel.yaml import YAML

CONTEXT_LINES = 3
LINES_MAX = 4_000  # of a difference that is shown
_ID = re.compile(r"^\s*-?\s*\{?\s*id:\s*([\w.-]+)", re.MULTILINE)


class Changed(NamedTuple):
    """`sign`: `+`, `-`, ` `, or `@` where lines were left out."""

    sign: str
    text: str


def as_yaml(content: Any) -> str:
    dumper = YAML(typ="safe", pure=True)
    dumper.default_flow_style = False
    dumper.allow_unicode = True
    dumper.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    dumper.width = 100
    out = StringIO()
    dumper.dump(content, out)
    return out.getvalue()


def draft(rules: list[Mapping[str, Any]], disable: bool = True) -> str:
    """A file that takes the place of these rules. `disable`: they are shipped ones, so that they are switched off."""
    content: dict[str, Any] = {"disable": [rule["id"] for rule in rules]} if disable else {}
    return as_yaml(content | {"rules": [dict(rule) for rule in rules]})


def ids(text: str) -> list[str]:
    """Of what is written in a file, as it is read without understanding it."""
    return list(dict.fromkeys(_ID.findall(text)))


def difference(before: str, after: str) -> list[Changed]:
    made: list[Changed] = []
    lines = unified_diff(before.splitlines(), after.splitlines(), n=CONTEXT_LINES, lineterm="")
    for number, line in enumerate(lines):
        if number < 2:  # names of files that there are none of
            continue
        if len(made) == LINES_MAX:
            made.append(Changed("@", "…"))
            break
        made.append(Changed("@", line.strip("@ ")) if line.startswith("@@") else Changed(line[0], line[1:]))
    return made


def of_files(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Changed]]:
    """Of two versions: file → what differs; where the files of one were not kept, of all that was in force."""
    if not before["files"] or not after["files"]:
        found = {"": difference(as_yaml(before["content"]), as_yaml(after["content"]))}
    else:
        names = sorted({*before["files"], *after["files"]})
        found = {name: difference(before["files"].get(name, ""), after["files"].get(name, "")) for name in names}
    return {name: lines for name, lines in found.items() if lines}


def in_force_for(name: str, files: Mapping[str, str]) -> str | None:
    """The text of the file that one of this name stands in for; None: it would be added."""
    return next((text for path, text in files.items() if f"/{path}".endswith(f"/{name}")), None)
