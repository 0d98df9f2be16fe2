"""Texts with places to fill in: `{fields}`, and parts in `[brackets]` that disappear when one of theirs is empty.

A field outside brackets that is empty reads `?`, so that no text, however little is known, fails to be written. What
is filled in is never looked at again: a brace in a person's note stays a brace.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

MISSING = "?"
_PART = re.compile(r"\[([^\]]*)\]|\{(\w+)\}")
_FIELD = re.compile(r"\{(\w+)\}")
_LEFT_OVER = re.compile(r"[{}\[\]]")


def fill(template: str, fields: Mapping[str, str]) -> str:
    """Never raises."""
    return _PART.sub(lambda match: _part(match, fields), template)


def fields_of(template: str) -> list[str]:
    """The names in it, in their order."""
    return _FIELD.findall(template)


def stray(template: str) -> str:
    """The first brace or bracket that belongs to nothing; empty: there is none."""
    without_fields = _FIELD.sub("", template)
    without_brackets = re.sub(r"\[([^\[\]]*)\]", r"\1", without_fields)
    found = _LEFT_OVER.search(without_brackets)
    return found[0] if found else ""


def _part(match: re.Match[str], fields: Mapping[str, str]) -> str:
    """What a bracket or a lone field becomes."""
    bracket, name = match.groups()
    if name is not None:
        return fields.get(name) or MISSING
    if all(fields.get(field) for field in _FIELD.findall(bracket)):
        return _FIELD.sub(lambda field: fields[field[1]], bracket)
    return ""
