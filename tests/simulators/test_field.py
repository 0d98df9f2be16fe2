"""The devices in the field, on virtual time: when they report, how they obey, what the shipped fire looks like."""

from __future__ import annotations

from collections import defaultdict

from gateway.codecs import native
from rules.instant import HOUR_MS, MINUTE_MS, SECOND_MS, Instant
from rules.reading import CommandResult, Reading
from rules.site import Directory
from simulators.devices import report_every_ms
from simulators.field import REACTION_MS, Field, Said
from simulators.field_link import encode
from simulators.scenario import Scenario, read_scenario, scene_of

QUIET = Scenario.model_validate({"scenario": "quiet", "title": {"en": "Quiet"}, "starts": "10:00", "lasts": "1h"})


def field_of(tower: Directory, scenario: Scenario = QUIET) -> tuple[Field, Instant]:
    scene, begins = scene_of(scenario, tower, "tower-a")
    return Field(list(tower.devices.values()), tower.device_classes, scene), begins


def played(tower: Directory, scenario: Scenario, lasts_ms: int, step_ms: int = SECOND_MS) -> tuple[list[Said], Instant]:
    field, begins = field_of(tower, scenario)
    said = list(field.statuses(begins))
    for at in range(begins, begins + lasts_ms + 1, step_ms):
        said += field.advance(at)
    return said, begins


def fire() -> Scenario:
    scenario, problems = read_scenario("fire-on-12f")
    assert not problems
    assert scenario is not None
    return scenario


def test_every_device_says_that_it_is_online_and_reports_at_once(tower: Directory) -> None:
    said, _ = played(tower, QUIET, 0)
    assert [type(each).__name__ for each in said[:408]] == ["DeviceStatus"] * 408
    assert {each.device for each in said if isinstance(each, Reading)} == set(tower.devices)


