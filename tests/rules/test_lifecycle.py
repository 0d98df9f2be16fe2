"""An incident's life: the table of its phases, what people may ask for, and when it closes."""

from __future__ import annotations

import pytest

from rules.incident import TRANSITIONS, Phase, Step
from rules.mode import Mode
from rules.order_settings import ReviewSettings
from rules.outcome import Refused
from rules.requests import Finding
from rules.state import KEPT_CLOSED_MS
from rules.timeline import Kind
from tests.support.building import FIRE, rule, ruleset
from tests.support.core import Core

BY_PERSON = ruleset(rule("{metric: smoke, above: 1}"))
BY_ITSELF = ruleset(rule("{metric: smoke, above: 1}", closes="when_normal"))


def smoking(rules: object = BY_PERSON) -> Core:
    core = Core(rules)  # type: ignore[arg-type]
    core.reading("sd-1", smoke=2)
    return core


def at_phase(phase: Phase) -> Core:
    core = smoking()
    if phase is not Phase.ACTIVATED:
        core.acknowledge()
    if phase in (Phase.CLOSING, Phase.CLOSED):
        core.reading("sd-1", smoke=0)
    if phase is Phase.CLOSED:
        core.resolve()
    assert core.incident().phase is phase
    return core


def take(core: Core, step: Step) -> None:
    if step is Step.ACKNOWLEDGED:
        core.acknowledge()
    elif step is Step.SOURCES_NORMAL:
        core.reading("sd-1", smoke=0)
    elif step is Step.EVIDENCE_RETURNED:
        core.reading("sd-1", smoke=2)
    else:
        core.reading("sd-1", smoke=0)
        core.resolve()


@pytest.mark.parametrize(("before", "step", "after"), [(*key, after) for key, after in TRANSITIONS.items()])
def test_each_row_of_the_table_is_what_happens(before: Phase, step: Step, after: Phase) -> None:
    core = at_phase(before)
    take(core, step)
    assert core.incident().phase is after


@pytest.mark.parametrize(
    ("phase", "step"), [(phase, step) for phase in Phase for step in Step if (phase, step) not in TRANSITIONS]
)
def test_what_is_not_in_the_table_moves_nothing(phase: Phase, step: Step) -> None:
    core = at_phase(phase)
    take(core, step)
    assert core.incident("INC-000001").phase is phase


def test_who_acknowledged_when_stands_on_the_incident_and_the_timeline() -> None:
    core = smoking()
    core.wait("7s")
    core.acknowledge(by="duty.officer", note="on my way")
    incident = core.incident()
    assert (incident.acknowledged_by, incident.acknowledged_at) == ("duty.officer", core.now)
    assert (core.entry(Kind.ACKNOWLEDGED).by, core.entry(Kind.ACKNOWLEDGED).facts) == (
        "duty.officer",
        {"note": "on my way"},
    )


def test_acknowledging_what_is_normal_again_leads_to_closing_and_keeps_since_when() -> None:
    core = smoking()
    core.reading("sd-1", smoke=0)
    normal_since = core.now
    core.wait("1min")
    core.acknowledge()
    assert core.incident().phase is Phase.CLOSING
    assert core.incident().normal_since == normal_since


def test_an_incident_is_resolved_with_its_finding_and_cause() -> None:
    core = at_phase(Phase.CLOSING)
    core.resolve(finding=Finding.FALSE_ALARM, cause="burnt toast", by="engineer")
    incident = core.incident()
    assert (incident.finding, incident.cause, incident.closed_by) == (Finding.FALSE_ALARM, "burnt toast", "engineer")
    assert core.kinds()[-2:] == [Kind.PHASE_CHANGED, Kind.CLOSED]


def test_who_resolves_what_nobody_had_has_acknowledged_it() -> None:
    core = smoking()
    core.reading("sd-1", smoke=0)
    core.resolve(by="engineer")
    assert core.incident().acknowledged_by == "engineer"


def test_a_note_is_added_in_every_phase() -> None:
    for phase in Phase:
        core = at_phase(phase)
        assert core.note("smoke from a pan").refused is None
        assert core.entry(Kind.NOTED).facts == {"text": "smoke from a pan"}


# ---- refused


def test_while_a_source_holds_an_incident_cannot_be_resolved() -> None:
    core = smoking()
    core.reading("sd-2", smoke=2)
    core.reading("sd-1", smoke=0)
    assert core.resolve().refused == Refused("sources_not_normal", "still holds: r at tower-a/sd-2")
    assert core.incident().open


def burnt_out() -> Core:
    """The detector alarmed and then fell silent."""
    core = smoking()
    core.listen()
    core.wait("10min")
    assert core.kinds()[-1] is Kind.NO_DATA
    return core


