"""Messages to a codec, and the parts of its answers that a test looks at."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, TypeVar

from gateway.codecs.port import Codec, Found, Output, Point, Said
from rules.reading import Rejected, Value

NOW = 1_795_500_000_000  # a November morning in 2026
REASONS = {"unknown topic", "topic is not utf-8", "payload too large", "wrong shape", "bad json", "unknown device"}
_Output = TypeVar("_Output")


def tell(codec: Codec, topic: str, payload: Any, retained: bool = False) -> list[Output]:
    """`payload`: bytes and text as they are, anything else as JSON."""
    raw = payload if isinstance(payload, bytes) else payload.encode() if isinstance(payload, str) else None
    return codec.decode(topic.encode(), json.dumps(payload).encode() if raw is None else raw, NOW, retained)


def those(outputs: Iterable[Output], type_: type[_Output]) -> list[_Output]:
    return [each for each in outputs if isinstance(each, type_)]


def only(outputs: Iterable[Output], type_: type[_Output]) -> _Output:
    (found,) = those(outputs, type_)
    return found


def values(outputs: Iterable[Output]) -> dict[str, Value | None]:
    """Of all devices and points, the later ones over the earlier."""
    return {name: value for each in those(outputs, Said) for name, value in each.values.items()}


def points(found: Found) -> dict[str, Point]:
    return {point.name: point for point in found.points}


def why(outputs: Iterable[Output]) -> str:
    """The detail of the one dead letter."""
    return only(outputs, Rejected).detail
