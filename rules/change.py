"""What makes the screen look, and what comes of it."""

from __future__ import annotations

from typing import NamedTuple

from rules.events import VerdictChanged
from rules.instant import Instant


class Change(NamedTuple):
    """What a message or the time did, for the desk; and what of it was no reading."""

    verdicts: list[VerdictChanged]
    faults: list[tuple[str, str]]  # (reason, detail)


class Cause(NamedTuple):
    """The message, or the instant, that makes the screen look."""

    at: Instant
    received_at: Instant
    seq: int | None = None
    late: bool = False
    retained: bool = False
    dated: bool = False  # `at` is the device's own time
