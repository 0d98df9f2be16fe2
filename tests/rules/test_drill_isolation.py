"""Nothing of an exercise is real, from whatever side somebody tries: payloads, retained messages, plans, restarts."""

from __future__ import annotations

import pytest

from rules.effects import Notify, PublishCommand, PushOrder, SendToAuthority, TellOccupants
from rules.events import CommandAnswered, EffectTried
from rules.mode import Mode
from rules.requests import Acknowledge, OpenOrder, OverrideCommand, PutOnShelf
from rules.timeline import Kind
from rules.timeline_text import LANGUAGES, text
from tests.support.drills import DrillCore

SIREN_OF_THE_ROOM = "tower-a/vent-1"


def drilled() -> DrillCore:
    core = DrillCore()
    core.start()
    core.alarm()
    return core


def of_kind(core: DrillCore, kind: type) -> list:
    return [each for each in core.effects if isinstance(each, kind)]


# ---- each kind of step of a plan


def test_commands_of_a_drill_go_to_the_exercise_tree_alone() -> None:
    commands = of_kind(drilled(), PublishCommand)
    assert commands
    assert {each.mode for each in commands} == {Mode.EXERCISE}


def test_messages_of_a_drill_go_out_by_channels_that_are_marked_for_exercises_alone() -> None:
    told = of_kind(drilled(), Notify)
    assert told
    assert {each.channel for each in told} == {"drill-app"}


def test_occupants_are_told_by_what_is_marked_for_exercises_alone() -> None:
    notices = of_kind(drilled(), TellOccupants)
    assert [each.channel for each in notices] == ["drill-lobby"]


def test_an_authority_hears_of_a_drill_only_where_it_is_marked_for_exercises() -> None:
    core = drilled()
    messages = of_kind(core, SendToAuthority)
    assert [each.to for each in messages] == ["drill_desk"]
    assert "<status>Exercise</status>" in messages[0].document
    held = [e for e in core.entries if e.kind is Kind.NOTICE_HELD_BACK and e.facts.get("to") == "fire_brigade"]
    assert held[0].reason == "the authority fire_brigade is not marked for exercises"


def test_the_outside_maintenance_system_hears_nothing_of_a_drills_orders() -> None:
    core = drilled()
    assert {order.mode for order in core.state.orders.values()} == {Mode.EXERCISE}
    assert not of_kind(core, PushOrder)


def test_a_command_by_hand_never_leaves_the_exercise() -> None:
    core = drilled()
    asked = OverrideCommand(
        by="safety-officer-1",
        role="safety_officer",
        incident="INC-000001",
        device=SIREN_OF_THE_ROOM,
        command="open",
        reason="now",
    )
    core.step(asked)
    assert of_kind(core, PublishCommand)[-1].mode is Mode.EXERCISE


def test_every_text_that_a_person_sees_is_stamped() -> None:
    core = drilled()
    core.step(Acknowledge(by="duty-officer-1", incident="INC-000001"))
    core.end()
    marks = {"en": "EXERCISE: ", "zh": "【演练】"}
    for language in LANGUAGES:
        lines = [text(each, language) for each in core.entries if each.kind is not Kind.CONFIGURATION]
        assert all(line.startswith(marks[language]) for line in lines), lines
    for told in of_kind(core, Notify):
        assert told.title.startswith(tuple(marks.values())), told
        assert told.body.startswith(tuple(marks.values())), told
    for notice in of_kind(core, TellOccupants):
        assert all(said.startswith(marks[language]) for language, said in notice.texts.items())
    assert all("EXERCISE: " in each.document for each in of_kind(core, SendToAuthority))


# ---- what comes in


def test_a_payload_that_claims_a_mode_changes_nothing() -> None:
    core = DrillCore()
    core.start()
    core.reading("mcp-1", mode=Mode.EXERCISE, alarm=True, real=True)
    assert core.incident().mode is Mode.EXERCISE
    core.alarm(Mode.ACTUAL)
    assert core.incident("INC-000002").mode is Mode.ACTUAL


def test_a_retained_exercise_message_raises_nothing_outside_a_drill() -> None:
    core = DrillCore()
    core.alarm(retained=True)
    assert not core.state.incidents
    assert core.entry(Kind.SUPPRESSED).reason.startswith("no drill: retained, and no drill is on")


def test_a_retained_message_from_before_the_drill_raises_nothing_in_it() -> None:
    core = DrillCore()
    core.start()
    core.alarm(retained=True, at=core.now - 60_000)
    core.alarm(retained=True, device="mcp-2") if "tower-a/mcp-2" in core.directory.devices else None
    assert not core.state.incidents


