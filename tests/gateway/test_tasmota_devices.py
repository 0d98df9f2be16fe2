"""Tasmota's devices: how they announce themselves, are told what to do, outlive a restart, and are bounded."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gateway.codecs.known import DEVICES_MAX
from gateway.codecs.native import VALUES_MAX
from gateway.codecs.port import Found, Gone, Heard, Publish, Said
from gateway.codecs.tasmota import Options
from rules.reading import Rejected
from tests.support.codec_rig import (
    NOW,
    decode,
    of,
    one,
    values,
)
from tests.support.tasmota_rig import CONFIG, ENERGY, MAC, codec, discovered, point

# What devices announce


def test_an_announced_device_is_known_by_its_mac_with_typed_points() -> None:
    known = codec()
    found = one(Found, decode(known, f"tasmota/discovery/{MAC}/config", CONFIG, retained=True))
    assert (found.native_id, found.title, found.model) == (MAC, "Boiler room meter", "Sonoff POW")
    assert [each.name for each in found.points] == ["POWER"]
    assert point(found, "POWER").settable
    sensors = {"sn": {"Time": "2024-02-24T22:20:38", "ENERGY": ENERGY}, "ver": 1}
    outputs = decode(known, f"tasmota/discovery/{MAC}/sensors", sensors, retained=True)
    assert one(Found, outputs).device_class == "energy_meter"
    assert of(Said, outputs) == []  # a sample of an unknown age is no reading
    assert one(Said, decode(known, "tele/boiler/SENSOR", {"ENERGY": ENERGY})).native_id == MAC


def test_a_renamed_topic_leaves_the_device_what_it_was() -> None:
    known = discovered()
    decode(known, f"tasmota/discovery/{MAC}/config", CONFIG | {"t": "cellar"})
    assert one(Said, decode(known, "tele/cellar/SENSOR", {"ENERGY": ENERGY})).native_id == MAC
    assert known.encode(MAC, {"POWER": True}, "CMD-1") == [Publish("cmnd/cellar/POWER", b"ON")]
    assert one(Said, decode(known, "tele/boiler/SENSOR", {"ENERGY": ENERGY})).native_id == "boiler"  # another one


def test_what_was_said_before_the_announcement_is_said_again_under_the_mac() -> None:
    known = codec()
    decode(known, "tele/boiler/LWT", "Online", retained=True)
    decode(known, "tele/boiler/SENSOR", {"Switch1": "ON"}, now=NOW - 500, retained=True)
    outputs = decode(known, f"tasmota/discovery/{MAC}/config", CONFIG, retained=True)
    assert [type(each) for each in outputs] == [Found, Gone, Heard, Said]
    assert one(Gone, outputs).native_id == "boiler"
    assert one(Heard, outputs) == Heard(MAC, True)
    assert one(Said, outputs) == Said(MAC, {"Switch1": "ON"}, NOW - 500)


def test_a_site_may_name_devices_by_topic_though_they_announce_themselves() -> None:
    known = codec(identify_by="topic")
    decode(known, "tele/boiler/LWT", "Online")
    outputs = decode(known, f"tasmota/discovery/{MAC}/config", CONFIG)
    assert (one(Found, outputs).native_id, one(Found, outputs).title) == ("boiler", "Boiler room meter")
    assert of(Gone, outputs) == []
    assert (
        one(Found, decode(known, f"tasmota/discovery/{MAC}/sensors", {"sn": {"ENERGY": ENERGY}})).native_id == "boiler"
    )


def test_an_emptied_announcement_means_gone_but_its_messages_still_find_it() -> None:
    known = discovered()
    assert decode(known, f"tasmota/discovery/{MAC}/config", "", retained=True) == [Gone(MAC)]
    assert decode(known, f"tasmota/discovery/{MAC}/sensors", "", retained=True) == []
    outputs = decode(known, "tele/boiler/SENSOR", {"Switch1": "ON"})
    assert (one(Found, outputs).native_id, one(Said, outputs).native_id) == (MAC, MAC)


def test_a_device_that_publishes_where_nobody_listens_is_said_to() -> None:
    outputs = decode(codec(), f"tasmota/discovery/{MAC}/config", CONFIG | {"ft": "tasmota/%topic%/%prefix%/"})
    assert one(Found, outputs).native_id == MAC
    assert "tasmota/boiler/tele/SENSOR" in one(Rejected, outputs).detail
    fine = codec(full_topics=("%prefix%/%topic%/", "tasmota/%topic%/%prefix%/"))
    known = decode(fine, f"tasmota/discovery/{MAC}/config", CONFIG | {"ft": "tasmota/%topic%/%prefix%/"})
    assert of(Rejected, known) == []
    assert one(Said, decode(fine, "tasmota/boiler/tele/SENSOR", {"Switch1": "ON"})).native_id == MAC


def test_states_and_wills_may_be_called_otherwise() -> None:
    known = discovered(state=["AUS", "EIN", "UM", "HALT"], ofln="weg", onln="da", swn=["Tuer", None])
    outputs = decode(known, "tele/boiler/SENSOR", {"Tuer": "EIN", "POWER": "AUS"})
    assert values(outputs) == {"Tuer": "EIN", "POWER": "AUS"}
    assert decode(known, "tele/boiler/LWT", "weg") == [Heard(MAC, False)]
    assert values(decode(known, "stat/boiler/RESULT", {"Tuer": {"Action": "AUS"}})) == {"Tuer": "AUS"}
    found = one(Found, decode(known, f"tasmota/discovery/{MAC}/config", CONFIG | {"swn": ["Tuer", None]}))
    assert point(found, "Tuer").transform.words == {"ON": True, "OFF": False}  # called as usual again


def test_a_device_that_sleeps_does_not_go_offline_with_each_sleep() -> None:
    known = discovered(dslp=1)
    assert decode(known, "tele/boiler/LWT", "Offline") == []
    assert one(Heard, decode(known, "tele/boiler/LWT", "Online")).online
    found = one(Found, decode(known, f"tasmota/discovery/{MAC}/config", CONFIG | {"dslp": 1}))
    assert found.silent_after_ms is None  # how long it sleeps is not told


def test_shutters_take_two_relays_and_are_set_by_position() -> None:
    known = codec()
    config = CONFIG | {"rl": [3, 3, 1, 2, 0]}
    found = one(Found, decode(known, f"tasmota/discovery/{MAC}/config", config))
    assert [each.name for each in found.points] == ["POWER3", "POWER4", "Shutter1.Position"]
    published = known.encode(MAC, {"Shutter1.Position": 40.0, "POWER3": "OFF"}, "CMD-1")
    assert published == [Publish("cmnd/boiler/ShutterPosition1", b"40"), Publish("cmnd/boiler/POWER3", b"OFF")]
    moved = decode(known, "stat/boiler/RESULT", {"Shutter1": {"Position": 40, "Direction": 0, "Target": 40}})
    assert values(moved)["Shutter1.Position"] == 40


@pytest.mark.parametrize(
    "wrong",
    [
        {"t": "a/#"},
        {"tp": ["cm+nd", "stat", "tele"]},
        {"mac": "000000000000"},
        {"t": ""},
        {"ft": 3},
        {"tp": ["cmnd"]},
        {"tp": None},
        {"dn": "x" * 101},
    ],
)
def test_an_announcement_that_is_not_one_is_rejected(wrong: dict[str, Any]) -> None:
    outputs = decode(codec(), f"tasmota/discovery/{MAC}/config", CONFIG | wrong)
    assert [each.reason for each in of(Rejected, outputs)] == ["wrong shape"]
    assert len(outputs) == 1


# Commands


def test_a_command_is_a_word_under_cmnd_that_is_never_retained_and_never_empty() -> None:
    known = discovered()
    published = known.encode(MAC, {"POWER": True, "Dimmer": 35.0}, "CMD-1")
    assert published == [Publish("cmnd/boiler/POWER", b"ON"), Publish("cmnd/boiler/Dimmer", b"35")]
    for value in ("", "1; Restart 1", "x" * 41, "a\nb"):
        assert isinstance(known.encode(MAC, {"POWER": value}, "CMD-1"), Rejected)


@pytest.mark.parametrize("name", ["Backlog", "SetOption19", "ENERGY.Power", "Switch1", "POWER/../x", "Restart", ""])
def test_only_what_is_meant_to_be_set_can_be_set(name: str) -> None:
    rejected = discovered().encode(MAC, {name: "1"}, "CMD-1")
    assert isinstance(rejected, Rejected)
    assert "cannot be set" in rejected.detail


def test_nothing_is_sent_to_a_device_nobody_heard_of() -> None:
    assert isinstance(codec().encode("nobody", {"POWER": True}, "CMD-1"), Rejected)


def test_the_answer_to_a_command_is_the_new_state() -> None:
    known = discovered()
    assert decode(known, "stat/boiler/RESULT", {"POWER": "ON"}) == [Said(MAC, {"POWER": "ON"})]
    assert decode(known, "stat/boiler/POWER", "ON") == [Said(MAC, {"POWER": "ON"})]


# After a restart


def test_after_a_restart_the_same_messages_say_the_same() -> None:
    first = discovered(state=["AUS", "EIN", "UM", "HALT"], dslp=1)
    found = [*of(Found, decode(first, f"tasmota/discovery/{MAC}/config", CONFIG | {"dslp": 1, "md": "X"}))]
    found += of(Found, decode(first, "tele/other/SENSOR", {"DS18B20": {"Temperature": 70}, "TempUnit": "F"}))
    second = codec()
    second.restore(found)
    for topic, payload in [
        ("tele/boiler/LWT", "Offline"),
        ("tele/boiler/LWT", "Online"),
        ("stat/boiler/RESULT", {"POWER": "ON"}),
        ("tele/boiler/SENSOR", {"ENERGY": ENERGY}),
        ("tele/other/SENSOR", {"DS18B20": {"Temperature": 71}, "TempUnit": "F"}),
        (f"tasmota/discovery/{MAC}/sensors", {"sn": {"ENERGY": ENERGY}}),
        (f"tasmota/discovery/{MAC}/config", ""),
    ]:
        assert decode(second, topic, payload) == decode(first, topic, payload), topic
    assert second.encode(MAC, {"POWER": True}, "CMD-1") == first.encode(MAC, {"POWER": True}, "CMD-1")


@pytest.mark.parametrize("memory", [b"", b"{", b"[]", b'{"address": 3}', b"\xff", b"[" * 10_000])
def test_a_memory_that_is_not_ours_is_passed_over(memory: bytes) -> None:
    known = codec()
    known.restore([Found("x", memory=memory)])
    assert one(Found, decode(known, "tele/x/LWT", "Online")).native_id == "x"


# Options


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"full_topics": ["%topic%/"]}, "must contain %prefix% once"),
        ({"full_topics": ["%prefix%/"]}, "must contain %prefix% once"),
        ({"full_topics": ["%prefix%/%topik%/%topic%"]}, "%topik% is not %prefix%"),
        ({"full_topics": ["%prefix%/+/%topic%"]}, "cannot be part of it"),
        ({"full_topics": []}, "at least 1"),
        ({"telemetry_prefix": "stat"}, "they must differ"),
        ({"telemetry_prefix": "te/le"}, "match pattern"),
        ({"telemetry_period_s": 5}, "greater than or equal to 10"),
        ({"colour": "blue"}, "Extra inputs"),
    ],
)
def test_a_wrong_option_says_what_is_wrong_with_it(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Options(**options)
    assert message in str(caught.value)


# Bounds


def test_a_bad_number_beside_an_alarm_is_left_out_and_the_alarm_is_taken() -> None:
    outputs = decode(codec(), "tele/x/SENSOR", {"Switch1": "ON", "A": {"B": 10**400}})
    assert values(outputs) == {"Switch1": "ON"}
    assert "A.B" in one(Rejected, outputs).detail


@pytest.mark.parametrize("topic", [b"tele/x", b"cmnd/x/POWER", b"foo", b"", b"\xff/x/SENSOR", b"tele/" + b"x" * 2_000])
def test_an_unknown_topic_is_rejected_with_what_was_expected(topic: bytes) -> None:
    rejected = one(Rejected, codec().decode(topic, b"{}", NOW))
    assert rejected.reason in ("unknown topic", "topic is not utf-8")


def test_invented_devices_and_points_do_not_grow_memory_without_bound() -> None:
    known = codec()
    for number in range(DEVICES_MAX + 50):
        decode(known, f"tele/x{number}/LWT", "Online")
    assert len(known._devices) == DEVICES_MAX
    for number in range(VALUES_MAX * 2):
        found = of(Found, decode(known, "tele/x/SENSOR", {f"Sensor{number}": {"Temperature": 1}}))
        assert all(len(each.points) <= VALUES_MAX for each in found)
    assert len(known._devices._devices.get("x").points) == VALUES_MAX  # type: ignore[union-attr]


def test_the_device_not_heard_of_for_longest_is_the_one_that_is_forgotten() -> None:
    known = discovered()
    for number in range(DEVICES_MAX - 1):
        decode(known, f"tele/x{number}/LWT", "Online")
    decode(known, "tele/boiler/LWT", "Online")  # heard of again
    decode(known, "tele/new/LWT", "Online")
    assert one(Said, decode(known, "tele/boiler/SENSOR", {"Switch1": "ON"})).native_id == MAC
    assert one(Found, decode(known, "tele/x0/LWT", "Online")).native_id == "x0"  # was forgotten
