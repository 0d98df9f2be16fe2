"""What has to happen by when, and what of it did not."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import NamedTuple

from rules.instant import Instant

TOLERANCE_MS = 2_000  # the engine's timer is looked at once a second at the latest; a commit takes milliseconds (ours)
FINDINGS_MAX = 10_000  # more are one finding
DOWN_MAX = 1_000  # the latest times that the gateway was down


class Finding(NamedTuple):
    """`done_at` None: not done yet. `excused`: the gateway was down."""

    what: str
    due_at: Instant
    done_at: Instant | None
    excused: bool = False


class Expected(NamedTuple):
    what: str
    due_at: Instant
    incident: str | None


class Ledger:
    """`missing`: not done, by key. `late`: done, but too late. `kept`: how often something was in time.

    A step costs the same however much is expected: what falls due next stands first in a heap, in which what has
    happened meanwhile is left standing until its moment comes.
    """

    def __init__(self, tolerance_ms: int = TOLERANCE_MS) -> None:
        self.tolerance_ms = tolerance_ms
        self.expected: dict[str, Expected] = {}
        self.missing: dict[str, Finding] = {}
        self.late: list[Finding] = []
        self.kept = 0
        self._down: list[tuple[Instant, Instant]] = []
        self._moments: list[tuple[Instant, str, Expected]] = []  # the last one in time, as it was known
        self._of_incident: dict[str, dict[str, None]] = {}  # keys; some may be over

    def down(self, since: Instant, until: Instant) -> None:
        """The gateway was down in between; or it was up, had nothing to journal, and then it was stopped: the journal
        cannot tell the two apart."""
        self._down = [*self._down, (since, until)][-DOWN_MAX:]

    def expect(self, key: str, what: str, at: Instant, within_ms: float, incident: str | None = None) -> None:
        """From `at` on, in place of what was expected under the same key."""
        self.no_longer(key, at)
        self.expected[key] = expected = Expected(what, at + round(within_ms), incident)
        heappush(self._moments, (expected.due_at + self.tolerance_ms, key, expected))
        if incident is not None:
            self._of_incident.setdefault(incident, {})[key] = None

    def move(self, belongs: Callable[[Expected], bool], by_ms: int) -> None:
        """Everything that belongs to something that stands still, or goes on again, is due so much later."""
        for key, expected in list(self.expected.items()):
            if belongs(expected) and key not in self.missing:
                self.expected[key] = moved = expected._replace(due_at=expected.due_at + by_ms)
                heappush(self._moments, (moved.due_at + self.tolerance_ms, key, moved))

    def happened(self, key: str, at: Instant) -> None:
        self.kept += self._over(key, at)

    def closed(self, incident: str, at: Instant) -> None:
        """All that was expected of an incident has happened."""
        for key in self._of_incident.pop(incident, ()):
            expected = self.expected.get(key)
            if expected is not None and expected.incident == incident:
                self.happened(key, at)

    def no_longer(self, key: str, at: Instant) -> None:
        """It need not happen any more."""
        self._over(key, at)

    def _over(self, key: str, at: Instant) -> bool:
        """→ whether it was expected, and this is in time."""
        expected = self.expected.pop(key, None)
        self.missing.pop(key, None)
        if expected is None or at <= expected.due_at + self.tolerance_ms:
            return expected is not None
        if len(self.late) < FINDINGS_MAX:
            self.late.append(Finding(expected.what, expected.due_at, at, self._excused(expected.due_at, at)))
        return False

    def look(self, now: Instant) -> list[str]:
        """Keys of what is missing since this look; everything that happened before `now` has been told."""
        found = []
        while (moment := self.next_look()) is not None and moment <= now:
            _, key, expected = heappop(self._moments)
            last = self._last_moment(expected.due_at)
            if now > last:
                self.missing[key] = Finding(expected.what, expected.due_at, None)
                found.append(key)
            else:  # the gateway was down: it is given time
                heappush(self._moments, (last, key, expected))
        return found

    def next_look(self) -> Instant | None:
        """When something may be found missing next."""
        while self._moments:
            moment, key, expected = self._moments[0]
            if self.expected.get(key) is expected and key not in self.missing:
                return moment + 1
            heappop(self._moments)
        return None

    def _last_moment(self, due_at: Instant) -> Instant:
        if not self._down:
            return due_at + self.tolerance_ms
        up_again = max((until for since, until in self._down if since < due_at + self.tolerance_ms), default=0)
        return max(due_at, up_again) + self.tolerance_ms

    def _excused(self, due_at: Instant, done_at: Instant) -> bool:
        return any(since < due_at + self.tolerance_ms and due_at <= until for since, until in self._down) and (
            done_at <= self._last_moment(due_at)
        )
