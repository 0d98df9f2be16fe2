"""A backtest: stored messages under rules that were not in force, beside those that are.

Only rules that differ are judged, and what they build on: a confirmation needs the detections it counts. Detections,
confirmations, inhibitions and alarm discipline are the real ones; nobody acts, but what is normal again is resolved at
once, so that each time is an incident of its own.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from rules.firings import Firing, Firings
from rules.incident import Confirmation, Incident
from rules.instant import Instant
from rules.level import Level
from rules.outcome import Outcome
from rules.people import Roster
from rules.plan import Plans, watches
from rules.rehearsal import InForce, Rehearsal
from rules.requests import Finding, Resolve
from rules.response_plan import PlanBook
from rules.ruleset import Ruleset
from rules.site import Directory

FIRINGS_MAX = 2_000  # of one ruleset, one by one; what is more is counted
INCIDENTS_MAX = 1_000
BY = "backtest"


class WouldBe(Struct):
    """An incident that would have been opened."""

    zone: str
    hazard: str
    level: Level  # the worst it came to
    opened_at: Instant
    confirmed: bool
    closed_at: Instant | None = None  # None: its sources were not normal at the end


class Judged(Struct):
    """What one ruleset would have made of it."""

    fired: int = 0  # how often, `firings` and more
    firings: list[Firing] = []
    by_rule: dict[str, int] = {}
    by_device: dict[str, int] = {}
    held_before: int = 0  # what fired already when the range began, and is not counted
    incidents: list[WouldBe] = []
    incidents_opened: int = 0


class Judge(Rehearsal):
    """Judges from `since` on; what it is told before makes windows and holds what they were."""

    def __init__(self, force: InForce, begins: Instant, since: Instant) -> None:
        self.found = Judged()
        self._since = since
        self._firings = Firings(self._fired)
        self._incidents: dict[str, WouldBe] = {}
        self._before: list[Firing] = []
        self._resolving = False
        self._again: dict[str, None] = {}
        super().__init__(force._replace(plans=_without_response(force.plans), roster=Roster()), begins)

    def judged_until(self, until: Instant) -> Judged:
        """Everything it was told lies before `until`; → what it has come to."""
        self.pass_until(until)
        self.found.held_before = sum(each.until is None or each.until >= self._since for each in self._before)
        return self.found

    def seen(self, outcome: Outcome) -> None:
        self._firings.follow(outcome, self.engine.state.detections, self.now)
        for incident in outcome.incidents.values():
            self._follow(incident)
            if incident.open and incident.sources_normal:
                self._again[incident.id] = None
        self._resolve()

    def _fired(self, firing: Firing) -> None:
        if firing.since < self._since:
            self._before = [each for each in self._before if each.until is None or each.until >= self._since]
            self._before.append(firing)
            return
        self.found.fired += 1
        self.found.by_rule[firing.rule] = self.found.by_rule.get(firing.rule, 0) + 1
        self.found.by_device[firing.device] = self.found.by_device.get(firing.device, 0) + 1
        if len(self.found.firings) < FIRINGS_MAX:
            self.found.firings.append(firing)

    def _follow(self, incident: Incident) -> None:
        would_be = self._incidents.get(incident.id)
        if would_be is None:
            if not incident.open:
                return
            confirmed = incident.confirmation is Confirmation.CONFIRMED
            would_be = WouldBe(incident.zone, incident.hazard, incident.level, incident.opened_at, confirmed)
            self._incidents[incident.id] = would_be
            if incident.opened_at >= self._since:
                self.found.incidents_opened += 1
                if len(self.found.incidents) < INCIDENTS_MAX:
                    self.found.incidents.append(would_be)
        would_be.level = max(would_be.level, incident.level)
        would_be.confirmed = would_be.confirmed or incident.confirmation is Confirmation.CONFIRMED
        if not incident.open:
            would_be.closed_at = incident.closed_at
            del self._incidents[incident.id]

    def _resolve(self) -> None:
        """Not while the engine is told something: what it is told may be the end of it."""
        if self._resolving:
            return
        self._resolving = True
        while self._again:
            id = next(iter(self._again))
            del self._again[id]
            incident = self.engine.state.incidents.get(id)
            if incident is not None and incident.open and incident.sources_normal:
                self.tell(Resolve(incident=id, by=BY, finding=Finding.REAL, cause=BY))
        self._resolving = False


# ---- what is judged


def differing(candidate: Ruleset, running: Ruleset) -> list[str]:
    """Ids of the rules that only one of them has, or that are written otherwise."""
    known, others = _versions(candidate), _versions(running)
    return [id for id in dict.fromkeys((*known, *others)) if known.get(id) != others.get(id)]


def scope(ids: Iterable[str], candidate: Ruleset, running: Ruleset, plans: PlanBook) -> list[str]:
    """The rules themselves, the confirmations that count them, what these count, and what inhibits any of it."""
    wanted = dict.fromkeys(ids)
    for ruleset in (candidate, running):
        for id in list(wanted):
            wanted |= dict.fromkeys(each.id for each in ruleset.confirmations_of.get(id, ()))
    for ruleset in (candidate, running):
        for rule in [ruleset.confirmations[id] for id in wanted if id in ruleset.confirmations]:
            wanted |= dict.fromkeys((*rule.confirm.of, *rule.or_))
    for id in list(wanted):
        wanted |= dict.fromkeys(cause for each in plans.inhibitions_of.get(id, ()) for cause in each.by)
    return list(wanted)


def limited(ruleset: Ruleset, ids: Iterable[str]) -> Ruleset:
    wanted = set(ids)
    return Ruleset(
        detections={id: rule for id, rule in ruleset.detections.items() if id in wanted},
        confirmations={id: rule for id, rule in ruleset.confirmations.items() if id in wanted},
    )


def looked_at(directory: Directory, *rulesets: Ruleset) -> set[str]:
    """Ids of the devices that any of the rules can say anything of."""
    rules = [rule for ruleset in rulesets for rule in ruleset.detections.values()]
    return {id for id, device in directory.devices.items() if any(watches(rule, device) for rule in rules)}


def memory_ms(directory: Directory, ruleset: Ruleset) -> int:
    """How far back the rules look: windows, edges and holds."""
    plans = Plans(directory.device_classes, ruleset.detections.values())
    spans = (plans.of(device).span_ms for device in directory.devices.values())
    holds = (max(rule.hold_ms, rule.clear_hold_ms) for rule in ruleset.detections.values())
    return max(spans, default=0) + max(holds, default=0)


def matched(candidate: Judged, running: Judged) -> tuple[int, list[int], list[int]]:
    """→ (how many of the candidate's firings overlap one of the running rules', indexes of the others of each)."""
    only = [_without_match(one, other) for one, other in ((candidate, running), (running, candidate))]
    return len(candidate.firings) - len(only[0]), only[0], only[1]


def _without_match(one: Judged, other: Judged) -> list[int]:
    theirs: dict[tuple[str, str], list[Firing]] = {}
    for firing in other.firings:
        theirs.setdefault((firing.rule, firing.device), []).append(firing)
    return [
        number
        for number, firing in enumerate(one.firings)
        if not any(_overlap(firing, each) for each in theirs.get((firing.rule, firing.device), ()))
    ]


def _overlap(one: Firing, other: Firing) -> bool:
    before = one.until is not None and one.until < other.since
    after = other.until is not None and other.until < one.since
    return not (before or after)


def _versions(ruleset: Ruleset) -> dict[str, str]:
    detections = {id: rule.version for id, rule in ruleset.detections.items()}
    return detections | {id: rule.version for id, rule in ruleset.confirmations.items()}


def _without_response(plans: PlanBook) -> PlanBook:
    return PlanBook(inhibitions=plans.inhibitions, discipline=plans.discipline)
