"""One turn of the engine: the state, what is in force, the instant, and the outcome as it grows."""

from __future__ import annotations

import heapq
from typing import Any

from rules.drill import Drill, remember
from rules.in_force import InForce
from rules.incident import TRANSITIONS, Confirmation, Incident, Phase, Step
from rules.instant import Instant
from rules.level import Level
from rules.mode import Mode
from rules.outcome import Outcome, Refused
from rules.reading import Value
from rules.site import Device
from rules.state import AWAITED_REVIEWS_MAX, KEPT_CLOSED_MS, State
from rules.timeline import Entry, Kind

Deadline = tuple[Instant, str, str]  # (due, kind, id): this order is the order in which they fall


class Turn:
    def __init__(self, state: State, force: InForce, now: Instant, deadlines: list[Deadline]) -> None:
        self.state, self.now = state, now
        self.directory, self.places, self.ruleset, self.plans, self.roster = force
        self.outcome = Outcome()
        self.late_ms: int | None = None  # set while a deadline is handled late
        self.remark = ""  # set while what happens comes of a reading that arrived late or retained
        self.again: dict[str, str] = {}  # detections that were kept quiet and are raised before the step ends → why
        self.touched: dict[str, None] = {}  # incidents whose plan and ladder are looked at before the step ends
        self.relevelled: dict[str, None] = {}  # incidents whose level has changed: authorities are told
        self._deadlines = deadlines

    def write(self, kind: Kind, incident: Incident | None = None, **rest: Any) -> None:
        """Adds an entry to the incident's timeline, or to that of no incident."""
        self.state.entries_made += 1
        number = 0
        if incident is not None:
            incident.entries = number = incident.entries + 1
            self.changed(incident)
            rest.setdefault("mode", incident.mode)
        rest["reason"] = "; ".join(part for part in (rest.get("reason"), self.remark) if part)
        entry = Entry(
            position=self.state.entries_made,
            incident=incident.id if incident else None,
            number=number,
            at=self.now,
            kind=kind,
            late_ms=self.late_ms,
            **rest,
        )
        self.outcome.entries.append(entry)
        drill = self.state.drills.get(incident.drill) if incident is not None and incident.drill else None
        if drill is not None and remember(drill, entry):
            self.drill_changed(drill)

    def changed(self, incident: Incident) -> None:
        """Something of it is other than before; `write` says so by itself."""
        incident.updated_at = self.now
        incident.revision += incident.id not in self.outcome.incidents
        self.outcome.incidents[incident.id] = incident

    def drill_changed(self, drill: Drill) -> None:
        drill.revision += drill.id not in self.outcome.drills
        self.outcome.drills[drill.id] = drill

    def refuse(
        self, code: str, reason: str, by: str, what: str, incident: Incident | None = None, **facts: Value
    ) -> None:
        """A request is not carried out: the answer, and the entry that says so."""
        self.outcome.refused = Refused(code, reason)
        self.write(Kind.REFUSED, incident, by=by, facts={"what": what, "code": code, **facts}, reason=reason)

    def set_deadline(self, due: Instant, kind: str, id: str) -> None:
        heapq.heappush(self._deadlines, (due, kind, id))

    # ---- incidents

    def touch(self, incident: Incident) -> None:
        """Something has changed that its plan and ladder go by. Raising, moving and confirming do it by themselves."""
        self.touched[incident.id] = None

    def open_incident(self, mode: Mode, device: Device, hazard: str) -> Incident | None:
        id = self.state.groups.get(group_key(mode, device.zone, hazard))
        return self.state.incidents[id] if id else None

    def move(self, incident: Incident, step: Step, reason: str) -> None:
        """Moves the phase by the table; a step that is not in it changes nothing."""
        phase = TRANSITIONS.get((incident.phase, step))
        if phase is not None:
            before, incident.phase = incident.phase, phase
            self.write(Kind.PHASE_CHANGED, incident, facts={"from": before.value, "to": phase.value}, reason=reason)
            self.touch(incident)

    def raise_level(self, incident: Incident, level: Level, reason: str, by: str | None = None) -> None:
        """Never lowers: only a person may."""
        if level > incident.level:
            self._change_level(Kind.LEVEL_RAISED, incident, level, reason, by)

    def lower_level(self, incident: Incident, level: Level, reason: str, by: str) -> None:
        """A person has asked for it."""
        self._change_level(Kind.LEVEL_LOWERED, incident, level, reason, by)
        incident.lowered_by = by

    def _change_level(self, kind: Kind, incident: Incident, level: Level, reason: str, by: str | None) -> None:
        before, incident.level = incident.level, level
        self.write(kind, incident, by=by, facts={"from": before.value, "to": level.value}, reason=reason)
        self.relevelled[incident.id] = None
        self.touch(incident)

    def confirm(self, incident: Incident, reason: str, by: str | None = None) -> None:
        if incident.confirmation is not Confirmation.CONFIRMED:
            incident.confirmation = Confirmation.CONFIRMED
            incident.countdown = None
            self.write(Kind.CONFIRMED, incident, by=by, reason=reason)
            self.touch(incident)

    def close(self, incident: Incident, by: str) -> None:
        incident.phase, incident.closed_at, incident.closed_by = Phase.CLOSED, self.now, by
        incident.countdown = incident.ladder = incident.first_response_by = incident.re_alarm_at = None
        incident.stale_at = None
        self.state.groups.pop(group_key(incident.mode, incident.zone, incident.hazard), None)
        kept_ms = self.plans.reviews.review_within if incident.awaits_review else KEPT_CLOSED_MS
        self.leave(incident, self.now + kept_ms)
        if incident.awaits_review and len(self.state.incidents) > AWAITED_REVIEWS_MAX:  # else there are not too many
            waiting = [each for each in self.state.incidents.values() if each.awaits_review]
            for longest in sorted(waiting, key=lambda each: each.closed_at or 0)[:-AWAITED_REVIEWS_MAX]:
                self.leave(longest, self.now)

    def leave(self, incident: Incident, at: Instant) -> None:
        """When a closed incident leaves the state; what was said before no longer counts."""
        incident.leaves_at = at
        self.set_deadline(at, "forget", incident.id)


def group_key(mode: Mode, zone: str, hazard: str) -> str:
    """Detections of one zone and hazard are one incident."""
    return f"{mode.value}|{zone}|{hazard}"
