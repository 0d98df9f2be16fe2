"""What a confirmed incident tells other devices to do, and what becomes of each command."""

from __future__ import annotations

from typing import Any

import pytest

from rules.incident import CommandStage, Phase, StepStage
from rules.level import Level
from rules.mode import Mode
from rules.outcome import Refused
from rules.requests import OverrideCommand
from rules.signal import Signal
from rules.timeline import Kind
from tests.support.building import FIRE, FIRE_PLAN, ZONES, directory
from tests.support.core import Core

MAY = FIRE_PLAN.replace("    acknowledge:", "    may_override: [engineering_lead]\n    acknowledge:")
VENTS = ["tower-a/vent-1", "tower-a/vent-2"]


def burning(mode: Mode = Mode.ACTUAL, plans: str = MAY) -> Core:
    """A call point is pressed: two vents are told to open, as CMD-000001 and CMD-000002."""
    core = Core(FIRE, plans=plans)
    core.reading("mcp-1", mode=mode, alarm=True)
    return core


def stages(core: Core) -> list[CommandStage]:
    return [command.stage for command in core.incident("INC-000001").commands]


def test_a_confirmed_fire_opens_the_vents_of_its_zone_and_no_others() -> None:
    core = burning()
    assert [(each.device, each.command, each.incident) for each in core.effects] == [
        (vent, "open", "INC-000001") for vent in VENTS
    ]
    assert core.entry(Kind.COMMAND_ISSUED).reason == "open-vents: fire of level I"


def test_nothing_is_linked_to_a_pre_alarm() -> None:
    core = Core(FIRE, plans=FIRE_PLAN.replace("level: I\n", "level: III\n"))
    core.reading("sd-1", smoke=0.2)
    core.wait("14s")
    assert core.effects == []
    core.wait("1s")
    assert [each.device for each in core.effects] == VENTS


def test_nothing_is_linked_to_a_milder_level() -> None:
    core = Core(FIRE.replace("level: I\n", "level: II\n"), plans=FIRE_PLAN)
    core.reading("mcp-1", alarm=True)
    assert core.effects == []


def test_each_command_is_issued_once_whatever_else_fires() -> None:
    core = burning()
    core.reading("sd-1", smoke=0.2)
    core.reading("sd-2", smoke=0.2)
    core.reading("mcp-1", alarm=False)
    core.reading("mcp-1", alarm=True)
    core.acknowledge()
    core.wait("5min")
    assert [each.id for each in core.effects] == ["CMD-000001", "CMD-000002"]


def test_a_command_that_is_answered_is_done() -> None:
    core = burning()
    core.published("CMD-000001")
    core.answer("CMD-000001", "vent-1", detail="opened")
    assert core.last.settled == ["CMD-000001"]
    assert stages(core) == [CommandStage.DONE, CommandStage.ISSUED]
    assert core.kinds()[-2:] == [Kind.COMMAND_PUBLISHED, Kind.COMMAND_DONE]
    core.wait("1min")
    assert core.kinds().count(Kind.COMMAND_FAILED) == 1


def test_a_command_that_the_device_refuses_has_failed() -> None:
    core = burning()
    core.answer("CMD-000001", "vent-1", ok=False, detail="jammed")
    assert core.last.settled == ["CMD-000001"]
    assert core.entry(Kind.COMMAND_FAILED).reason == "the device refused: jammed"
    core.wait("1min")
    assert core.kinds().count(Kind.COMMAND_FAILED) == 2


def test_a_command_without_an_answer_fails_when_it_expires() -> None:
    core = burning()
    core.published("CMD-000001")
    core.wait("29999ms")
    assert stages(core) == [CommandStage.PUBLISHED, CommandStage.ISSUED]
    core.wait("1ms")
    assert stages(core) == [CommandStage.FAILED, CommandStage.FAILED]
    assert core.entry(Kind.COMMAND_FAILED).reason == "no answer within 30s"
    assert not core.state.commands


def test_an_answer_at_the_instant_it_expires_counts() -> None:
    core = burning()
    core.now += 30_000
    core.answer("CMD-000001", "vent-1")
    assert stages(core) == [CommandStage.DONE, CommandStage.FAILED]


def test_an_answer_after_it_was_given_up_is_on_the_timeline_even_of_a_closed_incident() -> None:
    core = burning()
    core.wait("31s")
    core.reading("mcp-1", alarm=False)
    core.resolve()
    core.wait("1h")
    core.answer("CMD-000001", "vent-1")
    entry = core.entry(Kind.COMMAND_DONE)
    assert (entry.incident, entry.reason) == ("INC-000001", "after it was given up: no answer within 30s")
    assert stages(core) == [CommandStage.DONE, CommandStage.FAILED]


