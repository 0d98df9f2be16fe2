"""What local telemetry and the journal still know of a device, and how the screen takes it up again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, Protocol

from rules.instant import Instant
from rules.memory import NO_ATTRIBUTES
from rules.mode import Mode
from rules.reading import Value
from rules.watched import Watched


class Past(NamedTuple):
    """One stored message of a device."""

    at: Instant
    seq: int  # -1: none
    received_at: Instant
    event: str | None
    values: Mapping[str, Value]  # of an event: its attributes


class History(Protocol):
    def cursor(self, mode: Mode, device: str) -> tuple[Instant, int, Instant] | None:
        """(at, seq, received_at) of the newest message; None when there is none."""
        ...

    def window(self, mode: Mode, device: str, since: Instant) -> Iterator[Past]:
        """What was received since, in the order of receipt; at least the last message when there is one."""
        ...


def replay(w: Watched, stored: Iterable[Past]) -> None:
    """Values and memories as they were after these messages. A reading that had arrived late changed neither."""
    plan, newest_at, newest_seq = w.plan, 0, -1
    for past in stored:
        if past.event is not None:
            for recall in plan.recalls_on_event.get(past.event, ()):
                recall.feed(w.memory(recall), w.values, past.received_at, past.event, past.values)
        elif past.at >= newest_at or past.seq > newest_seq >= 0:
            newest_at, newest_seq = past.at, past.seq
            told = {plan.index[name]: value for name, value in past.values.items() if plan.fault(name, value) is None}
            for index, value in told.items():
                w.values[index] = value
            feed(w, told, past.received_at)


def since(w: Watched) -> Instant:
    """What was received from then on makes its memories again. To tell an edge, one must know what was before."""
    return w.received_at - w.plan.span_ms - (w.device.silent_after_ms if w.plan.edges else 0)


def feed(w: Watched, told: Mapping[int, Value], at: Instant) -> None:
    """Takes what one reading says, and nothing else that is known, into the memories that look at it."""
    recalls = {recall.key: recall for index in told for recall in w.plan.recalls_on[index]}
    if recalls:
        values = [told.get(index) for index in range(len(w.plan.names))]
        for recall in recalls.values():
            recall.feed(w.memory(recall), values, at, None, NO_ATTRIBUTES)
