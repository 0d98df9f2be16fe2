"""How a drill went: every thing that had to be done, against the plan's limits; by role, by person; pass or retrain.

Looked at as the drill ends, before what is left of it is swept away. The times that a drill stood still do not count.
What an exercise may not do (an authority that is not marked for it) costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.drill import Drill, Mark
from rules.incident import Incident, Phase, StepStage, StepState
from rules.instant import Instant
from rules.level import Level
from rules.people import who
from rules.requests import Finding
from rules.response_plan import PlanStep, ResponsePlan
from rules.score import Line, Met, Part, Score, Tally
from rules.sending import timezone
from rules.site import Title
from rules.timeline import Kind
from rules.turn import Turn

TITLES: dict[str, Title] = {
    "detect": {"en": "Detected", "zh": "发现险情"},
    "acknowledge": {"en": "Acknowledged", "zh": "接警"},
    "quorum": {"en": "Acknowledged, too", "zh": "共同接警"},
    "respond": {"en": "First responder on site", "zh": "首批人员到场"},
    "order": {"en": "Right order: control first, then phase by phase", "zh": "处置顺序：先控制、后处置"},
    "close": {"en": "Closed by a person, with its cause", "zh": "查明原因并关闭"},
}
_PHASES = list(Phase)
_CAUSES = (Kind.CONFIRMED.value, Kind.LEVEL_RAISED.value)
_OPEN_POINTS = {Met.YES: 1.0, Met.LATE: 0.5, Met.NO: 0.0, Met.NOT_ASKED: 0.0}


def score(turn: Turn, drill: Drill) -> Score:
    """Of a drill that is about to end. One that ends while it stands still was cut off: what nobody could do any more
    costs nothing."""
    known = [turn.state.incidents[id] for id in drill.incidents if id in turn.state.incidents]
    drilled = [each for each in known if any(not evidence.internal for evidence in each.evidence)]
    lines = [_detected(turn, drill, drilled)]
    for incident in drilled:
        plan = turn.plans.plans.get(incident.plan or "")
        if plan is not None:
            lines += _Sheet(turn, drill, incident, plan).lines()
    asked = [each for each in lines if each.met is not Met.NOT_ASKED]
    pass_percent = turn.plans.drills.scoring.pass_percent
    whole = _tally("", asked, pass_percent)
    roles = dict.fromkeys(each.role for each in asked if each.role)
    people = dict.fromkeys(each.person for each in asked if each.person)
    return Score(
        points=whole.points,
        of=whole.of,
        percent=_percent(whole.points, whole.of),
        pass_percent=pass_percent,
        passed=whole.passed and lines[0].met is not Met.NO and drill.suspended_at is None,
        complete=drill.suspended_at is None,
        lines=lines,
        roles=[_tally(role, [each for each in asked if each.role == role], pass_percent) for role in roles],
        people=[_tally(name, [each for each in asked if each.person == name], pass_percent) for name in people],
        parts={part.value: any(_is_met(each) for each in lines if each.part is part) for part in Part},
    )


def in_words(score: Score) -> str:
    """`passed: 92 of 100, 80 needed`"""
    found = "passed" if score.passed else "retrain" if score.complete else "cut off"
    missed = [each.title.get("en", each.what) for each in score.lines if each.mandatory and each.met is Met.NO]
    left = f"; not done: {', '.join(missed[:5])}" if missed else ""
    return f"{found}: {score.percent} of 100, {score.pass_percent} needed{left}"


def _tally(name: str, asked: list[Line], pass_percent: int) -> Tally:
    points, of = sum((each.points for each in asked), 0.0), sum((each.of for each in asked), 0.0)
    missed = [dict(each.title) for each in asked if each.mandatory and each.met is Met.NO]
    return Tally(name, points, of, bool(of) and points * 100 >= pass_percent * of and not missed, missed)


def _percent(points: float, of: float) -> int:
    return int(points * 100 / of) if of else 0


def _is_met(line: Line) -> bool:
    return line.met in (Met.YES, Met.LATE)


def _detected(turn: Turn, drill: Drill, incidents: list[Incident]) -> Line:
    scoring = turn.plans.drills.scoring
    onset = drill.started_at + drill.onset_ms
    first = min((each.opened_at for each in incidents), default=None)
    took = None if first is None else _without_pauses(drill, onset, first)
    met = Met.NO if took is None else _in_time(took, scoring.detect_within)
    of = float(scoring.weights.detect)
    return Line(
        "detect",
        TITLES["detect"],
        Part.START,
        met,
        of * _OPEN_POINTS[met],
        of,
        incident=incidents[0].id if incidents else "",
        took_ms=took,
        limit_ms=scoring.detect_within,
        reason="" if incidents else "nothing that happened was detected",
    )


def _without_pauses(drill: Drill, since: Instant, until: Instant) -> int:
    """How long it was while the drill was on."""
    paused = sum(max(0, min(end, until) - max(begin, since)) for begin, end in drill.pauses)
    return max(0, until - since - paused)


def _in_time(took: int, limit: int | None) -> Met:
    return Met.YES if limit is None or took <= limit else Met.LATE


class _Sheet:
    """The lines of one incident that was drilled."""

    def __init__(self, turn: Turn, drill: Drill, incident: Incident, plan: ResponsePlan) -> None:
        self._turn, self._drill, self._incident, self._plan = turn, drill, incident, plan
        self._settings = turn.plans.drills.scoring
        self._weights = self._settings.weights
        self._marks = [each for each in drill.marks if each.incident == incident.id]
        self._planned = {step.id: step for step in plan.steps}

    def lines(self) -> Iterator[Line]:
        yield from self._acknowledged()
        yield self._responded()
        for state in self._incident.steps:
            step = self._planned.get(state.id)
            if state.carried_by is not None:
                continue  # asked for where it is done
            if step is not None and step.work_order is None:  # an order has limits and a history of its own
                yield self._command(step, state) if step.command else self._step(step, state)
        yield from self._in_order()
        yield self._closed()

    # ---- who took it, who came

    def _acknowledged(self) -> Iterator[Line]:
        acknowledge, opened = self._plan.acknowledge, self._incident.opened_at
        taken = self._of(Kind.ACKNOWLEDGED)
        role = acknowledge.ladder[0]
        weight = self._weights.acknowledge
        if not taken:
            yield self._line("acknowledge", TITLES["acknowledge"], Part.START, weight, role, opened, mandatory=True)
            return
        first = taken[0]
        late = _without_pauses(self._drill, opened, first.at) > acknowledge.within
        yield self._line(  # late is whoever should have taken it, not whoever did in the end
            "acknowledge",
            TITLES["acknowledge"],
            Part.START,
            weight,
            role if late else first.role or role,
            opened,
            person=self._on_duty(role, opened) if late else first.by,
            done_at=first.at,
            limit=acknowledge.within,
            reason=f"acknowledged by {first.by}" if late else "",
        )
        yield from self._quorum(taken)

    def _quorum(self, taken: list[Mark]) -> Iterator[Line]:
        quorum = self._plan.acknowledge.quorum
        worst = max((level for level in quorum if level <= self._incident.level), default=None)
        roles = quorum[worst] if worst is not None else []
        for role in (role for role in roles if worst is not None and role != taken[0].role):
            mark = next((each for each in taken if each.role == role), None)
            since = self._reached(worst) if worst is not None else self._incident.opened_at
            yield self._line(
                "quorum",
                TITLES["quorum"],
                Part.START,
                self._weights.acknowledge,
                role,
                since,
                person=mark.by if mark else "",
                done_at=mark.at if mark else None,
                limit=self._plan.acknowledge.within * len(roles),
                mandatory=True,
            )

    def _reached(self, level: Level) -> Instant:
        """When the incident was first so grave."""
        raised = self._of(Kind.LEVEL_RAISED)
        return next((each.at for each in raised if Level(each.what) >= level), self._incident.opened_at)

    def _responded(self) -> Line:
        at, limit = self._incident.first_response_at, self._plan.first_response_within
        mark = next(iter(self._of(Kind.RESPONDED)), None)
        missed = any(each.what == "first_response" for each in self._of(Kind.OVERDUE))
        return self._line(
            "respond",
            TITLES["respond"],
            Part.HANDLING,
            self._weights.respond,
            self._role_of(mark.by) if mark else self._plan.lead,
            self._incident.opened_at,
            person=mark.by if mark else "",
            done_at=at,
            limit=limit,
            asked=at is not None or missed,
            mandatory=True,
        )

    def _role_of(self, person: str) -> str:
        """The first of the team's roles that the roster gives the person."""
        known = self._turn.roster.people.get(person)
        team = [self._plan.lead, *self._plan.team]
        return next((role for role in (known.roles if known else ()) if role in team), self._plan.lead)

    # ---- what the plan wants done

    def _command(self, step: PlanStep, state: StepState) -> Line:
        """Tocsin's own: it counts for nobody."""
        sent = [each for each in self._incident.commands if each.linkage == step.id]
        begun = min((each.issued_at for each in sent), default=state.issued_at)
        causes = [each.at for each in self._marks if each.kind in _CAUSES and each.at <= begun]
        failed = state.stage is StepStage.FAILED
        return self._line(
            "control",
            step.title,
            step.covers,
            self._weights.control,
            "",
            max(causes, default=self._incident.opened_at),
            done_at=None if failed else begun,
            limit=self._settings.control_within,
            reason=state.note if failed else "",
        )

    def _step(self, step: PlanStep, state: StepState) -> Line:
        if step.task is not None:
            return self._task(step, state)
        weight = self._weights.liaison if step.covers is Part.LIAISON else self._weights.information
        done = state.done_at if state.stage is StepStage.DONE else None
        return self._line(
            step.action,
            step.title,
            step.covers,
            weight,
            "",
            state.issued_at,
            done_at=done,
            limit=self._settings.inform_within,
            asked=state.stage in (StepStage.DONE, StepStage.FAILED),
            reason=state.note if done is None else "",
        )

    def _task(self, step: PlanStep, state: StepState) -> Line:
        assert step.task is not None
        by_person = state.stage is StepStage.SKIPPED and state.done_by is not None
        left_to_the_end = state.stage is StepStage.SKIPPED and not by_person
        false_alarm = self._incident.finding is Finding.FALSE_ALARM
        done = state.stage is StepStage.DONE
        return self._line(
            "task",
            step.title,
            step.covers,
            self._weights.mandatory_task if state.mandatory else 0,
            step.task.role,
            state.issued_at,
            person=state.done_by or "",
            done_at=state.done_at if done else None,
            limit=step.task.within,
            asked=done or (state.mandatory and not (left_to_the_end and false_alarm)),
            mandatory=state.mandatory and not by_person,
            reason=f"left out: {state.note}" if by_person else "",
        )

    def _in_order(self) -> Iterator[Line]:
        """Nothing of a later phase before what was mandatory in an earlier one; no task before control was begun."""
        done = [
            (self._planned[each.id], each.done_at)
            for each in self._incident.steps
            if each.action == "task" and each.stage is StepStage.DONE and each.done_at and each.id in self._planned
        ]
        if not done:
            return
        early = [later.title for later, at in done for sooner, other in done if _too_early(later, at, sooner, other)]
        control = [each.issued_at for each in self._incident.commands if each.by is None and each.attempt == 1]
        waits = {step.id for step, _ in done if step.level >= Level.I or step.waits_for_confirmation}
        early += [step.title for step, at in done if step.id in waits and control and at < min(control)]
        names = ", ".join(dict.fromkeys(each.get("en", "") for each in early))
        yield self._line(
            "order",
            TITLES["order"],
            Part.HANDLING,
            self._weights.order,
            self._plan.lead,
            self._incident.opened_at,
            done_at=None if early else self._incident.opened_at,
            reason=f"too early: {names}" if early else "",
            timed=False,
        )

    def _closed(self) -> Line:
        incident = self._incident
        by_itself = not incident.open and incident.finding is None
        return self._line(
            "close",
            TITLES["close"],
            Part.CLOSE,
            self._weights.close,
            self._plan.lead if incident.open or incident.closed_by is None else self._role_of(incident.closed_by),
            incident.opened_at,
            person="" if incident.open or by_itself else incident.closed_by or "",
            done_at=incident.closed_at,
            asked=not by_itself,
        )

    # ----

    def _of(self, kind: Kind) -> list[Mark]:
        return [each for each in self._marks if each.kind == kind.value]

    def _line(
        self,
        what: str,
        title: Title,
        part: Part,
        weight: float,
        role: str,
        since: Instant,
        *,
        person: str = "",
        done_at: Instant | None = None,
        limit: int | None = None,
        asked: bool = True,
        mandatory: bool = False,
        reason: str = "",
        timed: bool = True,
    ) -> Line:
        took = None if done_at is None else _without_pauses(self._drill, since, done_at)
        if took is None and self._cut_off(since, limit):
            asked, reason = False, reason or "cut off"
        met = Met.NOT_ASKED if not asked else Met.NO if took is None else _in_time(took, limit)
        if met is Met.NO and role and not person:
            person = self._on_duty(role, since)
        return Line(
            what,
            dict(title),
            part,
            met,
            weight * _OPEN_POINTS[met],
            float(weight) if asked else 0.0,
            incident=self._incident.id,
            role=role,
            person=person,
            took_ms=took if timed else None,
            limit_ms=limit,
            mandatory=mandatory,
            reason=reason,
        )

    def _cut_off(self, since: Instant, limit: int | None) -> bool:
        """Whether the drill stood still before the time for it was over, and never went on."""
        stood = self._drill.suspended_at
        return stood is not None and (limit is None or _without_pauses(self._drill, since, stood) < limit)

    def _on_duty(self, role: str, at: Instant) -> str:
        """Who had to and did not, where that can only have been one."""
        site = self._incident.site or None
        found = who(self._turn.roster, role, site, at, timezone(self._turn, site))
        return found[0].id if len(found) == 1 else ""


def _too_early(later: PlanStep, at: Instant, sooner: PlanStep, other: Instant) -> bool:
    """Whether the later phase's was done before what was mandatory in the sooner one."""
    assert sooner.task is not None
    apart = _PHASES.index(later.phase) > _PHASES.index(sooner.phase)
    return apart and sooner.task.mandatory and at < other
