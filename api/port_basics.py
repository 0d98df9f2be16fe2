"""What every part of the port has: pages, and what can go wrong with any question."""

from __future__ import annotations

from typing import Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")


class Page(Struct, Generic[T], frozen=True):
    """Some of a list. `next_cursor` is opaque; None at the end."""

    items: list[T]
    next_cursor: str | None = None


class Unknown(LookupError):
    """Nothing of this kind has this id, which is the argument."""


class UnknownDevice(Unknown): ...


class Unavailable(RuntimeError):
    """The core cannot answer now: it is starting, or its store has failed. The text says which."""


class TooBusy(RuntimeError):
    """So much of this kind is under way already that no more is begun. The text says how much."""


class BadCursor(ValueError):
    """A cursor that no page has given."""