def test_a_retained_message_that_was_said_during_the_drill_counts() -> None:
    core = DrillCore()
    core.start()
    core.wait("1min")
    core.alarm(retained=True, at=core.now - 10_000)
    assert core.incident().drill is not None


def test_one_device_in_earnest_and_one_in_an_exercise_confirm_nothing() -> None:
    core = DrillCore()
    core.start()
    core.reading("sd-1", mode=Mode.EXERCISE, smoke=0.3)
    core.reading("sd-2", smoke=0.3)
    assert [each.confirmation.value for each in core.state.incidents.values()] == ["pre_alarm", "pre_alarm"]


def test_an_answer_on_the_other_tree_answers_no_command() -> None:
    core = drilled()
    command = of_kind(core, PublishCommand)[0]
    core.step(CommandAnswered(Mode.ACTUAL, command.id, command.device, True, core.now))
    assert command.id in core.state.commands


def test_an_exercise_beside_a_site_that_wants_drills_started_raises_nothing() -> None:
    core = DrillCore("drills: {only_started: true}\n")
    core.alarm()
    assert not core.state.incidents
    core.start()
    core.alarm()
    assert core.incident().drill is not None


# ---- what it leaves behind


def test_a_channel_that_fails_in_a_drill_is_no_real_trouble() -> None:
    core = drilled()
    told = of_kind(core, Notify)[0]
    core.step(EffectTried(told.id, ok=False, attempt=3, last=True, detail="no answer"))
    assert {each.mode for each in core.state.incidents.values()} == {Mode.EXERCISE}
    assert all(key.startswith("exercise|") for key in core.state.troubles)


def test_a_message_that_arrives_in_a_drill_ends_no_real_trouble() -> None:
    core = DrillCore("drills: {suspended_by: []}\n")
    core.alarm(Mode.ACTUAL)
    real = next(each for each in of_kind(core, Notify) if each.channel == "sms")
    core.step(EffectTried(real.id, ok=False, attempt=3, last=True, detail="no answer"))
    troubles = dict(core.state.troubles)
    assert troubles
    core.start()
    core.alarm()
    for told in [each for each in of_kind(core, Notify) if each.mode is Mode.EXERCISE]:
        core.step(EffectTried(told.id, ok=True, attempt=1, last=True))
    assert {key: id for key, id in core.state.troubles.items() if key.startswith("actual|")} == troubles


def test_an_exercise_uses_up_nothing_of_what_a_person_may_be_told() -> None:
    core = drilled()
    core.alarm(Mode.ACTUAL)
    assert [each for each in core.last.effects if isinstance(each, Notify) and each.mode is Mode.ACTUAL]


def test_a_drill_does_not_make_the_site_flooded() -> None:
    core = drilled()
    for _ in range(15):
        core.alarm()
        core.reading("mcp-1", mode=Mode.EXERCISE, alarm=False)
        core.wait("2s")
    assert not core.state.floods


def test_a_drill_counts_for_no_recurrence_of_real_faults() -> None:
    core = drilled()
    core.end()
    assert all(key.startswith("exercise|") for key in core.state.faults)


def test_a_real_order_of_the_same_asset_is_another_one_and_stays_when_the_drill_ends() -> None:
    core = drilled()
    order = next(iter(core.state.orders.values()))
    core.step(OpenOrder(by="engineer-1", asset=order.asset, fault=order.fault, summary="Look"))
    core.end()
    left = [each for each in core.state.orders.values() if each.open]
    assert [each.mode for each in left] == [Mode.ACTUAL]


def test_a_shelf_on_a_real_device_keeps_no_drill_quiet() -> None:
    core = DrillCore()
    core.step(PutOnShelf(by="duty-officer-1", reason="paint", duration_ms=600_000, rule="call-point"))
    core.start()
    core.alarm()
    assert core.incident().drill is not None


@pytest.mark.parametrize("down", ["0s", "3min", "40min"])
def test_after_a_restart_in_mid_drill_exercise_and_actual_are_still_apart(down: str) -> None:
    core = drilled()
    core.restart(down)
    core.alarm(Mode.ACTUAL)
    (real,) = [each for each in core.state.incidents.values() if each.hazard == "fire" and each.mode is Mode.ACTUAL]
    assert real.drill is None
    for effect in core.effects:
        incident = core.state.incidents.get(getattr(effect, "incident", None) or "")
        assert incident is None or incident.mode is effect.mode
    mine = {each.id: each.mode for each in of_kind(core, PublishCommand)}
    assert {Mode.ACTUAL, Mode.EXERCISE} == set(mine.values())
