"""What options of codecs have in common: checks that say one thing when one thing is wrong."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


def not_empty(values: tuple[T, ...]) -> tuple[T, ...]:
    """Pydantic's own `min_length` of a tuple complains a second time where the only entry is wrong."""
    if not values:
        raise ValueError("it is empty; expected at least 1")
    return values