def test_a_command_that_could_not_be_published_has_failed() -> None:
    core = burning()
    core.unpublished("CMD-000001")
    assert core.last.settled == ["CMD-000001"]
    assert core.entry(Kind.COMMAND_FAILED).reason == "the broker is away (attempts: 3)"


def test_an_answer_of_another_device_is_not_believed() -> None:
    core = burning()
    core.answer("CMD-000001", "vent-2")
    assert stages(core) == [CommandStage.ISSUED, CommandStage.ISSUED]
    assert core.entry(Kind.UNKNOWN).reason == "command 'CMD-000001' awaits no answer from this device"


def test_an_answer_from_the_topics_of_an_exercise_is_not_believed() -> None:
    core = burning()
    core.answer("CMD-000001", "vent-1", mode=Mode.EXERCISE)
    assert stages(core)[0] is CommandStage.ISSUED


def test_the_same_answer_again_is_told_but_changes_nothing() -> None:
    core = burning()
    core.answer("CMD-000001", "vent-1")
    core.answer("CMD-000001", "vent-1", ok=False)
    assert stages(core)[0] is CommandStage.DONE
    assert core.entries[-1].kind is Kind.UNKNOWN


def test_the_command_of_an_exercise_says_so() -> None:
    assert {effect.mode for effect in burning(Mode.EXERCISE).effects} == {Mode.EXERCISE}


def test_publishing_is_told_once_and_an_unknown_command_is_only_settled() -> None:
    core = burning()
    core.published("CMD-000001")
    core.published("CMD-000001")
    core.published("CMD-009999")
    assert core.last.settled == ["CMD-009999"]
    assert core.kinds().count(Kind.COMMAND_PUBLISHED) == 1


def test_a_vent_that_is_added_later_is_told_with_the_next_detection() -> None:
    core = burning()
    core.reload(site=directory({**ZONES, "12F-east": {**ZONES["12F-east"], "vent-3": "smoke_vent"}}))
    assert len(core.effects) == 2
    core.reading("sd-1", smoke=0.2)
    assert [each.device for each in core.effects] == [*VENTS, "tower-a/vent-3"]


# ---- retries, and what a failure comes to

TWICE = FIRE_PLAN.replace("retries: 0", "retries: 1")


def test_a_command_without_an_answer_is_issued_again_under_a_new_id() -> None:
    core = burning(plans=TWICE)
    core.answer("CMD-000001", "vent-1")
    core.wait("30s")
    assert [each.id for each in core.effects] == ["CMD-000001", "CMD-000002", "CMD-000003"]
    again = core.incident().commands[-1]
    assert (again.device, again.attempt, again.stage) == ("tower-a/vent-2", 2, CommandStage.ISSUED)
    assert core.entry(Kind.COMMAND_ISSUED).reason == "attempt 2 of 2 in place of CMD-000002"


def test_a_refused_command_is_issued_again_at_once() -> None:
    core = burning(plans=TWICE)
    core.answer("CMD-000001", "vent-1", ok=False, detail="jammed")
    assert [each.device for each in core.effects] == [*VENTS, "tower-a/vent-1"]


def test_while_an_attempt_is_left_nothing_is_in_trouble() -> None:
    core = burning(plans=TWICE)
    core.wait("30s")
    assert core.state.troubles == {}
    core.wait("30s")
    assert list(core.state.troubles) == [f"actual|command/{vent}/open" for vent in VENTS]


def test_a_command_that_failed_for_good_is_a_trouble_of_its_zone() -> None:
    core = burning()
    core.answer("CMD-000002", "vent-2")
    core.wait("30s")
    trouble = core.incident("INC-000002")
    assert (trouble.hazard, trouble.signal, trouble.zone) == ("device", Signal.TROUBLE, "tower-a/12F-east")
    assert (trouble.first_out, trouble.level) == ("tower-a/vent-1", Level.III)
    assert core.entry(Kind.DETECTED).reason == "open in INC-000001: no answer within 30s"


def test_the_step_says_how_all_its_devices_did() -> None:
    core = burning()
    core.answer("CMD-000002", "vent-2")
    assert core.incident().steps[0].stage is StepStage.ISSUED
    core.wait("30s")
    step = core.incident("INC-000001").steps[0]
    assert (step.stage, step.note) == (StepStage.FAILED, "tower-a/vent-1: no answer within 30s")
    core.answer("CMD-000001", "vent-1")
    step = core.incident("INC-000001").steps[0]
    assert (step.stage, step.note) == (StepStage.DONE, "")


