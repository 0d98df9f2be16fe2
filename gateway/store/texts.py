"""Text from outside, made such that any database takes it."""

from __future__ import annotations


def storable(text: str, characters_max: int) -> str:
    """Text that any database takes: no NUL (PostgreSQL), no half surrogates (no UTF-8), not longer than the limit."""
    return text[:characters_max].replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()
