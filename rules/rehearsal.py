"""Screen and engine on virtual time, with nothing around them: what rules and plans would make of what devices say.

The real ones, with an empty state and whatever is to be tried in force. Nobody is told, no device obeys, nothing is
stored. Time passes only where it is said to, and every deadline on the way is handled at its instant, as in the
gateway.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from rules.engine import Engine
from rules.events import DirectoryLoaded, Event, PlansLoaded, RosterLoaded, RulesLoaded, TimePassed, VerdictChanged
from rules.history import Past
from rules.instant import Instant
from rules.mode import Mode
from rules.outcome import Outcome
from rules.people import Roster
from rules.reading import Value
from rules.response_plan import PlanBook
from rules.ruleset import Ruleset
from rules.schedule import Calendar
from rules.screen import Cause, Change, Screen
from rules.site import Directory
from rules.state import State
from rules.watched import Watched


class InForce(NamedTuple):
    """What is tried. `calendars`: by site."""

    directory: Directory
    ruleset: Ruleset
    plans: PlanBook
    roster: Roster
    calendars: Mapping[str, Calendar]


class Rehearsal:
    """Subclasses look at what comes of it (`judged`, `seen`)."""

    def __init__(self, force: InForce, begins: Instant) -> None:
        self.force, self.now = force, begins
        self.screen = Screen(force.directory, force.ruleset, _NoHistory(), force.calendars)
        self.engine = Engine(State(), _Documents(force))
        for loaded in (DirectoryLoaded("sites"), RulesLoaded("rules"), PlansLoaded("plans"), RosterLoaded("roster")):
            self.engine.step(loaded, begins)
        self.screen.listening(begins)
        self._submit(self.screen.start([], begins))

    def judged(self, change: VerdictChanged) -> None:
        """A verdict has changed; the engine is told next."""

    def seen(self, outcome: Outcome) -> None:
        """The engine has taken a step."""

    def tell(self, event: Event) -> Outcome:
        outcome = self.engine.step(event, self.now)
        self.seen(outcome)
        return outcome

    # ---- what devices say

    def reading(
        self, mode: Mode, device: str, values: Mapping[str, Value], at: Instant, seq: int = -1
    ) -> list[tuple[str, str]] | None:
        """→ what is wrong with it: (reason, detail). None: there is no such device."""
        w = self.screen.watched(mode, device, self.now)
        if w is None:
            return None
        w.unseen = False
        live = at >= w.at or seq > w.seq >= 0
        cause = Cause(at, self.now, seq if seq >= 0 else None, late=not live)
        if not live:
            return self._taken(self.screen.late_reading(w, values, cause, lambda key: False))
        self._heard(w, at, seq)
        faults = self._taken(self.screen.reading(w, values, cause))
        if at != self.now and w.plan.on_metric[w.plan.skew]:
            faults += self._taken(self.screen.skew(w, (self.now - at) / 1000, cause))
        return faults

    def consumed(self, device: str, first: int, hours: Sequence[float]) -> None:
        """Kilowatt hours of each hour from `first` (since 1970) on."""
        self._submit(self.screen.consumed(device, first, hours, self.now))

    def event(
        self, mode: Mode, device: str, event: str, attributes: Mapping[str, Value], at: Instant, seq: int = -1
    ) -> list[tuple[str, str]] | None:
        w = self.screen.watched(mode, device, self.now)
        if w is None:
            return None
        w.unseen = False
        live = at >= w.at or seq > w.seq >= 0
        if live:
            self._heard(w, at, seq)
        cause = Cause(at, self.now, seq if seq >= 0 else None, late=not live)
        return self._taken(self.screen.event(w, event, attributes, cause))

    def status(self, mode: Mode, device: str, online: bool) -> list[tuple[str, str]] | None:
        w = self.screen.watched(mode, device, self.now)
        if w is None:
            return None
        w.unseen = False
        if online:
            w.received_at = self.now
        return self._taken(self.screen.status(w, online, Cause(self.now, self.now)))

    def _heard(self, w: Watched, at: Instant, seq: int) -> None:
        w.at, w.received_at = at, self.now
        if seq >= 0:
            w.seq = seq

    def _taken(self, change: Change | None) -> list[tuple[str, str]]:
        if change is None:
            return []
        self._submit(change.verdicts)
        return change.faults

    # ---- time

    def pass_until(self, instant: Instant) -> None:
        while (due := self._next_deadline()) is not None and due <= instant:
            self.now = max(due, self.now)
            self._submit(self.screen.advance(self.now))
            deadline = self.engine.next_deadline()
            if deadline is not None and deadline <= self.now:
                self.tell(TimePassed())
        self.now = max(self.now, instant)

    def deaf_until(self, instant: Instant) -> None:
        """Time passes in which no device could be heard: none counts as silent for it."""
        self.screen.listening(None)
        self.pass_until(instant)
        self.screen.listening(self.now)

    def _next_deadline(self) -> Instant | None:
        known = (self.screen.next_deadline(), self.engine.next_deadline())
        return min((each for each in known if each is not None), default=None)

    def _submit(self, changes: Iterable[VerdictChanged]) -> None:
        for change in changes:
            self.judged(change)
            self.tell(change)


class _Documents:
    """`rules.in_force.Documents`: whatever the version, it is what is tried."""

    def __init__(self, force: InForce) -> None:
        self._force = force

    def directory(self, version: str) -> Directory:
        return self._force.directory

    def ruleset(self, version: str) -> Ruleset:
        return self._force.ruleset

    def plans(self, version: str) -> PlanBook:
        return self._force.plans

    def roster(self, version: str) -> Roster:
        return self._force.roster


class _NoHistory:
    """`rules.screen.History`: nothing is known of the time before."""

    def cursor(self, mode: Mode, device: str) -> tuple[Instant, int, Instant] | None:
        return None

    def window(self, mode: Mode, device: str, since: Instant) -> Iterator[Past]:
        return iter(())