def test_a_late_answer_ends_the_trouble_and_its_incident() -> None:
    core = burning()
    core.answer("CMD-000002", "vent-2")
    core.wait("30s")
    core.answer("CMD-000001", "vent-1")
    trouble = core.incident("INC-000002")
    assert (trouble.phase, trouble.closed_by, core.state.troubles) == (Phase.CLOSED, "tocsin", {})


def test_a_late_answer_of_the_first_attempt_counts_while_the_second_is_on_its_way() -> None:
    core = burning(plans=TWICE)
    core.answer("CMD-000002", "vent-2")
    core.wait("30s")
    core.answer("CMD-000001", "vent-1")
    core.wait("30s")
    assert core.state.troubles == {}
    assert core.incident().steps[0].stage is StepStage.DONE


def test_a_failed_command_of_an_exercise_is_a_trouble_of_the_exercise() -> None:
    core = burning(Mode.EXERCISE)
    core.wait("30s")
    assert core.incident("INC-000002").mode is Mode.EXERCISE


def test_a_closed_incident_commands_nothing_any_more() -> None:
    core = burning(plans=TWICE)
    core.reading("mcp-1", alarm=False)
    core.resolve()
    core.wait("30s")
    assert len(core.effects) == 2


def test_a_person_who_resolves_the_trouble_takes_it_as_mended() -> None:
    core = burning()
    core.wait("30s")
    assert core.resolve("INC-000002").refused is None
    assert core.state.troubles == {}
    assert core.kinds("INC-000002")[-4:-2] == [Kind.GIVEN_UP, Kind.GIVEN_UP]


# ---- by hand


def by_hand(core: Core, **changes: Any) -> Refused | None:
    asked: dict[str, Any] = {
        "incident": "INC-000001",
        "device": "tower-a/vent-9",
        "command": "close",
        "reason": "smoke goes there",
    }
    given: dict[str, Any] = {"by": "duty-1", "role": "duty_officer"}
    given.update(asked | changes)
    return core.step(OverrideCommand(**given)).refused


def test_one_of_the_team_sends_a_command_past_the_plan() -> None:
    core = burning(Mode.EXERCISE)
    assert by_hand(core) is None
    sent = core.effects[-1]
    assert (sent.device, sent.command, sent.mode) == ("tower-a/vent-9", "close", Mode.EXERCISE)
    entry = core.entry(Kind.COMMAND_ISSUED)
    assert (entry.by, entry.reason) == ("duty-1", "by hand: smoke goes there")
    assert by_hand(core) is None, "as often as the person wants"


def test_a_command_by_hand_that_fails_is_a_trouble_too_and_is_not_repeated() -> None:
    core = burning(plans=TWICE)
    by_hand(core)
    for command, vent in (("CMD-000001", "vent-1"), ("CMD-000002", "vent-2")):
        core.answer(command, vent)
    core.wait("30s")
    assert list(core.state.troubles) == ["actual|command/tower-a/vent-9/close"]
    assert len(core.effects) == 3


@pytest.mark.parametrize(
    ("changes", "code", "reason"),
    [
        (
            {"role": "gardener"},
            "not_authorised",
            "duty-1 may not send commands in INC-000001 "
            "(authorised: safety_officer, duty_officer, project_manager, engineering_lead)",
        ),
        ({"role": ""}, "not_authorised", ""),
        ({"reason": " "}, "reason_missing", "a command by hand needs a reason"),
        ({"device": "tower-a/vent-7"}, "unknown_device", "there is no device tower-a/vent-7 at tower-a"),
        ({"command": "explode"}, "unknown_command", "smoke_vent knows no command explode (close, open)"),
        ({"device": "tower-a/sd-1"}, "unknown_command", "smoke_detector knows no command close (none)"),
    ],
)
def test_a_command_by_hand_is_refused_with_the_reason(changes: dict[str, str], code: str, reason: str) -> None:
    core = burning()
    refused = by_hand(core, **changes)
    assert refused is not None
    assert refused.code == code
    assert reason in refused.reason
    assert len(core.effects) == 2
    assert core.entry(Kind.REFUSED).by == "duty-1"


def test_where_no_plan_says_who_may_nobody_sends_commands_by_hand() -> None:
    core = Core(FIRE)
    core.reading("mcp-1", alarm=True)
    refused = by_hand(core)
    assert refused == Refused(
        "not_authorised",
        "duty-1 may not send commands in INC-000001 (authorised: nobody: hazard fire has no plan)",
    )