def test_no_device_is_quiet_for_longer_than_its_period_and_its_seq_has_no_gap(tower: Directory) -> None:
    said, begins = played(tower, QUIET, HOUR_MS // 2, 5 * SECOND_MS)
    times: dict[str, list[Instant]] = defaultdict(list)
    seqs: dict[str, list[int | None]] = defaultdict(list)
    for each in said:
        if isinstance(each, Reading):
            times[each.device].append(each.at)
        if hasattr(each, "seq"):
            seqs[each.device].append(each.seq)
    for name, device in tower.devices.items():
        gaps = [b - a for a, b in zip(times[name], [*times[name][1:], begins + HOUR_MS // 2], strict=True)]
        assert max(gaps) <= report_every_ms(device) + 5 * SECOND_MS
        assert report_every_ms(device) < device.silent_after_ms
        assert seqs[name] == list(range(1, len(seqs[name]) + 1))


def test_a_quiet_hour_has_no_alarm_and_no_fault(tower: Directory) -> None:
    said, _ = played(tower, QUIET, HOUR_MS, 20 * SECOND_MS)
    for each in said:
        if isinstance(each, Reading):
            assert not each.values.get("alarm")
            assert not each.values.get("fault")


def test_the_same_scenario_says_the_same_bytes(tower: Directory) -> None:
    runs = [
        [encode("tocsin/v1", each, each.received_at) for each in played(tower, fire(), MINUTE_MS)[0]] for _ in range(2)
    ]
    assert runs[0] == runs[1]
    assert len(runs[0]) > 800


def test_the_native_codec_understands_whatever_is_said(tower: Directory) -> None:
    said, begins = played(tower, fire(), MINUTE_MS)
    for each in said:
        message = encode("tocsin/v1", each, begins)
        address = native.address(message.topic.encode())
        assert isinstance(address, native.Address)
        assert address.device == each.device
        if isinstance(each, Reading):
            assert native.decode_telemetry(message.payload).values == each.values


def test_in_the_shipped_fire_one_detector_sees_smoke_first_a_second_within_a_minute_and_all_are_normal_at_the_end(
    tower: Directory,
) -> None:
    scenario = fire()
    said, begins = played(tower, scenario, scenario.lasts)
    smoke: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for each in said:
        if isinstance(each, Reading) and "smoke" in each.values:
            smoke[each.device].append(((each.at - begins) // SECOND_MS, float(each.values["smoke"])))
    first = {name: next((at for at, value in seen if value > 0.15), None) for name, seen in smoke.items()}
    seen_at = sorted((at, name) for name, at in first.items() if at is not None)
    assert {tower.devices[name].zone for _, name in seen_at} == {"tower-a/12F-east"}
    assert len(seen_at) >= 2
    assert 8 <= seen_at[1][0] - seen_at[0][0] <= 40  # time to acknowledge before the second confirms
    assert all(seen[-1][1] < 0.08 for seen in smoke.values())
    normal_at = max(at for seen in smoke.values() for at, value in seen if value > 0.08)
    assert normal_at + 30 < scenario.lasts // SECOND_MS


# ---- commands


def obeyed(field: Field, begins: Instant, lasts_ms: int = 3_000) -> list[CommandResult]:
    said = [each for at in range(begins, begins + lasts_ms, 100) for each in field.advance(at)]
    return [each for each in said if isinstance(each, CommandResult)]


def test_a_command_is_answered_in_time_and_shows_in_the_readings(tower: Directory) -> None:
    field, begins = field_of(tower)
    list(field.advance(begins))
    field.obey("sr-1201", "CMD-000001", "sound", begins)
    said = [each for at in range(begins, begins + 3_000, 100) for each in field.advance(at)]
    result = next(each for each in said if isinstance(each, CommandResult))
    assert (result.device, result.id, result.ok) == ("tower-a/sr-1201", "CMD-000001", True)
    assert REACTION_MS[0] <= result.received_at - begins <= REACTION_MS[1]
    reading = next(each for each in said if isinstance(each, Reading) and each.device == "tower-a/sr-1201")
    assert reading.values["sounding"] is True
    assert said.index(reading) > said.index(result)


def test_a_repeated_command_is_answered_again_and_carried_out_once(tower: Directory) -> None:
    field, begins = field_of(tower)
    for _ in range(2):
        field.obey("ac-1201", "CMD-000001", "release", begins)
    assert len(obeyed(field, begins)) == 1
    field.obey("ac-1201", "CMD-000002", "lock", begins + 3_000)
    field.obey("ac-1201", "CMD-000001", "release", begins + 3_000)
    assert [answer.ok for answer in obeyed(field, begins + 3_000)] == [True, True]
    locked = [each for each in field.advance(begins + HOUR_MS) if isinstance(each, Reading)]
    assert next(each.values["locked"] for each in locked if each.device == "tower-a/ac-1201") is True


def test_what_a_device_cannot_do_is_refused(tower: Directory) -> None:
    field, begins = field_of(tower)
    field.obey("sd-1201", "CMD-000001", "release", begins)
    field.obey("ac-1201", "CMD-000002", "release", begins, expired=True)
    field.obey("nobody", "CMD-000003", "release", begins)
    answers = {answer.id: (answer.ok, answer.detail) for answer in obeyed(field, begins)}
    assert answers == {
        "CMD-000001": (False, "'release' is not a command of this device"),
        "CMD-000002": (False, "expired"),
    }


def test_a_silent_device_says_nothing_and_answers_nothing(tower: Directory) -> None:
    written = {"happens": [{"at": "0s", "fault": "silence", "device": "ac-1201"}]}
    field, begins = field_of(tower, Scenario.model_validate({**QUIET.model_dump(mode="json"), "lasts": "1h"} | written))
    field.obey("ac-1201", "CMD-000001", "release", begins)
    said = [each for at in range(begins, begins + HOUR_MS, 20_000) for each in field.advance(at)]
    assert said
    assert not [each for each in said if each.device == "tower-a/ac-1201"]
