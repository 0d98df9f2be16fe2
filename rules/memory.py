"""What a condition must remember of a device: windows, occurrences, sequences.

A memory is a plain value that belongs to one device; a `Recall` knows how to feed it with each reading or event
and how far back telemetry must be replayed to have it again after a restart (`span_ms`). Times in a memory are
the gateway's (`received_at`), so that they expire by the same clock that asks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from rules.instant import Instant
from rules.reading import Value

Values = Sequence[Value | None]  # the device's latest values, by the metric's index
Attributes = Mapping[str, Value]
NO_ATTRIBUTES: Attributes = {}
WINDOW_ENTRIES_MAX = 20_000  # an hour at five a second; the oldest go first, so that memory stays bounded


class Recall(Protocol):
    """One kind of memory. `key` is equal for conditions that can share it."""

    key: str
    span_ms: int

    def new(self) -> Any: ...

    def feed(self, memory: Any, values: Values, at: Instant, event: str | None, attributes: Attributes) -> None:
        """Takes one reading (`event` None; `values`: what it says itself) or event, in the order of receipt."""
        ...

    def due(self, memory: Any, now: Instant) -> Instant | None:
        """When time alone can next change what the memory says."""
        ...


class Window:
    """The readings of one metric over the last `span_ms`: (instant, value), oldest first."""

    def __init__(self, metric: int, span_ms: int) -> None:
        self.metric, self.span_ms = metric, span_ms
        self.key = f"window/{metric}/{span_ms}"

    def new(self) -> deque[tuple[Instant, float]]:
        return deque(maxlen=WINDOW_ENTRIES_MAX)

    def feed(
        self, memory: deque[tuple[Instant, float]], values: Values, at: Instant, event: str | None, attributes: Any
    ) -> None:
        value = values[self.metric]
        if event is None and isinstance(value, float):
            memory.append((at, value))
            _expire(memory, at - self.span_ms)

    def due(self, memory: deque[tuple[Instant, float]], now: Instant) -> Instant | None:
        _expire(memory, now - self.span_ms)
        return memory[0][0] + self.span_ms + 1 if memory else None


class LastTwo:
    """The last two readings of one metric, for `changed` and for a rate between neighbours."""

    span_ms = 24 * 3_600_000  # a device that speaks less than daily starts anew

    def __init__(self, metric: int) -> None:
        self.metric = metric
        self.key = f"last-two/{metric}"

    def new(self) -> deque[tuple[Instant, Value]]:
        return deque(maxlen=2)

    def feed(
        self, memory: deque[tuple[Instant, Value]], values: Values, at: Instant, event: str | None, attributes: Any
    ) -> None:
        value = values[self.metric]
        if event is None and value is not None:
            memory.append((at, value))

    def due(self, memory: Any, now: Instant) -> Instant | None:
        return None


class Occurrences:
    """When an event came, or a leaf became true, within the last `span_ms`."""

    def __init__(
        self, key: str, span_ms: int, came: Callable[[Values, str | None, Attributes], bool | None], *, edge: bool
    ) -> None:
        self.key, self.span_ms, self._came, self.edge = key, span_ms, came, edge

    def new(self) -> list[Any]:
        return [False, deque(maxlen=WINDOW_ENTRIES_MAX)]  # [was it true, when it became so]

    def feed(self, memory: list[Any], values: Values, at: Instant, event: str | None, attributes: Attributes) -> None:
        came = self._came(values, event, attributes)
        if came is None:
            return
        if came and not (self.edge and memory[0]):
            memory[1].append((at, True))
        memory[0] = came
        _expire(memory[1], at - self.span_ms)

    def due(self, memory: list[Any], now: Instant) -> Instant | None:
        _expire(memory[1], now - self.span_ms)
        return memory[1][0][0] + self.span_ms + 1 if memory[1] else None


class Progress:
    """How far a sequence has come: steps in order, the last within `within_ms` of the first. Holds so long after."""

    def __init__(
        self, key: str, within_ms: int, steps: Sequence[Callable[[Values, str | None, Attributes], bool | None]]
    ) -> None:
        self.key, self.within_ms, self._steps = key, within_ms, steps
        self.span_ms = 2 * within_ms  # what is over and still holds began so long ago

    def new(self) -> list[Any]:
        return [[None] * len(self._steps), None]  # [by steps done: when the latest such run began; completed at]

    def feed(self, memory: list[Any], values: Values, at: Instant, event: str | None, attributes: Attributes) -> None:
        began, last = memory[0], len(self._steps) - 1
        for done in range(last, -1, -1):  # backwards: one message is one step of a run
            start = began[done] if done else at
            if start is None or at - start > self.within_ms or not self._steps[done](values, event, attributes):
                continue
            if done == last:
                memory[:] = [[None] * len(self._steps), at]
                return
            began[done + 1] = start

    def due(self, memory: list[Any], now: Instant) -> Instant | None:
        return memory[1] + self.within_ms + 1 if memory[1] is not None and now - memory[1] <= self.within_ms else None


def _expire(entries: deque[Any], before: Instant) -> None:
    while entries and entries[0][0] < before:
        entries.popleft()