def test_no_data_ends_nothing_by_itself() -> None:
    core = burnt_out()
    core.acknowledge()
    assert core.incident().phase is Phase.RESPONDING


def test_a_person_can_resolve_what_a_burnt_detector_began() -> None:
    core = burnt_out()
    assert core.resolve().refused is None
    assert core.incident().phase is Phase.CLOSED


@pytest.mark.parametrize("restarted", [False, True])
def test_after_that_the_same_detector_begins_a_new_incident(restarted: bool) -> None:
    core = burnt_out()
    core.resolve()
    if restarted:
        core.restart()
    core.reading("sd-1", smoke=2)
    assert core.incident("INC-000002").open
    assert core.incident("INC-000001").phase is Phase.CLOSED


def test_it_is_acknowledged_once() -> None:
    core = smoking()
    core.acknowledge(by="duty.officer")
    assert core.acknowledge(by="engineer").refused == Refused(
        "already_acknowledged", "INC-000001 was acknowledged by duty.officer"
    )


@pytest.mark.parametrize("asked", ["acknowledge", "resolve"])
def test_what_is_closed_stays_closed(asked: str) -> None:
    core = at_phase(Phase.CLOSED)
    refused = getattr(core, asked)().refused
    assert refused == Refused("incident_closed", "INC-000001 was closed by duty.officer")


@pytest.mark.parametrize("id", ["INC-000002", "INC-1", "INC-000000", "INC-" + "9" * 5_000, "INC-", "", "INC-٣", "7"])
def test_an_incident_that_does_not_exist_is_refused_and_nothing_is_raised(id: str) -> None:
    core = smoking()
    for outcome in (core.acknowledge(id), core.note("x", id), core.resolve(id)):
        assert outcome.refused == Refused("unknown_incident", f"there is no incident {id}")
        assert outcome.entries[0].incident is None


def test_a_refusal_is_on_the_timeline_with_who_what_and_why() -> None:
    core = smoking()
    core.resolve(by="engineer")
    entry = core.entry(Kind.REFUSED)
    assert (entry.incident, entry.by) == ("INC-000001", "engineer")
    assert entry.facts == {"what": "resolve", "code": "sources_not_normal", "incident": "INC-000001"}
    assert entry.reason == "still holds: r at tower-a/sd-1"


# ---- closing by itself, and after


def test_what_may_close_by_itself_does_as_soon_as_its_sources_are_normal() -> None:
    core = smoking(BY_ITSELF)
    core.wait("5s")
    core.reading("sd-1", smoke=0)
    incident = core.incident()
    assert (incident.phase, incident.closed_by, incident.closed_at) == (Phase.CLOSED, "tocsin", core.now)


def test_it_does_not_close_by_itself_while_another_source_holds() -> None:
    core = smoking(BY_ITSELF)
    core.reading("sd-2", smoke=2)
    core.reading("sd-1", smoke=0)
    assert core.incident().open
    core.reading("sd-2", smoke=0)
    assert not core.incident().open


def test_it_does_not_close_by_itself_when_one_of_its_rules_wants_a_person() -> None:
    heat = rule("{metric: temperature, above: 60}", id="heat")
    core = smoking(ruleset(*BY_ITSELF.detections.values(), heat))
    core.reading("sd-1", temperature=70)
    core.reading("sd-1", temperature=20, smoke=0)
    assert core.incident().open


def test_a_closed_incident_is_kept_for_a_day_and_then_told_apart_from_one_that_never_was() -> None:
    core = at_phase(Phase.CLOSED)
    core.wait(KEPT_CLOSED_MS - 1)
    assert core.note("found the pan").refused is None
    core.wait(1)
    assert not core.state.incidents
    assert core.note("too late").refused == Refused("incident_closed", "INC-000001 was closed more than a day ago")


def test_with_a_forgotten_incident_its_commands_are_forgotten() -> None:
    core = Core(FIRE)
    core.reading("mcp-1", alarm=True)
    core.answer("CMD-000001", "vent-1")
    core.reading("mcp-1", alarm=False)
    core.resolve()
    core.wait(ReviewSettings().review_within)  # nobody reviews it
    assert (core.state.incidents, core.state.commands, core.state.given_up) == ({}, {}, {})
    core.answer("CMD-000002", "vent-2")
    assert core.entries[-1].kind is Kind.UNKNOWN


def test_a_revision_rises_with_every_change_and_with_nothing_else() -> None:
    core = smoking()
    assert core.incident().revision == 1
    core.acknowledge()
    assert core.incident().revision == 2
    core.wait("1min")
    core.reading("sd-2", mode=Mode.EXERCISE, smoke=2)
    assert core.incident("INC-000001").revision == 2
