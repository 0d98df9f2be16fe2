"""Sets of words as one column holds them: sorted, comma-separated."""

from __future__ import annotations

from collections.abc import Iterable

from api.permissions import Permission, Role


def joined(words: Iterable[str]) -> str:
    return ",".join(sorted(words))


def joined_or_none(words: Iterable[str] | None) -> str | None:
    return None if words is None else joined(words)


def apart(text: str) -> frozenset[str]:
    return frozenset(text.split(",")) if text else frozenset()


def apart_or_none(text: str | None) -> frozenset[str] | None:
    return None if text is None else apart(text)


def roles_of(text: str) -> frozenset[Role]:
    """A role of a later version grants nothing here."""
    known = {role.value for role in Role}
    return frozenset(Role(word) for word in apart(text) if word in known)


def permissions_of(text: str) -> frozenset[Permission]:
    known = {each.value for each in Permission}
    return frozenset(Permission(word) for word in apart(text) if word in known)
