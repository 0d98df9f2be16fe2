"""What a confirmed incident tells other devices to do, and what becomes of each command."""

from __future__ import annotations

from rules.incident import CommandStage
from rules.mode import Mode
from rules.timeline import Kind
from tests.support.building import FIRE, ZONES, directory
from tests.support.core import Core

VENTS = ["tower-a/vent-1", "tower-a/vent-2"]


def burning(mode: Mode = Mode.ACTUAL) -> Core:
    """A call point is pressed: two vents are told to open, as CMD-000001 and CMD-000002."""
    core = Core(FIRE)
    core.reading("mcp-1", mode=mode, alarm=True)
    return core


def stages(core: Core) -> list[CommandStage]:
    return [command.stage for command in core.incident().commands]


def test_a_confirmed_fire_opens_the_vents_of_its_zone_and_no_others() -> None:
    core = burning()
    assert [(each.device, each.command, each.incident) for each in core.effects] == [
        (vent, "open", "INC-000001") for vent in VENTS
    ]
    assert core.entry(Kind.COMMAND_ISSUED).reason == "open-vents: fire of level I"


def test_nothing_is_linked_to_a_pre_alarm() -> None:
    core = Core(FIRE.replace("device_class: smoke_vent,", "level: III, device_class: smoke_vent,"))
    core.reading("sd-1", smoke=0.2)
    core.wait("14s")
    assert core.effects == []
    core.wait("1s")
    assert [each.device for each in core.effects] == VENTS


def test_nothing_is_linked_to_a_milder_level() -> None:
    core = Core(FIRE.replace("level: I\n", "level: II\n"))
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
