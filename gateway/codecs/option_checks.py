"""What options of codecs have in common: checks that say one thing when one thing is wrong."""

from __future__ import annotations

from typing import Annotated, TypeVar

from pydantic import AfterValidator

from rules.instant import SECOND_MS, DurationMs, parse_duration_ms

T = TypeVar("T")


def not_empty(values: tuple[T, ...]) -> tuple[T, ...]:
    """Pydantic's own `min_length` of a tuple complains a second time where the only entry is wrong."""
    if not values:
        raise ValueError("it is empty; expected at least 1")
    return values


def not_at_once(duration_ms: int) -> int:
    """Nothing is silent before it could have spoken."""
    if duration_ms < SECOND_MS:
        raise ValueError(f"{duration_ms}ms is no time to be silent; expected at least 1s")
    return duration_ms


def parse_silence_ms(text: str) -> int:
    """`"26h"` → milliseconds. Raises ValueError with the offending value."""
    return not_at_once(parse_duration_ms(text))


SilenceMs = Annotated[DurationMs, AfterValidator(not_at_once)]
