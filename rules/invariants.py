"""What is always true of the engine's state, asserted after every step in tests and simulations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rules.codec import encode
from rules.detection import Detection, Stage
from rules.drill import NO_DRILL
from rules.effects import PublishCommand
from rules.incident import CommandStage, Confirmation, Incident, Phase, StepStage
from rules.instant import Instant
from rules.invariants_drills import check_drills, drill_deadlines
from rules.invariants_orders import check_orders, order_deadlines
from rules.invariants_sent import check_sent, sent_deadlines
from rules.mode import Mode
from rules.outcome import Outcome
from rules.shelving import SHELVES_MAX
from rules.state import CURSORS_MAX, State
from rules.timeline import Kind
from rules.trouble import trouble_key
from rules.turn import group_key

HELD_STAGES = (Stage.PENDING, Stage.CLEARING)
AWAITED_STAGES = (CommandStage.ISSUED, CommandStage.PUBLISHED)
GIVEN_UP_STAGES = (CommandStage.FAILED, CommandStage.WITHDRAWN)


def check(state: State) -> None:
    """Raises AssertionError that names the first thing that is not as it must be."""
    _check_incidents(state)
    for incident in state.incidents.values():
        _check_incident(incident)
        _check_commands(state, incident)
        _check_response(incident)
    for key, detection in state.detections.items():
        _check_detection(state, key, detection)
    _check_firings(state)
    check_drills(state)
    check_orders(state)
    check_sent(state)
    _check_quiet(state)
    for due, what in deadlines(state):
        assert due > state.now, f"{what} was due at {due}, now is {state.now}"
    assert len(state.cursors) <= CURSORS_MAX


def deadlines(state: State) -> Iterator[tuple[Instant, str]]:
    """Everything that time alone will bring about: (due, what)."""
    for key, detection in state.detections.items():
        if detection.deadline is not None:
            yield detection.deadline, f"the hold of {key}"
    for incident in state.incidents.values():
        if incident.countdown is not None:
            yield incident.countdown.due, f"the countdown of {incident.id}"
        if incident.leaves_at is not None:
            yield incident.leaves_at, f"the end of {incident.id}"
        for command in incident.commands:
            if command.stage in AWAITED_STAGES:
                yield command.expires_at, f"the answer to {command.id}"
        if incident.stale_at is not None:
            yield incident.stale_at, f"the stale limit of {incident.id}"
        yield from _response_deadlines(incident)
    yield from _quiet_deadlines(state)
    yield from drill_deadlines(state)
    yield from order_deadlines(state)
    yield from sent_deadlines(state)


def _response_deadlines(incident: Incident) -> Iterator[tuple[Instant, str]]:
    if incident.ladder is not None:
        yield incident.ladder.due_at, f"the ladder of {incident.id}"
    if incident.first_response_by is not None:
        yield incident.first_response_by, f"the first response to {incident.id}"
    if incident.re_alarm_at is not None:
        yield incident.re_alarm_at, f"the acknowledgement of {incident.id}"
    for step in incident.steps:
        if step.due_at is not None and step.stage is StepStage.ISSUED and not step.overdue:
            yield step.due_at, f"{step.id} of {incident.id}"


def _quiet_deadlines(state: State) -> Iterator[tuple[Instant, str]]:
    for shelf in state.shelves.values():
        yield shelf.until, f"the end of {shelf.named}"
    for key, causes in state.causes.items():
        for until in causes.values():
            if until is not None:
                yield until, f"the grace of {key}"
    for key, chatter in state.chatter.items():
        if chatter.look_at is not None:
            yield chatter.look_at, f"whether {key} is quiet"
    for site, flood in state.floods.items():
        yield flood.look_at, f"whether the flood at {site} is over"


def _check_incidents(state: State) -> None:
    groups = {group_key(each.mode, each.zone, each.hazard): each.id for each in state.incidents.values() if each.open}
    assert state.groups == groups, "the open incidents are not one each of mode, zone and hazard"
    commands = [command.id for incident in state.incidents.values() for command in incident.commands]
    assert len(commands) == len(set(commands)), "a command belongs to two incidents"
    assert len(state.incidents) <= state.incidents_made
    assert len(commands) <= state.commands_made
    assert sum(incident.entries for incident in state.incidents.values()) <= state.entries_made


def _check_incident(incident: Incident) -> None:
    id, phase = incident.id, incident.phase
    assert (phase is Phase.CLOSED) is (incident.closed_at is not None) is (incident.closed_by is not None), id
    assert (phase is Phase.CLOSED) is (incident.leaves_at is not None), id
    assert phase in (Phase.ACTIVATED, Phase.CLOSED) or incident.acknowledged_at is not None, f"{id}: nobody has it"
    assert phase not in (Phase.CLOSING, Phase.CLOSED) or incident.sources_normal, f"{id}: {phase.value}, yet it holds"
    assert (incident.normal_since is not None) is incident.sources_normal, f"{id}: normal since {incident.normal_since}"
    waits = incident.confirmation is Confirmation.PRE_ALARM and incident.open
    assert incident.countdown is None or waits, f"{id}: a countdown, and {incident.confirmation.value}"
    evidence = [(each.rule, each.device) for each in incident.evidence]
    assert evidence, f"{id}: nothing made it"
    assert len(evidence) == len(set(evidence)), f"{id}: the same evidence twice"
    assert all(each.holds is (each.cleared_at is None) for each in incident.evidence), id
    worst = max(each.level for each in incident.evidence)
    assert incident.level >= worst or incident.lowered_by, f"{id}: milder than its evidence, and nobody lowered it"
    assert incident.entries > 0, id
    assert incident.revision > 0, id


def _check_commands(state: State, incident: Incident) -> None:
    planned = [command for command in incident.commands if command.by is None]
    issued = Counter((command.linkage, command.device, command.attempt) for command in planned)
    assert all(times == 1 for times in issued.values()), f"{incident.id}: a command twice"
    for command in incident.commands:
        awaited, failed = command.stage in AWAITED_STAGES, command.stage in GIVEN_UP_STAGES
        assert (state.commands.get(command.id) == incident.id) is awaited, f"{command.id}: {command.stage.value}"
        assert (state.given_up.get(command.id) == incident.id) is failed, f"{command.id}: {command.stage.value}"


def _check_response(incident: Incident) -> None:
    id, steps = incident.id, [step.id for step in incident.steps]
    assert len(steps) == len(set(steps)), f"{id}: a step twice"
    linked = {command.linkage for command in incident.commands if command.by is None}
    assert linked <= set(steps), f"{id}: commands of no step"
    acknowledged = [(each.by, each.role) for each in incident.acknowledgements]
    assert len(acknowledged) == len(set(acknowledged)), f"{id}: acknowledged twice by one in one role"
    if incident.open:
        return
    running = (incident.ladder, incident.first_response_by, incident.re_alarm_at)
    assert running == (None, None, None), f"{id}: closed, yet it escalates"
    to_do = [step.id for step in incident.steps if step.action == "task" and step.stage is StepStage.ISSUED]
    assert not to_do, f"{id}: closed, yet there is to do: {to_do}"


def _check_detection(state: State, key: str, detection: Detection) -> None:
    assert key == detection.key
    assert not detection.forgettable, f"{key}: nothing to remember"
    assert (detection.deadline is not None) is (detection.stage in HELD_STAGES), f"{key}: {detection.stage.value}"
    if detection.incident is None:
        return
    incident = state.incidents[detection.incident]
    assert detection.fires, f"{key}: on {incident.id}, yet {detection.stage.value}"
    assert incident.open, f"{key}: fires on {incident.id}, which is closed"
    assert incident.mode is detection.mode, f"{key}: on {incident.id}, which is {incident.mode.value}"
    holding = [(each.rule, each.device) for each in incident.evidence if each.holds]
    assert (detection.rule, detection.device) in holding, f"{key}: no evidence of {incident.id}"


def _check_firings(state: State) -> None:
    """What holds on a timeline, or counts for a confirmation, is a detection that fires."""
    fires = {detection.key: detection for detection in state.detections.values() if detection.fires}
    for incident in state.incidents.values():
        for evidence in incident.evidence:
            if evidence.internal:
                known = state.troubles.get(trouble_key(incident.mode, evidence.rule)) == incident.id
                assert evidence.holds is known, f"{incident.id}: the trouble {evidence.rule}"
                continue
            detection = fires.get(f"{incident.mode.value}|{evidence.rule}|{evidence.device}")
            on_it = detection is not None and detection.incident == incident.id
            assert evidence.holds is on_it, f"{incident.id}: {evidence.rule} at {evidence.device}"
    sources = {f"{detection.mode.value}|{detection.device}" for detection in fires.values()}
    for key, devices in state.firings.items():
        mode = key.split("|")[1]
        for device, cleared_at in devices.items():
            assert cleared_at is not None or f"{mode}|{device}" in sources, f"{key}: {device} does not fire"


def _check_quiet(state: State) -> None:
    """What is kept quiet fires, and is kept quiet by something that is there and ends."""
    names = {shelf.named for shelf in state.shelves.values()}
    inhibitions = {f"inhibition {key.partition('|')[0]}" for key in state.causes}
    for key, quiet in state.suppressed.items():
        assert key in state.detections, f"{key} is kept quiet, and is no detection"
        assert state.detections[key].fires, f"{key} is kept quiet, and does not fire"
        known = quiet.by in names or quiet.by in inhibitions or _is_of_a_drill(state, key, quiet.by)
        assert known, f"{key} is kept quiet by {quiet.by}, which is over"
    assert all(shelf.ended_at is None for shelf in state.shelves.values())
    assert len(state.shelves) <= SHELVES_MAX
    for key, causes in state.causes.items():
        assert causes, f"{key}: no cause"
        for cause in [cause for cause, until in causes.items() if until is None]:
            detection = state.detections[f"{key.split('|')[1]}|{cause}"]
            assert detection.fires, f"{key}: {cause} does not fire"
            assert detection.incident, f"{key}: {cause} is not raised"
    assert state.floods.keys() <= state.flood.keys()


def _is_of_a_drill(state: State, key: str, by: str) -> bool:
    """Only an exercise is kept quiet for the sake of a drill."""
    named = by == NO_DRILL or by.removeprefix("drill ") in state.drills
    return named and key.startswith(f"{Mode.EXERCISE.value}|")


class Watch:
    """Follows the outcomes of one engine and asserts what is true only of all of them together."""

    def __init__(self) -> None:
        self.position = 0
        self._numbers: dict[str, int] = {}
        self._levels: dict[str, int] = {}
        self._revisions: dict[str, int] = {}
        self._effects: set[str] = set()
        self._told: dict[str, bytes] = {}  # what was last handed on of each incident

    def see(self, outcome: Outcome, state: State) -> None:
        for entry in outcome.entries:
            self.position += 1
            assert entry.position == self.position, f"position {entry.position} after {self.position - 1}"
            assert entry.at == state.now
            if entry.incident is None:
                assert entry.number == 0
                continue
            number = self._numbers[entry.incident] = self._numbers.get(entry.incident, 0) + 1
            assert entry.number == number, f"{entry.incident}: entry {entry.number} after {number - 1}"
            assert entry.incident in outcome.incidents, f"{entry.incident} changed, and nobody is told"
        for effect in outcome.effects:
            assert effect.id not in self._effects, f"{effect.id} twice"
            self._effects.add(effect.id)
            incident = state.incidents.get(getattr(effect, "incident", None) or "")
            same = incident is None or effect.mode is incident.mode
            assert same, f"{effect.id}: {effect.mode.value}, its incident is of another mode"
            assert effect.mode is not Mode.TEST or isinstance(effect, PublishCommand), f"{effect.id} leaves in a test"
        for id, incident in state.incidents.items():
            same = id in outcome.incidents or self._told.get(id, b"") in (b"", encode(incident))
            assert same, f"{id} changed, and nobody is told"
        lowered = {entry.incident for entry in outcome.entries if entry.kind is Kind.LEVEL_LOWERED and entry.by}
        for id, incident in outcome.incidents.items():
            assert incident.level.severity >= self._levels.get(id, 0) or id in lowered, f"{id}: its level fell"
            assert incident.revision == self._revisions.get(id, 0) + 1, f"{id}: revision {incident.revision}"
            self._told[id] = encode(incident)
            self._levels[id], self._revisions[id] = incident.level.severity, incident.revision
