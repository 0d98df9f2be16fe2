"""How devices of other formats are told something, and how it is known that they did it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.codecs.port import Codec, Publish
from gateway.wire import RETAIN
from rules.effects import PublishCommand
from rules.incident import CommandStage
from rules.instant import HOUR_MS, MINUTE_MS
from rules.mode import Mode
from rules.reading import Rejected
from rules.site import Directory
from rules.timeline import Kind
from tests.support import building
from tests.support.plain_codec import PlainCodec, output, said
from tests.support.stage import Stage

CODECS: dict[str, Callable[[], Codec]] = {"p": PlainCodec}
VENT = f"{building.SITE}/vent-1"
TOLD = {"open": {"state": "OPEN", "speed": 2.0}}


def site(**source: Any) -> Directory:
    vent = {"class": "smoke_vent", "source": {"codec": "p", "id": "v1", "commands": TOLD} | source}
    detectors = {"sd-1": "smoke_detector", "sd-2": "smoke_detector"}
    return building.directory({"12F-east": {**detectors, "vent-1": vent}})


def make(folder: Path, directory: Directory) -> Stage:
    return Stage(folder, site=directory, codecs=CODECS, plans=(building.FIRE_PLAN,))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = make(tmp_path, site())
    yield made
    made.close()


def fire(stage: Stage, tree: str = "tocsin") -> PublishCommand:
    """Two detectors: the vent of the zone is to be opened. → the command"""
    for device in ("sd-1", "sd-2"):
        stage.publish(device, smoke=0.4, tree=tree)
    stage.deliver()
    stage.time_is_up()
    (due,) = stage.store.outbox_due(stage.now, 10)
    assert isinstance(due.effect, PublishCommand)
    return due.effect


def stages(stage: Stage) -> list[CommandStage]:
    incidents = stage.desk.engine.state.incidents.values()
    return [command.stage for incident in incidents for command in incident.commands]


def test_a_command_is_what_the_site_file_says_in_the_devices_own_format(stage: Stage) -> None:
    command = fire(stage)
    assert stage.foreign.encode(command) == [
        Publish("plain/v1/set", json.dumps({"id": command.id} | TOLD["open"], separators=(",", ":")).encode())
    ]


def test_a_device_of_our_own_format_is_told_as_ever(stage: Stage) -> None:
    native = PublishCommand("CMD-000001", Mode.ACTUAL, "tower-a/sd-1", "open", {}, "INC-000001", 0, 1)
    assert stage.foreign.encode(native) is None


@pytest.mark.parametrize("mode", [Mode.EXERCISE, Mode.TEST])
def test_the_command_of_an_exercise_never_reaches_a_foreign_tree(stage: Stage, mode: Mode) -> None:
    command = PublishCommand("CMD-000001", mode, VENT, "open", {}, "INC-000001", 0, 1)
    assert stage.foreign.encode(command) is None


def test_without_commands_in_the_site_file_those_of_the_format_count(tmp_path: Path) -> None:
    stage = make(tmp_path, site(commands={}))
    told = {"open": {"contact": True}}
    stage.tell("plain/x", [output("Found", native_id="v1", device_class="smoke_vent", commands=told)])
    published = stage.foreign.encode(fire(stage))
    assert isinstance(published, list)
    assert json.loads(published[0].payload)["contact"] is True
    stage.close()


@pytest.mark.parametrize(
    ("commands", "why"),
    [({"close": {"state": "CLOSED"}}, "nothing says how v1 is told to 'open'"), ({"open": {"forbidden": 1}}, "cannot")],
)
def test_what_the_device_cannot_be_told_is_said_at_once(tmp_path: Path, commands: Any, why: str) -> None:
    stage = make(tmp_path, site(commands=commands))
    refused = stage.foreign.encode(fire(stage))
    assert isinstance(refused, Rejected)
    assert why in refused.detail
    stage.close()


def test_a_format_that_answers_by_the_commands_id_settles_it(stage: Stage) -> None:
    command = fire(stage)
    stage.foreign.encode(command)
    stage.tell("plain/x", [output("Answered", id=command.id, ok=True, detail="done")])
    stage.tell("plain/x", [output("Answered", id=command.id, ok=True, detail="done")])
    assert stages(stage) == [CommandStage.DONE]
    assert stage.kinds().count(Kind.COMMAND_DONE) == 1, "told twice, done once"


def test_a_format_that_refuses_by_the_commands_id_fails_it(stage: Stage) -> None:
    command = fire(stage)
    stage.tell("plain/x", [output("Answered", id=command.id, ok=False, detail="locked")])
    assert stages(stage) == [CommandStage.FAILED]


def test_an_answer_to_what_nobody_asked_is_a_dead_letter(stage: Stage) -> None:
    stage.tell("plain/x", [output("Answered", id="CMD-999999", ok=True)])
    assert (stage.letters(), stage.kinds()) == ({"unknown command": 1}, [])


def test_a_device_that_says_that_all_is_as_it_was_told_has_done_it(stage: Stage) -> None:
    stage.foreign.encode(fire(stage))
    stage.tell("plain/x", [said("v1", {"state": "CLOSED", "speed": 2})])
    stage.tell("plain/x", [said("v1", {"state": "OPEN"})])
    assert stages(stage) == [CommandStage.DONE]


@pytest.mark.parametrize(
    ("values", "flags", "more"),
    [
        ({"state": "OPEN", "speed": 3}, 0, {}),
        ({"state": "OPEN"}, 0, {}),
        ({"state": True, "speed": 2}, 0, {}),
        ({"state": "OPEN", "speed": 2}, RETAIN, {}),
        ({"state": "OPEN", "speed": 2}, 0, {"historical": True}),
    ],
)
def test_what_is_not_all_as_told_or_not_of_now_is_no_echo(
    stage: Stage, values: dict[str, Any], flags: int, more: dict[str, Any]
) -> None:
    stage.foreign.encode(fire(stage))
    stage.tell("plain/x", [said("v1", values, **more)], flags)
    assert CommandStage.DONE not in stages(stage)


def test_an_echo_counts_also_after_a_restart(stage: Stage) -> None:
    stage.foreign.encode(fire(stage))
    stage.restart()
    stage.tell("plain/x", [said("v1", {"state": "OPEN", "speed": 2})])
    assert stages(stage) == [CommandStage.DONE]


def test_without_an_answer_the_time_limit_counts(stage: Stage) -> None:
    stage.foreign.encode(fire(stage))
    stage.now += HOUR_MS
    stage.desk.advance()
    stage.desk.commit()
    assert stages(stage) == [CommandStage.FAILED]
    stage.tell("plain/x", [said("v1", {"state": "OPEN", "speed": 2})])
    assert stages(stage) == [CommandStage.FAILED], "an hour later it is somebody else's doing"


def test_an_echo_soon_after_the_limit_says_that_it_was_done_after_all(stage: Stage) -> None:
    stage.foreign.encode(fire(stage))
    stage.now += 2 * MINUTE_MS
    stage.desk.advance()
    stage.desk.commit()
    stage.tell("plain/x", [said("v1", {"state": "OPEN", "speed": 2})])
    assert stages(stage) == [CommandStage.DONE]
