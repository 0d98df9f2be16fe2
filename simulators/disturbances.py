"""What a gateway may be late for: it was down, or its clock was set or stood still."""

from __future__ import annotations

from rules.instant import Instant
from simulators.record import Record

NOTICED_MS = 1_000  # a clock that was set is noticed within a second


def allowed_until(record: Record, due: Instant) -> Instant:
    """When what fell due then has to have happened at the latest: then, unless something was in the way."""
    latest = due
    for since, until in sorted(record.disturbed):
        if since <= latest and due <= until + NOTICED_MS:
            latest = max(latest, until + NOTICED_MS)
    return latest


def disturbs(record: Record, since: Instant, until: Instant) -> bool:
    return any(lo <= until and hi >= since for lo, hi in record.disturbed)
