"""ChirpStack's events: each of the known traps by name, and nothing that a sender can say does harm."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.codecs.chirpstack import ChirpStack, Options, make
from gateway.codecs.known import DEVICES_MAX
from gateway.codecs.pending import COMMANDS_MAX
from gateway.codecs.port import Answered, Found, Happened, Publish, Said
from rules.instant import HOUR_MS
from rules.reading import Rejected
from rules.site import MetricKind
from tests.support.codec_rig import (
    bodies,
    decode,
    of,
    one,
    values,
)

EUI = "0101010101010101"
APPLICATION = "17c82e96-be03-4f38-aef3-f83d48582d97"
EVENTS = f"application/{APPLICATION}/device/{EUI}/event"
COMMANDS = f"application/{APPLICATION}/device/{EUI}/command/down"
TIME = "2022-07-18T09:34:15.775023242+00:00"
AT = 1_658_136_855_775
INFO: dict[str, Any] = {
    "applicationId": APPLICATION,
    "deviceProfileName": "Leak",
    "deviceName": "Basement pump",
    "devEui": EUI,
    "tags": {},
}


def codec(**options: Any) -> ChirpStack:
    made = make(Options(**options))
    assert isinstance(made, ChirpStack)
    return made


def event(**more: Any) -> dict[str, Any]:
    return {"deduplicationId": "3ac7e3c4-4401-4b8d-9386-a5c902f9202d", "time": TIME, "deviceInfo": INFO, **more}


def up(known: ChirpStack, **more: Any) -> Any:
    return decode(known, f"{EVENTS}/up", event(**{"object": {"leak": True}, "fCnt": 7, **more}))


# The traps of the format


@pytest.mark.parametrize(
    ("time", "at"),
    [
        ("2022-07-18T09:34:15.775023242+00:00", AT),
        ("2022-07-18T09:34:15.775999999Z", AT),  # not the next millisecond: it has not come yet
        ("2022-07-18T11:34:15.775+02:00", AT),
        ("2022-07-18T09:34:15Z", AT - 775),
        ("2022-07-18T09:34:15.775023242", None),
        ("1970-01-01T00:00:03.1Z", None),
        (None, None),
        (1658136855, None),
    ],
)
def test_a_time_has_nanoseconds_and_becomes_the_millisecond_it_lies_in(time: Any, at: int | None) -> None:
    assert one(Said, up(codec(), time=time)).at == at


def test_one_uplink_that_comes_twice_under_its_deduplication_id_is_recognisably_one() -> None:
    known = codec()
    first, again = one(Said, up(known)), one(Said, up(known))
    assert (first.at, first.seq, first.values) == (again.at, again.seq, again.values)
    assert (first.at, first.seq) == (AT, 7)


def test_the_frame_counter_begins_anew_at_a_join_and_still_rises() -> None:
    known = codec()
    before = one(Said, up(known, fCnt=4_294_967_295)).seq
    outputs = decode(known, f"{EVENTS}/join", event(devAddr="00189440"))
    assert one(Happened, outputs) == Happened(EUI, "join", {"devAddr": "00189440"}, AT)
    after = one(Said, up(known, fCnt=None)).seq  # left out: the first
    assert before is not None
    assert after is not None
    assert after > before


def test_the_number_of_joins_outlives_a_restart() -> None:
    first, second = codec(), codec()
    second.restore(of(Found, decode(first, f"{EVENTS}/join", event())))
    assert one(Said, up(second)).seq == one(Said, up(first)).seq == (1 << 32) + 7


def test_events_are_qos_0_by_default_so_a_lost_one_is_a_gap_and_no_fault() -> None:
    known = codec()
    assert one(Said, up(known, fCnt=1)).seq == 1
    later = up(known, fCnt=9, time="2022-07-18T10:34:15Z")
    assert [type(each) for each in later] == [Said]
    assert one(Said, later).seq == 9
    published = known.encode(EUI, {"valve": True}, "CMD-1")
    assert not isinstance(published, Rejected)
    assert [each.qos for each in published] == [1]  # what we send is not lost so


def test_an_object_is_there_only_with_a_codec_and_without_one_the_bytes_are_rejected_with_what_to_do() -> None:
    outputs = decode(codec(), f"{EVENTS}/up", event(fPort=7, data="AQID"))
    assert one(Found, outputs).native_id == EUI  # it is to be seen all the same
    assert of(Said, outputs) == []  # whose alarms nobody can read is as good as silent
    rejected = one(Rejected, outputs)
    assert rejected.reason == "wrong shape"
    assert "'Leak'" in rejected.detail
    assert "fPort 7" in rejected.detail


def test_a_codec_that_failed_on_the_server_is_seen() -> None:
    log = event(level="ERROR", code="UPLINK_CODEC", description="TypeError: undefined")
    assert "TypeError" in one(Rejected, decode(codec(), f"{EVENTS}/log", log)).detail


# What is left out of the JSON because it is the default


def test_no_acknowledged_is_a_refusal() -> None:
    known = codec()
    up(known)
    ((_, frame),) = bodies(known.encode(EUI, {"valve": True}, "CMD-1"))
    answered = one(Answered, decode(known, f"{EVENTS}/ack", event(queueItemId=frame["id"], fCntDown=3)))
    assert (answered.id, answered.ok) == ("CMD-1", False)


def test_no_battery_level_is_an_empty_battery_unless_the_device_cannot_say() -> None:
    known = codec()
    assert values(decode(known, f"{EVENTS}/status", event(margin=10, batteryLevel=88.3))) == {
        "margin": 10,
        "externalPowerSource": False,
        "batteryLevel": 88.3,
    }
    assert values(decode(known, f"{EVENTS}/status", event())) == {
        "margin": 0,
        "externalPowerSource": False,
        "batteryLevel": 0,
    }
    for unknown in ({"batteryLevelUnavailable": True}, {"externalPowerSource": True}):
        assert values(decode(known, f"{EVENTS}/status", event(**unknown)))["batteryLevel"] is None


def test_no_frame_counter_and_no_time_is_no_sequence() -> None:
    assert one(Said, up(codec(), fCnt=None)).seq == 0
    assert one(Said, up(codec(), fCnt=None, time=None)).seq is None
    assert one(Said, up(codec(), fCnt=-1)).seq is None


# What devices say


def test_a_device_is_found_by_its_eui_with_the_points_of_its_object() -> None:
    decoded = {"leak": False, "battery": {"percent": 98.0}, "note": None, "list": [1, 2]}
    outputs = up(codec(), object=decoded, rxInfo=[{"rssi": -97, "snr": 4.5}, {"rssi": -36, "snr": 10.5}])
    found = one(Found, outputs)
    assert (found.native_id, found.title, found.model, found.device_class) == (EUI, "Basement pump", "Leak", "")
    assert {each.name: each.kind for each in found.points} == {
        "rxInfo.rssi": MetricKind.NUMBER,
        "rxInfo.snr": MetricKind.NUMBER,
        "leak": MetricKind.BOOLEAN,
        "battery.percent": MetricKind.NUMBER,
        "note": None,
        "list.1": MetricKind.NUMBER,
        "list.2": MetricKind.NUMBER,
    }
    told = values(outputs)
    assert (told["rxInfo.rssi"], told["rxInfo.snr"], told["leak"], told["note"]) == (-36, 10.5, False, None)


def test_bytes_are_read_where_the_options_say_that_the_numbers_lie() -> None:
    points: dict[str, Any] = {
        "leak": {"at": 0, "bit": 7, "metric": "alarm"},
        "temperature": {"at": 1, "type": "i16be", "scale": 0.1, "unit": "°C"},
        "state": {"at": 3, "words": {"2": "open", "3": "closed"}},
        "level": {"at": 4, "type": "f32le"},
    }
    known = codec(payloads=[{"profile": "Leak", "f_port": 2, "points": points}])
    outputs = decode(known, f"{EVENTS}/up", event(fPort=2, data="gP84AwAAIEA="))
    assert values(outputs) == {"leak": True, "temperature": -20.0, "state": "closed", "level": 2.5}
    kinds = {each.name: (each.kind, each.metric, each.unit) for each in one(Found, outputs).points}
    assert kinds["leak"] == (MetricKind.BOOLEAN, "alarm", "")
    assert kinds["state"] == (MetricKind.STRING, "", "")
    assert kinds["temperature"] == (MetricKind.NUMBER, "", "°C")
    short = values(decode(known, f"{EVENTS}/up", event(fPort=2, data="AA==")))
    assert short == {"leak": False, "temperature": None, "state": None, "level": None}
    assert of(Said, decode(known, f"{EVENTS}/up", event(fPort=3, data="gP84AwAAIEA="))) == []
    assert of(Said, decode(known, f"{EVENTS}/up", event(fPort=2, data="no base64"))) == []


def test_an_uplink_without_a_payload_is_a_sign_of_life() -> None:
    said = one(Said, decode(codec(), f"{EVENTS}/up", event(fCnt=3, rxInfo=[{"rssi": -80}])))
    assert said.values == {"rxInfo.rssi": -80}


def test_the_silence_limit_is_the_option_s_unless_a_tag_says_another() -> None:
    known = codec(silent_after="2h")
    assert one(Found, up(known)).silent_after_ms == 2 * HOUR_MS
    tagged = INFO | {"tags": {"silent_after": "26h"}}
    assert one(Found, up(known, deviceInfo=tagged)).silent_after_ms == 26 * HOUR_MS
    assert of(Found, up(known, deviceInfo=tagged)) == []
    for tag in ("soon", "0s", "-1h", "999d"):
        wrong = up(known, deviceInfo=INFO | {"tags": {"silent_after": tag}})
        assert one(Rejected, wrong).detail.startswith("tag silent_after: ")
        assert known._devices.get(EUI).silent_after_ms == 2 * HOUR_MS  # type: ignore[union-attr]
    assert one(Found, up(codec())).silent_after_ms is None


def test_a_new_name_is_told_and_the_device_stays_the_same() -> None:
    known = codec()
    up(known)
    found = one(Found, up(known, deviceInfo=INFO | {"deviceName": "Cellar pump"}))
    assert (found.native_id, found.title) == (EUI, "Cellar pump")


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        ("application/other/device/0101010101010101/event/up", "unknown topic"),
        (f"application/{APPLICATION}/device/nobody/event/up", "unknown topic"),
        (f"application/{APPLICATION}/device/{EUI}/command/down", "unknown topic"),
        (f"application/{APPLICATION}/device/0202020202020202/event/up", "wrong shape"),
    ],
)
def test_an_event_of_another_application_or_device_is_rejected(topic: str, reason: str) -> None:
    assert one(Rejected, decode(codec(applications=[APPLICATION]), topic, event(object={}))).reason == reason


@pytest.mark.parametrize("kind", ["location", "integration", "whatever"])
def test_events_that_say_nothing_of_the_building_are_no_output(kind: str) -> None:
    assert decode(codec(), f"{EVENTS}/{kind}", event()) == []


# Commands and answers


def test_a_command_is_a_downlink_with_an_object_for_the_server_s_codec() -> None:
    known = codec(f_port=85)
    up(known)
    ((topic, frame),) = bodies(known.encode(EUI, {"valve.open": True, "valve.limit": 5.0, "led": "off"}, "CMD-1"))
    assert topic == COMMANDS
    assert frame.pop("id")
    assert frame == {
        "devEui": EUI,
        "confirmed": True,
        "fPort": 85,
        "object": {"valve": {"open": True, "limit": 5.0}, "led": "off"},
    }
    assert isinstance(known.encode(EUI, {"valve": True, "valve.open": True}, "CMD-1"), Rejected)
    assert isinstance(known.encode("0202020202020202", {"valve": True}, "CMD-1"), Rejected)


def test_a_command_may_be_bytes_that_the_options_give() -> None:
    known = codec(downlinks=[{"profile": "Leak", "point": "valve", "bytes": {"true": "0301", "false": "0300"}}])
    point = next(each for each in one(Found, up(known)).points if each.name == "valve")
    assert point.settable
    ((_, frame),) = bodies(known.encode(EUI, {"valve": True}, "CMD-1"))
    assert b64decode(frame["data"]) == b"\x03\x01"
    assert "object" not in frame
    rejected = known.encode(EUI, {"valve": 2.0}, "CMD-1")
    assert isinstance(rejected, Rejected)
    assert "true, false" in rejected.detail


def test_the_acknowledgement_brings_the_command_s_id_back() -> None:
    known = codec()
    up(known)
    ((_, frame),) = bodies(known.encode(EUI, {"valve": True}, "CMD-000042"))
    assert decode(known, f"{EVENTS}/txack", event(queueItemId=frame["id"])) == []  # the device has not answered yet
    acknowledged = event(queueItemId=frame["id"], acknowledged=True)
    assert decode(known, f"{EVENTS}/ack", acknowledged) == [Answered("CMD-000042", True)]
    assert decode(known, f"{EVENTS}/ack", acknowledged) == []


def test_an_unconfirmed_downlink_is_done_when_it_is_sent() -> None:
    known = codec(confirmed=False)
    up(known)
    ((_, frame),) = bodies(known.encode(EUI, {"valve": True}, "CMD-1"))
    assert one(Answered, decode(known, f"{EVENTS}/txack", event(queueItemId=frame["id"]))).ok


def test_a_downlink_that_the_server_discards_has_failed() -> None:
    known = codec()
    up(known)
    ((_, frame),) = bodies(known.encode(EUI, {"valve": True}, "CMD-1"))
    context = {"queue_item_id": frame["id"], "item_size": "60"}
    log = event(
        level="ERROR", code="DOWNLINK_PAYLOAD_SIZE", description="exceeds the max. payload size", context=context
    )
    answered = one(Answered, decode(known, f"{EVENTS}/log", log))
    assert (answered.ok, answered.detail) == (False, "DOWNLINK_PAYLOAD_SIZE: exceeds the max. payload size")


def test_a_downlink_sent_once_more_after_a_restart_is_the_same_queue_item() -> None:
    first, second = codec(), codec()
    second.restore(of(Found, up(first)))
    assert first.encode(EUI, {"valve": True}, "CMD-1") == second.encode(EUI, {"valve": True}, "CMD-1")
    assert first.encode(EUI, {"valve": True}, "CMD-2") != second.encode(EUI, {"valve": True}, "CMD-1")


def test_downlinks_nobody_answers_do_not_grow_memory_without_bound() -> None:
    known = codec()
    up(known)
    for number in range(COMMANDS_MAX + 10):
        assert isinstance(known.encode(EUI, {"valve": True}, f"CMD-{number}"), list)
    assert len(known._pending) == COMMANDS_MAX


# After a restart


def test_after_a_restart_the_same_messages_say_the_same() -> None:
    options: dict[str, Any] = {"silent_after": "2h", "downlinks": [{"point": "valve", "bytes": {"true": "01"}}]}
    first, second = codec(**options), codec(**options)
    found = of(Found, decode(first, f"{EVENTS}/join", event()))
    found += of(Found, up(first, deviceInfo=INFO | {"tags": {"silent_after": "26h"}}))
    second.restore(found)
    for kind, message in [
        ("up", event(object={"leak": False}, fCnt=8, deviceInfo=INFO | {"tags": {"silent_after": "26h"}})),
        ("up", event(object={"level": 3}, fCnt=9)),
        ("status", event(margin=1)),
        ("join", event()),
    ]:
        assert decode(second, f"{EVENTS}/{kind}", message) == decode(first, f"{EVENTS}/{kind}", message), kind
    assert second.encode(EUI, {"valve": True}, "CMD-1") == first.encode(EUI, {"valve": True}, "CMD-1")


def test_another_silence_limit_in_the_options_counts_after_the_next_start() -> None:
    before, after = codec(silent_after="2h"), codec(silent_after="3h")
    after.restore(of(Found, up(before)))
    assert one(Found, up(after)).silent_after_ms == 3 * HOUR_MS
    assert of(Found, up(after)) == []


@pytest.mark.parametrize("memory", [b"", b"{", b"[]", b'{"application": 3}', b"\xff", b"[" * 10_000])
def test_a_memory_that_is_not_ours_is_passed_over(memory: bytes) -> None:
    known = codec()
    known.restore([Found(EUI, memory=memory)])
    assert one(Found, up(known)).native_id == EUI


# Options


@pytest.mark.parametrize(
    ("options", "where", "message"),
    [
        ({"applications": ["#"]}, "applications.0", "match pattern"),
        ({"f_port": 0}, "f_port", "greater than or equal to 1"),
        ({"silent_after": "soon"}, "silent_after", "'soon' is not a duration"),
        ({"silent_after": "0s"}, "silent_after", "0ms is no time to be silent"),
        ({"payloads": [{"points": {}}]}, "payloads.0.points", "at least 1"),
        ({"payloads": [{"points": {"a": {"at": 242}}}]}, "payloads.0.points.a.at", "less than 242"),
        ({"payloads": [{"points": {"a": {"at": 0, "type": "u7"}}}]}, "payloads.0.points.a.type", "'u8'"),
        ({"payloads": [{"points": {"a": {"at": 0, "scale": float("inf")}}}]}, "payloads.0.points.a.scale", "finite"),
        ({"downlinks": [{"point": "v", "bytes": {"true": "0g"}}]}, "downlinks.0.bytes.true", "match pattern"),
        ({"key": 1}, "key", "Extra inputs"),
    ],
)
def test_a_wrong_option_says_where_and_what(options: dict[str, Any], where: str, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Options(**options)
    (error,) = caught.value.errors()
    assert ".".join(map(str, error["loc"])) == where
    assert message in error["msg"]


# Bounds


def test_a_deep_object_is_cut_and_the_rest_is_taken() -> None:
    outputs = up(codec(), object={"leak": True, "deep": json.loads("[" * 60 + "1" + "]" * 60)})
    assert values(outputs) == {"leak": True}
    assert "nested" in one(Rejected, outputs).detail


def test_invented_devices_do_not_grow_memory_without_bound() -> None:
    known = codec()
    for number in range(DEVICES_MAX + 50):
        eui = f"{number:016x}"
        decode(known, f"application/a/device/{eui}/event/join", event(deviceInfo=INFO | {"devEui": eui}))
    assert len(known._devices) == DEVICES_MAX


def test_commands_are_published_where_the_server_listens() -> None:
    known = codec()
    up(known)
    published = known.encode(EUI, {"valve": True}, "CMD-1")
    assert isinstance(published, list)
    assert [(each.topic, each.retain) for each in published if isinstance(each, Publish)] == [(COMMANDS, False)]
    assert known.topics() == ("application/+/device/+/event/+",)
