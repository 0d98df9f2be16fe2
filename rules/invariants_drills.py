"""What is always true of drills in the engine's state: that they are apart from what is real, above all."""

from __future__ import annotations

from collections.abc import Iterator

from rules.drill import ENDED_KEPT_MAX, MARKS_MAX, Stage
from rules.incident import StepStage
from rules.instant import Instant
from rules.mode import Mode
from rules.state import State


def drill_deadlines(state: State) -> Iterator[tuple[Instant, str]]:
    for drill in state.drills.values():
        if drill.due is not None:
            yield drill.due, f"the end of {drill.named}"
    for key, due in state.drills_due.items():
        yield due.due_at, f"the drill {key}"


def check_drills(state: State) -> None:
    """Raises AssertionError that names the first thing that is not as it must be."""
    on = [drill.site for drill in state.drills.values() if drill.open]
    assert len(on) == len(set(on)), "two drills at one site"
    assert len(state.drills) <= ENDED_KEPT_MAX + len(on)
    for id, drill in state.drills.items():
        assert drill.id == id
        assert drill.due is not None, f"{id}: {drill.stage.value}, and nothing ends it"
        assert (drill.stage is Stage.SUSPENDED) is (drill.suspended_at is not None), f"{id}: {drill.stage.value}"
        assert drill.open is (drill.ended_at is None), id
        assert (drill.score is not None) is (drill.stage is Stage.ENDED), f"{id}: {drill.stage.value}, and its score"
        assert len(drill.marks) <= MARKS_MAX, id
    _check_apart(state)


def _check_apart(state: State) -> None:
    """What is real belongs to no drill; what belongs to one is an exercise, and is over when the drill is."""
    for incident in state.incidents.values():
        if incident.drill is None:
            assert not incident.suspended, f"{incident.id} stands still, and is part of no drill"
            continue
        assert incident.mode is Mode.EXERCISE, f"{incident.id} is {incident.mode.value}, and part of {incident.drill}"
        drill = state.drills.get(incident.drill)
        if drill is None or not drill.open:
            assert not incident.open, f"{incident.id} is open, and {incident.drill} is over"
            continue
        assert incident.id in drill.incidents, f"{incident.id}: {drill.id} does not know it"
        stands_still = drill.stage is Stage.SUSPENDED and incident.open
        assert incident.suspended is stands_still, f"{incident.id}: {drill.id} is {drill.stage.value}"
        if not stands_still:
            continue
        assert drill.suspended_until is not None
        dues = [incident.first_response_by, incident.re_alarm_at, incident.stale_at]
        dues += [incident.ladder.due_at] if incident.ladder else []
        dues += [incident.countdown.due] if incident.countdown else []
        dues += [s.due_at for s in incident.steps if s.due_at and s.stage is StepStage.ISSUED and not s.overdue]
        early = [due for due in dues if due is not None and due <= drill.suspended_until]
        assert not early, f"{incident.id}: a limit runs while {drill.id} is suspended"
