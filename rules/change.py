"""What makes the screen look, and what comes of it."""

from __future__ import annotations

from typing import NamedTuple

from rules.events import VerdictChanged
from rules.instant import Instant
from rules.verdict import Verdict
from rules.watched import Watched


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


def verdict_changed(w: Watched, number: int, verdict: Verdict, cause: Cause) -> VerdictChanged:
    """The event, with the values that the rule looked at."""
    rule, index = w.plan.rules[number], w.plan.places
    values = {name: value for name in rule.metrics if (value := w.values[index[name]]) is not None}
    for grounds in rule.grounds:
        values |= grounds(w)
    return VerdictChanged(
        mode=w.mode,
        rule=rule.id,
        device=w.device.id,
        verdict=verdict,
        at=cause.at,
        received_at=cause.received_at,
        values=values,
        seq=cause.seq,
        late=cause.late,
        retained=cause.retained,
        dated=cause.dated and cause.at == cause.received_at,
    )
