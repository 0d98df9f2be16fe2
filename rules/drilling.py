"""What people ask of drills: they are started, suspended, resumed, ended, aborted; and once one is over, nothing of it
acts any more. Suspending and resuming are carried out in `drill_pause.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rules import closing, drill_calendar, drill_pause, linkage, order_book, scoring
from rules.drill import ENDED_KEPT_MAX, KEPT_MS, TRANSITIONS, Drill, Stage, Theory, Turning, drill_at
from rules.instant import DAY_MS, MINUTE_MS, Instant, format_duration
from rules.mode import Mode
from rules.outcome import Refused
from rules.requests import AbortDrill, EndDrill, ResumeDrill, StartDrill, SuspendDrill, TakeTheory
from rules.theory import mark
from rules.trouble import trouble_key
from rules.turn import Turn

LASTS_MS_MIN, LASTS_MS_MAX = MINUTE_MS, DAY_MS  # longer is no drill any more (ours)
THEORY_MAX = 1_000  # papers of one drill: everybody of a large site, twice
BY_ITSELF = "tocsin"
_WHAT: dict[type, str] = {
    StartDrill: "start_drill",
    EndDrill: "end_drill",
    AbortDrill: "abort_drill",
    SuspendDrill: "suspend_drill",
    ResumeDrill: "resume_drill",
    TakeTheory: "take_theory",
}


def asked(turn: Turn, request: Any) -> None:
    """Carried out, or `turn.refuse(…)`."""
    if isinstance(request, StartDrill):
        refused = _cannot_start(turn, request)
        if refused is None:
            _start(turn, request)
    else:
        drill = turn.state.drills.get(request.drill)
        if drill is None:
            refused = Refused("unknown_drill", f"there is no drill {request.drill}")
        else:
            refused = _ASKED[type(request)](turn, drill, request)
    if refused is not None:
        turn.refuse(refused.code, refused.reason, request.by, _WHAT[type(request)])


# ---- starting


def _cannot_start(turn: Turn, request: StartDrill) -> Refused | None:
    if request.site not in turn.directory.sites:
        return Refused("unknown_site", f"there is no site {request.site}")
    running = drill_at(turn.state.drills, request.site)
    if running is not None:
        return Refused("drill_running", f"{running.named} is on at {request.site}")
    if not LASTS_MS_MIN <= request.lasts_ms <= LASTS_MS_MAX:
        limits = f"{format_duration(LASTS_MS_MIN)} to {format_duration(LASTS_MS_MAX)}"
        return Refused("bad_duration", f"{format_duration(request.lasts_ms)}; expected {limits}")
    real = drill_pause.real_ones(turn, request.site)
    return Refused("real_alarm", f"a real alarm is open: {real}") if real else None


def _start(turn: Turn, request: StartDrill) -> None:
    _sweep(turn, request.site, None, "a drill begins")
    turn.state.drills_made += 1
    drill = Drill(
        id=f"DRL-{turn.state.drills_made:06d}",
        site=request.site,
        scenario=request.scenario,
        title=dict(request.title) or {"en": request.scenario},
        started_at=turn.now,
        started_by=request.by,
        ends_at=turn.now + request.lasts_ms,
        onset_ms=request.onset_ms,
    )
    turn.state.drills[drill.id] = drill
    turn.set_deadline(drill.ends_at, "drill", drill.id)
    drill_pause.tell(turn, drill, "started", request.by, f"for {format_duration(request.lasts_ms)} at the longest")


# ---- the end


def _end(turn: Turn, drill: Drill, request: EndDrill) -> Refused | None:
    if (drill.stage, Turning.END) not in TRANSITIONS:
        return _wrong_stage(drill)
    _over(turn, drill, Turning.END, request.by, request.reason)
    return None


def _abort(turn: Turn, drill: Drill, request: AbortDrill) -> Refused | None:
    if (drill.stage, Turning.ABORT) not in TRANSITIONS:
        return _wrong_stage(drill)
    if not request.reason.strip():
        return Refused("reason_missing", "a drill is aborted with a reason")
    _over(turn, drill, Turning.ABORT, request.by, request.reason)
    return None


def _asked_to_suspend(turn: Turn, drill: Drill, request: SuspendDrill) -> Refused | None:
    if (drill.stage, Turning.SUSPEND) not in TRANSITIONS:
        return _wrong_stage(drill)
    if not request.reason.strip():
        return Refused("reason_missing", "a drill is suspended with a reason")
    drill_pause.suspend(turn, drill, request.by, request.reason)
    return None


def _asked_to_resume(turn: Turn, drill: Drill, request: ResumeDrill) -> Refused | None:
    if (drill.stage, Turning.RESUME) not in TRANSITIONS:
        return _wrong_stage(drill)
    real = drill_pause.real_ones(turn, drill.site)
    if real:
        return Refused("real_alarm", f"a real alarm is open: {real}")
    drill_pause.resume(turn, drill, request.by, request.reason)
    return None


def _wrong_stage(drill: Drill) -> Refused:
    turnings = ", ".join(turning.value for stage, turning in TRANSITIONS if stage is drill.stage)
    then = f"; what can be done with it: {turnings}" if turnings else ""
    return Refused("wrong_stage", f"{drill.id} is {drill.stage.value}{then}")


def time_over(turn: Turn, id: str, due: Instant) -> None:
    """Its time is up, its suspension has lasted too long, or its stay in the state is over (`due` tells)."""
    drill = turn.state.drills.get(id)
    if drill is None or drill.due != due:
        return
    if drill.stage is Stage.RUNNING:
        _over(turn, drill, Turning.END, BY_ITSELF, "its time is up")
    elif drill.stage is Stage.SUSPENDED:
        limit = format_duration(due - (drill.suspended_at or due))
        _over(turn, drill, Turning.ABORT, BY_ITSELF, f"suspended for longer than {limit}")
    else:
        del turn.state.drills[id]


def _over(turn: Turn, drill: Drill, turning: Turning, by: str, reason: str) -> None:
    if turning is Turning.END:
        drill.score = scoring.score(turn, drill)
    cut_off = drill.suspended_at is not None
    if drill.suspended_at is not None:
        drill.pauses.append((drill.suspended_at, turn.now))
        drill.suspended_at = drill.suspended_until = None
    drill.stage = TRANSITIONS[drill.stage, turning]
    drill.ended_at, drill.ended_by = turn.now, by
    _sweep(turn, drill.site, drill, f"{drill.named} is over")
    drill.leaves_at = turn.now + KEPT_MS
    turn.set_deadline(drill.leaves_at, "drill", drill.id)
    drill_pause.tell(turn, drill, drill.stage.value, by, reason)
    if drill.score is not None:
        drill_pause.tell(
            turn, drill, "scored", BY_ITSELF, scoring.in_words(drill.score), percent=float(drill.score.percent)
        )
        if not cut_off:
            drill_calendar.held(turn, drill)
    over = [each for each in turn.state.drills.values() if not each.open]
    for longest in sorted(over, key=lambda each: each.ended_at or 0)[:-ENDED_KEPT_MAX]:
        del turn.state.drills[longest.id]


def _sweep(turn: Turn, site: str, drill: Drill | None, reason: str) -> None:
    """Nothing of an exercise at the site goes on: its incidents are closed, its orders cancelled, its detections
    forgotten. The screen forgets what it knows of the site's exercise tree, too (`Outcome.cleared_sites`)."""
    ours = drill.id if drill is not None else None
    swept = [
        each
        for each in turn.state.incidents.values()
        if each.open and each.mode is Mode.EXERCISE and (each.site == site or (ours is not None and each.drill == ours))
    ]
    _forget_detections(turn, site)
    for incident in swept:
        incident.suspended = False
        for evidence in incident.evidence:
            if evidence.holds:
                evidence.holds, evidence.cleared_at = False, turn.now
                turn.state.troubles.pop(trouble_key(incident.mode, evidence.rule), None)
        incident.normal_since = incident.normal_since or turn.now
        linkage.withdraw_all(turn, incident, reason)
        closing.with_its_drill(turn, incident, reason)
    for order in [each for each in turn.state.orders.values() if each.open and each.mode is Mode.EXERCISE]:
        if order.site == site or any(id in order.incidents for id in (each.id for each in swept)):
            order_book.cancel(turn, order, BY_ITSELF, reason)
    if not any(each.open for each in turn.state.drills.values()):
        for key in [key for key, held in turn.state.held_back.items() if held.mode is Mode.EXERCISE]:
            del turn.state.held_back[key]
    turn.outcome.cleared_sites.append(site)


def _forget_detections(turn: Turn, site: str) -> None:
    state, exercise, here = turn.state, Mode.EXERCISE.value, f"{site}/"
    for key, detection in list(state.detections.items()):
        if detection.mode is Mode.EXERCISE and detection.device.startswith(here):
            if detection.fires:
                turn.outcome.ended.append((detection.mode, detection.rule, detection.device))
            for known in (state.detections, state.suppressed, state.chatter, turn.again):
                known.pop(key, None)
    for key, devices in list(state.firings.items()):
        if key.split("|")[1] == exercise:
            state.firings[key] = {id: at for id, at in devices.items() if not id.startswith(here)}
    for key, causes in list(state.causes.items()):
        if key.split("|")[1] == exercise:
            left = {cause: until for cause, until in causes.items() if not cause.partition("|")[2].startswith(here)}
            state.causes[key] = left
            if not left:
                del state.causes[key]


# ---- theory


def _take_theory(turn: Turn, drill: Drill, request: TakeTheory) -> Refused | None:
    if drill.stage is Stage.ABORTED:
        return Refused("wrong_stage", f"{drill.id} was aborted")
    paper = turn.plans.theory.get(request.plan)
    if paper is None:
        known = ", ".join(turn.plans.theory) or "none"
        return Refused("no_questions", f"there are no questions about the plan {request.plan} (there are: {known})")
    if len(drill.theory) >= THEORY_MAX:
        return Refused("too_many_papers", f"{drill.id} has {THEORY_MAX} papers")
    marked = mark(paper, request.answers)
    passed = marked.points * 100 >= turn.plans.drills.scoring.theory_pass_percent * marked.of
    drill.theory.append(
        Theory(request.by, request.plan, turn.now, marked.points, marked.of, passed, list(marked.wrong))
    )
    found = f"{marked.points} of {marked.of} points: {'passed' if passed else 'retrain'}"
    drill_pause.tell(turn, drill, "theory", request.by, found, plan=request.plan)
    return None


_ASKED: dict[type, Callable[[Turn, Drill, Any], Refused | None]] = {
    EndDrill: _end,
    AbortDrill: _abort,
    SuspendDrill: _asked_to_suspend,
    ResumeDrill: _asked_to_resume,
    TakeTheory: _take_theory,
}
